//! Figures of the foundation on this machine: how long a login takes, and how many small writes a second are on disk.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use house_tests::house::{House, PASSWORD};
use serde_json::json;
use server::clock::{Stopwatch, day_of};
use server::domain::log::{SecurityEvent, SecurityEventKind};
use server::password::Cost;
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
    Ok(())
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
