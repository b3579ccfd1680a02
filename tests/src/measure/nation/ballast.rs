//! Other communes: copies of one that is real, every row with the ids of its own commune. They weigh what a commune weighs and
//! nobody opens them.

use std::sync::Arc;

use anyhow::Result;
use jiff::civil::Date;
use schemas::ids::{HouseholdId, UnitId};
use server::domain::clue::KeptClues;
use server::domain::field::{DocumentKey, DocumentState, Home, LogState, LoggedRow, StoredChange, StoredSegment};
use server::domain::review::HouseholdView;
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::store::{self, StoreError, Tx};
use sync_protocol::hash::ChangeHash;
use sync_protocol::journal::Scope;

use crate::house::{House, ROUND};

/// Households that are written together.
const TOGETHER: usize = 250;

/// Everything that is kept of a household.
struct Weight {
    home: Home,
    document: DocumentState,
    changes: Vec<StoredChange>,
    view: HouseholdView,
    clues: Option<KeptClues>,
}

/// A village's log, and the segments that brought what is in it.
struct Book {
    village: UnitId,
    state: LogState,
    rows: Vec<LoggedRow>,
    segments: Vec<StoredSegment>,
}

/// A commune as it is copied, and how many there are.
pub(super) struct Ballast {
    households: Arc<Vec<Weight>>,
    books: Arc<Vec<Book>>,
    copies: u32,
}

impl Ballast {
    /// Reads a commune.
    pub(super) async fn of(house: &House, commune: UnitId) -> Result<Self> {
        let (mut read, round) = (house.app.store.read().await?, ROUND.parse()?);
        let mut households = Vec::new();
        for document in store::document::of_commune(&mut read, commune, &round).await? {
            let key = DocumentKey { commune, round: Clone::clone(&round), household: document.household };
            let home = store::household::by_id(&mut read, key.household).await?;
            let view = store::view::by_key(&mut read, &key).await?;
            let changes = store::change::of_document(&mut read, &key).await?;
            let clues = store::clue::by_key(&mut read, &key).await?;
            let weight = home.zip(view).map(|(home, view)| Weight { home, document, changes, view, clues });
            households.extend(weight);
        }
        let segments = store::segment::of_round(&mut read, commune, &round).await?;
        let mut books = Vec::new();
        for (village, state) in store::log::states(&mut read, commune, &round).await? {
            let scope = Scope { village, round: Clone::clone(&round) };
            let rows = store::log::after(&mut read, commune, &scope, 0, u32::MAX).await?;
            let segments = segments.iter().filter(|segment| segment.scope == scope).cloned().collect();
            books.push(Book { village, state, rows, segments });
        }
        Ok(Self { households: Arc::new(households), books: Arc::new(books), copies: 0 })
    }

    /// Adds communes until the database has so many households; how many it has.
    pub(super) async fn grow(&mut self, house: &House, size: u64) -> Result<u64> {
        let each = self.households.len() as u64;
        while u64::from(self.copies + 1) * each < size {
            self.copies += 1;
            self.copy(house).await?;
        }
        Ok(u64::from(self.copies + 1) * each)
    }

    async fn copy(&self, house: &House) -> Result<()> {
        let number = self.copies;
        let commune = commune(house, &format!("Xã {number}")).await?;
        let mut villages = Vec::new();
        for book in self.books.iter() {
            villages.push((book.village, unit(house, Level::Village, commune, "Bản").await?));
        }
        let copy = Copy { number, commune, villages: villages.into() };
        for first in (0..self.households.len()).step_by(TOGETHER) {
            let (households, copy) = (self.households.clone(), copy.clone());
            let last = households.len().min(first + TOGETHER);
            let written: Result<(), StoreError> = house
                .app
                .store
                .write_in(commune, "ballast/households", move |tx| {
                    Box::pin(async move { copy.households(tx, &households[first..last]).await })
                })
                .await;
            written?;
        }
        let books = self.books.clone();
        let written: Result<(), StoreError> = house
            .app
            .store
            .write_in(commune, "ballast/logs", move |tx| Box::pin(async move { copy.books(tx, &books).await }))
            .await;
        Ok(written?)
    }
}

/// One copy: what its ids are made with.
#[derive(Clone)]
struct Copy {
    number: u32,
    commune: UnitId,
    /// The villages of the original with those of the copy.
    villages: Arc<[(UnitId, UnitId)]>,
}

impl Copy {
    fn id(&self, household: HouseholdId) -> HouseholdId {
        let mut id = household.0;
        id[8..12].copy_from_slice(&self.number.to_be_bytes());
        HouseholdId(id)
    }

    /// No two communes have the same change.
    fn hash(&self, hash: ChangeHash) -> ChangeHash {
        let mut bytes = hash.0;
        bytes[8..12].copy_from_slice(&self.number.to_be_bytes());
        ChangeHash(bytes)
    }

    fn village(&self, village: UnitId) -> UnitId {
        self.villages.iter().find(|(of, _)| *of == village).map_or(village, |(_, own)| *own)
    }

    async fn households(&self, tx: &mut Tx, households: &[Weight]) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for Weight { home, document, changes: own, view, clues } in households {
            let household = self.id(home.id);
            let village = self.village(home.village);
            store::household::insert(tx, &Home { id: household, commune: self.commune, village, ..home.clone() })
                .await?;
            let key = self.key(household);
            let heads: Vec<ChangeHash> = document.heads.iter().map(|head| self.hash(*head)).collect();
            let view = HouseholdView { household, village, heads: heads.clone(), ..view.clone() };
            store::document::put(tx, &key, &DocumentState { household, heads, ..document.clone() }).await?;
            store::view::put(tx, &key, &view, &[]).await?;
            if let Some(clues) = clues {
                store::clue::put(tx, &key, clues).await?;
            }
            let own = own.iter().map(|own| StoredChange { household, hash: self.hash(own.hash), ..own.clone() });
            changes.extend(own);
        }
        store::change::put(tx, self.commune, &self.key(HouseholdId([0; 16])).round, &changes).await
    }

    fn key(&self, household: HouseholdId) -> DocumentKey {
        let round = ROUND.parse().expect("the id of a round");
        DocumentKey { commune: self.commune, round, household }
    }

    async fn books(&self, tx: &mut Tx, books: &[Book]) -> Result<(), StoreError> {
        for book in books {
            let round = self.key(HouseholdId([0; 16])).round;
            let scope = Scope { village: self.village(book.village), round };
            store::log::append(tx, self.commune, &scope, &book.rows).await?;
            store::log::put_state(tx, self.commune, &scope, &book.state).await?;
            for segment in &book.segments {
                let copied = StoredSegment { scope: scope.clone(), ..segment.clone() };
                store::segment::put(tx, self.commune, &copied).await?;
            }
        }
        Ok(())
    }
}

/// Makes a commune of the province.
pub(super) async fn commune(house: &House, name: &str) -> Result<UnitId> {
    unit(house, Level::Commune, house.units.province, name).await
}

async fn unit(house: &House, level: Level, parent: UnitId, name: &str) -> Result<UnitId> {
    let attributes = UnitAttributes {
        parent: Some(parent),
        name: name.to_owned(),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("northern_midland_mountain".to_owned()),
    };
    let made: Result<UnitId, StoreError> = house
        .app
        .store
        .write("ballast/unit", move |tx| {
            Box::pin(async move {
                let valid = Validity { from: Date::constant(2025, 7, 1), to: None };
                store::unit::insert(tx, level, valid, &attributes).await
            })
        })
        .await;
    Ok(made?)
}
