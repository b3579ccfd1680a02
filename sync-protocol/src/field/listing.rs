//! The list of all households, kept from one look to the next: opening thousands of documents takes seconds on a phone, and
//! few of them have changed.
//!
//! Owns what a line of the list says and when it has to be made again. It can be kept beside a device's snapshot; one that is
//! lost or of another program is made anew.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use schemas::codes::names::fold;
use schemas::form::{Form, Kind, Point, Scope as Asked};
use schemas::household::{Answers, Household, STATUS};
use schemas::ids::{HouseholdId, RoundId};
use schemas::value::Value;

use super::report::head_of;
use crate::device::{Device, DeviceDocument, Stamp, View, Whereabouts};
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
    /// Of `asked`, how many are answered.
    #[n(8)]
    pub answered: u32,
    /// Questions that everybody is asked, of the household and of each member who is there.
    #[n(9)]
    pub asked: u32,
    /// Head and address, folded for searching.
    #[n(10)]
    pub search: String,
    /// Where the house stands, latitude and longitude in millionths of a degree; `None` until somebody has measured it
    /// there.
    #[n(11)]
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
    /// The forms that the lines were made with: another program may know others.
    forms: Vec<String>,
    kept: BTreeMap<(HouseholdId, RoundId), Kept>,
}

impl Listing {
    /// Makes every line that is not as its document is any more.
    pub fn refresh(&mut self, device: &Device) {
        let forms: Vec<String> = device.forms().iter().map(|form| form.version.0.clone()).collect();
        let mut before = std::mem::take(&mut self.kept);
        if self.forms != forms {
            (self.forms, before) = (forms, BTreeMap::new());
        }
        for (household, document) in device.households().chain(device.earlier()) {
            let key = (*household, document.scope.round.clone());
            let stamp = document.stamp();
            // Of one that has left, other rows of the log may tell more.
            let fresh = before.remove(&key).filter(|kept| document.is_logged() && kept.stamp == stamp);
            let kept = fresh.unwrap_or_else(|| Kept { stamp, line: line(device, household, document) });
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
        to_cbor(&(VERSION, &self.forms, kept))
    }

    /// From bytes; what is not readable is made anew with the next look.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let read: Result<(u8, Vec<String>, Vec<Kept>), _> = from_cbor(bytes);
        let Ok((VERSION, forms, kept)) = read else { return Self::default() };
        let key = |kept: &Kept| (kept.line.household, kept.line.scope.round.clone());
        Self { forms, kept: kept.into_iter().map(|kept| (key(&kept), kept)).collect() }
    }
}

fn line(device: &Device, household: &HouseholdId, document: &DeviceDocument) -> Listed {
    let history = device.history_of(household, document, View::Mine);
    let status = device.status_with(document, household, history.as_ref());
    let current = history.as_ref().map(|history| history.current());
    let head = current.as_ref().and_then(head_of);
    let said = |key: &str| current.as_ref().and_then(|current| current.answers.get(key)).map(Value::to_string);
    let address = said("address");
    let formed = || history.as_ref().map(|history| history.form()).zip(current.as_ref());
    let (answered, asked) = formed().map(|(form, current)| progress(form, current)).unwrap_or_default();
    Listed {
        household: *household,
        scope: document.scope.clone(),
        search: fold(&format!("{} {}", head.as_deref().unwrap_or_default(), address.as_deref().unwrap_or_default())),
        outcome: current.as_ref().and_then(outcome),
        point: formed().and_then(|(form, current)| house(form, current)),
        head,
        address,
        stands: status.stands,
        waiting: u32::try_from(status.waiting).unwrap_or(u32::MAX),
        reasons: status.needs.iter().map(|need| need.slug.to_owned()).collect(),
        answered,
        asked,
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

/// How many of the questions that everybody is asked are answered, and how many there are.
fn progress(form: &Form, household: &Household) -> (u32, u32) {
    let is_here = |answers: &&Answers| answers.get(STATUS).is_none_or(|status| status.as_text() == Some("present"));
    let members: Vec<&Answers> = household.members.values().filter(is_here).collect();
    let whole = [&household.answers];
    let (mut answered, mut asked) = (0, 0);
    for question in form.questions().iter().filter(|question| question.relevant.is_none()) {
        let key = question.key.as_str();
        let subjects = match question.scope {
            Asked::Household => whole.as_slice(),
            Asked::Member => members.as_slice(),
            Asked::Visit => &[],
        };
        asked += subjects.len() as u32;
        answered += subjects.iter().filter(|answers| answers.contains_key(key)).count() as u32;
    }
    (answered, asked)
}
