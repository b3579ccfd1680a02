//! Enumerators whose phones are held in memory: each has a village of its own, and its requests can be made beforehand,
//! so that what is measured is the server's work and not the phones'.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use schemas::ids::{HouseholdId, MemberId, UnitId};
use server::clock::{Clock, Stopwatch};
use server::documents::workbook::Member;
use server::documents::workbook::sample::{SampleCommune, book};
use server::domain::role::Role;
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::standards::Standards;
use server::store::{self, StoreError};
use server::token::unhex;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, Sync};
use sync_protocol::hash::PublicKey;
use sync_protocol::journal::Scope;

use crate::client::Client;
use crate::fieldwork::interview;
use crate::house::{FORM, House, ROUND};
use crate::phone::Phone;

/// Bytes of news that one answer may carry.
const WANT_BYTES: u32 = 512 * 1024;

/// A phone in memory, and the way to its server.
pub struct Caller {
    /// The protocol's half.
    pub device: Device,
    /// Where it surveys.
    pub scope: Scope,
    client: Client,
    clock: Clock,
}

impl Caller {
    /// Makes a village and lets a phone in that surveys it and has read what is there.
    pub async fn enrolled(house: &House, standards: &Standards, number: u32) -> Result<Self> {
        Self::enrolled_in(house, standards, house.units.commune, number).await
    }

    /// The same in any commune that hoa reviews.
    pub async fn enrolled_in(house: &House, standards: &Standards, commune: UnitId, number: u32) -> Result<Self> {
        let round = ROUND.parse()?;
        let account = house.account(&format!("do-{number}"), commune).await?;
        house.give(account, Role::Enumerator, commune).await?;
        let village = village(house, commune, number).await?;
        house.assign_in(commune, account, village).await?;
        let hoa = house.as_account(house.people.hoa).await?;
        let phone = Phone::new(number);
        let let_in = phone.enrol(&hoa, &house.anonymous, account, commune).await?;
        let server = PublicKey(unhex(let_in.text("server_key")).context("the server's key")?);
        let identity = Identity { key: phone.key().clone(), account, server };
        let client = house.anonymous.with_token(let_in.text("token"));
        // New households are founded on the first form.
        let mut forms: Vec<_> = standards.forms().cloned().collect();
        forms.sort_by_key(|form| form.version.0 != FORM);
        let device = Device::new(identity, forms);
        let mut caller = Self { device, scope: Scope { village, round }, client, clock: house.clock.clone() };
        caller.exchange().await?;
        Ok(caller)
    }

    /// Writes a section, founding the household when it is not here yet.
    pub fn commit(&mut self, household: HouseholdId, writes: &BTreeMap<Slot, Write>) -> Result<()> {
        let clocks = self.clocks();
        let is_here = self.device.households().any(|(id, _)| *id == household);
        match is_here {
            true => self.device.commit(household, writes, clocks)?,
            false => self.device.found(self.scope.clone(), household, writes, clocks)?,
        };
        Ok(())
    }

    fn clocks(&self) -> Clocks {
        let uptime_ms = u64::try_from(self.clock.uptime().as_millis()).unwrap_or_default();
        Clocks { wall_ms: self.clock.now().as_millisecond(), uptime_ms }
    }

    /// The next request, made and signed.
    pub fn request(&self) -> Sync {
        self.device.request(self.clocks().wall_ms, WANT_BYTES)
    }

    /// Sends a request and gives back the answer.
    pub async fn send(&self, sync: &Sync) -> Result<Vec<u8>> {
        let (status, answer) = self.client.post_raw("/api/sync", sync.bytes.clone()).await?;
        ensure!(status == 200, "the server answered {status}");
        Ok(answer)
    }

    /// Reads an answer. What the server has not taken is an error.
    pub fn read(&mut self, sync: &Sync, answer: &[u8]) -> Result<()> {
        let outcome = self.device.answer(sync, answer, self.clocks().wall_ms)?;
        ensure!(outcome.remarks.is_empty(), "{:?}", outcome.remarks);
        Ok(())
    }

    /// Interviews the households of its village, one with each of these heads, a hundred to an exchange.
    pub async fn survey(&mut self, village: u32, heads: impl Iterator<Item = Member>) -> Result<()> {
        let (mut interview, head) = (interview()?, MemberId([0; 10]));
        for (number, member) in (0u32..).zip(heads) {
            let mut id = [0xee; 16];
            id[..4].copy_from_slice(&village.to_be_bytes());
            id[4..8].copy_from_slice(&number.to_be_bytes());
            // Of an age at which the same questions are asked.
            let born = (1975 + number % 20).to_string();
            for (question, answer) in [("full_name", member.name), ("born", born)] {
                interview.insert(Slot::MemberAnswer(head, question.parse()?), Write::Put(answer.as_str().into()));
            }
            self.commit(HouseholdId(id), &interview)?;
            if number % 100 == 99 {
                self.exchange().await?;
            }
        }
        self.exchange().await?;
        Ok(())
    }

    /// One exchange; how long the server and the line took.
    pub async fn exchange(&mut self) -> Result<std::time::Duration> {
        let sync = self.request();
        let working = Stopwatch::start();
        let answer = self.send(&sync).await?;
        let took = working.elapsed();
        self.read(&sync, &answer)?;
        Ok(took)
    }
}

/// Heads of households as they stand on a list. Were all alike, every pair of a village would be one that a person has to
/// look at.
pub fn heads(villages: u32, households: u32) -> impl Iterator<Item = Member> {
    let (villages, households) = (villages as usize, households as usize);
    let sample =
        SampleCommune { name: "Xã Mẫu".into(), code: "01243".into(), villages, households, serials_from: 0 };
    let listed = book(&[sample], &mut SmallRng::seed_from_u64(1)).listed;
    listed.into_iter().filter_map(|household| household.members.into_iter().next())
}

async fn village(house: &House, commune: UnitId, number: u32) -> Result<UnitId> {
    let attributes = UnitAttributes {
        parent: Some(commune),
        name: format!("Bản đo {number}"),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("northern_midland_mountain".to_owned()),
    };
    let made: Result<UnitId, StoreError> = house
        .app
        .store
        .write("measure/village", move |tx| {
            Box::pin(async move {
                let valid = Validity { from: Date::constant(2025, 7, 1), to: None };
                store::unit::insert(tx, Level::Village, valid, &attributes).await
            })
        })
        .await;
    Ok(made?)
}

/// Three answers of a section that no two edits with different numbers give alike.
pub fn edit(number: i64) -> Result<BTreeMap<Slot, Write>> {
    let edited = [("floor_area", 20 + number % 300), ("cattle", number % 50), ("poultry", number % 1_000)];
    let write = |(key, value): (&str, i64)| Ok((Slot::Answer(key.parse()?), Write::Put(value.into())));
    edited.into_iter().map(write).collect()
}
