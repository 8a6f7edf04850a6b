//! The report: every figure of a run, computed from its recording. What is in here is the JSON.
//!
//! `text` and `page` show it to people; `live` shows what is known while a run lasts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::latency::Quantiles;
use crate::limit::Limit;
use crate::outage::{Count, Window, counts, windows};
use crate::recording::Recording;
use crate::sample::{Outcome, Sample};
use crate::scenario::change::Change;
use crate::series::Series;
use crate::timeline::{Event, Facet, Presence, Sighting, Timeline};

pub mod live;
pub mod page;
pub mod text;
pub mod unit;

/// The name and version of the JSON's form. It changes when a field goes or changes its meaning, not when
/// one is added.
pub const SCHEMA: &str = "segue-loadtest/1";

/// A delay of our own up to this is none: it is what a system's scheduler takes.
const OWN_DELAY_NS: u64 = 1_000_000;

/// A delay of our own past this means that the load was not the one asked for.
const LOST_DELAY_NS: u64 = 100_000_000;

/// Everything about a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The form of this report.
    pub schema: &'static str,
    /// The version of the program that made it.
    pub program_version: &'static str,
    /// When the first request was due; all times count from here.
    pub started: jiff::Timestamp,
    /// From the first request's time to that at which one more would have been due.
    pub length_ns: u64,
    /// What was asked, and how.
    pub setup: Setup,
    /// All scheduled requests: the sum of all outcomes.
    pub requests: u64,
    /// How they ended, the most frequent first.
    pub outcomes: Vec<Count>,
    /// Requests that were not answered as promised.
    pub failed: u64,
    /// From the time a request was due to the last byte of its answer; of good answers.
    pub latency: Quantiles,
    /// Whether the load was the one asked for.
    pub schedule: Keeping,
    /// Windows without a good answer.
    pub outages: Vec<Window>,
    /// The longest of them.
    pub longest_outage_ns: u64,
    /// All of them together.
    pub unavailable_ns: u64,
    /// Good answers that came late.
    pub slow: Slow,
    /// What changed, as users saw it.
    pub events: Vec<Event>,
    /// When each version, model and instance was there.
    pub presences: Vec<Presence>,
    /// What each instance did.
    pub instances: Vec<Instance>,
    /// The change that was made and how it was felt, where one was.
    pub change: Option<Change>,
    /// The limits that were set, and whether they were held.
    pub limits: Vec<Limit>,
    /// The run over time.
    pub series: Series,
}

/// What was asked, and how.
#[derive(Clone, Debug, Serialize)]
pub struct Setup {
    /// The service's base URL.
    pub url: String,
    /// The address that it stood for.
    pub address: String,
    /// Requests each second.
    pub rate: u32,
    /// Kept-alive connections; absent where each request had a new one.
    pub connections: Option<usize>,
    /// The mean age at which a kept-alive connection was renewed; absent where never.
    pub renew_ns: Option<u64>,
    /// The most connections at any moment.
    pub max_connections: usize,
    /// The time limit of a request, from the time it was due.
    pub timeout_ns: u64,
    /// A good answer later than this is slow.
    pub slow_ns: u64,
    /// A version, model or instance not met for this long is gone.
    pub settle_ns: u64,
    /// Where randomness started.
    pub seed: u64,
}

/// How well the program kept its own schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Keeping {
    /// In a word.
    pub verdict: Verdict,
    /// How much later than due requests were handed to their connections, those that had to wait for a
    /// connection aside.
    pub lag: Quantiles,
    /// Requests that had to wait because `max_connections` were all busy. Their latency has the wait in
    /// it; the service would have met them earlier.
    pub queued: u64,
    /// Requests that failed for want of local ports or file descriptors.
    pub local: u64,
    /// The load thread's processor time as a share of the run, in thousandths.
    pub busy_permille: u64,
}

/// Whether the figures are the service's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every figure is the service's.
    Kept,
    /// The load was the one asked for, but a part of the latencies is our own delay.
    Strained,
    /// The load was not the one asked for.
    Lost,
}

/// Good answers that came late.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Slow {
    /// How many.
    pub requests: u64,
    /// Windows in which no request was answered well in time; outages are in them.
    pub windows: Vec<Window>,
    /// The longest of these windows.
    pub longest_ns: u64,
}

/// What an instance did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its name.
    pub instance: String,
    /// Its first good answer.
    pub first: Option<Sighting>,
    /// Its last good answer.
    pub last: Option<Sighting>,
    /// Its good answers.
    pub ok: u64,
    /// Its other answers. Who did not answer a failed request is not known.
    pub failed: u64,
    /// The versions that it answered with, in order.
    pub versions: Vec<String>,
    /// The models that it answered with, in order.
    pub models: Vec<String>,
}

impl Report {
    /// The report of a run.
    #[must_use]
    pub fn new(recording: &Recording, setup: Setup, change: Option<Change>) -> Self {
        let samples = &recording.samples;
        let end_ns = recording.end_ns();
        let failed = |sample: &Sample| !sample.outcome.is_ok();
        let outages = windows(samples, failed, end_ns);
        let timeline = Timeline::new(samples, &recording.identities, setup.settle_ns);
        let latency = Quantiles::of(
            samples.iter().filter(|sample| sample.outcome.is_ok()).map(|sample| sample.latency_ns),
        );
        Self {
            schema: SCHEMA,
            program_version: segue_process::VERSION,
            started: recording.started,
            length_ns: end_ns,
            requests: samples.len() as u64,
            outcomes: counts(samples),
            failed: samples.iter().filter(|&sample| failed(sample)).count() as u64,
            latency,
            schedule: Keeping::of(recording, latency),
            longest_outage_ns: longest_ns(&outages),
            unavailable_ns: outages.iter().map(Window::length_ns).sum(),
            outages,
            slow: Slow::of(samples, setup.slow_ns, end_ns),
            events: timeline.events(),
            presences: Facet::ALL.into_iter().flat_map(|facet| timeline.presences(facet)).collect(),
            instances: instances(recording),
            change,
            limits: Vec::new(),
            series: Series::of(recording),
            setup,
        }
    }
}

fn longest_ns(windows: &[Window]) -> u64 {
    windows.iter().map(Window::length_ns).max().unwrap_or(0)
}

impl Keeping {
    fn of(recording: &Recording, latency: Quantiles) -> Self {
        let samples = &recording.samples;
        let unqueued = samples.iter().filter(|sample| !sample.queued);
        let lag = Quantiles::of(unqueued.map(|sample| sample.lag_ns));
        let local = samples.iter().filter(|sample| sample.outcome == Outcome::Local).count() as u64;
        let usage = recording.usage;
        let elapsed = usage.elapsed.as_nanos().max(1);
        let busy = usage.busy.as_nanos() * 1_000 / elapsed;
        Self {
            verdict: Verdict::of(lag, latency, local),
            lag,
            queued: samples.iter().filter(|sample| sample.queued).count() as u64,
            local,
            busy_permille: u64::try_from(busy).unwrap_or(u64::MAX),
        }
    }
}

impl Verdict {
    fn of(lag: Quantiles, latency: Quantiles, local: u64) -> Self {
        // Below a tenth of the latency beside which it stands, our own delay changes no conclusion.
        if lag.p99_ns > LOST_DELAY_NS || local > 0 {
            Self::Lost
        } else if lag.p99_ns > OWN_DELAY_NS.max(latency.p99_ns / 10) {
            Self::Strained
        } else {
            Self::Kept
        }
    }
}

impl Slow {
    fn of(samples: &[Sample], limit_ns: u64, end_ns: u64) -> Self {
        let late = |sample: &Sample| sample.latency_ns > limit_ns;
        let requests = samples.iter().filter(|sample| sample.outcome.is_ok() && late(sample));
        let requests = requests.count() as u64;
        let mut windows = windows(samples, |s| !s.outcome.is_ok() || late(s), end_ns);
        // A window of failures alone is an outage and nothing more.
        windows.retain(|window| window.causes.iter().any(|cause| cause.outcome.is_ok()));
        Self { requests, longest_ns: longest_ns(&windows), windows }
    }
}

fn instances(recording: &Recording) -> Vec<Instance> {
    let mut instances = BTreeMap::<&str, Instance>::new();
    for sample in &recording.samples {
        let Some(identity) = sample.identity else {
            continue;
        };
        let identity = &recording.identities[identity.index()];
        let Some(name) = identity.instance.as_deref() else {
            continue;
        };
        let instance = instances.entry(name).or_insert_with(|| Instance {
            instance: name.to_owned(),
            first: None,
            last: None,
            ok: 0,
            failed: 0,
            versions: Vec::new(),
            models: Vec::new(),
        });
        if !sample.outcome.is_ok() {
            instance.failed += 1;
            continue;
        }
        instance.ok += 1;
        let at = Sighting::from(sample);
        let arrived = |sighting: &Sighting| sighting.arrived_ns;
        instance.first = instance.first.into_iter().chain([at]).min_by_key(arrived);
        instance.last = instance.last.into_iter().chain([at]).max_by_key(arrived);
        add(&mut instance.versions, identity.version.as_deref());
        add(&mut instance.models, identity.model.as_deref());
    }
    let mut instances: Vec<_> = instances.into_values().collect();
    instances.sort_by_key(|instance| instance.first.map(|first| first.arrived_ns));
    instances
}

fn add(values: &mut Vec<String>, value: Option<&str>) {
    if let Some(value) = value
        && !values.iter().any(|known| known == value)
    {
        values.push(value.to_owned());
    }
}

#[cfg(test)]
impl Setup {
    pub(crate) fn of_test(recording: &Recording) -> Self {
        Self {
            url: "http://service.example".to_owned(),
            address: "192.0.2.1:80".to_owned(),
            rate: recording.schedule.rate(),
            connections: Some(50),
            renew_ns: None,
            max_connections: 100,
            timeout_ns: 10_000_000_000,
            slow_ns: 250_000_000,
            settle_ns: 1_000_000_000,
            seed: 1,
        }
    }
}
