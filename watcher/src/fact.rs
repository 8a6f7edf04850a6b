//! What the watcher knows, as figures for `/metrics`: the one place where they are named.
//!
//! Not here: serving them (see `metrics_server`).

use std::sync::atomic::AtomicU64;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Seconds since 1970, with a fraction.
type Time = Gauge<f64, AtomicU64>;

/// The figures; clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) api_up: Gauge,
    pub(crate) model_out_of_step: Gauge,
    reloads: Family<Outcome, Counter>,
    last_reload: Time,
    pub(crate) dataset_drift: Gauge,
    pub(crate) dataset_mismatch: Gauge,
    looks: Family<Outcome, Counter>,
    last_look: Time,
    remines: Family<Outcome, Counter>,
    pub(crate) remine_given_up: Gauge,
}

/// How something ended: the one label there is.
type Outcome = [(&'static str, &'static str); 1];

/// How asking the API to serve a model ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reload {
    Served,
    Refused,
    Failed,
}

/// How a look at the dataset ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Looked {
    /// Told to be the same without reading it.
    Unchanged,
    /// Read, as it may have changed.
    Read,
    Failed,
}

/// How asking for re-mining ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Remined {
    /// A try began: a command, a call, or a Job that was not there before.
    Started,
    Done,
    /// A try failed, and there will be another.
    Failed,
    /// All tries of a Job failed, or the dataset was refused.
    GivenUp,
}

impl Reload {
    fn label(self) -> Outcome {
        let outcome = match self {
            Self::Served => "served",
            Self::Refused => "refused",
            Self::Failed => "failed",
        };
        [("outcome", outcome)]
    }
}

impl Looked {
    fn label(self) -> Outcome {
        let outcome = match self {
            Self::Unchanged => "unchanged",
            Self::Read => "read",
            Self::Failed => "failed",
        };
        [("outcome", outcome)]
    }
}

impl Remined {
    fn label(self) -> Outcome {
        let outcome = match self {
            Self::Started => "started",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
        };
        [("outcome", outcome)]
    }
}

impl Facts {
    /// The figures, and the registry that lists them.
    pub(crate) fn new() -> (Self, Registry) {
        let facts = Self::default();
        // Series that are there from the start can be subtracted from.
        for outcome in [Reload::Served, Reload::Refused, Reload::Failed] {
            facts.reloads.get_or_create(&outcome.label()).inc_by(0);
        }
        for outcome in [Looked::Unchanged, Looked::Read, Looked::Failed] {
            facts.looks.get_or_create(&outcome.label()).inc_by(0);
        }
        let remines = [Remined::Started, Remined::Done, Remined::Failed, Remined::GivenUp];
        for outcome in remines {
            facts.remines.get_or_create(&outcome.label()).inc_by(0);
        }
        let registry = facts.register();
        (facts, registry)
    }

    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("segue_watcher");
        let up = "Whether the API answered when last asked";
        all.register("api_up", up, self.api_up.clone());
        let step = "Whether the API serves another model than CURRENT names";
        all.register("model_out_of_step", step, self.model_out_of_step.clone());
        let reloads = "Models that the API was asked to serve, by how it ended";
        all.register("reloads", reloads, self.reloads.clone());
        let last = "When the API last took a model, in seconds since 1970";
        all.register("last_reload_timestamp_seconds", last, self.last_reload.clone());
        let drift = "Whether the served model was made from another dataset than there is now";
        all.register("dataset_drift", drift, self.dataset_drift.clone());
        let mismatch = "Whether the dataset has another digest than DATASET_SHA256";
        all.register("dataset_digest_mismatch", mismatch, self.dataset_mismatch.clone());
        let looks = "Looks at the dataset, by outcome";
        all.register("dataset_looks", looks, self.looks.clone());
        let last = "When the dataset was last seen, in seconds since 1970";
        all.register("dataset_last_look_timestamp_seconds", last, self.last_look.clone());
        let remines = "Re-mining, by what became of it";
        all.register("remines", remines, self.remines.clone());
        let given_up = "Whether re-mining of the present dataset has failed for good";
        all.register("remine_given_up", given_up, self.remine_given_up.clone());
        all
    }

    pub(crate) fn reloaded(&self, outcome: Reload) {
        self.reloads.get_or_create(&outcome.label()).inc();
        if outcome == Reload::Served {
            self.last_reload.set(now());
        }
    }

    pub(crate) fn looked(&self, outcome: Looked) {
        self.looks.get_or_create(&outcome.label()).inc();
        if outcome != Looked::Failed {
            self.last_look.set(now());
        }
    }

    /// A dataset that has yet to be looked at.
    pub(crate) fn dataset_configured(&self) {
        if self.last_look.get().is_nan() {
            self.last_look.set(0.0);
        }
    }

    /// Without a dataset nothing is wrong with it, and no look is long ago.
    pub(crate) fn no_dataset(&self) {
        self.last_look.set(f64::NAN);
        for wrong in [&self.dataset_drift, &self.dataset_mismatch, &self.remine_given_up] {
            wrong.set(0);
        }
    }

    pub(crate) fn remined(&self, outcome: Remined) {
        self.remines.get_or_create(&outcome.label()).inc();
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
