//! The list of all households, kept from one look to the next: opening thousands of documents takes seconds on a phone, and
//! few of them have changed.
//!
//! Owns what a line of the list says and when it has to be made again. It can be kept beside a device's snapshot; one that is
//! lost or of another program is made anew.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use schemas::codes::names::fold;
use schemas::form::{Form, Kind, Point, Scope as Asked};
use schemas::household::Household;
use schemas::ids::{HouseholdId, RoundId};
use schemas::standards::Standards;
use schemas::value::Value;

use super::report::head_of;
use super::sheet::Sheet;
use super::survey::Surveys;
use crate::device::{Device, DeviceDocument, Stamp, View, Whereabouts};
use crate::history::History;
use crate::journal::{Scope, from_cbor, to_cbor};

/// Version of a kept list.
const VERSION: u8 = 2;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Listed {
    /// Which household.
    #[n(0)]
    #[cbor(with = "crate::wire::household_id")]
    pub household: HouseholdId,
    /// Its village and round.
    #[n(1)]
    pub scope: Scope,
    /// Its head's name; `None` while nobody is listed as head.
    #[n(2)]
    pub head: Option<String>,
    /// Its address, where it was said.
    #[n(3)]
    pub address: Option<String>,
    /// Where its newest work is.
    #[n(4)]
    pub stands: Whereabouts,
    /// Own changes that the server has not answered for.
    #[n(5)]
    pub waiting: u32,
    /// Why somebody is needed, by stable names.
    #[n(6)]
    pub reasons: Vec<String>,
    /// What the last visit came to; `None` before the first.
    #[n(7)]
    pub outcome: Option<String>,
    /// How much is missing of what the class rests on.
    #[n(8)]
    pub lacks: u32,
    /// Head and address, folded for searching.
    #[n(9)]
    pub search: String,
    /// Where the house stands, latitude and longitude in millionths of a degree; `None` until somebody has measured it
    /// there.
    #[n(10)]
    pub point: Option<(i32, i32)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
struct Kept {
    #[n(0)]
    stamp: Stamp,
    #[n(1)]
    line: Listed,
}

/// All lines, in the order of the households' ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What the lines were made with: another program may know other forms, and the office may say something else.
    made_with: Vec<String>,
    kept: BTreeMap<(HouseholdId, RoundId), Kept>,
}

impl Listing {
    /// Makes every line that is not as its document is any more.
    pub fn refresh(&mut self, device: &Device, standards: &Standards, surveys: &Surveys) {
        let forms = device.forms().iter().map(|form| form.version.0.clone());
        let made_with: Vec<String> = forms.chain(surveys.names()).collect();
        let mut before = std::mem::take(&mut self.kept);
        if self.made_with != made_with {
            (self.made_with, before) = (made_with, BTreeMap::new());
        }
        let maker = Maker { device, standards, surveys };
        for (household, document) in device.households().chain(device.earlier()) {
            let key = (*household, document.scope.round.clone());
            let stamp = document.stamp();
            // Of one that has left, other rows of the log may tell more.
            let fresh = before.remove(&key).filter(|kept| document.is_logged() && kept.stamp == stamp);
            let kept = fresh.unwrap_or_else(|| Kept { stamp, line: maker.line(household, document) });
            self.kept.insert(key, kept);
        }
    }

    /// The lines as they were at the last [`Listing::refresh`].
    pub fn lines(&self) -> impl Iterator<Item = &Listed> {
        self.kept.values().map(|kept| &kept.line)
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let kept: Vec<&Kept> = self.kept.values().collect();
        to_cbor(&(VERSION, &self.made_with, kept))
    }

    /// From bytes; what is not readable is made anew with the next look.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let read: Result<(u8, Vec<String>, Vec<Kept>), _> = from_cbor(bytes);
        let Ok((VERSION, made_with, kept)) = read else { return Self::default() };
        let key = |kept: &Kept| (kept.line.household, kept.line.scope.round.clone());
        Self { made_with, kept: kept.into_iter().map(|kept| (key(&kept), kept)).collect() }
    }
}

/// What lines are made from.
struct Maker<'a> {
    device: &'a Device,
    standards: &'a Standards,
    surveys: &'a Surveys,
}

impl Maker<'_> {
    fn line(&self, household: &HouseholdId, document: &DeviceDocument) -> Listed {
        let history = self.device.history_of(household, document, View::Mine);
        let status = self.device.status_with(document, household, history.as_ref());
        let current = history.as_ref().map(|history| history.current());
        let head = current.as_ref().and_then(head_of);
        let address = current.as_ref().and_then(|current| current.answers.get("address")).map(Value::to_string);
        let named = format!("{} {}", head.as_deref().unwrap_or_default(), address.as_deref().unwrap_or_default());
        let outcome = current.as_ref().and_then(outcome);
        let point =
            history.as_ref().zip(current.as_ref()).and_then(|(history, current)| house(history.form(), current));
        let lacks = history.zip(current).map_or(0, |(history, current)| self.lacks(document, history, current));
        Listed {
            household: *household,
            scope: document.scope.clone(),
            search: fold(&named),
            outcome,
            head,
            address,
            stands: status.stands,
            waiting: u32::try_from(status.waiting).unwrap_or(u32::MAX),
            reasons: status.needs.iter().map(|need| need.slug.to_owned()).collect(),
            lacks,
            point,
        }
    }

    /// How much is missing of what the class rests on.
    fn lacks(&self, document: &DeviceDocument, history: History, current: Household) -> u32 {
        let Some(standard) = self.standards.asking(&history.genesis().form) else { return 0 };
        let sheet = Sheet::new(standard, history, current, self.surveys.terms(&document.scope));
        u32::try_from(sheet.lacks()).unwrap_or(u32::MAX)
    }
}

/// What the last visit came to: the last by its day, then by its attempt.
fn outcome(household: &Household) -> Option<String> {
    let visits = household.visits.values().filter(|visit| visit.contains_key("outcome"));
    let last = visits.max_by_key(|visit| (visit.get("visited_on"), visit.get("attempt")))?;
    last.get("outcome").map(Value::to_string)
}

/// Where the house stands, by the first question that asks for it and was answered there.
fn house(form: &Form, household: &Household) -> Option<(i32, i32)> {
    let asked = form.questions().iter().filter(|one| one.scope == Asked::Household && one.kind == Kind::Point);
    let mut said = asked.filter_map(|question| household.answers.get(question.key.as_str())?.as_text());
    let point = said.find_map(|said| said.parse().ok().filter(Point::is_at_house))?;
    Some((point.latitude_e6, point.longitude_e6))
}
