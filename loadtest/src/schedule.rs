//! When each request is due: a constant rate, fixed before the first request leaves.
//!
//! Nothing here looks at answers. That is the point: a schedule that waits for the server would send
//! fewer requests exactly while the server is slow, and hide what users feel ("coordinated omission").

use std::num::NonZeroU32;
use std::time::Duration;

const SECOND_NS: u128 = 1_000_000_000;

/// A constant rate: request `i` is due `i / rate` seconds after the start.
///
/// Every time is computed from the request's number, so rounding never adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    rate: NonZeroU32,
}

impl Schedule {
    /// A schedule of `rate` requests each second.
    #[must_use]
    pub fn new(rate: NonZeroU32) -> Self {
        Self { rate }
    }

    /// Requests each second.
    #[must_use]
    pub fn rate(self) -> u32 {
        self.rate.get()
    }

    /// The time between two requests.
    #[must_use]
    pub fn interval(self) -> Duration {
        Duration::from_secs(1) / self.rate.get()
    }

    /// When request `index` is due, in nanoseconds since the start.
    #[must_use]
    pub fn intended_ns(self, index: u64) -> u64 {
        let ns = u128::from(index) * SECOND_NS / u128::from(self.rate.get());
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// How many requests are due `elapsed` after the start: all those with an earlier or equal time.
    #[must_use]
    pub fn due(self, elapsed: Duration) -> u64 {
        // The largest i with floor(i * second / rate) <= elapsed, plus one for request 0.
        let reached = ((elapsed.as_nanos() + 1) * u128::from(self.rate.get()) - 1) / SECOND_NS;
        u64::try_from(reached).unwrap_or(u64::MAX - 1) + 1
    }

    /// How many requests a run of this length has: all those due before its end.
    #[must_use]
    pub fn count(self, length: Duration) -> u64 {
        length.checked_sub(Duration::from_nanos(1)).map_or(0, |last| self.due(last))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn schedule(rate: u32) -> Schedule {
        Schedule::new(NonZeroU32::new(rate).unwrap())
    }

    #[test]
    fn a_second_at_a_rate_has_that_many_requests_and_no_time_has_none() {
        for rate in [1, 3, 7, 999, 1_000, 25_000, 1_000_000_007] {
            assert_eq!(schedule(rate).count(Duration::from_secs(1)), u64::from(rate));
            assert_eq!(schedule(rate).count(Duration::ZERO), 0);
        }
    }

    proptest! {
        #[test]
        fn a_request_is_due_at_its_time_and_not_a_nanosecond_before(
            rate in 1_u32..1_000_000,
            index in 0_u64..10_000_000_000,
        ) {
            let schedule = schedule(rate);
            let at = schedule.intended_ns(index);
            prop_assert!(schedule.due(Duration::from_nanos(at)) > index);
            if at > 0 {
                prop_assert!(schedule.due(Duration::from_nanos(at - 1)) <= index);
            }
        }

        #[test]
        fn requests_are_evenly_spaced(rate in 1_u32..1_000_000, index in 0_u64..10_000_000_000) {
            let schedule = schedule(rate);
            let gap = schedule.intended_ns(index + 1) - schedule.intended_ns(index);
            let interval = 1_000_000_000 / u64::from(rate);
            prop_assert!(gap == interval || gap == interval + 1);
        }
    }
}
