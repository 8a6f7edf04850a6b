//! How long to wait before something that failed is tried again: exponentially longer, with jitter, up
//! to a bound.
//!
//! Not here: the waiting. A pause is a [`Duration`], so whoever waits can be woken or cancelled.

use std::time::Duration;

/// The share of a pause that may be added to it at random, so that many watchers that failed together
/// don't come back together.
const JITTER: f64 = 0.5;

/// The shortest and the longest pause between two tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The pause after the first failure, without jitter.
    pub min: Duration,
    /// No pause is longer.
    pub max: Duration,
}

impl Backoff {
    /// A pause between these bounds.
    #[must_use]
    pub const fn new(min: Duration, max: Duration) -> Self {
        Self { min, max }
    }

    /// The pause after so many failures in a row, from 1, with this share of the jitter.
    fn pause(self, failures: u32, jitter: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
        let base = self.min.saturating_mul(doubled).min(self.max);
        base.saturating_add(base.mul_f64(JITTER * jitter)).min(self.max)
    }
}

/// The failures in a row of one thing that is tried again and again.
#[derive(Debug)]
pub(crate) struct Retry {
    backoff: Backoff,
    failures: u32,
}

impl Retry {
    pub(crate) fn new(backoff: Backoff) -> Self {
        Self { backoff, failures: 0 }
    }

    /// Counts a failure and says how long to wait now.
    pub(crate) fn pause(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.backoff.pause(self.failures, fastrand::f64())
    }

    /// Forgets the failures: it has worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

    #[test]
    fn pauses_double_up_to_the_bound() {
        let pauses: Vec<u64> = (1..=8).map(|n| BACKOFF.pause(n, 0.0).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(BACKOFF.pause(u32::MAX, 1.0), BACKOFF.max);
    }

    #[test]
    fn jitter_lengthens_a_pause_by_half_at_most_and_never_past_the_bound() {
        assert_eq!(BACKOFF.pause(3, 1.0), Duration::from_secs(6));
        assert_eq!(BACKOFF.pause(7, 1.0), Duration::from_secs(60));
        for _ in 0..1000 {
            let mut retry = Retry::new(BACKOFF);
            let pause = retry.pause();
            assert!(pause >= BACKOFF.min && pause <= BACKOFF.min.mul_f64(1.5), "{pause:?}");
        }
    }

    #[test]
    fn success_makes_the_next_failure_the_first() {
        let mut retry = Retry::new(BACKOFF);
        for _ in 0..6 {
            retry.pause();
        }
        assert!(retry.pause() >= Duration::from_secs(32));
        retry.reset();
        assert!(retry.pause() <= Duration::from_millis(1500));
    }
}
