//! `procedure.toml`: the steps of each procedure and their clocks, as data.
//!
//! Owns the types. Which day a clock ends is worked out where the calendar of working days is known.

use serde::{Deserialize, Serialize};

use super::fault::Reason;
use super::read::Reading;
use crate::form::Citation;
use crate::value::Key;

/// The name of the file.
pub(super) const FILE: &str = "procedure.toml";

/// One procedure of the public service catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Its key: `periodic`, `in_year_poor_near_poor`, ….
    pub key: Key,
    /// Its code in the catalogue: `1.011606`.
    pub code: String,
    /// Vietnamese name.
    pub vi: String,
    /// English name.
    pub en: String,
    /// The part of the year in which it runs, both days included; the whole year when absent.
    pub window: Option<Window>,
    /// The day of each month from which a case may start; any day when absent.
    pub from_day_of_month: Option<u8>,
    /// The limit for the whole procedure; none when absent.
    pub total: Option<Limit>,
    /// Its steps in order.
    #[serde(rename = "step", default)]
    pub steps: Vec<Step>,
    /// Forms that are filled in on the way, as people call them.
    #[serde(default)]
    pub forms: Vec<String>,
    /// Where this comes from.
    pub source: Citation,
}

/// A part of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// First day.
    pub from: DayOfYear,
    /// Last day.
    pub to: DayOfYear,
}

/// A day of any year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayOfYear {
    /// 1 to 12.
    pub month: i8,
    /// 1 to 31.
    pub day: i8,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The state that the step leads to.
    pub state: Key,
    /// What people see.
    pub vi: String,
    /// The same in English.
    pub en: String,
    /// Who acts.
    pub actor_vi: String,
    /// The paper form, as people call it; none when absent.
    pub form: Option<String>,
    /// Whether a case may go on without it.
    #[serde(default)]
    pub optional: bool,
    /// Its clock; none when absent.
    pub limit: Option<Limit>,
    /// The smallest share of those present who must agree; no vote when absent.
    pub agreement_at_least: Option<crate::fraction::Fraction>,
}

/// A clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// How many days.
    pub days: u16,
    /// Which days count.
    pub unit: DayUnit,
    /// Whether the time has to pass, or must not run out.
    pub kind: LimitKind,
    /// What starts the clock.
    pub from: ClockStart,
}

/// Which days count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DayUnit {
    /// Days on which offices work, by a calendar file.
    WorkingDay,
    /// Every day.
    Day,
}

/// What a clock means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// So long it lasts; ending it earlier is a fault.
    Lasts,
    /// At most so long; later is recorded and warned of, never blocked.
    AtMost,
}

/// What starts a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockStart {
    /// The step itself begins.
    Step,
    /// A complaint is received.
    ComplaintReceived,
    /// A report is received.
    ReportReceived,
    /// The review of the case begins.
    ReviewStarted,
}

/// Reads the file.
pub(super) fn read(reading: &mut Reading, text: &str) -> Vec<Procedure> {
    let mut file = reading.open(FILE, text);
    let procedures: Vec<(String, Procedure)> = file.take_list("procedure");
    file.close();
    for (entry, procedure) in &procedures {
        let days = procedure.window.iter().flat_map(|window| [window.from, window.to]);
        let impossible = |day: DayOfYear| !(1..=12).contains(&day.month) || !(1..=31).contains(&day.day);
        if days.into_iter().any(impossible) || procedure.from_day_of_month.is_some_and(|day| !(1..=28).contains(&day)) {
            reading.fault(FILE, &**entry, Reason::Malformed("no such day".into()));
        }
    }
    procedures.into_iter().map(|(_, procedure)| procedure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::shipped;

    #[test]
    fn the_clocks_of_the_periodic_review_are_those_of_the_law() {
        let standard = shipped::load("vn-2022-2025").unwrap();
        let periodic = standard.procedures().iter().find(|procedure| procedure.code == "1.011606").unwrap();
        let limit = |state: &str| {
            let step = periodic.steps.iter().find(|step| step.state.as_str() == state).unwrap();
            step.limit.as_ref().map(|limit| (limit.days, limit.unit, limit.kind, limit.from))
        };
        let working = DayUnit::WorkingDay;
        assert_eq!(limit("posted"), Some((3, working, LimitKind::Lasts, ClockStart::Step)));
        assert_eq!(limit("re_verified"), Some((7, working, LimitKind::AtMost, ClockStart::ComplaintReceived)));
        assert_eq!(limit("awaiting_province"), Some((5, working, LimitKind::AtMost, ClockStart::ReportReceived)));
        assert_eq!(limit("recognised"), None);
        assert_eq!(periodic.window.map(|window| (window.to.month, window.to.day)), Some((12, 14)));
    }
}
