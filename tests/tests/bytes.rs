//! The budgets of the wire, on the bodies that real phones and a real server exchange over HTTP: households of the sample
//! list, never thinned, and work as the field does it. `make bench-sync` prints the figures themselves.

use anyhow::{Context, Result};
use house_tests::field::{Field, Size};
use server::phone::{Exchanged, Phone};

/// What most tests need: a phone that has read its two villages.
const SMALL: Size = Size { villages: 2, households: 60 };

async fn small() -> Result<(Field, Phone)> {
    let field = Field::open(SMALL, 1).await?;
    let mut phone = field.phone("lan").await?;
    phone.sync().await?;
    Ok((field, phone))
}

fn both(exchanged: &Exchanged) -> u64 {
    exchanged.traffic.bytes_up + exchanged.traffic.bytes_down
}

#[tokio::test]
async fn three_thousand_households_are_loaded_in_800_kilobytes_and_nothing_new_costs_150_bytes() -> Result<()> {
    let field = Field::open(Size { villages: 40, households: 75 }, 2).await?;
    let mut phone = field.phone("lan").await?;
    let loaded = phone.sync().await?;
    assert_eq!(phone.device().households().count(), 3_000);
    assert_eq!(Field::scopes(&phone).len(), 40);
    assert!(loaded.traffic.bytes_down <= 800_000, "{:?}", loaded.traffic);
    let again = phone.sync().await?;
    assert_eq!((again.traffic.round_trips, again.rows), (1, 0));
    assert!(both(&again) <= 150, "{:?}", again.traffic);
    field.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn an_edit_of_three_answers_goes_up_in_32_bytes_among_fifteen() -> Result<()> {
    let (mut field, mut phone) = small().await?;
    let scope = Field::scopes(&phone).first().context("a village")?.clone();
    for household in Field::households(&phone, &scope).into_iter().take(15) {
        field.edit(&mut phone, &scope, household)?;
    }
    let sent = phone.sync().await?;
    assert_eq!((sent.sent, sent.waiting, sent.traffic.round_trips), (15, 0, 1));
    assert!(sent.traffic.bytes_up <= 15 * 32, "{:?}", sent.traffic);
    field.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_days_work_goes_up_in_5_kilobytes_and_one_round_trip() -> Result<()> {
    let (mut field, mut phone) = small().await?;
    let scope = Field::scopes(&phone).first().context("a village")?.clone();
    let known = Field::households(&phone, &scope);
    let people = field.listed.listed[SMALL.households..][..15].to_vec();
    for (at, people) in people.iter().enumerate() {
        field.interview(&mut phone, &scope, people)?;
        for household in &known[at * 2..at * 2 + 2] {
            field.edit(&mut phone, &scope, *household)?;
        }
    }
    let sent = phone.sync().await?;
    assert_eq!((sent.waiting, sent.traffic.round_trips), (0, 1));
    assert!(sent.traffic.bytes_up <= 5_000, "{:?}", sent.traffic);
    field.house.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_one_phone_sent_another_reads_and_both_see_the_same() -> Result<()> {
    let (mut field, mut phone) = small().await?;
    let mut other = field.phone("lan-hai").await?;
    other.sync().await?;
    let scope = Field::scopes(&phone).first().context("a village")?.clone();
    let people = field.listed.listed.last().context("somebody")?.clone();
    let household = field.interview(&mut phone, &scope, &people)?;
    let known = *Field::households(&phone, &scope).iter().find(|known| **known != household).context("another")?;
    field.edit(&mut phone, &scope, known)?;
    phone.sync().await?;
    field.edit(&mut phone, &scope, household)?;
    field.edit(&mut phone, &scope, known)?;
    phone.sync().await?;
    let read = other.sync().await?;
    assert!(read.remarks.is_empty());
    for household in [household, known] {
        let seen = |phone: &Phone| phone.device().household(&household, sync_protocol::device::View::Accepted);
        assert!(seen(&phone).is_some());
        assert_eq!(seen(&phone), seen(&other));
    }
    assert_eq!(read.traffic.round_trips, 1, "nothing had to be asked for again");
    field.house.stop().await;
    Ok(())
}
