//! What gives cause to look at a household again, over HTTP: near names at near places, a house outside of its village, one
//! person in two households of two communes. Who is told what, and what ends it.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use house_tests::client::Client;
use house_tests::house::House;
use jiff::civil::Date;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, HouseholdId, UnitId};
use serde_json::{Value, json};
use server::clock::Chance;
use server::domain::clue::KeptClues;
use server::domain::field::DocumentKey;
use server::domain::role::Role;
use server::domain::round::{Assignment, B1Mode, Round, RoundState};
use server::domain::unit::{Level, UnitAttributes, Validity};
use server::phone::{Enrolment, Phone, PlainHttp, Road, Surroundings};
use server::standards::Standards;
use server::store::{self, StoreError};
use server::workflow::geography::import_boundaries;
use server::workflow::rebuild::{Difference, rebuild};

const ROUND: &str = "2026-dinh-ky";
const NUMBER: &str = "002190000123";

/// Two communes in one round: lan surveys in hoa's commune, minh in its neighbour.
struct Border {
    house: House,
    directory: tempfile::TempDir,
    lan: Phone,
    minh: Phone,
    /// Reviews the commune.
    hoa: Client,
    /// Reviews the neighbour.
    beyond: Client,
    /// Compiles for the province, and may read both.
    duc: Client,
}

impl Border {
    async fn open() -> Result<Self> {
        let house = House::start().await?;
        let directory = tempfile::tempdir()?;
        let (units, people) = (house.units, house.people);
        let village = open_round(&house).await?;
        house.give(people.minh, Role::Enumerator, village).await?;
        let reviewer = house.account("beyond", units.neighbour).await?;
        house.give(reviewer, Role::Reviewer, units.neighbour).await?;
        let lan = phone(&house, &directory, people.lan, units.village).await?;
        let minh = phone(&house, &directory, people.minh, village).await?;
        let (hoa, duc) = (house.as_account(people.hoa).await?, house.as_account(people.duc).await?);
        let beyond = house.as_account(reviewer).await?;
        Ok(Self { house, directory, lan, minh, hoa, beyond, duc })
    }

    /// Lan and minh each find a household whose head has this number on the card.
    async fn survey(&mut self, number: &str) -> Result<[HouseholdId; 2]> {
        let one = found(&mut self.lan, "Lý Thị Mai", NUMBER, json!({})).await?;
        let other = found(&mut self.minh, "Sùng Thị Dí", number, json!({})).await?;
        Ok([one, other])
    }

    fn path(&self, unit: UnitId, rest: &str) -> String {
        format!("/api/rounds/{ROUND}/communes/{unit}/{rest}")
    }

    /// The warnings on the only row of a commune's list.
    async fn warnings(&self, client: &Client, unit: UnitId) -> Result<Value> {
        let rows = client.get(&self.path(unit, "households")).await?.body;
        assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
        Ok(rows[0]["warnings"].clone())
    }

    async fn close(self) {
        self.house.stop().await;
        drop((self.lan, self.minh, self.directory));
    }
}

/// Opens a round for the province and gives the neighbour a village; returns the village.
async fn open_round(house: &House) -> Result<UnitId> {
    let (units, people) = (house.units, house.people);
    let round = Round {
        id: ROUND.parse()?,
        unit: units.province,
        name: "Rà soát định kỳ 2026".to_owned(),
        standards: vec!["vn-2022-2025".parse()?],
        form_version: FormVersion("vn-2022-2025/1".to_owned()),
        b1_mode: B1Mode::Paper,
        left_out: Vec::new(),
        reference_on: Date::constant(2026, 10, 1),
        state: RoundState::Open,
    };
    let always = Validity { from: Date::constant(1900, 1, 1), to: None };
    let attributes = UnitAttributes {
        parent: Some(units.neighbour),
        name: "Bản Bên".to_owned(),
        name_en: None,
        area: None,
        region: None,
    };
    let opened: Result<UnitId, StoreError> = house
        .app
        .store
        .write("test/round", move |tx| {
            Box::pin(async move {
                store::round::insert(tx, &round).await?;
                let beyond = store::unit::insert(tx, Level::Village, always, &attributes).await?;
                let places = [(units.commune, units.village, people.lan), (units.neighbour, beyond, people.minh)];
                for (commune, village, account) in places {
                    let assignment = Assignment { commune, round: round.id.clone(), village, account };
                    store::assignment::insert(tx, &assignment).await?;
                }
                Ok(beyond)
            })
        })
        .await;
    Ok(opened?)
}

async fn phone(house: &House, directory: &tempfile::TempDir, account: AccountId, unit: UnitId) -> Result<Phone> {
    let admin = house.as_account(house.people.admin).await?;
    let code = admin.post("/api/enrolment-codes", json!({ "account": account, "unit": unit })).await?;
    let enrolment = Enrolment {
        road: Road { server: house.address(), roots: None, plain: PlainHttp::LoopbackOnly },
        code: code.text("code").to_owned(),
        server_key: None,
        name: "Máy thử".to_owned(),
        form: FormVersion("vn-2022-2025/1".to_owned()),
    };
    let (clock, chance) = (house.clock.clone(), Chance::seeded(account.0));
    let surroundings = Surroundings { clock, chance, standards: Arc::new(Standards::shipped()?) };
    let mut phone = Phone::enrol(&directory.path().join(account.to_string()), enrolment, surroundings).await?;
    phone.sync().await?;
    Ok(phone)
}

async fn found(phone: &mut Phone, name: &str, number: &str, answers: Value) -> Result<HouseholdId> {
    let head = json!({ "full_name": name, "relation": "head", "status": "present", "citizen_id": number });
    let committed = phone.found_households(json!([{ "answers": answers, "members": [head] }]))?;
    assert_eq!(committed.faults.len(), 0, "{committed:?}");
    phone.sync().await?;
    Ok(committed.written.first().context("written")?.household)
}

#[tokio::test]
async fn of_a_household_in_a_commune_that_a_reviewer_may_not_read_only_the_office_to_ask_is_told() -> Result<()> {
    let mut border = Border::open().await?;
    let [_, other] = border.survey("002 190 000 123").await?;
    let commune = border.house.units.commune;
    for rest in ["households", "inbox", "suspects"] {
        let told = border.hoa.get(&border.path(commune, rest)).await?;
        let warning = &told.body[0]["warnings"][0];
        assert_eq!(warning["other"], json!({ "known": "ask_office", "commune_name": "Xã Bên" }), "{rest}");
        assert_eq!((&warning["members"], &warning["grounds"]), (&json!(["Lý Thị Mai"]), &json!(["same_number"])));
        let text = told.body.to_string();
        for secret in ["Sùng Thị Dí", &other.to_string(), NUMBER, "Bản Bên"] {
            assert!(!text.contains(secret), "{rest} tells {secret}: {text}");
        }
    }
    // Who may read both communes is shown both; the neighbour's own office sees its own side.
    let both = border.warnings(&border.duc, commune).await?;
    assert_eq!(
        (&both[0]["other"]["head_name"], &both[0]["other"]["household"]),
        (&json!("Sùng Thị Dí"), &json!(other))
    );
    let beyond = border.warnings(&border.beyond, border.house.units.neighbour).await?;
    assert_eq!(beyond[0]["other"], json!({ "known": "ask_office", "commune_name": "Xã Mẫu" }));
    assert_eq!(beyond[0]["members"], json!(["Sùng Thị Dí"]));
    let enumerator = border.house.as_account(border.house.people.lan).await?;
    assert_eq!(enumerator.get(&border.path(commune, "suspects")).await?.slug(), "access/role-needed");
    border.close().await;
    Ok(())
}

#[tokio::test]
async fn another_number_and_a_member_who_moved_properly_raise_nothing() -> Result<()> {
    let mut border = Border::open().await?;
    let commune = border.house.units.commune;
    let [one, other] = border.survey("002190000124").await?;
    assert_eq!(border.warnings(&border.hoa, commune).await?, json!([]));
    let head = |phone: &Phone, household| {
        let household = phone.device().household(household, sync_protocol::device::View::Mine)?;
        household.members.keys().next().copied()
    };
    let moved = head(&border.minh, &other).context("a head")?;
    border.minh.edit_households(json!([[other, format!("members/{moved}/citizen_id"), NUMBER]]))?;
    border.minh.sync().await?;
    assert_eq!(border.warnings(&border.hoa, commune).await?.as_array().map(Vec::len), Some(1));
    let left = head(&border.lan, &one).context("a head")?;
    border.lan.edit_households(json!([[one, format!("members/{left}/status"), "left"]]))?;
    border.lan.sync().await?;
    assert_eq!(border.warnings(&border.hoa, commune).await?, json!([]));
    assert_eq!(border.warnings(&border.beyond, border.house.units.neighbour).await?, json!([]));
    border.close().await;
    Ok(())
}

#[tokio::test]
async fn a_household_erased_in_the_other_commune_raises_nothing_any_more() -> Result<()> {
    let mut border = Border::open().await?;
    let [_, other] = border.survey(NUMBER).await?;
    let units = border.house.units;
    let erased: Result<(), StoreError> = border
        .house
        .app
        .store
        .write("test/erase", move |tx| {
            Box::pin(async move { store::household::erase(tx, units.neighbour, other).await })
        })
        .await;
    erased?;
    assert_eq!(border.warnings(&border.hoa, units.commune).await?, json!([]));
    assert_eq!(border.beyond.get(&border.path(units.neighbour, "households")).await?.body, json!([]));
    border.close().await;
    Ok(())
}

#[tokio::test]
async fn near_names_at_near_places_and_a_house_outside_its_village_stand_on_the_rows_of_their_households() -> Result<()>
{
    let mut border = Border::open().await?;
    let units = border.house.units;
    let square = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"Bản Một"},"geometry":
        {"type":"Polygon","coordinates":[[[104.6,22.3],[104.61,22.3],[104.61,22.31],[104.6,22.31],[104.6,22.3]]]}}]}"#;
    let boundaries = import_boundaries(&border.house.app, units.province, square.as_bytes()).await?;
    assert_eq!(boundaries.taken, 1, "{boundaries:?}");
    let at = |east: &str| json!({ "gps": format!("22.305,{east},8,1790000000,gps") });
    found(&mut border.lan, "Đặng Văn Phàn", "", at("104.612")).await?;
    found(&mut border.lan, "DANG VAN PHAN", "", at("104.6121")).await?;
    found(&mut border.lan, "Vàng Seo Páo", "", at("104.605")).await?;
    let rows = border.hoa.get(&border.path(units.commune, "households")).await?.body;
    let rows = rows.as_array().context("rows")?;
    let told = |name: &str| {
        let row = rows.iter().find(|row| row["head_name"] == name);
        row.map(|row| row["warnings"].clone()).unwrap_or_default()
    };
    assert_eq!(told("Vàng Seo Páo"), json!([]));
    let [stray, near] = [&told("Đặng Văn Phàn")[0], &told("Đặng Văn Phàn")[1]];
    assert_eq!((&stray["kind"], &stray["metres"], &stray["beyond_m"]), (&json!("stray"), &json!(206), &json!(198)));
    assert!(stray["vi"].as_str().is_some_and(|vi| vi.contains("Bản Một 206 m")), "{stray}");
    assert_eq!((&near["grounds"], &near["metres"]), (&json!(["near_names_nearby"]), &json!(10)));
    assert_eq!(near["other"]["head_name"], "DANG VAN PHAN");
    assert_eq!(told("DANG VAN PHAN")[1]["other"]["head_name"], "Đặng Văn Phàn");
    border.close().await;
    Ok(())
}

#[tokio::test]
async fn clues_that_were_altered_are_found_by_a_rebuild_and_the_warning_is_back() -> Result<()> {
    let mut border = Border::open().await?;
    let [one, _] = border.survey(NUMBER).await?;
    let commune = border.house.units.commune;
    let key = DocumentKey { commune, round: ROUND.parse()?, household: one };
    let altered = key.clone();
    let hidden: Result<(), StoreError> = border
        .house
        .app
        .store
        .write("test/alter", move |tx| {
            Box::pin(async move {
                let kept = store::clue::by_key(tx, &altered).await?;
                let sealed = kept.map(|kept| kept.sealed).unwrap_or_default();
                store::clue::put(tx, &altered, &KeptClues { sealed, marks: BTreeMap::new() }).await
            })
        })
        .await;
    hidden?;
    assert_eq!(border.warnings(&border.hoa, commune).await?, json!([]));
    assert_eq!(rebuild(&border.house.app).await?.differences, [Difference::Clues(key)]);
    assert_eq!(border.warnings(&border.hoa, commune).await?.as_array().map(Vec::len), Some(1));
    border.close().await;
    Ok(())
}

#[tokio::test]
async fn each_office_says_for_itself_that_two_are_different_and_says_why() -> Result<()> {
    let mut border = Border::open().await?;
    let [one, other] = border.survey(NUMBER).await?;
    let units = border.house.units;
    let warning = border.warnings(&border.hoa, units.commune).await?[0].clone();
    let id = warning["id"].as_str().context("an id")?;
    let different =
        |unit, household, id: &str| border.path(unit, &format!("households/{household}/suspicions/{id}/different"));
    let reason = json!({ "reason": "Đã gọi UBND Xã Bên: số bên đó nhập nhầm" });
    let own = different(units.commune, one, id);
    assert_eq!(border.hoa.post(&own, json!({ "reason": " " })).await?.slug(), "review/reason-needed");
    assert_eq!(
        border.hoa.post(&different(units.commune, one, "xx"), reason.clone()).await?.slug(),
        "request/unreadable"
    );
    let of_other = different(units.neighbour, other, id);
    assert_eq!(border.beyond.post(&of_other, reason.clone()).await?.slug(), "review/suspicion-not-found");
    assert_eq!(border.duc.post(&own, reason.clone()).await?.slug(), "access/role-needed", "a compiler decides nothing");
    assert_eq!(border.hoa.post(&own, reason.clone()).await?.body, json!({ "ledger": 1 }));
    assert_eq!(border.hoa.post(&own, reason.clone()).await?.slug(), "review/already-decided");

    let checked = &border.warnings(&border.hoa, units.commune).await?[0]["checked"];
    assert_eq!((&checked["reason"], &checked["by"]), (&reason["reason"], &json!(border.house.people.hoa)));
    assert_eq!(border.hoa.get(&border.path(units.commune, "inbox")).await?.body, json!([]));
    let page = border.hoa.get(&border.path(units.commune, &format!("households/{one}"))).await?;
    assert_eq!(&page.body["warnings"][0]["checked"], checked);
    let beyond = border.beyond.get(&border.path(units.neighbour, "inbox")).await?.body;
    assert_eq!((&beyond[0]["kind"], &beyond[0]["warnings"][0]["checked"]), (&json!("suspected"), &Value::Null));
    border.close().await;
    Ok(())
}
