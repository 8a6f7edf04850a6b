//! Has a new model made when the dataset is another than the served model's.
//!
//! Each round compares the dataset there is (its configuration, and the digest of what is behind its
//! URL) with the provenance of the model that is served. A difference is acted on once for each content;
//! it is over when a model of that content is served. While the API does not answer, or is about to
//! serve another model, nothing is known to differ and nothing is done.
//!
//! Not here: what is done (see `remine`), and how a dataset is looked at (see `source`).

use std::convert::Infallible;
use std::time::Duration;

use segue_control::ServedModel;
use segue_model::Store;
use segue_process::log::{self, with_causes};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Retry;
use crate::change::{Change, Stage, Wanted, Why};
use crate::config::Config;
use crate::dataset::{Dataset, DatasetConfig};
use crate::error::WatcherError;
use crate::fact::{Facts, Looked};
use crate::model_loop::Settled;
use crate::outage::Outage;
use crate::remine::Remine;
use crate::source::{Content, Looker, SETTLED, Source};
use crate::watch::{Interest, Watch};

/// Files of a configuration that is not swapped as a whole are written one after the other: it counts
/// once it has been the same for so long.
const QUIET: Duration = Duration::from_millis(100);
/// Replicas that started together don't ask the dataset's server together: a poll comes up to this
/// share of its interval sooner.
const POLL_JITTER: f64 = 0.1;

pub(crate) struct DatasetLoop<'a> {
    config: &'a Config,
    facts: &'a Facts,
    remine: Remine,
    settled: watch::Receiver<Option<Settled>>,
    looker: Looker,
    watch: Watch,
    /// What was configured at the last round.
    dataset: Option<Dataset>,
    unconfigured: Outage,
    /// What is wrong with the configuration.
    misconfigured: Option<String>,
    /// What the dataset held at the last look.
    content: Option<Content>,
    next_look: Instant,
    looking: Retry,
    unreadable: Outage,
    /// The prescribed digest, and the one that was found instead.
    mismatch: Option<[String; 2]>,
    /// What the served model was last seen to be made from.
    served: Option<Wanted>,
    change: Option<Change>,
}

impl<'a> DatasetLoop<'a> {
    pub(crate) fn new(
        config: &'a Config,
        facts: &'a Facts,
        remine: Remine,
        settled: watch::Receiver<Option<Settled>>,
    ) -> Result<Self, WatcherError> {
        Ok(Self {
            config,
            facts,
            remine,
            settled,
            looker: Looker::new(config.bounds)?,
            watch: Watch::new(config.poll_only),
            dataset: None,
            unconfigured: Outage::default(),
            misconfigured: None,
            content: None,
            next_look: Instant::now(),
            looking: Retry::new(config.look_backoff),
            unreadable: Outage::default(),
            mismatch: None,
            served: None,
            change: None,
        })
    }

    pub(crate) async fn run(mut self) -> Infallible {
        loop {
            let next = self.round().await;
            // The configuration is as cheap to look at as the pointer to the current model.
            let next_config = Instant::now() + self.config.poll_models;
            tokio::select! {
                () = sleep_until(next.min(next_config)) => {}
                Ok(()) = self.settled.changed() => {}
                () = self.watch.changed(QUIET) => {
                    if matches!(&self.dataset, Some(Dataset { source: Source::Path(_), .. })) {
                        self.next_look = Instant::now();
                    }
                }
            }
        }
    }

    /// Looks, compares and acts, each where it is time to; gives the time of the next round.
    async fn round(&mut self) -> Instant {
        self.arm();
        let next_poll = Instant::now() + self.config.poll_dataset;
        if !self.configured().await {
            return next_poll;
        }
        let Some(settled) = self.settled.borrow_and_update().clone() else { return next_poll };
        let Some(dataset) = self.dataset.clone() else { return next_poll };
        if self.next_look <= Instant::now() {
            self.look(&dataset, settled.model.as_ref()).await;
        }
        let Some(content) = &self.content else { return self.next_look };
        let sha256 = content.sha256.clone();
        let due = self.compare(&dataset, &sha256, settled.model.as_ref()).await;
        due.map_or(self.next_look, |due| due.min(self.next_look))
    }

    fn arm(&mut self) {
        let mut interests = Vec::new();
        if let DatasetConfig::Folder(folder) = &self.config.dataset {
            interests.push(Interest::Folder(folder));
        }
        if let Some(Dataset { source: Source::Path(path), .. }) = &self.dataset {
            interests.push(Interest::File(path));
            if path.is_dir() {
                interests.push(Interest::Folder(path));
            }
        }
        self.watch.arm(&interests);
    }

    /// Takes note of the configuration; false where there is none to go by.
    async fn configured(&mut self) -> bool {
        let read = match read(&self.config.dataset).await {
            Ok(read) if read == self.dataset => Ok(read),
            Ok(mut before) => loop {
                sleep(QUIET).await;
                match read(&self.config.dataset).await {
                    Ok(again) if again == before => break Ok(again),
                    Ok(again) => before = again,
                    Err(error) => break Err(error),
                }
            },
            Err(error) => Err(error),
        };
        match read {
            Ok(Some(dataset)) => {
                self.misconfigured = None;
                self.unconfigured.end();
                self.take(dataset);
                return true;
            }
            Ok(None) => {
                self.misconfigured = None;
                self.dataset = None;
                self.change = None;
                self.facts.no_dataset();
                if self.unconfigured.begin() {
                    tracing::info!("no dataset is configured: DATASET_URL is missing or empty");
                }
            }
            Err(error) => {
                let error = with_causes(&error);
                if self.misconfigured.as_ref() != Some(&error) {
                    let again_in_seconds = log::seconds(self.config.poll_models);
                    tracing::error!(
                        error,
                        again_in_seconds,
                        "the dataset's configuration is wrong"
                    );
                    self.misconfigured = Some(error);
                }
            }
        }
        false
    }

    fn take(&mut self, dataset: Dataset) {
        if self.dataset.as_ref() == Some(&dataset) {
            return;
        }
        let Dataset { id, source, sha256, .. } = &dataset;
        tracing::info!(id, url = %source, sha256, "watching a dataset");
        if self.dataset.as_ref().is_none_or(|before| before.source != dataset.source) {
            self.content = None;
            self.unreadable.end();
        }
        self.looking.reset();
        self.next_look = Instant::now();
        self.facts.dataset_configured();
        self.dataset = Some(dataset);
        // Events from now on; what changed before is seen by the look that is due.
        self.arm();
    }

    async fn look(&mut self, dataset: &Dataset, served: Option<&ServedModel>) {
        let known = self.content.clone();
        let known = known.or_else(|| Content::of_model(&dataset.source, &served?.dataset));
        let started = Instant::now();
        let looked = tokio::select! {
            looked = self.looker.look(&dataset.source, known.as_ref()) => looked,
            () = superseded(self.config, dataset) => return,
        };
        let seconds = log::seconds(started.elapsed());
        let url = &dataset.source;
        self.next_look = Instant::now()
            + match looked {
                Ok(look) => {
                    self.facts.looked(if look.read { Looked::Read } else { Looked::Unchanged });
                    self.looking.reset();
                    if let Some(outage) = self.unreadable.end() {
                        let after_seconds = log::seconds(outage);
                        tracing::info!(%url, after_seconds, "the dataset can be read again");
                    }
                    tracing::debug!(%url, read = look.read, seconds, "looked at the dataset");
                    self.content = Some(look.content);
                    self.config.poll_dataset.mul_f64(1.0 - POLL_JITTER * fastrand::f64())
                }
                Err(error @ WatcherError::Unsettled { .. }) => {
                    tracing::debug!(error = with_causes(&error), "the dataset is not settled");
                    SETTLED
                }
                Err(error) => {
                    self.facts.looked(Looked::Failed);
                    let pause = self.looking.pause();
                    let again_in_seconds = log::seconds(pause);
                    let error = with_causes(&error);
                    if self.unreadable.begin() {
                        tracing::warn!(error, again_in_seconds, "the dataset can't be read");
                    } else {
                        tracing::debug!(error, again_in_seconds, "the dataset still can't be read");
                    }
                    pause
                }
            };
    }

    /// Compares what there is with what is served, and acts on a difference where it is time to; gives
    /// the time when it will be.
    async fn compare(
        &mut self,
        dataset: &Dataset,
        sha256: &str,
        served: Option<&ServedModel>,
    ) -> Option<Instant> {
        let prescribed = dataset.sha256.as_deref();
        let wanted = Wanted::new(dataset, prescribed.unwrap_or(sha256));
        let why = wanted.differs(served, prescribed.is_some());
        self.facts.dataset_drift.set(i64::from(why.is_some()));
        if !self.has_prescribed_digest(prescribed, sha256) {
            self.change = None;
            self.facts.remine_given_up.set(0);
            return None;
        }
        let Some(why) = why else {
            self.in_step(wanted, served);
            return None;
        };
        // Without any model there is nothing that someone went back to.
        let begun = self.change.as_ref().is_some_and(|change| {
            change.wanted == wanted && (change.stage != Stage::RolledBack || served.is_some())
        });
        if !begun {
            let went_back = match served {
                Some(served) if self.served.as_ref() == Some(&wanted) => {
                    self.went_back(served).await
                }
                _ => false,
            };
            self.begin(wanted, why, served, went_back);
        }
        let change = self.change.as_mut()?;
        let due = tokio::select! {
            due = change.act(&self.remine, self.config, self.facts) => due,
            () = superseded(self.config, dataset) => return Some(Instant::now()),
        };
        self.facts.remine_given_up.set(i64::from(change.stage.is_given_up()));
        due
    }

    fn has_prescribed_digest(&mut self, prescribed: Option<&str>, found: &str) -> bool {
        let Some(expected) = prescribed.filter(|&expected| expected != found) else {
            self.facts.dataset_mismatch.set(0);
            if self.mismatch.take().is_some() {
                tracing::info!(sha256 = found, "the dataset has the digest it must have");
            }
            return true;
        };
        self.facts.dataset_mismatch.set(1);
        let mismatch = [expected, found].map(str::to_owned);
        if self.mismatch.as_ref() != Some(&mismatch) {
            tracing::error!(
                expected,
                found,
                "the dataset does not have the digest that DATASET_SHA256 says: it will not be mined"
            );
            self.mismatch = Some(mismatch);
        }
        false
    }

    fn in_step(&mut self, wanted: Wanted, served: Option<&ServedModel>) {
        let model = served.map(|model| &model.id);
        let sha256 = &wanted.order.sha256;
        match self.change.take() {
            Some(change) if change.wanted == wanted => {
                let after_seconds = log::seconds(change.found.elapsed());
                tracing::info!(model, sha256, after_seconds, "a model of the dataset is served");
            }
            Some(_) => {
                tracing::info!(model, sha256, "the dataset is again that of the model served");
            }
            None if self.served.as_ref() != Some(&wanted) => {
                tracing::info!(model, sha256, "the model served is of this dataset");
            }
            None => {}
        }
        self.facts.remine_given_up.set(0);
        self.served = Some(wanted);
    }

    /// Whether the model that is served has been gone back to: it was promoted before. One that was not is
    /// of a miner that took longer than the dataset it mined was configured, or what the API fell back to from
    /// a current model that is damaged: mining mends both.
    async fn went_back(&self, served: &ServedModel) -> bool {
        let (store, id) = (Store::new(&self.config.models), served.id.clone());
        let history = tokio::task::spawn_blocking(move || store.history()).await;
        match history.expect("reading the history does not panic") {
            Ok(history) => {
                history.iter().filter(|promotion| promotion.model.to_string() == id).count() > 1
            }
            // Whoever has taken pains to go back must not lose that to a file that can't be read.
            Err(_) => true,
        }
    }

    fn begin(&mut self, wanted: Wanted, why: Why, served: Option<&ServedModel>, went_back: bool) {
        let model = served.map(|model| &model.id);
        let from_id = served.map(|model| &model.dataset.id);
        let from_sha256 = served.map(|model| &model.dataset.sha256);
        let sha256 = &wanted.order.sha256;
        let stage = if went_back {
            tracing::info!(
                model,
                sha256,
                "a model of another dataset took its place: left alone until the dataset changes"
            );
            Stage::RolledBack
        } else {
            let wait = match why {
                Why::NoModel | Why::Configuration => self.config.grace,
                Why::Content => Duration::ZERO,
            };
            let in_seconds = log::seconds(wait);
            tracing::info!(
                why = why.name(),
                model,
                from_id,
                id = wanted.order.id,
                from_sha256,
                sha256,
                action = self.remine.name(),
                in_seconds,
                "the dataset is another than the model served was made from"
            );
            // What was served before is gone back to by changing the dataset, too.
            self.served = None;
            Stage::Due(Instant::now() + wait)
        };
        let replaces = model.cloned();
        self.change = Some(Change::new(wanted, replaces, stage, self.config.remine_backoff));
    }
}

async fn read(config: &DatasetConfig) -> Result<Option<Dataset>, WatcherError> {
    let config = config.clone();
    let read = tokio::task::spawn_blocking(move || config.read()).await;
    read.expect("reading the configuration does not panic")
}

/// Waits until another dataset is configured: whoever corrects a URL must not wait for a look or a
/// command that hangs because of the wrong one.
async fn superseded(config: &Config, dataset: &Dataset) {
    loop {
        sleep(config.poll_models).await;
        if let Ok(now) = read(&config.dataset).await
            && now.as_ref() != Some(dataset)
        {
            return;
        }
    }
}
