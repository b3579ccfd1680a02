//! Last year's list over HTTP: tried, imported, and what the villages' phones then hold.

use anyhow::{Context, Result};
use house_tests::house::House;
use jiff::civil::date;
use server::documents::workbook::{Heading, Listing, Member, Place, RosterBook, write_roster};

fn list() -> Result<Vec<u8>> {
    let household = |number: usize, village: &str, name: &str| Listing {
        number: number.to_string(),
        place: Place { commune: "Xã Mẫu".into(), village: village.into(), ..Place::default() },
        members: vec![Member {
            name: name.into(),
            relation: Some(schemas::codes::relation::Relation::Head),
            relation_text: "Chủ hộ".into(),
            born: "1980".parse().ok(),
            ..Member::default()
        }],
        ..Listing::default()
    };
    let heading =
        Heading {
            office: "XÃ MẪU".into(), above: "TỈNH MẪU".into(), round: "2025".into(), standard: "2022".into()
        };
    let listed = vec![
        household(1, "Bản Một", "Lò Thị Mai"),
        household(2, "BẢN MỘT", "Vàng Seo Páo"),
        household(3, "Bản Mới", "Đặng Văn Phàn"),
    ];
    let book = RosterBook { heading, listed, escaped_poor: vec![], escaped_near_poor: vec![], unassessed: vec![] };
    Ok(write_roster(&book, date(2025, 12, 12))?)
}

#[tokio::test]
async fn a_list_is_tried_first_and_written_only_when_that_is_asked() -> Result<()> {
    let house = House::with_open_round().await?;
    let hoa = house.as_account(house.people.hoa).await?;
    let path = format!("/api/rounds/2026-dinh-ky/communes/{}/imports", house.units.commune);
    let dry = hoa.post_bytes(&path, list()?).await?;
    assert_eq!((dry.body["dry_run"].as_bool(), dry.body["added"].as_u64()), (Some(true), Some(3)), "{dry:?}");
    let real = hoa.post_bytes(&format!("{path}?dry_run=false"), list()?).await?;
    assert_eq!((real.body["dry_run"].as_bool(), real.body["added"].as_u64()), (Some(false), Some(3)), "{real:?}");
    assert_eq!(real.body["new_villages"], 1);
    let otherwise =
        real.body["lines"].as_array().into_iter().flatten().find(|line| line["slug"] == "village/written-otherwise");
    assert_eq!(otherwise.map(|line| line["now"].clone()), Some("Bản Một".into()), "{real:?}");
    let again = hoa.post_bytes(&format!("{path}?dry_run=false"), list()?).await?;
    assert_eq!(again.body["unchanged"], 3);
    let shown = hoa.get(&format!("/api/rounds/2026-dinh-ky/communes/{}/households", house.units.commune)).await?;
    assert_eq!(shown.body.as_array().map(Vec::len), Some(3));
    for head in shown.body.as_array().into_iter().flatten() {
        let name = head["head_name"].as_str().context("a head")?;
        // As somebody types it who has no marks on the keyboard; plus signs are spaces in a query.
        let typed = schemas::codes::names::fold(name).replace(' ', "+");
        let path = format!("/api/rounds/2026-dinh-ky/communes/{}/households?name={typed}", house.units.commune);
        let found = hoa.get(&path).await?;
        let found = found.body.as_array().context("a list")?;
        assert!(found.iter().any(|row| row["household"] == head["household"]), "{typed}: {found:?}");
        assert!(found.iter().all(|row| row["head_name"] == name), "{typed}: {found:?}");
    }
    let nobody = format!("/api/rounds/2026-dinh-ky/communes/{}/households?name=khong+co+ai", house.units.commune);
    assert_eq!(hoa.get(&nobody).await?.body, serde_json::json!([]));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_no_list_or_a_question_that_is_none_is_refused_by_name() -> Result<()> {
    let house = House::with_open_round().await?;
    let duc = house.as_account(house.people.duc).await?;
    let path = format!("/api/rounds/2026-dinh-ky/communes/{}/imports", house.units.commune);
    let refused = duc.post_bytes(&path, b"%PDF-1.4".to_vec()).await?;
    assert_eq!((refused.status, refused.slug()), (422, "workbook/wrong-container"));
    let refused = duc.post_bytes(&format!("{path}?dry_run=vang"), vec![]).await?;
    assert_eq!((refused.status, refused.slug()), (422, "request/unreadable"));
    house.stop().await;
    Ok(())
}
