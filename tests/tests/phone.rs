//! Headless phones against a real server over HTTP: let in, working offline, disagreeing, settling, crashing, coming back.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use house_tests::house::House;
use jiff::civil::Date;
use schemas::codes::names::NameSearch;
use schemas::form::FormVersion;
use schemas::ids::{AccountId, HouseholdId, MemberId, UnitId};
use schemas::rules::{AreaType, Class, Language};
use schemas::value::Value;
use serde_json::json;
use server::clock::{Chance, Clock};
use server::http::serve::{Protection, start};
use server::phone::{
    CarriedParcel, Choice, Enrolment, Phone, PhoneFault, PlainHttp, Road, RoundPoints, Scoring, StoreFault,
    Surroundings, Wanted,
};
use server::standards::Standards;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::View;
use sync_protocol::journal::Scope;

#[path = "phone/again.rs"]
mod again;
#[path = "phone/parcel.rs"]
mod parcel;

/// A house in which lan and minh survey one village in an open round.
struct Field {
    house: House,
    directory: tempfile::TempDir,
    standards: Arc<Standards>,
}

impl Field {
    async fn open() -> Result<Self> {
        let house = House::with_open_round().await?;
        for account in [house.people.lan, house.people.minh] {
            house.assign(account, house.units.village).await?;
        }
        Ok(Self { house, directory: tempfile::tempdir()?, standards: Arc::new(Standards::shipped()?) })
    }

    fn surroundings(&self, name: &str) -> Surroundings {
        let seed = name.bytes().fold(7, |seed, byte| seed * 31 + u64::from(byte));
        let (clock, chance) = (self.house.clock.clone(), Chance::seeded(seed));
        Surroundings { clock, chance, standards: self.standards.clone() }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn open_again(&self, name: &str) -> Result<Phone, PhoneFault> {
        Phone::open(&self.at(name), self.surroundings(name))
    }

    async fn code(&self, account: AccountId, unit: UnitId) -> Result<String> {
        let hoa = self.house.as_account(self.house.people.hoa).await?;
        let code = hoa.post("/api/enrolment-codes", json!({ "account": account, "unit": unit })).await?;
        Ok(code.text("code").to_owned())
    }

    fn enrolment(&self, code: &str) -> Enrolment {
        let road = Road { server: self.house.address(), roots: None, plain: PlainHttp::LoopbackOnly };
        let form = FormVersion("vn-2022-2025/1".to_owned());
        Enrolment { road, code: code.to_owned(), server_key: None, name: "Máy thử".to_owned(), form }
    }

    /// A phone of lan's or minh's that was let in and has synced once.
    async fn phone(&self, name: &str) -> Result<Phone> {
        let people = self.house.people;
        let account = if name.starts_with("lan") { people.lan } else { people.minh };
        // Minh is entitled in the other village and surveys this one in this round; his phone is let in at the former.
        let unit = if account == people.lan { self.house.units.village } else { self.house.units.other_village };
        let code = self.code(account, unit).await?;
        let mut phone = Phone::enrol(&self.at(name), self.enrolment(&code), self.surroundings(name)).await?;
        phone.sync().await?;
        Ok(phone)
    }
}

/// A household with two people, everything but the water answered.
fn family() -> serde_json::Value {
    let person = |name: &str, relation: &str| {
        json!({ "full_name": name, "relation": relation, "status": "present", "residence": "permanent", "sex": "female",
            "born": "1990-01-01", "ethnicity": "09", "education": "primary" })
    };
    json!({
        "answers": { "address": "Xóm Trên", "wall": "durable", "roof": "not_durable", "floor_area": 405, "b1_points": 130 },
        "members": [person("Lý Thị Mai", "head"), person("Lý Thị Lan", "child")],
        "visits": { "+today": { "visited_on": "2026-10-01", "outcome": "met" } },
        "notes": ["Nhà ở sau trạm y tế"],
        "confirmed": { "housing": "+today" },
    })
}

fn said(phone: &Phone, household: &HouseholdId, key: &str) -> Option<Value> {
    phone.device().household(household, View::Accepted)?.answers.get(key).cloned()
}

#[tokio::test]
async fn nobody_is_let_in_with_a_wrong_code_a_wrong_key_or_twice() -> Result<()> {
    let field = Field::open().await?;
    let people = field.house.people;
    let enrol = async |enrolment| Phone::enrol(&field.at("lan"), enrolment, field.surroundings("lan")).await.err();
    let refused = enrol(field.enrolment("7K2M-0QXZ-B4T9")).await.context("refused")?;
    assert_eq!((refused.slug(), refused.label().vi.is_empty()), ("enrolment/code-not-valid", false));
    assert_eq!(enrol(field.enrolment("7K2M")).await.context("refused")?.slug(), "phone/code");
    let code = field.code(people.lan, field.house.units.village).await?;
    let other_server = Enrolment { server_key: Some("07".repeat(32)), ..field.enrolment(&code) };
    assert_eq!(enrol(other_server).await.context("refused")?.slug(), "device/proof-wrong");
    assert_eq!(field.open_again("lan").err().context("refused")?.slug(), "phone/not-enrolled");
    let phone = field.phone("lan").await?;
    assert_eq!(phone.identity().account, people.lan);
    assert_eq!(field.open_again("lan").err().context("refused")?.slug(), "phone/in-use");
    drop(phone);
    assert_eq!(enrol(field.enrolment(&code)).await.context("refused")?.slug(), "phone/enrolled-already");
    Ok(())
}

#[tokio::test]
async fn a_server_whose_certificate_is_not_trusted_hears_nothing() -> Result<()> {
    let field = Field::open().await?;
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    let protection = Protection::Tls { certificate: fixture("tls-cert.pem"), key: fixture("tls-key.pem") };
    let running = start(field.house.app.clone(), SocketAddr::from(([127, 0, 0, 1], 0)), protection).await?;
    let code = field.code(field.house.people.lan, field.house.units.village).await?;
    let trusting = |roots: Option<String>| {
        let road = Road { server: format!("https://{}", running.address()), roots, plain: PlainHttp::LoopbackOnly };
        Enrolment { road, ..field.enrolment(&code) }
    };
    let enrol = async |enrolment| Phone::enrol(&field.at("lan"), enrolment, field.surroundings("lan")).await;
    let refused = enrol(trusting(None)).await.err().context("the system does not know the certificate")?;
    assert_eq!(refused.slug(), "phone/unreachable");
    let mut lan = enrol(trusting(Some(std::fs::read_to_string(fixture("tls-cert.pem"))?))).await?;
    lan.sync().await?;
    drop(lan);
    // The certificate was kept with the identity.
    field.open_again("lan")?.pull().await?;
    running.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_in_a_file_is_named_and_holds_up_only_itself() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let mut faulty = family();
    faulty["answers"]["floor_area"] = json!(40.5);
    faulty["members"][1]["favourite_colour"] = json!("blue");
    let file = json!([faulty, family(), { "village": 999, "answers": {} }]);
    let committed = lan.found_households(file)?;
    let faults: Vec<_> = committed.faults.iter().map(|fault| (fault.item, fault.path.as_str())).collect();
    assert_eq!(faults, [(1, "answers/floor_area"), (1, "members/+2/favourite_colour"), (3, "")]);
    assert!(committed.faults[0].reason.vi.contains("m²") && committed.faults[0].reason.en.contains("m²"));
    let [written] = &committed.written[..] else { panic!("one household") };
    let home = written.household;
    assert_eq!(written.sections.len(), 6, "visits, identity, housing, income and each member: {written:?}");
    let member = &written.minted["members/+1"];
    let edits = json!([
        [home, "answers/wall", true],
        [home, "answers/wall", "bamboo"],
        [home, "answers/colour", "blue"],
        [home, "members/0000000000000000/sex", "female"],
        [home, format!("members/{member}/sex"), null],
        [home, "visits/+x/outcome", null],
        [home, "confirmed/housing", "+nobody"],
        [HouseholdId([9; 16]), "answers/wall", "durable"],
        [home, "notes/+", "Hẹn quay lại"],
    ]);
    let committed = lan.edit_households(edits)?;
    let faulty: Vec<usize> = committed.faults.iter().map(|fault| fault.item).collect();
    assert_eq!(faulty, [1, 3, 4, 6, 7, 8]);
    let odd: Vec<usize> = committed.warnings.iter().map(|warning| warning.item).collect();
    assert_eq!(odd, [2], "an unusual value is kept, with a warning");
    let now = lan.device().household(&home, View::Mine).context("here")?;
    assert_eq!(now.answers["wall"], Value::from("bamboo"));
    assert!(!now.members[&member.parse()?].contains_key("sex"));
    assert_eq!(now.notes.len(), 2);
    assert_eq!(now.confirmed.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_number_that_contradicts_the_person_is_written_and_doubted_at_the_door_and_afterwards() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let person = |number: &str, sex: &str| json!({ "citizen_id": number, "sex": sex, "born": "1971-05-02" });
    let members =
        json!([person("002071000090", "male"), person("002171000090", "male"), person("071000090", "female")]);
    let founded = lan.found_households(json!({ "members": members }))?;
    let doubted: Vec<&str> = founded.warnings.iter().map(|warning| warning.path.as_str()).collect();
    assert_eq!(doubted, ["members/+2/sex"], "neither the one that fits nor the old number: {:?}", founded.warnings);
    assert!(founded.warnings[0].reason.vi.contains("giới tính"), "{:?}", founded.warnings[0]);
    let [written] = &founded.written[..] else { panic!("one household") };
    let (home, member) = (written.household, &written.minted["members/+1"]);
    let edited = lan.edit_households(json!([[home, format!("members/{member}/born"), "2016"]]))?;
    assert_eq!((edited.faults.len(), edited.warnings.len()), (0, 1), "what stood here counts: {edited:?}");
    assert!(edited.warnings[0].reason.en.contains("1971"), "{:?}", edited.warnings[0]);
    let shown = lan.show(&home, View::Mine, None)?;
    assert_eq!(shown.warnings.len(), 2, "{:?}", shown.warnings);
    assert!(shown.warnings.iter().all(|doubt| doubt.path.ends_with("/citizen_id")));
    let cleared = lan.edit_households(json!([[home, format!("members/{member}/citizen_id"), null]]))?;
    assert_eq!(cleared.warnings, []);
    assert_eq!(lan.show(&home, View::Mine, None)?.warnings.len(), 1);
    Ok(())
}

#[tokio::test]
async fn the_examples_of_the_help_are_taken_by_a_phone() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let mut example: serde_json::Value =
        serde_json::from_str(include_str!("../../sync-protocol/src/field/said/new.json"))?;
    example["village"] = json!(field.house.units.village);
    let founded = lan.found_households(example)?;
    assert_eq!((founded.faults, founded.warnings), (vec![], vec![]));
    let edits = serde_json::from_str(include_str!("../../sync-protocol/src/field/said/edit.json"))?;
    let faults: Vec<String> = lan.edit_households(edits)?.faults.into_iter().map(|fault| fault.path).collect();
    assert_eq!(faults, ["members/0123456789abcdef/school"], "the one member whom nobody has founded");
    Ok(())
}

#[tokio::test]
async fn a_household_is_found_on_the_phone_by_the_beginnings_of_its_heads_names() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let head = |name: &str| json!({ "members": [{ "full_name": name, "relation": "head", "status": "present" }] });
    let written = lan.found_households(json!([head("Đặng Tà Nải"), head("Hoàng Văn Páo")]))?.written;
    let found = |typed: &str| -> Vec<HouseholdId> {
        lan.find(&NameSearch::of(typed)).into_iter().map(|line| line.household).collect()
    };
    assert_eq!(found("ang"), [], "not the middle of a word");
    assert_eq!(found("NAI dang"), [written[0].household]);
    assert_eq!(found("páo"), [written[1].household]);
    assert_eq!(found("").len(), 2);
    Ok(())
}

#[tokio::test]
async fn without_a_server_work_goes_on_and_nothing_is_claimed() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    lan.found_households(family())?;
    field.house.stop().await;
    let refused = lan.sync().await.err().context("no server")?;
    assert_eq!(refused.slug(), "phone/unreachable");
    assert!(refused.label().vi.contains("vẫn ở trên máy này"));
    lan.found_households(family())?;
    assert_eq!(lan.list().iter().map(|line| line.stands).collect::<Vec<_>>(), ["phone"; 2]);
    Ok(())
}

#[tokio::test]
async fn two_phones_disagree_and_agree_again_once_one_of_them_settles() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let home = lan.found_households(family())?.written[0].household;
    lan.sync().await?;
    minh.pull().await?;
    assert_eq!(lan.export(View::Accepted), minh.export(View::Accepted));
    lan.edit_households(json!([[home, "answers/roof", "durable"], [home, "members/+baby/full_name", "Lý Văn Bình"]]))?;
    minh.edit_households(json!([[home, "answers/wall", "not_durable"], [home, "answers/water_source", "tap"]]))?;
    lan.sync().await?;
    minh.sync().await?;
    lan.pull().await?;
    let shown = lan.show(&home, View::Accepted, None)?;
    let [open] = &shown.disagreements[..] else { panic!("one disagreement: {:?}", shown.disagreements) };
    assert_eq!((open.section.to_string().as_str(), open.sides.len()), ("housing", 2));
    assert_eq!(lan.list()[0].reasons[0].slug, "disagreement/open");
    assert_eq!(lan.settle(home, &open.id, Choice::Take(3)).err().context("refused")?.slug(), "phone/no-side");
    let elsewhere = Choice::Set(json!([[home, "answers/water_source", "surface"]]));
    assert_eq!(lan.settle(home, &open.id, elsewhere)?.faults.len(), 1);
    let minhs = open.sides.iter().find(|side| side.value["wall"] == "not_durable").context("minh's side")?;
    lan.settle(home, &open.id, Choice::Take(minhs.side))?;
    lan.sync().await?;
    minh.pull().await?;
    for phone in [&lan, &minh] {
        assert!(phone.show(&home, View::Accepted, None)?.disagreements.is_empty());
        assert_eq!(phone.list()[0].stands, "server");
        assert_eq!(said(phone, &home, "wall"), Some("not_durable".into()));
        assert_eq!(said(phone, &home, "roof"), Some("not_durable".into()), "taken as a whole, not field by field");
        assert_eq!(said(phone, &home, "water_source"), Some("tap".into()));
    }
    assert_eq!(lan.export(View::Accepted), minh.export(View::Accepted));
    Ok(())
}

#[tokio::test]
async fn a_disagreement_is_settled_by_a_third_value_as_well() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let home = lan.found_households(family())?.written[0].household;
    lan.sync().await?;
    minh.pull().await?;
    lan.edit_households(json!([[home, "answers/floor_area", 300]]))?;
    minh.edit_households(json!([[home, "answers/floor_area", 350]]))?;
    lan.sync().await?;
    minh.sync().await?;
    let as_of = Date::constant(2026, 10, 1);
    let scoring = Scoring { area: Some(AreaType::Rural), b1: Some(RoundPoints::Paper), as_of };
    let shown = minh.show(&home, View::Mine, Some(scoring))?;
    let classes = shown.classes.context("few ways to settle")?;
    assert!(shown.reports[0].possible_classes.is_subset_of(classes), "the set of classes, not a winner");
    let open = shown.disagreements[0].id.clone();
    minh.settle(home, &open, Choice::Set(json!([[home, "answers/floor_area", 333]])))?;
    minh.sync().await?;
    lan.pull().await?;
    assert_eq!(said(&lan, &home, "floor_area"), Some(Value::Int(333)));
    assert!(lan.show(&home, View::Accepted, None)?.disagreements.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_phone_that_was_away_renews_its_token_and_a_revoked_one_keeps_its_work() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    lan.found_households(family())?;
    field.house.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let exchanged = lan.sync().await?;
    assert_eq!((exchanged.waiting, exchanged.traffic.round_trips), (0, 4), "refused, challenge, token, exchange");
    drop(lan);
    let mut lan = field.open_again("lan")?;
    assert_eq!(lan.sync().await?.traffic.round_trips, 1, "the new token was kept");
    let hoa = field.house.as_account(field.house.people.hoa).await?;
    hoa.post(&format!("/api/devices/{}/revoke", lan.identity().device), json!(null)).await?;
    lan.found_households(family())?;
    // What it wrote is taken for a person to look at; it is told so, and nothing else.
    let exchanged = lan.sync().await?;
    assert_eq!((exchanged.waiting, exchanged.rows), (0, 0));
    let held = lan.list().into_iter().find(|line| line.stands == "needs_you").context("held")?;
    assert!(held.reasons.iter().any(|reason| reason.slug == "change/device-revoked"), "{held:?}");
    assert_eq!(lan.sync().await.err().context("revoked")?.slug(), "device/revoked");
    assert_eq!(lan.export(View::Mine).len(), 2);
    Ok(())
}

/// Copies a phone's directory as it is on disk at this moment: what a killed process leaves behind.
fn killed(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

#[tokio::test]
async fn a_phone_killed_in_the_middle_of_a_write_has_everything_that_it_showed() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let home = lan.found_households(family())?.written[0].household;
    let shown = lan.export(View::Mine);
    let log = field.at("lan").join("records");
    let before = std::fs::metadata(&log)?.len();
    lan.edit_households(json!([[home, "answers/wall", "not_durable"]]))?;
    let after = std::fs::metadata(&log)?.len();
    killed(&field.at("lan"), &field.at("lan-killed"))?;
    drop(lan);
    for length in [after - 1, (before + after) / 2, before + 1, before] {
        std::fs::OpenOptions::new().write(true).open(field.at("lan-killed").join("records"))?.set_len(length)?;
        let phone = Phone::open(&field.at("lan-killed"), field.surroundings("lan"))?;
        assert_eq!(phone.export(View::Mine), shown);
        assert_eq!(phone.torn().map(|torn| torn.bytes), (length > before).then_some(length - before));
        drop(phone);
        killed(&field.at("lan"), &field.at("lan-killed"))?;
    }
    let mut lan = field.open_again("lan")?;
    lan.sync().await?;
    assert_eq!(said(&lan, &home, "wall"), Some("not_durable".into()));
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_changes_nothing_twice() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let home = lan.found_households(family())?.written[0].household;
    killed(&field.at("lan"), &field.at("lan-killed"))?;
    // The server takes everything; the phone dies before it has written the answer down.
    lan.sync().await?;
    let accepted = lan.export(View::Accepted);
    drop(lan);
    let mut again = Phone::open(&field.at("lan-killed"), field.surroundings("lan"))?;
    assert_eq!(again.list()[0].stands, "phone");
    again.sync().await?;
    assert_eq!(again.export(View::Accepted), accepted);
    assert_eq!(again.list()[0].stands, "server");
    assert!(again.show(&home, View::Accepted, None)?.disagreements.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_damaged_log_is_not_opened_and_not_touched() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    lan.found_households(family())?;
    drop(lan);
    let log = field.at("lan").join("records");
    let mut bytes = std::fs::read(&log)?;
    bytes[40] ^= 1;
    std::fs::write(&log, &bytes)?;
    let refused = field.open_again("lan").err().context("refused")?;
    assert!(matches!(&refused, PhoneFault::Store(StoreFault::Damaged { copy, .. }) if std::fs::read(copy)? == bytes));
    assert_eq!(std::fs::read(&log)?, bytes);
    Ok(())
}

#[tokio::test]
async fn the_class_is_explained_on_the_phone_and_says_what_is_missing() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let home = lan.found_households(family())?.written[0].household;
    let as_of = Date::constant(2026, 10, 1);
    let paper = Some(RoundPoints::Paper);
    let both = lan.show(&home, View::Mine, Some(Scoring { area: None, b1: paper, as_of }))?.reports;
    assert_eq!(both.len(), 2, "country and town");
    let rural = Some(Scoring { area: Some(AreaType::Rural), b1: paper, as_of });
    let [report] = &lan.show(&home, View::Mine, rural)?.reports[..] else { panic!("one report") };
    assert_eq!(report.class, None);
    assert!(report.possible_classes.contains(Class::Poor) && !report.possible_classes.contains(Class::NotPoor));
    assert!(report.missing.iter().any(|missing| missing.label.vi.contains("Nguồn nước")));
    Ok(())
}

#[tokio::test]
async fn typed_points_decide_nothing_on_a_phone_where_the_round_may_go_by_a_table() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let mut family = family();
    family["answers"]["b1_points"] = json!(999);
    let home = lan.found_households(family)?.written[0].household;
    let (area, as_of) = (Some(AreaType::Rural), Date::constant(2026, 10, 1));
    let show = |b1| lan.show(&home, View::Mine, Some(Scoring { area, b1, as_of }));
    assert_eq!(show(Some(RoundPoints::Paper))?.reports[0].class, Some(Class::NotPoor));
    let by_table = show(Some(RoundPoints::Table))?;
    assert_eq!(by_table.reports[0].class, None);
    let said = by_table.reports[0].text(Language::Vi).to_string();
    assert!(said.contains("«cần bảng điểm của cơ quan»"), "{said}");
    let unsaid = show(None)?;
    assert_eq!(unsaid.reports.len(), 2, "by paper and by table");
    let classes = unsaid.classes.context("few ways to settle")?;
    assert!(classes.contains(Class::NotPoor) && classes.len() > 1, "{classes:?}");
    Ok(())
}

#[tokio::test]
async fn what_one_phone_exports_another_can_found() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    lan.found_households(json!([family(), family()]))?;
    let exported = json!({ "households": lan.export(View::Mine) });
    let again = lan.found_households(exported.clone())?;
    assert_eq!((again.written.len(), again.faults.len()), (0, 2), "they are here already");
    let mut minh = field.phone("minh").await?;
    let founded = minh.found_households(exported.clone())?;
    assert_eq!(founded.faults, []);
    let without_notes = |mut json: serde_json::Value| {
        // Notes are minted anew: they are added, never said again.
        let households = json["households"].as_array_mut().into_iter().flatten();
        households.for_each(|household| household["notes"] = json!(null));
        json
    };
    assert_eq!(without_notes(json!({ "households": minh.export(View::Mine) })), without_notes(exported));
    Ok(())
}

#[tokio::test]
async fn a_day_of_work_costs_no_more_bytes_than_it_should() -> Result<()> {
    let field = Field::open().await?;
    let mut lan = field.phone("lan").await?;
    let idle = lan.sync().await?.traffic;
    let homes: Vec<_> = (0..15).map(|_| family()).collect();
    let written = lan.found_households(json!(homes))?.written;
    let day = lan.sync().await?.traffic;
    let home = written[0].household;
    let edits = json!([
        [home, "answers/wall", "not_durable"],
        [home, "answers/roof", "durable"],
        [home, "answers/floor_area", 300]
    ]);
    lan.edit_households(edits)?;
    let edit = lan.sync().await?.traffic;
    println!("nothing new: {idle:?}\n15 households: {day:?}\n3-field edit: {edit:?}");
    assert_eq!((idle.round_trips, day.round_trips, edit.round_trips), (1, 1, 1));
    assert!(idle.bytes_up + idle.bytes_down <= 150, "{idle:?}");
    assert!(edit.bytes_up < 1_000 && edit.bytes_down < 600, "{edit:?}");
    Ok(())
}
