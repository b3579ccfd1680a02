//! Examples: households in, results out. They run whenever their standard is loaded.

use serde::{Deserialize, Serialize};

use super::Standard;
use super::fault::{Faults, Reason};
use super::load::folder;
use super::read::Reading;
use crate::date::PartialDate;
use crate::form::Label;
use crate::household::Household;
use crate::rules::{AreaType, B1Mode, Class, ClassSet, Place, Region, Training, Verdict, classify};
use crate::value::Key;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExampleEntry {
    vi: String,
    en: String,
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
    let as_of = example.as_of.earliest();
    let assessment = classify(standard, &standard.facts(household), &place, as_of, &example.mode());
    let mut compare = |what: &str, expected: String, found: String| {
        if expected != found {
            let example = Label { vi: example.vi.clone(), en: example.en.clone() };
            let what = what.to_owned();
            reading.fault(name, "expect", Reason::ExampleDiffers { example, what, expected, found });
        }
    };
    let expected: ClassSet = expect.classes.iter().copied().collect();
    compare("classes", as_filed(&expected), as_filed(&assessment.possible_classes()));
    for (indicator, finding) in standard.indicators.iter().zip(assessment.findings()) {
        let expected = expect.verdict(&indicator.key);
        compare(indicator.key.as_str(), as_filed(&expected), as_filed(&finding.verdict));
    }
    let known = |key: &Key| standard.indicators.iter().any(|indicator| indicator.key == *key);
    for stranger in expect.indicators().filter(|key| !known(key)) {
        reading.fault(name, "expect", Reason::UnknownIndicator(stranger.to_string()));
    }
}

/// A result in the words that examples are written in.
fn as_filed(result: &impl Serialize) -> String {
    // Names and lists of names always have a JSON form.
    serde_json::to_string(result).unwrap_or_default()
}

impl ExampleEntry {
    fn mode(&self) -> B1Mode {
        match self.b1 {
            B1Entry::Paper => B1Mode::Paper,
            B1Entry::MeasuredIncome => B1Mode::Training(Training::MeasuredIncome),
        }
    }
}

impl ExpectEntry {
    fn indicators(&self) -> impl Iterator<Item = &Key> {
        self.deprived.iter().chain(&self.undetermined).chain(&self.unknown_threshold)
    }

    fn verdict(&self, key: &Key) -> Verdict {
        match () {
            () if self.deprived.contains(key) => Verdict::Deprived,
            () if self.undetermined.contains(key) => Verdict::Undetermined,
            () if self.unknown_threshold.contains(key) => Verdict::UnknownThreshold,
            () => Verdict::NotDeprived,
        }
    }
}
