//! Standards: a folder of TOML and CSV that says what is asked, who is deprived, and which class follows.
//!
//! Owns loading and checking. A standard whose own examples come out differently does not load, and everything that is
//! wrong is said at once. The files are handed in by the caller; the three shipped ones are embedded.
//!
//! ```
//! use schemas::household::Household;
//! use schemas::ids::HouseholdId;
//! use schemas::rules::{AreaType, B1Mode, ClassSet, Place, Region, classify};
//! use schemas::standard::shipped;
//!
//! let standard = shipped::load("vn-2022-2025")?;
//! let household = Household::empty(HouseholdId([7; 16]));
//! let facts = standard.facts(&household);
//! let place = Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain };
//! let as_of = jiff::civil::date(2026, 10, 1);
//! let assessment = classify(&standard, &facts, &place, as_of, &B1Mode::Paper);
//! // Nothing is known, so nothing is claimed.
//! assert_eq!(assessment.possible_classes(), ClassSet::ALL);
//! # Ok::<(), schemas::standard::Faults>(())
//! ```

mod bind;
mod criteria;
mod example;
mod fault;
mod form_file;
mod hash;
mod header;
mod load;
mod overlay;
mod points_file;
pub mod procedure;
mod read;
pub mod shipped;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::form::{Citation, Form, Label, Question, Scope, Section};
use crate::fraction::Fraction;
use crate::household::Household;
use crate::ids::StandardId;
use crate::rules::{self, AgeBand, ByArea, Facts, PointsTable, Rules, Slot, Subject, Truth};
use crate::value::Key;

pub use fault::{Fault, Faults, Reason};
pub use hash::StandardHash;
pub use overlay::Overlay;
pub use points_file::PointsFiles;
pub use procedure::Procedure;

/// Whether a standard may decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// In force, and everything it needs is known or comes from an office's file.
    InForce,
    /// In force sooner or later; parts are not known yet.
    PartlyKnown,
    /// For comparison and tests.
    SampleOnly,
}

impl Status {
    /// Whether a real round may decide by a standard of this status.
    pub fn may_decide(self) -> bool {
        match self {
            Self::InForce => true,
            Self::PartlyKnown | Self::SampleOnly => false,
        }
    }
}

/// One indicator as people read it.
#[derive(Clone, Debug)]
pub struct Indicator {
    /// Its key in results.
    pub key: Key,
    /// Its name.
    pub label: Label,
    /// The service, or dimension, that it belongs to.
    pub service: Label,
    /// When a household is deprived, in words.
    pub threshold: Label,
    /// What a deprivation adds to the score.
    pub weight: Fraction,
    /// Where it comes from.
    pub citation: Citation,
    /// Questions that the condition looks at.
    pub(crate) questions: Vec<(Scope, Slot)>,
}

/// What a standard says about income.
#[derive(Clone, Debug)]
pub struct Income {
    /// Lines in đồng per person and month.
    pub line: ByArea,
    /// B1 points that are equal to the line.
    pub cut_off: ByArea,
    /// Where this comes from.
    pub citation: Citation,
    /// Above the line up to this, in đồng, living standards are average: another procedure.
    pub average_up_to: ByArea,
}

/// Something that the lists say of a household and that follows from its answers.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Its key.
    pub key: Key,
    /// What people see.
    pub label: Label,
    /// Where it comes from.
    pub citation: Citation,
}

/// Where one rule of a standard comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The entry, as faults would name it.
    pub entry: String,
    /// Its source, and how sure we are of it.
    pub citation: Citation,
}

/// A standard, checked and ready.
#[derive(Clone, Debug)]
pub struct Standard {
    id: StandardId,
    label: Label,
    status: Status,
    legal: Vec<Citation>,
    valid: (Date, Date),
    form: Form,
    indicators: Vec<Indicator>,
    unit: Fraction,
    income: Option<Income>,
    flags: Vec<Flag>,
    sources: Vec<Source>,
    procedures: Vec<Procedure>,
    points: Vec<PointsTable>,
    age_bands: BTreeMap<Key, AgeBand>,
    sections: Vec<(Section, Scope, Citation)>,
    hash: StandardHash,
    overlay: Option<Overlay>,
    rules: Rules,
}

impl Standard {
    /// Loads a standard from its files, given as (name inside the folder, text), and runs its examples.
    ///
    /// `known` are standards that this one may build on.
    pub fn load(files: &[(&str, &str)], known: &[&Standard]) -> Result<Self, Faults> {
        load::load(files, known)
    }

    /// Its id.
    pub fn id(&self) -> &StandardId {
        &self.id
    }

    /// What it is called.
    pub fn label(&self) -> &Label {
        &self.label
    }

    /// Whether it may decide.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The instruments that it rests on.
    pub fn legal(&self) -> &[Citation] {
        &self.legal
    }

    /// First and last day on which it applies.
    pub fn valid(&self) -> (Date, Date) {
        self.valid
    }

    /// The day that ages refer to where nobody names one: the first day of the newest yearly review that has begun by a
    /// day, or that day itself where the standard knows of none; always a day on which the standard applies.
    pub fn review_day(&self, by: Date) -> Date {
        let (first, last) = self.valid;
        let by = by.clamp(first, last);
        let window = self.procedures.iter().find_map(|procedure| procedure.window);
        let begins = |year| window.and_then(|window| Date::new(year, window.from.month, window.from.day).ok());
        let begun = |year| begins(year).filter(|day| (first..=by).contains(day));
        begun(by.year()).or_else(|| begun(by.year() - 1)).unwrap_or(by)
    }

    /// Its form.
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Its indicators, in the order of findings.
    pub fn indicators(&self) -> &[Indicator] {
        &self.indicators
    }

    /// Its lines and cut-offs; `None` when it does not look at income.
    pub fn income(&self) -> Option<&Income> {
        self.income.as_ref()
    }

    /// Where every rule comes from: what an office still has to confirm stands here as ours, recalled or unknown.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The procedures and their clocks.
    pub fn procedures(&self) -> &[Procedure] {
        &self.procedures
    }

    /// Points tables that came with it.
    pub fn points_tables(&self) -> &[PointsTable] {
        &self.points
    }

    /// SHA-256 over its files, the overlay not included.
    pub fn hash(&self) -> StandardHash {
        self.hash
    }

    /// The province's higher standard laid over it, if any.
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlay.as_ref()
    }

    /// A deprivation score in points: 30 for three deprived indicators, or a fraction of one.
    pub fn points(&self, units: u32) -> Fraction {
        let numerator = u64::from(units) * self.unit.numerator();
        // The denominator of a fraction is never zero.
        Fraction::new(numerator, self.unit.denominator()).unwrap_or(Fraction::ZERO)
    }

    /// The answers of a household as this standard reads them; wrong types and unknown codes read as missing.
    pub fn facts(&self, household: &Household) -> Facts {
        Facts::read(household, &self.form, &self.rules.layout)
    }

    /// The question in a slot of a result.
    pub fn question(&self, subject: Subject, slot: Slot) -> Option<&Question> {
        let place = self.rules.layout.places(subject.scope()).get(usize::from(slot.0))?;
        self.form.questions().get(*place)
    }

    /// The slot of a question, for [`crate::rules::relevance`].
    pub fn slot(&self, scope: Scope, key: &Key) -> Option<Slot> {
        self.rules.layout.slot(&self.form, scope, key)
    }

    /// What the lists say of a household besides its class.
    pub fn flags(&self, facts: &Facts, as_of: Date) -> Vec<(&Flag, Truth)> {
        self.flags.iter().zip(rules::flags(&self.rules, facts, as_of)).collect()
    }

    /// Reads a points table for this standard: the numbers as CSV, and the TOML that says when each row applies.
    pub fn load_points(&self, table: (&str, &str), mapping: (&str, &str)) -> Result<PointsTable, Faults> {
        points_file::load(self, table, mapping)
    }

    /// Lays a province's higher standard over this one: a small TOML with higher lines or cut-offs.
    pub fn with_overlay(&self, file: (&str, &str)) -> Result<Self, Faults> {
        overlay::apply(self, file)
    }

    /// The weights of the indicators in units.
    pub(crate) fn units(&self) -> impl Iterator<Item = u64> {
        self.rules.indicators.iter().map(|indicator| indicator.units.into())
    }

    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }
}
