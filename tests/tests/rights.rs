//! Accounts and roles: who may make, give and take what.

use anyhow::Result;
use house_tests::house::House;
use serde_json::{Value, json};
use server::domain::role::Role;

#[tokio::test]
async fn nobody_gives_or_takes_a_role_above_their_own() -> Result<()> {
    let house = House::start().await?;
    let chair = house.account("chair", house.units.commune).await?;
    house.give(chair, Role::CommuneChair, house.units.commune).await?;
    let chair = house.log_in("chair").await?;
    for role in ["commune_chair", "compiler", "auditor", "administrator"] {
        let give = json!({ "account": house.people.tam, "role": role, "unit": house.units.commune });
        let answer = chair.post("/api/grants", give).await?;
        assert_eq!((answer.status, answer.slug()), (403, "access/above-own-role"), "{role}");
    }
    let auditor = house.give(house.people.tam, Role::Auditor, house.units.commune).await?;
    assert_eq!(chair.delete(&format!("/api/grants/{auditor}")).await?.slug(), "access/above-own-role");
    let disable = format!("/api/accounts/{}/disable", house.people.tam);
    assert_eq!(chair.post(&disable, Value::Null).await?.slug(), "access/above-own-role");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_role_here_does_not_reach_somebody_looked_after_elsewhere() -> Result<()> {
    let house = House::start().await?;
    let chair = house.account("chair", house.units.commune).await?;
    house.give(chair, Role::CommuneChair, house.units.commune).await?;
    let chair = house.log_in("chair").await?;
    let give = json!({ "account": house.people.duc, "role": "enumerator", "unit": house.units.commune });
    assert_eq!(chair.post("/api/grants", give).await?.slug(), "account/not-found");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_login_is_given_once() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    let body = |login: &str, password: &str| json!({ "login": login, "display_name": "Lan", "unit": house.units.village, "password": password });
    let taken = admin.post("/api/accounts", body("lan", "đường về bản xa")).await?;
    assert_eq!((taken.status, taken.slug()), (409, "account/login-taken"));
    let weak = admin.post("/api/accounts", body("lan2", "123456")).await?;
    assert_eq!((weak.status, weak.slug()), (422, "account/password-not-acceptable"));
    let odd = admin.post("/api/accounts", body("Lan 2", "đường về bản xa")).await?;
    assert_eq!((odd.status, odd.slug()), (422, "request/unreadable"));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_role_works_from_the_moment_it_is_given_to_the_moment_it_is_taken() -> Result<()> {
    let house = House::start().await?;
    let (admin, tam) = (house.log_in("admin").await?, house.log_in("tam").await?);
    let commune = format!("/api/units/{}", house.units.commune);
    assert_eq!(tam.get(&commune).await?.slug(), "access/role-needed");
    let give = json!({ "account": house.people.tam, "role": "committee", "unit": house.units.commune });
    let grant = admin.post("/api/grants", give.clone()).await?;
    assert_eq!(admin.post("/api/grants", give).await?.body, grant.body, "given twice is held once");
    assert_eq!(tam.get(&commune).await?.text("name"), "Xã Mẫu");
    assert!(admin.delete(&format!("/api/grants/{}", grant.body["id"])).await?.is_success());
    assert_eq!(tam.get(&commune).await?.slug(), "access/role-needed");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_account_is_listed_with_what_it_holds_and_shut_for_good() -> Result<()> {
    let house = House::start().await?;
    let (admin, lan) = (house.log_in("admin").await?, house.log_in("lan").await?);
    let listed = admin.get(&format!("/api/units/{}/accounts", house.units.commune)).await?;
    let logins: Vec<_> = listed.body.as_array().into_iter().flatten().map(|account| account["login"].clone()).collect();
    assert_eq!(logins, ["lan", "minh", "hoa", "tam"]);
    assert_eq!(listed.body[0]["grants"][0]["role"], "enumerator");
    assert!(admin.post(&format!("/api/accounts/{}/disable", house.people.lan), Value::Null).await?.is_success());
    assert_eq!(lan.get("/api/me").await?.slug(), "session/account-disabled");
    assert!(house.log_in("lan").await.is_err());
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_round_is_seen_by_those_who_work_in_it() -> Result<()> {
    let house = House::start().await?;
    let (duc, lan, tam) = (house.log_in("duc").await?, house.log_in("lan").await?, house.log_in("tam").await?);
    let round = |id: &str, standards: &[&str]| {
        json!({
            "id": id, "unit": house.units.province, "name": "Rà soát định kỳ 2026", "standards": standards,
            "form_version": "vn-2022-2025/1", "b1_mode": "paper", "reference_on": "2026-10-01",
        })
    };
    assert_eq!(duc.post("/api/rounds", round("2026-dinh-ky", &[])).await?.slug(), "request/unreadable");
    assert_eq!(duc.post("/api/rounds", round("../etc", &["vn-2022-2025"])).await?.slug(), "request/unreadable");
    let made = duc.post("/api/rounds", round("2026-dinh-ky", &["vn-2022-2025", "vn-2027-2030"])).await?;
    assert_eq!((made.status, made.text("state")), (201, "planned"));
    assert_eq!(duc.post("/api/rounds", round("2026-dinh-ky", &["vn-2022-2025"])).await?.slug(), "round/id-taken");
    assert_eq!(lan.get("/api/rounds").await?.body, json!([made.body]));
    assert_eq!(tam.get("/api/rounds").await?.body, json!([]));
    house.stop().await;
    Ok(())
}
