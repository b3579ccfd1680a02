//! A household in front of a reviewer: the right to decide on it, its document, its round and how it is classified.

use schemas::household::Household;
use schemas::ids::{HouseholdId, RoundId, UnitId};
use schemas::rules::Assessment;
use sync_protocol::hash::ChangeHash;

use super::document::{self, Opened};
use super::permit::{Permit, Right};
use super::projection::{self, Projection, Ruling};
use super::{Refusal, inbox};
use crate::app::App;
use crate::domain::field::DocumentKey;
use crate::domain::round::Round;
use crate::store::{self, Read};

/// Names a household in a round of a commune.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseId {
    /// The round.
    pub round: RoundId,
    /// The commune.
    pub commune: UnitId,
    /// The household.
    pub household: HouseholdId,
}

/// A household in front of a reviewer.
#[derive(Debug)]
pub struct Case {
    /// Who decides, and where.
    pub right: Right,
    /// The round.
    pub round: Round,
    /// The document, open.
    pub opened: Opened,
    /// How it is classified.
    pub ruling: Ruling,
}

impl Case {
    /// Opens a case for whoever has a right on its commune.
    pub async fn open(app: &App, read: &mut Read, permit: &Permit, id: &CaseId) -> Result<Self, Refusal> {
        let right = permit.on(read, id.commune, app.clock.today()).await?;
        let round = inbox::enter(app, read, permit, id.commune, &id.round).await?;
        let home = store::household::by_id(read, id.household).await?;
        let home = home.filter(|home| home.commune == id.commune).ok_or(Refusal::HouseholdNotFound)?;
        let opened = document::open_or_empty(app, read, home, &round).await?.ok_or(Refusal::HouseholdNotFound)?;
        let ruling = Ruling::of(app, read, &round, opened.home.village).await?;
        Ok(Self { right, round, opened, ruling })
    }

    /// Refuses to go on when the document is not as the person saw it.
    pub fn check_seen(&self, seen: &[ChangeHash]) -> Result<(), Refusal> {
        let mut seen = seen.to_vec();
        seen.sort_unstable();
        match seen == self.opened.history.heads() {
            true => Ok(()),
            false => Err(Refusal::StaleHeads),
        }
    }

    /// The document's place in the store.
    pub fn place(&self) -> DocumentKey {
        self.opened.place()
    }

    /// The household as it stands.
    pub fn household(&self) -> Household {
        self.opened.history.current()
    }

    /// What is shown of it, made from the document and not from what is stored.
    pub fn projection(&self) -> Projection {
        projection::project(&self.opened.history, self.opened.home.village, &self.ruling)
    }

    /// What the deciding standard says of it; `None` while the place is not known.
    pub fn assessment(&self) -> Option<Assessment> {
        self.ruling.assess(self.ruling.standards.first()?, &self.household())
    }
}
