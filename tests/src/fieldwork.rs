//! Phones of enumerators, let in at a house, and what they fill in.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use schemas::form::FormVersion;
use schemas::household::Household;
use schemas::ids::{AccountId, UnitId};
use schemas::standard::shipped;
use serde_json::json;
use server::clock::Chance;
use server::phone::{Enrolment, Phone, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};

use crate::house::{FORM, House};

/// A phone kept in a directory, let in by hoa for somebody who surveys in a unit, and synced once.
pub async fn enrolled(
    house: &House,
    at: &Path,
    (account, unit): (AccountId, UnitId),
    standards: &Arc<Standards>,
    seed: u64,
) -> Result<Phone> {
    let hoa = house.as_account(house.people.hoa).await?;
    let code = hoa.post("/api/enrolment-codes", json!({ "account": account, "unit": unit })).await?;
    let surroundings =
        Surroundings { clock: house.clock.clone(), chance: Chance::seeded(seed), standards: standards.clone() };
    let enrolment = Enrolment {
        road: Road { server: house.address(), roots: None, plain: PlainHttp::LoopbackOnly },
        code: code.text("code").to_owned(),
        server_key: None,
        name: format!("Máy {seed}"),
        form: FormVersion(FORM.to_owned()),
    };
    let mut phone = Phone::enrol(at, enrolment, surroundings).await?;
    phone.sync().await?;
    Ok(phone)
}

/// A complete interview of a household of four: the poor household that the standard gives as an example.
pub fn interview() -> Result<BTreeMap<Slot, Write>> {
    let (_, files) = shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").context("the standard")?;
    let (_, example) = files.iter().find(|(name, _)| *name == "examples/poor.toml").context("the example")?;
    let example: toml::Table = example.parse()?;
    let household: Household = example.get("household").context("a household")?.clone().try_into()?;
    let mut writes = BTreeMap::new();
    writes.extend(household.answers.into_iter().map(|(key, value)| (Slot::Answer(key), Write::Put(value))));
    for (member, answers) in household.members {
        writes.insert(Slot::Member(member), Write::Make);
        let answers = answers.into_iter();
        writes.extend(answers.map(|(key, value)| (Slot::MemberAnswer(member, key), Write::Put(value))));
    }
    Ok(writes)
}
