//! What a person at a device sees and says: where each household stands, one of them whole, and values that become changes.
//!
//! Owns the views that screens and scripts draw, the JSON in which people's values come, and the names of what is wrong
//! with them; the phone without a screen and the field app are built on the same. State and rules are
//! [`crate::device`]'s.

mod asked;
mod check;
mod fault;
mod listing;
mod plan;
mod report;
mod result;
pub mod said;
mod sections;
mod settle;
mod sheet;
mod survey;

pub use asked::{About, AskedView, LastYear, Outline, Relevance, SectionOutline};
pub use check::Wrong;
pub use fault::{FieldFault, commit};
pub use listing::{Listed, Listing};
pub use plan::{PlanLine, PlanView, Wanted};
pub use report::{
    BlobLine, DisagreementView, FiledHousehold, HouseholdView, Line, Reason, RoundPoints, Scoring, SeenView, SideView,
    scored,
};
pub use result::ResultView;
pub use sections::{Committed, ItemFault, OfHousehold, Saved, Written, by_household};
pub use settle::Choice;
pub use survey::{Survey, Surveys};
