//! How the walk asks for what lies in a commune and a round: a line for each endpoint, and real things to ask for.
//!
//! An endpoint without a line here cannot be asked, and the walk says so.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use house_tests::client::Client;
use house_tests::fieldwork::interview;
use house_tests::house::{FORM, House, ROUND};
use house_tests::phone::Phone;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use serde_json::{Value, json};
use server::domain::field::DocumentKey;
use server::domain::role::Role;
use server::store;
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ChangeHash, PublicKey};
use sync_protocol::history::History;
use sync_protocol::journal::{Body, JournalHead, Scope};
use sync_protocol::message::{Request, Response, SegmentAnswer};
use sync_protocol::segment::{Payload, Segment};
use sync_protocol::verdict::{Hold, Verdict};

/// How one endpoint is asked, and the words of its own with which it may answer instead of success: whoever reads those
/// was let in, and the workflow behind the endpoint has looked at the thing itself.
struct Example {
    method: &'static str,
    path: &'static str,
    body: fn(&Surveyed, &[String]) -> Option<Value>,
    says: &'static [&'static str],
}

/// One line for each endpoint in a round, in the order of the access table.
#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    ask("GET", "communes/{unit}/inbox", nothing, &[]),
    ask("GET", "communes/{unit}/households", nothing, &[]),
    ask("GET", "communes/{unit}/households/{household}", nothing, &[]),
    ask("GET", "communes/{unit}/assignments", nothing, &[]),
    ask("POST", "communes/{unit}/assignments", assignment, &[]),
    ask("DELETE", "communes/{unit}/assignments/{village}/{account}", nothing, &["assignment/not-found"]),
    ask("POST", "communes/{unit}/households/{household}/accept", seen, &["review/held-changes"]),
    ask("POST", "communes/{unit}/households/{household}/return", seen, &[]),
    ask("POST", "communes/{unit}/households/{household}/unassessed", seen, &["review/not-borne-out", "review/held-changes"]),
    ask("POST", "communes/{unit}/households/{household}/move", elsewhere, &["household/not-another-village"]),
    ask("POST", "communes/{unit}/households/{household}/confirm-points", points, &[]),
    ask("POST", "communes/{unit}/households/{household}/disagreements/{disagreement}", side, &["disagreement/not-found"]),
    ask("POST", "communes/{unit}/households/{household}/changes/{change}/release", why, &["review/already-decided"]),
    ask("POST", "communes/{unit}/households/{household}/changes/{change}/salvage", why, &["review/already-decided"]),
    ask("POST", "communes/{unit}/households/{household}/changes/{change}/set-aside", why, &["review/already-decided"]),
    ask("GET", "communes/{unit}/households/{household}/blobs/{blob}", nothing, &["blob/not-found"]),
    ask("GET", "communes/{unit}/events", nothing, &[]),
    ask("GET", "communes/{unit}/gaps", nothing, &[]),
    ask("GET", "communes/{unit}/suspects", nothing, &[]),
    ask("POST", "communes/{unit}/households/{household}/suspicions/{suspicion}/different", why, &["review/suspicion-not-found"]),
    ask("POST", "communes/{unit}/imports", nothing, &["workbook/wrong-container"]),
    ask("GET", "communes/{unit}/roster", nothing, &[]),
    ask("POST", "communes/{unit}/roster", nothing_sent, &[]),
    ask("GET", "communes/{unit}/roster.xlsx", nothing, &["roster/not-found"]),
    ask("GET", "communes/{unit}/roster.csv", nothing, &["roster/not-found"]),
    ask("GET", "communes/{unit}/roster.json", nothing, &["roster/not-found"]),
    ask("GET", "units/{unit}/list.xlsx", nothing, &[]),
];

const fn ask(
    method: &'static str,
    path: &'static str,
    body: fn(&Surveyed, &[String]) -> Option<Value>,
    says: &'static [&'static str],
) -> Example {
    Example { method, path, body, says }
}

fn nothing(_: &Surveyed, _: &[String]) -> Option<Value> {
    None
}

fn nothing_sent(_: &Surveyed, _: &[String]) -> Option<Value> {
    Some(Value::Null)
}

fn assignment(surveyed: &Surveyed, _: &[String]) -> Option<Value> {
    Some(json!({ "village": surveyed.village, "account": surveyed.surveyor }))
}

fn seen(_: &Surveyed, heads: &[String]) -> Option<Value> {
    Some(json!({ "seen": heads, "why": "refused", "reason": "thử" }))
}

fn elsewhere(_: &Surveyed, heads: &[String]) -> Option<Value> {
    Some(json!({ "seen": heads, "village": 0, "reason": "thử" }))
}

fn points(_: &Surveyed, _: &[String]) -> Option<Value> {
    Some(json!({ "points": 140 }))
}

fn side(_: &Surveyed, _: &[String]) -> Option<Value> {
    Some(json!({ "side": 0 }))
}

fn why(_: &Surveyed, _: &[String]) -> Option<Value> {
    Some(json!({ "reason": "thử" }))
}

/// The part of a path behind its round.
fn behind_round(path: &str) -> Option<&str> {
    path.strip_prefix("/api/rounds/{round}/").filter(|rest| rest.starts_with("communes/") || rest.starts_with("units/"))
}

fn example(method: &str, path: &str) -> Option<&'static Example> {
    let rest = behind_round(path)?;
    EXAMPLES.iter().find(|example| (example.method, example.path) == (method, rest))
}

/// Whether an endpoint is about something in a commune and a round.
pub(crate) fn is_in_round(path: &str) -> bool {
    behind_round(path).is_some()
}

/// Whether an endpoint is about one household.
pub(crate) fn is_of_household(path: &str) -> bool {
    is_in_round(path) && path.contains("{household}")
}

/// Whether an answer of an endpoint is that of a workflow that was reached.
pub(crate) fn says(method: &str, path: &str, slug: &str) -> bool {
    example(method, path).is_some_and(|example| example.says.contains(&slug))
}

/// A household that somebody surveyed in the open round, with a change that waits for a person.
#[derive(Clone, Debug)]
pub(crate) struct Surveyed {
    commune: UnitId,
    village: UnitId,
    household: HouseholdId,
    held: ChangeHash,
    /// Who may survey the village, and does not.
    surveyor: AccountId,
}

impl Surveyed {
    /// The same place with a household that nobody ever heard of.
    pub(crate) fn unknown(&self) -> Self {
        Self { household: HouseholdId([0; 16]), ..self.clone() }
    }

    /// The path and the body with which an endpoint is asked for it through a unit.
    pub(crate) async fn ask(
        &self,
        house: &House,
        method: &str,
        path: &str,
        unit: UnitId,
    ) -> Result<(String, Option<Value>)> {
        let example = example(method, path).with_context(|| format!("no example of {method} {path}"))?;
        let key = DocumentKey { commune: self.commune, round: ROUND.parse()?, household: self.household };
        let state = store::document::by_key(&mut house.app.store.read().await?, &key).await?;
        let heads: Vec<String> =
            state.map(|state| state.heads.iter().map(ToString::to_string).collect()).unwrap_or_default();
        let path = path.replace("{round}", ROUND).replace("{unit}", &unit.to_string());
        let path = path.replace("{household}", &self.household.to_string()).replace("{change}", &self.held.to_string());
        let path = path.replace("{disagreement}", &"0".repeat(32)).replace("{suspicion}", &"0".repeat(64));
        let path = path.replace("{blob}", &"0".repeat(64));
        let path = path.replace("{village}", &self.village.to_string());
        let path = path.replace("{account}", &self.surveyor.to_string());
        Ok((path, (example.body)(self, &heads)))
    }

    /// Has a household of a village surveyed by one phone, and changed by another whose holder is not assigned there.
    pub(crate) async fn make(house: &House, admin: &Client, commune: UnitId, village: UnitId, n: u8) -> Result<Self> {
        let lan = Surveyor::let_in(house, admin, commune, 2 * u32::from(n)).await?;
        let minh = Surveyor::let_in(house, admin, commune, 2 * u32::from(n) + 1).await?;
        let path = format!("/api/rounds/{ROUND}/communes/{commune}/assignments");
        let assigned = admin.post(&path, json!({ "village": village, "account": lan.author.account })).await?;
        ensure!(assigned.is_success(), "{assigned:?}");
        let household = HouseholdId([n; 16]);
        let form = house.app.standards.form(&FormVersion(FORM.to_owned())).context("the form")?;
        let genesis = Genesis { household, round: ROUND.parse()?, form: form.version.clone() };
        let mut document = History::new(genesis, form.clone());
        let scope = Scope { village, round: ROUND.parse()? };
        let (_, verdict) = lan.write(&mut document, &scope, interview()?).await?;
        ensure!(verdict == Verdict::Accepted, "{verdict:?}");
        let wider = BTreeMap::from([(Slot::Answer("floor_area".parse()?), Write::Put(99.into()))]);
        let (held, verdict) = minh.write(&mut document, &scope, wider).await?;
        ensure!(verdict == Verdict::Held(Hold::OutOfScope), "{verdict:?}");
        Ok(Self { commune, village, household, held, surveyor: minh.author.account })
    }
}

/// Somebody with a phone who may survey in a commune.
struct Surveyor {
    author: Author,
    phone: Phone,
    client: Client,
}

impl Surveyor {
    async fn let_in(house: &House, admin: &Client, commune: UnitId, n: u32) -> Result<Self> {
        let account = house.account(&format!("surveyor-{n}"), commune).await?;
        house.give(account, Role::Enumerator, commune).await?;
        let phone = Phone::new(90_000 + n);
        let enrolled = phone.enrol(admin, &house.anonymous, account, commune).await?;
        ensure!(enrolled.is_success(), "{enrolled:?}");
        let author = Author { key: PublicKey(phone.key().verifying_key().to_bytes()), account, epoch: 1 };
        Ok(Self { author, phone, client: house.anonymous.with_token(enrolled.text("token")) })
    }

    /// Sends one change on a document; says which and what became of it.
    async fn write(
        &self,
        document: &mut History,
        scope: &Scope,
        writes: BTreeMap<Slot, Write>,
    ) -> Result<(ChangeHash, Verdict)> {
        let draft = document.draft(document.heads(), self.author.actor(), 1_790_000_000, None, &writes);
        let bytes = draft.and_then(|draft| draft.encode()).context("a change")?;
        let (expanded, hash) = change::parse(&bytes)?;
        let node = document.read(&expanded, hash).map_err(|misfit| anyhow::anyhow!("{misfit}"))?;
        document.push(node);
        let household = document.genesis().household;
        let entry = JournalHead::default().append(None, 0, 0, Body::Change { household, hash });
        let payload = Payload::Raw(bytes.into());
        let segment = Segment::sign(self.author, scope.clone(), vec![entry], vec![payload], self.phone.key());
        let request = Request::bringing(vec![segment.to_bytes().into()], 1, 0);
        let (status, body) = self.client.post_raw("/api/sync", request.to_bytes()).await?;
        ensure!(status == 200, "{status}");
        match Response::from_bytes(&body)?.segments.as_slice() {
            [SegmentAnswer::Taken(verdicts)] => Ok((hash, *verdicts.first().context("a verdict")?)),
            other => anyhow::bail!("{other:?}"),
        }
    }
}
