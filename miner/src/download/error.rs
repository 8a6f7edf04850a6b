//! Why a download failed, and what may pass when tried again.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::StatusCode;
use thiserror::Error;

use crate::digest::DigestMismatch;

/// Why nothing was fetched. URLs are shown without the login they may hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No HTTP client can be made here.
    #[error("failed to set up HTTP")]
    Client(#[source] reqwest::Error),
    /// No thread or socket can be had here.
    #[error("failed to set up networking")]
    Runtime(#[source] io::Error),
    /// The file that the bytes go to can't be made or written.
    #[error("{url}: failed to store the download in {folder}")]
    Store {
        /// What was fetched.
        url: String,
        /// Where the bytes were to be kept.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The server refuses, and asking again would not help.
    #[error("{url}: expected status 200, found {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// The answer.
        status: StatusCode,
    },
    /// What was asked for can't be asked for, or leads nowhere but to itself.
    #[error("{url}: no such request can be made")]
    Request {
        /// What was asked for.
        url: String,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// Asking again did not help.
    #[error("{url}: gave up after {attempts} attempts in a row without progress")]
    GaveUp {
        /// What was asked for.
        url: String,
        /// How many attempts failed.
        attempts: u32,
        /// Why the last one failed.
        #[source]
        trouble: Trouble,
    },
    /// It takes longer than it may, or the server asks to come back only after that.
    #[error("{url}: not fetched within {limit:?} ({bytes} bytes came)")]
    TooSlow {
        /// What was asked for.
        url: String,
        /// How long it may take.
        limit: Duration,
        /// How much came.
        bytes: u64,
        /// Why the last failed attempt failed, if any did.
        #[source]
        trouble: Option<Trouble>,
    },
    /// It is larger than it may be.
    #[error("{url}: expected at most {limit} bytes, found {found} or more")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// How large it may be.
        limit: u64,
        /// How large it is at least.
        found: u64,
    },
    /// It is something else than what must be there.
    #[error(transparent)]
    Mismatch(#[from] DigestMismatch),
    /// The caller asked to stop.
    #[error("{url}: the download was cancelled")]
    Cancelled {
        /// What was asked for.
        url: String,
    },
}

/// Why an attempt failed that another one may make good.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Trouble {
    /// No connection, or one that broke.
    #[error(transparent)]
    Connection(reqwest::Error),
    /// The server is not well, or has too much to do.
    #[error("the server answered {status}")]
    Status {
        /// The answer.
        status: StatusCode,
        /// How long it asks to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server fell silent.
    #[error("the server sent nothing for {0:?}")]
    Silence(Duration),
    /// What the server sent is not the rest of what it sent before.
    #[error("the server resumed with something else")]
    OtherRange,
}
