//! Who an author is to the server now, and what that says of their work: one answer for everything that they sign,
//! whoever carries it here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use jiff::Timestamp;
use schemas::ids::{AccountId, RoundId, UnitId};
use sync_protocol::actor::Author;
use sync_protocol::gate::Policy;
use sync_protocol::hash::PublicKey;
use sync_protocol::verdict::Hold;

use super::Refusal;
use crate::app::App;
use crate::domain::account;
use crate::domain::round::RoundState;
use crate::store::{self, Read};

/// How the server stands to the author of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthorStanding {
    /// Somebody at the office, under the server's own key.
    Office,
    /// An enrolled device of an account in use.
    Active,
    /// A device that was shut out then. What it signed may be older and honest: a person looks at it.
    Revoked(Timestamp),
    /// A device of an account that was shut then.
    Disabled(Timestamp),
    /// A key that nobody enrolled, or an account that is not its holder's.
    Unknown,
}

impl AuthorStanding {
    /// Why work of this author waits for a person, wherever it belongs; `None` when nothing about the author stands
    /// against it.
    pub fn hold(self) -> Option<Hold> {
        match self {
            Self::Office | Self::Active => None,
            Self::Revoked(_) => Some(Hold::DeviceRevoked),
            Self::Disabled(_) | Self::Unknown => Some(Hold::NotEntitled),
        }
    }

    /// Why this author's device is given nothing to read.
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Office | Self::Active => None,
            Self::Revoked(_) => Some(Refusal::DeviceRevoked),
            Self::Disabled(_) => Some(Refusal::AccountDisabled),
            Self::Unknown => Some(Refusal::DeviceTokenNotValid),
        }
    }
}

/// How the server stands to an author now.
pub async fn of_author(app: &App, read: &mut Read, author: &Author) -> Result<AuthorStanding, Refusal> {
    if author.key.0 == app.server_public_key() {
        return Ok(AuthorStanding::Office);
    }
    let device = store::device::by_id(read, author.device()).await?;
    let known =
        device.filter(|device| device.public_key.to_bytes() == author.key.0 && device.account == author.account);
    let Some(device) = known else { return Ok(AuthorStanding::Unknown) };
    if let Some(at) = device.revoked_at {
        return Ok(AuthorStanding::Revoked(at));
    }
    Ok(match store::account::by_id(read, author.account).await?.map(|account| account.standing) {
        Some(account::Standing::Active) => AuthorStanding::Active,
        Some(account::Standing::Disabled(at)) => AuthorStanding::Disabled(at),
        None => AuthorStanding::Unknown,
    })
}

/// Where something is written, as far as policy asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    /// The household's village; `None` where there is none.
    pub(super) village: Option<UnitId>,
    /// The round.
    pub(super) round: RoundState,
    /// Whether the document was closed by a decision.
    pub(super) closed: bool,
}

/// What an author may do.
#[derive(Debug)]
struct Writer {
    standing: AuthorStanding,
    villages: Vec<UnitId>,
}

/// Everybody whose work is judged together.
#[derive(Debug, Default)]
pub(super) struct Writers(BTreeMap<(PublicKey, AccountId), Writer>);

impl Writers {
    /// Looks an author up, once.
    pub(super) async fn learn(
        &mut self,
        app: &App,
        read: &mut Read,
        author: &Author,
        round: &RoundId,
    ) -> Result<(), Refusal> {
        let Entry::Vacant(vacant) = self.0.entry((author.key, author.account)) else { return Ok(()) };
        let standing = of_author(app, read, author).await?;
        let assignments = store::assignment::of_account(read, author.account, round).await?;
        let villages = assignments.into_iter().map(|assignment| assignment.village).collect();
        vacant.insert(Writer { standing, villages });
        Ok(())
    }

    /// What policy says of an author who writes in their own name, now.
    pub(super) fn policy(&self, author: &Author, ground: Ground) -> Policy {
        let Some(writer) = self.0.get(&(author.key, author.account)) else {
            return Policy::Holds(Hold::NotEntitled);
        };
        if let Some(hold) = writer.standing.hold() {
            return Policy::Holds(hold);
        }
        let assigned = ground.village.is_some_and(|village| writer.villages.contains(&village));
        match ground.round {
            RoundState::Closed | RoundState::Planned => Policy::Holds(Hold::DocumentClosed),
            RoundState::Open if ground.closed => Policy::Holds(Hold::DocumentClosed),
            RoundState::Open if assigned || writer.standing == AuthorStanding::Office => Policy::Allows,
            RoundState::Open => Policy::Holds(Hold::OutOfScope),
        }
    }
}
