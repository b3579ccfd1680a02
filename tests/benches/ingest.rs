//! Durable changes per second: twenty phones that were offline all day sync at once with a real server over HTTP.
//!
//! What is timed is everything from the first request to the last acknowledgement: the phones' own signing and their own
//! writes to disk included, all on this machine. Making the changes is not timed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use house_tests::fieldwork::{enrolled, interview};
use house_tests::house::{House, ROUND};
use jiff::civil::Date;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use serde_json::json;
use server::clock::Stopwatch;
use server::domain::role::Role;
use server::domain::round::Assignment;
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::phone::Phone;
use server::standards::Standards;
use server::store::{self, StoreError};
use sync_protocol::change::{Slot, Write};
use sync_protocol::journal::Scope;

const PHONES: u8 = 20;
const HOUSEHOLDS_EACH: u8 = 25;
const EDITS_EACH_HOUSEHOLD: i64 = 3;

/// A phone with a village of its own.
struct Enumerator {
    phone: Phone,
    scope: Scope,
}

#[tokio::main]
async fn main() -> Result<()> {
    let house = House::with_open_round().await?;
    let directory = tempfile::tempdir()?;
    let standards = Arc::new(Standards::shipped()?);
    let mut enumerators = Vec::new();
    for number in 0..PHONES {
        enumerators.push(enumerator(&house, directory.path(), &standards, number).await?);
    }
    let interview = interview()?;
    let mut made = 0;
    for (number, enumerator) in (0..).zip(&mut enumerators) {
        made += work(enumerator, &interview, number)?;
    }
    let elapsed = sync_all(enumerators).await?;
    report(made, elapsed)?;
    house.stop().await;
    Ok(())
}

async fn village(house: &House, account: AccountId, number: u8) -> Result<UnitId> {
    let commune = house.units.commune;
    let attributes = UnitAttributes {
        parent: Some(commune),
        name: format!("Bản đo {number}"),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("northern_midland_mountain".to_owned()),
    };
    let round = ROUND.parse()?;
    let made: Result<UnitId, StoreError> = house
        .app
        .store
        .write("bench/village", move |tx| {
            Box::pin(async move {
                let valid = Validity { from: Date::constant(2025, 7, 1), to: None };
                let village = store::unit::insert(tx, Level::Village, valid, &attributes).await?;
                store::assignment::insert(tx, &Assignment { commune, round, village, account }).await?;
                Ok(village)
            })
        })
        .await;
    Ok(made?)
}

async fn enumerator(house: &House, at: &Path, standards: &Arc<Standards>, number: u8) -> Result<Enumerator> {
    let account = house.account(&format!("do-{number}"), house.units.commune).await?;
    house.give(account, Role::Enumerator, house.units.commune).await?;
    let village = village(house, account, number).await?;
    let phone =
        enrolled(house, &at.join(number.to_string()), (account, house.units.commune), standards, number.into()).await?;
    Ok(Enumerator { phone, scope: Scope { village, round: ROUND.parse()? } })
}

/// A day's work, offline: new households and three edits of each. Returns how many changes it made.
fn work(enumerator: &mut Enumerator, interview: &BTreeMap<Slot, Write>, phone: u8) -> Result<u64> {
    let mut made = 0;
    for number in 0..HOUSEHOLDS_EACH {
        let mut id = [number; 16];
        id[0] = phone;
        let household = HouseholdId(id);
        enumerator.phone.commit(&enumerator.scope, household, interview)?;
        for edit in 0..EDITS_EACH_HOUSEHOLD {
            let edited = [("floor_area", 300 + edit), ("cattle", edit), ("poultry", 10 + edit)];
            let slot = |key: &str| key.parse().map(Slot::Answer);
            let writes: Result<BTreeMap<Slot, Write>, _> =
                edited.iter().map(|(key, value)| Ok((slot(key)?, Write::Put((*value).into())))).collect();
            let writes = writes.map_err(|error: schemas::ids::IdError| anyhow::anyhow!("{error}"))?;
            enumerator.phone.commit(&enumerator.scope, household, &writes)?;
        }
        made += 1 + EDITS_EACH_HOUSEHOLD as u64;
    }
    Ok(made)
}

async fn sync_all(enumerators: Vec<Enumerator>) -> Result<Duration> {
    let working = Stopwatch::start();
    let syncing: Vec<_> = enumerators
        .into_iter()
        .map(|mut enumerator| {
            tokio::spawn(async move {
                let exchanged = enumerator.phone.sync().await?;
                ensure!(exchanged.waiting == 0, "work is left on a phone");
                Ok(())
            })
        })
        .collect();
    for sync in syncing {
        sync.await??;
    }
    Ok(working.elapsed())
}

fn report(made: u64, elapsed: Duration) -> Result<()> {
    let per_second = made as f64 / elapsed.as_secs_f64();
    println!("{PHONES} phones, {made} changes, {elapsed:?}: {per_second:.0} durable changes a second");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&directory)?;
    let result = json!({
        "phones": PHONES, "changes": made, "milliseconds": elapsed.as_millis() as u64,
        "changes_per_second": per_second.round() as u64,
    });
    std::fs::write(directory.join("ingest.json"), serde_json::to_string_pretty(&result)?)?;
    Ok(())
}
