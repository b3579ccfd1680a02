//! Logging in, staying in, and being put out.

use std::time::Duration;

use anyhow::{Context, Result};
use house_tests::house::{House, PASSWORD};
use serde_json::json;
use server::workflow::housekeeping::{Forgotten, forget_ended};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_are_refused_in_the_same_words() -> Result<()> {
    let house = House::start().await?;
    let ask = |login: &str| json!({ "login": login, "password": "không phải thế này", "keep": "bearer" });
    let wrong = house.anonymous.post("/api/session", ask("hoa")).await?;
    assert_eq!((wrong.status, wrong.slug()), (401, "session/wrong-password"));
    assert_eq!(wrong.headers["content-type"], "application/problem+json");
    assert!(wrong.text("title").contains("mật khẩu") && wrong.body["en"]["next"].is_string());
    for login in ["nobody", "Not A Login", ""] {
        assert_eq!(house.anonymous.post("/api/session", ask(login)).await?.body, wrong.body, "{login:?}");
    }
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn guessing_is_slowed_down_for_one_login_and_time_forgives() -> Result<()> {
    let house = House::start().await?;
    let guess = json!({ "login": "hoa", "password": "đoán mò một chút", "keep": "bearer" });
    for _ in 0..10 {
        assert_eq!(house.anonymous.post("/api/session", guess.clone()).await?.slug(), "session/wrong-password");
    }
    let slowed = house.anonymous.post("/api/session", guess).await?;
    assert_eq!((slowed.status, slowed.slug()), (429, "session/too-many-attempts"));
    assert_eq!(slowed.headers["retry-after"], "31");
    house.log_in("duc").await?;
    house.clock.advance(Duration::from_secs(31));
    house.log_in("hoa").await?;
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_body_that_is_not_what_is_asked_for_is_refused_and_says_where() -> Result<()> {
    let house = House::start().await?;
    let answer =
        house.anonymous.post("/api/session", json!({ "login": "hoa", "password": 7, "keep": "bearer" })).await?;
    assert_eq!((answer.status, answer.slug()), (422, "request/unreadable"));
    assert!(answer.text("detail").contains("password"), "{answer:?}");
    let huge = json!({ "login": "x".repeat(100_000), "password": PASSWORD, "keep": "bearer" });
    let answer = house.anonymous.post("/api/session", huge).await?;
    assert_eq!((answer.status, answer.slug()), (413, "request/too-large"));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_are_problems_too() -> Result<()> {
    let house = House::start().await?;
    let nowhere = house.anonymous.get("/api/nowhere").await?;
    assert_eq!((nowhere.status, nowhere.slug()), (404, "request/no-such-path"));
    let wrong_method = house.anonymous.delete("/api/me").await?;
    assert_eq!((wrong_method.status, wrong_method.slug()), (405, "request/no-such-method"));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_session_ends_by_itself_after_a_working_day() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    house.clock.advance(Duration::from_secs(12 * 3600 - 1));
    assert!(hoa.get("/api/me").await?.is_success());
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(hoa.get("/api/me").await?.slug(), "session/expired");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_ended_session_can_tell_why_for_a_month_and_is_then_forgotten() -> Result<()> {
    let house = House::start().await?;
    let hoa = house.log_in("hoa").await?;
    house.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert_eq!(forget_ended(&house.app).await?.map(|forgotten| forgotten.sessions), Some(0));
    assert_eq!(hoa.get("/api/me").await?.slug(), "session/expired");
    house.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(forget_ended(&house.app).await?, Some(Forgotten { sessions: 1, codes: 0, blob_parts: 0, openings: 0 }));
    assert_eq!(hoa.get("/api/me").await?.slug(), "session/unknown");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_another_page_sends_along_changes_nothing() -> Result<()> {
    let house = House::start().await?;
    let body = json!({ "login": "hoa", "password": PASSWORD, "keep": "cookie" });
    let answer = house.anonymous.post("/api/session", body).await?;
    assert!(answer.body["token"].is_null(), "scripts must not see the token");
    let cookie = answer.headers["set-cookie"].to_str()?;
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let pair = cookie.split(';').next().context("cookie")?;
    let browser = house.anonymous.with_header("cookie", pair);
    assert!(browser.get("/api/me").await?.is_success());
    let forged = browser.delete("/api/session").await?;
    assert_eq!((forged.status, forged.slug()), (403, "session/forged-request"));
    assert!(browser.with_header("x-rasoat-request", "1").delete("/api/session").await?.is_success());
    assert_eq!(browser.get("/api/me").await?.slug(), "session/revoked");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_puts_other_sessions_out() -> Result<()> {
    let house = House::start().await?;
    let (here, elsewhere) = (house.log_in("hoa").await?, house.log_in("hoa").await?);
    let change = |old: &str, new: &str| json!({ "old": old, "new": new });
    let refused = here.post("/api/me/password", change("sai mật khẩu cũ", "mật khẩu mới tinh")).await?;
    assert_eq!(refused.slug(), "session/wrong-password");
    let refused = here.post("/api/me/password", change(PASSWORD, "ngắn")).await?;
    assert_eq!(refused.slug(), "account/password-not-acceptable");
    assert!(here.post("/api/me/password", change(PASSWORD, "mật khẩu mới tinh")).await?.is_success());
    assert!(here.get("/api/me").await?.is_success());
    assert_eq!(elsewhere.get("/api/me").await?.slug(), "session/revoked");
    assert!(house.log_in("hoa").await.is_err());
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn every_answer_carries_its_request_id_and_keeps_browsers_strict() -> Result<()> {
    let house = House::start().await?;
    let first = house.anonymous.get("/health/ready").await?;
    let second = house.anonymous.get("/api/me").await?;
    assert_ne!(first.headers["x-request-id"], second.headers["x-request-id"]);
    for answer in [&first, &second] {
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn one_seed_gives_the_same_tokens_and_keys_again() -> Result<()> {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let house = House::start().await?;
        let body = json!({ "login": "hoa", "password": PASSWORD, "keep": "bearer" });
        let answer = house.anonymous.post("/api/session", body).await?;
        runs.push((answer.body, house.app.server_public_key()));
        house.stop().await;
    }
    assert_eq!(runs[0], runs[1]);
    Ok(())
}
