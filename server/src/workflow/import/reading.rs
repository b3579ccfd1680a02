//! A workbook read and sorted out: the households that are of this commune, each with its id and village, and the report.
//!
//! Owns every reason for which a household of the file is not taken before anything is known of the database's documents.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use schemas::form::Label;
use schemas::ids::{HouseholdId, UnitId};
use schemas::ledger::Hash;
use sha2::{Digest, Sha256};

use super::Progress;
use super::identity::{Identity, household_id};
use super::place::{self, Named, Village};
use crate::documents::child::Reader;
use crate::documents::workbook::{Done, Found, Item, Options, Refusal, ReportLine, Severity, Sheet, Summary, limits};

/// A household of the file that may be taken.
pub(super) struct Entrant {
    pub(super) id: HouseholdId,
    /// Its village's place among [`Sorter::villages`].
    pub(super) village: usize,
    pub(super) found: Found,
}

/// What the report says beyond what the reader of the file found.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    pub(super) lines: Vec<ReportLine>,
    pub(super) summary: Summary,
}

/// A finding about a household as a whole.
pub(super) struct Remark {
    pub(super) slug: &'static str,
    pub(super) vi: String,
    pub(super) en: String,
    pub(super) was: String,
}

impl Remark {
    pub(super) fn new(slug: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self { slug, vi: vi.into(), en: en.into(), was: String::new() }
    }

    pub(super) fn was(self, was: impl Into<String>) -> Self {
        Self { was: was.into(), ..self }
    }
}

impl Report {
    fn add(&mut self, sheet: Sheet, row: u32, severity: Severity, remark: &Remark, done: Done) {
        *self.summary.findings.entry(remark.slug.to_owned()).or_default() += 1;
        let text = Label { vi: remark.vi.clone(), en: remark.en.clone() };
        let (slug, was, column) = (remark.slug.to_owned(), remark.was.clone(), String::new());
        self.lines.push(ReportLine { sheet: Some(sheet), row, column, severity, slug, text, was, done });
    }

    /// Says of every row of a household that it is not in the data.
    pub(super) fn leave_out(&mut self, found: &Found, severity: Severity, remark: &Remark) {
        for row in &found.rows {
            self.add(found.sheet, *row, severity, remark, Done::RowLeftOut);
        }
        let rows = found.rows.len() as u64;
        self.summary.rows_left_out += rows;
        self.summary.members = self.summary.members.saturating_sub(rows);
        self.summary.households = self.summary.households.saturating_sub(1);
    }

    /// Says something of a household that is taken.
    pub(super) fn remark(&mut self, found: &Found, remark: &Remark, done: Done) {
        let row = found.rows.first().copied().unwrap_or_default();
        self.add(found.sheet, row, Severity::Warning, remark, done);
    }
}

/// A file as it was read.
pub(super) struct Reading {
    pub(super) file: Hash,
    pub(super) found: Vec<Found>,
    pub(super) report: Report,
}

/// Reads a file to its end. Blocks.
pub(super) fn read(
    reader: Reader,
    path: &Path,
    options: Options,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<Reading, Refusal> {
    let file = Hash(hash_of(path)?);
    let (mut found, mut lines) = (Vec::new(), Vec::new());
    let summary = reader.read(path, options, &mut |item| match item {
        Item::Household(household) => found.push(*household),
        Item::Report(line) if lines.len() <= limits::FINDINGS => lines.push(line),
        Item::Report(_) => {}
        Item::Progress { row, .. } => progress(Progress::Reading { row }),
    })?;
    match lines.len() > limits::FINDINGS {
        true => Err(Refusal::too_many_findings()),
        false => Ok(Reading { file, found, report: Report { lines, summary } }),
    }
}

fn hash_of(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = [0; 8192];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Sorts out the households of a file by commune, village and identity, in the order of the file.
pub(super) struct Sorter<'a> {
    pub(super) commune: UnitId,
    pub(super) commune_name: &'a str,
    /// The commune's villages, and behind them those that the list brings.
    pub(super) villages: Vec<Village>,
    pub(super) seen: BTreeMap<Identity, (Sheet, u32)>,
}

impl Sorter<'_> {
    /// The household with its place and id; `None` when it is left out, which the report then says.
    pub(super) fn take(&mut self, found: Found, report: &mut Report) -> Option<Entrant> {
        match self.placed(&found, report) {
            Err((severity, remark)) => {
                report.leave_out(&found, severity, &remark);
                None
            }
            Ok((id, village)) => Some(Entrant { id, village, found }),
        }
    }

    fn placed(&mut self, found: &Found, report: &mut Report) -> Result<(HouseholdId, usize), (Severity, Remark)> {
        if let Some(other) = place::other_commune(&found.household.place, self.commune_name) {
            let remark = Remark::new("commune/other", "hộ của xã khác", "a household of another commune");
            return Err((Severity::Warning, remark.was(other)));
        }
        let identity = Identity::of_household(&found.household);
        let known = self.seen.get(&identity).copied();
        let counter = match known {
            None => 0,
            Some((sheet, _)) if sheet != found.sheet => {
                let (vi, en) = ("hộ đã có ở trang trước", "the household stands on a sheet before");
                return Err((Severity::Warning, Remark::new("household/on-two-sheets", vi, en).was(sheet.tab())));
            }
            Some((_, counter)) => {
                let (vi, en) = ("hai hộ có cùng chủ hộ; nhập thành hai hộ", "two households of one head; both taken");
                report.remark(found, &Remark::new("household/same-head", vi, en), Done::Kept);
                counter + 1
            }
        };
        let village = self.village(found, report)?;
        let id = household_id(self.commune, &identity, counter);
        self.seen.insert(identity, (found.sheet, counter));
        Ok((id, village))
    }

    fn village(&mut self, found: &Found, report: &mut Report) -> Result<usize, (Severity, Remark)> {
        let written = place::village_written(&found.household.place);
        if written.is_empty() {
            let remark = Remark::new("village/missing", "không ghi thôn, bản", "no village is given");
            return Err((Severity::Error, remark));
        }
        match place::find(&self.villages, &written) {
            Named::Village(at) => Ok(at),
            Named::WrittenOtherwise(at) => {
                let name = self.villages[at].name.clone();
                let (vi, en) = ("tên thôn viết khác", "the village is written otherwise");
                report.remark(
                    found,
                    &Remark::new("village/written-otherwise", vi, en).was(written),
                    Done::Mended(name),
                );
                Ok(at)
            }
            Named::New => {
                self.villages.push(Village { id: None, name: written });
                Ok(self.villages.len() - 1)
            }
            Named::Ambiguous => {
                let (vi, en) = ("tên thôn có thể là nhiều thôn của xã", "the name could mean several villages");
                Err((Severity::Error, Remark::new("village/ambiguous", vi, en).was(written)))
            }
        }
    }
}
