//! The sidecar that keeps an API in step with its model directory, and the models in step with their
//! dataset: two level-triggered loops that compare what is with what should be.
//!
//! It reads the model directory and the dataset and asks for changes: of the API over its admin socket,
//! of a miner by one of the actions in [`Remine`]. It writes neither, and serves nobody but Prometheus.
//! Nothing here is global, so a process may run several.

mod backoff;
mod change;
mod config;
mod dataset;
mod dataset_loop;
mod error;
mod fact;
mod metrics_server;
mod model_loop;
mod outage;
mod remine;
mod source;
mod watch;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use backoff::Backoff;
pub use config::{Args, Config};
pub use dataset::{DatasetConfig, DatasetSettings};
pub use error::WatcherError;
#[cfg(feature = "kubernetes")]
pub use remine::Jobs;
pub use remine::{Mined, Order, Remine, Request};
pub use source::Bounds;

use dataset_loop::DatasetLoop;
use fact::Facts;
use model_loop::ModelLoop;

/// Watches until it is told to stop; re-mining that is under way is ended then. Figures are served at
/// `/metrics` to whoever connects to `metrics`.
///
/// # Errors
/// The watcher can't start. Once it runs, whatever fails is logged and tried again.
pub async fn run(
    config: Config,
    remine: Remine,
    metrics: Option<TcpListener>,
    shutdown: CancellationToken,
) -> Result<(), WatcherError> {
    let (facts, registry) = Facts::new();
    // What is served, from the loop that knows it to the one that compares datasets with it.
    let (settled, known) = tokio::sync::watch::channel(None);
    let models = ModelLoop::new(&config, &facts, settled);
    let dataset = DatasetLoop::new(&config, &facts, remine, known)?;
    let metrics = async {
        match metrics {
            Some(listener) => metrics_server::run(listener, registry).await,
            None => std::future::pending().await,
        }
    };
    let all = async { tokio::join!(models.run(), dataset.run(), metrics) };
    // None of them ends by itself.
    shutdown.run_until_cancelled(all).await;
    Ok(())
}
