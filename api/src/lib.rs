//! Serves recommendations from a Segue model over HTTP, and takes another model or goes away without
//! failing a request.
//!
//! [`Api`] is one instance: it takes its listeners, its model directory and its shutdown as arguments
//! and has no global state, so that any number of them run in one process. It never writes to the
//! model directory, and its admin socket is never reachable from the network.

mod access;
mod admin;
mod admission;
mod answer;
mod aside;
mod body;
mod config;
mod contract;
mod event;
mod exposition;
mod failure;
mod histogram;
mod lifecycle;
mod listener;
mod live_model;
mod metric;
mod model_info;
mod page;
mod plain;
mod question;
mod recommend;
mod route;
mod served;
mod server;
mod song;
mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use segue_control::Status;
use segue_model::{ModelId, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use warp::http::HeaderValue;

pub use config::{Config, Listen};
pub use listener::{Listener, UnixSocket};
pub use live_model::ReloadError;

use access::AccessLog;
use admission::Admission;
use body::Memory;
use lifecycle::Lifecycle;
use live_model::LiveModel;
use metric::Metrics;

/// One instance of the API. Clones are handles to the same instance.
#[derive(Clone)]
pub struct Api {
    shared: Arc<Shared>,
}

/// What requests share.
pub(crate) struct Shared {
    config: Config,
    /// Its instance's name, as every answer carries it.
    instance: HeaderValue,
    /// The answer of `/openapi.json`.
    contract: Bytes,
    live: LiveModel,
    lifecycle: Lifecycle,
    admission: Admission,
    metrics: Arc<Metrics>,
    access_log: AccessLog,
    /// A permit for each connection that may still be accepted.
    slots: Arc<Semaphore>,
    event_streams: AtomicUsize,
    /// As many threads answer requests.
    processors: usize,
    /// For the bodies of as many questions as may be under way.
    bodies: Memory,
    #[cfg(feature = "bench")]
    fixed_answer: Option<Bytes>,
}

impl Api {
    /// An instance that has not loaded a model yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let metrics = Arc::new(Metrics::default());
        let shared = Shared {
            instance: HeaderValue::from_str(&config.instance).expect("checked as a flag"),
            contract: contract::text(config.max_songs),
            live: LiveModel::new(Store::new(&config.models), metrics.clone()),
            lifecycle: Lifecycle::default(),
            admission: Admission::new(config.max_in_flight.get(), config.max_delay, processors),
            metrics,
            access_log: AccessLog::new(config.access_log),
            slots: Arc::new(Semaphore::new(config.max_connections.get())),
            event_streams: AtomicUsize::new(0),
            processors,
            bodies: Memory::new(config.max_body.saturating_mul(config.max_in_flight.get() as u64)),
            #[cfg(feature = "bench")]
            fixed_answer: config
                .fixed_answer
                .as_ref()
                .map(|path| std::fs::read(path).expect("a file that can be read").into()),
            config,
        };
        Self { shared: Arc::new(shared) }
    }

    /// Serves until `shutdown` is cancelled and, after that, until every request has been answered or
    /// the time for it is over. The current model is loaded meanwhile: requests that come before get
    /// 503.
    ///
    /// # Errors
    /// The server breaks down, which no request can bring about.
    pub async fn run(
        self,
        listener: impl Into<Listener>,
        admin: Option<UnixSocket>,
        shutdown: CancellationToken,
    ) -> anyhow::Result<()> {
        lifecycle::run(self.shared, listener.into(), admin, shutdown).await
    }

    /// Waits until a model is served.
    pub async fn ready(&self) {
        let mut changes = self.shared.live.changes();
        // The sender lives as long as this handle.
        let _ = changes.wait_for(Option::is_some).await;
    }

    /// Serves this model, or the one that `CURRENT` names where none is given.
    ///
    /// # Errors
    /// The model is refused; what was served before still is.
    pub async fn reload(&self, model: Option<ModelId>) -> Result<Status, ReloadError> {
        self.shared.live.reload(model).await?;
        Ok(self.status())
    }

    /// What this instance is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Shared {
    fn status(&self) -> Status {
        Status {
            version: segue_process::VERSION.to_owned(),
            instance: self.config.instance.clone(),
            ready: self.is_ready(),
            model: self.live.get().as_ref().map(|served| served.summary()),
        }
    }

    /// Whether requests are welcome: a model is served, and it is not going down.
    fn is_ready(&self) -> bool {
        self.live.get().is_some() && !self.lifecycle.is_stopping()
    }

    /// Open connections.
    fn connections(&self) -> usize {
        self.config.max_connections.get() - self.slots.available_permits()
    }
}
