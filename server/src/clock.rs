//! Time and chance: the one place that may ask the machine for either.
//!
//! Owns the clock and the random generator that everything else is handed. With [`Clock::manual`] and [`Chance::seeded`] a
//! demo or a test is the same run every time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Days begin at midnight in Vietnam, wherever the server stands; the country has one zone and no summer time.
const VIETNAM: Offset = Offset::constant(7);

/// What says what time it is. Clones of a manual clock move together.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System { running: Stopwatch },
    Manual { start_ms: i64, now_ms: Arc<AtomicI64> },
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Source::System { running: Stopwatch::start() })
    }

    /// A clock that stands still until [`Clock::advance`].
    pub fn manual(start: Timestamp) -> Self {
        let start_ms = start.as_millisecond();
        Self(Source::Manual { start_ms, now_ms: Arc::new(AtomicI64::new(start_ms)) })
    }

    /// The present instant, to the millisecond: what is compared is what is stored.
    #[expect(clippy::disallowed_methods, reason = "the one place where the clock of the machine is read")]
    pub fn now(&self) -> Timestamp {
        let milliseconds = match &self.0 {
            Source::System { .. } => Timestamp::now().as_millisecond(),
            Source::Manual { now_ms, .. } => now_ms.load(Ordering::SeqCst),
        };
        Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The present day in Vietnam.
    pub fn today(&self) -> Date {
        day_of(self.now())
    }

    /// Moves a manual clock on; the clock of the machine moves by itself.
    pub fn advance(&self, by: Duration) {
        match &self.0 {
            Source::System { .. } => {}
            Source::Manual { now_ms, .. } => {
                let step = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
                now_ms.fetch_add(step, Ordering::SeqCst);
            }
        }
    }

    /// Time that has passed since the clock was made, however the clock of the machine was turned meanwhile.
    pub fn uptime(&self) -> Duration {
        match &self.0 {
            Source::System { running } => running.elapsed(),
            Source::Manual { start_ms, now_ms } => {
                let passed_ms = now_ms.load(Ordering::SeqCst).saturating_sub(*start_ms);
                Duration::from_millis(u64::try_from(passed_ms).unwrap_or(0))
            }
        }
    }
}

/// The day in Vietnam on which an instant falls.
pub fn day_of(at: Timestamp) -> Date {
    VIETNAM.to_datetime(at).date()
}

/// Measures how long something took, for metrics and for bounds on work; never for anything that is stored.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "durations for metrics decide nothing and are not stored")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Where random bytes come from. Clones draw from one stream.
#[derive(Clone)]
pub struct Chance(Arc<Mutex<StdRng>>);

impl std::fmt::Debug for Chance {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Chance")
    }
}

impl Chance {
    /// A generator seeded by the operating system, which may refuse.
    #[expect(clippy::disallowed_methods, reason = "the one place where the operating system is asked for randomness")]
    pub fn from_system() -> Result<Self, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self(Arc::new(Mutex::new(StdRng::from_seed(seed)))))
    }

    /// A generator whose whole stream follows from the seed: for demos and tests, never for keys that protect anybody.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Fresh random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill_bytes(&mut bytes));
        bytes
    }

    /// Hands the generator to code that takes chance as an argument.
    pub fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        // A panic while drawing leaves a generator that is still random, so the lock is taken over.
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_stream_and_another_seed_another() {
        let (first, same, other) = (Chance::seeded(7), Chance::seeded(7), Chance::seeded(8));
        let drawn: [u8; 32] = first.bytes();
        assert_eq!(drawn, same.bytes());
        assert_ne!(drawn, first.bytes());
        assert_ne!(drawn, other.bytes());
    }

    #[test]
    fn a_day_begins_at_midnight_in_vietnam() {
        let clock = Clock::manual("2026-10-01T16:59:59Z".parse().unwrap());
        assert_eq!(clock.today(), Date::constant(2026, 10, 1));
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.today(), Date::constant(2026, 10, 2));
    }
}
