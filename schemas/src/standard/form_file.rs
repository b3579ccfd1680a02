//! Forms as files: sections, questions, choices, limits, labels and sources.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::fault::Reason;
use super::read::Reading;
use crate::form::{Choice, Citation, Kind, Label, Question, Scope, Section};
use crate::rules::{Condition, MOST_CHOICES};
use crate::value::Key;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SectionEntry {
    key: Key,
    scope: Scope,
    vi: String,
    en: String,
    #[serde(default)]
    requested: bool,
    source: Citation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionEntry {
    key: Key,
    section: Key,
    kind: KindName,
    vi: String,
    en: String,
    min: Option<i64>,
    max: Option<i64>,
    decimals: Option<u8>,
    unit: Option<String>,
    max_length: Option<usize>,
    choices: Option<Vec<ChoiceEntry>>,
    #[serde(default)]
    roster: bool,
    #[serde(default)]
    carried: bool,
    relevant: Option<Condition>,
    #[serde(default)]
    audio: BTreeMap<String, String>,
    source: Option<Citation>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
    Bool,
    Number,
    Text,
    Choice,
    Date,
    CitizenId,
    Point,
    Photo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChoiceEntry {
    code: String,
    vi: String,
    en: String,
}

/// Sections with what their questions inherit, and the questions, as far as they have been read.
#[derive(Default)]
pub(super) struct Forms {
    pub(super) sections: Vec<(Section, Scope, Citation)>,
    pub(super) questions: Vec<Question>,
    /// The file and entry of each question, for faults found later; absent for inherited ones.
    pub(super) origins: Vec<(String, String)>,
}

impl Forms {
    /// Reads one file of `forms/`.
    pub(super) fn read(&mut self, reading: &mut Reading, name: &str, text: &str) {
        let mut file = reading.open(name, text);
        let sections: Vec<(String, SectionEntry)> = file.take_list("section");
        let questions: Vec<(String, QuestionEntry)> = file.take_list("question");
        file.close();
        for (entry, section) in sections {
            match self.section(&section.key) {
                Some(_) => reading.fault(name, entry, Reason::Duplicate),
                None => self.sections.push(section.finish()),
            }
        }
        for (entry, question) in questions {
            let question = self.finish(question);
            if let Some(question) = reading.keep(name, &entry, question) {
                self.questions.push(question);
                self.origins.push((name.to_owned(), entry));
            }
        }
    }

    fn section(&self, key: &Key) -> Option<&(Section, Scope, Citation)> {
        self.sections.iter().find(|(section, ..)| section.key == *key)
    }

    fn finish(&self, entry: QuestionEntry) -> Result<Question, Reason> {
        let Some((_, scope, inherited)) = self.section(&entry.section) else {
            return Err(Reason::UnknownSection(entry.section));
        };
        if self.questions.iter().any(|question| question.scope == *scope && question.key == entry.key) {
            return Err(Reason::Duplicate);
        }
        let citation = entry.source.clone().unwrap_or_else(|| inherited.clone());
        Ok(Question {
            scope: *scope,
            kind: entry.answer_kind()?,
            key: entry.key,
            section: entry.section,
            label: Label { vi: entry.vi, en: entry.en },
            roster: entry.roster,
            carried: entry.carried,
            relevant: entry.relevant,
            audio: spoken(entry.audio)?,
            citation,
        })
    }
}

/// Recordings by language. Their names become addresses: nothing but letters, digits, hyphens and dots.
fn spoken(audio: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Reason> {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let is_name = |text: &str| (1..=80).contains(&text.len()) && is_plain(text) && !text.starts_with('.');
    match audio.iter().find(|(language, file)| !is_name(language) || !is_name(file)) {
        Some((language, file)) => Err(Reason::AudioName(format!("{language} = {file}"))),
        None => Ok(audio),
    }
}

impl SectionEntry {
    fn finish(self) -> (Section, Scope, Citation) {
        let label = Label { vi: self.vi, en: self.en };
        let section = Section { key: self.key, label, requested: self.requested };
        (section, self.scope, self.source)
    }
}

impl QuestionEntry {
    /// The kind with its limits; limits of another kind are a fault, not a silence.
    fn answer_kind(&self) -> Result<Kind, Reason> {
        let number = [self.min.is_some(), self.max.is_some(), self.decimals.is_some(), self.unit.is_some()];
        let given = (number.contains(&true), self.max_length.is_some(), self.choices.is_some());
        let fits = match self.kind {
            KindName::Number => !given.1 && !given.2,
            KindName::Text => !given.0 && !given.2,
            KindName::Choice => !given.0 && !given.1,
            KindName::Bool | KindName::Date | KindName::CitizenId | KindName::Point | KindName::Photo => {
                given == (false, false, false)
            }
        };
        if !fits {
            return Err(Reason::Malformed("limits or choices of another kind of question".into()));
        }
        match self.kind {
            KindName::Bool => Ok(Kind::Bool),
            KindName::Date => Ok(Kind::Date),
            KindName::CitizenId => Ok(Kind::CitizenId),
            KindName::Point => Ok(Kind::Point),
            KindName::Photo => Ok(Kind::Photo),
            KindName::Text => {
                let max_length = self.max_length.filter(|length| *length > 0);
                max_length.map(|max_length| Kind::Text { max_length }).ok_or_else(|| lacks("max_length"))
            }
            KindName::Number => self.number_kind(),
            KindName::Choice => self.choice_kind(),
        }
    }

    fn number_kind(&self) -> Result<Kind, Reason> {
        let (Some(min), Some(max)) = (self.min, self.max) else { return Err(lacks("min, max")) };
        match (min <= max, self.decimals.unwrap_or(0)) {
            (true, decimals @ 0..=6) => {
                Ok(Kind::Number { min, max, decimals, unit: self.unit.clone().unwrap_or_default() })
            }
            _ => Err(Reason::Malformed("min above max, or more than 6 decimals".into())),
        }
    }

    fn choice_kind(&self) -> Result<Kind, Reason> {
        let choices = self.choices.as_deref().filter(|choices| (1..=MOST_CHOICES).contains(&choices.len()));
        let choices = choices.ok_or_else(|| lacks("choices (1 to 64)"))?;
        for (at, choice) in choices.iter().enumerate() {
            if choices[..at].iter().any(|earlier| earlier.code == choice.code) {
                return Err(Reason::Malformed(format!("choice {:?} stands there twice", choice.code)));
            }
        }
        Ok(Kind::Choice { choices: choices.iter().map(ChoiceEntry::finish).collect() })
    }
}

impl ChoiceEntry {
    fn finish(&self) -> Choice {
        Choice { code: self.code.clone(), label: Label { vi: self.vi.clone(), en: self.en.clone() } }
    }
}

fn lacks(field: &str) -> Reason {
    Reason::Malformed(format!("missing field `{field}`"))
}
