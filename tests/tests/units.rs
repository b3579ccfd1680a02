//! Changing the tree over HTTP: units made and renamed below one's own, each from a day on.

use anyhow::{Context, Result};
use house_tests::house::House;
use schemas::ids::UnitId;
use serde_json::{Value, json};
use server::domain::role::Role;
use server::domain::round::B1Mode;
use server::store;

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

/// A square around the house's villages, of whoever the properties name.
fn square(properties: Value) -> Value {
    let ring = json!([[104.6, 22.3], [104.7, 22.3], [104.7, 22.4], [104.6, 22.4], [104.6, 22.3]]);
    json!({ "type": "Feature", "properties": properties, "geometry": { "type": "Polygon", "coordinates": [ring] } })
}

#[tokio::test]
async fn boundaries_come_over_http_from_an_administrator_of_the_place_and_for_nothing_outside_of_it() -> Result<()> {
    let house = House::start().await?;
    let units = house.units;
    let (hoa, admin) = (house.as_account(house.people.hoa).await?, house.as_account(house.people.admin).await?);
    let path = |unit: UnitId| format!("/api/units/{unit}/boundaries");
    let features = [square(json!({ "unit": units.village })), square(json!({ "unit": units.neighbour }))];
    let file = json!({ "type": "FeatureCollection", "features": features });
    let refused = hoa.post(&path(units.commune), file.clone()).await?;
    assert_eq!((refused.status, refused.slug()), (403, "access/role-needed"));
    let refused = admin.post(&path(UnitId(999_999)), file.clone()).await?;
    assert_eq!((refused.status, refused.slug()), (404, "unit/not-found"));
    let refused = admin.post(&path(units.commune), json!({ "type": "Feature" })).await?;
    assert_eq!((refused.status, refused.slug()), (422, "boundary/unreadable"));
    let refused = admin.post_bytes(&path(units.commune), vec![b' '; (16 << 20) + 1]).await?;
    assert_eq!((refused.status, refused.slug()), (413, "request/too-large"));
    assert!(store::boundary::of_commune(&mut house.app.store.read().await?, units.commune).await?.is_empty());
    let imported = admin.post(&path(units.commune), file).await?;
    assert!(imported.is_success(), "{imported:?}");
    assert_eq!(imported.body["taken"], 1);
    let remarks = imported.body["remarks"].as_array().context("remarks")?;
    let said: Vec<_> = remarks.iter().map(|remark| (&remark["index"], &remark["slug"], &remark["taken"])).collect();
    assert_eq!(said, [(&json!(1), &json!("boundary/unknown-unit"), &json!(false))]);
    let kept = store::boundary::of_commune(&mut house.app.store.read().await?, units.commune).await?;
    assert_eq!(kept.into_iter().map(|(unit, _)| unit).collect::<Vec<_>>(), [units.village]);
    assert!(store::boundary::of_commune(&mut house.app.store.read().await?, units.neighbour).await?.is_empty());
    house.stop().await;
    Ok(())
}
