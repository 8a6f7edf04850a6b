//! The program `segue-watcher`: flags, logs and signals around the library.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use segue_process::exit::{self, USAGE};
use segue_process::{log, signal};
use segue_watcher::Args;
use tokio::net::TcpListener;

/// A file operation that hangs, on a network volume that is away, can't be ended; it is left behind.
const LAST_FILES: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let args: Args = exit::arguments();
    match args.check() {
        Ok(()) => exit::code(start(&args)),
        Err(error) => exit::failure(&error, USAGE),
    }
}

fn start(args: &Args) -> anyhow::Result<()> {
    log::start(args.log())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // Two loops that wait most of the time.
        .worker_threads(2)
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let outcome = runtime.block_on(run(args));
    runtime.shutdown_timeout(LAST_FILES);
    outcome
}

async fn run(args: &Args) -> anyhow::Result<()> {
    let shutdown = signal::termination().context("failed to handle signals")?;
    let metrics = match args.metrics_listen() {
        Some(address) => {
            let bound = TcpListener::bind(address).await;
            Some(bound.with_context(|| format!("{address}: failed to listen for metrics"))?)
        }
        None => None,
    };
    let remine = args.remine().await?;
    segue_watcher::run(args.config(), remine, metrics, shutdown).await?;
    Ok(())
}
