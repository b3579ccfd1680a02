//! Phones let in, renewed and shut out.

use std::time::Duration;

use anyhow::Result;
use house_tests::house::House;
use house_tests::phone::Phone;
use serde_json::{Value, json};
use server::workflow::geography::import_boundaries;

#[tokio::test]
async fn a_code_is_given_only_for_somebody_who_surveys_there() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    for account in [house.people.tam, house.people.hoa] {
        let asked = json!({ "account": account, "unit": house.units.village });
        assert_eq!(hoa.post("/api/enrolment-codes", asked).await?.slug(), "enrolment/not-an-enumerator");
    }
    let elsewhere = json!({ "account": house.people.lan, "unit": house.units.other_village });
    assert_eq!(hoa.post("/api/enrolment-codes", elsewhere).await?.slug(), "enrolment/not-an-enumerator");
    let foreign = json!({ "account": house.people.duc, "unit": house.units.village });
    assert_eq!(hoa.post("/api/enrolment-codes", foreign).await?.slug(), "account/not-found");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_code_lets_one_phone_in_once_and_only_with_its_own_key() -> Result<()> {
    let house = House::start().await?;
    let (hoa, phone) = (house.log_in("hoa").await?, &house.anonymous);
    let asked = json!({ "account": house.people.lan, "unit": house.units.village });
    let code = hoa.post("/api/enrolment-codes", asked).await?;
    let mut stolen = Phone::new(1).enrolment(&code)?;
    stolen["public_key"] = Phone::new(2).enrolment(&code)?["public_key"].clone();
    assert_eq!(phone.post("/api/devices", stolen).await?.slug(), "device/proof-wrong");
    assert_eq!(phone.post("/api/devices", Phone::new(1).enrolment(&code)?).await?.status, 201);
    assert_eq!(phone.post("/api/devices", Phone::new(2).enrolment(&code)?).await?.slug(), "enrolment/code-not-valid");
    let again = Phone::new(1).enrol(&hoa, phone, house.people.lan, house.units.village).await?;
    assert_eq!((again.status, again.slug()), (409, "device/known-already"));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_code_is_over_after_fifteen_minutes() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    let asked = json!({ "account": house.people.lan, "unit": house.units.village });
    let code = hoa.post("/api/enrolment-codes", asked).await?;
    house.clock.advance(Duration::from_secs(15 * 60));
    let late = house.anonymous.post("/api/devices", Phone::new(1).enrolment(&code)?).await?;
    assert_eq!(late.slug(), "enrolment/code-not-valid");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_revoked_phone_and_the_phone_of_a_disabled_account_are_out_at_once() -> Result<()> {
    let house = House::start().await?;
    let (hoa, admin) = (house.log_in("hoa").await?, house.log_in("admin").await?);
    let lans = Phone::new(1).enrol(&hoa, &house.anonymous, house.people.lan, house.units.village).await?;
    let minhs = Phone::new(2).enrol(&hoa, &house.anonymous, house.people.minh, house.units.other_village).await?;
    let (lan, minh) = (house.anonymous.with_token(lans.text("token")), house.anonymous.with_token(minhs.text("token")));
    assert!(lan.get("/api/devices/self").await?.is_success());
    let revoke = format!("/api/devices/{}/revoke", lans.text("device"));
    assert!(hoa.post(&revoke, Value::Null).await?.is_success());
    assert_eq!(lan.get("/api/devices/self").await?.slug(), "device/revoked");
    assert!(admin.post(&format!("/api/accounts/{}/disable", house.people.minh), Value::Null).await?.is_success());
    assert_eq!(minh.get("/api/devices/self").await?.slug(), "session/account-disabled");
    let challenge = house.anonymous.post("/api/device-challenges", Value::Null).await?;
    let renewal = Phone::new(1).renewal(&house.app.server_public_key(), &challenge)?;
    // It may prove its key to bring late work; everything else stays shut.
    let renewed = house.anonymous.post("/api/device-tokens", renewal).await?;
    let lan = house.anonymous.with_token(renewed.text("token"));
    assert_eq!(lan.get("/api/devices/self").await?.slug(), "device/revoked");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_stale_foreign_or_wrongly_signed_challenge_renews_nothing() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    let phone = Phone::new(1);
    phone.enrol(&hoa, &house.anonymous, house.people.lan, house.units.village).await?;
    let server_key = house.app.server_public_key();
    let challenge = house.anonymous.post("/api/device-challenges", Value::Null).await?;
    let mut renewal = phone.renewal(&server_key, &challenge)?;
    let stranger = Phone::new(2).renewal(&server_key, &challenge)?;
    assert_eq!(house.anonymous.post("/api/device-tokens", stranger).await?.slug(), "device/proof-wrong");
    let other_server = phone.renewal(&[7; 32], &challenge)?;
    assert_eq!(house.anonymous.post("/api/device-tokens", other_server).await?.slug(), "device/proof-wrong");
    house.clock.advance(Duration::from_secs(5 * 60));
    assert_eq!(house.anonymous.post("/api/device-tokens", renewal.clone()).await?.slug(), "device/challenge-stale");
    renewal["challenge"] = json!("00".repeat(56));
    assert_eq!(house.anonymous.post("/api/device-tokens", renewal).await?.slug(), "device/challenge-stale");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_phone_that_was_away_for_weeks_gets_in_again_with_its_key() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    let phone = Phone::new(1);
    let enrolled = phone.enrol(&hoa, &house.anonymous, house.people.lan, house.units.village).await?;
    house.clock.advance(Duration::from_secs(40 * 24 * 3600));
    let old = house.anonymous.with_token(enrolled.text("token"));
    assert_eq!(old.get("/api/devices/self").await?.slug(), "device/token-not-valid");
    let challenge = house.anonymous.post("/api/device-challenges", Value::Null).await?;
    let renewal = phone.renewal(&house.app.server_public_key(), &challenge)?;
    let renewed = house.anonymous.post("/api/device-tokens", renewal).await?;
    let device = house.anonymous.with_token(renewed.text("token"));
    let own = device.get("/api/devices/self").await?;
    assert_eq!(own.body["id"], json!(phone.id()?));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_phone_is_told_the_border_of_its_village_in_few_corners() -> Result<()> {
    let house = House::with_open_round().await?;
    let hoa = house.log_in("hoa").await?;
    let enrolled = Phone::new(1).enrol(&hoa, &house.anonymous, house.people.lan, house.units.village).await?;
    house.assign(house.people.lan, house.units.village).await?;
    let ring = json!([[104.6, 22.3], [104.605, 22.300001], [104.61, 22.3], [104.612345, 22.31], [104.6, 22.3]]);
    let border = json!({ "type": "FeatureCollection", "features": [{ "type": "Feature",
        "properties": { "unit": house.units.village }, "geometry": { "type": "Polygon", "coordinates": [ring] } }] });
    let taken = import_boundaries(&house.app, house.units.commune, border.to_string().as_bytes()).await?;
    assert_eq!(taken.taken, 1);
    let lan = house.anonymous.with_token(enrolled.text("token"));
    let villages = lan.get("/api/devices/self/villages").await?.body;
    let told = json!([[[104.6, 22.3], [104.61, 22.3], [104.612345, 22.31], [104.6, 22.3]]]);
    assert_eq!(villages[0]["boundary"], told);
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_phone_is_told_which_villages_it_surveys_and_by_what_they_are_classified() -> Result<()> {
    let house = House::with_open_round().await?;
    let hoa = house.log_in("hoa").await?;
    let enrolled = Phone::new(1).enrol(&hoa, &house.anonymous, house.people.lan, house.units.village).await?;
    let lan = house.anonymous.with_token(enrolled.text("token"));
    assert_eq!(lan.get("/api/devices/self/villages").await?.body, json!([]), "nothing was given yet");
    house.assign(house.people.lan, house.units.village).await?;
    let villages = lan.get("/api/devices/self/villages").await?.body;
    let [village] = villages.as_array().map(Vec::as_slice).unwrap_or_default() else { panic!("{villages}") };
    assert_eq!((&village["village"], &village["commune"]), (&json!(house.units.village), &json!(house.units.commune)));
    assert_eq!((&village["b1_mode"], &village["reference_on"]), (&json!("paper"), &json!("2026-10-01")));
    assert_eq!(village["area"], json!("rural"));
    assert!(village["village_name"].as_str().is_some_and(|name| !name.is_empty()), "{village}");
    assert_eq!(village.get("boundary"), None, "nobody has given one");
    house.stop().await;
    Ok(())
}
