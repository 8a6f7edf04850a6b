//! The program: flags, log, sockets, signals; the rest is the library's.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use segue_api::{Api, Config, Listen, Listener, UnixSocket};
use segue_process::{exit, log, signal};
use tokio::signal::unix::{Signal, SignalKind};

/// Serves recommendations from a Segue model over HTTP.
#[derive(Parser)]
#[command(name = "segue-api", version = segue_process::VERSION)]
struct Arguments {
    #[command(flatten)]
    config: Config,
    /// Where to listen for requests: HOST:PORT, or unix:PATH
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:30502")]
    listen: Listen,
    /// The Unix socket by which the watcher asks for reloads
    #[arg(long, value_name = "PATH", default_value = "/run/segue/api.sock")]
    admin_socket: PathBuf,
    #[command(flatten)]
    log: log::LogArgs,
}

fn main() -> ExitCode {
    let arguments: Arguments = exit::arguments();
    exit::code(log::start(&arguments.log).and_then(|()| {
        // Requests are answered on threads of their own.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let outcome = runtime.block_on(serve(arguments));
        // A model that is still being read is not waited for.
        runtime.shutdown_background();
        outcome
    }))
}

async fn serve(arguments: Arguments) -> anyhow::Result<()> {
    let shutdown = signal::termination().context("failed to handle signals")?;
    let hangup = tokio::signal::unix::signal(SignalKind::hangup())?;
    let admin = UnixSocket::bind(arguments.admin_socket)?;
    let listener = Listener::bind(&arguments.listen).await?;
    let api = Api::new(arguments.config);
    tokio::spawn(reload_on(hangup, api.clone()));
    api.run(listener, Some(admin), shutdown).await
}

/// SIGHUP asks for a reload of the current model.
async fn reload_on(mut hangup: Signal, api: Api) {
    while hangup.recv().await.is_some() {
        if let Err(error) = api.reload(None).await {
            error.tell();
        }
    }
}
