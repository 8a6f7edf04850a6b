//! Limits that make a measurement a gate: what was allowed, what was found, whether it held.

use std::time::Duration;

use serde::Serialize;

use crate::report::unit::{count, ratio, time};
use crate::report::{Report, Verdict};

/// What may be allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Failed requests.
    pub failed: Option<u64>,
    /// The longest outage.
    pub outage: Option<Duration>,
    /// The 99th percentile during a change, as a multiple of that before.
    pub p99_ratio: Option<f64>,
}

/// A limit that was set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limit {
    /// What is limited.
    pub name: &'static str,
    /// The most that was allowed.
    pub allowed: String,
    /// What was found.
    pub found: String,
    /// Whether the limit was held.
    pub held: bool,
}

/// What limits say of a run, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// All limits held, or none was set.
    Held,
    /// One was exceeded, or a change was not visible in time.
    Exceeded,
    /// They held, but the load was not the one asked for: that proves nothing.
    Unproven,
}

impl Limits {
    /// Checks a report against the limits; each that was set is listed.
    #[must_use]
    pub fn check(&self, report: &Report) -> Vec<Limit> {
        let mut limits = Vec::new();
        let mut add = |name, allowed, found, held| {
            limits.push(Limit { name, allowed, found, held });
        };
        if let Some(most) = self.failed {
            let found = report.failed;
            add("failed requests", count(most), count(found), found <= most);
        }
        if let Some(most) = self.outage {
            let most = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
            let found = report.longest_outage_ns;
            add("longest outage", time(most), time(found), found <= most);
        }
        if let (Some(most), Some(change)) = (self.p99_ratio, &report.change) {
            let found = change.p99_ratio();
            let held = found.is_some_and(|found| found <= most);
            let found = found.map_or_else(|| "not measured".to_owned(), ratio);
            add("p99 during / before", ratio(most), found, held);
        }
        limits
    }
}

/// Whether a pipeline may go on.
#[must_use]
pub fn judge(report: &Report) -> Judgement {
    let visible = report.change.as_ref().is_none_or(|change| change.all_new_ns.is_some());
    if !visible || report.limits.iter().any(|limit| !limit.held) {
        return Judgement::Exceeded;
    }
    let judged = report.change.is_some() || !report.limits.is_empty();
    if judged && report.schedule.verdict == Verdict::Lost {
        return Judgement::Unproven;
    }
    Judgement::Held
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Recording;
    use crate::report::Setup;
    use crate::sample::Outcome;

    fn report(failed: u64, lag_ns: u64) -> Report {
        let mut recording = Recording::of(100, 100, |index| match index {
            index if index < failed => (Outcome::Reset, 1_000, ["", "", ""]),
            _ => (Outcome::Ok, 1_000_000, ["a", "1", "m"]),
        });
        for sample in &mut recording.samples {
            sample.lag_ns = lag_ns;
        }
        Report::new(&recording, Setup::of_test(&recording), None)
    }

    fn judged(mut report: Report, limits: Limits) -> Judgement {
        report.limits = limits.check(&report);
        judge(&report)
    }

    #[test]
    fn a_limit_holds_up_to_its_value_and_no_limit_always_does() {
        let failed = |most| Limits { failed: Some(most), ..Limits::default() };
        assert_eq!(judged(report(3, 0), failed(3)), Judgement::Held);
        assert_eq!(judged(report(3, 0), failed(2)), Judgement::Exceeded);
        assert_eq!(judged(report(3, 0), Limits::default()), Judgement::Held);
        let outage = |ms| Limits { outage: Some(Duration::from_millis(ms)), ..Limits::default() };
        assert_eq!(judged(report(3, 0), outage(30)), Judgement::Held);
        assert_eq!(judged(report(3, 0), outage(29)), Judgement::Exceeded);
    }

    #[test]
    fn a_load_that_was_not_the_one_asked_for_proves_nothing_but_may_still_condemn() {
        let late = 200_000_000;
        let failed = |most| Limits { failed: Some(most), ..Limits::default() };
        assert_eq!(judged(report(3, late), failed(3)), Judgement::Unproven);
        assert_eq!(judged(report(3, late), failed(2)), Judgement::Exceeded);
        assert_eq!(judged(report(3, late), Limits::default()), Judgement::Held);
    }
}
