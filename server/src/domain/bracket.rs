//! When something was written, as far as that is proven: after the last log row that its author had seen, and before the
//! server received it. What a phone's clock said is shown beside it and decides nothing.

use jiff::Timestamp;
use schemas::form::Label;

use super::field::StoredChange;

/// How far a clock may lie outside of what is proven without being called wrong: nobody sets a phone to the second.
const TOLERANCE_MS: i64 = 5 * 60 * 1000;

/// Between which moments something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bracket {
    /// Not before; `None` where nothing is proven.
    pub not_before: Option<Timestamp>,
    /// Not after.
    pub not_after: Timestamp,
    /// What the writer's clock said, in milliseconds since 1970.
    pub claimed_ms: i64,
}

impl Bracket {
    /// The bracket of a change.
    pub fn of(change: &StoredChange) -> Self {
        Self { not_before: change.seen_at, not_after: change.received_at, claimed_ms: change.wall_ms }
    }

    /// By how much the clock is off at least, in milliseconds: ahead is more than 0; 0 where what it said may be true.
    pub fn off_ms(&self) -> i64 {
        let ahead = self.claimed_ms.saturating_sub(self.not_after.as_millisecond());
        let behind = self.not_before.map_or(0, |at| at.as_millisecond().saturating_sub(self.claimed_ms));
        match (ahead > TOLERANCE_MS, behind > TOLERANCE_MS) {
            (true, _) => ahead,
            (false, true) => -behind,
            (false, false) => 0,
        }
    }

    /// The same for people.
    pub fn words(&self) -> Label {
        let claimed = match Timestamp::from_millisecond(self.claimed_ms) {
            Ok(at) => at.to_string(),
            Err(_) => format!("{} ms", self.claimed_ms),
        };
        let (from, to) = (self.not_before.map(|at| at.to_string()), self.not_after);
        let (mut vi, mut en) = match from {
            Some(from) => (format!("ghi trong khoảng {from} đến {to}"), format!("written between {from} and {to}")),
            None => (format!("ghi trước {to}"), format!("written before {to}")),
        };
        vi += &format!("; máy ghi là {claimed}");
        en += &format!("; the phone said {claimed}");
        let off_min = self.off_ms() / 60_000;
        if off_min != 0 {
            let (vi_way, en_way) = if off_min > 0 { ("nhanh", "ahead") } else { ("chậm", "behind") };
            let minutes = off_min.unsigned_abs();
            vi += &format!(" (đồng hồ {vi_way} ít nhất {minutes} phút)");
            en += &format!(" (its clock is {en_way} by at least {minutes} minutes)");
        }
        Label { vi, en }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn bracket(not_before: Option<i64>, not_after: i64, claimed: i64) -> Bracket {
        let at = |minutes: i64| Timestamp::from_millisecond(1_790_000_000_000 + minutes * MINUTE).unwrap();
        Bracket { not_before: not_before.map(at), not_after: at(not_after), claimed_ms: at(claimed).as_millisecond() }
    }

    #[test]
    fn a_clock_outside_of_what_is_proven_is_off_by_at_least_that_much() {
        assert_eq!(bracket(Some(0), 60, 90).off_ms(), 30 * MINUTE);
        assert_eq!(bracket(Some(0), 60, -20).off_ms(), -20 * MINUTE);
        assert!(bracket(Some(0), 60, -20).words().en.contains("behind by at least 20 minutes"));
    }

    #[test]
    fn a_clock_that_may_be_right_is_not_called_wrong() {
        for (not_before, claimed) in [(Some(0), 0), (Some(0), 60), (Some(0), 64), (Some(0), -4), (None, -100_000)] {
            assert_eq!(bracket(not_before, 60, claimed).off_ms(), 0, "{not_before:?} {claimed}");
        }
    }

    #[test]
    fn a_clock_beyond_all_dates_is_shown_and_harms_nothing() {
        for claimed_ms in [i64::MIN, i64::MAX] {
            let bracket = Bracket { claimed_ms, ..bracket(Some(0), 60, 0) };
            assert_eq!(bracket.off_ms().signum(), claimed_ms.signum());
            assert!(bracket.words().vi.contains(" ms"));
        }
    }
}
