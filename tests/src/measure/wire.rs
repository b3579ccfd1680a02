//! What the field's work costs on the line: bytes of bodies, bytes of the stream, round trips and time.
//!
//! Households of the sample list, never thinned, and work as the field does it ([`crate::field`]).

use anyhow::{Context, Result};
use schemas::ids::HouseholdId;
use serde::Serialize;
use server::clock::Stopwatch;
use server::documents::workbook::Listing;
use server::phone::{Exchanged, Phone};
use server::store;
use server::workflow::exchange::exchange;
use sync_protocol::journal::Scope;
use sync_protocol::message::{Request, Response, SegmentAnswer};

use super::link::{Carried, Link, Quality};
use crate::field::{Field, Size};

/// Bytes of news that one answer may carry.
const WANT_BYTES: u32 = 512 * 1024;

/// How much of the field there is, and how much of it is surveyed.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// The commune.
    pub size: Size,
    /// Households edited at once.
    pub edits: usize,
    /// New households of a day; twice as many are edited besides.
    pub day: usize,
    /// New households interviewed until the middle of the round; a third of all others is edited by then.
    pub surveyed: usize,
}

/// One scenario.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// What was done.
    pub scenario: String,
    /// Bytes of bodies sent.
    pub body_up: u64,
    /// Bytes of bodies received.
    pub body_down: u64,
    /// Bytes that the TCP stream carried up, HTTP's headers among them.
    pub socket_up: u64,
    /// Bytes that it carried down.
    pub socket_down: u64,
    /// Requests that were answered.
    pub round_trips: u64,
    /// From the first request to the last record on the phone's disk.
    pub milliseconds: u64,
}

/// Bytes of bodies with intents, and without them.
#[derive(Clone, Debug, Serialize)]
pub struct Packing {
    /// What was sent.
    pub what: String,
    /// As it travels.
    pub packed: u64,
    /// As signed bytes, which everything falls back to.
    pub fallback: u64,
}

/// All scenarios on one line.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The scenarios, in the order in which they were played.
    pub costs: Vec<Cost>,
    /// What intents save.
    pub packing: Vec<Packing>,
}

/// Plays all scenarios over a line.
pub async fn measure(ground: Ground, quality: Option<Quality>) -> Result<Line> {
    let mut field = Field::open(ground.size, 2).await?;
    let link = Link::open(field.house.listens(), quality).await?;
    let mut line = Line { costs: Vec::new(), packing: Vec::new() };
    let mut phone = field.phone_by("lan", &link.address()).await?;
    line.load(&field, &link, "first load, start of the round").await?;
    phone.sync().await?;
    line.sync(&link, &mut phone, "nothing new").await?;
    edits(&mut field, &mut phone, ground.edits)?;
    line.send(&field, &link, &mut phone, &format!("{} edits of three answers", ground.edits)).await?;
    day(&mut field, &mut phone, ground.day)?;
    let what = format!("a day: {} new households, {} edited", ground.day, 2 * ground.day);
    line.send(&field, &link, &mut phone, &what).await?;
    survey(&mut field, &mut phone, ground.surveyed).await?;
    let what = format!("first load after {} interviews and edits of a third", ground.day + ground.surveyed);
    line.load(&field, &link, &what).await?;
    field.house.stop().await;
    Ok(line)
}

impl Line {
    /// Loads everything onto a phone that holds nothing.
    async fn load(&mut self, field: &Field, link: &Link, what: &str) -> Result<()> {
        let mut phone = field.phone_by(&format!("lan-{}", self.costs.len()), &link.address()).await?;
        let fallback = loaded_as_bytes(field, &phone).await?;
        let packed = self.sync(link, &mut phone, what).await?.traffic.bytes_down;
        self.packing.push(Packing { what: what.to_owned(), packed, fallback });
        Ok(())
    }

    /// Sends what waits on a phone.
    async fn send(&mut self, field: &Field, link: &Link, phone: &mut Phone, what: &str) -> Result<()> {
        let (packed, fallback) = sent_as_bytes(field, phone).await?;
        self.packing.push(Packing { what: what.to_owned(), packed, fallback });
        self.sync(link, phone, what).await.map(drop)
    }

    /// Syncs a phone and writes down what it cost.
    async fn sync(&mut self, link: &Link, phone: &mut Phone, what: &str) -> Result<Exchanged> {
        let Carried { up, down } = link.carried();
        let working = Stopwatch::start();
        let exchanged = phone.sync().await?;
        let milliseconds = u64::try_from(working.elapsed().as_millis())?;
        let (carried, traffic) = (link.carried(), exchanged.traffic);
        self.costs.push(Cost {
            scenario: what.to_owned(),
            body_up: traffic.bytes_up,
            body_down: traffic.bytes_down,
            socket_up: carried.up - up,
            socket_down: carried.down - down,
            round_trips: traffic.round_trips,
            milliseconds,
        });
        Ok(exchanged)
    }
}

/// Edits three answers in each of the first households of a village.
fn edits(field: &mut Field, phone: &mut Phone, count: usize) -> Result<()> {
    let (scope, known) = village(phone, 0)?;
    known.into_iter().take(count).try_for_each(|household| field.edit(phone, &scope, household))
}

/// A day in a village: interviews in new households, and edits of twice as many known ones.
fn day(field: &mut Field, phone: &mut Phone, new: usize) -> Result<()> {
    let (scope, known) = village(phone, 1)?;
    let people: Vec<Listing> = field.listed.listed.iter().rev().take(new).cloned().collect();
    for (people, known) in people.iter().zip(known.chunks(2)) {
        field.interview(phone, &scope, people)?;
        known.iter().try_for_each(|household| field.edit(phone, &scope, *household))?;
    }
    Ok(())
}

/// The round goes on until its middle: in every village interviews in new households and edits of a third of the others.
async fn survey(field: &mut Field, phone: &mut Phone, new: usize) -> Result<()> {
    let villages = Field::scopes(phone).len();
    for at in 0..villages {
        let (scope, known) = village(phone, at)?;
        let listed = field.listed.listed.iter().skip(at).step_by(villages);
        let unlisted: Vec<Listing> = listed.take(new.div_ceil(villages)).cloned().collect();
        for people in unlisted {
            field.interview(phone, &scope, &people)?;
        }
        known.iter().step_by(3).try_for_each(|household| field.edit(phone, &scope, *household))?;
        phone.sync().await?;
    }
    Ok(())
}

fn village(phone: &Phone, at: usize) -> Result<(Scope, Vec<HouseholdId>)> {
    let scope = Field::scopes(phone).get(at).context("a village")?.clone();
    let known = Field::households(phone, &scope);
    Ok((scope, known))
}

/// The device that a phone is to the server.
async fn known(field: &Field, phone: &Phone) -> Result<server::domain::device::Device> {
    let mut read = field.house.app.store.read().await?;
    store::device::by_id(&mut read, phone.identity().device).await?.context("the phone is enrolled")
}

/// Bytes of the answers that load everything onto a phone that has all pages sent as bytes.
async fn loaded_as_bytes(field: &Field, phone: &Phone) -> Result<u64> {
    let (known, mut device) = (known(field, phone).await?, phone.device().clone());
    let (house, round) = (&field.house, field.round()?);
    let villages = store::log::villages(&mut house.app.store.read().await?, house.units.commune, &round).await?;
    let scopes = villages.into_iter().map(|village| Scope { village, round: round.clone() });
    let scopes: Vec<Scope> = scopes.collect();
    let mut loaded = 0;
    loop {
        let sync = device.request(0, WANT_BYTES);
        let request = Request { as_bytes: Some(scopes.clone()), ..Request::from_bytes(&sync.bytes)? };
        let answer = exchange(&field.house.app, &known, &request.to_bytes()).await?;
        loaded += answer.len() as u64;
        let outcome = device.answer(&sync, &answer, 0)?;
        if !outcome.more && !outcome.name_scopes {
            return Ok(loaded);
        }
    }
}

/// Bytes of what waits on a phone: as it will travel, and as it would once the server had asked for bytes twice.
async fn sent_as_bytes(field: &Field, phone: &Phone) -> Result<(u64, u64)> {
    let mut device = phone.device().clone();
    let known = known(field, phone).await?;
    let nothing = Request::bringing(Vec::new(), device.author().epoch, 0).to_bytes();
    let mut refusal = Response::from_bytes(&exchange(&field.house.app, &known, &nothing).await?)?;
    let first = device.request(0, WANT_BYTES);
    let mut last = first.clone();
    for _ in 0..2 {
        let segments = Request::from_bytes(&last.bytes)?.segments.len();
        refusal.segments = vec![SegmentAnswer::SendBytes(Vec::new()); segments];
        device.answer(&last, &refusal.to_bytes(), 0)?;
        last = device.request(0, WANT_BYTES);
    }
    Ok((first.bytes.len() as u64, last.bytes.len() as u64))
}
