//! The form that tests and golden vectors are filled in on: a question of each kind.

use std::sync::Arc;

use schemas::form::{Choice, Citation, Confidence, Form, FormVersion, Kind, Label, Question, Scope, Section};

fn question(scope: Scope, section: &str, key: &str, kind: Kind, roster: bool) -> Question {
    Question {
        key: key.parse().unwrap(),
        scope,
        section: section.parse().unwrap(),
        kind,
        label: label(key),
        roster,
        carried: false,
        relevant: None,
        audio: std::collections::BTreeMap::new(),
        citation: Citation { article: "thử nghiệm".into(), confidence: Confidence::Ours },
    }
}

fn label(text: &str) -> Label {
    Label { vi: text.into(), en: text.into() }
}

fn choices(codes: &[&str]) -> Kind {
    Kind::Choice { choices: codes.iter().map(|code| Choice { code: (*code).into(), label: label(code) }).collect() }
}

pub(crate) fn form() -> Arc<Form> {
    let number = Kind::Number { min: 0, max: 1000, decimals: 0, unit: String::new() };
    let text = Kind::Text { max_length: 200 };
    let section = |key: &str| Section { key: key.parse().unwrap(), label: label(key), requested: false };
    let questions = vec![
        question(Scope::Household, "identity", "address", text.clone(), false),
        question(Scope::Household, "housing", "house_wall", choices(&["brick", "earth"]), false),
        question(Scope::Household, "housing", "house_roof", choices(&["tile", "leaf"]), false),
        question(Scope::Household, "housing", "floor_area", number.clone(), false),
        question(Scope::Household, "services", "water_source", choices(&["tap", "stream"]), false),
        question(Scope::Household, "assets", "has_tv", Kind::Bool, false),
        question(Scope::Household, "location", "gps", Kind::Point, false),
        question(Scope::Member, "member", "full_name", text, true),
        question(Scope::Member, "member", "status", choices(&["present", "left", "died", "mistake"]), true),
        question(Scope::Member, "member", "in_school", Kind::Bool, false),
        question(Scope::Member, "member", "born", Kind::Date, false),
        question(Scope::Member, "member", "citizen_id", Kind::CitizenId, false),
        question(Scope::Visit, "visit", "outcome", choices(&["met", "absent"]), false),
    ];
    let sections = ["identity", "housing", "services", "assets", "location"].map(section).to_vec();
    Arc::new(Form::new(FormVersion("test/1".into()), sections, questions).unwrap())
}
