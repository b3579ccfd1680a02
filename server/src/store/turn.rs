//! Turns: what a job has for itself while it works, where others write beside it.
//!
//! Owns what can be had, and the one order in which it is waited for. How it is had is the engine's: a file has one writer,
//! a server has locks.

use schemas::ids::{AccountId, UnitId};

/// A part of the house that is written as a whole. Their order is the order in which they are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What one person has: their sessions, their devices, the journals in their name.
    Account(AccountId),
    /// Everything that a commune's number stands before.
    Commune(UnitId),
}

/// The parts that a job writes in, each once and in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts(Vec<Part>);

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let mut parts: Vec<Part> = parts.into_iter().collect();
        parts.sort_unstable();
        parts.dedup();
        Self(parts)
    }
}

impl From<UnitId> for Parts {
    fn from(commune: UnitId) -> Self {
        Self(vec![Part::Commune(commune)])
    }
}

impl From<AccountId> for Parts {
    fn from(account: AccountId) -> Self {
        Self(vec![Part::Account(account)])
    }
}

/// What a job has for itself while it works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Everything: nobody else writes.
    House,
    /// Some parts: others write in others.
    Parts(Parts),
}

impl Turn {
    /// Which of so many queues a job belongs to: those that wait for the same part first stand behind one another.
    pub(super) fn queue(&self, of: usize) -> usize {
        let number = match self {
            Self::House => 0,
            Self::Parts(Parts(parts)) => match parts.first() {
                Some(Part::Account(AccountId(number)) | Part::Commune(UnitId(number))) => *number,
                None => 0,
            },
        };
        // What is left of a division by a length is below it.
        (number % of.max(1) as u64) as usize
    }

    /// The parts to wait for after the house, in order; `None` when the house itself is had.
    pub(super) fn parts(&self) -> Option<&[Part]> {
        match self {
            Self::House => None,
            Self::Parts(Parts(parts)) => Some(parts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_waited_for_in_one_order_whoever_names_them() {
        let (commune, other, lan) = (Part::Commune(UnitId(3)), Part::Commune(UnitId(9)), Part::Account(AccountId(5)));
        let one: Parts = [other, commune, lan, commune].into_iter().collect();
        assert_eq!(one, [lan, commune, other].into_iter().collect());
        assert_eq!(Turn::Parts(one).parts(), Some([lan, commune, other].as_slice()));
        assert_eq!(Turn::House.parts(), None);
    }

    #[test]
    fn what_waits_for_one_part_stands_in_one_queue() {
        let of = |parts: &[Part]| Turn::Parts(parts.iter().copied().collect()).queue(4);
        assert_eq!(of(&[Part::Commune(UnitId(7))]), of(&[Part::Commune(UnitId(8)), Part::Commune(UnitId(7))]));
        assert_eq!((Turn::House.queue(4), of(&[]), of(&[Part::Commune(UnitId(7))])), (0, 0, 3));
    }
}
