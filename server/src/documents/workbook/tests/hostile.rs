//! Files that are refused.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;

use super::*;
use crate::documents::workbook::limits;

fn zip_of(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in parts {
        writer.start_file(*name, packed).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A whole small workbook with one part put in or replaced.
fn workbook_with(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(Cursor::new(workbook_of(vec![head()]))).unwrap();
    let mut parts = Vec::new();
    for at in 0..archive.len() {
        let mut part = archive.by_index(at).unwrap();
        let part_name = part.name().unwrap().to_string();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut content).unwrap();
        parts.push((part_name, content));
    }
    parts.retain(|(part, _)| part != name);
    parts.push((name.to_owned(), bytes.to_vec()));
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    zip_of(&parts)
}

fn slug(bytes: &[u8]) -> String {
    match read_bytes(bytes, ".xlsx") {
        Ok(_) => "read".into(),
        Err(Refusal::TooMuch { what, .. }) => format!("workbook/too-much {what}"),
        Err(refusal) => refusal.slug().into(),
    }
}

#[test]
fn files_of_other_kinds_are_named() {
    let ole = [&[0xd0, 0xcf, 0x11, 0xe0][..], &[0; 600]].concat();
    for (bytes, found) in [
        (&b""[..], "an empty file"),
        (b"<html><table><tr><td>STT", "a renamed web page (HTML)"),
        (b"\xef\xbb\xbf <!DOCTYPE html>", "a renamed web page (HTML)"),
        (b"%PDF-1.7", "a PDF"),
        (&ole, "an Excel 97-2003 file (.xls)"),
        (&zip_of(&[("a.txt", b"x")]), "an archive without a workbook"),
        (&zip_of(&[("content.xml", b"<x/>"), ("mimetype", b"")]), "an OpenDocument file (.ods)"),
        (&zip_of(&[("xl/workbook.bin", b"x"), ("[Content_Types].xml", b"<x/>")]), "a binary workbook (.xlsb)"),
        (b"Nguy\xd4n V\xa8n", "text that is not UTF-8"),
        (b"\x01\x00\x02", "a file of unknown kind"),
    ] {
        let Err(Refusal::WrongContainer { found: container }) = read_bytes(bytes, ".xlsx") else {
            panic!("{found} was read");
        };
        assert_eq!(container.to_string(), found);
    }
}

#[test]
fn encrypted_files_are_refused() {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(slug(&[&[0xd0, 0xcf, 0x11, 0xe0][..], &[0; 600], &name].concat()), "workbook/encrypted");
}

#[test]
fn macros_and_links_to_other_files_are_refused() {
    assert_eq!(slug(&workbook_with("xl/vbaProject.bin", b"x")), "workbook/macros");
    let types = br#"<Types><Override PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>"#;
    assert_eq!(slug(&workbook_with("[Content_Types].xml", types)), "workbook/macros");
    assert_eq!(slug(&workbook_with("xl/externalLinks/externalLink1.xml", b"<x/>")), "workbook/external-links");
    let relation = br#"<Relationships><Relationship Id="r1" Type="http://x/oleObject" Target="file:///c:/x" TargetMode="External"/></Relationships>"#;
    assert_eq!(slug(&workbook_with("xl/worksheets/_rels/sheet1.xml.rels", relation)), "workbook/external-links");
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let mut zeros = br#"<worksheet><sheetData>"#.to_vec();
    zeros.extend(br#"<row r="9"><c r="A9"><v>0</v></c></row>"#.repeat(2_000_000));
    assert_eq!(slug(&workbook_with(SHEET, &zeros)), "workbook/too-much compression ratio");
    let long = [&b"<worksheet a=\""[..], &vec![b'x'; limits::XML_TOKEN_BYTES + 70_000], b"\"/>"].concat();
    assert_eq!(slug(&workbook_with(SHEET, &long)), "workbook/too-much length of one XML tag or text");
}

#[test]
fn entities_are_refused_where_they_are_declared() {
    let laughs =
        br#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><sst uniqueCount="1"><si><t>&b;</t></si></sst>"#;
    assert_eq!(slug(&workbook_with("xl/sharedStrings.xml", laughs)), "workbook/entities");
}

#[test]
fn deep_nesting_is_refused() {
    let deep = "<x>".repeat(limits::XML_DEPTH as usize + 2);
    assert_eq!(slug(&workbook_with(SHEET, deep.as_bytes())), "workbook/too-much nesting of XML");
}

#[test]
fn numbers_that_would_break_the_reader_are_refused() {
    let many = br#"<sst uniqueCount="18446744073709551615"></sst>"#;
    assert_eq!(slug(&workbook_with("xl/sharedStrings.xml", many)), "workbook/too-much shared texts");
    let upside_down = br#"<worksheet><dimension ref="C9:A1"/><sheetData/></worksheet>"#;
    assert_eq!(slug(&workbook_with(SHEET, upside_down)), "workbook/damaged");
    let far = br#"<worksheet><sheetData><row r="1048576"/></sheetData></worksheet>"#;
    assert_eq!(slug(&workbook_with(SHEET, far)), "workbook/too-much rows");
    let wide = br#"<worksheet><sheetData><row r="9"><c r="XFD9"><v>1</v></c></row></sheetData></worksheet>"#;
    assert_eq!(slug(&workbook_with(SHEET, wide)), "workbook/too-much columns");
}

#[test]
fn sheets_hidden_in_parts_that_are_not_looked_at_are_refused() {
    let relations = br#"<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/evil.dat"/></Relationships>"#;
    assert_eq!(slug(&workbook_with("xl/_rels/workbook.xml.rels", relations)), "workbook/damaged");
}

#[test]
fn too_many_parts_or_sheets_are_refused() {
    let names: Vec<String> = (0..=limits::PARTS).map(|at| format!("xl/{at}.xml")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"<x/>"[..])).collect();
    assert_eq!(slug(&zip_of(&parts)), "workbook/too-much parts in the file");
    let sheets = format!("<workbook><sheets>{}</sheets></workbook>", "<sheet/>".repeat(limits::SHEETS + 1));
    assert_eq!(slug(&workbook_with("xl/workbook.xml", sheets.as_bytes())), "workbook/too-much sheets");
}

#[test]
fn a_broken_csv_is_refused() {
    let wide = ",".repeat(limits::COLUMNS as usize + 5);
    assert_eq!(slug(wide.as_bytes()), "workbook/too-much columns");
}

#[test]
fn a_whole_workbook_passes_the_same_gate() {
    assert_eq!(slug(&workbook_with("docProps/custom2.xml", b"<x/>")), "read");
}
