//! One dataset, wherever it is: what it holds now, found out with as little reading as possible.
//!
//! Not here: what it should hold (see `dataset_loop`), and what its bytes mean, which only the miner
//! knows. Digests are the miner's: of a file's bytes as stored, of a folder's list of slices.

mod file;
mod http;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Url;
use segue_model::DatasetMetadata;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::error::WatcherError;
use file::FileStamp;
use http::Validators;

pub(crate) use file::SETTLED;

/// Where a dataset comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, or a folder of slices.
    Path(PathBuf),
    /// A file behind HTTP or HTTPS.
    Url(Url),
}

/// The bounds of one look at a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes that are read.
    pub bytes: u64,
    /// The longest it may take.
    pub time: Duration,
}

/// What a dataset holds, and how to tell that it still does without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// In hexadecimal digits.
    pub(crate) sha256: String,
    stamp: Stamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Stamp {
    Files(Vec<FileStamp>),
    Http(Validators),
}

/// The outcome of a look.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) content: Content,
    /// Whether the bytes had to be read, as something may have changed.
    pub(crate) read: bool,
}

impl Source {
    /// The source that a text names.
    pub(crate) fn parse(text: &str) -> Result<Self, WatcherError> {
        let bad = || WatcherError::Setting {
            name: "DATASET_URL",
            expected: "a path or a file, http or https URL",
            found: text.to_owned(),
        };
        if !text.contains("://") {
            return Ok(Self::Path(text.into()));
        }
        let url = Url::parse(text).map_err(|_| bad())?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Url(url)),
            "file" => url.to_file_path().map(Self::Path).map_err(|()| bad()),
            _ => Err(bad()),
        }
    }
}

/// As the miner writes it into a model's metadata: without what a URL may hold to log in with, fit to be
/// shown and to be compared.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Url(url) => {
                let mut shown = url.clone();
                // Both fail only for URLs without a host, which HTTP's are not.
                let _ = shown.set_username("");
                let _ = shown.set_password(None);
                f.write_str(shown.as_str())
            }
        }
    }
}

impl Content {
    /// What a source held when a model was made of it, where the model can tell how to recognise it.
    pub(crate) fn of_model(source: &Source, dataset: &DatasetMetadata) -> Option<Self> {
        let validators = Validators::of_model(dataset)?;
        let same = matches!(source, Source::Url(_)) && source.to_string() == dataset.url;
        same.then(|| Self { sha256: dataset.sha256.clone(), stamp: Stamp::Http(validators) })
    }
}

/// Looks at datasets.
#[derive(Clone, Debug)]
pub(crate) struct Looker {
    client: reqwest::Client,
    bounds: Bounds,
}

impl Looker {
    pub(crate) fn new(bounds: Bounds) -> Result<Self, WatcherError> {
        Ok(Self { client: http::client()?, bounds })
    }

    /// What a source holds now, given what it held at the last look. Dropping the future ends the look.
    pub(crate) async fn look(
        &self,
        source: &Source,
        known: Option<&Content>,
    ) -> Result<Look, WatcherError> {
        match source {
            Source::Url(url) => {
                let origin = source.to_string();
                let look = http::look(&self.client, url, &origin, known, self.bounds.bytes);
                let limit = self.bounds.time;
                tokio::time::timeout(limit, look)
                    .await
                    .unwrap_or(Err(WatcherError::Late { origin, limit }))
            }
            Source::Path(path) => {
                let cancel = CancellationToken::new();
                let _dropped_with_this_future = cancel.clone().drop_guard();
                let (path, known, bounds) = (path.clone(), known.cloned(), self.bounds);
                tokio::task::spawn_blocking(move || {
                    file::look(&path, known.as_ref(), bounds, &cancel)
                })
                .await
                .expect("reading files does not panic")
            }
        }
    }
}

/// A digest as it is written everywhere: in hexadecimal digits, lower case.
pub(crate) fn digits(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_read_and_show_as_the_miner_has_them() {
        let shown = |text| Source::parse(text).map(|source| source.to_string()).ok();
        assert_eq!(shown("data/songs.csv").as_deref(), Some("data/songs.csv"));
        assert_eq!(shown("file:///data/my%20songs.csv").as_deref(), Some("/data/my songs.csv"));
        assert_eq!(shown("HTTP://Example.org:80").as_deref(), Some("http://example.org/"));
        assert_eq!(
            shown("https://user:secret@example.org/songs.csv?x=1").as_deref(),
            Some("https://example.org/songs.csv?x=1")
        );
        assert_eq!(shown("ftp://example.org/songs.csv"), None);
        assert_eq!(shown("http://"), None);
    }
}
