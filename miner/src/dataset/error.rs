//! What can be wrong with a dataset, said so that its owner finds the place.

use std::borrow::Cow;
use std::fmt;
use std::io;

use thiserror::Error;

use crate::digest::DigestMismatch;
use crate::download::DownloadError;

/// Why a dataset can't be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The operating system refused.
    #[error("{origin}: failed to {action}")]
    Io {
        /// The file or folder.
        origin: String,
        /// What was tried: `open`, `read`.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The content is not what it should be.
    #[error(transparent)]
    Unexpected(Box<Unexpected>),
    /// Bad rows were to be skipped, but there are too many of them to trust the rest.
    #[error(
        "{origin}: {skipped} of {rows} rows are bad, more than the {limit} % that may be skipped; the first: {first}"
    )]
    TooManyBadRows {
        /// The file or URL.
        origin: String,
        /// How many rows are bad.
        skipped: u64,
        /// How many rows there are, bad ones included.
        rows: u64,
        /// How many may be bad, in percent.
        limit: u64,
        /// The first bad row.
        first: Box<Unexpected>,
    },
    /// Ids are 32 bits wide, and there are not enough of them.
    #[error("{origin}: more than {} distinct {what}", u32::MAX - 1)]
    TooLarge {
        /// The file or URL.
        origin: String,
        /// What there is too much of.
        what: &'static str,
    },
    /// The content is another than it must be.
    #[error(transparent)]
    Mismatch(#[from] DigestMismatch),
    /// The dataset could not be downloaded.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// The caller asked to stop.
    #[error("{origin}: reading was cancelled")]
    Cancelled {
        /// The file or URL.
        origin: String,
    },
}

impl From<Unexpected> for DatasetError {
    fn from(unexpected: Unexpected) -> Self {
        Self::Unexpected(Box::new(unexpected))
    }
}

/// Something in a dataset is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{place}: expected {expected}, found {found}")]
pub struct Unexpected {
    /// Where.
    pub place: Place,
    /// What should be there.
    pub expected: Cow<'static, str>,
    /// What is there.
    pub found: Cow<'static, str>,
}

/// A place in a dataset: `songs.csv: line 17, column 2 (track_name)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file or URL.
    pub origin: String,
    /// The line, from 1, in the file as decompressed; a row over many lines is at its first.
    pub line: Option<u64>,
    /// The column, from 1: of fields in a CSV, of bytes elsewhere.
    pub column: Option<usize>,
    /// The column's name in the header.
    pub name: Option<String>,
}

impl Place {
    /// A whole file.
    pub(super) fn file(origin: &str) -> Self {
        Self { origin: origin.to_owned(), line: None, column: None, name: None }
    }

    /// A line of a file.
    pub(super) fn line(origin: &str, line: u64) -> Self {
        Self { line: Some(line), ..Self::file(origin) }
    }

    /// A column of a line of a file.
    pub(super) fn column(origin: &str, line: u64, column: usize, name: Option<&str>) -> Self {
        Self { column: Some(column), name: name.map(str::to_owned), ..Self::line(origin, line) }
    }

    pub(super) fn unexpected(
        self,
        expected: impl Into<Cow<'static, str>>,
        found: impl Into<Cow<'static, str>>,
    ) -> Unexpected {
        Unexpected { place: self, expected: expected.into(), found: found.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        if let Some(line) = self.line {
            write!(f, ": line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        Ok(())
    }
}
