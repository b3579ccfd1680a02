//! Nothing that a file holds makes the reader panic, hang, or lose a row.

use proptest::prelude::*;

use super::*;

/// Text as cells hold it: real words, odd numbers, marks on their own.
fn cell_text() -> impl Strategy<Value = Out> {
    let words = prop::sample::select(vec![
        "Chủ hộ",
        "Vợ",
        "Con",
        "Nam",
        "Nữ",
        "Tày",
        "Hộ nghèo",
        "Hoàng Văn Tuân",
        "002085000123",
        "Tổng cộng",
        "Họ và tên",
        "(1)",
        "01243",
        "1/1/85",
        "31/02/1980",
        "x",
        "=1+1",
        "\u{301}",
        "¨®",
    ]);
    prop_oneof![
        4 => words.prop_map(|word| Out::Text(word.to_owned())),
        2 => "\\PC{1,12}".prop_map(Out::Text),
        1 => any::<i32>().prop_map(|number| Out::Whole(i64::from(number))),
        1 => (1900i16..2100, 1i8..=12, 1i8..=28).prop_map(|(year, month, day)| Out::Day(Date::constant(year, month, day))),
    ]
}

fn rows() -> impl Strategy<Value = Vec<OutRow>> {
    let row = prop::collection::btree_map(0u16..30, cell_text(), 0..12);
    prop::collection::vec(row.prop_map(|row| row.into_iter().collect::<OutRow>()), 0..20)
}

fn is_blank(row: &OutRow) -> bool {
    row.iter().all(|(_, value)| match value {
        Out::Text(text) => schemas::codes::names::clean(text).text.is_empty(),
        Out::Whole(_) | Out::Day(_) => false,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_in_the_data_or_in_the_report(rows in rows()) {
        let wanted: Vec<u32> = (8u32..).zip(&rows).filter(|(_, row)| !is_blank(row)).map(|(number, _)| number).collect();
        let reading = read_rows(rows);
        let accounted = reading.rows_accounted_for(Sheet::Listed);
        let missing: Vec<u32> = wanted.into_iter().filter(|row| !accounted.contains(row)).collect();
        prop_assert_eq!(missing, Vec::<u32>::new());
        let members: usize = reading.found.iter().map(|found| found.household.members.len()).sum();
        prop_assert_eq!(reading.summary.members, members as u64);
        prop_assert!(reading.found.iter().all(|found| found.rows.len() == found.household.members.len()));
    }

    #[test]
    fn bytes_changed_anywhere_are_read_or_refused(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = workbook_of(vec![head(), wife()]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read_bytes(&bytes, ".xlsx").map(|reading| reading.summary);
    }

    #[test]
    fn a_file_cut_short_is_read_or_refused(length in any::<prop::sample::Index>()) {
        let bytes = workbook_of(vec![head(), wife()]);
        prop_assert!(read_bytes(&bytes[..length.index(bytes.len())], ".xlsx").is_err());
    }

    #[test]
    fn any_text_is_read_as_csv_or_refused(text in "[\\PC,;\"'\t\n]{0,200}") {
        let _ = read_bytes(text.as_bytes(), ".csv").map(|reading| reading.summary);
    }
}
