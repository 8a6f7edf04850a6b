//! Quantiles of times, from an HDR histogram: every one within a thousandth of the exact value.

use hdrhistogram::Histogram;

/// How precise a quantile is: three significant digits.
const DIGITS: u8 = 3;

/// The quantiles of a set of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Quantiles {
    /// How many times there are; where none, all below is zero.
    pub count: u64,
    /// Half of the times were no longer than this.
    pub p50_ns: u64,
    /// 90 % were no longer than this.
    pub p90_ns: u64,
    /// 99 % were no longer than this.
    pub p99_ns: u64,
    /// 99.9 % were no longer than this.
    pub p999_ns: u64,
    /// The longest, exactly.
    pub max_ns: u64,
}

impl Quantiles {
    /// The quantiles of these times.
    #[must_use]
    pub fn of(times_ns: impl IntoIterator<Item = u64>) -> Self {
        let mut histogram =
            Histogram::<u64>::new(DIGITS).expect("three digits are within a histogram's means");
        let mut max_ns = 0;
        for time in times_ns {
            max_ns = time.max(max_ns);
            histogram.record(time).expect("a histogram that grows takes every time");
        }
        // A histogram answers with the upper end of a value's bucket, which may lie above them all.
        let at = |quantile| histogram.value_at_quantile(quantile).min(max_ns);
        Self {
            count: histogram.len(),
            p50_ns: at(0.5),
            p90_ns: at(0.9),
            p99_ns: at(0.99),
            p999_ns: at(0.999),
            max_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_times_have_no_quantiles() {
        assert_eq!(Quantiles::of([]), Quantiles::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn quantiles_lie_within_a_thousandth_of_the_exact_ones(
            times in prop::collection::vec(prop_oneof![0_u64..10_000, 0_u64..100_000_000_000], 1..2_000),
        ) {
            let quantiles = Quantiles::of(times.iter().copied());
            let mut sorted = times;
            sorted.sort_unstable();
            for (quantile, found) in [
                (0.5, quantiles.p50_ns),
                (0.9, quantiles.p90_ns),
                (0.99, quantiles.p99_ns),
                (0.999, quantiles.p999_ns),
            ] {
                // The nearest rank: the smallest time that this share of all does not exceed.
                let rank = ((sorted.len() as f64 * quantile).ceil() as usize).max(1);
                let exact = sorted[rank - 1];
                prop_assert!(found.abs_diff(exact) <= exact / 1_000 + 1, "{quantile}: {found}, {exact}");
            }
            prop_assert_eq!(quantiles.max_ns, sorted[sorted.len() - 1]);
            prop_assert_eq!(quantiles.count, sorted.len() as u64);
        }
    }
}
