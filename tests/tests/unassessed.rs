//! A household that nobody could review, over HTTP from the phone to the list: it keeps the list waiting until a person
//! decides, stands behind the lists, and comes back when it is met after all.

use std::sync::Arc;

use anyhow::{Context, Result};
use house_tests::client::{Answer, Client};
use house_tests::house::House;
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::household::Household;
use schemas::ids::{HouseholdId, UnitId};
use schemas::ledger::{Hash, Unassessed};
use schemas::roster::RosterFile;
use serde_json::{Value, json};
use server::clock::Chance;
use server::domain::role::Role;
use server::domain::unit::{Area, Level, UnitAttributes, Validity};
use server::phone::{Enrolment, Phone, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use server::store::{self, StoreError};

const ROUND: &str = "2026-dinh-ky";

/// A house with an open round, lan's phone in a village of a known region, and the reviewer hoa.
struct Field {
    house: House,
    lan: Phone,
    hoa: Client,
    village: UnitId,
    _directory: tempfile::TempDir,
}

impl Field {
    async fn open() -> Result<Self> {
        let house = House::start().await?;
        let (admin, hoa) = (house.as_account(house.people.admin).await?, house.as_account(house.people.hoa).await?);
        let round = json!({
            "id": ROUND, "unit": house.units.province, "name": "Rà soát định kỳ 2026", "standards": ["vn-2022-2025"],
            "form_version": "vn-2022-2025/1", "b1_mode": "paper", "reference_on": "2026-10-01",
        });
        done(admin.post("/api/rounds", round).await?)?;
        done(admin.post(&format!("/api/rounds/{ROUND}/open"), Value::Null).await?)?;
        let village = village(&house).await?;
        house.give(house.people.lan, Role::Enumerator, village).await?;
        let assigned = json!({ "village": village, "account": house.people.lan });
        let path = format!("/api/rounds/{ROUND}/communes/{}/assignments", house.units.commune);
        done(hoa.post(&path, assigned).await?)?;
        let directory = tempfile::tempdir()?;
        let code = json!({ "account": house.people.lan, "unit": village });
        let code = hoa.post("/api/enrolment-codes", code).await?;
        let road = Road { server: house.address(), roots: None, plain: PlainHttp::LoopbackOnly };
        let (code, form) = (code.text("code").to_owned(), FormVersion("vn-2022-2025/1".to_owned()));
        let enrolment = Enrolment { road, code, server_key: None, name: "Máy của Lan".to_owned(), form };
        let (clock, chance) = (house.clock.clone(), Chance::seeded(7));
        let surroundings = Surroundings { clock, chance, standards: Arc::new(Standards::shipped()?) };
        let mut lan = Phone::enrol(&directory.path().join("lan"), enrolment, surroundings).await?;
        lan.sync().await?;
        Ok(Self { house, lan, hoa, village, _directory: directory })
    }

    fn at(&self, household: HouseholdId, what: &str) -> String {
        format!("/api/rounds/{ROUND}/communes/{}/households/{household}{what}", self.house.units.commune)
    }

    fn list(&self, ending: &str) -> String {
        format!("/api/rounds/{ROUND}/communes/{}/roster{ending}", self.house.units.commune)
    }

    async fn page(&self, household: HouseholdId) -> Result<Value> {
        Ok(done(self.hoa.get(&self.at(household, "")).await?)?.body)
    }

    async fn accept(&self, household: HouseholdId) -> Result<()> {
        let seen = &self.page(household).await?["heads"];
        done(self.hoa.post(&self.at(household, "/confirm-points"), json!({ "points": 140 })).await?)?;
        done(self.hoa.post(&self.at(household, "/accept"), json!({ "seen": seen })).await?)?;
        Ok(())
    }

    /// Ends the round for a household on the state that is shown.
    async fn end(&self, household: HouseholdId, why: &str, reason: &str) -> Result<Answer> {
        let seen = &self.page(household).await?["heads"];
        let body = json!({ "seen": seen, "why": why, "reason": reason });
        self.hoa.post(&self.at(household, "/unassessed"), body).await
    }

    async fn compile(&self) -> Result<Value> {
        Ok(done(self.hoa.post(&self.list(""), Value::Null).await?)?.body)
    }
}

fn done(answer: Answer) -> Result<Answer> {
    assert!(answer.is_success(), "{answer:?}");
    Ok(answer)
}

/// A village of the commune of which everybody knows where it lies.
async fn village(house: &House) -> Result<UnitId> {
    let attributes = UnitAttributes {
        parent: Some(house.units.commune),
        name: "Bản Ba".to_owned(),
        name_en: None,
        area: Some(Area::Rural),
        region: Some("northern_midland_mountain".to_owned()),
    };
    let always = Validity { from: Date::constant(1900, 1, 1), to: None };
    let planted: Result<UnitId, StoreError> = house
        .app
        .store
        .write("test/village", move |tx| {
            Box::pin(async move { store::unit::insert(tx, Level::Village, always, &attributes).await })
        })
        .await;
    Ok(planted?)
}

/// The poor household that the standard itself gives as an example.
fn poor() -> Result<Household> {
    let (_, files) = schemas::standard::shipped::FOLDERS.iter().find(|(id, _)| *id == "vn-2022-2025").context("id")?;
    let (_, example) = files.iter().find(|(name, _)| *name == "examples/poor.toml").context("example")?;
    let example: toml::Table = toml::from_str(example)?;
    Ok(example["household"].clone().try_into()?)
}

fn visit(day: &str, outcome: &str) -> Value {
    json!({ "+visit": { "visited_on": day, "outcome": outcome } })
}

/// One household that was interviewed, and one that refused at the door.
fn two_households() -> Result<Value> {
    let poor = poor()?;
    let members: Vec<_> = poor.members.values().collect();
    Ok(json!([
        { "answers": poor.answers, "members": members, "visits": visit("2026-10-01", "met") },
        { "answers": { "address": "Xóm Trên" }, "visits": visit("2026-10-01", "refused") },
    ]))
}

/// A whole interview, as edits of a household of which nothing was known.
fn interview(household: HouseholdId, day: &str) -> Result<Value> {
    let poor = poor()?;
    let mut edits =
        vec![json!([household, "visits/+again/visited_on", day]), json!([household, "visits/+again/outcome", "met"])];
    edits.extend(poor.answers.iter().map(|(key, value)| json!([household, format!("answers/{key}"), value])));
    for (member, answers) in &poor.members {
        let edit = |(key, value)| json!([household, format!("members/+m{member}/{key}"), value]);
        edits.extend(answers.iter().map(edit));
    }
    Ok(Value::Array(edits))
}

#[tokio::test]
async fn what_the_document_does_not_bear_out_or_nobody_explains_is_refused() -> Result<()> {
    let mut field = Field::open().await?;
    let [interviewed, refusing] = found(&mut field).await?;
    let slug = async |household, why, reason| anyhow::Ok(field.end(household, why, reason).await?.slug().to_owned());
    assert_eq!(slug(refusing, "moved", "nghe nói đã đi").await?, "review/not-borne-out");
    assert_eq!(slug(refusing, "no_member_left", "không thấy ai").await?, "review/not-borne-out");
    assert_eq!(slug(interviewed, "refused", "không hợp tác").await?, "review/not-borne-out");
    assert_eq!(slug(refusing, "refused", "  ").await?, "review/reason-needed");
    assert_eq!(slug(refusing, "busy", "bận").await?, "request/unreadable");
    let unseen = json!({ "seen": [], "why": "refused", "reason": "từ chối ba lần" });
    assert_eq!(field.hoa.post(&field.at(refusing, "/unassessed"), unseen.clone()).await?.slug(), "review/stale");
    let lan = field.house.as_account(field.house.people.lan).await?;
    assert_eq!(lan.post(&field.at(refusing, "/unassessed"), unseen).await?.slug(), "access/role-needed");
    assert_eq!(field.compile().await?["waiting"].as_array().map(Vec::len), Some(2), "nothing was decided");
    field.house.stop().await;
    Ok(())
}

async fn found(field: &mut Field) -> Result<[HouseholdId; 2]> {
    let committed = field.lan.found_households(two_households()?)?;
    assert_eq!(committed.faults, []);
    field.lan.sync().await?;
    let ids: Vec<HouseholdId> = committed.written.iter().map(|written| written.household).collect();
    ids.try_into().ok().context("two households")
}

/// Number of a list, and how many households it counts as approved and as without a class.
fn counts(roster: &Value) -> [u64; 3] {
    let header = &roster["header"];
    [&roster["number"], &header["approved"], &header["unassessed"]].map(|count| count.as_u64().unwrap_or(u64::MAX))
}

/// Looks for a household without a class wherever the list is shown or taken away.
async fn check_named(field: &Field, household: HouseholdId, root: &Value, ledger: &Value) -> Result<()> {
    let page = field.page(household).await?;
    assert_eq!((&page["review"], &page["why"]), (&json!("unassessed"), &json!("refused")));
    let standing = field.hoa.get(&field.list("")).await?.body;
    let named = json!([{ "household": household, "village": field.village, "why": "refused",
        "reason": "đã đến ba lần, chủ hộ không tiếp", "ledger": ledger }]);
    assert_eq!((&standing["unassessed"], &standing["waiting"]), (&named, &json!([])));
    let chair = field.house.account("chair", field.house.units.commune).await?;
    field.house.give(chair, Role::CommuneChair, field.house.units.commune).await?;
    let salted = field.house.as_account(chair).await?.get(&field.list(".json?salts=true")).await?;
    let file = RosterFile::read(salted.body.to_string().as_bytes())?;
    file.verify(root.as_str().unwrap_or_default().parse::<Hash>()?)?;
    let entry = &file.unassessed[0].entry;
    assert_eq!((file.lines.len(), entry.household, entry.why), (1, household, Unassessed::Refused));
    assert!(field.hoa.get(&field.list(".xlsx")).await?.is_success());
    let csv = field.hoa.get(&field.list(".csv?unassessed=true")).await?;
    assert!(csv.headers["content-disposition"].to_str()?.contains("khong-xep-loai"), "{csv:?}");
    Ok(())
}

#[tokio::test]
async fn a_list_waits_for_a_refusing_household_until_a_person_decides_and_again_once_it_is_met() -> Result<()> {
    let mut field = Field::open().await?;
    let [interviewed, refusing] = found(&mut field).await?;
    field.accept(interviewed).await?;
    let compiled = field.compile().await?;
    let waiting =
        json!([{ "household": refusing, "village": field.village, "obstacles": [{ "why": "not_reviewed" }] }]);
    assert_eq!((&compiled["outcome"], &compiled["waiting"]), (&json!("waiting"), &waiting));
    let inbox = field.hoa.get(&format!("/api/rounds/{ROUND}/communes/{}/inbox", field.house.units.commune)).await?;
    let item = json!([{ "household": refusing, "village": field.village, "head_name": "", "kind": "not_met",
        "detail": { "outcome": "refused" }, "warnings": [] }]);
    assert_eq!(inbox.body, item);
    let ended = done(field.end(refusing, "refused", "đã đến ba lần, chủ hộ không tiếp").await?)?;
    let first = field.compile().await?["roster"].clone();
    assert_eq!(counts(&first), [1, 1, 1]);
    check_named(&field, refusing, &first["root"], &ended.body["ledger"]).await?;

    assert_eq!(field.lan.edit_households(interview(refusing, "2026-10-09")?)?.faults, []);
    field.lan.sync().await?;
    let compiled = field.compile().await?;
    assert_eq!(compiled["waiting"][0]["obstacles"], json!([{ "why": "changed_since" }]), "{compiled}");
    assert_eq!(field.hoa.get(&field.list("")).await?.body["unassessed"], json!([]));
    field.accept(refusing).await?;
    let second = field.compile().await?["roster"].clone();
    assert_eq!(counts(&second), [2, 2, 0]);
    assert_eq!(second["poor"]["households"], json!(2));
    field.house.stop().await;
    Ok(())
}
