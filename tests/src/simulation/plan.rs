//! What happens in a run: steps as plain data, drawn from a seed without looking at the world, so that a run that fails can
//! be played again without some of them.
//!
//! Owns every fault there is and how often each comes. What a step does is said by the modules that it belongs to.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Everything that can go wrong. Each run draws how often each of them comes; many runs leave most of them out.
///
/// Whoever builds another road or another kind of loss (a server restored from a backup, a file that carries segments, a
/// household that moves, work said again by its author) adds it here, to [`Plan::trouble`] and to the step that does it.
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
    /// A device is shut out.
    DeviceRevoked,
    /// Somebody sends what no honest phone would.
    Hostile,
}

impl Fault {
    /// Every fault, with the most often that it comes, in steps of a thousand.
    pub const ALL: [(Self, u32); 20] = [
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
        (Self::DeviceRevoked, 3),
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
    /// So many minutes pass.
    Pass(u16),
    /// Something happens to a phone.
    Phone(u8, Mishap),
    /// The server dies and starts again.
    ServerDies,
    /// Somebody at the office does something.
    Office(Act),
    /// A stranger sends something: what, about which household, and a number to vary it.
    Hostile(Trick, u8, u64),
}

/// Draws steps from a seed.
#[derive(Debug)]
pub struct Plan {
    rng: StdRng,
    rates: BTreeMap<Fault, u32>,
}

impl Plan {
    /// The plan of a seed, with a rate for each fault: half of them are left out.
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let rate = |(fault, most): (Fault, u32)| {
            let rate = if rng.random() { rng.random_range(1..=most) } else { 0 };
            (fault, rate)
        };
        let rates = Fault::ALL.into_iter().map(rate).collect();
        Self { rng, rates }
    }

    /// So many steps.
    pub fn steps(&mut self, count: usize) -> Vec<Step> {
        (0..count).map(|_| self.step()).collect()
    }

    fn step(&mut self) -> Step {
        if let Some(trouble) = self.trouble() {
            return trouble;
        }
        match self.rng.random_range(0..100) {
            0..40 => {
                Step::Write { phone: self.rng.random(), home: self.rng.random(), edit: self.edit(), disk: self.disk() }
            }
            40..70 => Step::Sync { phone: self.rng.random(), up: self.up(), down: self.down(), disk: self.disk() },
            70..73 => Step::Pack { phone: self.rng.random(), disk: self.disk() },
            73..77 => Step::Carry { carrier: self.rng.random(), which: self.rng.random(), road: self.down() },
            77..80 => Step::HandBack { which: self.rng.random(), road: self.down(), disk: self.disk() },
            80..83 => Step::RequestArrives(self.rng.random()),
            83..86 => Step::AnswerArrives(self.rng.random()),
            86..88 => Step::Pass(self.rng.random()),
            88 => Step::Phone(self.rng.random(), Mishap::Restart),
            89 => Step::Phone(self.rng.random(), Mishap::Backup),
            _ => Step::Office(self.act()),
        }
    }

    fn comes(&mut self, fault: Fault) -> bool {
        let rate = self.rates.get(&fault).copied().unwrap_or_default();
        self.rng.random_range(0..1_000) < rate
    }

    /// A fault that is a step of its own.
    fn trouble(&mut self) -> Option<Step> {
        let phone = self.rng.random();
        if self.comes(Fault::PhoneRestored) {
            let restore = if self.rng.random() { Mishap::RestoreKnown } else { Mishap::RestoreUnknown };
            return Some(Step::Phone(phone, restore));
        }
        if self.comes(Fault::PhoneCloned) {
            return Some(Step::Phone(phone, Mishap::Clone));
        }
        if self.comes(Fault::ClockJumps) {
            return Some(Step::Phone(phone, Mishap::Clock(self.rng.random_range(-20_000..20_000))));
        }
        if self.comes(Fault::ServerDies) {
            return Some(Step::ServerDies);
        }
        if self.comes(Fault::VillageMoves) {
            let (village, person) = (self.rng.random(), self.rng.random());
            let give = self.rng.random_range(0..5) < 3;
            return Some(Step::Office(if give {
                Act::Assign(village, person)
            } else {
                Act::Unassign(village, person)
            }));
        }
        if self.comes(Fault::RoundTurns) {
            return Some(Step::Office(Act::TurnRound));
        }
        if self.comes(Fault::DeviceRevoked) {
            return Some(Step::Office(Act::Revoke(phone)));
        }
        if self.comes(Fault::Hostile) {
            let trick = TRICKS[self.rng.random_range(0..TRICKS.len())];
            return Some(Step::Hostile(trick, self.rng.random(), self.rng.random()));
        }
        None
    }

    fn share(&mut self) -> Share {
        Share(self.rng.random())
    }

    fn disk(&mut self) -> Disk {
        if self.comes(Fault::WriteTorn) { Disk::Tears(self.share()) } else { Disk::Keeps }
    }

    fn up(&mut self) -> Up {
        if self.comes(Fault::RequestLost) {
            return Up::Lost;
        }
        if self.comes(Fault::RequestLate) {
            return Up::Late;
        }
        if self.comes(Fault::RequestTwice) {
            return Up::Twice;
        }
        if self.comes(Fault::RequestCut) {
            return Up::Cut(self.share());
        }
        if self.comes(Fault::RequestFlipped) {
            return Up::Flipped(self.share(), self.rng.random_range(1..=255));
        }
        if self.comes(Fault::ServerTorn) { Up::ServerTorn(self.share()) } else { Up::Arrives }
    }

    fn down(&mut self) -> Down {
        if self.comes(Fault::AnswerLost) {
            return Down::Lost;
        }
        if self.comes(Fault::AnswerLate) {
            return Down::Late;
        }
        if self.comes(Fault::AnswerTwice) {
            return Down::Twice;
        }
        if self.comes(Fault::AnswerCut) {
            return Down::Cut(self.share());
        }
        if self.comes(Fault::AnswerFlipped) {
            Down::Flipped(self.share(), self.rng.random_range(1..=255))
        } else {
            Down::Arrives
        }
    }

    fn edit(&mut self) -> Edit {
        match self.rng.random_range(0..20) {
            0..7 => Edit::FloorArea(self.rng.random()),
            7..12 => Edit::Assets(self.rng.random()),
            12..14 => Edit::Member(self.rng.random()),
            14..16 => Edit::Note(self.rng.random()),
            16..18 => Edit::Interview,
            _ => Edit::Settle(self.rng.random()),
        }
    }

    fn act(&mut self) -> Act {
        let (which, side) = (self.rng.random(), self.rng.random());
        match self.rng.random_range(0..6) {
            0 => Act::Accept(which),
            1 => Act::Return(which),
            2 => Act::Settle(which, side),
            3 => Act::Release(which),
            4 => Act::Salvage(which),
            _ => Act::SetAside(which),
        }
    }
}
