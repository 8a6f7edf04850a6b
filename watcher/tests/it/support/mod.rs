//! A small world to watch: folders, an API, a dataset's server, and what was logged.

pub(crate) mod api;
#[cfg(feature = "kubernetes")]
pub(crate) mod cluster;
pub(crate) mod dataset_server;
pub(crate) mod log;

use std::fs;
use std::future::Future;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use segue_model::build::Builder;
use segue_model::{DatasetMetadata, Metadata, ModelId, Parameters, RuleCounts, Store};
use segue_watcher::{Backoff, Config, DatasetConfig, Remine, Request};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use log::Log;

/// What does not happen within this never does.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
/// A poll interval for tests in which events do the work, or in which nothing should.
pub(crate) const NEVER: Duration = Duration::from_secs(3600);
/// A poll interval for tests in which polls do the work.
pub(crate) const OFTEN: Duration = Duration::from_millis(10);

/// Waits for a condition.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let came = tokio::time::timeout(DEADLINE, waiting).await;
    assert!(came.is_ok(), "{what}: not within {DEADLINE:?}");
}

pub(crate) async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    let came = tokio::time::timeout(DEADLINE, future).await;
    came.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Folders, what was logged, and the watcher.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
    pub(crate) log: Log,
    pub(crate) config: Config,
    /// What the watcher asks for, where it has been started with [`World::watch`].
    pub(crate) requests: mpsc::Receiver<Request>,
    calls: mpsc::Sender<Request>,
    watchers: Vec<Watcher>,
    models_made: i64,
    versions_mounted: u32,
}

struct Watcher {
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl World {
    /// A world in which all is found by events, and failures are tried again soon.
    pub(crate) fn new() -> Self {
        let log = Log::capture();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("models"));
        fs::create_dir_all(store.directory()).unwrap();
        fs::create_dir(folder.path().join("config")).unwrap();
        let soon = Backoff::new(OFTEN, OFTEN * 4);
        let dataset = DatasetConfig::Folder(folder.path().join("config"));
        let config = Config {
            poll_models: NEVER,
            poll_dataset: NEVER,
            api_backoff: soon,
            look_backoff: soon,
            remine_backoff: soon,
            poll_job: OFTEN,
            ..Config::new(store.directory(), folder.path().join("api.sock"), dataset)
        };
        let (calls, requests) = mpsc::channel(1);
        Self {
            folder,
            store,
            log,
            config,
            requests,
            calls,
            watchers: Vec::new(),
            models_made: 0,
            versions_mounted: 0,
        }
    }

    /// A world in which all is found by polls.
    pub(crate) fn without_events() -> Self {
        let mut world = Self::new();
        world.config.poll_only = true;
        world.config.poll_models = OFTEN;
        world.config.poll_dataset = OFTEN;
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a watcher that calls for re-mining.
    pub(crate) fn watch(&mut self) {
        self.watch_with(Remine::Call(self.calls.clone()));
    }

    pub(crate) fn watch_with(&mut self, remine: Remine) {
        let shutdown = CancellationToken::new();
        let running = segue_watcher::run(self.config.clone(), remine, None, shutdown.clone());
        let task = tokio::spawn(async { running.await.unwrap() });
        self.watchers.push(Watcher { shutdown, task });
    }

    /// Stops the last watcher that was started.
    pub(crate) async fn stop(&mut self) {
        let Watcher { shutdown, task } = self.watchers.pop().unwrap();
        shutdown.cancel();
        in_time("stopping", task).await.unwrap();
    }

    /// Makes another small model, and publishes it without promoting it.
    pub(crate) fn publish(&mut self, dataset: DatasetMetadata) -> ModelId {
        self.models_made += 1;
        let mut builder = Builder::default();
        builder.add_artist("The Beatles").unwrap();
        builder.add_track("Yesterday", 0, "spotify:track:a", 2).unwrap();
        builder.add_track("Help!", 0, "spotify:track:b", 1).unwrap();
        builder.add_transaction(&[0, 1]).unwrap();
        builder.add_transaction(&[0]).unwrap();
        let metadata = Metadata {
            model_date: Timestamp::from_second(self.models_made).unwrap(),
            miner_version: "test".to_owned(),
            dataset,
            transactions: 2,
            items: 2,
            artists: 1,
            occurrences: 3,
            itemsets: vec![2, 1],
            associations: 0,
            evaluation: None,
            comparison: None,
            rules: RuleCounts::default(),
            parameters: Parameters {
                min_support: 1,
                min_confidence: 0.1,
                max_length: 3,
                implicit_support: 10,
                rules_per_antecedent: 10,
            },
        };
        let bytes = builder.finish(metadata).unwrap();
        self.store.publish(&bytes).unwrap().model
    }

    pub(crate) fn promote(&self, model: ModelId) {
        self.store.promote(model, Timestamp::now()).unwrap();
    }

    /// Makes a model of a dataset the current one.
    pub(crate) fn publish_current(&mut self, dataset: DatasetMetadata) -> ModelId {
        let model = self.publish(dataset);
        self.promote(model);
        model
    }

    /// Configures the dataset as a cluster does: as links through `..data` to a version of its own.
    pub(crate) fn mount(&mut self, settings: &[(&str, &str)]) {
        self.versions_mounted += 1;
        let mount = self.path("config");
        let version = format!("..version_{}", self.versions_mounted);
        fs::create_dir(mount.join(&version)).unwrap();
        for (name, value) in settings {
            fs::write(mount.join(&version).join(name), value).unwrap();
            let link = mount.join(name);
            if link.symlink_metadata().is_err() {
                symlink(Path::new("..data").join(name), link).unwrap();
            }
        }
        symlink(&version, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    }

    /// Puts a file in place in one go, as something that was not changed just now.
    pub(crate) fn put(&self, name: &str, content: &[u8]) {
        let temporary = self.path("put.tmp");
        fs::write(&temporary, content).unwrap();
        let earlier = std::time::SystemTime::now() - Duration::from_secs(60);
        fs::File::options().write(true).open(&temporary).unwrap().set_modified(earlier).unwrap();
        fs::rename(temporary, self.path(name)).unwrap();
    }

    pub(crate) async fn order(&mut self) -> Request {
        in_time("an order to mine", self.requests.recv()).await.unwrap()
    }
}

/// What a model says it was made from.
pub(crate) fn made_from(id: &str, url: &str, content: &[u8]) -> DatasetMetadata {
    let (id, url, sha256) = (id.to_owned(), url.to_owned(), sha256(content));
    DatasetMetadata { id, url, sha256, bytes: content.len() as u64, ..DatasetMetadata::default() }
}
