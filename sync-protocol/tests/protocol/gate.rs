//! The gate against everything that hostile or broken devices can send: hand-made faults by name, then mutations by the
//! hundred thousand.

use automerge::legacy::{self, ObjectId, OpType};
use automerge::{Change, ExpandedChange, ObjType, ScalarValue};
use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use sync_protocol::archive;
use sync_protocol::change::{self, MAX_CHANGE_BYTES};
use sync_protocol::gate::{self, Admission, Candidate, Fate, Policy};
use sync_protocol::hash::{ActorId, ChangeHash};
use sync_protocol::verdict::{Hold, Rejection, Verdict};

use crate::support::{Copy, Sent, answer, confirmed, genesis, listed, member, note, of_member, three, visited};
use schemas::household::SectionKey;
use sync_protocol::change::{Slot, Write};

/// Minh's next change, still to be judged by Lan's copy.
fn next(writes: impl IntoIterator<Item = (Slot, Write)>) -> (Copy, Sent) {
    let (lan, mut minh, _) = three();
    minh.write(writes);
    (lan, minh.sent.pop().unwrap())
}

fn altered(sent: &Sent, alter: impl FnOnce(&mut ExpandedChange)) -> Sent {
    let mut expanded = Change::try_from(sent.bytes.as_slice()).unwrap().decode();
    alter(&mut expanded);
    expanded.hash = None;
    let change = Change::from(expanded);
    Sent { bytes: change.raw_bytes().to_vec(), hash: ChangeHash(change.hash().0), actor: sent.actor }
}

fn verdict(copy: &Copy, sent: &Sent) -> Verdict {
    copy.judge(sent).verdict()
}

fn rejected_when(rejection: Rejection, alter: impl FnOnce(&mut ExpandedChange)) {
    let (lan, sent) = next([answer("floor_area", 30), of_member(1, "in_school", true)]);
    assert_eq!(verdict(&lan, &altered(&sent, alter)), Verdict::Rejected(rejection));
}

fn op(object: legacy::ObjectId, key: &str, action: OpType) -> legacy::Op {
    legacy::Op { action, obj: object, key: legacy::Key::Map(key.into()), pred: Vec::new().into(), insert: false }
}

fn container(counter: u64) -> ObjectId {
    ObjectId::Id(legacy::OpId(counter, b"rasoat genesis 1".to_vec().into()))
}

#[test]
fn another_actor_is_rejected() {
    let (lan, mut sent) = next([answer("floor_area", 30)]);
    sent.actor = ActorId([3; 16]);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::ForeignActor));
}

#[test]
fn bytes_that_are_not_what_the_journal_names_are_rejected() {
    let (lan, mut sent) = next([answer("floor_area", 30)]);
    sent.hash = ChangeHash([3; 32]);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::OtherHash));
}

#[test]
fn a_wrong_checksum_is_not_canonical() {
    let (lan, mut sent) = next([answer("floor_area", 30)]);
    sent.bytes[4] ^= 1;
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::Malformed));
}

#[test]
fn compressed_chunks_documents_and_bundles_are_rejected_unread() {
    let (lan, sent) = next([answer("floor_area", 30)]);
    for chunk_type in [0u8, 2, 3, 4, 255] {
        let mut other = sent.clone();
        other.bytes[8] = chunk_type;
        assert_eq!(verdict(&lan, &other), Verdict::Rejected(Rejection::ChunkType), "{chunk_type}");
    }
}

#[test]
fn oversized_changes_are_rejected_before_they_are_parsed() {
    let (lan, mut sent) = next([answer("floor_area", 30)]);
    sent.bytes.resize(MAX_CHANGE_BYTES + 1, 0);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::TooLarge));
}

#[test]
fn no_bytes_at_all_are_rejected() {
    let (lan, mut sent) = next([answer("floor_area", 30)]);
    sent.bytes.clear();
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::ChunkType));
}

#[test]
fn a_gap_in_the_actors_sequence_is_a_fork() {
    rejected_when(Rejection::Fork, |change| change.seq = 2);
}

#[test]
fn a_sequence_number_used_twice_is_a_fork() {
    let (mut lan, mut minh, _) = three();
    let mut clone = minh.clone();
    minh.write([answer("floor_area", 30)]);
    clone.write([answer("floor_area", 31)]);
    lan.hear(&minh);
    assert_eq!(verdict(&lan, &clone.sent[0]), Verdict::Rejected(Rejection::Fork));
    clone.write([answer("floor_area", 32)]);
    assert_eq!(verdict(&lan, &clone.sent[1]), Verdict::Held(Hold::MissingDependency));
}

#[test]
fn counters_that_jump_ahead_or_fall_back_are_rejected() {
    rejected_when(Rejection::WrongPast, |change| change.start_op = 4_000_000_000u64.try_into().unwrap());
    rejected_when(Rejection::WrongPast, |change| change.start_op = 11.try_into().unwrap());
    rejected_when(Rejection::NotAllowed, |change| change.start_op = u64::from(u32::MAX).try_into().unwrap());
}

#[test]
fn numbers_at_their_end_break_nothing() {
    let (lan, sent) = next([answer("floor_area", 30)]);
    for number in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1, u64::from(u32::MAX) + 1] {
        for sent in [
            altered(&sent, |change| change.start_op = number.try_into().unwrap()),
            altered(&sent, |change| change.seq = number),
        ] {
            assert!(matches!(verdict(&lan, &sent), Verdict::Rejected(_)));
        }
    }
}

#[test]
fn replacing_what_is_not_there_or_not_all_that_is_there_is_rejected() {
    rejected_when(Rejection::WrongPast, |change| change.operations[0].pred = Vec::new().into());
    let foreign = legacy::OpId(5, vec![7; 16].into());
    rejected_when(Rejection::WrongPast, |change| change.operations[0].pred = vec![foreign].into());
}

#[test]
fn depending_on_nothing_or_on_an_ancestor_is_rejected() {
    rejected_when(Rejection::WrongPast, |change| change.deps.clear());
    rejected_when(Rejection::WrongPast, |change| {
        change.deps.push(automerge::ChangeHash(genesis().hash().0));
        change.deps.sort();
    });
}

#[test]
fn objects_that_do_not_exist_and_the_root_are_closed() {
    let stray = ObjectId::Id(legacy::OpId(12, vec![1; 16].into()));
    rejected_when(Rejection::NotAllowed, |change| change.operations[0].obj = stray);
    rejected_when(Rejection::NotAllowed, |change| change.operations[0].obj = ObjectId::Root);
}

#[test]
fn kinds_of_operation_that_households_never_hold_are_rejected() {
    for action in [
        OpType::Increment(1),
        OpType::Put(ScalarValue::counter(1)),
        OpType::Put(ScalarValue::F64(1.0)),
        OpType::Put(ScalarValue::Null),
        OpType::Put(ScalarValue::Timestamp(1)),
        OpType::Put(ScalarValue::Uint(1)),
        OpType::Make(ObjType::Map),
        OpType::Make(ObjType::List),
        OpType::Make(ObjType::Text),
    ] {
        rejected_when(Rejection::NotAllowed, |change| change.operations[0].action = action);
    }
}

#[test]
fn headers_that_carry_anything_else_are_rejected() {
    rejected_when(Rejection::NotAllowed, |change| change.extra_bytes = vec![1]);
    rejected_when(Rejection::NotAllowed, |change| change.time = i64::MAX);
    rejected_when(Rejection::NotAllowed, |change| change.time = -1);
    rejected_when(Rejection::NotAllowed, |change| change.message = Some("x".repeat(300)));
    rejected_when(Rejection::NotAllowed, |change| change.message = Some("\u{7}".into()));
    rejected_when(Rejection::NotAllowed, |change| change.operations.clear());
}

#[test]
fn unknown_questions_and_wrong_types_are_rejected() {
    let (lan, sent) = next([answer("favourite_colour", "red")]);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::UnknownKey));
    let (lan, sent) = next([answer("floor_area", "thirty")]);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::WrongType));
    let (lan, sent) = next([visited(4), confirmed("no_such_section", 4)]);
    assert_eq!(verdict(&lan, &sent), Verdict::Rejected(Rejection::UnknownKey));
}

#[test]
fn an_unusual_number_is_kept() {
    let (lan, sent) = next([answer("floor_area", 5_000)]);
    assert_eq!(verdict(&lan, &sent), Verdict::Accepted);
}

#[test]
fn a_member_is_never_deleted_listed_twice_or_written_before_being_listed() {
    let delete = op(container(6), &member(1).to_string(), OpType::Delete);
    rejected_when(Rejection::NotAllowed, |change| change.operations[0] = delete);
    let again = op(container(6), &member(1).to_string(), OpType::Make(ObjType::Map));
    rejected_when(Rejection::WrongPast, |change| change.operations[0] = again);
    let (mut lan, mut minh, _) = three();
    lan.write([listed(7)]);
    minh.write([listed(7)]);
    assert_eq!(verdict(&lan, &minh.sent[0]), Verdict::Rejected(Rejection::WrongPast));
}

#[test]
fn a_note_is_never_written_over() {
    let (mut lan, mut minh, _) = three();
    let text = |text: &str| (Slot::Note(note(1)), Write::Put(text.into()));
    lan.write([text("a")]);
    minh.hear(&lan);
    minh.write_unchecked([text("b")]);
    assert_eq!(verdict(&lan, &minh.sent[0]), Verdict::Rejected(Rejection::WrongPast));
}

#[test]
fn anothers_visit_is_closed() {
    let (lan, mut minh, _) = three();
    let outcome =
        (Slot::VisitAnswer(crate::support::visit(1), "outcome".parse().unwrap()), Write::Put("absent".into()));
    minh.write_unchecked([outcome]);
    assert_eq!(verdict(&lan, &minh.sent[0]), Verdict::Rejected(Rejection::WrongPast));
}

#[test]
fn a_settlement_that_names_what_its_author_had_not_seen_is_rejected() {
    let (mut lan, mut minh, _) = three();
    let seen = lan.write([answer("floor_area", 30)]);
    let unseen = minh.write([answer("floor_area", 35)]);
    let mut named = vec![seen, unseen];
    named.sort_unstable();
    let housing = SectionKey::Form("housing".parse().unwrap());
    lan.write_unchecked([(Slot::Settled(housing), Write::Settle(named))]);
    minh.receive(&lan.sent[1]);
    assert_eq!(verdict(&minh, &lan.sent[2]), Verdict::Rejected(Rejection::WrongPast));
}

#[test]
fn what_is_missing_waits_and_what_belongs_to_another_household_does_not() {
    let (lan, mut minh, _) = three();
    let first = minh.write([answer("floor_area", 30)]);
    minh.write([answer("floor_area", 31)]);
    let second = &minh.sent[1];
    let candidate = Candidate { bytes: &second.bytes, hash: second.hash, actor: second.actor };
    let judged = |fate: Fate| {
        gate::judge(&lan.history, candidate, Policy::Allows, |hash| {
            assert_eq!(*hash, first);
            fate
        })
    };
    assert_eq!(judged(Fate::Unknown).verdict(), Verdict::Held(Hold::MissingDependency));
    assert_eq!(judged(Fate::NotAccepted).verdict(), Verdict::Held(Hold::BuildsOnHeld));
    assert_eq!(judged(Fate::OtherHousehold).verdict(), Verdict::Rejected(Rejection::OtherHousehold));
}

#[test]
fn policy_holds_only_what_has_no_fault() {
    let (lan, sent) = next([answer("floor_area", 30)]);
    let judge = |sent: &Sent| {
        let candidate = Candidate { bytes: &sent.bytes, hash: sent.hash, actor: sent.actor };
        gate::judge(&lan.history, candidate, Policy::Holds(Hold::OutOfScope), |_| Fate::Unknown).verdict()
    };
    assert_eq!(judge(&sent), Verdict::Held(Hold::OutOfScope));
    assert_eq!(judge(&altered(&sent, |change| change.seq = 9)), Verdict::Rejected(Rejection::Fork));
}

#[test]
fn the_same_change_twice_is_known() {
    let (mut lan, sent) = next([answer("floor_area", 30)]);
    lan.receive(&sent);
    assert!(matches!(lan.judge(&sent), Admission::Known));
}

/// Changes of every shape the field writes, each with the copy that is to judge it.
fn specimens() -> Vec<(Copy, Sent)> {
    let full: Vec<(Slot, Write)> = (20..28)
        .flat_map(|n| [listed(n), of_member(n, "full_name", "Lò Thị Xuân"), of_member(n, "in_school", n % 2 == 0)])
        .collect();
    let (mut lan, mut minh, _) = three();
    lan.write([answer("floor_area", 30), of_member(1, "full_name", "Páo")]);
    minh.write([answer("floor_area", 35), of_member(1, "full_name", "Pháo")]);
    lan.hear(&minh);
    let judge = lan.clone();
    let disagreement = lan.open().remove(0);
    lan.settle(&disagreement, [answer("floor_area", 33)]);
    let settlement = lan.sent.pop().unwrap();
    let cleared = (Slot::Answer("water_source".parse().unwrap()), Write::Clear);
    vec![
        next([answer("floor_area", 30), answer("has_tv", true), answer("house_wall", "brick")]),
        next(full),
        next([visited(5), confirmed("housing", 5), (Slot::Note(note(2)), Write::Put("nhà ở cuối bản".into()))]),
        next([cleared, of_member(2, "status", "left")]),
        (judge, settlement),
    ]
}

fn mutate(bytes: &[u8], rng: &mut SmallRng) -> Vec<u8> {
    let mut body = bytes[8..].to_vec();
    for _ in 0..rng.random_range(1..=3) {
        let at = rng.random_range(1..body.len());
        match rng.random_range(0..6) {
            0 => body[at] = rng.random(),
            1 => body[at] ^= 1 << rng.random_range(0..8),
            2 => body.insert(at, rng.random()),
            3 if body.len() > 4 => drop(body.remove(at)),
            4 => body[at] = [0, 1, 0x7f, 0x80, 0xff][rng.random_range(0..5)],
            _ => {
                let from = rng.random_range(1..body.len());
                body[at] = body[from];
            }
        }
    }
    with_header(body)
}

/// Puts magic bytes, a right length and a right checksum around a mutated chunk, so that the framing never stops it.
fn with_header(mut body: Vec<u8>) -> Vec<u8> {
    let (_, length_bytes) = leb128(&body[1..]);
    let content = body.split_off((1 + length_bytes).min(body.len()));
    let mut chunk = vec![body[0]];
    let mut length = content.len();
    loop {
        let byte = (length & 0x7f) as u8;
        length >>= 7;
        chunk.push(if length > 0 { byte | 0x80 } else { byte });
        if length == 0 {
            break;
        }
    }
    chunk.extend(content);
    let checksum = Sha256::digest(&chunk);
    [&[0x85, 0x6f, 0x4a, 0x83][..], &checksum[..4], &chunk].concat()
}

fn leb128(bytes: &[u8]) -> (u64, usize) {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return (value, at + 1);
        }
    }
    (value, 1)
}

fn reseal(bytes: Vec<u8>, actor: ActorId) -> Sent {
    let body = &bytes[8..];
    Sent { hash: ChangeHash(Sha256::digest(body).into()), bytes, actor }
}

#[test]
fn a_hundred_thousand_mutations_neither_panic_nor_leave_a_document_that_cannot_be_loaded() {
    std::panic::set_hook(Box::new(|_| {}));
    let seed: u64 = 20_261_123;
    let mut rng = SmallRng::seed_from_u64(seed);
    let specimens = specimens();
    let rounds = 130_000;
    let (mut passed, mut refused) = (0u32, 0u32);
    for round in 0..rounds {
        let (copy, sent) = &specimens[round % specimens.len()];
        let mutant = reseal(mutate(&sent.bytes, &mut rng), sent.actor);
        match copy.judge(&mutant) {
            Admission::Admitted(_) => {
                passed += 1;
                assert_healthy(copy, &mutant, seed, round);
            }
            Admission::Known => {}
            Admission::Held(..) | Admission::Rejected(..) | Admission::Unproven(..) => refused += 1,
        }
    }
    println!("{rounds} mutations with seed {seed}: {passed} passed and were healthy, {refused} refused");
    assert!(passed > 500, "the gate must let honest values through: {passed}");
    assert!(refused > rounds as u32 / 2);
}

/// What passed must apply, save, load back with the expected heads, and say what our history says.
fn assert_healthy(copy: &Copy, mutant: &Sent, seed: u64, round: usize) {
    let context = format!("seed {seed}, mutation {round}: {:02x?}", mutant.bytes);
    let before: Vec<Vec<u8>> = copy.known_bytes();
    let mut after = copy.clone();
    after.receive(mutant);
    let changes: Vec<Vec<u8>> = before.into_iter().chain([mutant.bytes.clone()]).collect();
    let saved = archive::extend(&genesis(), None, &changes).expect(&context);
    assert_eq!(saved.heads, after.history.heads(), "{context}");
    let again = archive::changes(&saved.bytes).expect(&context);
    let again = archive::history(genesis(), crate::support::form(), again.iter().map(Vec::as_slice)).expect(&context);
    assert_eq!(again.current(), after.history.current(), "{context}");
}

#[test]
fn random_bytes_never_parse_and_never_panic() {
    let mut rng = SmallRng::seed_from_u64(7);
    for length in 0..2_000 {
        let mut bytes = vec![0; length % 300];
        rng.fill_bytes(&mut bytes);
        assert!(change::parse(&bytes).is_err());
        if bytes.len() > 12 {
            bytes[8] = 1;
            assert!(change::parse(&with_header(bytes[8..].to_vec())).is_err());
        }
    }
}
