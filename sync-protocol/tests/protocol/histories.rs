//! Our reading of a document's history held against Automerge's own: the same views, the same heads, at any past.

use std::collections::BTreeMap;

use automerge::{Automerge, Change, ObjId, ReadDoc, ScalarValue, Value as AmValue};
use proptest::prelude::*;
use schemas::household::Household;
use schemas::value::Value;
use sync_protocol::archive;
use sync_protocol::change::{Slot, Write};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::ChangeHash;

use crate::support::{Copy, Sent, answer, form, genesis, listed, member, of_member, three};

#[test]
fn the_genesis_is_computed_alike_and_differs_by_household_round_and_form() {
    let base = genesis();
    assert_eq!(base.hash(), genesis().hash());
    let others = [
        Genesis { household: schemas::ids::HouseholdId([8; 16]), ..base.clone() },
        Genesis { round: "2027-dinh-ky".parse().unwrap(), ..base.clone() },
        Genesis { form: schemas::form::FormVersion("test/2".into()), ..base.clone() },
    ];
    others.iter().for_each(|other| assert_ne!(other.hash(), base.hash()));
    // The bytes are fixed for ever: documents in the field were founded with them.
    assert_eq!(base.hash().to_string(), "519b6979fc10f299cea5147c68285345f57ebdbacb6e5838e582152e20a4ace3");
}

#[test]
fn an_equal_put_makes_no_operation() {
    let (lan, _, _) = three();
    let writes = BTreeMap::from([answer("house_wall", "earth")]);
    let heads = lan.history.heads().to_vec();
    let draft = lan.history.draft(&heads, lan.author.actor(), 0, None, &writes).unwrap();
    assert_eq!(draft.encode(), None);
}

#[test]
fn a_draft_on_unknown_heads_is_refused() {
    let (lan, _, _) = three();
    let writes = BTreeMap::from([answer("house_wall", "brick")]);
    assert!(lan.history.draft(&[ChangeHash([1; 32])], lan.author.actor(), 0, None, &writes).is_none());
}

#[test]
fn a_saved_document_gives_back_every_change() {
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 35)]);
    lan.hear(&minh);
    let bytes: Vec<Vec<u8>> = lan.sent.iter().chain(&minh.sent).map(|sent| sent.bytes.clone()).collect();
    let saved = archive::extend(&genesis(), None, &bytes[..1]).unwrap();
    let saved = archive::extend(&genesis(), Some(&saved.bytes), &bytes[1..]).unwrap();
    assert_eq!(saved.heads, lan.history.heads());
    let changes = archive::changes(&saved.bytes).unwrap();
    let again = archive::history(genesis(), form(), changes.iter().map(Vec::as_slice)).unwrap();
    assert_eq!(again.heads(), lan.history.heads());
    assert_eq!(again.current(), lan.history.current());
}

#[test]
fn a_saved_document_that_lacks_a_dependency_is_refused() {
    let (mut lan, _, _) = three();
    lan.write([answer("floor_area", 30)]);
    let late = lan.sent[1].bytes.clone();
    let saved = archive::extend(&genesis(), None, &[late]).unwrap();
    // Automerge queues what it cannot apply and says nothing: the heads tell.
    assert_ne!(saved.heads, lan.history.heads());
}

fn automerge_of(changes: &[Sent]) -> Automerge {
    let mut document = Automerge::new();
    document.apply_changes([genesis().change()]).unwrap();
    let changes: Vec<Change> = changes.iter().map(|sent| Change::try_from(sent.bytes.as_slice()).unwrap()).collect();
    document.apply_changes(changes).unwrap();
    document
}

fn scalar(value: &AmValue<'_>) -> Option<Value> {
    match value.as_scalar()? {
        ScalarValue::Boolean(flag) => Some(Value::Bool(*flag)),
        ScalarValue::Int(number) => Some(Value::Int(*number)),
        ScalarValue::Str(text) => Some(Value::Text(text.to_string())),
        _ => None,
    }
}

/// The household as Automerge shows it at these heads.
fn automerge_household(document: &Automerge, heads: &[automerge::ChangeHash]) -> Household {
    let mut household = Household::empty(genesis().household);
    let object = |key: &str| document.get_at(automerge::ROOT, key, heads).unwrap().unwrap().1;
    let answers = |id: &ObjId| {
        let keys = document.keys_at(id, heads);
        keys.filter_map(|key| {
            let value = scalar(&document.get_at(id, key.as_str(), heads).unwrap()?.0)?;
            Some((key.parse().unwrap(), value))
        })
        .collect()
    };
    household.answers = answers(&object("answers"));
    let members = object("members");
    for key in document.keys_at(&members, heads) {
        let id = document.get_at(&members, key.as_str(), heads).unwrap().unwrap().1;
        household.members.insert(key.parse().unwrap(), answers(&id));
    }
    household
}

fn without_visits(mut household: Household) -> Household {
    household.visits.clear();
    household
}

#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8, i64),
    Clear(usize, u8),
    Add(usize, u8),
    Name(usize, u8, i64),
    Hear(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..3usize;
    let step = prop_oneof![
        (who.clone(), 0..4u8, 0..4i64).prop_map(|(w, k, v)| Step::Write(w, k, v)),
        (who.clone(), 0..4u8).prop_map(|(w, k)| Step::Clear(w, k)),
        (who.clone(), 0..40u8).prop_map(|(w, n)| Step::Add(w, n)),
        (who.clone(), 0..40u8, 0..3i64).prop_map(|(w, n, v)| Step::Name(w, n, v)),
        (who.clone(), who).prop_map(|(a, b)| Step::Hear(a, b)),
    ];
    prop::collection::vec(step, 1..40)
}

const KEYS: [&str; 4] = ["floor_area", "house_wall", "water_source", "address"];

fn key_value(key: u8, value: i64) -> (Slot, Write) {
    match key {
        0 => answer(KEYS[0], value),
        _ => answer(KEYS[usize::from(key)], format!("v{value}").as_str()),
    }
}

fn try_write(copy: &mut Copy, write: (Slot, Write)) {
    let writes = BTreeMap::from([write]);
    let heads = copy.history.heads().to_vec();
    let drafted = copy.history.draft(&heads, copy.author.actor(), 7, None, &writes);
    if drafted.and_then(|draft| draft.encode()).is_some() {
        copy.write(writes);
    }
}

fn run(steps: Vec<Step>) -> Vec<Copy> {
    let (lan, minh, hoa) = three();
    let mut copies = vec![lan, minh, hoa];
    for step in steps {
        match step {
            Step::Write(who, key, value) => try_write(&mut copies[who], key_value(key, value)),
            Step::Clear(who, key) => {
                try_write(&mut copies[who], (Slot::Answer(KEYS[usize::from(key)].parse().unwrap()), Write::Clear));
            }
            // Ids are minted at random in the field: no two people mint the same one.
            Step::Add(who, n) => try_write(&mut copies[who], listed(50 + n * 3 + who as u8)),
            Step::Name(who, n, value) => {
                let n = 50 + n * 3 + (n % 3);
                if copies[who].history.current().members.contains_key(&member(n)) {
                    try_write(&mut copies[who], of_member(n, "full_name", format!("n{value}").as_str()));
                }
            }
            Step::Hear(a, b) if a != b => carry(&mut copies, a, b),
            Step::Hear(..) => {}
        }
    }
    copies
}

/// Carries everything that `from` knows, whoever wrote it.
fn carry(copies: &mut [Copy], to: usize, from: usize) {
    let known: Vec<ChangeHash> = copies[from].history.nodes().iter().map(|node| node.entry.hash).collect();
    let all: Vec<Sent> = copies.iter().flat_map(|copy| copy.sent.clone()).collect();
    for hash in known {
        let sent = all.iter().find(|sent| sent.hash == hash).unwrap();
        copies[to].receive(sent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_view_of_the_past_is_the_one_that_automerge_has(steps in steps()) {
        let mut copies = run(steps);
        for (to, from) in [(0, 1), (0, 2), (1, 0), (2, 0)] {
            carry(&mut copies, to, from);
        }
        let all: Vec<Sent> = copies.iter().flat_map(|copy| copy.sent.clone()).collect();
        let document = automerge_of(&all);
        let history = &copies[0].history;
        let mut heads: Vec<ChangeHash> = document.get_heads().into_iter().map(Into::into).collect();
        heads.sort_unstable();
        prop_assert_eq!(&heads, history.heads());
        for node in history.nodes() {
            let at = [automerge::ChangeHash(node.entry.hash.0)];
            prop_assert_eq!(automerge_household(&document, &at), without_visits(history.household(&node.past)));
        }
        prop_assert_eq!(automerge_household(&document, &document.get_heads()), without_visits(history.current()));
    }

    #[test]
    fn everybody_who_has_the_same_changes_sees_the_same_disagreements(steps in steps()) {
        let mut copies = run(steps);
        for (to, from) in [(0, 1), (0, 2), (1, 0), (2, 0), (1, 2), (2, 1)] {
            carry(&mut copies, to, from);
        }
        prop_assert_eq!(copies[0].history.current(), copies[1].history.current());
        prop_assert_eq!(copies[0].history.current(), copies[2].history.current());
        prop_assert_eq!(copies[0].open_sections(), copies[1].open_sections());
        prop_assert_eq!(copies[0].open_sections(), copies[2].open_sections());
    }
}
