//! What we write reads back to the same values.

use schemas::codes::listed_class::ListedClass;
use schemas::ledger::Unassessed;

use super::*;
use crate::documents::workbook::{
    Member, RosterBook, UnassessedListing, render_csv, render_text, unassessed, write, write_csv, write_json,
    write_roster, write_unassessed_csv,
};

fn clean_book() -> RosterBook {
    sample::book(&sample::quang_binh(3, 12), &mut chance(11))
}

fn households(reading: &Reading, sheet: Sheet) -> Vec<&crate::documents::workbook::Listing> {
    reading.found.iter().filter(|found| found.sheet == sheet).map(|found| &found.household).collect()
}

/// Two households without a class: one that was poor and refused, one of which nobody is left or was ever named.
fn without_class() -> Vec<UnassessedListing> {
    let member = |name: &str, relation: &str| Member {
        name: name.into(),
        relation_text: relation.into(),
        born: "1985".parse().ok(),
        ..Member::default()
    };
    let household = |number: &str, last, why, reason: &str, members| UnassessedListing {
        number: number.into(),
        commune: "Xã Tân Trịnh".into(),
        village: "Thôn Nà Chì".into(),
        last,
        why,
        reason: reason.into(),
        members,
    };
    let members = vec![member("Hoàng Văn Tuân", "Chủ hộ"), member("Nông Thị Lan", "Vợ")];
    vec![
        household("1", Some(ListedClass::Poor), Unassessed::Refused, "=đã đến ba lần", members),
        household("2", None, Unassessed::NoMemberLeft, "cụ bà đã mất tháng ba", vec![]),
    ]
}

#[test]
fn households_without_a_class_are_never_taken_for_a_list() {
    let mut alone = rust_xlsxwriter::Workbook::new();
    let page = alone.add_worksheet();
    unassessed::write(page, &heading(), &without_class(), &write::Looks::new()).unwrap();
    let csv = write_unassessed_csv(&without_class());
    for (bytes, ending) in [(alone.save_to_buffer().unwrap(), ".xlsx"), (csv, ".csv")] {
        let reading = read_bytes(&bytes, ending).unwrap();
        assert_eq!(reading.found, [], "{ending}: standing where the poor and near-poor would stand");
        assert_eq!(reading.slugs(), ["sheet/unassessed"]);
    }
    let book = RosterBook { unassessed: without_class(), ..clean_book() };
    let reading = read_bytes(&write_roster(&book, AS_OF).unwrap(), ".xlsx").unwrap();
    let lists = book.listed.len() + book.escaped_poor.len() + book.escaped_near_poor.len();
    assert_eq!((reading.found.len(), reading.lines("sheet/unassessed").len()), (lists, 1));
}

#[test]
fn the_sheet_of_households_without_a_class_names_who_they_are_what_they_were_and_why() {
    let book = RosterBook { unassessed: without_class(), ..clean_book() };
    let bytes = write_roster(&book, AS_OF).unwrap();
    let mut read: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(calamine::Reader::sheet_names(&read)[3], "4. Không xếp loại");
    let sheet = calamine::Reader::worksheet_range(&mut read, "4. Không xếp loại").unwrap();
    let texts: Vec<String> = sheet.cells().map(|(.., cell)| cell.to_string()).collect();
    let expected = [
        "HỘ KHÔNG XẾP LOẠI TRONG ĐỢT RÀ SOÁT",
        "Hoàng Văn Tuân",
        "Nông Thị Lan",
        "Thôn Nà Chì",
        "Hộ nghèo",
        "Từ chối",
        "=đã đến ba lần",
        "Không có tên",
        "Không còn thành viên nào trong hộ",
        "cụ bà đã mất tháng ba",
        "Tổng cộng: 2 hộ không xếp loại",
    ];
    for text in expected {
        assert!(texts.iter().any(|cell| cell == text), "{text}");
    }
    let csv = String::from_utf8(write_unassessed_csv(&book.unassessed)).unwrap();
    assert_eq!(csv.lines().count(), 4, "titles, two people, and the household that nobody is left of");
    assert!(csv.contains(",Từ chối,'=đã đến ba lần"), "{csv}");
}

#[test]
fn a_written_roster_reads_back_to_the_same_households() {
    let book = clean_book();
    let reading = read_bytes(&write_roster(&book, AS_OF).unwrap(), ".xlsx").unwrap();
    assert_eq!(households(&reading, Sheet::Listed), book.listed.iter().collect::<Vec<_>>());
    assert_eq!(households(&reading, Sheet::EscapedPoor), book.escaped_poor.iter().collect::<Vec<_>>());
    assert_eq!(households(&reading, Sheet::EscapedNearPoor), book.escaped_near_poor.iter().collect::<Vec<_>>());
    assert_eq!(reading.summary.rows_left_out, 0);
    let noted = |line: &ReportLine| line.slug.starts_with("row/") || line.slug == "sheet/unassessed";
    assert!(reading.lines.iter().all(noted), "{:?}", reading.slugs());
}

#[test]
fn a_written_csv_reads_back_to_the_same_households() {
    let mut book = clean_book();
    book.listed[0].decision_number = "=cmd|'/c calc'!A1".into();
    book.listed[1].place.village = "-Thôn Nà Chì".into();
    let bytes = write_csv(Sheet::Listed, &book.listed, AS_OF);
    assert!(bytes.starts_with("\u{feff}STT hộ,".as_bytes()));
    assert!(String::from_utf8(bytes.clone()).unwrap().contains(",'=cmd|"));
    let reading = read_bytes(&bytes, ".csv").unwrap();
    assert_eq!(households(&reading, Sheet::Listed), book.listed.iter().collect::<Vec<_>>());
}

#[test]
fn a_csv_with_semicolons_and_the_empty_first_column_is_read() {
    let book = clean_book();
    let text = String::from_utf8(write_csv(Sheet::Listed, &book.listed, AS_OF)).unwrap();
    let shifted: String = text
        .replace("; ", " + ")
        .replace(',', ";")
        .replace('\u{feff}', "")
        .lines()
        .map(|line| format!(";{line}\r\n"))
        .collect();
    let reading = read_bytes(shifted.as_bytes(), ".csv").unwrap();
    assert_eq!(reading.found.len(), book.listed.len());
}

#[test]
fn texts_that_look_like_formulas_stay_texts() {
    let mut book = clean_book();
    for (at, start) in ["=", "+", "-", "@"].into_iter().enumerate() {
        book.listed[at].place.village = format!("{start}HYPERLINK(\"http://x\")");
    }
    let bytes = write_roster(&book, AS_OF).unwrap();
    let reading = read_bytes(&bytes, ".xlsx").unwrap();
    assert_eq!(households(&reading, Sheet::Listed), book.listed.iter().collect::<Vec<_>>());
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let mut sheet = String::new();
    std::io::Read::read_to_string(&mut archive.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet).unwrap();
    assert!(!sheet.contains("<f>"));
}

#[test]
fn one_book_gives_one_file() {
    let (one, other) = (clean_book(), clean_book());
    assert_eq!(write_roster(&one, AS_OF).unwrap(), write_roster(&other, AS_OF).unwrap());
    assert_eq!(write_json(&one), write_json(&other));
    let read_back: RosterBook = serde_json::from_slice(&write_json(&one)).unwrap();
    assert_eq!(read_back, one);
}

#[test]
fn no_row_is_dropped_past_the_thousandth() {
    let (bytes, _) = sample::workbook(&sample::quang_binh(8, 12), &mut chance(3)).unwrap();
    let reading = read_bytes(&bytes, ".xlsx").unwrap();
    assert!(reading.summary.members > 3_000, "{}", reading.summary.members);
    let last = *reading.rows_accounted_for(Sheet::Listed).last().unwrap();
    assert!(last > 3_000);
    // The rows between the heading and the signatures have no gap.
    let accounted = reading.rows_accounted_for(Sheet::Listed);
    let totals =
        reading.lines("row/totals").iter().filter(|line| line.sheet == Some(Sheet::Listed)).map(|line| line.row).max();
    assert_eq!((8..=totals.unwrap()).filter(|row| !accounted.contains(row)).collect::<Vec<_>>(), Vec::<u32>::new());
}

#[test]
fn the_sample_has_the_sizes_and_shares_of_the_uplands() {
    let book = sample::book(&sample::quang_binh(10, 20), &mut chance(5));
    let people: usize = book.listed.iter().map(|household| household.members.len()).sum();
    let mean_times_100 = people * 100 / book.listed.len();
    assert!((450..=490).contains(&mean_times_100), "{mean_times_100}");
    let poor = book.listed.iter().filter(|h| h.class == Some(schemas::codes::listed_class::ListedClass::Poor)).count();
    assert!((66..=77).contains(&(poor * 100 / book.listed.len())));
    let minority = book.listed.iter().filter(|household| household.flags.minority).count();
    assert!(minority * 100 / book.listed.len() >= 97);
}

#[test]
fn the_report_is_text_and_csv_in_two_languages() {
    let reading = read_rows(vec![wife(), with(head(), text(Field::Village, "=1+1"))]);
    let text = render_text(&reading.lines, &reading.summary);
    assert!(text.contains("thành viên không có dòng chủ hộ ở trên"));
    assert!(text.contains("a member without a head above: row left out"));
    let csv = String::from_utf8(render_csv(&reading.lines)).unwrap();
    assert_eq!(csv.lines().count(), reading.lines.len() + 1);
}
