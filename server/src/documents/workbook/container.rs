//! A look at the container and at every XML part before the spreadsheet library sees them.
//!
//! Owns the refusals of bombs, encryption, macros, links to other files, entities, and of numbers that would make a reader
//! reserve memory or overflow. What the cells mean is not looked at here.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;
use std::rc::Rc;

use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::limits;
use super::refusal::{Container, Measure, Refusal};

/// What a file is, as far as its bytes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Xlsx,
    Csv,
}

/// Tells what a file is and refuses what must not be opened.
pub(super) fn inspect(path: &Path) -> Result<Kind, Refusal> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limits::FILE_BYTES {
        return Err(Refusal::too_much(Measure::FileBytes, limits::FILE_BYTES));
    }
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start)?;
    file.rewind()?;
    match start.as_slice() {
        [] => Err(Refusal::WrongContainer { found: Container::Empty }),
        [b'P', b'K', ..] => inspect_zip(file, size).map(|()| Kind::Xlsx),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(inspect_old_office(file)?),
        [b'%', b'P', b'D', b'F', ..] => Err(Refusal::WrongContainer { found: Container::Pdf }),
        start if is_html(start) => Err(Refusal::WrongContainer { found: Container::Html }),
        start if start.contains(&0) => Err(Refusal::WrongContainer { found: Container::Unknown }),
        _ => inspect_text(file).map(|()| Kind::Csv),
    }
}

fn is_html(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(start).to_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("<!doctype")
        || start.starts_with("<html")
        || start.starts_with("<?xml")
        || start.contains("<table")
}

fn inspect_old_office(mut file: File) -> io::Result<Refusal> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    Ok(match bytes.windows(stream.len()).any(|window| window == stream) {
        true => Refusal::Encrypted,
        false => Refusal::WrongContainer { found: Container::OldOffice },
    })
}

fn inspect_text(file: File) -> Result<(), Refusal> {
    let mut bytes = Vec::new();
    BufReader::new(file).read_to_end(&mut bytes)?;
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::WrongContainer { found: Container::OtherText }),
    }
}

fn inspect_zip(file: File, size: u64) -> Result<(), Refusal> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| Refusal::damaged("zip", error))?;
    if archive.len() > limits::PARTS {
        return Err(Refusal::too_much(Measure::Parts, limits::PARTS as u64));
    }
    let names: Vec<String> = archive.file_names().filter_map(Result::ok).map(|name| name.to_string()).collect();
    refuse_by_names(&names)?;
    let meter = Meter::new(size);
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| Refusal::damaged("zip", error))?;
        let name = part.name().map_err(|error| Refusal::damaged("zip", error))?.to_string();
        if part.encrypted() {
            return Err(Refusal::Encrypted);
        }
        if [".xml", ".rels", ".vml"].iter().any(|end| name.to_lowercase().ends_with(end)) {
            inspect_xml(&name, BufReader::new(Metered { inner: part, meter: meter.clone() }), &meter)?;
        }
    }
    Ok(())
}

fn refuse_by_names(names: &[String]) -> Result<(), Refusal> {
    let holds = |wanted: &str| names.iter().find(|name| name.to_lowercase().contains(wanted)).cloned();
    if let Some(part) = holds("vbaproject").or_else(|| holds("macrosheets/")) {
        return Err(Refusal::Macros { part });
    }
    if let Some(part) = holds("externallinks/") {
        return Err(Refusal::ExternalLinks { part });
    }
    let found = match holds("xl/workbook.xml").or_else(|| holds("[content_types].xml")) {
        _ if holds("xl/workbook.bin").is_some() => Container::BinaryWorkbook,
        Some(_) => return Ok(()),
        None if holds("content.xml").is_some() => Container::OpenDocument,
        None => Container::OtherZip,
    };
    Err(Refusal::WrongContainer { found })
}

/// Counts what is unpacked, in all and since the last piece of XML that was complete.
#[derive(Clone)]
struct Meter {
    unpacked: Rc<Cell<u64>>,
    token: Rc<Cell<usize>>,
    allowed: u64,
}

impl Meter {
    fn new(packed: u64) -> Self {
        let by_ratio = (packed.saturating_mul(limits::UNPACKED_RATIO)).max(limits::RATIO_FREE_BYTES);
        Self { unpacked: Rc::default(), token: Rc::default(), allowed: by_ratio.min(limits::UNPACKED_BYTES) }
    }

    fn refusal(&self) -> Option<Refusal> {
        if self.unpacked.get() > self.allowed {
            return Some(match self.allowed == limits::UNPACKED_BYTES {
                true => Refusal::too_much(Measure::UnpackedBytes, limits::UNPACKED_BYTES),
                false => Refusal::too_much(Measure::UnpackedRatio, limits::UNPACKED_RATIO),
            });
        }
        let long = self.token.get() > limits::XML_TOKEN_BYTES;
        long.then(|| Refusal::too_much(Measure::XmlTokenBytes, limits::XML_TOKEN_BYTES as u64))
    }
}

struct Metered<R> {
    inner: R,
    meter: Meter,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.meter.unpacked.set(self.meter.unpacked.get() + count as u64);
        self.meter.token.set(self.meter.token.get() + count);
        match self.meter.refusal() {
            Some(refusal) => Err(io::Error::other(refusal.to_string())),
            None => Ok(count),
        }
    }
}

/// What a part was seen to hold so far.
#[derive(Default)]
struct Seen {
    depth: u32,
    cells: u64,
    texts: u64,
    merged: usize,
    sheets: usize,
}

fn inspect_xml(part: &str, source: impl BufRead, meter: &Meter) -> Result<(), Refusal> {
    let mut xml = quick_xml::Reader::from_reader(source);
    let (mut seen, mut buffer) = (Seen::default(), Vec::new());
    meter.token.set(0);
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer);
        if let Some(refusal) = meter.refusal() {
            return Err(refusal);
        }
        meter.token.set(0);
        match event.map_err(|error| Refusal::damaged(part, error))? {
            Event::Start(tag) => {
                seen.depth += 1;
                inspect_tag(part, &tag, &mut seen)?;
            }
            Event::Empty(tag) => inspect_tag(part, &tag, &mut seen)?,
            Event::End(_) => seen.depth = seen.depth.saturating_sub(1),
            Event::DocType(_) => return Err(Refusal::Entities { part: part.to_owned() }),
            Event::Eof => return Ok(()),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

fn inspect_tag(part: &str, tag: &BytesStart<'_>, seen: &mut Seen) -> Result<(), Refusal> {
    if seen.depth > limits::XML_DEPTH {
        return Err(Refusal::too_much(Measure::XmlDepth, limits::XML_DEPTH));
    }
    match tag.local_name().as_ref() {
        "c" => count_up(&mut seen.cells, limits::CELLS, Measure::Cells),
        "si" => count_up(&mut seen.texts, limits::SHARED_STRINGS, Measure::SharedStrings),
        // The library reserves room for as many texts as the part claims to have.
        "sst" => match attribute(part, tag, "uniqueCount")?.map(|count| count.parse::<u64>()) {
            Some(Ok(count)) if count > limits::SHARED_STRINGS => {
                Err(Refusal::too_much(Measure::SharedStrings, limits::SHARED_STRINGS))
            }
            Some(_) | None => Ok(()),
        },
        "mergeCell" => {
            seen.merged += 1;
            if seen.merged > limits::MERGED_AREAS {
                return Err(Refusal::too_much(Measure::MergedAreas, limits::MERGED_AREAS as u64));
            }
            inspect_area(part, tag)
        }
        "dimension" => inspect_area(part, tag),
        "row" => match attribute(part, tag, "r")?.map(|row| row.parse::<u32>()) {
            Some(Ok(row)) if row > limits::ROWS => Err(Refusal::too_much(Measure::Rows, limits::ROWS)),
            Some(_) | None => Ok(()),
        },
        "sheet" => {
            seen.sheets += 1;
            let many = part.ends_with("workbook.xml") && seen.sheets > limits::SHEETS;
            if many { Err(Refusal::too_much(Measure::Sheets, limits::SHEETS as u64)) } else { Ok(()) }
        }
        "Relationship" => inspect_relationship(part, tag),
        "Override" | "Default" => match attribute(part, tag, "ContentType")? {
            Some(kind) if kind.contains("macroEnabled") => Err(Refusal::Macros { part: part.to_owned() }),
            Some(_) | None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn count_up(count: &mut u64, limit: u64, what: Measure) -> Result<(), Refusal> {
    *count += 1;
    if *count > limit { Err(Refusal::too_much(what, limit)) } else { Ok(()) }
}

/// An area must run from its upper left to its lower right, or the library's subtraction overflows.
fn inspect_area(part: &str, tag: &BytesStart<'_>) -> Result<(), Refusal> {
    let area = attribute(part, tag, "ref")?.unwrap_or_default();
    let corners: Vec<_> = area.split(':').map(position).collect();
    let sound = match corners.as_slice() {
        [Some(_)] => true,
        [Some(from), Some(to)] => from.0 <= to.0 && from.1 <= to.1,
        _ => false,
    };
    if sound { Ok(()) } else { Err(Refusal::damaged(part, format!("area {area:?}"))) }
}

/// Row and column of `AB12`, both from 1; `None` for anything else.
fn position(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (column, row) = text.split_at(digits);
    let fits = (1..=3).contains(&column.len()) && column.bytes().all(|b| b.is_ascii_uppercase());
    let column = column.bytes().fold(0, |number, letter| number * 26 + u32::from(letter.saturating_sub(b'A')) + 1);
    let row = row.parse().ok().filter(|row| (1..=1 << 20).contains(row))?;
    fits.then_some((row, column))
}

fn inspect_relationship(part: &str, tag: &BytesStart<'_>) -> Result<(), Refusal> {
    let kind = attribute(part, tag, "Type")?.unwrap_or_default();
    let kind = kind.rsplit('/').next().unwrap_or_default();
    let external = attribute(part, tag, "TargetMode")?.is_some_and(|mode| mode == "External");
    // A link that a person may click is harmless; whatever is loaded by itself is not.
    if external && kind != "hyperlink" {
        return Err(Refusal::ExternalLinks { part: part.to_owned() });
    }
    let target = attribute(part, tag, "Target")?.unwrap_or_default();
    let read_as_xml = matches!(kind, "worksheet" | "officeDocument" | "sharedStrings" | "styles" | "theme");
    if read_as_xml && !target.to_lowercase().ends_with(".xml") {
        return Err(Refusal::damaged(part, format!("{kind} in {target:?}")));
    }
    Ok(())
}

fn attribute(part: &str, tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Refusal> {
    let found = tag.try_get_attribute(name).map_err(|error| Refusal::damaged(part, error))?;
    Ok(found.map(|attribute| attribute.value.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_that_are_none_are_not_read() {
        for text in ["", "A", "1", "A0", "a1", "ABCD1", "A99999999999", "A-1", "Ă1"] {
            assert_eq!(position(text), None, "{text}");
        }
        assert_eq!(position("AA1000"), Some((1000, 27)));
    }
}
