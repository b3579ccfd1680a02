//! All that is stored of a household for lists and screens: its projection and its clues, written together.

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
        store::view::put(tx, key, &self.projection.view, &self.projection.disagreements).await?;
        store::clue::put(tx, key, &self.clues).await
    }
}
