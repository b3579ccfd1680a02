//! Two enumerators, a reviewer and a household: copies of one document that know only what was carried to them.

use std::collections::BTreeMap;

use schemas::form::FormVersion;
use schemas::ids::{AccountId, HouseholdId, MemberId, NoteId, VisitId};
use schemas::value::Value;
use sync_protocol::actor::Author;
use sync_protocol::change::{self, Slot, Write};
use sync_protocol::disagreement::{self, Disagreement};
use sync_protocol::gate::{self, Admission, Candidate, Fate, Policy};
use sync_protocol::genesis::Genesis;
use sync_protocol::hash::{ActorId, ChangeHash, PublicKey};
use sync_protocol::history::History;

pub(crate) use crate::form::form;

pub(crate) fn genesis() -> Genesis {
    Genesis {
        household: HouseholdId([9; 16]),
        round: "2026-dinh-ky".parse().unwrap(),
        form: FormVersion("test/1".into()),
    }
}

pub(crate) fn member(n: u8) -> MemberId {
    MemberId([n; 10])
}

pub(crate) fn visit(n: u8) -> VisitId {
    VisitId([n; 10])
}

pub(crate) fn note(n: u8) -> NoteId {
    NoteId([n; 10])
}

pub(crate) fn answer(key: &str, value: impl Into<Value>) -> (Slot, Write) {
    (Slot::Answer(key.parse().unwrap()), Write::Put(value.into()))
}

pub(crate) fn of_member(n: u8, key: &str, value: impl Into<Value>) -> (Slot, Write) {
    (Slot::MemberAnswer(member(n), key.parse().unwrap()), Write::Put(value.into()))
}

pub(crate) fn listed(n: u8) -> (Slot, Write) {
    (Slot::Member(member(n)), Write::Make)
}

pub(crate) fn visited(n: u8) -> (Slot, Write) {
    (Slot::Visit(visit(n)), Write::Make)
}

pub(crate) fn confirmed(section: &str, n: u8) -> (Slot, Write) {
    (Slot::Confirmed(section.parse().unwrap()), Write::Put(visit(n).to_string().as_str().into()))
}

/// A change as it travels.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: ChangeHash,
    pub(crate) actor: ActorId,
}

fn parsed(sent: &Sent) -> automerge::ExpandedChange {
    change::parse(&sent.bytes).unwrap().0
}

/// One person's copy of the document.
#[derive(Clone)]
pub(crate) struct Copy {
    pub(crate) history: History,
    pub(crate) author: Author,
    pub(crate) sent: Vec<Sent>,
    known: Vec<Sent>,
}

impl Copy {
    fn of(account: u64) -> Self {
        let author = Author { key: PublicKey([account as u8; 32]), account: AccountId(account), epoch: 1 };
        Self { history: History::new(genesis(), form()), author, sent: Vec::new(), known: Vec::new() }
    }

    /// Writes, takes the change in and keeps it to be carried to others.
    pub(crate) fn write(&mut self, writes: impl IntoIterator<Item = (Slot, Write)>) -> ChangeHash {
        let sent = self.draft(writes);
        self.known.push(sent.clone());
        self.history.push(self.history.read(&parsed(&sent), sent.hash).unwrap());
        self.sent.push(sent.clone());
        sent.hash
    }

    /// Writes what the gate would not let its own author write: kept to be carried, never taken in.
    pub(crate) fn write_unchecked(&mut self, writes: impl IntoIterator<Item = (Slot, Write)>) {
        let sent = self.draft(writes);
        self.sent.push(sent);
    }

    fn draft(&self, writes: impl IntoIterator<Item = (Slot, Write)>) -> Sent {
        let writes: BTreeMap<Slot, Write> = writes.into_iter().collect();
        let heads = self.history.heads().to_vec();
        let draft = self.history.draft(&heads, self.author.actor(), 1_790_000_000, None, &writes).unwrap();
        let bytes = draft.encode().expect("something to write");
        let (_, hash) = change::parse(&bytes).unwrap();
        Sent { bytes, hash, actor: self.author.actor() }
    }

    /// The bytes of everything known here, in the order in which it was taken in.
    pub(crate) fn known_bytes(&self) -> Vec<Vec<u8>> {
        self.known.iter().map(|sent| sent.bytes.clone()).collect()
    }

    pub(crate) fn settle(
        &mut self,
        disagreement: &Disagreement,
        decided: impl IntoIterator<Item = (Slot, Write)>,
    ) -> ChangeHash {
        self.write(decided.into_iter().chain([disagreement.settlement()]))
    }

    pub(crate) fn receive(&mut self, sent: &Sent) {
        match self.judge(sent) {
            Admission::Admitted(node) => {
                self.history.push(*node);
                self.known.push(sent.clone());
            }
            Admission::Known => {}
            refused => panic!("refused: {refused:?}"),
        }
    }

    pub(crate) fn judge(&self, sent: &Sent) -> Admission {
        let candidate = Candidate { bytes: &sent.bytes, hash: sent.hash, actor: sent.actor };
        gate::judge(&self.history, candidate, Policy::Allows, |_| Fate::Unknown)
    }

    /// Everything the other has written, carried here in order.
    pub(crate) fn hear(&mut self, other: &Copy) {
        other.sent.iter().for_each(|sent| self.receive(sent));
    }

    pub(crate) fn open(&self) -> Vec<Disagreement> {
        disagreement::open(&self.history)
    }

    pub(crate) fn open_sections(&self) -> Vec<String> {
        self.open().iter().map(|d| d.section.to_string()).collect()
    }

    pub(crate) fn the_only(&self) -> Disagreement {
        let mut open = self.open();
        assert_eq!(open.len(), 1, "{open:#?}");
        open.remove(0)
    }
}

/// Lan and Minh enumerate, Hoa reviews; all start from one interview that Lan made and everybody has.
pub(crate) fn three() -> (Copy, Copy, Copy) {
    let (mut lan, mut minh, mut hoa) = (Copy::of(1), Copy::of(2), Copy::of(3));
    lan.write([
        listed(1),
        of_member(1, "full_name", "Hoàng Văn Páo"),
        of_member(1, "status", "present"),
        listed(2),
        of_member(2, "full_name", "Hoàng Thị Mai"),
        of_member(2, "status", "present"),
        answer("house_wall", "earth"),
        answer("house_roof", "leaf"),
        answer("floor_area", 40),
        answer("water_source", "stream"),
        visited(1),
    ]);
    minh.hear(&lan);
    hoa.hear(&lan);
    (lan, minh, hoa)
}
