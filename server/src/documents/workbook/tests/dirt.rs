//! One kind of dirt after another, by name.

use schemas::codes::listed_class::ListedClass;
use schemas::codes::relation::Relation;
use schemas::codes::sex::Sex;

use super::sample::Dirt;
use super::*;

/// The slugs that a clean list gives: titles, heading, totals and what stands below them.
fn beyond_the_table(slugs: Vec<&str>) -> Vec<&str> {
    let usual = ["row/heading", "row/titles", "row/totals", "row/after-totals"];
    slugs.into_iter().filter(|slug| !usual.contains(slug)).collect()
}

fn findings(rows: Vec<OutRow>) -> Vec<String> {
    beyond_the_table(read_rows(rows).slugs()).into_iter().map(str::to_owned).collect()
}

#[test]
fn a_member_before_any_head_is_left_out_and_reported() {
    let reading = read_rows(vec![wife(), head()]);
    assert_eq!(reading.lines("row/member-without-head")[0].row, 8);
    assert!(reading.lines("row/member-without-head")[0].was.contains("Nông Thị Lan"));
    assert_eq!(reading.found.len(), 1);
}

#[test]
fn a_member_of_another_head_never_slips_into_the_household_above() {
    let lost = with(wife(), text(Field::HeadName, "Phàn Tà Nải"));
    let reading = read_rows(vec![head(), lost, wife()]);
    assert_eq!(reading.found[0].household.members.len(), 1);
    assert_eq!(reading.lines("row/member-without-head").len(), 2);
}

#[test]
fn a_row_without_any_person_is_an_error() {
    let reading = read_rows(vec![head(), vec![text(Field::Village, "Thôn Nà Chì")]]);
    assert_eq!(reading.lines("row/nobody")[0].row, 9);
    assert_eq!(reading.summary.rows_left_out, 1);
}

#[test]
fn what_is_left_of_a_heads_row_ends_the_household_above() {
    let rest = vec![text(Field::Number, "2"), text(Field::Class, "Hộ nghèo"), text(Field::Village, "Thôn Nà Chì")];
    let reading = read_rows(vec![head(), rest, wife()]);
    assert_eq!(reading.found[0].rows, [8]);
    assert_eq!((reading.lines("row/nobody")[0].row, reading.lines("row/member-without-head")[0].row), (9, 10));
}

#[test]
fn people_behind_a_subtotal_are_people() {
    let subtotal = vec![text(Field::HeadName, "Tổng số hộ của thôn")];
    let name_only = vec![text(Field::Name, "Hoàng Thị Hương"), text(Field::Ethnicity, "Tày")];
    let reading = read_rows(vec![subtotal, head(), name_only]);
    assert_eq!(reading.found[0].rows, [9, 10]);
}

#[test]
fn titles_and_subtotals_in_the_middle_are_no_people() {
    let titles = Sheet::Listed.columns().iter().map(|column| (column.at, Out::Text(column.title.into()))).collect();
    let subtotal = vec![text(Field::HeadName, "Tổng số hộ của thôn"), whole(Field::B1, 1)];
    let other = with(with(head(), text(Field::Number, "2")), text(Field::PersonNumber, "002085000777"));
    let reading = read_rows(vec![head(), titles, wife(), subtotal, other]);
    assert_eq!(reading.found.iter().map(|found| found.rows.clone()).collect::<Vec<_>>(), [vec![8, 10], vec![12]]);
    assert_eq!(reading.lines("row/totals")[0].row, 11);
}

#[test]
fn a_head_of_the_clan_tong_is_no_total() {
    let row = with(with(head(), text(Field::Name, "Tống Cộng Sơn")), text(Field::HeadName, "Tống Cộng Sơn"));
    assert_eq!(read_rows(vec![row]).found[0].household.members[0].name, "Tống Cộng Sơn");
}

#[test]
fn a_row_that_stands_twice_is_taken_once() {
    let reading = read_rows(vec![head(), wife(), wife()]);
    assert_eq!(reading.found[0].household.members.len(), 2);
    assert_eq!(reading.lines("row/duplicate")[0].text.vi, "trùng với dòng 9");
}

#[test]
fn a_head_that_stands_twice_is_taken_once() {
    let reading = read_rows(vec![head(), head(), wife()]);
    assert_eq!(reading.found[0].rows, [8, 10]);
    assert_eq!(reading.lines("row/head-twice")[0].row, 9);
}

#[test]
fn a_household_that_stands_twice_is_taken_once() {
    let other = with(with(head(), text(Field::Number, "2")), text(Field::PersonNumber, "002085000777"));
    let reading = read_rows(vec![head(), wife(), other, head(), wife()]);
    assert_eq!(reading.found.len(), 2);
    assert_eq!(reading.lines("household/duplicate").iter().map(|line| line.row).collect::<Vec<_>>(), [11, 12]);
}

#[test]
fn one_number_for_two_households_is_a_warning() {
    let other = with(head(), text(Field::PersonNumber, "002085000777"));
    let other = with(with(other, text(Field::Name, "Ma Văn Sơn")), text(Field::HeadName, "Ma Văn Sơn"));
    let reading = read_rows(vec![head(), other]);
    assert_eq!(reading.found.len(), 2);
    assert_eq!(reading.lines("household/number-twice")[0].row, 9);
}

#[test]
fn one_person_in_two_households_is_a_warning() {
    let other = with(with(head(), text(Field::Name, "Ma Văn Sơn")), text(Field::HeadName, "Ma Văn Sơn"));
    let reading = read_rows(vec![head(), with(other, text(Field::Number, "2"))]);
    let lines = reading.lines("citizen-id/twice");
    assert_eq!((lines[0].row, lines[0].column.as_str()), (9, "H"));
}

#[test]
fn a_second_spouse_points_to_a_lost_head() {
    let other = with(with(wife(), text(Field::Name, "Mai Thị Hoa")), text(Field::PersonNumber, "002188000999"));
    assert_eq!(findings(vec![head(), wife(), other]), ["household/second-spouse"]);
}

#[test]
fn a_missing_relation_is_taken_from_the_name_of_the_head() {
    let reading = read_rows(vec![without(head(), Field::Relation), without(wife(), Field::Relation)]);
    let members = &reading.found[0].household.members;
    assert_eq!((members[0].relation, members[1].relation), (Some(Relation::Head), None));
    assert_eq!(beyond_the_table(reading.slugs()), ["relation/head-assumed", "relation/missing"]);
}

#[test]
fn numbers_that_lost_their_zeros_get_them_back() {
    let reading = read_rows(vec![with(head(), whole(Field::PersonNumber, 2_085_000_123))]);
    let number = reading.found[0].household.members[0].number.unwrap();
    assert_eq!(number.digits(), "002085000123");
    assert_eq!(reading.lines("citizen-id/zeros-restored")[0].was, "2085000123");
}

#[test]
fn bad_numbers_are_left_out_and_shown() {
    let reading = read_rows(vec![with(head(), text(Field::PersonNumber, "00208500O123"))]);
    assert_eq!(reading.found[0].household.members[0].number, None);
    let line = reading.lines("citizen-id/unreadable")[0];
    assert_eq!((line.was.as_str(), &line.done), ("00208500O123", &Done::CellLeftOut));
}

#[test]
fn a_missing_sex_is_taken_from_the_number() {
    let reading = read_rows(vec![without(head(), Field::Sex)]);
    assert_eq!(reading.found[0].household.members[0].sex, Some(Sex::Male));
    assert_eq!(beyond_the_table(reading.slugs()), ["sex/from-id"]);
    assert_eq!(findings(vec![without(without(head(), Field::Sex), Field::PersonNumber)]), ["sex/missing"]);
}

#[test]
fn a_sex_against_the_number_is_kept_with_a_warning() {
    let reading = read_rows(vec![with(head(), text(Field::Sex, "Nữ"))]);
    assert_eq!(reading.found[0].household.members[0].sex, Some(Sex::Female));
    assert_eq!(beyond_the_table(reading.slugs()), ["citizen-id/sex-differs"]);
}

#[test]
fn names_in_every_form_of_unicode_become_one() {
    use unicode_normalization::UnicodeNormalization;
    let apart: String = "Hoàng Văn Tuân".nfd().collect();
    let reading = read_rows(vec![with(head(), text(Field::Name, &apart))]);
    assert_eq!(reading.found[0].household.members[0].name, "Hoàng Văn Tuân");
    assert_eq!(beyond_the_table(reading.slugs()), ["text/composed"]);
}

#[test]
fn an_ethnic_group_or_class_on_no_list_is_left_out() {
    let odd = with(with(head(), text(Field::Ethnicity, "02")), text(Field::Class, "Hộ khó khăn"));
    let reading = read_rows(vec![odd]);
    let household = &reading.found[0].household;
    assert_eq!((household.class, household.members[0].ethnicity), (None, None));
    assert_eq!(beyond_the_table(reading.slugs()), ["ethnicity/unknown", "class/unknown"]);
}

#[test]
fn a_commune_code_of_the_old_list_is_a_warning_since_july_2025() {
    let old = with(with(head(), text(Field::Commune, "Xã Tân Bắc")), text(Field::CommuneCode, "1243"));
    let reading = read_rows(vec![old.clone()]);
    assert_eq!(reading.found[0].household.place.commune_code, "01243");
    assert_eq!(reading.lines("commune/code-differs")[0].text.vi, "ngày 2025-12-15 mã này là Xã Tân Trịnh");
    let before = with(old, text(Field::DecisionDate, "20/12/2024"));
    assert_eq!(findings(vec![before]), ["commune/zeros-restored"], "in 2024 the code was that of Tân Bắc");
}

#[test]
fn household_data_on_a_members_row_is_reported_where_it_differs() {
    let row = with(with(wife(), text(Field::Class, "Hộ cận nghèo")), text(Field::Village, "Thôn Nà Chì"));
    let reading = read_rows(vec![head(), row]);
    assert_eq!(reading.found[0].household.class, Some(ListedClass::Poor));
    assert_eq!(beyond_the_table(reading.slugs()), ["cell/on-member-row"]);
}

#[test]
fn odd_points_and_marks_are_reported() {
    let row = with(with(head(), whole(Field::B2, 45)), text(Field::Minority, "?"));
    assert_eq!(findings(vec![row]), ["flag/unknown", "points/odd"]);
    let reading = read_rows(vec![with(head(), text(Field::B1, "một trăm"))]);
    assert_eq!((reading.found[0].household.b1, reading.lines("points/unreadable").len()), (None, 1));
}

#[test]
fn columns_that_are_no_part_of_the_layout_are_named_once() {
    let column = (40, Out::Text("số điện thoại".into()));
    let reading = read_rows(vec![with(head(), column.clone()), with(wife(), column)]);
    assert_eq!(reading.lines("column/not-read").len(), 1);
}

#[test]
fn merged_cells_count_for_all_their_rows() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let page = workbook.add_worksheet();
    for (row, cells) in (7u32..).zip([head(), wife()]) {
        for (column, value) in cells {
            let Out::Text(text) = value else { continue };
            page.write_string(row, column, text).unwrap();
        }
    }
    let other = with(with(head(), text(Field::Number, "2")), text(Field::PersonNumber, "002085000777"));
    for (column, value) in without(without(other, Field::Village), Field::Class) {
        let Out::Text(text) = value else { continue };
        page.write_string(9, column, text).unwrap();
    }
    let format = rust_xlsxwriter::Format::new();
    page.merge_range(7, 13, 9, 13, "Thôn Nà Chì", &format).unwrap();
    page.merge_range(7, 15, 9, 15, "Hộ nghèo", &format).unwrap();
    let reading = read_bytes(&workbook.save_to_buffer().unwrap(), ".xlsx").unwrap();
    let second = &reading.found[1].household;
    assert_eq!((second.place.village.as_str(), second.class), ("Thôn Nà Chì", Some(ListedClass::Poor)));
    assert!(reading.lines("cell/on-member-row").is_empty());
}

#[test]
fn blank_rows_and_blank_cells_say_nothing() {
    let blank = vec![text(Field::Name, " \u{a0}"), text(Field::Village, "\u{200b}")];
    assert_eq!(findings(vec![head(), blank.clone(), wife(), blank]), Vec::<String>::new());
}

#[test]
fn every_kind_of_dirt_of_the_sample_is_found() {
    let communes = sample::quang_binh(2, 24);
    let (bytes, soiled) = sample::workbook(&communes, &mut chance(7)).unwrap();
    let reading = read_bytes(&bytes, ".xlsx").unwrap();
    for kind in Dirt::ALL {
        assert!(soiled.contains(&kind), "{kind:?} was not put in");
        if let Some(slug) = kind.slug() {
            assert!(!reading.lines(slug).is_empty(), "{kind:?}");
        }
    }
    assert!(!reading.slugs().contains(&"row/nobody"));
}
