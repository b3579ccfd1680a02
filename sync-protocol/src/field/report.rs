//! What a phone tells about its households: one of them whole, where each stands, and all of them as a file.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::Date;
use schemas::codes::names::NameSearch;
use schemas::doubt::{self, Doubt};
use schemas::form::{Kind, Label, Question, Scope};
use schemas::household::{Household, SectionKey};
use schemas::ids::{AccountId, HouseholdId, RoundId, UnitId};
use schemas::rules::{AreaType, B1Mode, ClassSet, Place, Region, Report, Training, classify};
use schemas::standard::Standard;
use schemas::standards::Standards;
use schemas::value::{Key, Value};
use serde::{Deserialize, Serialize};

use super::FieldFault;
use crate::device::{BlobState, Device, DeviceDocument, Need, OwnBlob, Seen, Status, View};
use crate::disagreement::{self, Disagreement};
use crate::hash::{ActorId, ChangeHash};
use crate::history::{History, Node, SectionValue};
use crate::impact::{self, Possible};
use crate::journal;
use crate::words;

/// A household with where it belongs: what `export` writes and `new` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FiledHousehold {
    /// Its village.
    pub village: UnitId,
    /// Its round.
    pub round: RoundId,
    /// The household itself.
    #[serde(flatten)]
    pub household: Household,
}

impl FiledHousehold {
    /// Whether the head is meant; a household without a head is found by whoever looks for everybody.
    pub fn is_meant(&self, search: &NameSearch) -> bool {
        search.finds(&head_of(&self.household).unwrap_or_default())
    }
}

/// A household as `show` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct HouseholdView {
    /// The household in one of the views.
    #[serde(flatten)]
    pub filed: FiledHousehold,
    /// The form that it is filled in on.
    pub form: String,
    /// The changes that nothing builds on.
    pub heads: Vec<String>,
    /// What looks odd, as the office sees it too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Doubt>,
    /// Where people said different things.
    pub disagreements: Vec<DisagreementView>,
    /// What the standard makes of it, when that was asked for and the standard is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<Report>,
    /// Where its newest work is, and why somebody is needed.
    pub standing: Option<Line>,
    /// What colleagues have written and the server has not told of yet, whether the view shows it or not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub colleagues: Vec<SeenView>,
    /// Every class that settling the open disagreements one way or another can give, over all reports; absent
    /// when nothing was scored, or when there are too many ways to look at: then it may be any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassSet>,
}

/// A colleague's change that the server has not told of yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SeenView {
    /// The change.
    pub change: String,
    /// The account that says to have written it.
    pub account: AccountId,
    /// Its clock, in milliseconds since 1970.
    pub device_clock_ms: i64,
}

/// An open disagreement.
#[derive(Clone, Debug, Serialize)]
pub struct DisagreementView {
    /// Its name, as `settle` takes it.
    pub id: String,
    /// The section.
    pub section: SectionKey,
    /// Whether it is about something that the official list prints.
    pub touches_roster: bool,
    /// The questions that are answered differently.
    pub questions: Vec<String>,
    /// What stood there before.
    pub base: serde_json::Value,
    /// What was said, numbered from 1 as `settle --take` counts.
    pub sides: Vec<SideView>,
}

/// One side of a disagreement.
#[derive(Clone, Debug, Serialize)]
pub struct SideView {
    /// Its number.
    pub side: usize,
    /// The section as this side left it.
    pub value: serde_json::Value,
    /// The changes that left it so.
    pub changes: Vec<String>,
    /// When they were written, by the writers' own clocks, in seconds since 1970.
    pub written_at_s: Vec<i64>,
    /// Their actors, each once: the server says which people these are.
    pub actors: Vec<String>,
    /// Whether somebody wrote it on this device, in its present epoch.
    pub is_own: bool,
    /// Every class that is possible if this side holds; absent when nothing was scored, or when there are too many ways to
    /// look at what else is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<ClassSet>,
}

/// Where a household stands, as `list` says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Which household.
    pub household: HouseholdId,
    /// Its village.
    pub village: UnitId,
    /// Its round.
    pub round: RoundId,
    /// Its head's name; `None` while nobody is listed as head.
    pub head: Option<String>,
    /// Where its newest work is: `phone`, `server` or `needs_you`.
    pub stands: &'static str,
    /// The same in words.
    pub words: Label,
    /// Own changes that the server has not answered for.
    pub waiting: usize,
    /// Why somebody is needed, and what was left out by a reviewer.
    pub reasons: Vec<Reason>,
}

/// Why a person is needed, or what a person has said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The stable name: a verdict's, `segment/refused` or `disagreement/open`.
    pub slug: String,
    /// In words.
    #[serde(flatten)]
    pub words: Label,
}

/// A photo as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BlobLine {
    /// Its household.
    pub household: HouseholdId,
    /// SHA-256 of its bytes, hexadecimal.
    pub blob: String,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// `phone`, `server` or `needs_you`.
    pub stands: &'static str,
    /// Why it needs somebody, by its stable name.
    pub reason: Option<String>,
}

impl From<&OwnBlob> for BlobLine {
    fn from(blob: &OwnBlob) -> Self {
        let (stands, reason) = match &blob.state {
            BlobState::Unannounced | BlobState::Announced => ("phone", None),
            BlobState::There => ("server", None),
            BlobState::Refused(slug) => ("needs_you", Some(slug.clone())),
        };
        let (household, size_bytes) = (blob.household, blob.size_bytes);
        Self { household, blob: blob.hash.to_string(), size_bytes, stands, reason }
    }
}

/// Where a round takes B1 from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundPoints {
    /// Typed from the paper form.
    Paper,
    /// Computed by the office's table, which no phone holds.
    #[serde(rename = "points")]
    Table,
    /// Measured income stands in for it: for training, never for recognition.
    Training,
}

/// What a household is scored with where its document does not say: facts of the server and of the round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// Country or town; both are tried when it is not said.
    pub area: Option<AreaType>,
    /// Where the round takes B1 from; both are tried when it is not said.
    pub b1: Option<RoundPoints>,
    /// The day that ages refer to.
    pub as_of: Date,
}

impl Scoring {
    /// The places that are possible.
    fn places(self) -> Vec<Place> {
        let areas = self.area.map_or_else(|| vec![AreaType::Rural, AreaType::Urban], |area| vec![area]);
        // Only points tables look at the region, and a phone holds none.
        areas.into_iter().map(|area| Place { area, region: Region::NorthernMidlandMountain }).collect()
    }

    /// The ways in which B1 may be found. Points that somebody typed say nothing in a round that computes them.
    fn modes(self) -> Vec<B1Mode> {
        match self.b1 {
            Some(RoundPoints::Paper) => vec![B1Mode::Paper],
            Some(RoundPoints::Table) => vec![B1Mode::TableMissing],
            Some(RoundPoints::Training) => vec![B1Mode::Training(Training::MeasuredIncome)],
            None => vec![B1Mode::Paper, B1Mode::TableMissing],
        }
    }

    /// Every place with every way.
    pub(super) fn trials(self) -> Vec<(Place, B1Mode)> {
        let of_place = |place| self.modes().into_iter().map(move |mode| (place, mode));
        self.places().into_iter().flat_map(of_place).collect()
    }
}

impl Device {
    /// One household in a view, scored when that is asked for.
    pub fn show(
        &self,
        household: &HouseholdId,
        view: View,
        standards: &Standards,
        scoring: Option<Scoring>,
    ) -> Result<HouseholdView, FieldFault> {
        let missing = || FieldFault::NoHousehold(*household);
        let history = self.history(household, view).ok_or_else(missing)?;
        let seen = self.seen().iter().find(|seen| seen.household == *household).map(|seen| seen.scope.clone());
        let scope = self.document_scope(household).or(seen).ok_or_else(missing)?;
        let (current, open) = (history.current(), disagreement::open(&history));
        let (reports, classes) = scoring.map(|scoring| scored(&history, standards, scoring)).unwrap_or_default();
        let judge = standards.asking(&history.genesis().form).zip(scoring);
        let sides = Sides { history: &history, open: &open, own: self.author().actor(), judge };
        Ok(HouseholdView {
            form: history.genesis().form.0.clone(),
            heads: history.heads().iter().map(ChangeHash::to_string).collect(),
            disagreements: (0..open.len()).map(|at| sides.disagreement(at)).collect(),
            warnings: doubt::doubts(&current, history.form()),
            classes,
            filed: FiledHousehold { village: scope.village, round: scope.round, household: current },
            standing: self.standing(household),
            colleagues: self.colleagues(household),
            reports,
        })
    }

    /// All households in a view, in the order of their ids; those of which the view knows nothing yet are left out.
    pub fn filed(&self, view: View) -> Vec<FiledHousehold> {
        let known =
            self.households().filter(|(_, document)| view != View::Accepted || !document.accepted_heads().is_empty());
        let mut scopes: BTreeMap<HouseholdId, &journal::Scope> =
            known.map(|(household, document)| (*household, &document.scope)).collect();
        for seen in self.seen().iter().filter(|_| view == View::Preview) {
            scopes.entry(seen.household).or_insert(&seen.scope);
        }
        let filed = scopes.into_iter().filter_map(|(household, scope)| {
            let household = self.household(&household, view)?;
            Some(FiledHousehold { village: scope.village, round: scope.round.clone(), household })
        });
        filed.collect()
    }

    /// What colleagues have written about a household and the server has not told of yet.
    fn colleagues(&self, household: &HouseholdId) -> Vec<SeenView> {
        let of_it = self.seen().iter().filter(|seen| seen.household == *household);
        let view = |seen: &Seen| SeenView {
            change: seen.change.to_string(),
            account: seen.author.account,
            device_clock_ms: seen.wall_ms,
        };
        of_it.map(view).collect()
    }

    /// Where each household stands, in the order of their ids; after them what is unfinished of earlier rounds.
    pub fn lines(&self) -> Vec<Line> {
        let documents = self.households().chain(self.earlier());
        documents.map(|(household, document)| self.line(household, document)).collect()
    }

    /// Where each household stands whose head is meant.
    pub fn find(&self, search: &NameSearch) -> Vec<Line> {
        let is_meant = |line: &Line| search.finds(line.head.as_deref().unwrap_or_default());
        self.lines().into_iter().filter(is_meant).collect()
    }

    /// A question with its answer, in Vietnamese and English; the bare key where the form does not know it.
    pub fn answer_words(&self, household: &HouseholdId, scope: Scope, key: &Key, value: &Value) -> String {
        let history = self.history(household, View::Mine);
        let form = history.as_ref().map(History::form);
        let Some(question) = form.and_then(|form| form.question(scope, key.as_str())) else {
            return format!("{key}: {value}");
        };
        let (question, answer) = (&question.label, answer_label(question, value));
        format!("{}: {} / {}: {}", question.vi, answer.vi, question.en, answer.en)
    }

    /// Where the present document of a household stands.
    pub fn standing(&self, household: &HouseholdId) -> Option<Line> {
        let document = self.document(household)?;
        Some(self.line(household, document))
    }

    fn line(&self, household: &HouseholdId, document: &DeviceDocument) -> Line {
        let Status { stands, waiting, needs } = self.status(household, document);
        let reasons = needs.into_iter().map(|Need { slug, words }| Reason { slug: slug.to_owned(), words }).collect();
        let head = self.household(household, View::Mine).and_then(|household| head_of(&household));
        let (village, round) = (document.scope.village, document.scope.round.clone());
        let (stands, words) = (stands.code(), words::whereabouts(stands));
        Line { household: *household, village, round, head, stands, words, waiting, reasons }
    }
}

/// What the standard that asks a household's form makes of it, and the classes that its open disagreements leave possible.
/// Nothing when the standard is not known; no classes when there are too many ways to look at: then it may be any.
pub fn scored(history: &History, standards: &Standards, scoring: Scoring) -> (Vec<Report>, Option<ClassSet>) {
    let Some(standard) = standards.asking(&history.genesis().form) else { return (Vec::new(), None) };
    let open = disagreement::open(history);
    (reports(standard, &history.current(), scoring), classes(standard, history, &open, scoring))
}

/// What the standard that asks this form says, in each type of area and with each source of B1 that is possible.
fn reports(standard: &Standard, household: &Household, scoring: Scoring) -> Vec<Report> {
    let facts = standard.facts(household);
    let report = |(place, mode): (Place, B1Mode)| {
        let assessment = classify(standard, &facts, &place, scoring.as_of, &mode);
        Report::new(standard, household, &assessment, &place, scoring.as_of, &mode)
    };
    scoring.trials().into_iter().map(report).collect()
}

/// The classes of every household that the open disagreements leave possible: no winner is shown.
fn classes(standard: &Standard, history: &History, open: &[Disagreement], scoring: Scoring) -> Option<ClassSet> {
    classes_of(standard, &impact::possible(history, open), scoring)
}

/// The classes of all these households, whatever of them is so; `None` where they are too many to look at.
fn classes_of(standard: &Standard, possible: &Possible, scoring: Scoring) -> Option<ClassSet> {
    let households = match possible {
        Possible::One(household) => std::slice::from_ref(household.as_ref()),
        Possible::Each(households) => households,
        Possible::TooMany => return None,
    };
    let mut classes = ClassSet::NONE;
    for facts in households.iter().map(|household| standard.facts(household)) {
        for (place, mode) in scoring.trials() {
            let assessment = classify(standard, &facts, &place, scoring.as_of, &mode);
            classes = classes.union(assessment.possible_classes());
        }
    }
    Some(classes)
}

pub(super) fn head_of(household: &Household) -> Option<String> {
    let is_head = |answers: &&schemas::household::Answers| answers.get("relation") == Some(&Value::from("head"));
    let head = household.members.values().find(is_head)?;
    head.get("full_name").map(Value::to_string)
}

/// What is said on each side of the open disagreements of a household, and what it would come to.
struct Sides<'a> {
    history: &'a History,
    open: &'a [Disagreement],
    own: ActorId,
    judge: Option<(&'a Arc<Standard>, Scoring)>,
}

impl Sides<'_> {
    fn disagreement(&self, at: usize) -> DisagreementView {
        let open = &self.open[at];
        DisagreementView {
            id: open.id().to_string(),
            section: open.section.clone(),
            touches_roster: open.touches_roster(self.history),
            questions: open.differing_keys().into_iter().map(str::to_owned).collect(),
            base: section_json(&open.base),
            sides: (0..open.sides.len()).map(|side| self.side(at, side)).collect(),
        }
    }

    fn side(&self, at: usize, number: usize) -> SideView {
        let side = &self.open[at].sides[number];
        let nodes: Vec<&Node> = side.changes.iter().filter_map(|hash| self.history.node(hash)).collect();
        let actors: BTreeSet<ActorId> = nodes.iter().map(|node| node.entry.actor).collect();
        let classes = self.judge.and_then(|(standard, scoring)| {
            classes_of(standard, &impact::possible_if(self.history, self.open, (at, number)), scoring)
        });
        SideView {
            side: number + 1,
            value: section_json(&side.value),
            changes: side.changes.iter().map(ChangeHash::to_string).collect(),
            written_at_s: nodes.iter().map(|node| node.entry.written_at_s).collect(),
            is_own: actors.contains(&self.own),
            actors: actors.iter().map(ActorId::to_string).collect(),
            classes,
        }
    }
}

fn section_json(value: &SectionValue) -> serde_json::Value {
    use serde_json::{Value as Json, json};
    match value {
        SectionValue::Answers(answers) => {
            Json::Object(answers.iter().map(|(key, value)| (key.to_string(), json!(value))).collect())
        }
        SectionValue::Membership(members) => {
            Json::Object(members.iter().map(|(member, standing)| (member.to_string(), json!(standing))).collect())
        }
    }
}

/// An answer for people: a choice by its words, everything else as it stands.
fn answer_label(question: &Question, value: &Value) -> Label {
    let (vi, en) = match (&question.kind, value) {
        (Kind::Choice { choices }, Value::Text(code)) => match choices.iter().find(|choice| choice.code == *code) {
            Some(choice) => return choice.label.clone(),
            None => (code.clone(), code.clone()),
        },
        (_, Value::Bool(true)) => ("có".to_owned(), "yes".to_owned()),
        (_, Value::Bool(false)) => ("không".to_owned(), "no".to_owned()),
        (_, value) => (value.to_string(), value.to_string()),
    };
    Label { vi, en }
}
