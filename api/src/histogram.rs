//! How long things took: counts by bucket, without a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets: from an answer without scoring to the timeouts.
const BOUNDS_IN_MICROSECONDS: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 2_500_000, 10_000_000,
];

/// How long things took.
#[derive(Debug, Default)]
pub(crate) struct Histogram {
    /// One more than there are bounds: the last bucket has none.
    buckets: [AtomicU64; BOUNDS_IN_MICROSECONDS.len() + 1],
    sum_in_nanoseconds: AtomicU64,
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_IN_MICROSECONDS.partition_point(|bound| bound * 1000 < nanoseconds);
        self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_in_nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// For each bound in seconds, the last being infinite, how many things took at most so long.
    pub(crate) fn cumulated(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS_IN_MICROSECONDS.iter().map(|&bound| bound as f64 / 1e6);
        bounds.chain([f64::INFINITY]).zip(&self.buckets).scan(0, |total, (bound, bucket)| {
            *total += bucket.load(Ordering::Relaxed);
            Some((bound, *total))
        })
    }

    /// What all things together took.
    pub(crate) fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_in_nanoseconds.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_at_and_below_their_bound() {
        let histogram = Histogram::default();
        for microseconds in [0, 50, 51, 9_999_999, 10_000_000, 10_000_001] {
            histogram.observe(Duration::from_micros(microseconds));
        }
        let cumulated: Vec<(f64, u64)> = histogram.cumulated().collect();
        assert_eq!(cumulated[..2], [(50e-6, 2), (100e-6, 3)]);
        assert_eq!(cumulated[15..], [(10.0, 5), (f64::INFINITY, 6)]);
        assert_eq!(histogram.sum(), Duration::from_micros(30_000_101));
    }
}
