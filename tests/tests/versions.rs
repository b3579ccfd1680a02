//! A phone that speaks version 1 of the exchange, against this server over HTTP.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use house_tests::client::Client;
use house_tests::house::{FORM, House};
use house_tests::phone::Phone;
use schemas::form::FormVersion;
use schemas::ids::HouseholdId;
use schemas::value::Value;
use sync_protocol::change::{Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, View};
use sync_protocol::hash::PublicKey;
use sync_protocol::message::{MESSAGE_VERSION, Response};

const NOW: Clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 5_000 };
const HOME: HouseholdId = HouseholdId([1; 16]);

/// Lan's phone and its road to the server.
async fn let_in(house: &House, seed: u32) -> Result<(Device, Client)> {
    let (phone, admin) = (Phone::new(seed), house.as_account(house.people.admin).await?);
    let enrolled = phone.enrol(&admin, &house.anonymous, house.people.lan, house.units.commune).await?;
    let form = house.app.standards.form(&FormVersion(FORM.to_owned())).context("the form")?.clone();
    let server = PublicKey(house.app.server_public_key());
    let identity = Identity { key: phone.key().clone(), account: house.people.lan, server };
    Ok((Device::new(identity, vec![form]), house.anonymous.with_token(enrolled.text("token"))))
}

/// Exchanges until there is nothing more; the version of the last answer.
async fn exchange(device: &mut Device, client: &Client) -> Result<u8> {
    loop {
        let sync = device.request(NOW.wall_ms, 1 << 20);
        let (status, body) = client.post_raw("/api/sync", sync.bytes.clone()).await?;
        anyhow::ensure!(status == 200, "status {status}");
        let outcome = device.answer(&sync, &body, NOW.wall_ms)?;
        anyhow::ensure!(outcome.remarks.is_empty(), "{:?}", outcome.remarks);
        if !outcome.more && device.waiting() == 0 {
            return Ok(Response::from_bytes(&body)?.version);
        }
    }
}

#[tokio::test]
async fn a_version_that_the_server_does_not_speak_is_refused_and_nothing_is_taken() -> Result<()> {
    let house = House::with_open_round().await?;
    let (device, client) = let_in(&house, 1).await?;
    for version in [0, MESSAGE_VERSION + 1, 23] {
        let mut body = device.request(NOW.wall_ms, 0).bytes;
        body[1] = version;
        let refused = client.post_bytes("/api/sync", body).await?;
        assert_eq!((refused.status, refused.slug()), (426, "sync/version"));
    }
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn phones_of_both_versions_work_on_one_household() -> Result<()> {
    let house = House::with_open_round().await?;
    house.assign(house.people.lan, house.units.village).await?;
    let ((mut older, road), (mut newer, other_road)) = (let_in(&house, 1).await?, let_in(&house, 2).await?);
    assert!(older.speak_older());
    assert_eq!(exchange(&mut older, &road).await?, 1);
    let scope = older.scopes().next().context("a village")?.0.clone();
    let said = |area: i64| {
        Ok::<_, anyhow::Error>(BTreeMap::from([(Slot::Answer("floor_area".parse()?), Write::Put(area.into()))]))
    };
    older.found(scope, HOME, &said(300)?, NOW)?;
    assert_eq!(exchange(&mut older, &road).await?, 1);
    assert_eq!(exchange(&mut newer, &other_road).await?, MESSAGE_VERSION);
    newer.commit(HOME, &said(310)?, NOW)?;
    exchange(&mut newer, &other_road).await?;
    exchange(&mut older, &road).await?;
    for device in [&older, &newer] {
        let household = device.household(&HOME, View::Accepted).context("the household")?;
        assert_eq!(household.answers.get("floor_area"), Some(&Value::Int(310)));
    }
    house.stop().await;
    Ok(())
}
