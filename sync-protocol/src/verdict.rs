//! What becomes of a change at the server. Accepted, held, rejected, superseded or released: there is no other end, and
//! none of them deletes anything.

use minicbor::{Decode, Encode};

/// Where a change stands. On the wire and in the log a verdict is one number, stable for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// In the log: everybody in the place gets it.
    Accepted,
    /// Waiting for a dependency or for a person; it counts for nothing until then.
    Held(Hold),
    /// Can never belong to the document. Kept as evidence, never applied.
    Rejected(Rejection),
    /// Said again by its author or by a reviewer in another change.
    Superseded,
    /// Was held, then let in unchanged.
    Released,
}

/// Why a change waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// It builds on a change that has not arrived.
    MissingDependency,
    /// It builds on a change that waits or was rejected.
    BuildsOnHeld,
    /// The household belongs to a place that the writer is not assigned to.
    OutOfScope,
    /// The writer's rights do not include writing here.
    NotEntitled,
    /// The device was revoked before this arrived.
    DeviceRevoked,
    /// The document was closed by a decision; the change is offered to the next round.
    DocumentClosed,
    /// The document has as many changes as a document may have.
    DocumentFull,
    /// It says something again that had been decided on before, and its author had not seen that.
    AlreadyDecided,
}

/// Why a change can never belong to the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rejection {
    /// Larger than a change may be.
    TooLarge,
    /// A compressed chunk, a bundle or a document.
    ChunkType,
    /// Not a change, or not in its one canonical form.
    Malformed,
    /// A header field, an operation or a value kind that household documents never hold.
    NotAllowed,
    /// The bytes are not those that the journal names.
    OtherHash,
    /// Not the actor of the device, person and epoch that sent it.
    ForeignActor,
    /// Two writers have used one actor, or a sequence number is wrong.
    Fork,
    /// Counters, dependencies or replaced operations do not follow its past.
    WrongPast,
    /// A question that the form does not have.
    UnknownKey,
    /// A value of another kind than the question takes.
    WrongType,
    /// It builds on changes of another household: the same edit cannot be made twice.
    OtherHousehold,
    /// A reviewer looked at it and left it out, with a reason.
    ByReviewer,
}

impl Verdict {
    /// Whether a person may still decide on the change: let it in, say it again or leave it out. The exits exclude each
    /// other, so none is open once one was taken.
    pub fn is_open(self) -> bool {
        match self {
            Self::Rejected(Rejection::ByReviewer) => false,
            Self::Held(_) | Self::Rejected(_) => true,
            Self::Accepted | Self::Superseded | Self::Released => false,
        }
    }
}

macro_rules! codes {
    ($($code:literal $slug:literal $verdict:pat => $made:expr;)*) => {
        impl Verdict {
            /// The number on the wire and in the log.
            pub fn code(self) -> u8 {
                match self { $($verdict => $code,)* }
            }

            /// The verdict of a number; `None` for a number of a later version.
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some($made),)* _ => None }
            }

            /// The stable name that problem documents and screens use.
            pub fn slug(self) -> &'static str {
                match self { $($verdict => $slug,)* }
            }

            /// Every verdict there is, in the order of its number.
            pub const ALL: &'static [Self] = &[$($made),*];
        }
    };
}

codes! {
    0 "change/accepted" Verdict::Accepted => Verdict::Accepted;
    1 "change/superseded" Verdict::Superseded => Verdict::Superseded;
    2 "change/released" Verdict::Released => Verdict::Released;
    16 "change/missing-dependency" Verdict::Held(Hold::MissingDependency) => Verdict::Held(Hold::MissingDependency);
    17 "change/builds-on-held" Verdict::Held(Hold::BuildsOnHeld) => Verdict::Held(Hold::BuildsOnHeld);
    18 "change/out-of-scope" Verdict::Held(Hold::OutOfScope) => Verdict::Held(Hold::OutOfScope);
    19 "change/not-entitled" Verdict::Held(Hold::NotEntitled) => Verdict::Held(Hold::NotEntitled);
    20 "change/device-revoked" Verdict::Held(Hold::DeviceRevoked) => Verdict::Held(Hold::DeviceRevoked);
    21 "change/document-closed" Verdict::Held(Hold::DocumentClosed) => Verdict::Held(Hold::DocumentClosed);
    22 "change/document-full" Verdict::Held(Hold::DocumentFull) => Verdict::Held(Hold::DocumentFull);
    23 "change/already-decided" Verdict::Held(Hold::AlreadyDecided) => Verdict::Held(Hold::AlreadyDecided);
    32 "change/too-large" Verdict::Rejected(Rejection::TooLarge) => Verdict::Rejected(Rejection::TooLarge);
    33 "change/chunk-type" Verdict::Rejected(Rejection::ChunkType) => Verdict::Rejected(Rejection::ChunkType);
    34 "change/malformed" Verdict::Rejected(Rejection::Malformed) => Verdict::Rejected(Rejection::Malformed);
    35 "change/not-allowed" Verdict::Rejected(Rejection::NotAllowed) => Verdict::Rejected(Rejection::NotAllowed);
    36 "change/other-hash" Verdict::Rejected(Rejection::OtherHash) => Verdict::Rejected(Rejection::OtherHash);
    37 "change/foreign-actor" Verdict::Rejected(Rejection::ForeignActor) => Verdict::Rejected(Rejection::ForeignActor);
    38 "change/fork" Verdict::Rejected(Rejection::Fork) => Verdict::Rejected(Rejection::Fork);
    39 "change/wrong-past" Verdict::Rejected(Rejection::WrongPast) => Verdict::Rejected(Rejection::WrongPast);
    40 "change/unknown-key" Verdict::Rejected(Rejection::UnknownKey) => Verdict::Rejected(Rejection::UnknownKey);
    41 "change/wrong-type" Verdict::Rejected(Rejection::WrongType) => Verdict::Rejected(Rejection::WrongType);
    42 "change/other-household" Verdict::Rejected(Rejection::OtherHousehold) => Verdict::Rejected(Rejection::OtherHousehold);
    43 "change/rejected-by-reviewer" Verdict::Rejected(Rejection::ByReviewer) => Verdict::Rejected(Rejection::ByReviewer);
}

impl<C> Encode<C> for Verdict {
    fn encode<W: minicbor::encode::Write>(
        &self,
        out: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        out.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Verdict {
    fn decode(from: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = from.position();
        Self::from_code(from.u8()?).ok_or_else(|| minicbor::decode::Error::message("unknown verdict").at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_one_verdict() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_code(verdict.code()), Some(*verdict));
        }
        let known = (0..=255).filter_map(Verdict::from_code).count();
        assert_eq!(known, Verdict::ALL.len());
    }
}
