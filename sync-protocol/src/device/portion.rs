//! How much goes over the line at a time, so that a cut costs little: small to begin with, half after a cut, twice after
//! exchanges that were quick.
//!
//! Owns the numbers. Kept in memory only: a phone that starts again begins small again.

use std::time::Duration;

/// Bytes of segments or of a blob that a request brings to begin with: what a cut may cost at most on a slow line.
const FIRST_UP_BYTES: u32 = 16 * 1024;
/// Most bytes that a request brings, on a line that is quick.
const MOST_UP_BYTES: u32 = 256 * 1024;
/// Bytes of log that an answer carries to begin with. Packed they take an eighth of it or less.
const FIRST_DOWN_BYTES: u32 = 64 * 1024;
/// Most bytes of log that an answer carries, on a line that is quick.
const MOST_DOWN_BYTES: u32 = 512 * 1024;
/// Less is not asked for: one entry or one row goes in any case.
const LEAST_BYTES: u32 = 256;
/// An exchange that took no longer was quick: a cut in one twice as large costs seconds, not minutes.
const QUICK: Duration = Duration::from_secs(2);

/// How many exchanges have to come through after a cut before it is tried again with twice as much: a line that always
/// breaks at the same place costs a quarter more, not twice as much.
const CALM: u8 = 8;

/// Which way a cut exchange had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// No answer had begun: the request may have been cut, or the answer before its first byte.
    Up,
    /// The answer had begun.
    Down,
}

/// How much one exchange carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Portion {
    /// Bytes of segments, or of a blob, that a request brings at most; one entry goes in any case.
    pub up_bytes: u32,
    /// Bytes of log that an answer carries at most, as they are before packing; one row goes in any case.
    pub down_bytes: u32,
    /// Exchanges that have to come through before it grows.
    pub(super) wait: u8,
}

impl Default for Portion {
    fn default() -> Self {
        Self::of(FIRST_UP_BYTES, FIRST_DOWN_BYTES)
    }
}

impl Portion {
    /// As much as an exchange ever carries: for lines that do not break.
    pub const MOST: Self = Self::of(MOST_UP_BYTES, MOST_DOWN_BYTES);

    /// So much up and so much down.
    pub const fn of(up_bytes: u32, down_bytes: u32) -> Self {
        Self { up_bytes, down_bytes, wait: 0 }
    }

    /// After an exchange that was cut; `None` when there is nothing left to make smaller.
    pub fn after_cut(self, way: Way) -> Option<Self> {
        let half = |bytes: u32| (bytes / 2).max(LEAST_BYTES);
        let smaller = match way {
            Way::Up if self.up_bytes > LEAST_BYTES => Self { up_bytes: half(self.up_bytes), ..self },
            // Small requests that get no answer: the answers may be what is cut.
            Way::Up | Way::Down => Self { down_bytes: half(self.down_bytes), ..self },
        };
        (smaller != self).then_some(Self { wait: CALM, ..smaller })
    }

    /// After an exchange that came through in so much time.
    pub fn after_success(self, took: Duration) -> Self {
        if took > QUICK {
            return self;
        }
        if self.wait > 0 {
            return Self { wait: self.wait - 1, ..self };
        }
        let twice = |bytes: u32, most: u32| bytes.saturating_mul(2).min(most);
        // Below what it began with it has been cut, and may be again.
        let wait = if self.up_bytes < FIRST_UP_BYTES || self.down_bytes < FIRST_DOWN_BYTES { CALM } else { 0 };
        Self {
            up_bytes: twice(self.up_bytes, MOST_UP_BYTES),
            down_bytes: twice(self.down_bytes, MOST_DOWN_BYTES),
            wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_make_portions_smaller_down_to_a_floor_and_no_further() {
        let mut portion = Portion::default();
        let mut cuts = 0;
        while let Some(smaller) = portion.after_cut(Way::Up) {
            (portion, cuts) = (smaller, cuts + 1);
        }
        assert_eq!((portion.up_bytes, portion.down_bytes), (LEAST_BYTES, LEAST_BYTES));
        assert_eq!(cuts, 6 + 8, "first what goes up, then what comes down");
        assert_eq!(portion.after_cut(Way::Down), None);
    }

    #[test]
    fn a_slow_line_never_risks_more_than_the_first_portion() {
        let slow = (0..20).fold(Portion::default(), |portion, _| portion.after_success(Duration::from_secs(3)));
        assert_eq!(slow, Portion::default());
        let quick = (0..20).fold(Portion::default(), |portion, _| portion.after_success(Duration::from_millis(40)));
        assert_eq!(quick, Portion::MOST);
        let cut = Portion::default().after_cut(Way::Up).unwrap_or_default();
        let calm = (0..8).fold(cut, |portion, _| portion.after_success(Duration::ZERO));
        assert_eq!((calm.up_bytes, calm.after_success(Duration::ZERO).up_bytes), (cut.up_bytes, cut.up_bytes * 2));
    }
}
