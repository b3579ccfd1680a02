//! A household to start from: two adults in their forties who lack nothing, with every answer given.

use jiff::civil::{Date, date};
use schemas::household::{Answers, Household};
use schemas::ids::{HouseholdId, MemberId};
use schemas::rules::{AreaType, Assessment, B1Mode, ClassSet, Place, Region, Subject, Training, Verdict, classify};
use schemas::standard::{Standard, shipped};
use schemas::value::Value;

pub(crate) const AS_OF: Date = date(2026, 10, 1);

pub(crate) const RURAL: Place = Place { area: AreaType::Rural, region: Region::NorthernMidlandMountain };
pub(crate) const URBAN: Place = Place { area: AreaType::Urban, region: Region::NorthernMidlandMountain };

pub(crate) fn vn_2022() -> Standard {
    shipped::load("vn-2022-2025").unwrap()
}

pub(crate) fn income() -> B1Mode {
    B1Mode::Training(Training::MeasuredIncome)
}

#[derive(Clone, Debug)]
pub(crate) struct Home(pub(crate) Household);

pub(crate) fn set(answers: &mut Answers, key: &str, value: impl Into<Value>) {
    answers.insert(key.parse().unwrap(), value.into());
}

impl Home {
    pub(crate) fn new() -> Self {
        let mut home = Self(Household::empty(HouseholdId([1; 16]))).with("b1_points", 120);
        for part in ["wall", "pillar", "roof"] {
            home = home.with(part, "durable");
        }
        for device in ["tv", "radio", "desktop", "telephone", "laptop", "tablet"] {
            home = home.with(device, false);
        }
        home.with("smartphone", true)
            .with("floor_area", 1_000)
            .with("water_source", "tap")
            .with("latrine", "septic")
            .with("internet", true)
            .member("1984-01-15", &[("relation", "head".into()), ("full_name", "Lan".into())])
            .member("1983-05-20", &[("relation", "spouse".into()), ("full_name", "Minh".into())])
    }

    pub(crate) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        set(&mut self.0.answers, key, value);
        self
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.0.answers.remove(key).unwrap();
        self
    }

    /// Adds a member born on a day, with the answers of somebody who lacks nothing at any age, and these on top.
    pub(crate) fn member(mut self, born: &str, more: &[(&str, Value)]) -> Self {
        let number = self.0.members.len() as u8 + 1;
        let answers = self.0.members.entry(MemberId([number; 10])).or_default();
        let usual: [(&str, Value); 16] = [
            ("full_name", format!("Người {number}").as_str().into()),
            ("relation", "child".into()),
            ("sex", "female".into()),
            ("ethnicity", "02".into()),
            ("born", born.into()),
            ("status", "present".into()),
            ("residence", "permanent".into()),
            ("school", "none".into()),
            ("education", "upper_secondary".into()),
            ("training", false.into()),
            ("employment", "own_work".into()),
            ("health_insurance", true.into()),
            ("nutrition", "normal".into()),
            ("disability", false.into()),
            ("monthly_assistance", false.into()),
            ("meritorious", false.into()),
        ];
        for (key, value) in usual.iter().chain(more) {
            set(answers, key, value.clone());
        }
        self
    }

    /// Changes an answer of the member of this number, counted from one.
    pub(crate) fn of_member(mut self, number: u8, key: &str, value: impl Into<Value>) -> Self {
        set(self.0.members.get_mut(&MemberId([number; 10])).unwrap(), key, value);
        self
    }

    pub(crate) fn of_member_without(mut self, number: u8, key: &str) -> Self {
        self.0.members.get_mut(&MemberId([number; 10])).unwrap().remove(key).unwrap();
        self
    }

    pub(crate) fn assess(&self, standard: &Standard, place: &Place, mode: &B1Mode) -> Assessment {
        classify(standard, &standard.facts(&self.0), place, AS_OF, mode)
    }

    pub(crate) fn classes(&self, standard: &Standard) -> ClassSet {
        self.assess(standard, &RURAL, &B1Mode::Paper).possible_classes()
    }

    pub(crate) fn verdict(&self, standard: &Standard, indicator: &str) -> Verdict {
        let at = standard.indicators().iter().position(|one| one.key.as_str() == indicator).unwrap();
        self.assess(standard, &RURAL, &B1Mode::Paper).findings()[at].verdict
    }

    /// Keys of what is missing, with the number of the member, counted from one; 0 for the household.
    pub(crate) fn missing(&self, standard: &Standard) -> Vec<(u32, String)> {
        let assessment = self.assess(standard, &RURAL, &B1Mode::Paper);
        let entries = assessment.missing().iter().map(|missing| match missing.place() {
            None => (0, "members".to_owned()),
            Some((subject, slot)) => {
                let number = match subject {
                    Subject::Member(at) => at + 1,
                    Subject::Household | Subject::Visit(_) => 0,
                };
                (number, standard.question(subject, slot).unwrap().key.to_string())
            }
        });
        entries.collect()
    }
}
