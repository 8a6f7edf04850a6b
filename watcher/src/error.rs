//! What can go wrong, with what an operator needs to find the place. Whatever it is, it is logged and
//! tried again: nothing here ends the watcher once it runs.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use reqwest::StatusCode;

/// Why the watcher can't start, or something it does failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatcherError {
    /// The operating system refused.
    #[error("{path}: failed to {action}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was to be done with it.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The dataset's configuration is not what it should be.
    #[error("{name}: expected {expected}, found {found:?}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The HTTP client can't be made.
    #[error("failed to set up the HTTP client")]
    HttpClient(#[source] reqwest::Error),
    /// The dataset's server can't be reached, or the connection broke.
    #[error("{url}: failed to {action}")]
    Http {
        /// The URL, without login.
        url: String,
        /// What was to be done.
        action: &'static str,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The dataset's server answers something else.
    #[error("{url}: expected status 200 or 304, found {found}")]
    Status {
        /// The URL, without login.
        url: String,
        /// The status.
        found: StatusCode,
    },
    /// The dataset is larger than it may be.
    #[error("{origin}: larger than {limit} bytes")]
    TooLarge {
        /// The path or URL.
        origin: String,
        /// The bound.
        limit: u64,
    },
    /// The dataset takes longer to read than it may.
    #[error("{origin}: not read within {limit:?}")]
    Late {
        /// The path or URL.
        origin: String,
        /// The bound.
        limit: Duration,
    },
    /// Someone is writing the dataset.
    #[error("{path}: it is being written")]
    Unsettled {
        /// The file.
        path: PathBuf,
    },
    /// A folder holds no dataset.
    #[error("{path}: expected slices, *.json, *.json.gz or *.json.zst, found none")]
    NoSlices {
        /// The folder.
        path: PathBuf,
    },
    /// The command can't be started.
    #[error("failed to start the command")]
    Start(#[source] io::Error),
    /// The command failed.
    #[error("the command ended with {0}")]
    Command(ExitStatus),
    /// The Kubernetes API can't be reached or refuses.
    #[cfg(feature = "kubernetes")]
    #[error("failed to {action}: {trouble}")]
    Kubernetes {
        /// What was to be done.
        action: String,
        /// What it said, or what went wrong on the way.
        trouble: String,
    },
    /// The CronJob holds nothing that a Job could be made from.
    #[cfg(feature = "kubernetes")]
    #[error("CronJob {cronjob}: expected the template of a Job with containers, found none")]
    Template {
        /// Its name.
        cronjob: String,
    },
    /// Re-mining took too long.
    #[error("not done within {0:?}")]
    TooLong(Duration),
    /// Whoever was called can't re-mine.
    #[error("re-mining failed")]
    Call(#[source] anyhow::Error),
    /// Whoever was to be called is not there any more.
    #[error("nobody is there to re-mine")]
    Gone,
}
