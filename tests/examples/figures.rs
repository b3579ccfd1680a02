//! Figures of the foundation on this machine: how long a login takes, how many small writes a second are on disk, and how
//! many bytes the phones' work takes on the wire.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use house_tests::field::{Field, Size};
use house_tests::house::{House, PASSWORD};
use serde_json::json;
use server::clock::{Stopwatch, day_of};
use server::domain::log::{SecurityEvent, SecurityEventKind};
use server::password::Cost;
use server::phone::{Exchanged, Phone};
use server::store::{self, StoreError};

const LOGINS: u32 = 20;
const CALLERS: u32 = 20;
const WRITES_EACH: u32 = 500;

#[tokio::main]
async fn main() -> Result<()> {
    let house = House::start_with(Cost::Standard).await?;
    println!("on {}", day_of(house.clock.now()));
    let mut slowest = Duration::ZERO;
    let all = Stopwatch::start();
    for _ in 0..LOGINS {
        house.clock.advance(Duration::from_secs(60));
        let one = Stopwatch::start();
        let body = json!({ "login": "hoa", "password": PASSWORD, "keep": "bearer" });
        assert!(house.anonymous.post("/api/session", body).await?.is_success());
        slowest = slowest.max(one.elapsed());
    }
    println!("login: {:?} on average, {slowest:?} at most", all.elapsed() / LOGINS);
    for callers in [1, CALLERS] {
        let seconds = write_together(&house, callers).await?.as_secs_f64();
        println!("writes: {callers} callers, {:.0} a second", f64::from(callers * WRITES_EACH) / seconds);
    }
    house.stop().await;
    wire().await
}

/// The scenarios that have a budget, in a commune of forty villages and in one of two.
async fn wire() -> Result<()> {
    let mut field = Field::open(Size { villages: 40, households: 75 }, 2).await?;
    let mut phone = field.phone("lan").await?;
    let loading = Stopwatch::start();
    let loaded = phone.sync().await?;
    line("40 villages: first load of 3,000 households", &loaded);
    println!("  {:?} for server and phone together", loading.elapsed());
    line("40 villages: nothing new", &phone.sync().await?);
    edits(&mut field, &mut phone).await?;
    field.house.stop().await;
    let mut field = Field::open(Size { villages: 2, households: 75 }, 3).await?;
    let mut phone = field.phone("lan").await?;
    phone.sync().await?;
    line("2 villages: nothing new", &phone.sync().await?);
    edits(&mut field, &mut phone).await?;
    day(&mut field, &mut phone).await?;
    line("2 villages: first load by another phone after that", &field.phone("lan-hai").await?.sync().await?);
    field.house.stop().await;
    Ok(())
}

async fn edits(field: &mut Field, phone: &mut Phone) -> Result<()> {
    let scope = Field::scopes(phone).first().context("a village")?.clone();
    let known = Field::households(phone, &scope);
    for household in &known[..15] {
        field.edit(phone, &scope, *household)?;
    }
    let edits = phone.sync().await?;
    line("  15 edits of three answers", &edits);
    println!("    each {} B up", edits.traffic.bytes_up.div_ceil(15));
    field.edit(phone, &scope, known[0])?;
    line("  one edit alone", &phone.sync().await?);
    Ok(())
}

async fn day(field: &mut Field, phone: &mut Phone) -> Result<()> {
    let scopes = Field::scopes(phone);
    let scope = scopes.get(1).context("a village")?;
    let known = Field::households(phone, scope);
    let people = field.listed.listed[100..115].to_vec();
    for (at, people) in people.iter().enumerate() {
        field.interview(phone, scope, people)?;
        for household in &known[at * 2..at * 2 + 2] {
            field.edit(phone, scope, *household)?;
        }
    }
    line("  a day: 15 new households, 30 edited", &phone.sync().await?);
    for people in &people {
        field.interview(phone, scope, people)?;
    }
    // The night has outlived the device's token: its renewal is among these.
    line("  15 new households the day after", &phone.sync().await?);
    Ok(())
}

fn line(what: &str, exchanged: &Exchanged) {
    let traffic = exchanged.traffic;
    println!(
        "{what}: {} B up, {} B down, {} round trips, {} entries, {} rows",
        traffic.bytes_up, traffic.bytes_down, traffic.round_trips, exchanged.sent, exchanged.rows
    );
}

async fn write_together(house: &House, callers: u32) -> Result<Duration> {
    let working = Stopwatch::start();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (app, at) = (Arc::clone(&house.app), house.clock.now());
            tokio::spawn(async move {
                for _ in 0..WRITES_EACH {
                    let kind = SecurityEventKind::LoggedIn;
                    let event = SecurityEvent { at, kind, actor: None, subject: caller.to_string() };
                    let write = app.store.write("figures", move |tx| {
                        Box::pin(async move { store::security_event::append(tx, &event).await })
                    });
                    write.await?;
                }
                Ok::<(), StoreError>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(working.elapsed())
}
