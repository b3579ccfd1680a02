//! What decoders meet that look at more than bytes: a form, a household that was interviewed, a phone with work that waits.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use ed25519_dalek::SigningKey;
use schemas::form::{Form, Kind};
use schemas::ids::{AccountId, HouseholdId, MemberId, NoteId, UnitId, VisitId};
use schemas::standard::{Standard, shipped};
use schemas::value::Value;
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::device::{Clocks, Device, Identity, Record};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::PublicKey;
use sync_protocol::history::History;
use sync_protocol::journal::Scope;

/// The household that was interviewed; two more stand in its village.
pub(super) const HOME: HouseholdId = HouseholdId([1; 16]);
/// All households that a name can mean.
pub(super) const HOMES: [HouseholdId; 3] = [HOME, HouseholdId([2; 16]), HouseholdId([3; 16])];
/// When everything happens.
pub(super) const CLOCKS: Clocks = Clocks { wall_ms: 1_790_000_000_000, uptime_ms: 5_000 };

/// The standard that ships, with the form that everything is written on.
pub(super) static STANDARD: LazyLock<Standard> =
    // The shipped files are part of this program, and a test loads them.
    LazyLock::new(|| shipped::load("vn-2022-2025").expect("a shipped standard"));
static FORM: LazyLock<Arc<Form>> = LazyLock::new(|| Arc::new(STANDARD.form().clone()));
/// The household after its interview.
pub(super) static INTERVIEWED: LazyLock<History> = LazyLock::new(|| {
    let mut history = founded(HOME);
    interview(&mut history);
    history
});
/// The records of a phone with work that waits.
static RECORDS: LazyLock<Vec<Record>> = LazyLock::new(records);

/// The forms that both ends hold.
pub(super) fn forms() -> Vec<Arc<Form>> {
    vec![FORM.clone()]
}

/// The village and the round.
pub(super) fn scope() -> Scope {
    // The name is a valid one.
    Scope { village: UnitId(41), round: "2026-dinh-ky".parse().expect("a valid round") }
}

/// Who writes.
pub(super) fn author() -> Author {
    Author { key: PublicKey(key(1).verifying_key().to_bytes()), account: AccountId(1), epoch: 1 }
}

/// Whose key it is: 1 the phone's, 5 the server's.
pub(super) fn key(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

/// A document with nothing in it.
pub(super) fn founded(household: HouseholdId) -> History {
    History::new(Genesis { household, round: scope().round, form: FORM.version.clone() }, FORM.clone())
}

/// The document of a household as the server has it.
pub(super) fn document(household: HouseholdId) -> History {
    if household == HOME { INTERVIEWED.clone() } else { founded(household) }
}

/// Two members, a visit, and an answer of each kind that the form asks for.
fn writes() -> BTreeMap<Slot, Write> {
    let (one, two, visit) = (MemberId([1; 10]), MemberId([2; 10]), VisitId([1; 10]));
    let mut writes = BTreeMap::from([
        (Slot::Member(one), Write::Make),
        (Slot::Member(two), Write::Make),
        (Slot::Visit(visit), Write::Make),
        (Slot::Note(NoteId([1; 10])), Write::Put("Nhà ở sau trạm y tế".into())),
    ]);
    for question in FORM.questions().iter().take(40) {
        let slot = match question.scope {
            schemas::form::Scope::Household => Slot::Answer(question.key.clone()),
            schemas::form::Scope::Member => Slot::MemberAnswer(one, question.key.clone()),
            schemas::form::Scope::Visit => Slot::VisitAnswer(visit, question.key.clone()),
        };
        writes.insert(slot, Write::Put(usual(&question.kind)));
    }
    writes
}

fn usual(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => true.into(),
        Kind::Number { min, .. } => (*min).into(),
        Kind::Text { .. } => "Hoàng Văn Páo".into(),
        Kind::Choice { choices } => choices.first().map_or("", |choice| choice.code.as_str()).into(),
        Kind::Date => "1985-05-31".into(),
        Kind::CitizenId => "001085012345".into(),
        Kind::Point => "22.336400,104.148700,8,1790000000,gps".into(),
        Kind::Photo => "ab".repeat(32).as_str().into(),
    }
}

fn interview(history: &mut History) {
    let draft = history.draft(history.heads(), author().actor(), CLOCKS.wall_ms / 1_000, None, &writes());
    let bytes = draft.and_then(|draft| draft.encode());
    let read =
        bytes.and_then(|bytes| change::parse(&bytes).ok()).and_then(|(read, hash)| history.read(&read, hash).ok());
    // Written a moment ago, from constants.
    history.push(read.expect("a change that fits"));
}

fn blank_phone() -> Device {
    let server = PublicKey(key(5).verifying_key().to_bytes());
    Device::new(Identity { key: key(1), account: AccountId(1), server }, forms())
}

fn records() -> Vec<Record> {
    let mut phone = blank_phone();
    let assigned = Record::Assigned(vec![scope()]);
    phone.apply(&assigned);
    // The village is held, and what is written is of the form.
    let written = phone.found(scope(), HOME, &writes(), CLOCKS).expect("something to write");
    [vec![assigned], written].concat()
}

/// A phone that holds the village and whose interview waits.
pub(super) fn phone() -> Device {
    let mut phone = blank_phone();
    RECORDS.iter().for_each(|record| phone.apply(record));
    phone
}
