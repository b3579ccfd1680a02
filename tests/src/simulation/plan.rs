//! What happens in a run: steps as plain data, drawn from a seed without looking at the world, so that a run that fails can
//! be played again without some of them.
//!
//! Owns every fault there is and how often each comes. What a step does is said by the modules that it belongs to.

mod draw;

pub use draw::Plan;

/// Everything that can go wrong. Each run draws how often each of them comes; many runs leave most of them out.
///
/// Whoever builds another road or another kind of loss (a file that carries segments, a household that moves) adds it here,
/// to [`Plan::trouble`] and to the step that does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A request does not arrive.
    RequestLost,
    /// A request arrives after later ones, and nobody waits for its answer any more.
    RequestLate,
    /// A request arrives twice.
    RequestTwice,
    /// A request ends in the middle.
    RequestCut,
    /// A byte of a request is another one.
    RequestFlipped,
    /// An answer does not arrive.
    AnswerLost,
    /// An answer arrives after later ones.
    AnswerLate,
    /// An answer arrives twice.
    AnswerTwice,
    /// An answer ends in the middle.
    AnswerCut,
    /// A byte of an answer is another one.
    AnswerFlipped,
    /// A phone dies while it writes: a part of the records is on its disk, the last of them torn.
    WriteTorn,
    /// A phone is set back to an older copy of its disk.
    PhoneRestored,
    /// Two phones go on from one disk, with one identity.
    PhoneCloned,
    /// The clock of a phone is set to another year.
    ClockJumps,
    /// The server dies between two requests.
    ServerDies,
    /// The server dies within a request: a part of what it wrote to its log is there.
    ServerTorn,
    /// The round is closed and the next one opened.
    RoundTurns,
    /// A village is taken from somebody or given to somebody.
    VillageMoves,
    /// A household moves to another village.
    HouseholdMoves,
    /// A device is shut out.
    DeviceRevoked,
    /// The server is set back to an older copy of its disk.
    ServerSetBack,
    /// A page that a phone has read is gone from its disk.
    PageLost,
    /// Somebody sends what no honest phone would.
    Hostile,
}

impl Fault {
    /// Every fault, with the most often that it comes, in steps of a thousand.
    pub const ALL: [(Self, u32); 23] = [
        (Self::RequestLost, 150),
        (Self::RequestLate, 80),
        (Self::RequestTwice, 80),
        (Self::RequestCut, 80),
        (Self::RequestFlipped, 80),
        (Self::AnswerLost, 150),
        (Self::AnswerLate, 80),
        (Self::AnswerTwice, 80),
        (Self::AnswerCut, 80),
        (Self::AnswerFlipped, 80),
        (Self::WriteTorn, 80),
        (Self::PhoneRestored, 15),
        (Self::PhoneCloned, 8),
        (Self::ClockJumps, 15),
        (Self::ServerDies, 15),
        (Self::ServerTorn, 30),
        (Self::RoundTurns, 12),
        (Self::VillageMoves, 40),
        (Self::HouseholdMoves, 90),
        (Self::DeviceRevoked, 3),
        (Self::ServerSetBack, 15),
        (Self::PageLost, 15),
        (Self::Hostile, 100),
    ];
}

/// A share of something that is as long as it turns out to be: of 65,535.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub u16);

impl Share {
    /// So much of a length.
    pub fn of(self, length: usize) -> usize {
        length * usize::from(self.0) / usize::from(u16::MAX)
    }

    /// A place within a length that is not 0.
    pub fn at(self, length: usize) -> usize {
        self.of(length).min(length.saturating_sub(1))
    }
}

/// What becomes of records on their way to a phone's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// All of them are there.
    Keeps,
    /// The phone dies with so much of them on disk, and starts again.
    Tears(Share),
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Up {
    /// It arrives.
    Arrives,
    /// It does not.
    Lost,
    /// It stays on the way.
    Late,
    /// It arrives twice; the second answer is the one that counts.
    Twice,
    /// So much of it arrives.
    Cut(Share),
    /// The byte there arrives with these bits turned.
    Flipped(Share, u8),
    /// It arrives, and the server dies with so much of what it wrote on disk.
    ServerTorn(Share),
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// It arrives.
    Arrives,
    /// It does not.
    Lost,
    /// It stays on the way.
    Late,
    /// It arrives twice.
    Twice,
    /// So much of it arrives.
    Cut(Share),
    /// The byte there arrives with these bits turned.
    Flipped(Share, u8),
}

/// What somebody writes down about a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// How large the house is.
    FloorArea(u8),
    /// Whether there is internet, television or a radio: one bit each.
    Assets(u8),
    /// Somebody else lives there.
    Member(u64),
    /// A note.
    Note(u64),
    /// A whole interview.
    Interview,
    /// A disagreement is settled at the door: this side holds.
    Settle(u8),
}

/// What somebody does with a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Starts it again.
    Restart,
    /// Keeps a copy of its disk.
    Backup,
    /// Sets it back to that copy, and it knows that it was set back.
    RestoreKnown,
    /// Sets it back to that copy behind its back.
    RestoreUnknown,
    /// Makes a second phone of its disk.
    Clone,
    /// Sets its clock by so many days.
    Clock(i32),
    /// Loses one of the pages on its disk.
    LosePage(Share),
}

/// What somebody does with the server's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setback {
    /// Keeps a copy of it.
    Copy,
    /// Sets it back to that copy, and says so.
    Told,
    /// Sets it back to that copy and says nothing.
    Untold,
}

/// What the office does. Numbers count through whatever there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Reads the paper score and accepts a household.
    Accept(u8),
    /// Sends a household back.
    Return(u8),
    /// Settles a disagreement of a household: this side holds.
    Settle(u8, u8),
    /// Lets a refused change in.
    Release(u8),
    /// Says a refused change again in its own name.
    Salvage(u8),
    /// Leaves a refused change out.
    SetAside(u8),
    /// Gives a village to somebody.
    Assign(u8, u8),
    /// Takes a village from somebody.
    Unassign(u8, u8),
    /// Moves a household to a village.
    Move(u8, u8),
    /// Shuts a device out.
    Revoke(u8),
    /// Closes the round and opens the next.
    TurnRound,
}

/// What a stranger with a device of the village sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trick {
    /// A change that is in order.
    Honest,
    /// A change under another's actor.
    ForeignActor,
    /// A compressed chunk.
    Compressed,
    /// A change on dependencies that nobody has.
    UnknownDependency,
    /// A change on another household's changes.
    OtherHouseholdsPast,
    /// A question that the form does not have.
    UnknownKey,
    /// A text where a number belongs.
    WrongType,
    /// A counter far ahead.
    CounterJump,
    /// A sequence number far ahead.
    SequenceJump,
    /// The same change for two households.
    TwoHouseholds,
    /// A segment whose signature is not its author's.
    ForgedSignature,
    /// Another's segment, word for word.
    Replayed,
    /// Another's waiting change in a journal of one's own.
    Stolen,
    /// Other bytes under the hash of another's waiting change.
    Smeared,
    /// Any bytes at all.
    Noise,
}

const TRICKS: [Trick; 15] = [
    Trick::Honest,
    Trick::ForeignActor,
    Trick::Compressed,
    Trick::UnknownDependency,
    Trick::OtherHouseholdsPast,
    Trick::UnknownKey,
    Trick::WrongType,
    Trick::CounterJump,
    Trick::SequenceJump,
    Trick::TwoHouseholds,
    Trick::ForgedSignature,
    Trick::Replayed,
    Trick::Stolen,
    Trick::Smeared,
    Trick::Noise,
];

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody writes on a phone.
    Write {
        /// On which.
        phone: u8,
        /// About which household.
        home: u8,
        /// What.
        edit: Edit,
        /// What becomes of it on disk.
        disk: Disk,
    },
    /// A phone makes a request.
    Sync {
        /// Which.
        phone: u8,
        /// What becomes of the request.
        up: Up,
        /// What becomes of the answer.
        down: Down,
        /// What becomes on disk of what the answer says.
        disk: Disk,
    },
    /// Somebody looks at what the server turned away of one of a phone's households.
    Look(u8, u8),
    /// They say some of it again: a bit for each value.
    SayAgain {
        /// On which phone.
        phone: u8,
        /// Which values.
        take: u64,
        /// What becomes of it on disk.
        disk: Disk,
    },
    /// Somebody takes a photo of a household.
    Attach {
        /// On which phone.
        phone: u8,
        /// Of which household.
        home: u8,
        /// Which photo.
        number: u8,
        /// What becomes of its announcement on disk.
        disk: Disk,
    },
    /// A phone brings a part of a photo.
    SendPart {
        /// Which.
        phone: u8,
        /// What becomes of the part.
        up: Up,
        /// What becomes of the answer.
        down: Down,
        /// What becomes on disk of what the answer says.
        disk: Disk,
    },
    /// A late request arrives.
    RequestArrives(u8),
    /// A late answer arrives.
    AnswerArrives(u8),
    /// A phone puts its work into a parcel.
    Pack {
        /// Which.
        phone: u8,
        /// What becomes of what it writes down about it.
        disk: Disk,
    },
    /// A phone carries a parcel to the server.
    Carry {
        /// Which phone.
        carrier: u8,
        /// Which parcel.
        which: u8,
        /// What becomes of it on the way.
        road: Down,
    },
    /// The answer to a parcel comes back.
    HandBack {
        /// Which answer.
        which: u8,
        /// What becomes of it on the way.
        road: Down,
        /// What becomes on disk of what it says.
        disk: Disk,
    },
    /// A phone shares its work of a village with colleagues there.
    Share {
        /// Which phone.
        phone: u8,
        /// A household of the village.
        home: u8,
    },
    /// A phone looks at a share.
    LookAt {
        /// Which phone.
        phone: u8,
        /// Which share.
        which: u8,
        /// What becomes of it on the way.
        road: Down,
        /// What becomes on disk of what is seen.
        disk: Disk,
    },
    /// So many minutes pass.
    Pass(u16),
    /// Something happens to a phone.
    Phone(u8, Mishap),
    /// The server dies and starts again.
    ServerDies,
    /// Something happens to the server's disk.
    Server(Setback),
    /// Somebody at the office does something.
    Office(Act),
    /// A stranger sends something: what, about which household, and a number to vary it.
    Hostile(Trick, u8, u64),
}
