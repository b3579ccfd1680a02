//! All that is stored of a household for lists and screens: its projection and its clues, written together.

use schemas::ids::{RoundId, UnitId};

use super::Refusal;
use super::clue;
use super::document::Opened;
use super::projection::{self, Projection, Ruling};
use crate::app::App;
use crate::domain::clue::KeptClues;
use crate::domain::field::DocumentKey;
use crate::store::{self, StoreError, Tx};

/// What lists and screens show of a household, ready to be stored.
#[derive(Clone, Debug)]
pub struct Shown {
    projection: Projection,
    clues: KeptClues,
}

impl Shown {
    /// Makes it from an open document.
    pub fn of(app: &App, opened: &Opened, ruling: &Ruling) -> Result<Self, Refusal> {
        let projection = projection::project(&opened.history, opened.home.village, ruling);
        Ok(Self { projection, clues: clue::kept(app, opened)? })
    }

    /// What people see of it.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// Writes it in place of what was shown before.
    pub async fn put(&self, tx: &mut Tx, key: &DocumentKey) -> Result<(), StoreError> {
        Self::put_all(tx, (key.commune, &key.round), &[self]).await
    }

    /// The same for households of a commune in a round, none twice.
    pub async fn put_all(tx: &mut Tx, place: (UnitId, &RoundId), all: &[&Self]) -> Result<(), StoreError> {
        let projections = all.iter().map(|shown| &shown.projection);
        let views: Vec<_> = projections.map(|shown| (&shown.view, shown.disagreements.as_slice())).collect();
        store::view::put_all(tx, place, &views).await?;
        let clues: Vec<_> = all.iter().map(|shown| (shown.projection.view.household, &shown.clues)).collect();
        store::clue::put_all(tx, place, &clues).await
    }
}
