//! The review workbook: last year's list in, this year's roster out, in the layout that offices exchange.
//!
//! Three sheets at fixed places: the poor and near-poor, those who escaped poverty, those who escaped near-poverty; one row
//! per member, household data on the head's row. Behind them stand sheets made for people: households without a class, and
//! totals where several communes are together. [`read`] streams a file into households and a report in which every row
//! that is not in the data is found; it is pure, so a dry run is the same call. [`write_roster`] writes what `read` reads
//! back to the same values. Files come from outside: [`crate::documents::child`] reads them in a process of their own.

mod assemble;
mod cells;
mod container;
mod dates;
mod frame;
mod household;
mod layout;
pub mod limits;
mod person;
mod plain;
mod read;
mod refusal;
mod report;
pub mod sample;
#[cfg(test)]
mod tests;
mod totals;
mod unassessed;
mod write;

pub use household::{Flags, Heading, Listing, Member, Place, RosterBook, UnassessedListing};
pub use layout::Sheet;
pub use plain::{write_csv, write_json};
pub use read::{Found, Item, Options, read};
pub use refusal::Refusal;
pub use report::{Done, ReportLine, Severity, Summary, render_csv, render_text};
pub use totals::{CommuneTotals, CompiledTotals, ListTotals, write_compiled};
pub use unassessed::write_unassessed_csv;
pub use write::{WriteError, write_roster};
