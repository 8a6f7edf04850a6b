//! The signals that end a program.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled at the first SIGTERM or SIGINT; at the second the process exits at once
/// with the shell's code for it (128 + the signal's number).
///
/// Call it before anything is served: from here on a signal is never missed.
///
/// # Errors
/// The handlers can't be installed.
pub fn termination() -> std::io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = interrupt.recv() => ("SIGINT", 2),
            }
        };
        let (name, _) = next().await;
        tracing::info!(signal = name, "stopping");
        cancelled.cancel();
        let (name, number) = next().await;
        tracing::warn!(signal = name, "told twice: stopping at once");
        std::process::exit(128 + number);
    });
    Ok(token)
}
