//! Log lines: on standard error, a line a fact, as text for people or JSON for machines.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::error::Error;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `2026-01-31T12:00:00Z INFO message key=value`.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The flags of every program that logs.
#[derive(Clone, Debug, clap::Args)]
pub struct LogArgs {
    /// How log lines are written; `RUST_LOG` chooses which (default: info)
    // Under a heading of its own, as it would stand among a command's own flags, being everybody's.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        global = true,
        help_heading = "Log"
    )]
    pub log_format: LogFormat,
}

/// Starts logging to standard error. `RUST_LOG` filters, as in `RUST_LOG=debug` or
/// `RUST_LOG=segue_watcher=debug,info`; without it, everything from info up is written.
///
/// # Errors
/// `RUST_LOG` is not a filter, or logging has been started before.
pub fn start(args: &LogArgs) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => EnvFilter::try_new(&filter)
            .map_err(|error| anyhow::anyhow!("RUST_LOG={filter}: {error}"))?,
        _ => EnvFilter::new("info"),
    };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_span_events(FmtSpan::NONE);
    let started = match args.log_format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("failed to start logging: {error}"))?;
    let unlogged = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Nothing that RUST_LOG says makes a panic go unseen.
        match tracing::enabled!(tracing::Level::ERROR) {
            true => note_panic(panic),
            false => unlogged(panic),
        }
    }));
    Ok(())
}

/// A panic is a line like every other fact; where it came from is told as `RUST_BACKTRACE` says.
fn note_panic(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let reason = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("unknown");
    let place = panic.location().map(tracing::field::display);
    let backtrace = Backtrace::capture();
    let is_captured = backtrace.status() == BacktraceStatus::Captured;
    let backtrace = is_captured.then(|| tracing::field::display(backtrace));
    tracing::error!(reason, place, backtrace, "panicked, which is a mistake in the program");
}

/// A time as lines give it: seconds, to the millisecond.
///
/// ```
/// let took = std::time::Duration::from_micros(1_234_567);
/// assert_eq!(segue_process::log::seconds(took), 1.235);
/// ```
#[must_use]
pub fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e3).round() / 1e3
}

/// An error with what caused it, in one line.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line += &format!(": {error}");
        cause = error.source();
    }
    line
}
