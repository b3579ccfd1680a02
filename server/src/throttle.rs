//! How often somebody may try: a bucket of attempts per key that refills with time.
//!
//! Time is an argument. What a key is (a login, an address) and what is refused is said by the caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// Keys that are remembered at most; past that, those nearest to a full bucket are forgotten first.
const KEYS: usize = 20_000;

/// How fast a bucket empties and refills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Attempts that a full bucket allows at once.
    pub burst: u32,
    /// Time in which one more is allowed.
    pub one_more_every: Duration,
}

/// Buckets by key.
#[derive(Debug)]
pub struct Throttle<K> {
    rate: Rate,
    /// When each bucket will be full again, in milliseconds; full buckets need no entry.
    full_at: Mutex<HashMap<K, i64>>,
}

impl<K: Eq + Hash> Throttle<K> {
    /// Makes full buckets.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: Mutex::new(HashMap::new()) }
    }

    /// Takes one attempt, or says how long to wait for the next.
    pub fn attempt(&self, key: K, now: Timestamp) -> Result<(), Duration> {
        let step = i64::try_from(self.rate.one_more_every.as_millis()).unwrap_or(i64::MAX);
        let capacity = step.saturating_mul(i64::from(self.rate.burst));
        let now = now.as_millisecond();
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= KEYS && !full_at.contains_key(&key) {
            forget_some(&mut full_at, now);
        }
        let bucket = full_at.entry(key).or_insert(now);
        let after = (*bucket).max(now).saturating_add(step);
        if after - now > capacity {
            let wait = u64::try_from(after - now - capacity).unwrap_or(0);
            return Err(Duration::from_millis(wait));
        }
        *bucket = after;
        Ok(())
    }
}

/// Drops the buckets that are full, and when none is, the half that is nearest to it.
fn forget_some<K: Eq + Hash>(full_at: &mut HashMap<K, i64>, now: i64) {
    full_at.retain(|_, at| *at > now);
    if full_at.len() >= KEYS {
        let mut times: Vec<i64> = full_at.values().copied().collect();
        let middle = times.len() / 2;
        let (_, median, _) = times.select_nth_unstable(middle);
        let median = *median;
        full_at.retain(|_, at| *at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, one_more_every: Duration::from_secs(30) };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_fourth_attempt_at_once_is_refused_and_says_how_long_to_wait() {
        let throttle = Throttle::new(RATE);
        for _ in 0..3 {
            assert_eq!(throttle.attempt("lan", at(0)), Ok(()));
        }
        assert_eq!(throttle.attempt("lan", at(0)), Err(Duration::from_secs(30)));
        assert_eq!(throttle.attempt("lan", at(10)), Err(Duration::from_secs(20)));
        assert_eq!(throttle.attempt("minh", at(10)), Ok(()));
    }

    #[test]
    fn a_refused_attempt_does_not_lengthen_the_wait() {
        let throttle = Throttle::new(RATE);
        for _ in 0..20 {
            let _counted = throttle.attempt("lan", at(0));
        }
        assert_eq!(throttle.attempt("lan", at(30)), Ok(()));
        assert!(throttle.attempt("lan", at(30)).is_err());
    }

    #[test]
    fn a_flood_of_keys_does_not_grow_the_table_without_end() {
        let throttle = Throttle::new(RATE);
        for key in 0..50_000u32 {
            assert_eq!(throttle.attempt(key, at(0)), Ok(()));
        }
        assert!(throttle.full_at.lock().unwrap().len() <= KEYS);
    }
}
