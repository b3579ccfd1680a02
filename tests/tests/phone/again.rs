//! What comes back to a phone: work that was turned away and is said again, and how its clock was found to be.

use super::*;

#[tokio::test]
async fn work_that_was_turned_away_is_said_again_once_somebody_has_looked() -> Result<()> {
    let field = Field::open().await?;
    let (mut lan, mut minh) = (field.phone("lan").await?, field.phone("minh").await?);
    let written = lan.found_households(family())?.written.remove(0);
    let (home, scope) = (written.household, Scope { village: written.village, round: written.round });
    lan.sync().await?;
    minh.pull().await?;
    let listed = BTreeMap::from([(Slot::Member(MemberId([7; 10])), Write::Make)]);
    lan.commit(&scope, home, &listed)?;
    lan.edit_households(json!([[home, "answers/floor_area", 300]]))?;
    lan.sync().await?;
    // The same id twice, which chance rules out and a copied phone does not: the second is rejected.
    minh.commit(&scope, home, &listed)?;
    minh.edit_households(json!([[home, "answers/floor_area", 350], [home, "answers/tv", true]]))?;
    minh.sync().await?;
    let line = minh.list().remove(0);
    let slugs: Vec<&str> = line.reasons.iter().map(|reason| reason.slug.as_str()).collect();
    assert_eq!((line.stands, slugs), ("needs_you", vec!["change/builds-on-held", "change/wrong-past"]));
    let plan = minh.rebase_plan(home)?;
    let state = |field: &str| plan.fields.iter().find(|line| line.field == field).map(|line| line.state);
    assert_eq!((state("answers/floor_area"), state("answers/tv")), (Some("changed"), Some("free")));
    let unseen = minh.rebase(home, &Wanted::All, None).err().context("unseen")?;
    assert_eq!(unseen.slug(), "phone/plan-needed");
    let other = minh.rebase(home, &Wanted::All, Some("0011223344556677")).err().context("other")?;
    assert_eq!(other.slug(), "phone/other-plan");
    let unknown = minh.rebase(home, &Wanted::Fields(vec!["roof".to_owned()]), None).err().context("unknown")?;
    assert_eq!(unknown.slug(), "phone/no-field");
    minh.rebase(home, &Wanted::Fields(vec!["floor_area".to_owned()]), Some(&plan.id))?;
    drop(minh);
    let mut minh = field.open_again("minh")?;
    minh.sync().await?;
    assert_eq!(said(&minh, &home, "floor_area"), Some(Value::Int(350)));
    assert_eq!(said(&minh, &home, "tv"), None, "what was not taken was let go");
    assert_eq!(minh.list()[0].stands, "server");
    assert_eq!(minh.rebase_plan(home).err().context("done")?.slug(), "phone/nothing-to-rebase");
    Ok(())
}

#[tokio::test]
async fn a_phones_wrong_clock_is_known_on_both_sides_and_decides_nothing() -> Result<()> {
    let field = Field::open().await?;
    let mut surroundings = field.surroundings("lan");
    surroundings.clock = Clock::manual(field.house.clock.now() + jiff::SignedDuration::from_hours(72));
    let code = field.code(field.house.people.lan, field.house.units.village).await?;
    let mut lan = Phone::enrol(&field.at("lan"), field.enrolment(&code), surroundings).await?;
    lan.sync().await?;
    let home = lan.found_households(family())?.written[0].household;
    assert_eq!(lan.sync().await?.clock_offset_ms, -72 * 3_600_000);
    assert_eq!(lan.device().clock_offset_ms(), Some(-72 * 3_600_000));
    let hoa = field.house.as_account(field.house.people.hoa).await?;
    let devices = hoa.get(&format!("/api/units/{}/devices", field.house.units.village)).await?;
    assert_eq!(devices.body[0]["clock_offset_ms"], -72 * 3_600_000);
    let (round, commune) = ("2026-dinh-ky", field.house.units.commune);
    let page = hoa.get(&format!("/api/rounds/{round}/communes/{commune}/households/{home}")).await?;
    let written = &page.body["changes"][0]["written"];
    assert_eq!(written["clock_off_ms"], 72 * 3_600_000, "{written}");
    assert_eq!(page.body["changes"][0]["verdict"], "change/accepted");
    Ok(())
}
