//! What is shown of the households of a place, made again because the place itself has changed.
//!
//! Works beside everything else: a document that moves meanwhile is looked at again. Mending what is damaged is
//! [`super::rebuild`]'s.

use jiff::civil::Date;
use schemas::ids::UnitId;

use super::Refusal;
use super::document;
use super::projection::{self, Ruling};
use crate::app::App;
use crate::domain::field::{DocumentKey, Home};
use crate::domain::round::Round;
use crate::domain::unit::Level;
use crate::store::{self, Read};

/// Makes the views of all households that live in a unit, in every round that looks at it on a day or later.
pub(super) async fn within(app: &App, unit: UnitId, from: Date) -> Result<(), Refusal> {
    let mut read = app.store.read().await?;
    for round in store::round::all(&mut read).await?.into_iter().filter(|round| round.reference_on >= from) {
        for commune in communes(&mut read, unit, round.reference_on).await? {
            for home in store::household::of_commune(&mut read, commune).await? {
                refresh(app, &round, home).await?;
            }
        }
    }
    Ok(())
}

/// The communes in a unit; of a village, its own.
async fn communes(read: &mut Read, unit: UnitId, on: Date) -> Result<Vec<UnitId>, Refusal> {
    match store::unit::commune_of(read, unit, on).await? {
        Some(commune) => Ok(vec![commune]),
        None => {
            Ok(store::unit::within(read, unit, Level::Commune, on).await?.into_iter().map(|unit| unit.id).collect())
        }
    }
}

/// Makes one view, again and again until the document has not moved in between.
async fn refresh(app: &App, round: &Round, home: Home) -> Result<(), Refusal> {
    let place = DocumentKey { commune: home.commune, round: round.id.clone(), household: home.id };
    loop {
        let mut read = app.store.read().await?;
        if store::document::by_key(&mut read, &place).await?.is_none() {
            return Ok(());
        }
        let ruling = Ruling::of(app, &mut read, round, home.village).await?;
        let opened =
            document::open(app, &mut read, home.clone(), &round.id).await?.ok_or(Refusal::HouseholdNotFound)?;
        drop(read);
        let projection = projection::project(&opened.history, home.village, &ruling);
        let (key, seen) = (place.clone(), opened.stored_heads().to_vec());
        let written: Result<bool, Refusal> = app
            .store
            .write_in(key.commune, "reproject/household", move |tx| {
                Box::pin(async move {
                    let now = store::document::by_key(tx, &key).await?;
                    let unmoved = now.is_some_and(|now| now.heads == seen);
                    if unmoved {
                        store::view::put(tx, &key, &projection.view, &projection.disagreements).await?;
                    }
                    Ok(unmoved)
                })
            })
            .await;
        if written? {
            return Ok(());
        }
    }
}
