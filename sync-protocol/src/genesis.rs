//! The first change of every household document. Both ends compute it from the household, the round and the form
//! version; it is never sent. It makes the maps of the document, so that no two devices ever make them twice.

use std::collections::HashMap;
use std::sync::LazyLock;

use automerge::legacy::{self, ObjectId, OpType};
use automerge::{Change, ExpandedChange, ObjType, ScalarValue};
use schemas::form::FormVersion;
use schemas::ids::{HouseholdId, RoundId};
use std::num::NonZeroU64;

use crate::change::{Container, OpId};
use crate::hash::{ActorId, ChangeHash};

/// Version of the layout of household documents.
pub const DOCUMENT_VERSION: u64 = 1;

/// The actor of every genesis.
pub const ACTOR: ActorId = ActorId(*b"rasoat genesis 1");

const fn made_at(counter: u64) -> OpId {
    OpId { counter, actor: ACTOR }
}

/// The map of answers about the household.
pub const ANSWERS: OpId = made_at(5);
/// The map of members.
pub const MEMBERS: OpId = made_at(6);
/// The map of visits.
pub const VISITS: OpId = made_at(7);
/// The map of notes.
pub const NOTES: OpId = made_at(8);
/// The map of confirmed sections.
pub const CONFIRMED: OpId = made_at(9);
/// The map of settlements.
pub const SETTLED: OpId = made_at(10);
/// Counter of the last operation of a genesis.
pub const MAX_OP: u64 = 10;

pub(crate) static CONTAINERS: LazyLock<HashMap<OpId, Container>> = LazyLock::new(|| {
    HashMap::from([
        (ANSWERS, Container::Answers),
        (MEMBERS, Container::Members),
        (VISITS, Container::Visits),
        (NOTES, Container::Notes),
        (CONFIRMED, Container::Confirmed),
        (SETTLED, Container::Settled),
    ])
});

/// Which document: one household in one round, filled in on one form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Genesis {
    /// The household.
    pub household: HouseholdId,
    /// The round.
    pub round: RoundId,
    /// The form and its version.
    pub form: FormVersion,
}

impl Genesis {
    /// The first change itself.
    pub fn change(&self) -> Change {
        let put = |key: &str, value| op(key, OpType::Put(value));
        let make = |key: &str| op(key, OpType::Make(ObjType::Map));
        Change::from(ExpandedChange {
            operations: vec![
                put("v", ScalarValue::Uint(DOCUMENT_VERSION)),
                put("household", ScalarValue::Bytes(self.household.0.to_vec())),
                put("round", ScalarValue::Str(self.round.as_str().into())),
                put("form", ScalarValue::Str(self.form.0.as_str().into())),
                make("answers"),
                make("members"),
                make("visits"),
                make("notes"),
                make("confirmed"),
                make("settled"),
            ],
            actor_id: ACTOR.0.to_vec().into(),
            hash: None,
            seq: 1,
            start_op: NonZeroU64::MIN,
            time: 0,
            message: None,
            deps: Vec::new(),
            extra_bytes: Vec::new(),
            author: None,
        })
    }

    /// Its hash: the name of the document, and the only first dependency that a change may have.
    pub fn hash(&self) -> ChangeHash {
        self.change().hash().into()
    }
}

fn op(key: &str, action: OpType) -> legacy::Op {
    legacy::Op {
        action,
        obj: ObjectId::Root,
        key: legacy::Key::Map(key.into()),
        pred: Vec::new().into(),
        insert: false,
    }
}
