//! What a load left behind: every request and everybody who answered. All figures come from here.

use std::time::Instant;

use jiff::Timestamp;

use crate::load::{Batch, Usage};
use crate::sample::{Identity, Sample};
use crate::schedule::Schedule;

/// The record of a run, filled while it lasts.
#[derive(Clone, Debug)]
pub struct Recording {
    /// When each request was due.
    pub schedule: Schedule,
    /// When request 0 was due.
    pub started: Timestamp,
    /// The same, on the clock that latency is measured with.
    pub start: Instant,
    /// Every request that ended: in the order of their ends during the run, in the order in which they
    /// were due afterwards.
    pub samples: Vec<Sample>,
    /// Everybody who answered; samples name them by their place.
    pub identities: Vec<Identity>,
    /// What the load thread used.
    pub usage: Usage,
}

impl Recording {
    /// An empty record of a load that started then.
    #[must_use]
    pub fn new(schedule: Schedule, start: Instant) -> Self {
        Self {
            schedule,
            started: Timestamp::now() - start.elapsed(),
            start,
            samples: Vec::new(),
            identities: Vec::new(),
            usage: Usage::default(),
        }
    }

    /// Adds what was measured since the last batch.
    pub fn add(&mut self, batch: Batch) {
        self.samples.extend(batch.samples);
        self.identities.extend(batch.identities);
    }

    /// Ends the record: every request has ended.
    #[must_use]
    pub fn end(mut self, usage: Usage) -> Self {
        self.samples.sort_unstable_by_key(|sample| sample.intended_ns);
        self.usage = usage;
        self
    }

    /// When the next request would have been due: the end of the run.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.schedule.intended_ns(self.samples.len() as u64)
    }

    /// Samples that ended at or after a time, latest first. During the run only.
    pub fn ended_since(&self, since_ns: u64) -> impl Iterator<Item = &Sample> {
        // Batches hold samples in the order of their ends, which one thread recorded.
        self.samples.iter().rev().take_while(move |sample| sample.arrived_ns() >= since_ns)
    }

    /// The time since the start.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
impl Recording {
    /// A run in which request `index` ended so, answered by that instance with that version and model.
    pub(crate) fn of(
        rate: u32,
        requests: u64,
        ended: impl Fn(u64) -> (crate::sample::Outcome, u64, [&'static str; 3]),
    ) -> Self {
        let rate = std::num::NonZeroU32::new(rate).unwrap();
        let schedule = Schedule::new(rate);
        let mut identities = crate::sample::Identities::default();
        let mut recording = Self::new(schedule, Instant::now());
        recording.started = Timestamp::UNIX_EPOCH;
        for index in 0..requests {
            let (outcome, latency_ns, [instance, version, model]) = ended(index);
            let date = format!("date of {model}");
            let all = (Some(version), Some(model), Some(date.as_str()), Some(instance));
            let identity = outcome.is_ok().then(|| identities.intern(all.0, all.1, all.2, all.3));
            recording.samples.push(Sample {
                intended_ns: schedule.intended_ns(index),
                lag_ns: 1_000,
                latency_ns,
                outcome,
                identity,
                queued: false,
            });
        }
        recording.identities = identities.all().to_vec();
        recording
    }
}
