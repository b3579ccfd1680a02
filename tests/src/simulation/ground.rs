//! What the server has on disk at one moment, read in full: the ground that every promise is checked against.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use schemas::ids::HouseholdId;
use server::domain::field::{DocumentKey, LogState, LoggedRow, StoredChange};
use server::store;
use server::workflow::document::{self, Opened};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;
use sync_protocol::log::Digest;
use sync_protocol::verdict::Verdict;

use super::commune::Commune;

/// Everything that the server knows of one household in one round.
pub struct Filed {
    /// Every change that came.
    pub changes: BTreeMap<ChangeHash, StoredChange>,
    /// The document, once something was accepted.
    pub opened: Option<Opened>,
}

impl Filed {
    /// The changes that count.
    pub fn accepted(&self) -> BTreeSet<ChangeHash> {
        let counts = |change: &&StoredChange| matches!(change.verdict, Verdict::Accepted | Verdict::Released);
        self.changes.values().filter(counts).map(|change| change.hash).collect()
    }

    /// The heads on disk; none before the first accepted change.
    pub fn heads(&self) -> &[ChangeHash] {
        self.opened.as_ref().map(Opened::stored_heads).unwrap_or_default()
    }
}

/// The log of a village.
pub struct Log {
    /// Where it stands.
    pub state: LogState,
    /// Its rows.
    pub rows: Vec<LoggedRow>,
}

/// Everything on the server's disk.
pub struct Ground {
    /// Households by round.
    pub documents: BTreeMap<DocumentKey, Filed>,
    /// Logs by village and round.
    pub logs: BTreeMap<Scope, Log>,
    /// The commune's ledger.
    pub ledger: Vec<String>,
}

/// What must not change when a thing is done twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Summary {
    verdicts: BTreeMap<(DocumentKey, ChangeHash), Verdict>,
    logs: BTreeMap<Scope, (u64, Digest)>,
    entries: usize,
}

impl Ground {
    /// Reads everything.
    pub async fn read(commune: &Commune) -> Result<Self> {
        let app = &commune.app;
        let mut read = app.store.read().await?;
        let mut ground = Self {
            documents: BTreeMap::new(),
            logs: BTreeMap::new(),
            ledger: store::ledger::texts(&mut read, commune.unit).await?,
        };
        for round in commune.all_rounds()? {
            for home in store::household::of_commune(&mut read, commune.unit).await? {
                let key = DocumentKey { commune: commune.unit, round: round.clone(), household: home.id };
                let changes = store::change::of_document(&mut read, &key).await?;
                let changes = changes.into_iter().map(|change| (change.hash, change)).collect();
                let opened = document::open(app, &mut read, home, &round).await?;
                ground.documents.insert(key, Filed { changes, opened });
            }
            for village in commune.villages {
                let scope = Scope { village, round: round.clone() };
                if let Some(state) = store::log::state(&mut read, commune.unit, &scope).await? {
                    let rows = store::log::after(&mut read, commune.unit, &scope, 0, u32::MAX).await?;
                    ground.logs.insert(scope, Log { state, rows });
                }
            }
        }
        Ok(ground)
    }

    /// Whether a change is on disk, whatever became of it.
    pub fn has(&self, (key, hash): &(DocumentKey, ChangeHash)) -> bool {
        self.documents.get(key).is_some_and(|filed| filed.changes.contains_key(hash))
    }

    /// Every change on disk.
    pub fn places(&self) -> impl Iterator<Item = (DocumentKey, ChangeHash)> {
        let documents = self.documents.iter();
        documents.flat_map(|(key, filed)| filed.changes.keys().map(move |hash| (key.clone(), *hash)))
    }

    /// What must not change when a thing is done twice.
    pub fn summary(&self) -> Summary {
        let verdicts = self.documents.iter().flat_map(|(key, filed)| {
            filed.changes.values().map(move |change| ((key.clone(), change.hash), change.verdict))
        });
        let logs = self.logs.iter().map(|(scope, log)| (scope.clone(), (log.state.position, log.state.digest)));
        Summary { verdicts: verdicts.collect(), logs: logs.collect(), entries: self.ledger.len() }
    }

    /// The households of a village in a round, with their heads.
    pub fn heads_in(&self, scope: &Scope) -> BTreeMap<HouseholdId, &[ChangeHash]> {
        let here = self.documents.iter().filter(|(key, filed)| {
            key.round == scope.round && filed.opened.as_ref().is_some_and(|opened| opened.home.village == scope.village)
        });
        here.map(|(key, filed)| (key.household, filed.heads())).collect()
    }

    /// Documents hold exactly what was accepted, and logs sum up to them.
    pub fn check_adds_up(&self) -> Result<()> {
        for (key, filed) in &self.documents {
            let accepted = filed.accepted();
            let Some(opened) = &filed.opened else {
                ensure!(accepted.is_empty(), "views: {} has accepted changes and no document", key.household);
                continue;
            };
            let shown: BTreeSet<ChangeHash> = opened.history.nodes().iter().map(|node| node.entry.hash).collect();
            ensure!(
                shown == accepted,
                "views: the document of {} holds other changes than were accepted",
                key.household
            );
            ensure!(opened.stored_heads() == opened.history.heads(), "views: heads of {} differ", key.household);
        }
        for (scope, log) in &self.logs {
            let mut digest = Digest::default();
            self.heads_in(scope).iter().for_each(|(household, heads)| digest.add(household, heads));
            ensure!(
                digest == log.state.digest,
                "digest: the log of village {} sums up to something else",
                scope.village
            );
        }
        Ok(())
    }
}
