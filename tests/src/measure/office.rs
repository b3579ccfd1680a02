//! How long the office waits in a large commune: its inbox, a household's page, the official list compiled from the database.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use schemas::value::Value as Answered;
use serde::Serialize;
use serde_json::{Value, json};
use server::clock::Stopwatch;
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};

use super::crew::{Caller, heads};
use crate::client::Client;
use crate::fieldwork::interview;
use crate::house::{House, ROUND};

/// Reviewers who accept at the same time while the commune is prepared.
const REVIEWERS: usize = 8;

/// How large the commune is.
#[derive(Clone, Copy, Debug)]
pub struct Commune {
    /// Villages, each with an enumerator.
    pub villages: u32,
    /// Households in each: all interviewed, their points confirmed, all accepted.
    pub households: u32,
}

/// How long the office waits, in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Office {
    /// Households of the commune.
    pub households: u32,
    /// The inbox while nobody is accepted.
    pub inbox_ms: u64,
    /// The page of one household.
    pub page_ms: u64,
    /// The inbox once everybody is accepted.
    pub empty_inbox_ms: u64,
    /// Compiling the list.
    pub compile_ms: u64,
    /// Compiling it again, which adds nothing.
    pub again_ms: u64,
}

/// Fills a commune over HTTP and measures what its office asks.
pub async fn measure(commune: Commune) -> Result<Office> {
    let house = House::with_open_round().await?;
    let standards = Standards::shipped()?;
    let mut heads = heads(commune.villages, commune.households);
    for village in 0..commune.villages {
        let mut caller = Caller::enrolled(&house, &standards, village).await?;
        caller.survey(village, heads.by_ref().take(commune.households as usize)).await?;
    }
    let hoa = house.as_account(house.people.hoa).await?;
    let base = format!("/api/rounds/{ROUND}/communes/{}", house.units.commune);
    let (inbox_ms, inbox) = timed(hoa.get(&format!("{base}/inbox"))).await?;
    let households = commune.villages * commune.households;
    let waits = waiting(&inbox)?;
    ensure!(waits == households as usize, "{waits} of {households} wait in the inbox");
    let lines = hoa.get(&format!("{base}/households")).await?.body;
    let lines = lines.as_array().context("the households")?;
    let first = lines.first().and_then(|line| line["household"].as_str()).context("a household")?;
    let (page_ms, _) = timed(hoa.get(&format!("{base}/households/{first}"))).await?;
    accept(&hoa, &base, lines).await?;
    let (empty_inbox_ms, empty) = timed(hoa.get(&format!("{base}/inbox"))).await?;
    ensure!(waiting(&empty)? == 0, "nothing waits");
    let (compile_ms, compiled) = timed(hoa.post(&format!("{base}/roster"), Value::Null)).await?;
    ensure!(compiled["outcome"] == "new", "{compiled}");
    let (again_ms, again) = timed(hoa.post(&format!("{base}/roster"), Value::Null)).await?;
    ensure!(again["outcome"] == "unchanged", "{again}");
    house.stop().await;
    Ok(Office { households, inbox_ms, page_ms, empty_inbox_ms, compile_ms, again_ms })
}

/// Items of the inbox that stand in the way of the list. Whoever has a namesake in the village is a suspect besides.
fn waiting(inbox: &Value) -> Result<usize> {
    let items = inbox.as_array().context("the inbox")?;
    Ok(items.iter().filter(|item| item["kind"] != "suspected").count())
}

/// Confirms the points of every household and accepts it.
pub(super) async fn accept(hoa: &Client, base: &str, lines: &[Value]) -> Result<()> {
    let points = match interview()?.remove(&Slot::Answer("b1_points".parse()?)) {
        Some(Write::Put(Answered::Int(points))) => points,
        other => anyhow::bail!("points expected: {other:?}"),
    };
    let working = lines.chunks(lines.len().div_ceil(REVIEWERS).max(1)).map(|lines| {
        let (hoa, base, lines) = (hoa.clone(), base.to_owned(), lines.to_vec());
        tokio::spawn(async move {
            for line in lines {
                let household = line["household"].as_str().context("a household")?;
                let confirmed = hoa
                    .post(&format!("{base}/households/{household}/confirm-points"), json!({ "points": points }))
                    .await?;
                ensure!(confirmed.is_success(), "{confirmed:?}");
                let seen = json!({ "seen": line["heads"] });
                let accepted = hoa.post(&format!("{base}/households/{household}/accept"), seen).await?;
                ensure!(accepted.is_success(), "{accepted:?}");
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    for working in working.collect::<Vec<_>>() {
        working.await??;
    }
    Ok(())
}

async fn timed(asked: impl Future<Output = Result<crate::client::Answer>>) -> Result<(u64, Value)> {
    let working = Stopwatch::start();
    let answer = asked.await?;
    let took: Duration = working.elapsed();
    ensure!(answer.is_success(), "{answer:?}");
    Ok((u64::try_from(took.as_millis())?, answer.body))
}
