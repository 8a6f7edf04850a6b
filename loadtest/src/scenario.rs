//! An update under load: the load runs from before to after, the change is made as a person makes it, and
//! all of it goes on until users see the change and nothing else happens any more.

use std::time::Duration;

use anyhow::{Context, ensure};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::load::{Batch, Load, Plan};
use crate::recording::Recording;
use crate::report::live::Live;
use crate::report::unit::moment;
use change::{Cue, Goal, Known};
use cue::Trigger;

pub mod change;
pub mod cue;
pub mod edit;
mod yaml;

/// An update to be measured.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What sets it off.
    pub trigger: Trigger,
    /// What is to be seen of it.
    pub goal: Goal,
    /// How long the load runs before.
    pub before: Duration,
    /// How long after the cue the goal may take.
    pub deadline: Duration,
    /// What no answer names for this long is gone; and as long must nothing else happen in the end.
    pub settle: Duration,
}

/// Measures an update: its recording, and what was done when.
///
/// # Errors
/// The load could not be run, the service did not answer before the change, or the change could not be
/// made.
pub async fn measure(
    scenario: &Scenario,
    plan: Plan,
    stop: CancellationToken,
) -> anyhow::Result<(Recording, Cue)> {
    let schedule = plan.schedule;
    let mut load = Load::start(plan).context("failed to start the load")?;
    let mut watch = Watch {
        scenario,
        recording: Recording::new(schedule, load.started()),
        live: Live::new(None),
        step: Step::Before,
    };
    let outcome = watch.follow(&mut load, &stop).await;
    load.stop();
    while let Some(batch) = load.next().await {
        watch.take(batch);
    }
    watch.live.end();
    let cue = outcome?;
    let usage = load.finish().context("the load failed")?;
    Ok((watch.recording.end(usage), cue))
}

/// Where an update stands.
enum Step {
    /// The load runs, nothing has been done.
    Before,
    /// The change is being made.
    Making(Cue, JoinHandle<anyhow::Result<()>>),
    /// It has been made and is to become visible; since when it has been, unless it is not.
    Made { cue: Cue, known: Known, visible_since_ns: Option<u64> },
}

struct Watch<'a> {
    scenario: &'a Scenario,
    recording: Recording,
    live: Live,
    step: Step,
}

impl Watch<'_> {
    /// Goes through the steps until the change is visible and all is quiet, the deadline is over, or
    /// somebody stops it.
    async fn follow(&mut self, load: &mut Load, stop: &CancellationToken) -> anyhow::Result<Cue> {
        loop {
            tokio::select! {
                batch = load.next() => match batch {
                    Some(batch) => self.take(batch),
                    None => break,
                },
                () = stop.cancelled() => break,
            }
            if self.go_on().await? {
                break;
            }
        }
        match &self.step {
            Step::Before => anyhow::bail!("stopped before the change was made"),
            Step::Making(cue, _) => {
                let done_ns = self.recording.now_ns();
                Ok(Cue { done_ns, ..cue.clone() })
            }
            Step::Made { cue, .. } => Ok(cue.clone()),
        }
    }

    fn take(&mut self, batch: Batch) {
        let (pending, connections) = (batch.pending, batch.connections);
        self.recording.add(batch);
        self.live.show(&self.recording, pending, connections);
    }

    /// Takes the next step if it is time to; whether it was the last.
    async fn go_on(&mut self) -> anyhow::Result<bool> {
        let now_ns = self.recording.now_ns();
        match &mut self.step {
            Step::Before => {
                if now_ns >= ns(self.scenario.before) {
                    self.begin(now_ns)?;
                }
                Ok(false)
            }
            Step::Making(cue, making) => {
                if !making.is_finished() {
                    return Ok(now_ns > cue.begun_ns + ns(self.scenario.deadline));
                }
                making.await.context("the change's task ended")??;
                let cue = Cue { done_ns: now_ns, ..cue.clone() };
                self.live.say(&format!("{} the change is made", moment(now_ns)));
                let recording = &self.recording;
                let known = Known::before(&recording.samples, &recording.identities, cue.begun_ns);
                self.step = Step::Made { cue, known, visible_since_ns: None };
                Ok(false)
            }
            Step::Made { .. } => Ok(self.is_over(now_ns)),
        }
    }

    fn begin(&mut self, now_ns: u64) -> anyhow::Result<()> {
        ensure!(
            self.recording.samples.iter().any(|sample| sample.outcome.is_ok()),
            "the service gave no good answer before the change, which was therefore not made"
        );
        let trigger = self.scenario.trigger.clone();
        let cue = Cue {
            description: trigger.description(),
            goal: self.scenario.goal.clone(),
            begun_ns: now_ns,
            done_ns: now_ns,
        };
        self.live.say(&format!("{} making the change: {}", moment(now_ns), cue.description));
        self.step = Step::Making(cue, tokio::spawn(trigger.pull()));
        Ok(())
    }

    /// Whether the goal has been reached, and nothing else has happened, for long enough; or never will.
    fn is_over(&mut self, now_ns: u64) -> bool {
        let settle_ns = ns(self.scenario.settle);
        let reached = self.is_reached(now_ns.saturating_sub(settle_ns));
        let Step::Made { cue, visible_since_ns, .. } = &mut self.step else {
            return false;
        };
        *visible_since_ns = visible_since_ns.filter(|_| reached).or(reached.then_some(now_ns));
        visible_since_ns.is_some_and(|since| now_ns - since >= settle_ns)
            || now_ns > cue.begun_ns + ns(self.scenario.deadline)
    }

    /// Whether the goal shows in what ended since then, and nothing failed.
    fn is_reached(&self, since_ns: u64) -> bool {
        let Step::Made { known, .. } = &self.step else {
            return false;
        };
        let mut lately: Vec<_> = Vec::new();
        for sample in self.recording.ended_since(since_ns) {
            if !sample.outcome.is_ok() {
                return false;
            }
            lately.extend(sample.identity);
        }
        lately.sort_unstable();
        lately.dedup();
        let identities = lately.iter().map(|id| &self.recording.identities[id.index()]);
        self.scenario.goal.is_reached(known, identities)
    }
}

fn ns(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
