//! Documents in memory: opened from their cache or from the change log, and what it takes to store them again.
//!
//! Owns sealing and the choice of where to read from. What a document says is `sync-protocol`'s business.

use schemas::ids::{HouseholdId, RoundId, UnitId};
use sync_protocol::archive;
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;
use sync_protocol::history::History;
use sync_protocol::verdict::Verdict;

use super::Refusal;
use crate::app::App;
use crate::domain::field::{DocumentKey, DocumentState, Home, StoredChange};
use crate::domain::round::Round;
use crate::seal::{HouseholdKey, Subject};
use crate::store::{self, Read};

/// A household's document, open.
#[derive(Debug)]
pub struct Opened {
    /// Where the household belongs.
    pub home: Home,
    /// Its key.
    pub key: HouseholdKey,
    /// The document as it is stored; `None` while nothing was accepted yet.
    pub state: Option<DocumentState>,
    /// Its history.
    pub history: History,
}

impl Opened {
    /// The document's place in the store.
    pub fn place(&self) -> DocumentKey {
        let genesis = self.history.genesis();
        DocumentKey { commune: self.home.commune, round: genesis.round.clone(), household: genesis.household }
    }

    /// Its accepted heads as they are stored: none before the first change.
    pub fn stored_heads(&self) -> &[ChangeHash] {
        self.state.as_ref().map(|state| state.heads.as_slice()).unwrap_or_default()
    }

    /// The document as it is to be stored with its history as it stands now; closed stays closed.
    pub fn state_with(&self, saved: Option<Vec<u8>>) -> DocumentState {
        DocumentState {
            household: self.home.id,
            form: self.history.genesis().form.clone(),
            heads: self.history.heads().to_vec(),
            changes: self.history.nodes().len() as u64,
            saved,
            closed_at: self.state.as_ref().and_then(|state| state.closed_at),
        }
    }

    /// Opens a sealed change of this household.
    pub fn change_bytes(&self, change: &StoredChange) -> Result<Vec<u8>, Refusal> {
        Ok(self.key.open(Subject::Change(&change.hash.0), &change.sealed)?.to_vec())
    }

    /// Automerge's bytes of the document with more changes in it, loaded back and compared, and sealed.
    pub fn extended(&self, app: &App, changes: &[Vec<u8>]) -> Result<Vec<u8>, Refusal> {
        let genesis = self.history.genesis();
        let cached = self.state.as_ref().and_then(|state| state.saved.as_ref());
        let saved =
            cached.map(|sealed| self.key.open(Subject::Document(genesis.round.as_str()), sealed)).transpose()?;
        let saved = archive::extend(genesis, saved.as_ref().map(|bytes| bytes.as_slice()), changes)?;
        if saved.heads != self.history.heads() {
            return Err(Refusal::Archive(archive::ArchiveError::Heads));
        }
        Ok(self.key.seal(Subject::Document(genesis.round.as_str()), &saved.bytes, &app.chance)?)
    }
}

/// A household that the server does not know yet, with a fresh key.
pub fn new_home(app: &App, id: HouseholdId, commune: UnitId, village: UnitId) -> Result<(Home, HouseholdKey), Refusal> {
    let key = HouseholdKey::draw(id, &app.chance);
    let wrapped_key = Some(app.master_key.wrap(&key, &app.chance)?);
    Ok((Home { id, commune, village, wrapped_key, created_at: app.clock.now() }, key))
}

/// The key of a household; refused once it was erased.
pub fn key_of(app: &App, home: &Home) -> Result<HouseholdKey, Refusal> {
    let wrapped = home.wrapped_key.as_ref().ok_or(Refusal::Erased)?;
    Ok(app.master_key.unwrap(home.id, wrapped)?)
}

/// Opens the document of a household in a round; `None` while nothing of it was accepted.
pub async fn open(app: &App, read: &mut Read, home: Home, round: &RoundId) -> Result<Option<Opened>, Refusal> {
    let place = DocumentKey { commune: home.commune, round: round.clone(), household: home.id };
    match store::document::by_key(read, &place).await? {
        Some(state) => open_stored(app, read, home, round, state).await.map(Some),
        None => Ok(None),
    }
}

/// The same with the document as it was just read from the store.
pub async fn open_stored(
    app: &App,
    read: &mut Read,
    home: Home,
    round: &RoundId,
    state: DocumentState,
) -> Result<Opened, Refusal> {
    let key = key_of(app, &home)?;
    let form = app.standards.form(&state.form).ok_or_else(|| Refusal::FormUnknown(state.form.clone()))?;
    let genesis = Genesis { household: home.id, round: round.clone(), form: state.form.clone() };
    let changes = match from_cache(&state, &key, round)? {
        Some(changes) => changes,
        None => {
            let place = DocumentKey { commune: home.commune, round: round.clone(), household: home.id };
            from_log(read, &place, &key).await?
        }
    };
    let history = archive::history(genesis, form.clone(), changes.iter().map(Vec::as_slice))?;
    Ok(Opened { home, key, state: Some(state), history })
}

/// The same, and empty while nothing was accepted: what is held or was rejected has to be looked at all the same. `None`
/// for a household of which nothing came in this round.
pub async fn open_or_empty(app: &App, read: &mut Read, home: Home, round: &Round) -> Result<Option<Opened>, Refusal> {
    if let Some(opened) = open(app, read, home.clone(), &round.id).await? {
        return Ok(Some(opened));
    }
    let place = DocumentKey { commune: home.commune, round: round.id.clone(), household: home.id };
    if store::change::of_document(read, &place).await?.is_empty() {
        return Ok(None);
    }
    let form = app.standards.form(&round.form_version);
    let form = form.ok_or_else(|| Refusal::FormUnknown(round.form_version.clone()))?;
    let genesis = Genesis { household: home.id, round: round.id.clone(), form: form.version.clone() };
    let key = key_of(app, &home)?;
    Ok(Some(Opened { home, key, state: None, history: History::new(genesis, form.clone()) }))
}

fn from_cache(state: &DocumentState, key: &HouseholdKey, round: &RoundId) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
    let Some(sealed) = &state.saved else { return Ok(None) };
    let saved = key.open(Subject::Document(round.as_str()), sealed)?;
    Ok(Some(archive::changes(&saved)?))
}

/// The bytes of all accepted changes of a document, each after those it builds on: the truth that the cache is made from.
pub async fn from_log(read: &mut Read, place: &DocumentKey, key: &HouseholdKey) -> Result<Vec<Vec<u8>>, Refusal> {
    in_order(&store::change::of_document(read, place).await?, key)
}

/// The same from changes that are at hand, whatever became of them.
pub(super) fn in_order(kept: &[StoredChange], key: &HouseholdKey) -> Result<Vec<Vec<u8>>, Refusal> {
    let accepted = kept.iter().filter(|change| matches!(change.verdict, Verdict::Accepted | Verdict::Released));
    let bytes: Result<Vec<(ChangeHash, Vec<u8>)>, Refusal> = accepted
        .map(|change| Ok((change.hash, key.open(Subject::Change(&change.hash.0), &change.sealed)?.to_vec())))
        .collect();
    Ok(archive::in_order(bytes?)?)
}
