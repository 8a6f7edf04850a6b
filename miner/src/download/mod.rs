//! Fetching a dataset over HTTP to a file without a name: resumed after a cut, retried with growing
//! pauses, bounded in size and time.
//!
//! Not here: asking whether a dataset has changed (the watcher does), and reading what was fetched.

mod error;
mod transfer;

use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::{ETAG, LAST_MODIFIED};
use reqwest::{Client, Url};
use segue_process::log::with_causes;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

pub use error::{DownloadError, Trouble};
use transfer::{Bounds, Failure, Transfer, text};

use crate::dataset::without_login;
use crate::digest::ContentDigest;
use crate::progress::Progress;

/// How long a server may take to accept a connection. Attempts are many, so each may be short.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How datasets are fetched.
#[derive(Clone, Debug)]
pub struct Downloader {
    /// Where the bytes are kept until they are read: the system's folder for temporary files, if none.
    /// The file has no name there, so nothing is left behind, however the process ends.
    pub folder: Option<PathBuf>,
    /// The largest dataset that is fetched, in bytes.
    pub max_bytes: u64,
    /// The longest that a whole download may take, pauses included.
    pub max_time: Duration,
    /// The longest that a server may send nothing.
    pub max_silence: Duration,
    /// How many attempts may fail in a row without a byte received.
    pub attempts: u32,
    /// The pause after a first failed attempt. It doubles from attempt to attempt, and is shortened by up
    /// to a half at random, so that many clients do not come back at once.
    pub first_pause: Duration,
    /// The longest pause, unless the server asks for a longer one (`Retry-After`).
    pub max_pause: Duration,
}

impl Default for Downloader {
    /// Within these bounds are a thousand million rows over a slow line, and about half a minute of
    /// patience with a server that does not answer.
    fn default() -> Self {
        Self {
            folder: None,
            max_bytes: 64 << 30,
            max_time: Duration::from_secs(6 * 3600),
            max_silence: Duration::from_secs(30),
            attempts: 7,
            first_pause: Duration::from_millis(500),
            max_pause: Duration::from_secs(30),
        }
    }
}

/// What was fetched.
#[derive(Debug)]
pub struct Download {
    /// The bytes as sent, to be read from the start.
    pub file: File,
    /// Their digest.
    pub sha256: ContentDigest,
    /// How many there are.
    pub bytes: u64,
    /// The server's `ETag`, as sent.
    pub etag: Option<String>,
    /// The server's `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

impl Downloader {
    /// Fetches what is behind a URL, and checks its digest where that is known. It blocks, so call it
    /// where that does no harm: not from asynchronous code.
    ///
    /// # Errors
    /// See [`DownloadError`].
    pub fn fetch(
        &self,
        url: &Url,
        sha256: Option<ContentDigest>,
        progress: Progress,
        cancel: &CancellationToken,
    ) -> Result<Download, DownloadError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(DownloadError::Runtime)?;
        let fetched = runtime.block_on(async {
            tokio::select! {
                biased;
                () = cancel.cancelled() => Err(DownloadError::Cancelled { url: without_login(url) }),
                fetched = self.transfer(url, progress) => fetched,
            }
        });
        let mut transfer = fetched?;
        transfer.file.rewind().map_err(|source| self.store_failed(url, source))?;
        let found = ContentDigest::from(transfer.digest);
        found.verify(sha256, &without_login(url))?;
        Ok(Download {
            file: transfer.file,
            sha256: found,
            bytes: transfer.received,
            etag: text(&transfer.headers, ETAG),
            last_modified: text(&transfer.headers, LAST_MODIFIED),
        })
    }

    /// Attempt after attempt until all has come.
    async fn transfer(&self, url: &Url, progress: Progress) -> Result<Transfer, DownloadError> {
        let client = client()?;
        let file = self.file().map_err(|source| self.store_failed(url, source))?;
        let mut transfer = Transfer::new(file, progress);
        let bounds = Bounds { bytes: self.max_bytes, silence: self.max_silence };
        let started = Instant::now();
        let mut last = None;
        let mut failed = 0;
        loop {
            let before = transfer.received;
            let left = self.max_time.saturating_sub(started.elapsed());
            let Ok(attempt) = timeout(left, transfer.attempt(&client, url, bounds)).await else {
                return Err(self.too_slow(url, &transfer, last));
            };
            let Err(failure) = attempt else { return Ok(transfer) };
            let trouble = self.trouble(url, failure)?;
            failed = if transfer.received > before { 1 } else { failed + 1 };
            let shown = without_login(url);
            if failed >= self.attempts {
                return Err(DownloadError::GaveUp { url: shown, attempts: failed, trouble });
            }
            let pause = self.pause(failed, &trouble);
            if started.elapsed().saturating_add(pause) >= self.max_time {
                return Err(self.too_slow(url, &transfer, Some(trouble)));
            }
            tracing::warn!("{shown}: {}; trying again in {pause:.1?}", with_causes(&trouble));
            last = Some(trouble);
            sleep(pause).await;
        }
    }

    fn file(&self) -> io::Result<File> {
        match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
    }

    /// How long to wait after so many failed attempts, the last of them for this reason.
    fn pause(&self, failed: u32, trouble: &Trouble) -> Duration {
        let doubled = 2u32.saturating_pow(failed.saturating_sub(1));
        let pause = self.first_pause.saturating_mul(doubled).min(self.max_pause);
        let pause = pause.mul_f64(0.5 + 0.5 * fastrand::f64());
        match trouble {
            Trouble::Status { retry_after: Some(asked), .. } => pause.max(*asked),
            _ => pause,
        }
    }

    /// The reason to try again, or the error that ends the download.
    fn trouble(&self, url: &Url, failure: Failure) -> Result<Trouble, DownloadError> {
        let shown = without_login(url);
        Err(match failure {
            Failure::Transient(trouble) => return Ok(trouble),
            Failure::Refused(status) => DownloadError::Refused { url: shown, status },
            Failure::Request(source) => DownloadError::Request { url: shown, source },
            Failure::TooLarge(found) => {
                DownloadError::TooLarge { url: shown, limit: self.max_bytes, found }
            }
            Failure::Store(source) => self.store_failed(url, source),
        })
    }

    fn too_slow(&self, url: &Url, transfer: &Transfer, trouble: Option<Trouble>) -> DownloadError {
        let (limit, bytes) = (self.max_time, transfer.received);
        DownloadError::TooSlow { url: without_login(url), limit, bytes, trouble }
    }

    fn store_failed(&self, url: &Url, source: io::Error) -> DownloadError {
        let folder = self.folder.clone().unwrap_or_else(std::env::temp_dir);
        DownloadError::Store { url: without_login(url), folder, source }
    }
}

/// A client without limits of its own: it is attempts that have them.
fn client() -> Result<Client, DownloadError> {
    // Fails where the process has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("segue-miner/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(DownloadError::Client)
}
