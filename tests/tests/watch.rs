//! Watching a commune: a reviewer is told what phones and colleagues do, and of nobody else's households.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result};
use house_tests::client::{Answer, Client, Events};
use house_tests::fieldwork::{enrolled, interview};
use house_tests::house::{House, ROUND};
use schemas::ids::HouseholdId;
use serde_json::{Value, json};
use server::domain::field::{LogState, LoggedRow};
use server::phone::Phone;
use server::standards::Standards;
use server::store::{self, StoreError};
use server::workflow::watch::MOST_ROWS;
use sync_protocol::journal::Scope;
use sync_protocol::log::{Digest, Row, RowEvent, origin};

/// A house whose reviewer watches the commune while lan surveys a village.
struct Watched {
    house: House,
    hoa: Client,
    lan: Phone,
    events: Events,
    _directory: tempfile::TempDir,
}

fn path(house: &House, rest: &str) -> String {
    format!("/api/rounds/{ROUND}/communes/{}/{rest}", house.units.commune)
}

impl Watched {
    async fn open() -> Result<Self> {
        let house = House::with_open_round().await?;
        let (people, units) = (house.people, house.units);
        house.assign(people.lan, units.village).await?;
        let (directory, standards) = (tempfile::tempdir()?, Arc::new(Standards::shipped()?));
        let lan = enrolled(&house, &directory.path().join("lan"), (people.lan, units.village), &standards, 1).await?;
        let hoa = house.log_in("hoa").await?;
        let events = hoa.listen(&path(&house, "events")).await?;
        Ok(Self { house, hoa, lan, events, _directory: directory })
    }

    async fn told(&mut self) -> Result<(String, Value)> {
        self.events.next().await?.context("an event")
    }

    /// Lan surveys so many new households and sends them.
    async fn survey(&mut self, households: u8) -> Result<Vec<HouseholdId>> {
        let scope = self.lan.device().scopes().next().context("a village")?.0.clone();
        let ids: Vec<HouseholdId> = (1..=households).map(|number| HouseholdId([number; 16])).collect();
        for id in &ids {
            self.lan.commit(&scope, *id, &interview()?)?;
        }
        self.lan.sync().await?;
        Ok(ids)
    }

    /// So many rows at once in a village's log.
    async fn write_rows(&self, rows: u64) -> Result<()> {
        let (commune, generation) = (self.house.units.commune, 7);
        let scope = Scope { village: self.house.units.village, round: ROUND.parse()? };
        let (mut hash, digest) = (origin(&scope, generation), Digest::default());
        let logged: Vec<LoggedRow> = (1..=rows)
            .map(|position| {
                let household = HouseholdId([1; 16]);
                let row = Row { position, written_at_ms: 5, household, event: RowEvent::Entered };
                hash = row.hash(&hash);
                LoggedRow { row, hash, digest }
            })
            .collect();
        let state = LogState { generation, position: rows, row: hash, digest };
        let written: Result<(), StoreError> = self
            .house
            .app
            .store
            .write_in(commune, "test/rows", move |tx| {
                Box::pin(async move {
                    store::log::append(tx, commune, &scope, &logged).await?;
                    store::log::put_state(tx, commune, &scope, &state).await
                })
            })
            .await;
        Ok(written?)
    }

    async fn give_back(&self, household: HouseholdId) -> Result<Answer> {
        let at = path(&self.house, &format!("households/{household}"));
        let seen = self.hoa.get(&at).await?.body["heads"].clone();
        self.hoa.post(&format!("{at}/return"), json!({ "seen": seen, "reason": "đo lại diện tích" })).await
    }
}

#[tokio::test]
async fn a_reviewer_is_told_which_households_a_phone_brought_and_what_was_decided() -> Result<()> {
    let mut watched = Watched::open().await?;
    let (event, standing) = watched.told().await?;
    assert_eq!((event.as_str(), &standing["logs"], &standing["decisions"]), ("standing", &json!([]), &json!(0)));

    // Each new household enters its village's log and has a change there.
    let households = watched.survey(2).await?;
    let mut named = BTreeSet::new();
    let mut position = 0;
    while position < 4 {
        let (event, changed) = watched.told().await?;
        let log = &changed["logs"][0];
        assert_eq!((event.as_str(), &log["village"]), ("changed", &json!(watched.house.units.village)));
        named.extend(log["households"].as_array().context("few enough to name")?.iter().map(Value::to_string));
        position = log["position"].as_u64().context("a position")?;
    }
    assert_eq!(named, households.iter().map(|id| json!(id).to_string()).collect());

    assert!(watched.give_back(households[1]).await?.is_success());
    let (event, decided) = watched.told().await?;
    assert_eq!((event.as_str(), &decided["logs"], &decided["decisions"]), ("changed", &json!([]), &json!(1)));

    // Who comes later is told where everything stands.
    let mut late = watched.hoa.listen(&path(&watched.house, "events")).await?;
    let (event, standing) = late.next().await?.context("an event")?;
    assert_eq!((event.as_str(), &standing["logs"][0]["position"]), ("standing", &json!(4)));
    assert_eq!(standing["decisions"], json!(1));
    watched.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn nothing_is_told_of_a_neighbour_and_of_a_log_that_has_gone_far_only_how_far() -> Result<()> {
    let mut watched = Watched::open().await?;
    watched.told().await?;
    let (units, minh) = (watched.house.units, watched.house.people.minh);
    // Written with the whole house: every watcher looks, and those of this commune find nothing.
    watched.house.assign_in(units.neighbour, minh, units.other_village).await?;
    watched.write_rows(MOST_ROWS as u64 + 1).await?;
    let (event, changed) = watched.told().await?;
    let log = &changed["logs"][0];
    assert_eq!((event.as_str(), &log["position"], &log["households"]), ("changed", &json!(201), &Value::Null));
    watched.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_server_that_stops_ends_the_watching_and_does_not_wait_for_it() -> Result<()> {
    let mut watched = Watched::open().await?;
    watched.told().await?;
    let Watched { house, mut events, .. } = watched;
    // Had it waited for the watchers, it would have cut them off: an error here, not an end.
    let (ended, ()) = tokio::join!(events.next(), house.stop());
    assert_eq!(ended?, None);
    Ok(())
}
