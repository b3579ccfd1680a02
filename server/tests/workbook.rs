//! Workbooks across processes: our own reading child, and LibreOffice as the office that opens what we write.
#![allow(clippy::unwrap_used, reason = "every function of this file is part of a test")]

#[path = "support/libreoffice.rs"]
mod libreoffice;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::{Date, date};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::documents::child::{ChildLimits, read_in_child};
use server::documents::workbook::{
    CommuneTotals, CompiledTotals, Item, ListTotals, Options, Refusal, Summary, read, sample, write_compiled,
    write_roster,
};
use tempfile::TempDir;

use libreoffice::{EVERY_SHEET, convert, sheets};

const AS_OF: Date = date(2025, 12, 15);

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_rasoat"))
}

fn sample_file(folder: &TempDir) -> PathBuf {
    let (bytes, _) = sample::workbook(&sample::quang_binh(2, 20), &mut StdRng::seed_from_u64(1)).unwrap();
    let path = folder.path().join("danh sách năm trước.xlsx");
    fs::write(&path, bytes).unwrap();
    path
}

fn in_child(program: &Path, path: &Path, limits: ChildLimits) -> (Result<Summary, Refusal>, Vec<Item>) {
    let mut items = Vec::new();
    let result = read_in_child(program, path, Options { as_of: AS_OF }, limits, &mut |item| items.push(item));
    (result, items)
}

/// A program that does what this line of shell says, in the place of the reader.
fn script(folder: &TempDir, line: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.path().join("reader");
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn detail(result: Result<Summary, Refusal>) -> String {
    match result {
        Err(Refusal::ReaderFailed { detail }) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_child_that_dies_hangs_or_talks_nonsense_is_one_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(&folder);
    let short = ChildLimits { wall: Duration::from_millis(300), ..ChildLimits::default() };
    let said = |line: &str, limits| detail(in_child(&script(&folder, line), &path, limits).0);
    assert_eq!(said("exec tail -f /dev/null", short), "out of time");
    assert!(said("exit 3", ChildLimits::default()).contains('3'));
    assert!(said("echo '{\"end\":{\"rows\":-1}}'", ChildLimits::default()).starts_with("nonsense"));
    assert!(said("echo hello", ChildLimits::default()).starts_with("nonsense"));
    said("exec cat /dev/zero", ChildLimits::default());
    assert!(detail(in_child(Path::new("/nowhere/rasoat"), &path, short).0).contains("127"));
}

#[test]
fn a_child_that_wants_all_memory_or_processor_time_is_one_refusal() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(&folder);
    let little = ChildLimits { memory_bytes: 64 << 20, processor_seconds: 1, ..ChildLimits::default() };
    // `tail` keeps everything until the end of a file that has none.
    detail(in_child(&script(&folder, "exec tail /dev/zero"), &path, little).0);
    detail(in_child(&script(&folder, "while :; do :; done"), &path, little).0);
}

#[test]
fn a_refusal_of_the_child_arrives_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.xlsx");
    fs::write(&path, "<html>").unwrap();
    let (result, items) = in_child(program(), &path, ChildLimits::default());
    assert_eq!(result.unwrap_err().slug(), "workbook/wrong-container");
    assert!(items.is_empty());
}

#[test]
fn a_child_says_what_reading_here_says() {
    let folder = tempfile::tempdir().unwrap();
    let path = sample_file(&folder);
    let mut here = Vec::new();
    let summary = read(&path, Options { as_of: AS_OF }, &mut |item| here.push(item)).unwrap();
    let (result, items) = in_child(program(), &path, ChildLimits::default());
    assert_eq!(result.unwrap(), summary);
    assert_eq!(items, here);
}

/// Converts a file beside itself.
fn converted(folder: &TempDir, file: &Path, to: &str) -> Option<PathBuf> {
    convert(file, to, folder.path())?;
    Some(file.with_extension(to.split(':').next()?))
}

#[test]
fn libreoffice_opens_and_prints_a_written_roster() {
    let folder = tempfile::tempdir().unwrap();
    let book = sample::book(&sample::quang_binh(1, 6), &mut StdRng::seed_from_u64(2));
    let file = folder.path().join("danh-sach.xlsx");
    fs::write(&file, write_roster(&book, AS_OF).unwrap()).unwrap();
    let Some(text) = converted(&folder, &file, "csv:Text - txt - csv (StarCalc):44,34,76") else { return };
    let text = fs::read_to_string(text).unwrap();
    assert!(text.contains("DANH SÁCH HỘ NGHÈO, HỘ CẬN NGHÈO SAU KHI RÀ SOÁT"));
    for household in &book.listed {
        let head = household.head().unwrap();
        let number = head.number.unwrap();
        assert!(text.contains(&head.name) && text.contains(number.digits()), "{}", household.number);
    }
    let pdf = converted(&folder, &file, "pdf").expect("LibreOffice has just run");
    assert!(fs::read(pdf).unwrap().starts_with(b"%PDF"));
}

#[test]
fn libreoffice_opens_the_lists_of_several_communes_with_their_totals() {
    let folder = tempfile::tempdir().unwrap();
    let book = sample::book(&sample::quang_binh(1, 6), &mut StdRng::seed_from_u64(2));
    let root = "75ea7f220fb6f6beaddefb06081d5f188ec7b5b41f73ab6cca1f9f4fedd87468";
    let list = ListTotals {
        reviewed: 48,
        poor: (12, 48),
        near_poor: (5, 21),
        escaped_poor: (3, 12),
        escaped_near_poor: (1, 4),
        unassessed: 2,
        root: root.to_owned(),
    };
    let commune = |name: &str, list| CommuneTotals { name: name.to_owned(), code: "01243".to_owned(), list };
    let totals = [commune("Xã Tân Trịnh", Some(list)), commune("Xã Bằng Lang", None)];
    let file = folder.path().join("tong-hop.xlsx");
    let totals = CompiledTotals { communes: totals.to_vec(), root: Some("0f".repeat(32)) };
    fs::write(&file, write_compiled(&book, &totals, AS_OF).unwrap()).unwrap();
    if convert(&file, EVERY_SHEET, folder.path()).is_none() {
        return;
    }
    let texts = sheets(folder.path());
    assert_eq!(texts.len(), 5);
    let totals = texts.iter().find(|text| text.contains(root)).expect("the sheet of totals");
    assert!(totals.contains(",Tổng cộng,,48,12,25%,48,5,"), "{totals}");
    assert!(totals.contains("chưa lập danh sách"), "{totals}");
    assert!(totals.contains(&"0f".repeat(32)), "{totals}");
}
