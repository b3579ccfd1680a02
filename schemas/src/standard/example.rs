//! Examples: households in, results out. They run whenever their standard is loaded.

use serde::Deserialize;

use super::Standard;
use super::fault::{Faults, Reason};
use super::load::folder;
use super::read::Reading;
use crate::date::PartialDate;
use crate::household::Household;
use crate::rules::{AreaType, B1Mode, Class, ClassSet, Place, Region, Training, Verdict, classify};
use crate::value::Key;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleEntry {
    #[serde(rename = "vi")]
    _vi: String,
    #[serde(rename = "en")]
    _en: String,
    as_of: PartialDate,
    area: AreaType,
    region: Region,
    b1: B1Entry,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum B1Entry {
    Paper,
    MeasuredIncome,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectEntry {
    classes: Vec<Class>,
    deprived: Vec<Key>,
    #[serde(default)]
    undetermined: Vec<Key>,
    #[serde(default)]
    unknown_threshold: Vec<Key>,
}

/// Runs every example; what comes out differently is a fault of the standard.
pub(super) fn run_all(standard: &Standard, files: &[(&str, &str)]) -> Result<(), Faults> {
    let mut reading = Reading::default();
    for (name, text) in folder(files, "examples/", ".toml") {
        let mut file = reading.open(name, text);
        let example: Option<ExampleEntry> = file.take("example");
        let household: Option<Household> = file.take("household");
        let expect: Option<ExpectEntry> = file.take("expect");
        file.close();
        if let (Some(example), Some(household), Some(expect)) = (example, household, expect) {
            run(&mut reading, standard, name, (&example, &household, &expect));
        }
    }
    reading.finish()
}

fn run(
    reading: &mut Reading,
    standard: &Standard,
    name: &str,
    (example, household, expect): (&ExampleEntry, &Household, &ExpectEntry),
) {
    let place = Place { area: example.area, region: example.region };
    let mode = match example.b1 {
        B1Entry::Paper => B1Mode::Paper,
        B1Entry::MeasuredIncome => B1Mode::Training(Training::MeasuredIncome),
    };
    let assessment = classify(standard, &standard.facts(household), &place, example.as_of.earliest(), &mode);
    let expected: ClassSet = expect.classes.iter().copied().collect();
    if assessment.possible_classes() != expected {
        let names = |classes: ClassSet| format!("{:?}", classes.iter().collect::<Vec<_>>());
        let (expected, found) = (names(expected), names(assessment.possible_classes()));
        reading.fault(name, "expect", Reason::ExampleDiffers { what: "classes".into(), expected, found });
    }
    for known in expect.deprived.iter().chain(&expect.undetermined).chain(&expect.unknown_threshold) {
        if standard.indicators.iter().all(|indicator| indicator.key != *known) {
            reading.fault(name, "expect", Reason::UnknownIndicator(known.to_string()));
        }
    }
    for (indicator, finding) in standard.indicators.iter().zip(assessment.findings()) {
        let expected = expect.verdict(&indicator.key);
        if finding.verdict != expected {
            let (expected, found) = (format!("{expected:?}"), format!("{:?}", finding.verdict));
            reading.fault(name, "expect", Reason::ExampleDiffers { what: indicator.key.to_string(), expected, found });
        }
    }
}

impl ExpectEntry {
    fn verdict(&self, key: &Key) -> Verdict {
        match () {
            () if self.deprived.contains(key) => Verdict::Deprived,
            () if self.undetermined.contains(key) => Verdict::Undetermined,
            () if self.unknown_threshold.contains(key) => Verdict::UnknownThreshold,
            () => Verdict::NotDeprived,
        }
    }
}
