//! The income side: paper, tables, measured income, and what may decide in a round.

use schemas::rules::{
    B1Mode, B1Source, Class, ClassSet, Language, Outcome, PointsDifference, PointsStatus, PointsTable, Report, Training,
};
use schemas::standard::{PointsFiles, Reason};

use crate::home::{AS_OF, Home, RURAL, URBAN, income, vn_2022};

const TABLE: &str = "item,option,rural_northern_midland_mountain,urban,source\n\
    size,small,100,120,made up\n\
    size,large,40,50,made up\n\
    house,wall,30,40,made up\n\
    house,roof,15,20,made up\n";

const MAPPING: &str = r#"
[table]
vi = "Bảng của cơ quan"
en = "An office's table"
status = "for_round"

[[item]]
key = "size"
vi = "Số người"
en = "Size"
choose = "first"
options = [
  { key = "small", vi = "đến 2", en = "up to 2", when = { count_members = { at_most = 2 } } },
  { key = "large", vi = "từ 3", en = "3 or more", when = { count_members = { at_least = 3 } } },
]

[[item]]
key = "house"
vi = "Nhà"
en = "House"
choose = "each"
options = [
  { key = "wall", vi = "tường", en = "wall", when = { is = { question = "wall", value = "durable" } } },
  { key = "roof", vi = "mái", en = "roof", when = { is = { question = "roof", value = "durable" } } },
]
"#;

fn reasons(table: &str, mapping: &str) -> Vec<(String, Reason)> {
    let faults = vn_2022().load_points(("b1.csv", table), ("b1.toml", mapping)).unwrap_err();
    faults.0.into_iter().map(|fault| (format!("{}:{}", fault.file, fault.entry), fault.reason)).collect()
}

#[test]
fn the_superseded_table_cannot_decide_in_a_round() {
    let standard = vn_2022();
    let sample = standard.points_tables().first().unwrap().clone();
    assert!(matches!(sample.status(), PointsStatus::SampleOnly { .. }));
    // `B1Mode::Table` takes nothing but what `for_round` gives, and a sample does not get through it.
    assert!(sample.clone().for_round().unwrap_err().to_string().contains("không dùng để công nhận"));
    let result = Home::new().assess(&standard, &RURAL, &B1Mode::Training(Training::Sample(sample)));
    assert_eq!(result.b1().source, B1Source::Sample);
    assert!(!result.b1().source.serves_recognition());
}

#[test]
fn every_fault_of_a_table_is_named_with_its_line() {
    let table = TABLE.replace("40,50", ",x5").replace("house,roof", "size,small").replace("urban", "towns");
    let found = reasons(&table, MAPPING);
    assert!(found.contains(&("b1.csv:line 1".into(), Reason::UnknownColumn("towns".into()))));
    assert!(found.contains(&("b1.csv:line 3".into(), Reason::MissingCell("rural_northern_midland_mountain".into()))));
    assert!(found.contains(&("b1.csv:line 5".into(), Reason::Duplicate)));
    assert!(found.contains(&("b1.toml:item house / roof".into(), Reason::ConditionWithoutRow)));
}

#[test]
fn numbers_that_are_no_points_are_refused() {
    for text in ["-5", "1001", "4.5", "+4", "bốn", "99999999999999999999"] {
        let found = reasons(&TABLE.replace("40,50", &format!("{text},50")), MAPPING);
        assert!(matches!(&found[..], [(line, Reason::NotPoints { .. })] if line == "b1.csv:line 3"), "{text}");
    }
}

#[test]
fn a_row_that_no_condition_asks_for_is_refused() {
    let table = format!("{TABLE}house,floor,5,5,made up\n");
    assert_eq!(reasons(&table, MAPPING), [("b1.csv:house / floor".into(), Reason::RowWithoutCondition)]);
}

#[test]
fn an_empty_table_is_refused() {
    let (mapping, _) = MAPPING.split_once("[[item]]").unwrap();
    assert_eq!(reasons("item,option,urban\n", mapping), [("b1.toml:item".into(), Reason::MissingEntry)]);
}

#[test]
fn a_sample_must_say_why_it_is_one() {
    let found = reasons(TABLE, &MAPPING.replace("for_round", "sample_only"));
    assert!(matches!(&found[..], [(entry, Reason::Malformed(_))] if entry == "b1.toml:table"));
}

#[test]
fn a_table_without_a_region_or_with_ragged_lines_is_refused() {
    let found = reasons("item,option\nsize,small\n", MAPPING);
    assert!(found.iter().any(|(_, reason)| matches!(reason, Reason::MissingColumn(_))));
    let found = reasons(&format!("{TABLE}house,floor,5\n"), MAPPING);
    assert!(found.iter().any(|(line, reason)| line == "b1.csv:line 6" && matches!(reason, Reason::Unreadable(_))));
}

#[test]
fn a_mapping_that_is_no_toml_is_refused_with_its_line() {
    let found = reasons(TABLE, &MAPPING.replace("choose = \"each\"", "choose = each"));
    assert!(matches!(&found[0], (entry, Reason::Unreadable(_)) if entry == "b1.toml:line 21"), "{found:?}");
}

#[test]
fn a_table_bound_to_another_form_says_nothing() {
    let (standard, other) = (vn_2022(), schemas::standard::shipped::load("vn-2027-2030").unwrap());
    assert_ne!(standard.form().version, other.form().version);
    let foreign = files().load(&other).unwrap().for_round().unwrap();
    let result = Home::new().assess(&standard, &RURAL, &B1Mode::Table(foreign));
    assert_eq!(result.b1().amount, None);
    assert!(matches!(result.outcome(), Outcome::Undetermined(_)));
}

#[test]
fn without_the_table_at_hand_nothing_is_guessed_even_when_points_were_typed() {
    let standard = vn_2022();
    let home = Home::new().with("b1_points", 10);
    let result = home.assess(&standard, &RURAL, &B1Mode::TableMissing);
    assert_eq!((result.b1().amount, result.b1().source), (None, B1Source::TableMissing));
    assert_eq!(result.possible_classes(), ClassSet::from_iter([Class::NearPoor, Class::NotPoor]));
    assert!(!result.b1().source.serves_recognition());
    let report = Report::new(&standard, &home.0, &result, &RURAL, AS_OF, &B1Mode::TableMissing);
    let text = report.text(Language::Vi).to_string();
    assert!(text.contains("cần bảng điểm của cơ quan"), "{text}");
}

fn files() -> PointsFiles {
    PointsFiles { numbers: TABLE.to_owned(), mapping: MAPPING.to_owned() }
}

fn loaded(numbers: &str, mapping: &str) -> PointsTable {
    PointsFiles { numbers: numbers.to_owned(), mapping: mapping.to_owned() }.load(&vn_2022()).unwrap()
}

#[test]
fn a_spreadsheets_byte_order_mark_and_line_ends_are_no_faults() {
    let numbers = format!("\u{feff}{}", TABLE.replace('\n', "\r\n"));
    assert!(loaded(&numbers, MAPPING).differences(&loaded(TABLE, MAPPING)).is_empty());
}

#[test]
fn files_are_known_by_the_hash_that_their_table_has() {
    assert_eq!(files().hash(), loaded(TABLE, MAPPING).hash());
    let other = PointsFiles { numbers: TABLE.replace("15", "16"), ..files() };
    assert_ne!(files().hash(), other.hash());
}

#[test]
fn the_rows_of_two_tables_are_told_apart_by_their_points_and_by_whom_they_apply_to() {
    let before = loaded(TABLE, MAPPING);
    assert!(before.differences(&loaded(TABLE, MAPPING)).is_empty());
    let mapping = MAPPING.replace("at_most = 2", "at_most = 1");
    let mapping = mapping.replace("key = \"roof\"", "key = \"top\"");
    let after = loaded(&TABLE.replace("30,40", "30,41").replace("house,roof", "house,top"), &mapping);
    let differences = after.differences(&before);
    let said: Vec<_> = differences
        .iter()
        .map(|difference| match difference {
            PointsDifference::Added(row) => ("added", &*row.key.option),
            PointsDifference::Removed(row) => ("removed", &*row.key.option),
            PointsDifference::Points { after, .. } => ("points", &*after.key.option),
            PointsDifference::Condition(row) => ("condition", &*row.key.option),
        })
        .collect();
    // Who is small decides who is large, too: the first row that holds gives the points.
    let expected =
        [("added", "top"), ("points", "wall"), ("condition", "large"), ("condition", "small"), ("removed", "roof")];
    assert_eq!(said, expected);
    let urban = after.rows().find(|row| row.key.option == "wall").unwrap().points;
    assert_eq!(urban, [("rural_northern_midland_mountain", 30), ("urban", 41)]);
}

#[test]
fn points_add_up_item_by_item() {
    let standard = vn_2022();
    let table = standard.load_points(("b1.csv", TABLE), ("b1.toml", MAPPING)).unwrap();
    assert!(table.covers(&RURAL));
    let mode = B1Mode::Table(table.for_round().unwrap());
    let result = Home::new().assess(&standard, &RURAL, &mode);
    assert_eq!(result.b1().amount, Some((145, 145)));
    assert_eq!(result.outcome(), Outcome::Determined(Class::NotPoor));
    assert_eq!(Home::new().assess(&standard, &URBAN, &mode).b1().amount, Some((180, 180)));
    let home = Home::new();
    let report = Report::new(&standard, &home.0, &result, &RURAL, AS_OF, &mode);
    let points: Vec<_> = report.b1.items.iter().map(|item| item.points).collect();
    assert_eq!(points, [(100, 100), (45, 45)]);
    let rows = |at: usize| report.b1.items[at].rows.iter().map(|row| &*row.vi).collect::<Vec<_>>();
    assert_eq!((rows(0), rows(1)), (vec!["đến 2"], vec!["tường", "mái"]));
    let text = report.text(Language::Vi).to_string();
    assert!(text.contains("  Nhà: 45 (tường, mái)\n"), "{text}");
}

#[test]
fn a_missing_answer_leaves_a_range_of_points() {
    let standard = vn_2022();
    let mode = B1Mode::Table(standard.load_points(("b", TABLE), ("m", MAPPING)).unwrap().for_round().unwrap());
    let home = Home::new().member("1990-01-01", &[]).of_member_without(3, "residence").without("roof");
    let result = home.assess(&standard, &RURAL, &mode);
    // Size by size nobody knows that one of the two rows must hold, so the range begins without either.
    assert_eq!(result.b1().amount, Some((30, 145)));
    assert_eq!(result.possible_classes(), ClassSet::from_iter([Class::NearPoor, Class::NotPoor]));
    assert_eq!(result.missing().len(), 2);
}

#[test]
fn points_on_one_side_of_the_cut_off_in_every_completion_determine_the_class() {
    let standard = vn_2022();
    let table = TABLE.replace("100,120", "150,0").replace("40,50", "145,0");
    let mode = B1Mode::Table(standard.load_points(("b", &table), ("m", MAPPING)).unwrap().for_round().unwrap());
    let home = Home::new().member("1990-01-01", &[]).of_member_without(3, "residence");
    let result = home.assess(&standard, &RURAL, &mode);
    assert_eq!(result.b1().amount, Some((45, 195)));
    assert_eq!(result.outcome(), Outcome::Determined(Class::NotPoor));
}

#[test]
fn an_age_that_only_the_table_asks_for_is_tried_too() {
    let standard = vn_2022();
    let old = "{ count_members = { at_most = 0, where = { age = \"over_60\" } } }";
    let mapping = MAPPING.replace("{ count_members = { at_most = 2 } }", old);
    let mapping = mapping.replace("{ count_members = { at_least = 3 } }", "{ any_member = { age = \"over_60\" } }");
    let mode = B1Mode::Table(standard.load_points(("b", TABLE), ("m", &mapping)).unwrap().for_round().unwrap());
    // Sixty or sixty-one on the day: 145 points or 85.
    let home = Home::new().member("1965", &[]);
    let classes = home.assess(&standard, &RURAL, &mode).possible_classes();
    assert_eq!(classes, ClassSet::from_iter([Class::NearPoor, Class::NotPoor]));
}

#[test]
fn a_table_without_a_column_for_the_place_says_nothing() {
    let standard = vn_2022();
    let table = standard.load_points(("b", &TABLE.replace("urban", "rural_south_east")), ("m", MAPPING)).unwrap();
    assert!(!table.covers(&URBAN));
    let result = Home::new().assess(&standard, &URBAN, &B1Mode::Table(table.for_round().unwrap()));
    assert_eq!(result.b1().amount, None);
    assert_eq!(result.possible_classes(), ClassSet::from_iter([Class::NearPoor, Class::NotPoor]));
}

#[test]
fn measured_income_of_exactly_the_line_is_not_above_it_and_never_serves_recognition() {
    let standard = vn_2022();
    let earning = |amount: i64| {
        let parts = [("income_agriculture", amount), ("income_wages", 0), ("income_business", 0), ("income_other", 0)];
        let home = parts.into_iter().fold(Home::new(), |home, (key, value)| home.with(key, value));
        home.assess(&standard, &RURAL, &income())
    };
    let line = 1_500_000 * 12 * 2;
    assert_eq!(earning(line).outcome(), Outcome::Determined(Class::NearPoor));
    assert_eq!(earning(line + 1).outcome(), Outcome::Determined(Class::NotPoor));
    assert!(!earning(line).b1().source.serves_recognition());
    assert_eq!(Home::new().assess(&standard, &RURAL, &income()).missing().len(), 4);
}

#[test]
fn an_overlay_may_raise_lines_and_cut_offs_and_never_lower_them() {
    let standard = vn_2022();
    let overlay = |body: &str| {
        let head = "[overlay]\nid = \"tinh-a\"\nover = \"vn-2022-2025\"\nvi = \"Chuẩn tỉnh A\"\nen = \"Province A\"\n\
            source = { article = \"Nghị quyết HĐND\", confidence = \"ours\" }\n";
        standard.with_overlay(("tinh-a.toml", &format!("{head}{body}")))
    };
    let faults = overlay("[line]\nrural = 1400000\n[cut_off]\nurban = 170\n[lines]\n").unwrap_err();
    let reasons: Vec<_> = faults.0.iter().map(|fault| &fault.reason).collect();
    assert_eq!(
        reasons,
        [
            &Reason::UnknownEntry,
            &Reason::LowerThanNational { national: 1_500_000, found: 1_400_000 },
            &Reason::LowerThanNational { national: 175, found: 170 },
        ]
    );
    let raised = overlay("[line]\nrural = 1800000\n[cut_off]\nrural = 150\n").unwrap();
    let home = Home::new().with("b1_points", 150);
    assert_eq!(home.classes(&standard), ClassSet::only(Class::NotPoor));
    assert_eq!(home.classes(&raised), ClassSet::only(Class::NearPoor));
    assert_eq!(raised.hash(), standard.hash());
    assert_eq!(raised.overlay().unwrap().id.as_str(), "tinh-a");
    assert_eq!(raised.income().unwrap().cut_off.urban, Some(175));
}
