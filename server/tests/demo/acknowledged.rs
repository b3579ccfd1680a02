//! What phones and offices were told is kept, and whether it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::sync::Arc;

use schemas::ids::HouseholdId;
use schemas::ledger::{Decision, LedgerEntry};
use server::app::{App, Setup};
use server::clock::{Chance, Clock};
use server::domain::field::DocumentKey;
use server::password::Cost;
use server::phone::{Phone, Surroundings};
use server::standards::Standards;
use server::store;
use server::workflow::rebuild;
use sync_protocol::device::{Standing, View};
use sync_protocol::hash::ChangeHash;

use crate::stage::Stage;

/// Kinds of events of the story that are decisions, as the ledger calls them.
const DECISIONS: [&str; 7] =
    ["accepted", "accepted-again", "returned", "confirmed", "unassessed", "released", "salvaged"];

/// Everything of which somebody was told that the server has it.
#[derive(Default)]
pub(crate) struct Acknowledged {
    changes: BTreeSet<(HouseholdId, ChangeHash)>,
    decisions: BTreeSet<(String, String)>,
}

impl fmt::Display for Acknowledged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} changes and {} decisions acknowledged", self.changes.len(), self.decisions.len())
    }
}

impl Acknowledged {
    /// Takes down what is acknowledged so far; no demo runs.
    pub(crate) fn note(&mut self, stage: &Stage) {
        let standards = Arc::new(Standards::shipped().unwrap());
        for phone in stage.phones() {
            let surroundings =
                Surroundings { clock: Clock::system(), chance: Chance::seeded(1), standards: standards.clone() };
            let phone = Phone::open(&phone, surroundings).unwrap();
            for (household, document) in phone.device().households() {
                let answered = document.own.iter().filter(|own| own.standing != Standing::Waiting);
                self.changes.extend(answered.map(|own| (*household, own.hash)));
                // Everything that the server's signed log has brought, whoever wrote it.
                let history = phone.device().history(household, View::Accepted);
                let nodes = history.iter().flat_map(|history| history.nodes());
                self.changes.extend(nodes.map(|node| (*household, node.entry.hash)));
            }
        }
        let story = fs::read_to_string(stage.path("story")).unwrap_or_default();
        for line in story.lines() {
            let parts: Vec<&str> = line.splitn(4, '\t').collect();
            if let [_, "event", kind, what] = parts.as_slice()
                && DECISIONS.contains(kind)
            {
                self.decisions.insert(((*kind).to_owned(), (*what).to_owned()));
            }
        }
    }

    /// What of it the server does not have; and everything that the server makes of what it has must come out the same.
    pub(crate) fn lost(&self, stage: &Stage) -> Vec<String> {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let setup = Setup {
                data: stage.path("server"),
                database: None,
                clock: Clock::system(),
                chance: Chance::seeded(1),
                password_cost: Cost::Light,
            };
            let app = App::open(setup).await.unwrap();
            let mut lost = self.lost_changes(&app).await;
            lost.extend(self.lost_decisions(&app).await);
            let rebuilt = rebuild::rebuild(&app).await.unwrap();
            lost.extend(rebuilt.differences.iter().map(|difference| format!("rebuilt otherwise: {difference:?}")));
            lost
        })
    }

    async fn lost_changes(&self, app: &App) -> Vec<String> {
        let mut read = app.store.read().await.unwrap();
        let round = "2026-dinh-ky".parse().unwrap();
        let mut lost = Vec::new();
        for (household, hash) in &self.changes {
            let home = store::household::by_id(&mut read, *household).await.unwrap();
            let kept = match home {
                Some(home) => {
                    let key = DocumentKey { commune: home.commune, round: Clone::clone(&round), household: *household };
                    store::change::by_hash(&mut read, &key, *hash).await.unwrap()
                }
                None => None,
            };
            if kept.is_none() {
                lost.push(format!("household {household}: change {hash}"));
            }
        }
        lost
    }

    async fn lost_decisions(&self, app: &App) -> Vec<String> {
        let mut read = app.store.read().await.unwrap();
        let mut written: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for commune in communes(app).await {
            for text in store::ledger::texts(&mut read, commune).await.unwrap() {
                let entry: LedgerEntry = serde_json::from_str(&text).unwrap();
                if let Some((kind, what)) = told_as(&entry.decision) {
                    written.entry(kind.to_owned()).or_default().insert(what);
                }
            }
        }
        let is_lost = |(kind, what): &&(String, String)| {
            let kind = if kind == "accepted-again" { "accepted" } else { kind };
            !written.get(kind).is_some_and(|known| known.contains(what))
        };
        self.decisions.iter().filter(is_lost).map(|(kind, what)| format!("{kind} {what}")).collect()
    }
}

async fn communes(app: &App) -> Vec<schemas::ids::UnitId> {
    let level = server::domain::unit::Level::Commune;
    let day = jiff::civil::date(2026, 10, 1);
    store::unit::of_level(&mut app.store.read().await.unwrap(), level, day).await.unwrap()
}

/// How the story calls a decision, and what it names in it.
fn told_as(decision: &Decision) -> Option<(&'static str, String)> {
    match decision {
        Decision::Accepted { household, .. } => Some(("accepted", household.to_string())),
        Decision::Returned { household, .. } => Some(("returned", household.to_string())),
        Decision::PaperScoreConfirmed { household, .. } => Some(("confirmed", household.to_string())),
        Decision::Unassessed { household, .. } => Some(("unassessed", household.to_string())),
        Decision::Released { change, .. } => Some(("released", change.to_string())),
        Decision::Salvaged { change, .. } => Some(("salvaged", change.to_string())),
        _ => None,
    }
}
