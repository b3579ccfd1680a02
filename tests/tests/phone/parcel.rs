//! Work that goes by file: a phone without network, a colleague who carries, a server over HTTP, and the way back.

use std::path::PathBuf;

use super::*;

/// A directory for files on their way.
fn card(field: &Field) -> Result<PathBuf> {
    let card = field.at("card");
    std::fs::create_dir_all(&card)?;
    Ok(card)
}

fn slugs(carried: &[CarriedParcel]) -> Vec<Option<&str>> {
    carried.iter().map(|one| one.answer.as_ref().err().map(PhoneFault::slug)).collect()
}

async fn revoke(field: &Field, phone: &Phone) -> Result<()> {
    let hoa = field.house.as_account(field.house.people.hoa).await?;
    let revoked = hoa.post(&format!("/api/devices/{}/revoke", phone.identity().device), json!(null)).await?;
    anyhow::ensure!(revoked.is_success(), "{revoked:?}");
    Ok(())
}

#[tokio::test]
async fn files_that_were_cut_altered_or_swapped_are_refused_by_name_and_hold_up_no_other() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let card = card(&field)?;
    lan.found_households(family())?;
    let waiting = lan.device().waiting();
    let (parcel, cut, altered, text) =
        (card.join("lan"), card.join("cut"), card.join("altered"), card.join("note.txt"));
    lan.export_parcel(&parcel)?;
    let bytes = std::fs::read(&parcel)?;
    assert!(!bytes.windows(9).any(|seen| seen == "Lý Thị".as_bytes()), "a carrier reads nothing");
    std::fs::write(&cut, &bytes[..bytes.len() / 2])?;
    let mut other = bytes.clone();
    *other.last_mut().context("a last byte")? ^= 1;
    std::fs::write(&altered, other)?;
    std::fs::write(&text, "Nhớ mua gạo")?;
    let missing = card.join("missing");
    let carried = minh.carry(&[cut, altered, text, missing, parcel.clone()], &card).await;
    let refused = [Some("parcel/unreadable"), Some("parcel/damaged"), Some("parcel/unreadable"), Some("phone/file")];
    assert_eq!(slugs(&carried), [refused.as_slice(), &[None]].concat());
    let answer = carried[4].answer.as_ref().ok().context("an answer")?;
    // A parcel where an answer belongs, an answer where a parcel does, and another phone's answer.
    assert_eq!(lan.import_parcel(&parcel).err().context("a parcel")?.slug(), "parcel/other-way");
    assert_eq!(slugs(&minh.carry(std::slice::from_ref(answer), &card).await), [Some("parcel/other-way")]);
    assert_eq!(minh.import_parcel(answer).err().context("another's")?.slug(), "parcel/not-awaited");
    let mut spoiled = std::fs::read(answer)?;
    let middle = spoiled.len() / 2;
    spoiled[middle] ^= 0x20;
    let spoiled_answer = card.join("spoiled.answer");
    std::fs::write(&spoiled_answer, spoiled)?;
    assert_eq!(lan.import_parcel(&spoiled_answer).err().context("spoiled")?.slug(), "parcel/damaged");
    assert_eq!(lan.device().waiting(), waiting, "nothing of it was taken");
    assert_eq!(lan.import_parcel(answer)?.waiting, 0);
    Ok(())
}

#[tokio::test]
async fn work_reaches_the_server_on_a_colleagues_card_and_the_answer_comes_back() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let home = lan.found_households(family())?.written[0].household;
    let card = card(&field)?;
    let parcel = card.join("lan.parcel");
    let entries = lan.export_parcel(&parcel)?;
    assert!(entries > 0);
    let carried = minh.carry(&[parcel.clone(), parcel.clone()], &card).await;
    assert_eq!(slugs(&carried), [None, None]);
    let answer = carried[1].answer.as_ref().ok().context("an answer")?;
    minh.pull().await?;
    assert_eq!(said(&minh, &home, "wall"), Some(Value::from("durable")));
    let hoa = field.house.as_account(field.house.people.hoa).await?;
    let (round, commune) = ("2026-dinh-ky", field.house.units.commune);
    let page = hoa.get(&format!("/api/rounds/{round}/communes/{commune}/households/{home}")).await?;
    assert_eq!(page.body["changes"][0]["carried_by"], json!(minh.identity().device));
    drop(lan);
    let mut lan = field.open_again("lan")?;
    assert_eq!(lan.list()[0].stands, "phone");
    let taken = lan.import_parcel(answer)?;
    assert_eq!((taken.sent, taken.waiting), (entries, 0));
    assert_eq!(lan.list()[0].stands, "server");
    let again = lan.import_parcel(answer)?;
    assert_eq!((again.sent, again.rows), (0, 0));
    assert_eq!(said(&lan, &home, "wall"), Some(Value::from("durable")));
    assert_eq!(lan.sync().await?.sent, 0);
    let sizes = (std::fs::metadata(&parcel)?.len(), std::fs::metadata(answer)?.len());
    println!("a household by interview: a parcel of {} bytes, an answer of {}", sizes.0, sizes.1);
    assert!(sizes.0 < 4_000 && sizes.1 < 4_000, "{sizes:?}");
    Ok(())
}

#[tokio::test]
async fn an_answer_that_was_lost_costs_another_walk_and_no_work() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh, mut other) =
        (field.phone("lan").await?, field.phone("minh").await?, field.phone("minh-2").await?);
    let card = card(&field)?;
    let home = lan.found_households(family())?.written[0].household;
    let (first, second) = (card.join("first"), card.join("second"));
    lan.export_parcel(&first)?;
    minh.carry(std::slice::from_ref(&first), &card).await;
    // The card with the first answer is lost; lan goes on, and packs all that waits again.
    lan.edit_households(json!([[home, "answers/floor_area", 300]]))?;
    lan.export_parcel(&second)?;
    let carried = other.carry(&[second, first], &card).await;
    assert_eq!(slugs(&carried), [None, None]);
    for one in &carried {
        lan.import_parcel(one.answer.as_ref().ok().context("an answer")?)?;
    }
    assert_eq!((lan.device().waiting(), lan.list()[0].stands), (0, "server"));
    assert_eq!(said(&lan, &home, "floor_area"), Some(Value::Int(300)));
    Ok(())
}

#[tokio::test]
async fn a_phone_that_was_shut_out_carries_nothing_and_its_own_parcel_is_held_for_a_person() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let card = card(&field)?;
    lan.found_households(family())?;
    let (lans, minhs) = (card.join("lans"), card.join("minhs"));
    lan.export_parcel(&lans)?;
    minh.export_parcel(&minhs)?;
    revoke(&field, &lan).await?;
    assert_eq!(slugs(&lan.carry(&[minhs], &card).await), [Some("device/revoked")]);
    let carried = minh.carry(&[lans], &card).await;
    let answer = carried[0].answer.as_ref().ok().context("an answer")?;
    assert_eq!(lan.import_parcel(answer)?.waiting, 0);
    let line = lan.list().remove(0);
    assert!(line.reasons.iter().any(|reason| reason.slug == "change/device-revoked"), "{line:?}");
    let nothing = card.join("nothing");
    lan.export_parcel(&nothing)?;
    assert_eq!(slugs(&minh.carry(&[nothing], &card).await), [Some("parcel/author-shut-out")]);
    Ok(())
}

#[tokio::test]
async fn what_a_colleague_shares_is_shown_until_the_server_tells_and_nothing_is_built_upon_it() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let card = card(&field)?;
    let home = lan.found_households(family())?.written[0].household;
    let (share, parcel) = (card.join("lan.share"), card.join("lan.parcel"));
    assert!(lan.export_share(None, None, &share)? > 0);
    lan.export_parcel(&parcel)?;
    assert!(!std::fs::read(&share)?.windows(9).any(|seen| seen == "Lý Thị".as_bytes()), "sealed");
    assert_eq!(slugs(&minh.carry(std::slice::from_ref(&share), &card).await), [Some("parcel/other-way")]);
    let looked = minh.look(&share)?;
    assert!(looked.shown > 0 && looked.left_out == 0, "{looked:?}");
    let shown = minh.show(&home, View::Preview, None)?;
    assert_eq!(shown.filed.household.answers.get("wall"), Some(&Value::from("durable")));
    assert_eq!((shown.colleagues.len(), shown.colleagues[0].account), (looked.shown, lan.identity().account));
    assert_eq!(minh.show(&home, View::Mine, None).err().context("not mine")?.slug(), "phone/no-household");
    assert_eq!((minh.export(View::Preview).len(), minh.export(View::Mine).len()), (1, 0));
    // What minh says of the household meanwhile stands beside it, not upon it.
    drop(minh);
    let mut minh = field.open_again("minh")?;
    assert_eq!(minh.show(&home, View::Preview, None)?.colleagues.len(), looked.shown);
    let carried = minh.carry(&[parcel], &card).await;
    assert_eq!(slugs(&carried), [None]);
    minh.pull().await?;
    let shown = minh.show(&home, View::Preview, None)?;
    assert!(shown.colleagues.is_empty(), "the log tells of it now");
    assert_eq!(said(&minh, &home, "wall"), Some(Value::from("durable")));
    assert_eq!(minh.look(&share)?.shown, 0);
    let sizes = (looked.shown, std::fs::metadata(&share)?.len());
    println!("{} changes shared in {} bytes", sizes.0, sizes.1);
    Ok(())
}
