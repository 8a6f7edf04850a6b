//! From start to stop: serve; when told to stop, be unready but take connections for a while; then take
//! no more, let what is under way end, and cut off what has not ended in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::listener::{Listener, UnixSocket};
use crate::server::{Bounds, Server};
use crate::worker::Workers;
use crate::{Shared, admin, route};

/// Connections to the admin socket: the watcher's and those of a few people.
const ADMIN_CONNECTIONS: usize = 16;

/// Where an instance is in its life.
#[derive(Default)]
pub(crate) struct Lifecycle {
    /// Whether `told` is cancelled, for every request to see without a lock.
    stopping: AtomicBool,
    told: CancellationToken,
}

impl Lifecycle {
    /// Whether it has been told to stop: not ready, and every answer asks for its connection to be
    /// closed.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Waits until it is told to stop.
    pub(crate) async fn stopping(&self) {
        self.told.cancelled().await;
    }

    fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.told.cancel();
    }
}

/// Serves until told to stop, and stops.
pub(crate) async fn run(
    shared: Arc<Shared>,
    listener: Listener,
    admin: Option<UnixSocket>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let config = &shared.config;
    let closing = CancellationToken::new();
    let bounds = Bounds { header: config.header_timeout, send: config.send_timeout };
    tracing::info!(
        address = %listener,
        instance = config.instance,
        version = segue_process::VERSION,
        "listening"
    );
    let workers = Arc::new(Workers::start(shared.processors).context("failed to start threads")?);
    let public =
        Server::new(listener, workers.clone(), shared.slots.clone(), bounds, closing.clone());
    let mut public = spawn(public.run(route::service(shared.clone())));
    let admin = admin.map(|socket| {
        tracing::info!(socket = %socket.path().display(), "listening for reloads");
        let slots = Arc::new(Semaphore::new(ADMIN_CONNECTIONS));
        let server = Server::new(socket.into(), workers.clone(), slots, bounds, closing.clone());
        spawn(server.run(admin::service(shared.clone())))
    });
    let loading = spawn({
        let shared = shared.clone();
        async move { shared.live.start().await }
    });
    for (number, worker) in workers.all().enumerate() {
        let shared = shared.clone();
        worker.spawn(async move { shared.admission.measure(number).await });
    }

    tokio::select! {
        () = shutdown.cancelled() => {}
        ended = &mut public => {
            ended.context("the server broke down")?;
            bail!("the server ended unasked");
        }
    }
    shared.lifecycle.stop();
    drop(loading);
    let deadline = Instant::now() + config.lame_duck + config.drain;
    tracing::info!(
        pause = ?config.lame_duck,
        drain = ?config.drain,
        "not ready any more; connections are taken until the pause is over"
    );
    sleep(config.lame_duck).await;
    closing.cancel();
    let servers = async move {
        let public = public.await;
        match admin {
            Some(admin) => public.and(admin.await),
            None => public,
        }
    };
    match timeout_at(deadline, servers).await {
        Ok(ended) => ended?,
        Err(_) => tracing::warn!("cut off what was still under way at the deadline"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// A task that ends with its owner, at the latest.
fn spawn(task: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(task))
}
