//! A forgotten password: an administrator gives out one that opens one session, in which another is chosen.

use std::time::Duration;

use anyhow::{Context, Result};
use house_tests::client::{Answer, Client};
use house_tests::house::{House, PASSWORD};
use serde_json::{Value, json};
use server::domain::role::Role;

async fn try_login(house: &House, login: &str, password: &str) -> Result<Answer> {
    house.anonymous.post("/api/session", json!({ "login": login, "password": password, "keep": "bearer" })).await
}

async fn reset(admin: &Client, account: impl std::fmt::Display) -> Result<String> {
    let given = admin.post(&format!("/api/accounts/{account}/reset-password"), Value::Null).await?;
    assert!(given.is_success(), "{given:?}");
    Ok(given.text("password").to_owned())
}

#[tokio::test]
async fn nobody_resets_the_password_of_somebody_above_them() -> Result<()> {
    let house = House::start().await?;
    let local = house.account("local", house.units.commune).await?;
    house.give(local, Role::Administrator, house.units.commune).await?;
    let local = house.log_in("local").await?;
    let path = |account| format!("/api/accounts/{account}/reset-password");
    assert_eq!(local.post(&path(house.people.admin), Value::Null).await?.slug(), "account/not-found");
    assert_eq!(local.post(&path(house.people.duc), Value::Null).await?.slug(), "account/not-found");
    let hoa = house.log_in("hoa").await?;
    assert_eq!(hoa.post(&path(house.people.lan), Value::Null).await?.slug(), "access/role-needed");
    house.log_in("duc").await?;
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_one_time_password_that_was_used_or_is_over_opens_nothing() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    let used = reset(&admin, house.people.lan).await?;
    assert!(try_login(&house, "lan", &used).await?.is_success());
    let again = try_login(&house, "lan", &used).await?;
    assert_eq!((again.status, again.slug()), (401, "session/one-time-password-over"));
    let late = reset(&admin, house.people.lan).await?;
    assert_eq!(try_login(&house, "lan", &used).await?.slug(), "session/wrong-password");
    house.clock.advance(Duration::from_secs(3 * 24 * 3600));
    assert_eq!(try_login(&house, "lan", &late).await?.slug(), "session/one-time-password-over");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_reset_ends_every_session_and_a_password_of_ones_own_opens_the_house_again() -> Result<()> {
    let house = House::start().await?;
    let (admin, before) = (house.log_in("admin").await?, house.log_in("hoa").await?);
    let once = reset(&admin, house.people.hoa).await?;
    assert_eq!(before.get("/api/me").await?.slug(), "session/revoked");
    assert_eq!(try_login(&house, "hoa", PASSWORD).await?.slug(), "session/wrong-password");
    let begun = try_login(&house, "hoa", &once).await?;
    assert_eq!(begun.body["me"]["password_change_needed"], true);
    let hoa = house.anonymous.with_token(begun.body["token"].as_str().context("token")?);
    assert_eq!(hoa.get("/api/rounds").await?.slug(), "session/password-change-needed");
    let change = |new: &str| json!({ "old": once, "new": new });
    assert_eq!(hoa.post("/api/me/password", change(&once)).await?.slug(), "account/password-not-new");
    assert_eq!(hoa.post("/api/me/password", change("ngắn")).await?.slug(), "account/password-not-acceptable");
    assert!(hoa.post("/api/me/password", change("nương ngô trên núi")).await?.is_success());
    assert_eq!(hoa.get("/api/me").await?.body["password_change_needed"], false);
    assert!(hoa.get("/api/rounds").await?.is_success());
    assert!(try_login(&house, "hoa", "nương ngô trên núi").await?.is_success());
    house.stop().await;
    Ok(())
}
