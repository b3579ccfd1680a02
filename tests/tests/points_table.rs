//! B1 by a points table, from the office's file to the list, over HTTP. The table is invented for the test.

use std::sync::Arc;

use anyhow::{Context, Result};
use house_tests::client::Client;
use house_tests::fieldwork::{enrolled, interview};
use house_tests::house::{FORM, House, ROUND};
use house_tests::points::{MAPPING, NUMBERS, upload};
use schemas::ids::HouseholdId;
use schemas::ledger::Hash;
use schemas::roster::{PointsFrom, RosterFile};
use schemas::standard::PointsFiles;
use serde_json::{Value, json};
use server::domain::role::Role;
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};
use sync_protocol::journal::Scope;

fn tables(house: &House) -> String {
    format!("/api/units/{}/points-tables", house.units.province)
}

fn invented_hash() -> String {
    let files = PointsFiles { numbers: NUMBERS.to_owned(), mapping: MAPPING.to_owned() };
    files.hash().to_string()
}

fn round(house: &House, table: Option<&str>) -> Value {
    json!({
        "id": ROUND, "unit": house.units.province, "name": "Rà soát định kỳ 2026", "standards": ["vn-2022-2025"],
        "form_version": FORM, "b1_mode": "points", "points_table": table, "reference_on": "2026-10-01",
    })
}

#[tokio::test]
async fn a_table_with_faults_is_answered_line_by_line() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    let numbers = NUMBERS.replace("wall,50", "wall,50.5").replace("size,large", "size,huge");
    let refused = admin.post(&tables(&house), upload(&numbers, MAPPING)).await?;
    assert_eq!((refused.status, refused.slug()), (422, "points-table/faulty"));
    let places: Vec<_> = refused.body["faults"].as_array().context("faults")?.iter().collect();
    let named = |at: usize| (places[at]["file"].as_str(), places[at]["entry"].as_str());
    assert_eq!(named(0), (Some("b1.csv"), Some("line 4")));
    assert_eq!(places[0]["vi"], "cột rural_northern_midland_mountain: \"50.5\" không phải điểm (0 đến 1000)");
    assert_eq!(named(1), (Some("b1.toml"), Some("item size / large")));
    assert_eq!(named(2), (Some("b1.csv"), Some("size / huge")));
    assert_eq!(admin.get(&tables(&house)).await?.body, json!([]));
    let many = NUMBERS.to_owned() + &"x,y,z,w\n".repeat(1000);
    let refused = admin.post(&tables(&house), upload(&many, MAPPING)).await?;
    assert_eq!(refused.body["faults"].as_array().map(Vec::len), Some(100));
    let endless = admin.post(&tables(&house), upload(&"x".repeat(600 * 1024), MAPPING)).await?;
    assert_eq!(endless.slug(), "request/too-large");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_sample_is_refused_and_says_why() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    let reasons = "status = \"sample_only\"\nreason_vi = \"để tập huấn\"\nreason_en = \"for training\"";
    let sample = MAPPING.replace("status = \"for_round\"", reasons);
    let refused = admin.post(&tables(&house), upload(NUMBERS, &sample)).await?;
    assert_eq!((refused.status, refused.slug()), (422, "points-table/sample"));
    assert!(refused.text("detail").contains("để tập huấn"), "{refused:?}");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_round_by_a_table_opens_only_once_two_people_have_signed_the_table() -> Result<()> {
    let house = House::start().await?;
    let (admin, duc) = (house.log_in("admin").await?, house.log_in("duc").await?);
    let hash = invented_hash();
    let confirm = format!("{}/{hash}/confirm", tables(&house));
    assert_eq!(duc.post("/api/rounds", round(&house, None)).await?.slug(), "round/points-table-needed");
    assert_eq!(duc.post("/api/rounds", round(&house, Some(&hash))).await?.slug(), "points-table/not-found");
    let loaded = admin.post(&tables(&house), upload(NUMBERS, MAPPING)).await?;
    assert_eq!((loaded.status, loaded.text("hash")), (201, &*hash));
    assert!(loaded.body["confirmed"].is_null());
    let made = duc.post("/api/rounds", round(&house, Some(&hash))).await?;
    assert_eq!((made.status, made.text("points_table")), (201, &*hash));
    let open = format!("/api/rounds/{ROUND}/open");
    assert_eq!(duc.post(&open, Value::Null).await?.slug(), "round/points-table-not-confirmed");
    assert_eq!(admin.post(&confirm, Value::Null).await?.slug(), "points-table/same-person");
    assert!(duc.post(&confirm, Value::Null).await?.is_success());
    assert_eq!(duc.post(&confirm, Value::Null).await?.slug(), "review/already-decided");
    assert!(duc.post(&open, Value::Null).await?.is_success());
    let shown = duc.get(&format!("{}/{hash}", tables(&house))).await?;
    assert_eq!(shown.body["rows"][0]["vi"], "Số người: đến 2");
    assert_eq!(shown.body["rows"][0]["points"], json!({ "rural_northern_midland_mountain": 150 }));
    assert_eq!((shown.text("numbers"), shown.text("mapping")), (NUMBERS, MAPPING));
    house.stop().await;
    Ok(())
}

/// Loads and signs the invented table, and opens a round by it.
async fn opened(house: &House) -> Result<()> {
    let (admin, duc) = (house.log_in("admin").await?, house.log_in("duc").await?);
    let hash = invented_hash();
    let steps = [
        (&admin, tables(house), upload(NUMBERS, MAPPING)),
        (&duc, format!("{}/{hash}/confirm", tables(house)), Value::Null),
        (&duc, "/api/rounds".to_owned(), round(house, Some(&hash))),
        (&duc, format!("/api/rounds/{ROUND}/open"), Value::Null),
    ];
    for (who, path, body) in steps {
        let answer = who.post(&path, body).await?;
        assert!(answer.is_success(), "{path}: {answer:?}");
    }
    house.assign(house.people.lan, house.units.village).await
}

/// Two households, surveyed by lan without typing any points: one poor, one above the cut-off by its durable wall, which
/// the table alone decides.
async fn surveyed(house: &House) -> Result<[HouseholdId; 2]> {
    let directory = tempfile::tempdir()?;
    let standards = Arc::new(Standards::shipped()?);
    let lan = (house.people.lan, house.units.village);
    let mut phone = enrolled(house, directory.path(), lan, &standards, 11).await?;
    let scope = Scope { village: house.units.village, round: ROUND.parse()? };
    let mut answers = interview()?;
    answers.remove(&Slot::Answer("b1_points".parse()?)).context("typed points")?;
    let households = [HouseholdId([1; 16]), HouseholdId([2; 16])];
    phone.commit(&scope, households[0], &answers)?;
    answers.insert(Slot::Answer("wall".parse()?), Write::Put("durable".into()));
    phone.commit(&scope, households[1], &answers)?;
    assert_eq!(phone.sync().await?.waiting, 0);
    Ok(households)
}

async fn accept(hoa: &Client, house: &House, household: HouseholdId) -> Result<Value> {
    let path = format!("/api/rounds/{ROUND}/communes/{}/households/{household}", house.units.commune);
    let page = hoa.get(&path).await?;
    let accepted = hoa.post(&format!("{path}/accept"), json!({ "seen": page.body["heads"] })).await?;
    assert!(accepted.is_success(), "{accepted:?}");
    Ok(page.body["reports"][0].clone())
}

#[tokio::test]
async fn households_are_classified_accepted_and_listed_by_the_table_without_a_paper_score() -> Result<()> {
    let house = House::start().await?;
    opened(&house).await?;
    let households = surveyed(&house).await?;
    let hoa = house.as_account(house.people.hoa).await?;
    let inbox = hoa.get(&format!("/api/rounds/{ROUND}/communes/{}/inbox", house.units.commune)).await?;
    // The two families bear one name in one village, which is for somebody to look at and blocks nothing.
    let ready =
        inbox.body.as_array().map(|items| items.iter().filter(|item| item["kind"] == "ready_to_accept").count());
    assert_eq!(ready, Some(2), "{inbox:?}");
    let [poor, not_poor] = households;
    let report = accept(&hoa, &house, poor).await?;
    assert_eq!((&report["class"], &report["b1"]["amount"]), (&json!("poor"), &json!([100, 100])));
    assert_eq!(report["b1"]["source"], "table");
    assert_eq!(report["b1"]["items"][0]["item"]["vi"], "Số người");
    let report = accept(&hoa, &house, not_poor).await?;
    assert_eq!((&report["class"], &report["b1"]["amount"]), (&json!("not_poor"), &json!([150, 150])));
    let list = format!("/api/rounds/{ROUND}/communes/{}/roster", house.units.commune);
    let compiled = hoa.post(&list, Value::Null).await?;
    assert_eq!(compiled.body["outcome"], "new", "{compiled:?}");
    let table = PointsFrom::Table { hash: invented_hash().parse::<Hash>()? };
    assert_eq!(compiled.body["roster"]["header"]["b1"], serde_json::to_value(table)?);
    let chair = house.account("chair", house.units.commune).await?;
    house.give(chair, Role::CommuneChair, house.units.commune).await?;
    let file = house.as_account(chair).await?.get(&format!("{list}.json?salts=true")).await?;
    let file = RosterFile::read(file.body.to_string().as_bytes())?;
    file.verify(compiled.body["roster"]["root"].as_str().context("root")?.parse()?)?;
    let points: Vec<_> = file.lines.iter().map(|entry| entry.line.b1.points).collect();
    assert_eq!(points, [100]);
    house.stop().await;
    Ok(())
}
