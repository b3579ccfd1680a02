//! A province's higher standard, laid over the national one.

use serde::Deserialize;

use super::fault::{Faults, Reason};
use super::read::Reading;
use super::{Standard, StandardHash};
use crate::form::{Citation, Label};
use crate::ids::StandardId;
use crate::rules::ByArea;

/// Which overlay lies over a standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// Its id.
    pub id: StandardId,
    /// What it is called.
    pub label: Label,
    /// The province's instrument.
    pub citation: Citation,
    /// SHA-256 over its file.
    pub hash: StandardHash,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AboutEntry {
    id: StandardId,
    over: StandardId,
    vi: String,
    en: String,
    source: Citation,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AreaEntry {
    rural: Option<i64>,
    urban: Option<i64>,
}

pub(super) fn apply(standard: &Standard, (name, text): (&str, &str)) -> Result<Standard, Faults> {
    let mut reading = Reading::default();
    let mut file = reading.open(name, text);
    let about: Option<AboutEntry> = file.take("overlay");
    let line: AreaEntry = file.take_optional("line").unwrap_or_default();
    let cut_off: AreaEntry = file.take_optional("cut_off").unwrap_or_default();
    file.close();
    if let Some(about) = about.as_ref().filter(|about| about.over != standard.id) {
        reading.fault(name, "overlay", Reason::UnknownBase(about.over.to_string()));
    }
    let mut raised = standard.clone();
    match (&mut raised.income, &mut raised.rules.income) {
        (Some(income), Some(rule)) => {
            income.line = raise(&mut reading, (name, "line"), income.line, &line);
            income.cut_off = raise(&mut reading, (name, "cut_off"), income.cut_off, &cut_off);
            (rule.line, rule.cut_off) = (income.line, income.cut_off);
        }
        _ => reading.fault(name, "overlay", Reason::IncomeNotDefined),
    }
    reading.finish()?;
    // Reading without a fault found the entry `overlay`.
    let about = about.ok_or_else(|| Faults(Vec::new()))?;
    let label = Label { vi: about.vi, en: about.en };
    let hash = StandardHash::of(&[(name, text)]);
    raised.overlay = Some(Overlay { id: about.id, label, citation: about.source, hash });
    Ok(raised)
}

fn raise(reading: &mut Reading, (file, entry): (&str, &str), national: ByArea, higher: &AreaEntry) -> ByArea {
    let mut area = |national: Option<i64>, higher: Option<i64>| {
        if let (Some(national), Some(found)) = (national, higher)
            && found < national
        {
            reading.fault(file, entry, Reason::LowerThanNational { national, found });
        }
        higher.or(national)
    };
    ByArea { rural: area(national.rural, higher.rural), urban: area(national.urban, higher.urban) }
}
