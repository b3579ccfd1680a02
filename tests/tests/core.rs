//! The field app's core against a real server: let in, reading, editing, scoring, disagreeing, settling, coming back.

use anyhow::{Context, Result};
use field_core::Core;
use field_core::message::Message;
use house_tests::core::{CorePhone, ask};
use house_tests::house::{House, ROUND};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

/// A house in which lan and minh survey one village, each with a phone.
async fn two_phones() -> Result<(House, CorePhone, CorePhone)> {
    let house = House::with_open_round().await?;
    let people = house.people;
    for account in [people.lan, people.minh] {
        house.assign(account, house.units.village).await?;
    }
    let mut lan = CorePhone::enrol(&house, people.lan, house.units.village).await?;
    let mut minh = CorePhone::enrol(&house, people.minh, house.units.other_village).await?;
    lan.sync().await?;
    minh.sync().await?;
    Ok((house, lan, minh))
}

fn example() -> Result<Json> {
    let mut household: Json = serde_json::from_str(include_str!("../../sync-protocol/src/field/said/new.json"))?;
    household
        .as_object_mut()
        .context("an object")?
        .retain(|key, _| !["village", "round", "household"].contains(&key.as_str()));
    Ok(household)
}

fn household(committed: &Json) -> Result<String> {
    Ok(committed["written"][0]["household"].as_str().with_context(|| committed.to_string())?.to_owned())
}

fn show(phone: &mut CorePhone, household: &str) -> Result<Json> {
    Ok(phone.look(json!({ "show": { "household": household, "view": "mine" } }))?.json)
}

fn refusal(done: Result<house_tests::core::Done>) -> Result<String> {
    Ok(done.err().context("refused")?.to_string())
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_by_name_and_the_device_goes_on() -> Result<()> {
    let (house, mut lan, _) = two_phones().await?;
    let nobody = "0".repeat(26);
    let cases = [
        (json!("dance"), "core/command"),
        (json!({ "show": { "household": nobody, "view": "mine" } }), "phone/no-household"),
        (json!({ "plan": { "household": nobody } }), "phone/no-household"),
        (json!({ "answer": { "clocks": lan.clocks() } }), "core/part"),
        (
            json!({ "attach": { "household": nobody, "blob": "ff", "size_bytes": 1, "clocks": lan.clocks() } }),
            "core/text",
        ),
        (json!({ "share": {} }), "core/part"),
        (json!({ "form": { "version": "none/1" } }), "phone/form-unknown"),
    ];
    for (command, slug) in cases {
        let refused = refusal(lan.look(command.clone()))?;
        assert!(refused.starts_with(slug), "{command}: {refused}");
    }
    let stray = lan.look(json!({ "answer": { "clocks": { "wall_ms": 1, "uptime_ms": 1 } } }));
    assert!(refusal(stray)?.starts_with("core/part"));
    assert_eq!(lan.look(json!("stands"))?.json["scopes"].as_array().map(Vec::len), Some(1));
    assert!(refusal(ask(&mut Core::new(), &json!("list"), &[]))?.starts_with("core/not-open"));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_faulty_value_is_named_by_slug_and_place_and_the_others_are_written() -> Result<()> {
    let (house, mut lan, _) = two_phones().await?;
    let founded = lan.write("found", json!({ "household": example()? }))?;
    let id = household(&founded)?;
    let edits = json!([[id, "answers/nothing_of_the_kind", 1], [id, "answers/address", 7], [id, "answers/tv", true]]);
    let edited = lan.write("edit", json!({ "edits": edits }))?;
    let faults: Vec<(&str, &str)> = edited["faults"]
        .as_array()
        .context("faults")?
        .iter()
        .filter_map(|fault| Some((fault["slug"].as_str()?, fault["path"].as_str()?)))
        .collect();
    assert_eq!(faults, [("said/question", "answers/nothing_of_the_kind"), ("said/kind", "answers/address")]);
    assert_eq!(show(&mut lan, &id)?["answers"]["tv"], json!(true));
    house.stop().await;
    Ok(())
}

/// A household that lan founded and both phones have read.
async fn founded(lan: &mut CorePhone, minh: &mut CorePhone) -> Result<String> {
    let founded = lan.write("found", json!({ "household": example()? }))?;
    assert_eq!(founded["faults"], json!([]), "{founded}");
    let sent = lan.sync().await?;
    assert_eq!((&sent["waiting"], &sent["remarks"]), (&json!(0), &json!([])));
    minh.sync().await?;
    household(&founded)
}

/// Both write something else into one section, and both read it.
async fn disagree(lan: &mut CorePhone, minh: &mut CorePhone, id: &str) -> Result<()> {
    lan.write("edit", json!({ "edits": [[id, "answers/tv", true]] }))?;
    minh.write("edit", json!({ "edits": [[id, "answers/tv", false]] }))?;
    lan.sync().await?;
    minh.sync().await?;
    lan.sync().await?;
    Ok(())
}

#[tokio::test]
async fn a_household_that_was_sent_stands_alike_on_both_phones_and_is_scored_with_its_reasons() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    let list = lan.look(json!("list"))?.json;
    let row = list["rows"][0].as_array().context("a row")?;
    assert_eq!(list["fields"].as_array().map(Vec::len), Some(row.len()));
    assert_eq!((&row[0], &row[4]), (&json!(id), &json!("server")));
    assert_eq!(minh.look(json!("list"))?.json, list);
    house.stop().await;
    Ok(())
}

/// Everything that the class of a household rests on, as edits: what is missing is asked for until nothing is.
fn complete(phone: &mut CorePhone, id: &str) -> Result<Json> {
    for _ in 0..100 {
        let result = phone.keep(json!({ "result": { "household": id } }), Vec::new())?.json;
        let Some(missing) = result["missing"].as_array() else { return Ok(result) };
        assert_eq!(
            (&result["is"], missing.is_empty()),
            (&json!("incomplete"), false),
            "no class is told before: {result}"
        );
        let edits: Vec<Json> =
            missing.iter().filter_map(|one| edit_of(phone, id, one).transpose()).collect::<Result<_>>()?;
        phone.write("edit", json!({ "edits": edits }))?;
    }
    anyhow::bail!("never complete")
}

/// A plain answer to a question that is missing.
fn edit_of(phone: &mut CorePhone, id: &str, missing: &Json) -> Result<Option<Json>> {
    let Some(key) = missing["question"].as_str() else { return Ok(None) };
    let form = phone.look(json!({ "form": {} }))?.json;
    let is_it = |question: &&Json| question["key"] == key;
    let question = form["questions"].as_array().and_then(|all| all.iter().find(is_it)).context("a question")?;
    let value = match question["kind"]["kind"].as_str() {
        Some("bool") => json!(true),
        Some("number") => question["kind"]["max"].clone(),
        Some("choice") => question["kind"]["choices"][0]["code"].clone(),
        _ => json!("1980"),
    };
    let path = match missing["member"]["id"].as_str() {
        Some(member) => format!("members/{member}/{key}"),
        None => format!("answers/{key}"),
    };
    Ok(Some(json!([id, path, value])))
}

#[tokio::test]
async fn a_class_is_told_once_the_form_is_complete_and_what_is_changed_after_that_says_so() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    lan.hear_of_villages().await?;
    let result = complete(&mut lan, &id)?;
    assert_eq!(result["is"], json!("complete"), "{result}");
    assert!(result["reports"][0]["indicators"].as_array().is_some_and(|found| found.len() > 9), "{result}");
    lan.write("edit", json!({ "edits": [[id, "visits/+today/outcome", "met"], [id, "notes/+", "xem lại"]] }))?;
    lan.sync().await?;
    let hoa = house.as_account(house.people.hoa).await?;
    let commune = house.units.commune;
    let path = format!("/api/rounds/{ROUND}/communes/{commune}/inbox");
    let marked = |items: &Json| -> Vec<Json> {
        let items = items.as_array().cloned().unwrap_or_default();
        items.into_iter().filter(|item| item["kind"] == "after_result").collect()
    };
    assert_eq!(marked(&hoa.get(&path).await?.body), [] as [Json; 0], "visits and notes answer nothing");

    // Not even a phone that was closed in between forgets what was seen on it.
    lan.keep_snapshot()?;
    lan.reopen()?;
    lan.write("edit", json!({ "edits": [[id, "answers/b1_points", 1]] }))?;
    lan.sync().await?;
    let waiting = marked(&hoa.get(&path).await?.body);
    assert_eq!(waiting.len(), 1);
    let detail = &waiting[0]["detail"];
    assert_eq!((&detail["sections"], &detail["changes_class"]), (&json!(["income"]), &json!(true)), "{detail}");
    assert_eq!(detail["classes_without"], result["classes"]);

    minh.sync().await?;
    minh.write("edit", json!({ "edits": [[id, "answers/tv", false]] }))?;
    minh.sync().await?;
    assert_eq!(marked(&hoa.get(&path).await?.body)[0]["detail"]["sections"], json!(["income"]), "minh saw no result");
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_a_round_leaves_out_is_not_asked() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    let asked = |phone: &mut CorePhone| -> Result<usize> {
        let asked = json!({ "household": id, "section": "location", "subject": { "of": "household" } });
        Ok(phone.look(json!({ "asked": asked }))?.json["questions"].as_array().map_or(0, Vec::len))
    };
    let all = asked(&mut lan)?;
    let mut villages = lan.hear_of_villages().await?;
    assert_eq!((villages[0]["left_out"].clone(), asked(&mut lan)?), (json!([]), all));
    villages[0]["left_out"] = json!(["point", "photo", "of a later server"]);
    lan.look_with(json!("surveys"), villages.to_string().into_bytes())?;
    assert_eq!((all > 0, asked(&mut lan)?), (true, 0));
    let spoiled = lan.look_with(json!("surveys"), b"[{\"round\": 7}]".to_vec());
    assert!(refusal(spoiled)?.starts_with("core/command"));
    assert_eq!(asked(&mut lan)?, 0, "what cannot be read changes nothing");
    house.stop().await;
    Ok(())
}

#[test]
fn a_practice_phone_has_a_village_of_its_own_and_writes_like_any_other() -> Result<()> {
    let mut core = Core::new();
    let practise = json!({ "practise": { "village": 1, "round": "luyen-tap", "today": "2026-10-01" } });
    assert!(refusal(ask(&mut core, &practise, &[]))?.starts_with("core/part"));
    let opened = ask(&mut core, &practise, &[vec![3; 32]])?.json;
    assert_eq!(opened["scopes"], json!([{ "village": 1, "round": "luyen-tap" }]));
    let clocks = json!({ "wall_ms": 1_790_000_000_000i64, "uptime_ms": 1 });
    let found = json!({ "found": { "household": example()?, "clocks": clocks } });
    let id = household(&ask(&mut core, &found, &[vec![4; 32]])?.json)?;
    let shown = ask(&mut core, &json!({ "show": { "household": id, "view": "mine" } }), &[])?.json;
    assert_eq!(shown["round"], json!("luyen-tap"));
    Ok(())
}

/// Where the list says that the only house stands.
fn listed_point(phone: &mut CorePhone) -> Result<Json> {
    let list = phone.look(json!("list"))?.json;
    let fields = list["fields"].as_array().context("fields")?;
    let at = fields.iter().position(|field| field == "point").context("points")?;
    Ok(list["rows"][0][at].clone())
}

#[tokio::test]
async fn the_list_says_where_a_house_stands_once_somebody_has_measured_it_there() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    assert_eq!(listed_point(&mut lan)?, Json::Null);
    let measured =
        |source: &str| json!({ "edits": [[id, "answers/gps", format!("22.4125,104.8,8,1790000000,{source}")]] });
    assert_eq!(lan.write("edit", measured("elsewhere"))?["faults"], json!([]));
    assert_eq!(listed_point(&mut lan)?, Json::Null, "somebody wrote it down at the office");
    assert_eq!(lan.write("edit", measured("gps"))?["faults"], json!([]));
    assert_eq!(listed_point(&mut lan)?, json!([22_412_500, 104_800_000]));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_section_asks_what_concerns_somebody_and_changes_with_what_is_typed() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    let outline = lan.look(json!({ "outline": { "household": id } }))?.json;
    assert_eq!(outline["outline"][0]["subject"], json!({ "of": "household" }));
    let member = outline["outline"][1]["subject"].clone();
    assert_eq!(member["of"], json!("member"));
    let mut relevance = |answers: Json| -> Result<Json> {
        let asked = json!({ "household": id, "section": "member_work", "subject": member, "answers": answers });
        let questions = lan.look(json!({ "asked": asked }))?.json["questions"].clone();
        let asked = questions.as_array().context("questions")?;
        let employment = asked.iter().find(|question| question["key"] == "employment").context("the question")?;
        Ok(employment["relevance"].clone())
    };
    assert_eq!(
        (relevance(json!({ "born": "1990" }))?, relevance(json!({ "born": "2020" }))?),
        (json!("yes"), json!("no"))
    );
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_disagreement_is_shown_with_both_sides_and_settled_for_both_phones() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    disagree(&mut lan, &mut minh, &id).await?;
    let shown = show(&mut lan, &id)?;
    let open = &shown["disagreements"][0];
    let own: Vec<&Json> = open["sides"].as_array().context("sides")?.iter().map(|side| &side["is_own"]).collect();
    assert!(own.contains(&&json!(true)) && own.contains(&&json!(false)), "{open}");
    let writers = lan.get("/api/devices/self/writers").await?;
    for side in open["sides"].as_array().context("sides")? {
        let is_named = |writer: &Json| writer["actor"] == side["actors"][0];
        let names = writers.as_array().context("writers")?;
        assert!(names.iter().any(is_named), "{side} {writers}");
        assert!(side["classes"].is_array(), "what it would come to: {side}");
    }
    assert_eq!((open["questions"][0].as_str(), open["sides"].as_array().map(Vec::len)), (Some("tv"), Some(2)));
    assert_eq!(lan.look(json!("list"))?.json["rows"][0][4], json!("needs_you"));
    let settled =
        lan.write("settle", json!({ "household": id, "disagreement": open["id"], "choice": { "take": 1 } }))?;
    assert_eq!(settled["written"][0]["sections"], json!(["assets"]));
    lan.sync().await?;
    minh.sync().await?;
    assert_eq!(show(&mut minh, &id)?["disagreements"], json!([]));
    assert_eq!(show(&mut minh, &id)?["answers"], show(&mut lan, &id)?["answers"]);
    assert!(lan.renew(&house).await?.is_success());
    assert_eq!(lan.sync().await?["waiting"], json!(0));
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_device_opened_from_its_snapshot_is_the_one_opened_from_its_records() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = household(&lan.write("found", json!({ "household": example()? }))?)?;
    lan.sync().await?;
    let records = lan.records.clone();
    lan.keep_snapshot()?;
    lan.write("edit", json!({ "edits": [[id, "answers/tv", true]] }))?;
    minh.sync().await?;
    minh.write("edit", json!({ "edits": [[id, "answers/tv", false]] }))?;
    minh.sync().await?;
    lan.sync().await?;
    let (before, list) = (show(&mut lan, &id)?, lan.look(json!("list"))?.json);
    let of_snapshot = {
        lan.reopen()?;
        lan.look(json!("snapshot"))?.parts
    };
    assert_eq!((show(&mut lan, &id)?, lan.look(json!("list"))?.json), (before, list));
    lan.snapshot = Vec::new();
    lan.records.splice(..0, records);
    lan.reopen()?;
    lan.look(json!("list"))?;
    assert_eq!(lan.look(json!("snapshot"))?.parts, of_snapshot);
    assert_eq!(lan.sync().await?["waiting"], json!(0));

    lan.keep_snapshot()?;
    for at in [0, 5, 40, lan.snapshot.len() / 2] {
        let mut parts = lan.on_disk();
        parts[1][at] ^= 0x20;
        let opened = ask(&mut Core::new(), &lan.opening(), &parts);
        // Damage behind the device's own part is in the list, which is made anew.
        assert!(at > 40 || refusal(opened)?.starts_with("snapshot/"), "{at}");
    }
    house.stop().await;
    Ok(())
}

#[tokio::test]
async fn work_goes_by_file_to_the_server_and_to_a_colleague_and_a_photo_waits_for_its_turn() -> Result<()> {
    let (house, mut lan, mut minh) = two_phones().await?;
    let id = founded(&mut lan, &mut minh).await?;
    lan.write("edit", json!({ "edits": [[id, "answers/tv", true]] }))?;
    let share = lan.look_with(json!({ "share": {} }), vec![8; 32])?;
    let shared = share.parts.into_iter().next().context("the file")?;
    let seen = minh.write_with("look", Json::Null, shared)?;
    assert_eq!(seen.json, json!({ "shown": 1, "known": 0, "left_out": 0 }));
    assert_eq!(
        minh.look(json!({ "show": { "household": id, "view": "preview" } }))?.json["answers"]["tv"],
        json!(true)
    );

    let key = lan.parcel_key.clone();
    let packed = lan.write_with("parcel", json!({ "key": key }), vec![9; 32])?;
    let file = packed.parts.into_iter().nth(1).context("the file")?;
    let which = minh.look_with(json!("which_parcel"), file.clone())?.json;
    let answer = minh.carry(file).await?;
    let answers = minh.look_with(json!("which_parcel"), answer.clone())?.json;
    assert_eq!((&answers["parcel"], &answers["is_answer"]), (&which["parcel"], &json!(true)));
    let taken = lan.write_with("parcel_answer", json!({}), answer)?;
    assert_eq!((&taken.json["turn"]["sent"], &taken.json["turn"]["waiting"]), (&json!(1), &json!(0)));

    let photo = json!({ "household": id, "blob": "ab".repeat(32), "size_bytes": 9_000 });
    assert_eq!(lan.write("attach", photo)?["stands"], json!("phone"));
    assert_eq!(lan.look(json!({ "blobs": { "room_bytes": 0 } }))?.json["queue"], json!([]));
    lan.sync().await?;
    assert_eq!(lan.look(json!({ "blobs": { "room_bytes": 0 } }))?.json["queue"][0]["household"], json!(id));
    house.stop().await;
    Ok(())
}

/// Real messages to a device that holds a household, the one that opens it first.
async fn messages(lan: &mut CorePhone) -> Result<Vec<Vec<u8>>> {
    let id = household(&lan.write("found", json!({ "household": example()? }))?)?;
    lan.sync().await?;
    let clocks = lan.clocks();
    let answer = vec![lan.answers.last().context("an answer")?.clone()];
    let seed = vec![vec![7; 32]];
    let portion = json!({ "up_bytes": 0, "down_bytes": 0 });
    let edits = json!([[id, "answers/tv", true], [id, "members/+x/sex", "male"]]);
    let settle = json!({ "household": id, "disagreement": "x", "choice": { "set": [] }, "clocks": clocks });
    let show = json!({ "household": id, "view": "preview" });
    let commands: Vec<(Json, Vec<Vec<u8>>)> = vec![
        (lan.opening(), lan.on_disk()),
        (json!("snapshot"), vec![]),
        (json!({ "request": { "clocks": clocks } }), vec![]),
        (json!({ "answer": { "clocks": clocks } }), answer.clone()),
        (json!({ "inspect": { "sent": clocks, "portion": portion, "clocks": clocks } }), answer),
        (json!({ "show": show }), vec![]),
        (json!({ "edit": { "edits": edits, "clocks": clocks } }), seed.clone()),
        (json!({ "found": { "household": example()?, "clocks": clocks } }), seed.clone()),
        (json!({ "settle": settle }), seed.clone()),
        (json!({ "share": {} }), seed),
        (json!("look"), vec![vec![1; 90]]),
        (json!("which_parcel"), vec![vec![1; 90]]),
        (json!({ "result": { "household": id } }), vec![]),
        (
            json!("surveys"),
            vec![br#"[{"round":"a","village":1,"commune":2,"reference_on":"2026-10-01","b1_mode":"paper"}]"#.to_vec()],
        ),
        (json!({ "find": { "typed": "a" } }), vec![]),
    ];
    Ok(commands.iter().map(|(json, parts)| Message::write(json.to_string().as_bytes(), parts)).collect())
}

/// A message with one byte changed, and cut where that is asked for.
fn spoiled(message: &[u8], at: prop::sample::Index, byte: u8, end: Option<prop::sample::Index>) -> Vec<u8> {
    let mut message = message.to_vec();
    let place = at.index(message.len());
    message[place] = byte;
    message.truncate(end.map_or(message.len(), |end| end.index(message.len())));
    message
}

#[tokio::test]
async fn no_message_that_was_cut_or_spoiled_makes_the_core_panic() -> Result<()> {
    let (house, mut lan, _) = two_phones().await?;
    let messages = messages(&mut lan).await?;
    let mut runner = TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let index = any::<prop::sample::Index>;
    let strategy = (0..messages.len(), index(), any::<u8>(), prop::option::of(index()));
    runner.run(&strategy, |(which, at, byte, end)| {
        let mut core = Core::new();
        core.call(&messages[0]);
        let reply = core.call(&spoiled(&messages[which], at, byte, end));
        prop_assert!(Message::read(&reply).is_some());
        // It still answers afterwards.
        prop_assert!(Message::read(&core.call(&messages[messages.len() - 1])).is_some());
        Ok(())
    })?;
    house.stop().await;
    Ok(())
}
