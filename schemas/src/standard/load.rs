//! From a set of files to a standard: read, bind, run the examples.

use std::collections::BTreeSet;

use super::criteria::{self, Criterion};
use super::fault::{Faults, Reason};
use super::form_file::Forms;
use super::header::{self, Header};
use super::read::Reading;
use super::{Procedure, Standard, StandardHash, bind, example, points_file, procedure};

/// Everything read, nothing bound.
pub(super) struct Parts {
    pub(super) header: Header,
    pub(super) forms: Forms,
    pub(super) criteria: Vec<Criterion>,
    pub(super) procedures: Vec<Procedure>,
    pub(super) hash: StandardHash,
}

pub(super) fn load(files: &[(&str, &str)], known: &[&Standard]) -> Result<Standard, Faults> {
    let mut reading = Reading::default();
    let parts = read(&mut reading, files, known);
    reading.finish()?;
    // Reading without a fault leaves all parts; an empty list of faults stands for "nothing was given".
    let mut standard = bind::bind(parts.ok_or_else(|| Faults(Vec::new()))?)?;
    standard.points = points_file::load_all(&standard, files)?;
    example::run_all(&standard, files)?;
    Ok(standard)
}

fn read(reading: &mut Reading, files: &[(&str, &str)], known: &[&Standard]) -> Option<Parts> {
    let mut names = BTreeSet::new();
    for (name, _) in files {
        if !names.insert(*name) || !belongs(name) {
            reading.fault(name, "", Reason::UnexpectedFile);
        }
    }
    let header = required(reading, files, header::FILE).and_then(|text| Header::read(reading, text));
    let criteria = required(reading, files, criteria::FILE).map(|text| criteria::read(reading, text));
    let procedures = required(reading, files, procedure::FILE).map(|text| procedure::read(reading, text));
    let header = header?;
    let forms = read_forms(reading, files, &header, known);
    let hash = StandardHash::of(files);
    Some(Parts { header, forms, criteria: criteria?, procedures: procedures?, hash })
}

fn belongs(name: &str) -> bool {
    let (folder, file) = name.split_once('/').unwrap_or(("", name));
    match folder {
        "" => [header::FILE, criteria::FILE, procedure::FILE].contains(&file),
        "forms" | "examples" => file.ends_with(".toml"),
        "points" => file.ends_with(".toml") || file.ends_with(".csv"),
        _ => false,
    }
}

fn required<'a>(reading: &mut Reading, files: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    let text = files.iter().find(|(found, _)| *found == name).map(|(_, text)| *text);
    if text.is_none() {
        reading.fault(name, "", Reason::MissingFile);
    }
    text
}

/// The files of one folder with one ending, in the order of their names.
pub(super) fn folder<'a>(files: &[(&'a str, &'a str)], folder: &str, ending: &str) -> Vec<(&'a str, &'a str)> {
    let inside = |name: &str| name.starts_with(folder) && name.ends_with(ending);
    let mut found: Vec<_> = files.iter().copied().filter(|(name, _)| inside(name)).collect();
    found.sort_unstable();
    found
}

/// The questions of the standard that this one builds on come first, then its own.
fn read_forms(reading: &mut Reading, files: &[(&str, &str)], header: &Header, known: &[&Standard]) -> Forms {
    let mut forms = Forms::default();
    if let Some(id) = &header.about.builds_on {
        match known.iter().find(|standard| standard.id == *id) {
            Some(base) => {
                forms.sections = base.sections.clone();
                forms.questions = base.form.questions().to_vec();
                forms.origins = vec![(format!("{id}"), "form".to_owned()); forms.questions.len()];
            }
            None => reading.fault(header::FILE, "standard", Reason::UnknownBase(id.to_string())),
        }
    }
    for (name, text) in folder(files, "forms/", ".toml") {
        forms.read(reading, name, text);
    }
    forms
}
