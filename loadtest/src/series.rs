//! A run over time, in bins of equal length: what a chart shows.

use serde::Serialize;

use crate::latency::Quantiles;
use crate::outage::{Count, counts};
use crate::recording::Recording;
use crate::sample::{Identity, Sample};
use crate::timeline::Facet;

const MILLISECOND: u64 = 1_000_000;

/// Lengths of a bin that people can read off an axis, in milliseconds.
const LENGTHS_MS: [u64; 16] = [
    10, 20, 50, 100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000,
    900_000,
];

/// As many bins as a chart has room for.
const MOST_BINS: u64 = 300;

/// With fewer requests than this, a bin's 99th percentile is just its longest time.
const WANTED_REQUESTS: u64 = 100;

/// But with fewer bins than this, there is no telling when something happened.
const WANTED_BINS: u64 = 60;

/// The run in bins, by the times at which requests were due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// The length of a bin.
    pub bin_ns: u64,
    /// The bins, without a gap.
    pub bins: Vec<Bin>,
    /// How many good answers of each bin had each version, model and model date.
    pub shares: Vec<Share>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bin {
    /// When it begins.
    pub from_ns: u64,
    /// Requests that were due in it.
    pub requests: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// How those ended.
    pub causes: Vec<Count>,
    /// The latency of the good ones.
    pub latency: Quantiles,
}

/// How many good answers had a value, bin by bin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Of what.
    pub facet: Facet,
    /// The value.
    pub value: String,
    /// The number of answers in each bin.
    pub answers: Vec<u64>,
}

impl Series {
    /// The recording in bins.
    #[must_use]
    pub fn of(recording: &Recording) -> Self {
        let bin_ns = bin_length(recording.end_ns(), recording.schedule.rate());
        let samples = &recording.samples;
        let mut series = Self { bin_ns, bins: Vec::new(), shares: Vec::new() };
        let length = usize::try_from(recording.end_ns().div_ceil(bin_ns)).unwrap_or(usize::MAX);
        for bin in samples.chunk_by(|a, b| a.intended_ns / bin_ns == b.intended_ns / bin_ns) {
            series.add_shares(bin, &recording.identities, length);
            series.bins.push(Bin::of(bin, bin_ns));
        }
        series
            .shares
            .sort_by(|a, b| (a.facet, first(a), &a.value).cmp(&(b.facet, first(b), &b.value)));
        series
    }

    fn add_shares(&mut self, bin: &[Sample], identities: &[Identity], length: usize) {
        let place = self.bins.len();
        let mut answers = vec![0_u64; identities.len()];
        for sample in bin.iter().filter(|sample| sample.outcome.is_ok()) {
            if let Some(identity) = sample.identity {
                answers[identity.index()] += 1;
            }
        }
        for (identity, answers) in identities.iter().zip(answers).filter(|(_, n)| *n > 0) {
            for facet in [Facet::Version, Facet::Model, Facet::ModelDate] {
                if let Some(value) = facet.of(identity) {
                    self.share(facet, value, length).answers[place] += answers;
                }
            }
        }
    }

    fn share(&mut self, facet: Facet, value: &str, length: usize) -> &mut Share {
        let known = |share: &Share| share.facet == facet && share.value == value;
        let place = self.shares.iter().position(known).unwrap_or_else(|| {
            self.shares.push(Share { facet, value: value.to_owned(), answers: vec![0; length] });
            self.shares.len() - 1
        });
        &mut self.shares[place]
    }
}

impl Bin {
    fn of(samples: &[Sample], bin_ns: u64) -> Self {
        let good = samples.iter().filter(|sample| sample.outcome.is_ok());
        let failures = samples.iter().filter(|sample| !sample.outcome.is_ok());
        Self {
            from_ns: samples[0].intended_ns / bin_ns * bin_ns,
            requests: samples.len() as u64,
            failed: failures.clone().count() as u64,
            causes: counts(failures),
            latency: Quantiles::of(good.map(|sample| sample.latency_ns)),
        }
    }
}

fn first(share: &Share) -> Option<usize> {
    share.answers.iter().position(|&answers| answers > 0)
}

/// The shortest readable length that leaves a chart's worth of bins, with enough requests each where that
/// leaves enough bins.
fn bin_length(length_ns: u64, rate: u32) -> u64 {
    let filled = WANTED_REQUESTS * 1_000 * MILLISECOND / u64::from(rate);
    let interval = 1_000 * MILLISECOND / u64::from(rate);
    let needed = filled.min(length_ns / WANTED_BINS).max(length_ns / MOST_BINS);
    LENGTHS_MS
        .into_iter()
        .map(|length| length * MILLISECOND)
        // No bin is empty if none is shorter than the time between two requests.
        .find(|&length| length >= needed && length >= interval)
        .unwrap_or(needed)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;
    use crate::sample::{Identities, Outcome};
    use crate::schedule::Schedule;

    #[test]
    fn a_bin_has_a_readable_length_and_enough_requests() {
        assert_eq!(bin_length(60_000 * MILLISECOND, 1_000), 200 * MILLISECOND);
        assert_eq!(bin_length(60_000 * MILLISECOND, 10), 1_000 * MILLISECOND);
        assert_eq!(bin_length(12_500 * MILLISECOND, 300), 250 * MILLISECOND);
        assert_eq!(bin_length(1_000 * MILLISECOND, 10_000), 10 * MILLISECOND);
        assert_eq!(bin_length(2_000 * MILLISECOND, 1), 1_000 * MILLISECOND);
    }

    proptest! {
        #[test]
        fn every_request_is_in_one_bin_and_every_good_answer_in_one_share(
            oks in prop::collection::vec(any::<(bool, bool)>(), 1..2_000),
            rate in 1_u32..5_000,
        ) {
            let schedule = Schedule::new(NonZeroU32::new(rate).unwrap());
            let mut identities = Identities::default();
            let versions = ["1", "2"].map(|v| identities.intern(Some(v), None, None, None));
            let mut recording = Recording::new(schedule, Instant::now());
            for (index, &(ok, new)) in oks.iter().enumerate() {
                recording.samples.push(Sample {
                    intended_ns: schedule.intended_ns(index as u64),
                    lag_ns: 0,
                    latency_ns: 5,
                    outcome: if ok { Outcome::Ok } else { Outcome::Reset },
                    identity: Some(versions[usize::from(new)]),
                    queued: false,
                });
            }
            recording.identities = identities.all().to_vec();
            let series = Series::of(&recording);
            let sum = |of: fn(&Bin) -> u64| series.bins.iter().map(of).sum::<u64>();
            let good = oks.iter().filter(|(ok, _)| *ok).count() as u64;
            prop_assert_eq!(sum(|bin| bin.requests), oks.len() as u64);
            prop_assert_eq!(sum(|bin| bin.requests - bin.failed), good);
            prop_assert_eq!(sum(|bin| bin.latency.count), good);
            let shared: u64 = series.shares.iter().flat_map(|share| &share.answers).sum();
            prop_assert_eq!(shared, good);
            for (place, bin) in series.bins.iter().enumerate() {
                prop_assert_eq!(bin.from_ns, place as u64 * series.bin_ns);
            }
        }
    }
}
