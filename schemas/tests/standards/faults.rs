//! Standards that must not load, and what is said about them.

use schemas::form::Scope;
use schemas::rules::BindFault;
use schemas::standard::{Fault, Reason, Standard, shipped};

/// The files of a shipped standard, as its loader would read them from a folder.
fn files(id: &str) -> Vec<(String, String)> {
    let (_, files) = shipped::FOLDERS.iter().find(|(known, _)| *known == id).unwrap();
    files.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect()
}

fn load(files: &[(String, String)]) -> Result<Standard, Vec<Fault>> {
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    Standard::load(&files, &[]).map_err(|faults| faults.0)
}

/// The files with a text in one of them replaced.
fn changed(file: &str, from: &str, to: &str) -> Vec<(String, String)> {
    let mut files = files("vn-2022-2025");
    let (_, text) = files.iter_mut().find(|(name, _)| name == file).unwrap();
    assert!(text.contains(from), "{file} does not contain {from:?}");
    *text = text.replacen(from, to, 1);
    files
}

/// What is wrong after one text is replaced.
fn faults(file: &str, from: &str, to: &str) -> Vec<Fault> {
    load(&changed(file, from, to)).unwrap_err()
}

/// The one thing that is wrong after a text is replaced, which must be wrong in this file and entry.
fn fault(file: &str, entry: &str, from: &str, to: &str) -> Reason {
    let faults = faults(file, from, to);
    let [fault] = &faults[..] else { panic!("one fault expected: {faults:?}") };
    assert_eq!((&*fault.file, &*fault.entry), (file, entry));
    fault.reason.clone()
}

#[test]
fn a_missing_or_stray_file_is_named() {
    let mut some = files("global-mpi");
    some.retain(|(name, _)| name != "indicators.toml");
    some.push(("forms/notes.txt".into(), String::new()));
    let faults = load(&some).unwrap_err();
    assert_eq!(faults[0].file, "forms/notes.txt");
    assert_eq!(faults[0].reason, Reason::UnexpectedFile);
    assert!(faults.iter().any(|fault| fault.file == "indicators.toml" && fault.reason == Reason::MissingFile));
}

#[test]
fn unknown_keys_are_faults_everywhere() {
    for (file, entry, from, to) in [
        ("standard.toml", "standard", "form_version = 1", "form_version = 1\nforms = 2"),
        ("standard.toml", "age_band under_16", "below = 16", "below = 16\nabove = 3"),
        (
            "indicators.toml",
            "indicator water",
            "weight = \"10\"\ndeprived_when = { not = { one_of = { question = \"water",
            "wight = \"10\"\nweight = \"10\"\ndeprived_when = { not = { one_of = { question = \"water",
        ),
        ("forms/household.toml", "question latrine", "key = \"latrine\"", "key = \"latrine\"\ncaried = true"),
        ("procedure.toml", "procedure periodic", "code = \"1.011606\"", "code = \"1.011606\"\nfee = 0"),
    ] {
        let reason = fault(file, entry, from, to);
        assert!(matches!(&reason, Reason::Malformed(detail) if detail.contains("unknown field")), "{reason:?}");
    }
    assert_eq!(fault("standard.toml", "extra", "otherwise =", "extra = 1\notherwise ="), Reason::UnknownEntry);
}

#[test]
fn a_condition_with_an_unknown_operator_or_field_is_refused() {
    for to in ["{ regex = \"x\" }", "{ is = { question = \"internet\", value = false, also = 1 } }"] {
        let reason =
            fault("indicators.toml", "indicator telecom", "{ is = { question = \"internet\", value = false } }", to);
        assert!(matches!(&reason, Reason::Malformed(detail) if detail.contains("unknown")), "{reason:?}");
    }
}

#[test]
fn a_condition_nested_without_end_is_refused_and_does_no_harm() {
    let deep = format!("{}{{ age = \"elderly\" }}{}", "{ not = ".repeat(20_000), " }".repeat(20_000));
    let from = "{ is = { question = \"internet\", value = false } }";
    let faults = faults("indicators.toml", from, &deep);
    assert!(matches!(&faults[0].reason, Reason::Unreadable(_)), "{faults:?}");
}

#[test]
fn names_and_kinds_are_checked_against_the_form() {
    let telecom = |to: &str| {
        let from = "{ is = { question = \"internet\", value = false } }";
        match fault("indicators.toml", "indicator telecom", from, to) {
            Reason::Condition(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    let key = |text: &str| text.parse().unwrap();
    assert_eq!(
        telecom("{ is = { question = \"internetz\", value = false } }"),
        BindFault::UnknownQuestion(key("internetz"), Scope::Household)
    );
    assert_eq!(
        telecom("{ is = { question = \"internet\", value = 3 } }"),
        BindFault::WrongKind { question: key("internet"), compared: "a number" }
    );
    assert_eq!(
        telecom("{ is = { question = \"latrine\", value = \"golden\" } }"),
        BindFault::UnknownChoice(key("latrine"), "golden".into())
    );
    assert_eq!(telecom("{ any_member = { age = \"teenager\" } }"), BindFault::UnknownAgeBand(key("teenager")));
    assert_eq!(telecom("{ age = \"elderly\" }"), BindFault::OutOfPlace { condition: "age", scope: Scope::Household });
    assert_eq!(
        telecom("{ any_member = { any_member = { age = \"elderly\" } } }"),
        BindFault::OutOfPlace { condition: "any_member", scope: Scope::Member }
    );
    assert_eq!(telecom("{ number = { question = \"cattle\" } }"), BindFault::Limits("number"));
    assert_eq!(telecom("{ per_member = { question = \"cattle\", below = 0 } }"), BindFault::Limits("per_member"));
    assert_eq!(telecom("{ at_least = { number = 1, of = [] } }"), BindFault::Limits("at_least"));
    assert_eq!(telecom("{ count_members = {} }"), BindFault::Limits("count_members"));
    assert_eq!(
        telecom("{ share_of_members = { more_than = \"3/2\", where = { age = \"elderly\" } } }"),
        BindFault::Limits("share_of_members")
    );
}

#[test]
fn a_question_about_a_member_is_not_one_about_the_household() {
    let reason = fault(
        "indicators.toml",
        "indicator telecom",
        "{ is = { question = \"internet\", value = false } }",
        "{ is = { question = \"health_insurance\", value = false } }",
    );
    let key = "health_insurance".parse().unwrap();
    assert_eq!(reason, Reason::Condition(BindFault::UnknownQuestion(key, Scope::Household)));
}

#[test]
fn relevance_looks_only_back() {
    let reason = fault(
        "forms/member.toml",
        "question citizen_id",
        "{ not = { is = { question = \"no_id_yet\", value = true } } }",
        "{ is = { question = \"status\", value = \"present\" } }",
    );
    assert_eq!(reason, Reason::Condition(BindFault::AsksAhead("status".parse().unwrap())));
}

#[test]
fn questions_must_be_whole_and_unique() {
    let household = "forms/household.toml";
    assert_eq!(fault(household, "question radio", "key = \"radio\"\n", "key = \"radio\"\nmin = 1\n"), {
        Reason::Malformed("limits or choices of another kind of question".into())
    });
    let twice = faults(household, "key = \"radio\"", "key = \"tv\"");
    assert_eq!(twice[0].reason, Reason::Duplicate);
    let reason = fault(
        household,
        "question gps",
        "section = \"location\"\nkind = \"point\"",
        "section = \"map\"\nkind = \"point\"",
    );
    assert_eq!(reason, Reason::UnknownSection("map".parse().unwrap()));
    let spoken = "key = \"radio\"\naudio = { tay = \"../radio.opus\" }\n";
    let reason = fault(household, "question radio", "key = \"radio\"\n", spoken);
    assert_eq!(reason, Reason::AudioName("tay = ../radio.opus".into()));
    let reason = fault(household, "question floor_area", "min = 10\nmax = 5000", "min = 10\nmax = 5");
    assert!(matches!(reason, Reason::Malformed(_)));
}

#[test]
fn thresholds_are_either_given_or_marked_unknown() {
    let reason = fault(
        "indicators.toml",
        "indicator telecom",
        "deprived_when = { is = { question = \"internet\", value = false } }\n",
        "",
    );
    assert_eq!(reason, Reason::ThresholdMarkedWrongly);
}

#[test]
fn weights_without_a_coarse_common_measure_are_refused() {
    let reason = fault("indicators.toml", "", "weight = \"10\"", "weight = \"1/997\"");
    assert_eq!(reason, Reason::WeightsTooFine);
    let reason = fault("indicators.toml", "indicator employment", "weight = \"10\"", "weight = \"0.5\"");
    assert!(matches!(reason, Reason::Malformed(_)));
}

#[test]
fn validity_ages_and_income_are_checked() {
    let header = "standard.toml";
    assert_eq!(fault(header, "standard", "valid_to = \"2026", "valid_to = \"2021"), Reason::ValidityReversed);
    let reason = fault(header, "age_band primary_age", "below = 12", "below = 6");
    assert_eq!(reason, Reason::Condition(BindFault::Limits("age_band")));
    let reason = fault(header, "income", "\"income_other\"]", "\"tv\"]");
    assert_eq!(reason, Reason::Question("tv".parse().unwrap(), Scope::Household));
    let reason = fault(header, "members", "born = \"born\"", "born = \"sex\"");
    assert_eq!(reason, Reason::Question("sex".parse().unwrap(), Scope::Member));
}

#[test]
fn a_base_that_was_not_given_is_named() {
    let faults = load(&files("vn-2027-2030")).unwrap_err();
    assert!(faults.iter().any(|fault| fault.reason == Reason::UnknownBase("vn-2022-2025".into())), "{faults:?}");
}

#[test]
fn a_standard_whose_example_comes_out_differently_does_not_load() {
    let faults = faults("standard.toml", "cut_off = { rural = 140", "cut_off = { rural = 139");
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert_eq!(fault.file, "examples/poor.toml");
    assert!(matches!(&fault.reason, Reason::ExampleDiffers { what, .. } if what == "classes"));
}

#[test]
fn everything_that_is_wrong_is_said_at_once_in_both_languages() {
    let mut files = changed("forms/household.toml", "kind = \"point\"", "kind = \"map\"");
    for (name, text) in &mut files {
        match &**name {
            "standard.toml" => *text = text.replacen("class = \"poor\"", "class = \"very_poor\"", 1),
            "procedure.toml" => *text = text.replacen("working_day", "holiday", 1),
            "indicators.toml" => text.push_str("\n= broken"),
            _ => {}
        }
    }
    let faults = load(&files).unwrap_err();
    for file in ["forms/household.toml", "standard.toml", "procedure.toml", "indicators.toml"] {
        let fault = faults.iter().find(|fault| fault.file == file).unwrap_or_else(|| panic!("{file}: {faults:?}"));
        let label = fault.reason.label();
        assert!(!label.vi.is_empty() && !label.en.is_empty() && label.vi != label.en);
        assert!(fault.to_string().contains(&label.vi));
    }
}

#[test]
fn the_hash_of_a_standard_changes_with_every_byte_of_it() {
    let standard = load(&files("global-mpi")).unwrap();
    assert_eq!(standard.hash(), shipped::load("global-mpi").unwrap().hash());
    let mut more = files("global-mpi");
    more[0].1.push('\n');
    assert_ne!(load(&more).unwrap().hash(), standard.hash());
}

#[test]
fn no_fault_speaks_in_the_names_of_the_program() {
    let from = "{ is = { question = \"internet\", value = false } }";
    for to in [
        "{ is = { question = \"water_sauce\", value = false } }",
        "{ is = { question = \"latrine\", value = \"golden\" } }",
        "{ any_member = { age = \"teenager\" } }",
        "{ age = \"elderly\" }",
    ] {
        let said = fault("indicators.toml", "indicator telecom", from, to).label();
        for name in ["Key", "Household", "Member", "Some"] {
            assert!(!said.en.contains(name) && !said.vi.contains(name), "{said:?}");
        }
    }
    let said =
        fault("indicators.toml", "indicator telecom", from, "{ is = { question = \"water_sauce\", value = 1 } }");
    assert_eq!(said.label().en, "condition: no question water_sauce about one household in the form");
}
