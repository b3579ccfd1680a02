//! Chance for the story: every scene has dice of its own, so that one that is left out does not change the next.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::clock::Chance;

/// Dice whose throws follow from the seed and from what they are for.
pub(super) struct Dice(StdRng);

impl Dice {
    /// The dice for one thing.
    pub(super) fn of(seed: u64, what: &str) -> Self {
        let digest = Sha256::new().chain_update("rasoat demo 1").chain_update(seed.to_be_bytes()).chain_update(what);
        Self(StdRng::from_seed(digest.finalize().into()))
    }

    /// Chance for a part of the system, which draws from it by itself.
    pub(super) fn chance(seed: u64, what: &str) -> Chance {
        Chance::seeded(Self::of(seed, what).0.next_u64())
    }

    /// The generator itself, for code that takes one.
    pub(super) fn rng(&mut self) -> &mut StdRng {
        &mut self.0
    }

    /// A number from 0 up to, not including, a bound.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end.max(1)
    }

    /// A number from one bound to another, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        // Spans in this story are small.
        low + self.below(high.abs_diff(low) + 1) as i64
    }

    /// Whether something that happens in so many cases of a hundred happens.
    pub(super) fn percent(&mut self, cases: u64) -> bool {
        self.below(100) < cases
    }

    /// One of several.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        // A remainder of a length fits in a usize.
        &from[self.below(from.len() as u64) as usize]
    }

    /// Random bytes, for ids.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}
