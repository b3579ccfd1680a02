//! The official list over HTTP: compiled, looked at, taken away as files.

use anyhow::Result;
use house_tests::house::House;
use schemas::ledger::Hash;
use schemas::roster::RosterFile;
use serde_json::{Value, json};
use server::domain::role::Role;

#[tokio::test]
async fn a_list_is_compiled_once_shown_and_exported_to_those_who_may() -> Result<()> {
    let house = House::start().await?;
    let admin = house.as_account(house.people.admin).await?;
    let round = json!({
        "id": "2026-dinh-ky", "unit": house.units.province, "name": "Rà soát định kỳ 2026",
        "standards": ["vn-2022-2025"], "form_version": "vn-2022-2025/1",
        "b1_mode": "paper", "reference_on": "2026-10-01",
    });
    assert!(admin.post("/api/rounds", round).await?.is_success());
    let (hoa, lan) = (house.as_account(house.people.hoa).await?, house.as_account(house.people.lan).await?);
    let list = format!("/api/rounds/2026-dinh-ky/communes/{}/roster", house.units.commune);
    assert_eq!(lan.post(&list, Value::Null).await?.status, 403, "enumerators compile nothing");
    assert_eq!(hoa.get(&format!("{list}.xlsx")).await?.slug(), "roster/not-found");

    // Nobody is listed yet: the list is empty, and has a root all the same.
    let compiled = hoa.post(&list, Value::Null).await?;
    assert_eq!(compiled.body["outcome"], "new", "{compiled:?}");
    let root: Hash = compiled.body["roster"]["root"].as_str().unwrap_or_default().parse()?;
    assert_eq!(hoa.post(&list, Value::Null).await?.body["outcome"], "unchanged");
    assert_eq!(hoa.get(&list).await?.body["newest"]["root"], compiled.body["roster"]["root"]);
    assert_eq!(hoa.get(&format!("{list}.json?salts=true")).await?.slug(), "access/role-needed");
    let chair = house.account("chair", house.units.commune).await?;
    house.give(chair, Role::CommuneChair, house.units.commune).await?;
    let salted = house.as_account(chair).await?.get(&format!("{list}.json?salts=true")).await?;
    RosterFile::read(salted.body.to_string().as_bytes())?.verify(root)?;
    let workbook = hoa.get(&format!("{list}.xlsx")).await?;
    let name = workbook.headers["content-disposition"].to_str()?;
    assert!(workbook.is_success() && name.ends_with(".xlsx\""), "{name}");
    house.stop().await;
    Ok(())
}
