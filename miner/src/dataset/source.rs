//! Where a dataset comes from: a path, standard input, or a `file://`, `http://` or `https://` URL.
//!
//! Not here: fetching it (see `download`).

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use reqwest::Url;
use thiserror::Error;

/// Where a dataset comes from.
///
/// ```
/// use segue_miner::dataset::Source;
///
/// let source: Source = "https://user:secret@example.org/songs.csv.gz".parse()?;
/// assert_eq!(source.to_string(), "https://example.org/songs.csv.gz");
/// assert_eq!("file:///data/songs.csv".parse(), Ok(Source::Path("/data/songs.csv".into())));
/// assert_eq!("-".parse(), Ok(Source::Path("/dev/stdin".into())));
/// assert!("ftp://example.org/songs.csv".parse::<Source>().is_err());
/// # Ok::<(), segue_miner::dataset::BadSource>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file, or a folder of slices of the Million Playlist Dataset.
    Path(PathBuf),
    /// A file behind HTTP or HTTPS.
    Url(Url),
}

/// What `-` means.
const STANDARD_INPUT: &str = "/dev/stdin";

/// A text that names no source.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text}: expected a path or a file, http or https URL, found {found}")]
pub struct BadSource {
    /// The text.
    pub text: String,
    /// What it is instead.
    pub found: String,
}

impl FromStr for Source {
    type Err = BadSource;

    fn from_str(text: &str) -> Result<Self, BadSource> {
        let bad = |found: String| BadSource { text: text.to_owned(), found };
        if text.is_empty() {
            return Err(bad("nothing".to_owned()));
        }
        if text == "-" {
            return Ok(Self::Path(STANDARD_INPUT.into()));
        }
        let Some((scheme, _)) = text.split_once("://") else {
            return Ok(Self::Path(text.into()));
        };
        let url = Url::parse(text).map_err(|error| bad(error.to_string()))?;
        match url.scheme() {
            "http" | "https" => Ok(Self::Url(url)),
            "file" => match url.to_file_path() {
                Ok(path) => Ok(Self::Path(path)),
                Err(()) => Err(bad("a file URL that names no path of this machine".to_owned())),
            },
            _ => Err(bad(format!("the scheme {scheme}"))),
        }
    }
}

impl Source {
    /// Whether it can be read more than once: what comes through a pipe can't.
    pub(crate) fn is_lasting(&self) -> bool {
        match self {
            Self::Path(path) => {
                fs::metadata(path).is_ok_and(|found| found.is_file() || found.is_dir())
            }
            Self::Url(_) => true,
        }
    }
}

/// As given, without what a URL may hold to log in with: this is for messages and for models' metadata,
/// which anybody may read.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(f),
            Self::Url(url) => f.write_str(&without_login(url)),
        }
    }
}

/// A URL as it may be shown.
pub(crate) fn without_login(url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for URLs without a host, which HTTP's are not.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.into()
}
