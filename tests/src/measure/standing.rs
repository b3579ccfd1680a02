//! What a server costs that holds many documents: its memory after the same traffic, and a sync that brings nothing and
//! reads nothing.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::link::Link;
use super::served::Served;
use crate::field::{Field, Size};

/// Villages that the phone surveys, however many there are.
const SURVEYED: usize = 40;

/// How much the server holds, and what it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// The commune.
    pub size: Size,
    /// Syncs without news.
    pub syncs: u32,
}

/// What a server costs.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Documents in its database.
    pub documents: usize,
    /// Villages whose logs the phone has read.
    pub villages: usize,
    /// Kilobytes when it had just started.
    pub resident_at_start_kb: u64,
    /// Kilobytes after a first load of the phone's villages.
    pub resident_after_load_kb: u64,
    /// Kilobytes after all syncs.
    pub resident_kb: u64,
    /// Syncs that brought nothing and read nothing.
    pub syncs: u32,
    /// Processor time of the server for one of them, in microseconds.
    pub sync_microseconds: u64,
}

/// Fills a server, starts it anew in a process of its own and asks it.
pub async fn measure(held: Held, program: &Path) -> Result<Standing> {
    let field = Field::open_in_part(held.size, 4, SURVEYED).await?;
    let link = Link::open(field.house.listens(), None).await?;
    let mut phone = field.phone_by("lan", &link.address()).await?;
    let (left, _phones) = field.leave().await;
    let served = Served::start(program, &left.data())?;
    link.lead_to(served.listens());
    let resident_at_start_kb = served.resident_kb()?;
    let loaded = phone.sync().await?;
    anyhow::ensure!(loaded.rows > 0, "nothing was loaded");
    let resident_after_load_kb = served.resident_kb()?;
    phone.sync().await.context("a sync to warm up")?;
    let before = served.processor_time()?;
    for _ in 0..held.syncs {
        phone.sync().await?;
    }
    let taken = served.processor_time()? - before;
    Ok(Standing {
        documents: held.size.villages * held.size.households,
        villages: held.size.villages.min(SURVEYED),
        resident_at_start_kb,
        resident_after_load_kb,
        resident_kb: served.resident_kb()?,
        syncs: held.syncs,
        sync_microseconds: u64::try_from(taken.as_micros())? / u64::from(held.syncs.max(1)),
    })
}
