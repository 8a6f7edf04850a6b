//! Keeps the API serving the model that `CURRENT` names.
//!
//! Each round compares what is served with what should be, so it does not matter who moved the pointer,
//! who told the API what, or which of the two was restarted. What the API will not serve stays refused
//! until the pointer moves or the API restarts: asking again could change nothing. What it can't read is
//! asked for again and again.
//!
//! Not here: what a model is made from (see `dataset_loop`); it is told what is served.

use std::convert::Infallible;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use segue_control::{Client, ClientError, ServedModel, Status};
use segue_model::{ModelId, Store};
use segue_process::log::{self, with_causes};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::backoff::Retry;
use crate::config::Config;
use crate::fact::{Facts, Reload};
use crate::outage::Outage;
use crate::watch::{Interest, Watch};

/// A status is a few hundred bytes from memory: an API that takes longer is in trouble.
const STATUS_LIMIT: Duration = Duration::from_secs(5);
/// The API reads and checks the model before it answers: gigabytes, from a network volume.
const RELOAD_LIMIT: Duration = Duration::from_secs(300);
/// A rename is one change, so there is nothing to wait for.
const QUIET: Duration = Duration::ZERO;

/// What the API serves while it serves what it should, or the nearest to it that it can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Nothing where there is no model that can be served.
    pub(crate) model: Option<ServedModel>,
}

pub(crate) struct ModelLoop<'a> {
    config: &'a Config,
    store: Store,
    facts: &'a Facts,
    settled: watch::Sender<Option<Settled>>,
    watch: Watch,
    asking: Retry,
    reloading: Retry,
    api: Outage,
    pointer: Outage,
    /// What was served at the last look, once there was one.
    seen: Option<Option<ServedModel>>,
    refused: Option<Refused>,
    /// The model that the API last could not read.
    unreadable: Option<ModelId>,
}

/// A model that the API refused, and the API that did.
#[derive(Debug, PartialEq, Eq)]
struct Refused {
    model: ModelId,
    api: Option<Incarnation>,
}

/// The socket as a file: an API that restarts makes another. A number may be used again, a time is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Incarnation {
    inode: u64,
    changed: (i64, i64),
}

impl Incarnation {
    fn of(socket: &Path) -> Option<Self> {
        let metadata = socket.metadata().ok()?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Some(Self { inode: metadata.ino(), changed })
    }
}

impl<'a> ModelLoop<'a> {
    pub(crate) fn new(
        config: &'a Config,
        facts: &'a Facts,
        settled: watch::Sender<Option<Settled>>,
    ) -> Self {
        Self {
            config,
            store: Store::new(&config.models),
            facts,
            settled,
            watch: Watch::new(config.poll_only),
            asking: Retry::new(config.api_backoff),
            reloading: Retry::new(config.api_backoff),
            api: Outage::default(),
            pointer: Outage::default(),
            seen: None,
            refused: None,
            unreadable: None,
        }
    }

    pub(crate) async fn run(mut self) -> Infallible {
        loop {
            let pause = self.round().await;
            // Either is a reason to look; nothing depends on which it was.
            let _ = timeout(pause, self.watch.changed(QUIET)).await;
        }
    }

    /// Compares and mends once; gives the time until the next round.
    async fn round(&mut self) -> Duration {
        let (pointer, socket) = (self.store.pointer(), &self.config.admin_socket);
        self.watch.arm(&[Interest::File(&pointer), Interest::File(socket)]);
        let Some(current) = self.current().await else { return self.config.poll_models };
        let api = Incarnation::of(&self.config.admin_socket);
        let client = Client::new(&self.config.admin_socket, STATUS_LIMIT);
        let status = match client.status().await {
            Ok(status) => status,
            Err(error) => return self.away(&error),
        };
        self.answers(status, current);
        let serving = self.serving();
        let Some(wanted) = current.filter(|wanted| serving != Some(wanted.to_string())) else {
            self.in_step(current.is_some());
            return self.config.poll_models;
        };
        self.facts.model_out_of_step.set(1);
        let refused = Refused { model: wanted, api };
        if self.refused.as_ref() == Some(&refused) {
            self.settle();
            return self.config.poll_models;
        }
        if self.unreadable != Some(wanted) {
            self.settled.send_replace(None);
        }
        self.reload(refused).await
    }

    /// The model that should be served; nothing where that can't be told.
    async fn current(&mut self) -> Option<Option<ModelId>> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || store.current()).await;
        match read.expect("reading the pointer does not panic") {
            Ok(current) => {
                if let Some(outage) = self.pointer.end() {
                    let after_seconds = log::seconds(outage);
                    tracing::info!(after_seconds, "CURRENT can be read again");
                }
                Some(current)
            }
            Err(error) => {
                if self.pointer.begin() {
                    let error = with_causes(&error);
                    let again_in_seconds = log::seconds(self.config.poll_models);
                    tracing::error!(error, again_in_seconds, "CURRENT can't be read");
                }
                None
            }
        }
    }

    fn away(&mut self, error: &ClientError) -> Duration {
        let pause = self.asking.pause();
        let first = self.api.begin();
        let again_in_seconds = log::seconds(pause);
        let error = with_causes(error);
        match (first, &self.seen) {
            // A sidecar starts before what it stands beside.
            (true, None) => tracing::info!(error, again_in_seconds, "waiting for the API"),
            (true, Some(_)) => tracing::warn!(error, again_in_seconds, "the API does not answer"),
            (false, _) => tracing::debug!(error, again_in_seconds, "the API still does not answer"),
        }
        self.facts.api_up.set(0);
        self.settled.send_replace(None);
        pause
    }

    /// Takes note of what is served, and tells where that is news.
    fn answers(&mut self, status: Status, current: Option<ModelId>) {
        self.facts.api_up.set(1);
        self.asking.reset();
        let away = self.api.end();
        let before = self.seen.replace(status.model);
        let serving = self.serving();
        match (before, away) {
            (None, _) => {
                let (model, current) = (shown(serving), shown(current));
                let version = status.version;
                tracing::info!(model, current, version, "found the API");
            }
            (Some(_), Some(away)) => {
                let after_seconds = log::seconds(away);
                let (model, version) = (shown(serving), status.version);
                tracing::info!(model, version, after_seconds, "the API answers again");
            }
            (Some(before), None) if before.as_ref().map(|model| &model.id) != serving.as_ref() => {
                let (from, to) = (shown(before.map(|model| model.id)), shown(serving));
                tracing::info!(from, to, "the API serves another model, not by this watcher");
            }
            (Some(_), None) => {}
        }
    }

    fn in_step(&mut self, published: bool) {
        let news = self.settled.borrow().is_none();
        self.refused = None;
        self.unreadable = None;
        self.reloading.reset();
        self.facts.model_out_of_step.set(0);
        if news && !published {
            let models = self.store.directory().display().to_string();
            tracing::info!(models, "no model has been published yet");
        }
        self.settle();
    }

    async fn reload(&mut self, refused: Refused) -> Duration {
        let model = refused.model;
        let started = Instant::now();
        let client = Client::new(&self.config.admin_socket, RELOAD_LIMIT);
        let answer = client.reload(&model.to_string()).await;
        let seconds = log::seconds(started.elapsed());
        let from = shown(self.serving());
        match answer {
            Ok(status) if serves(&status, model) => {
                self.facts.reloaded(Reload::Served);
                self.seen = Some(status.model);
                tracing::info!(from, to = %model, seconds, "the API serves a new model");
                self.in_step(true);
                self.config.poll_models
            }
            Err(ClientError::Refused { reason }) => {
                self.facts.reloaded(Reload::Refused);
                tracing::error!(
                    %model,
                    serving = from,
                    reason,
                    "the API refuses a model; not asked again before CURRENT moves or the API restarts"
                );
                self.refused = Some(refused);
                self.unreadable = None;
                self.settle();
                self.config.poll_models
            }
            Err(ClientError::Unavailable { reason }) => self.unreadable(model, &reason),
            Ok(status) => {
                let served = shown(status.model.map(|model| model.id));
                self.failed(model, &format!("it answers that it serves {served}"))
            }
            Err(error) => self.failed(model, &with_causes(&error)),
        }
    }

    /// A volume on the network may have such moments; but where it lasts, what is served is what there is to go
    /// by.
    fn unreadable(&mut self, model: ModelId, reason: &str) -> Duration {
        self.facts.reloaded(Reload::Failed);
        let pause = self.reloading.pause();
        let again_in_seconds = log::seconds(pause);
        let serving = shown(self.serving());
        if self.unreadable.replace(model) == Some(model) {
            tracing::debug!(%model, serving, reason, again_in_seconds, "the API still can't read a model");
        } else {
            tracing::warn!(%model, serving, reason, again_in_seconds, "the API can't read a model");
        }
        self.settle();
        pause
    }

    fn failed(&mut self, model: ModelId, error: &str) -> Duration {
        self.facts.reloaded(Reload::Failed);
        let pause = self.reloading.pause();
        let again_in_seconds = log::seconds(pause);
        tracing::warn!(%model, error, again_in_seconds, "the API did not take a model");
        pause
    }

    /// The id of what was served at the last look.
    fn serving(&self) -> Option<String> {
        Some(self.seen.as_ref()?.as_ref()?.id.clone())
    }

    fn settle(&self) {
        let settled = self.seen.clone().map(|model| Settled { model });
        self.settled.send_if_modified(|before| {
            let changed = *before != settled;
            *before = settled;
            changed
        });
    }
}

fn serves(status: &Status, model: ModelId) -> bool {
    status.model.as_ref().is_some_and(|served| served.id == model.to_string())
}

/// An id in a log line.
fn shown(id: Option<impl ToString>) -> String {
    id.map_or_else(|| "none".to_owned(), |id| id.to_string())
}
