//! Drawing the steps of a run from its seed.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Act, Disk, Down, Edit, Fault, Mishap, Setback, Share, Step, TRICKS, Up};

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
            0..35 => {
                Step::Write { phone: self.rng.random(), home: self.rng.random(), edit: self.edit(), disk: self.disk() }
            }
            35..37 => Step::Attach {
                phone: self.rng.random(),
                home: self.rng.random(),
                number: self.rng.random(),
                disk: self.disk(),
            },
            37..42 => Step::SendPart { phone: self.rng.random(), up: self.up(), down: self.down(), disk: self.disk() },
            42 => Step::Share { phone: self.rng.random(), home: self.rng.random() },
            43..45 => Step::LookAt {
                phone: self.rng.random(),
                which: self.rng.random(),
                road: self.down(),
                disk: self.disk(),
            },
            45..72 => Step::Sync { phone: self.rng.random(), up: self.up(), down: self.down(), disk: self.disk() },
            72..75 => Step::Pack { phone: self.rng.random(), disk: self.disk() },
            75..79 => Step::Carry { carrier: self.rng.random(), which: self.rng.random(), road: self.down() },
            79..82 => Step::HandBack { which: self.rng.random(), road: self.down(), disk: self.disk() },
            82 => Step::RequestArrives(self.rng.random()),
            83..86 => Step::AnswerArrives(self.rng.random()),
            86..88 => Step::Pass(self.rng.random()),
            88 => Step::Phone(self.rng.random(), Mishap::Restart),
            89 => Step::Phone(self.rng.random(), Mishap::Backup),
            90 => Step::Look(self.rng.random(), self.rng.random()),
            91..94 => Step::SayAgain { phone: self.rng.random(), take: self.rng.random(), disk: self.disk() },
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
        if self.comes(Fault::ServerSetBack) {
            return Some(Step::Server(self.setback()));
        }
        if self.comes(Fault::PageLost) {
            return Some(Step::Phone(phone, Mishap::LosePage(self.share())));
        }
        if self.comes(Fault::VillageMoves) {
            return Some(Step::Office(self.village_moves()));
        }
        if self.comes(Fault::HouseholdMoves) {
            return Some(Step::Office(Act::Move(self.rng.random(), self.rng.random())));
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

    fn setback(&mut self) -> Setback {
        match self.rng.random_range(0..4) {
            0 | 1 => Setback::Copy,
            2 => Setback::Told,
            _ => Setback::Untold,
        }
    }

    fn village_moves(&mut self) -> Act {
        let (village, person) = (self.rng.random(), self.rng.random());
        match self.rng.random_range(0..5) < 3 {
            true => Act::Assign(village, person),
            false => Act::Unassign(village, person),
        }
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
