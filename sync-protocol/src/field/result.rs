//! What a household comes to, for whoever has filled in its form: nothing before the form is complete, because a class
//! that is shown too early guides the answers.
//!
//! Owns when the result may be seen, and that it was. What it is, is the rules' to say.

use schemas::ids::HouseholdId;
use schemas::rules::{ClassSet, MissingReport, Report};
use schemas::standards::Standards;
use serde::Serialize;

use super::FieldFault;
use super::report::scored;
use super::survey::Surveys;
use crate::device::{Device, Record, View};

/// What a form comes to, or what is missing in it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ResultView {
    /// Nobody is told a class yet.
    Incomplete {
        /// What still has to be asked or found out.
        missing: Vec<MissingReport>,
    },
    /// Every answer that the class rests on is there.
    Complete {
        /// One for each way in which the household may be looked at.
        reports: Vec<Report>,
        /// Every class that settling what is disagreed on can give; absent when there are too many ways to look at it.
        classes: Option<ClassSet>,
    },
    /// The standard that asks this form is not here.
    Unknown,
}

impl Device {
    /// What a household comes to, with own work. The records have to be on disk before a class is shown: what is
    /// changed after that says so.
    pub fn result(
        &mut self,
        household: HouseholdId,
        standards: &Standards,
        surveys: &Surveys,
    ) -> Result<(Vec<Record>, ResultView), FieldFault> {
        let missing = || FieldFault::NoHousehold(household);
        let history = self.history(&household, View::Mine).ok_or_else(missing)?;
        let scope = self.document_scope(&household).ok_or_else(missing)?;
        let (reports, classes) = scored(&history, standards, surveys.terms(&scope).scoring);
        match reports.first() {
            None => Ok((Vec::new(), ResultView::Unknown)),
            Some(first) if !first.missing.is_empty() => {
                Ok((Vec::new(), ResultView::Incomplete { missing: first.missing.clone() }))
            }
            Some(_) => Ok((self.see_result(household), ResultView::Complete { reports, classes })),
        }
    }
}
