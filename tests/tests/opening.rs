//! A forgotten PIN: who may ask for a device to be opened, who may agree, and what comes of it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use field_core::Core;
use house_tests::client::{Answer, Client};
use house_tests::core::{CorePhone, ask};
use house_tests::house::House;
use schemas::ids::{AccountId, UnitId};
use schemas::ledger::{Decision, verify};
use serde_json::{Value, json};
use server::domain::log::SecurityEventKind as Kind;
use server::domain::role::Role;
use server::store;
use server::workflow::housekeeping;

const DATA_KEY: [u8; 32] = [0xda; 32];
const KNOWN: &str = "Biết mặt, có thẻ";

/// Lan's phone, which has kept its key, and the officers of her commune.
struct Scene {
    house: House,
    /// The phone's id.
    device: String,
    kept: Vec<u8>,
    hoa: Client,
    khanh: Client,
    people: [AccountId; 2],
    drawn: u8,
}

/// A request as the phone made it.
struct Asked {
    body: Value,
    code: String,
    reply_secret: Vec<u8>,
}

impl Scene {
    async fn new() -> Result<Self> {
        let house = House::start().await?;
        let phone = CorePhone::enrol(&house, house.people.lan, house.units.village).await?;
        let keep = json!({ "keep_key": { "server_key": phone.opening()["open"]["server_key"], "recovery_key": phone.recovery_key } });
        let secret = phone.on_disk().into_iter().next().context("the secret key")?;
        let kept = ask(&mut Core::new(), &keep, &[vec![1; 32], secret, DATA_KEY.to_vec()])?;
        ensure!(kept.json["commune"] == json!(house.units.commune), "{}", kept.json);
        let khanh = house.account("khanh", house.units.commune).await?;
        house.give(khanh, Role::Committee, house.units.commune).await?;
        let people = [house.people.hoa, khanh];
        let (hoa, khanh) = (house.as_account(people[0]).await?, house.as_account(people[1]).await?);
        let kept = kept.parts.into_iter().next().context("what is kept")?;
        Ok(Self { house, device: phone.device.clone(), kept, hoa, khanh, people, drawn: 1 })
    }

    /// A request that was not sent yet.
    fn drawn(&mut self) -> Result<Asked> {
        self.drawn += 1;
        let command = json!({ "ask_opening": { "commune": self.house.units.commune } });
        let made = ask(&mut Core::new(), &command, &[vec![self.drawn; 32], self.kept.clone()])?;
        let reply_secret = made.parts.into_iter().next().context("the reply secret")?;
        let code = made.json["code"].as_str().context("letters")?.to_owned();
        Ok(Asked { body: made.json["body"].clone(), code, reply_secret })
    }

    /// A request that the server took, and the client with its token.
    async fn asked(&mut self) -> Result<(Asked, Client)> {
        let asked = self.drawn()?;
        let answer = self.house.anonymous.post("/api/openings", asked.body.clone()).await?;
        ensure!(answer.status == 201, "{answer:?}");
        Ok((asked, self.house.anonymous.with_token(answer.text("token"))))
    }

    async fn confirm(&self, officer: &Client, code: &str) -> Result<Answer> {
        let path = format!("/api/devices/{}/opening/confirm", self.device);
        officer.post(&path, json!({ "code": code, "reason": KNOWN })).await
    }

    async fn refuse(&self, officer: &Client, reason: &str) -> Result<Answer> {
        officer.post(&format!("/api/devices/{}/opening/refuse", self.device), json!({ "reason": reason })).await
    }

    /// The requests that wait for the commune's officers.
    async fn waiting(&self) -> Result<Vec<Value>> {
        let listed = self.hoa.get(&format!("/api/units/{}/openings", self.house.units.commune)).await?;
        listed.body.as_array().cloned().context("a list")
    }

    async fn decisions(&self) -> Result<Vec<(Option<AccountId>, Decision)>> {
        let commune = self.house.units.commune;
        let texts = store::ledger::texts(&mut self.house.app.store.read().await?, commune).await?;
        let entries = verify(commune, texts.iter().map(String::as_str))?;
        Ok(entries.into_iter().map(|entry| (entry.by, entry.decision)).collect())
    }

    /// What the security events say of the phone, the newest first.
    async fn events(&self) -> Result<Vec<(Kind, Option<AccountId>)>> {
        let events = store::security_event::newest(&mut self.house.app.store.read().await?, 50).await?;
        let own = events.into_iter().filter(|event| event.subject == self.device);
        Ok(own.map(|event| (event.kind, event.actor)).collect())
    }

    async fn officer(&self, login: &str, unit: UnitId) -> Result<Client> {
        let account = self.house.account(login, unit).await?;
        self.house.give(account, Role::Reviewer, unit).await?;
        self.house.as_account(account).await
    }
}

/// The words of an answer, and nothing else of it.
fn said(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.slug())
}

#[tokio::test]
async fn nobody_asks_with_what_the_device_itself_has_not_kept_for_that_commune() -> Result<()> {
    let mut scene = Scene::new().await?;
    let other = CorePhone::enrol(&scene.house, scene.house.people.minh, scene.house.units.other_village).await?;
    let honest = scene.drawn()?.body;
    let turned = |at: usize| {
        let mut kept = scene.kept.clone();
        kept[at] ^= 1;
        json!(server::token::hex(&kept))
    };
    let end = scene.kept.len() - 1;
    let cases = [
        ("device", json!(other.device), "opening/not-genuine"),
        ("device", json!("0".repeat(26)), "opening/not-genuine"),
        ("commune", json!(scene.house.units.neighbour), "opening/not-genuine"),
        ("commune", json!(u64::MAX), "opening/not-genuine"),
        ("kept_key", turned(end), "opening/not-genuine"),
        ("kept_key", turned(5), "opening/not-genuine"),
        ("kept_key", turned(1), "request/unreadable"),
        ("kept_key", json!(""), "request/unreadable"),
        ("kept_key", json!("00".repeat(513)), "request/unreadable"),
        ("reply_key", json!("00".repeat(32)), "opening/weak-key"),
        ("reply_key", json!(format!("01{}", "00".repeat(31))), "opening/weak-key"),
        ("reply_key", json!("ff"), "request/unreadable"),
    ];
    for (field, value, slug) in cases {
        let mut body = honest.clone();
        body[field] = value.clone();
        let answer = scene.house.anonymous.post("/api/openings", body).await?;
        assert_eq!(said(&answer), (422, slug), "{field}: {value}");
    }
    assert!(scene.waiting().await?.is_empty());
    assert!(scene.house.anonymous.post("/api/openings", honest).await?.is_success());
    scene.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_device_that_was_shut_out_or_whose_holder_was_is_neither_asked_for_nor_opened() -> Result<()> {
    for revoked in [true, false] {
        let mut scene = Scene::new().await?;
        let (asked, _) = scene.asked().await?;
        assert!(scene.confirm(&scene.hoa, &asked.code).await?.is_success());
        let admin = scene.house.as_account(scene.house.people.admin).await?;
        let path = match revoked {
            true => format!("/api/devices/{}/revoke", scene.device),
            false => format!("/api/accounts/{}/disable", scene.house.people.lan),
        };
        assert!(admin.post(&path, Value::Null).await?.is_success());
        assert_eq!(said(&scene.confirm(&scene.khanh, &asked.code).await?), (409, "opening/shut-out"));
        let again = scene.drawn()?.body;
        assert_eq!(said(&scene.house.anonymous.post("/api/openings", again).await?), (409, "opening/shut-out"));
        assert!(scene.decisions().await?.is_empty());
        scene.house.stop().await;
    }
    Ok(())
}

#[tokio::test]
async fn two_officers_of_the_commune_agree_who_are_not_the_holder() -> Result<()> {
    let mut scene = Scene::new().await?;
    let (commune, neighbour) = (scene.house.units.commune, scene.house.units.neighbour);
    scene.house.give(scene.house.people.lan, Role::Reviewer, commune).await?;
    let lan = scene.house.as_account(scene.house.people.lan).await?;
    let foreign = scene.officer("bich", neighbour).await?;
    let in_village = scene.officer("cuc", scene.house.units.village).await?;
    let (asked, phone) = scene.asked().await?;
    assert_eq!(said(&scene.confirm(&lan, &asked.code).await?), (403, "opening/own-device"));
    for outside in [&foreign, &in_village] {
        assert_eq!(said(&scene.confirm(outside, &asked.code).await?), (404, "device/not-found"));
        assert_eq!(said(&scene.refuse(outside, "Không").await?), (404, "device/not-found"));
    }
    assert_eq!(said(&scene.confirm(&scene.hoa, "7K2M-0QXZ-B4T9").await?), (409, "opening/code-differs"));
    assert_eq!(said(&scene.confirm(&scene.hoa, "?").await?), (409, "opening/code-differs"));
    let path = format!("/api/devices/{}/opening/confirm", scene.device);
    let silent = scene.hoa.post(&path, json!({ "code": asked.code, "reason": " " })).await?;
    assert_eq!(said(&silent), (422, "review/reason-needed"));
    assert_eq!(phone.get("/api/openings/own").await?.text("state"), "asked");
    assert_eq!(scene.confirm(&scene.hoa, &asked.code.to_lowercase()).await?.text("state"), "confirmed");
    assert_eq!(said(&scene.confirm(&scene.hoa, &asked.code).await?), (409, "opening/same-officer"));
    assert_eq!(said(&scene.confirm(&lan, &asked.code).await?), (403, "opening/own-device"));
    let waiting = phone.get("/api/openings/own").await?;
    assert_eq!((waiting.text("state"), &waiting.body["opened_key"]), ("confirmed", &Value::Null));
    assert!(scene.decisions().await?.is_empty());
    assert_eq!(scene.confirm(&scene.khanh, &asked.code).await?.text("state"), "opened");
    assert_eq!(said(&scene.confirm(&scene.khanh, &asked.code).await?), (409, "opening/already-decided"));
    assert_eq!(said(&scene.refuse(&scene.hoa, "Muộn rồi").await?), (409, "opening/already-decided"));
    scene.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_answer_is_given_for_the_token_of_the_request_and_for_seven_days() -> Result<()> {
    let mut scene = Scene::new().await?;
    let (first, old) = scene.asked().await?;
    assert!(scene.confirm(&scene.hoa, &first.code).await?.is_success());
    let (second, new) = scene.asked().await?;
    // What was agreed to was another request.
    assert_eq!(said(&old.get("/api/openings/own").await?), (404, "opening/not-found"));
    assert_eq!(said(&scene.confirm(&scene.khanh, &first.code).await?), (409, "opening/code-differs"));
    assert_eq!(new.get("/api/openings/own").await?.text("state"), "asked");
    for stranger in [scene.house.anonymous.clone(), scene.house.anonymous.with_token(&"0".repeat(64))] {
        assert_eq!(said(&stranger.get("/api/openings/own").await?), (404, "opening/not-found"));
    }
    scene.house.clock.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(said(&new.get("/api/openings/own").await?), (404, "opening/not-found"));
    let hoa = scene.house.as_account(scene.people[0]).await?;
    assert_eq!(said(&scene.confirm(&hoa, &second.code).await?), (404, "opening/not-found"));
    scene.house.clock.advance(Duration::from_secs(1));
    let forgotten = housekeeping::forget_ended(&scene.house.app).await?.context("due")?;
    assert_eq!(forgotten.openings, 1);
    scene.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_device_asks_five_times_at_once_and_no_more() -> Result<()> {
    let mut scene = Scene::new().await?;
    for _ in 0..5 {
        scene.asked().await?;
    }
    let sixth = scene.drawn()?.body;
    assert_eq!(
        said(&scene.house.anonymous.post("/api/openings", sixth.clone()).await?),
        (429, "session/too-many-attempts")
    );
    scene.house.clock.advance(Duration::from_secs(600));
    assert!(scene.house.anonymous.post("/api/openings", sixth).await?.is_success());
    scene.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_one_officer_refuses_is_told_on_the_device_and_may_be_asked_again() -> Result<()> {
    let mut scene = Scene::new().await?;
    let (asked, phone) = scene.asked().await?;
    assert!(scene.confirm(&scene.hoa, &asked.code).await?.is_success());
    assert_eq!(said(&scene.refuse(&scene.khanh, "").await?), (422, "review/reason-needed"));
    assert!(scene.refuse(&scene.khanh, "Không phải máy của Lan").await?.is_success());
    let told = phone.get("/api/openings/own").await?;
    assert_eq!((told.text("state"), told.text("reason")), ("refused", "Không phải máy của Lan"));
    assert_eq!(told.body["by"], json!(["khanh"]));
    assert_eq!(said(&scene.confirm(&scene.hoa, &asked.code).await?), (409, "opening/already-decided"));
    assert!(scene.waiting().await?.is_empty());
    let holder = scene.house.people.lan;
    let reason = "Không phải máy của Lan".to_owned();
    let refused = Decision::DeviceNotOpened { device: scene.device.parse()?, holder, reason };
    assert_eq!(scene.decisions().await?, [(Some(scene.people[1]), refused)]);
    scene.asked().await?;
    assert_eq!(scene.waiting().await?.len(), 1);
    scene.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_device_that_two_officers_open_gets_its_own_key_back_on_record() -> Result<()> {
    let mut scene = Scene::new().await?;
    let (asked, phone) = scene.asked().await?;
    let [waiting] = scene.waiting().await?.try_into().map_err(|_| anyhow::anyhow!("one request"))?;
    assert_eq!((&waiting["device"], &waiting["holder_name"]), (&json!(scene.device), &json!("lan")));
    assert!(!waiting.to_string().contains(&asked.code), "the letters are read off the device");
    assert!(scene.confirm(&scene.khanh, &asked.code).await?.is_success());
    assert_eq!(scene.waiting().await?[0]["confirmed"]["account"], json!(scene.people[1]));
    assert!(scene.confirm(&scene.hoa, &asked.code).await?.is_success());
    let told = phone.get("/api/openings/own").await?;
    assert_eq!((told.text("state"), &told.body["by"]), ("opened", &json!(["khanh", "hoa"])));
    let opened = sync_protocol::hash::hex_bytes(told.text("opened_key"), 512).context("the key")?;
    assert!(!told.text("opened_key").contains(&"da".repeat(32)), "sealed to the device");
    let take = json!({ "take_key": { "device": scene.device } });
    let taken = ask(&mut Core::new(), &take, &[asked.reply_secret.clone(), opened.clone()])?;
    assert_eq!(taken.parts, [DATA_KEY.to_vec()]);
    let stranger = ask(&mut Core::new(), &take, &[vec![7; 32], opened]);
    assert!(stranger.is_err_and(|error| error.to_string().starts_with("recovery/other-key")));
    let [hoa, khanh] = scene.people;
    let entry = Decision::DeviceOpened {
        device: scene.device.parse()?,
        holder: scene.house.people.lan,
        first: khanh,
        first_reason: KNOWN.to_owned(),
        reason: KNOWN.to_owned(),
    };
    assert_eq!(scene.decisions().await?, [(Some(hoa), entry)]);
    let events = scene.events().await?;
    let steps = [
        (Kind::DeviceOpened, Some(hoa)),
        (Kind::OpeningConfirmed, Some(khanh)),
        (Kind::OpeningAsked, None),
        (Kind::DeviceEnrolled, Some(scene.house.people.lan)),
    ];
    assert_eq!(events, steps);
    let devices = scene.hoa.get(&format!("/api/units/{}/devices", scene.house.units.commune)).await?;
    assert_eq!(devices.body[0]["opened"]["by"], json!([khanh, hoa]));
    scene.house.stop().await;
    Ok(())
}
