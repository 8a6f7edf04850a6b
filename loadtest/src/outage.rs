//! Windows in which users did not get what they asked for.
//!
//! A window reaches from the intended time of the first bad request to that of the next good one: a user
//! who came at any time in between would have met the failure. Pure functions over samples.

use std::collections::BTreeMap;

use crate::sample::{Outcome, Sample};

/// An unbroken row of bad requests.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Window {
    /// When the first bad request was due.
    pub from_ns: u64,
    /// When the next good one was due, or the end of the run.
    pub until_ns: u64,
    /// Whether no good request followed: it may have lasted on after the run.
    pub open: bool,
    /// How many requests were bad.
    pub requests: u64,
    /// How they ended, the most frequent first.
    pub causes: Vec<Count>,
}

impl Window {
    /// How long it lasted.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.until_ns - self.from_ns
    }
}

/// The longest windows, in the order of time: where there are many, those are worth a reader's time.
#[must_use]
pub fn longest(windows: &[Window], most: usize) -> Vec<&Window> {
    let mut longest: Vec<_> = windows.iter().collect();
    longest.sort_by_key(|window| std::cmp::Reverse(window.length_ns()));
    longest.truncate(most);
    longest.sort_by_key(|window| window.from_ns);
    longest
}

/// How many requests ended in a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    /// The way.
    pub outcome: Outcome,
    /// How many.
    pub requests: u64,
}

/// How often each outcome occurs, the most frequent first.
#[must_use]
pub fn counts<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Vec<Count> {
    let mut counts = BTreeMap::<Outcome, u64>::new();
    for sample in samples {
        *counts.entry(sample.outcome).or_default() += 1;
    }
    let mut counts: Vec<_> =
        counts.into_iter().map(|(outcome, requests)| Count { outcome, requests }).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.requests));
    counts
}

/// The windows of bad requests among samples that are ordered by their intended times; `end_ns` is the
/// end of the run.
#[must_use]
pub fn windows(samples: &[Sample], is_bad: impl Fn(&Sample) -> bool, end_ns: u64) -> Vec<Window> {
    debug_assert!(samples.is_sorted_by_key(|sample| sample.intended_ns));
    let mut windows = Vec::new();
    let mut next = 0;
    for row in samples.chunk_by(|one, other| is_bad(one) == is_bad(other)) {
        next += row.len();
        if is_bad(&row[0]) {
            let good = samples.get(next);
            windows.push(Window {
                from_ns: row[0].intended_ns,
                until_ns: good.map_or(end_ns, |good| good.intended_ns),
                open: good.is_none(),
                requests: row.len() as u64,
                causes: counts(row),
            });
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn samples(outcomes: &[Outcome]) -> Vec<Sample> {
        let sample = |(index, &outcome): (usize, &Outcome)| Sample {
            intended_ns: index as u64 * 10,
            lag_ns: 0,
            latency_ns: 1,
            outcome,
            identity: None,
            queued: false,
        };
        outcomes.iter().enumerate().map(sample).collect()
    }

    fn failures(outcomes: &[Outcome]) -> Vec<Window> {
        let samples = samples(outcomes);
        let end = samples.len() as u64 * 10;
        windows(&samples, |sample| !sample.outcome.is_ok(), end)
    }

    #[test]
    fn a_window_reaches_to_the_next_good_request_and_counts_its_causes() {
        use Outcome::{Ok, Refused, Reset};
        let found = failures(&[Ok, Reset, Refused, Refused, Ok, Ok, Reset]);
        let count = |outcome, requests| Count { outcome, requests };
        assert_eq!(
            found,
            [
                Window {
                    from_ns: 10,
                    until_ns: 40,
                    open: false,
                    requests: 3,
                    causes: vec![count(Refused, 2), count(Reset, 1)],
                },
                Window {
                    from_ns: 60,
                    until_ns: 70,
                    open: true,
                    requests: 1,
                    causes: vec![count(Reset, 1)],
                },
            ]
        );
    }

    #[test]
    fn of_many_windows_the_longest_are_kept_in_the_order_of_time() {
        use Outcome::{Ok, Reset};
        let found = failures(&[Reset, Ok, Reset, Reset, Ok, Reset, Ok, Reset, Reset, Reset]);
        let kept: Vec<_> = longest(&found, 2).iter().map(|window| window.from_ns).collect();
        assert_eq!(kept, [20, 70]);
    }

    #[test]
    fn no_failure_is_no_window() {
        assert!(failures(&[Outcome::Ok; 5]).is_empty());
        assert!(failures(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_bad_request_lies_in_one_window_and_no_good_one_in_any(
            bad in prop::collection::vec(any::<bool>(), 0..200),
        ) {
            let outcomes: Vec<_> = bad
                .iter()
                .map(|&bad| if bad { Outcome::Timeout } else { Outcome::Ok })
                .collect();
            let found = failures(&outcomes);
            for (index, &bad) in bad.iter().enumerate() {
                let at = index as u64 * 10;
                let within = found.iter().filter(|w| (w.from_ns..w.until_ns).contains(&at)).count();
                prop_assert_eq!(within, usize::from(bad));
            }
            let requests: u64 = found.iter().map(|window| window.requests).sum();
            prop_assert_eq!(requests, bad.iter().filter(|&&bad| bad).count() as u64);
            prop_assert!(found.windows(2).all(|pair| pair[0].until_ns < pair[1].from_ns));
        }
    }
}
