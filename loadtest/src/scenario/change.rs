//! A change and how it was felt: what users are to see, when they saw it, what it cost them.
//!
//! Pure functions over a recording. Making the change is not here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use crate::latency::Quantiles;
use crate::recording::Recording;
use crate::sample::{Identity, Sample};
use crate::timeline::{Facet, Timeline};

/// What is to be seen for a change to have arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Goal {
    /// All answers come from this version.
    Version(String),
    /// All answers come from models not met before the change.
    Model,
    /// This many instances answer.
    Instances(usize),
    /// Every answer is new in something: version, model or instance.
    Change,
}

impl FromStr for Goal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.split_once('=') {
            None if text == "model" => Some(Self::Model),
            None if text == "change" => Some(Self::Change),
            Some(("version", version)) if !version.is_empty() => {
                Some(Self::Version(version.to_owned()))
            }
            Some(("instances", number)) => number.parse().ok().map(Self::Instances),
            _ => None,
        };
        parsed.ok_or_else(|| "expected version=V, model, instances=N or change".to_owned())
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "all answers from version {version}"),
            Self::Model => f.write_str("all answers from a new model"),
            Self::Instances(1) => f.write_str("one instance answers"),
            Self::Instances(number) => write!(f, "{number} instances answer"),
            Self::Change => f.write_str("every answer new: in version, model or instance"),
        }
    }
}

/// The values of each facet that were met before a change.
#[derive(Clone, Debug, Default)]
pub struct Known {
    values: BTreeMap<Facet, BTreeSet<String>>,
}

impl Known {
    /// What the good answers had that arrived before this time.
    #[must_use]
    pub fn before(samples: &[Sample], identities: &[Identity], cue_ns: u64) -> Self {
        let met: BTreeSet<_> = samples
            .iter()
            .filter(|sample| sample.outcome.is_ok() && sample.arrived_ns() < cue_ns)
            .filter_map(|sample| sample.identity)
            .collect();
        let mut known = Self::default();
        for identity in met.into_iter().map(|id| &identities[id.index()]) {
            for facet in Facet::ALL {
                if let Some(value) = facet.of(identity) {
                    let values = known.values.entry(facet).or_default();
                    values.insert(value.to_owned());
                }
            }
        }
        known
    }

    fn lacks(&self, facet: Facet, identity: &Identity) -> bool {
        let known = |value: &str| self.values.get(&facet).is_some_and(|v| v.contains(value));
        facet.of(identity).is_some_and(|value| !known(value))
    }
}

impl Goal {
    /// Whether an answer is of the new kind. With a number of instances as the goal, new ones are.
    #[must_use]
    pub fn is_new(&self, identity: &Identity, known: &Known) -> bool {
        let lacks = |facet| known.lacks(facet, identity);
        match self {
            Self::Version(version) => identity.version.as_ref() == Some(version),
            Self::Model => lacks(Facet::Model) || lacks(Facet::ModelDate),
            Self::Instances(_) => lacks(Facet::Instance),
            Self::Change => Facet::ALL.into_iter().any(lacks),
        }
    }

    /// Whether the goal is reached, judged by those who answered lately.
    #[must_use]
    pub fn is_reached<'a>(
        &self,
        known: &Known,
        lately: impl IntoIterator<Item = &'a Identity>,
    ) -> bool {
        let mut lately = lately.into_iter().peekable();
        match self {
            Self::Instances(number) => {
                let instances: BTreeSet<_> = lately.filter_map(|i| i.instance.as_deref()).collect();
                instances.len() == *number
            }
            _ => lately.peek().is_some() && lately.all(|identity| self.is_new(identity, known)),
        }
    }
}

/// A change that was made under load.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// What was done, in words.
    pub description: String,
    /// What was to be seen, in words.
    pub goal: String,
    /// When it was begun.
    pub cue_ns: u64,
    /// How long making it took: editing, pushing, or the command.
    pub cue_length_ns: u64,
    /// From the cue to the first answer of the new kind (or an instance's last one, where they only go).
    pub first_new_ns: Option<u64>,
    /// From the cue to the goal, for good; absent where it was not reached in time.
    pub all_new_ns: Option<u64>,
    /// From the start to the cue.
    pub before: Phase,
    /// From the cue until the goal was reached and the last failure was over.
    pub during: Phase,
    /// From there to the end.
    pub after: Phase,
}

/// A part of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Phase {
    /// When it begins.
    pub from_ns: u64,
    /// When it ends.
    pub until_ns: u64,
    /// Requests that were due in it.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// The latency of the good ones.
    pub latency: Quantiles,
}

/// What was done, and when.
#[derive(Clone, Debug)]
pub struct Cue {
    /// In words.
    pub description: String,
    /// What is to be seen.
    pub goal: Goal,
    /// When it was begun.
    pub begun_ns: u64,
    /// When it was done.
    pub done_ns: u64,
}

impl Change {
    /// How a change was felt. What is not met for `settle_ns` is gone.
    #[must_use]
    pub fn felt(recording: &Recording, cue: &Cue, settle_ns: u64) -> Self {
        let samples = &recording.samples;
        let known = Known::before(samples, &recording.identities, cue.begun_ns);
        let (first, all) = match cue.goal {
            Goal::Instances(number) => instances(recording, cue.begun_ns, settle_ns, number),
            _ => values(recording, cue, &known, settle_ns),
        };
        let end_ns = recording.end_ns();
        let failure =
            samples.iter().rfind(|sample| !sample.outcome.is_ok()).map_or(0, Sample::arrived_ns);
        let over = all.unwrap_or(end_ns).max(failure);
        let over = over.clamp(cue.begun_ns, end_ns.max(cue.begun_ns));
        Self {
            description: cue.description.clone(),
            goal: cue.goal.to_string(),
            cue_ns: cue.begun_ns,
            cue_length_ns: cue.done_ns - cue.begun_ns,
            first_new_ns: first.map(|at| at - cue.begun_ns),
            all_new_ns: all.map(|at| at - cue.begun_ns),
            before: Phase::of(samples, 0, cue.begun_ns),
            during: Phase::of(samples, cue.begun_ns, over),
            after: Phase::of(samples, over, end_ns),
        }
    }

    /// The 99th percentile during the change as a multiple of that before; absent where one is not known.
    #[must_use]
    pub fn p99_ratio(&self) -> Option<f64> {
        let (before, during) = (self.before.latency, self.during.latency);
        (before.p99_ns > 0 && during.count > 0).then(|| during.p99_ns as f64 / before.p99_ns as f64)
    }
}

impl Phase {
    fn of(samples: &[Sample], from_ns: u64, until_ns: u64) -> Self {
        let place = |at| samples.partition_point(|sample| sample.intended_ns < at);
        let samples = &samples[place(from_ns)..place(until_ns)];
        let good = samples.iter().filter(|sample| sample.outcome.is_ok());
        Self {
            from_ns,
            until_ns,
            requests: samples.len() as u64,
            failed: (samples.len() - good.clone().count()) as u64,
            latency: Quantiles::of(good.map(|sample| sample.latency_ns)),
        }
    }
}

/// When the first new answer and the last old one arrived. The goal counts as reached only where nothing
/// old came for `settle_ns` before the end.
fn values(
    recording: &Recording,
    cue: &Cue,
    known: &Known,
    settle_ns: u64,
) -> (Option<u64>, Option<u64>) {
    let (mut first_new, mut last_old, mut last) = (None, cue.begun_ns, cue.begun_ns);
    for sample in recording.samples.iter().filter(|s| s.outcome.is_ok()) {
        let arrived = sample.arrived_ns();
        let Some(identity) = sample.identity.filter(|_| arrived >= cue.begun_ns) else {
            continue;
        };
        last = last.max(arrived);
        if cue.goal.is_new(&recording.identities[identity.index()], known) {
            first_new = Some(first_new.map_or(arrived, |first: u64| first.min(arrived)));
        } else {
            last_old = last_old.max(arrived);
        }
    }
    let settled = last_old.saturating_add(settle_ns) <= last;
    (first_new, first_new.filter(|_| settled).map(|first| first.max(last_old)))
}

/// When the first instance came or went after the cue, and when their number was the wanted one for good:
/// at the cue, where it was so already.
fn instances(
    recording: &Recording,
    cue_ns: u64,
    settle_ns: u64,
    number: usize,
) -> (Option<u64>, Option<u64>) {
    let timeline = Timeline::new(&recording.samples, &recording.identities, settle_ns);
    let presences = timeline.presences(Facet::Instance);
    let gone = |last: u64| timeline.is_gone(last);
    let left = presences.iter().filter(|p| gone(p.last.arrived_ns));
    let moments: Vec<u64> = presences
        .iter()
        .map(|presence| presence.first.arrived_ns)
        .chain(left.map(|presence| presence.last.arrived_ns))
        .filter(|&at| at >= cue_ns)
        .collect();
    let there = presences.iter().filter(|p| !gone(p.last.arrived_ns));
    let there: BTreeSet<_> = there.map(|presence| &presence.value).collect();
    let reached = there.len() == number;
    if moments.is_empty() && reached {
        return (Some(cue_ns), Some(cue_ns));
    }
    let last = moments.iter().max().copied();
    (moments.iter().min().copied(), last.filter(|_| reached))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Outcome;

    const SECOND: u64 = 1_000_000_000;
    const LATENCY: u64 = 5_000_000;

    fn cue(goal: Goal, at_ns: u64) -> Cue {
        Cue { description: String::new(), goal, begun_ns: at_ns, done_ns: at_ns + 1 }
    }

    fn run(seconds: u64, who: impl Fn(u64) -> [&'static str; 3]) -> Recording {
        Recording::of(100, seconds * 100, |index| (Outcome::Ok, LATENCY, who(index)))
    }

    fn arrival(index: u64) -> u64 {
        index * SECOND / 100 + LATENCY
    }

    #[test]
    fn goals_read_as_written_and_refuse_what_is_not_one() {
        assert_eq!("version=1.2".parse(), Ok(Goal::Version("1.2".to_owned())));
        assert_eq!("model".parse(), Ok(Goal::Model));
        assert_eq!("instances=3".parse(), Ok(Goal::Instances(3)));
        assert_eq!("change".parse(), Ok(Goal::Change));
        for wrong in ["", "version=", "version", "instances=some", "model=x", "other"] {
            assert!(wrong.parse::<Goal>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rolling_update_is_seen_first_by_one_and_last_by_all() {
        // Cue at 2 s; one of two is new from 3 s on, the other from 4 s on.
        let recording = run(8, |index| match (index % 2, index) {
            (0, ..300) => ["a", "1", "m"],
            (0, _) => ["c", "2", "m"],
            (_, ..400) => ["b", "1", "m"],
            (_, _) => ["d", "2", "m"],
        });
        for goal in [Goal::Version("2".to_owned()), Goal::Change] {
            let change = Change::felt(&recording, &cue(goal, 2 * SECOND), SECOND);
            assert_eq!(change.first_new_ns, Some(arrival(300) - 2 * SECOND));
            assert_eq!(change.all_new_ns, Some(arrival(399) - 2 * SECOND));
            assert_eq!(change.before.requests, 200);
            assert_eq!(change.during.until_ns, arrival(399));
            let phases = [change.before, change.during, change.after];
            assert_eq!(phases.iter().map(|phase| phase.requests).sum::<u64>(), 800);
        }
    }

    #[test]
    fn as_many_instances_as_there_were_are_there_at_once() {
        let recording = run(5, |_| ["a", "1", "m"]);
        let felt = |number| Change::felt(&recording, &cue(Goal::Instances(number), SECOND), SECOND);
        assert_eq!((felt(1).first_new_ns, felt(1).all_new_ns), (Some(0), Some(0)));
        assert_eq!((felt(2).first_new_ns, felt(2).all_new_ns), (None, None));
    }

    #[test]
    fn a_goal_that_is_not_reached_for_good_is_not_reached() {
        let never = run(5, |_| ["a", "1", "m"]);
        let goal = Goal::Version("2".to_owned());
        let change = Change::felt(&never, &cue(goal.clone(), SECOND), SECOND);
        assert_eq!((change.first_new_ns, change.all_new_ns), (None, None));
        assert_eq!(change.during.until_ns, 5 * SECOND);
        let mixed =
            run(5, |index| ["a", if index % 2 == 0 && index > 200 { "2" } else { "1" }, "m"]);
        let change = Change::felt(&mixed, &cue(goal, SECOND), SECOND);
        assert!(change.first_new_ns.is_some());
        assert_eq!(change.all_new_ns, None);
    }

    #[test]
    fn scaling_is_reached_when_the_last_has_come_or_gone() {
        let up = run(6, |index| match (index % 3, index) {
            (1, 250..) => ["b", "1", "m"],
            (2, 350..) => ["c", "1", "m"],
            _ => ["a", "1", "m"],
        });
        let change = Change::felt(&up, &cue(Goal::Instances(3), 2 * SECOND), SECOND);
        assert_eq!(change.first_new_ns, Some(arrival(250) - 2 * SECOND));
        assert_eq!(change.all_new_ns, Some(arrival(350) - 2 * SECOND));
        let down =
            run(6, |index| [if index % 2 == 0 && index < 300 { "a" } else { "b" }, "1", "m"]);
        let change = Change::felt(&down, &cue(Goal::Instances(1), 2 * SECOND), SECOND);
        assert_eq!(change.all_new_ns, Some(arrival(298) - 2 * SECOND));
        let change = Change::felt(&down, &cue(Goal::Instances(2), 2 * SECOND), SECOND);
        assert_eq!(change.all_new_ns, None);
    }

    #[test]
    fn the_change_lasts_until_its_last_failure_is_over() {
        let recording = Recording::of(100, 800, |index| match index {
            500..520 => (Outcome::Refused, 1_000, ["", "", ""]),
            _ => (Outcome::Ok, LATENCY, ["a", "1", if index < 300 { "m" } else { "n" }]),
        });
        let change = Change::felt(&recording, &cue(Goal::Model, 2 * SECOND), SECOND);
        assert_eq!(change.all_new_ns, Some(arrival(300) - 2 * SECOND));
        assert_eq!(change.during.until_ns, 519 * SECOND / 100 + 1_000);
        assert_eq!((change.before.failed, change.during.failed, change.after.failed), (0, 20, 0));
        assert_eq!(change.p99_ratio(), Some(1.0));
    }
}
