//! Changing the tree over HTTP: units made and renamed below one's own, each from a day on.

use anyhow::{Context, Result};
use house_tests::house::House;
use schemas::ids::UnitId;
use serde_json::{Value, json};
use server::domain::role::Role;
use server::domain::round::B1Mode;

fn children(unit: UnitId) -> String {
    format!("/api/units/{unit}/children")
}

fn revisions(unit: UnitId) -> String {
    format!("/api/units/{unit}/revisions")
}

fn village(name: &str, code: &str) -> Value {
    json!({ "level": "village", "name": name, "from": "2026-01-01", "code": { "scheme": "gso", "code": code } })
}

#[tokio::test]
async fn units_go_only_below_their_parent_under_a_free_name_and_code() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    let commune = house.units.commune;
    for (parent, level) in [
        (commune, "commune"),
        (commune, "province"),
        (house.units.province, "village"),
        (house.units.village, "village"),
        (house.units.nation, "nation"),
    ] {
        let body = json!({ "level": level, "name": "Mới", "from": "2026-01-01" });
        let refused = admin.post(&children(parent), body).await?;
        assert_eq!((refused.status, refused.slug()), (422, "unit/level-not-below"), "{level} in {parent}");
    }
    assert_eq!(admin.post(&children(commune), village("Bản Một", "1")).await?.slug(), "unit/name-taken");
    assert!(admin.post(&children(commune), village("Bản Ba", "02674")).await?.is_success());
    assert_eq!(admin.post(&children(commune), village("Bản Bốn", "02674")).await?.slug(), "unit/code-taken");
    for (field, odd) in
        [("from", "hôm nay"), ("name", " "), ("region", "tay_bac"), ("area", "miền núi"), ("level", "xóm")]
    {
        let mut body = village("Bản Năm", "5");
        body[field] = json!(odd);
        assert_eq!(admin.post(&children(commune), body).await?.slug(), "request/unreadable", "{field}");
    }
    assert_eq!(admin.post(&children(commune), village("Bản Năm", "0 5")).await?.slug(), "request/unreadable");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_unit_is_renamed_from_above_from_a_day_on() -> Result<()> {
    let house = House::start().await?;
    let local = house.account("local", house.units.commune).await?;
    house.give(local, Role::Administrator, house.units.commune).await?;
    let local = house.log_in("local").await?;
    let rename = |name: &str, from: &str| json!({ "name": name, "from": from });
    let own = local.post(&revisions(house.units.commune), rename("Xã Khác", "2026-07-01")).await?;
    assert_eq!((own.status, own.slug()), (403, "unit/own"));
    let village = revisions(house.units.village);
    assert_eq!(local.post(&village, rename("Bản Hai", "2026-07-01")).await?.slug(), "unit/name-taken");
    assert_eq!(local.post(&village, json!({ "from": "2026-07-01" })).await?.slug(), "request/unreadable");
    let early = local.post(&village, rename("Bản Cũ", "1900-01-01")).await?;
    assert_eq!((early.slug(), early.text("detail")), ("unit/revised-later", "1900-01-01"));
    let renamed = local.post(&village, rename("Bản Một Mới", "2026-07-01")).await?;
    assert_eq!((renamed.status, renamed.text("name")), (200, "Bản Một Mới"));
    assert_eq!(local.get(&format!("/api/units/{}", house.units.village)).await?.text("name"), "Bản Một Mới");
    // A name for later: today it is not called so yet.
    assert!(local.post(&village, rename("Thôn Một", "2027-01-01")).await?.is_success());
    assert_eq!(local.get(&format!("/api/units/{}", house.units.village)).await?.text("name"), "Bản Một Mới");
    let admin = house.log_in("admin").await?;
    let coded = json!({ "from": "2026-07-01", "code": { "scheme": "gso", "code": "01243" } });
    assert!(admin.post(&revisions(house.units.commune), coded.clone()).await?.is_success());
    assert_eq!(admin.post(&revisions(house.units.neighbour), coded).await?.slug(), "unit/code-taken");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn area_and_region_of_an_open_round_stay_and_where_nobody_had_said_them_views_are_made_again() -> Result<()> {
    let house = House::start().await?;
    let admin = house.log_in("admin").await?;
    house.open_round(B1Mode::Paper).await?;
    let urban = |from: &str| json!({ "area": "urban", "from": from });
    let refused = admin.post(&revisions(house.units.village), urban("2026-09-01")).await?;
    assert_eq!((refused.status, refused.slug()), (409, "unit/round-looks-at-it"));
    assert!(admin.post(&revisions(house.units.village), urban("2026-10-02")).await?.is_success());
    let found = admin.get(&format!("/api/units/{}", house.units.village)).await?;
    assert_eq!(found.body["area"].as_str().context("area")?, "rural", "the day has not come");
    house.stop().await;
    Ok(())
}
