//! A model in memory: a file's bytes, checked, and what lies where in them.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::buffer::Buffer;
use crate::catalog::{Catalog, CatalogSpans, Uris};
use crate::format::FormatError;
use crate::head::{self, Head};
use crate::memory::Memory;
use crate::metadata::Metadata;
use crate::popularity::Popularity;
use crate::rule::{RuleSpans, Rules};

/// The name of a model: the first 16 hex digits of its file's SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(u64);

impl ModelId {
    /// The id of a file with this SHA-256.
    fn from_digest(digest: [u8; 32]) -> Self {
        Self(u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes")))
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not a model id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("model id {found:?}: expected 16 hex digits in lower case")]
pub struct ModelIdError {
    found: String,
}

impl FromStr for ModelId {
    type Err = ModelIdError;

    fn from_str(text: &str) -> Result<Self, ModelIdError> {
        let well_formed =
            text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match u64::from_str_radix(text, 16) {
            Ok(id) if well_formed => Ok(Self(id)),
            _ => Err(ModelIdError { found: text.to_owned() }),
        }
    }
}

/// Why a file can't be served as a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file can't be read.
    #[error("{path}: failed to read the model")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no model, or a damaged one.
    #[error("{path}: not a model that can be served")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The file's name promises another content.
    #[error("{path}: not the model it is named after: expected {expected}, found {found}")]
    Identity {
        /// The file.
        path: PathBuf,
        /// The id it was asked for under.
        expected: ModelId,
        /// The id of its bytes.
        found: ModelId,
    },
}

/// A model that has been checked and can be served.
pub struct Model {
    id: ModelId,
    buffer: Buffer,
    parts: Parts,
    uris: Uris,
}

/// What lies where in a model's bytes, and what was made of them at load.
struct Parts {
    metadata: Metadata,
    catalog: CatalogSpans,
    rules: RuleSpans,
    popularity: Popularity,
    heads: Memory<Head>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Model {
    /// Reads and checks a model file.
    ///
    /// # Errors
    /// The file can't be read, or is not a model that can be served.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(std::io::Error::other("not a file: expected one with a length")));
        }
        let length = metadata.len();
        let refused = |source| ModelError::Format { path: path.to_owned(), source };
        let length =
            usize::try_from(length).map_err(|_| failed(std::io::ErrorKind::FileTooLarge.into()))?;
        let read = |at, piece: &mut [u8]| file.read_exact_at(piece, at as u64);
        Self::read(length, read).map_err(failed)?.map_err(refused)
    }

    /// Checks the bytes of a model file.
    ///
    /// # Errors
    /// They are not a model that can be served.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let read = |at: usize, piece: &mut [u8]| {
            piece.copy_from_slice(&bytes[at..at + piece.len()]);
            Ok(())
        };
        Self::read(bytes.len(), read).expect("bytes in memory can be read")
    }

    fn read(
        length: usize,
        read: impl Fn(usize, &mut [u8]) -> std::io::Result<()> + Sync,
    ) -> std::io::Result<Result<Self, FormatError>> {
        Ok(Buffer::read(length, read)?.and_then(Self::check))
    }

    fn check(buffer: Buffer) -> Result<Self, FormatError> {
        // Digest and URIs take as long as all else together.
        let ((digest, uris), parts) = std::thread::scope(|scope| {
            let beside = scope.spawn(|| (buffer.digest(), Uris::read(&buffer)));
            let parts = Parts::read(&buffer);
            (beside.join().expect("reading does not panic"), parts)
        });
        // What is damaged contradicts its checksum first of all.
        let id = ModelId::from_digest(digest?);
        let (parts, uris) = (parts?, uris?);
        Ok(Self { id, buffer, parts, uris })
    }

    /// A model for scoring alone, which is in no file and so has no id: its songs have no titles, but
    /// numbers that tell one recording from another.
    pub(crate) fn untitled(
        buffer: Buffer,
        metadata: Metadata,
        recordings: &[u32],
    ) -> Result<Self, FormatError> {
        let (catalog, uris) = (CatalogSpans::unchecked(&buffer)?, Uris::unchecked(&buffer)?);
        let rules = RuleSpans::read(&buffer, &catalog)?;
        let parts = Parts::of(&buffer, metadata, catalog, recordings, rules);
        Ok(Self { id: ModelId(0), buffer, parts, uris })
    }

    /// The model's id.
    #[must_use]
    pub fn id(&self) -> ModelId {
        self.id
    }

    /// The size of the model's file in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.buffer.bytes().len()
    }

    /// What the model says of itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.parts.metadata
    }

    /// The songs.
    #[must_use]
    pub fn catalog(&self) -> Catalog<'_> {
        let Parts { catalog, heads, .. } = &self.parts;
        Catalog { buffer: &self.buffer, spans: catalog, uris: &self.uris, heads }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> Rules<'_> {
        let supports = self.catalog().supports();
        let Parts { rules, heads, .. } = &self.parts;
        Rules { buffer: &self.buffer, spans: rules, heads, supports }
    }

    pub(crate) fn popularity(&self) -> &Popularity {
        &self.parts.popularity
    }
}

impl Parts {
    fn read(buffer: &Buffer) -> Result<Self, FormatError> {
        let metadata = serde_json::from_slice(buffer.metadata()).map_err(FormatError::Metadata)?;
        let (catalog, keys) = CatalogSpans::read(buffer)?;
        let rules = RuleSpans::read(buffer, &catalog)?;
        Ok(Self::of(buffer, metadata, catalog, &keys, rules))
    }

    fn of(
        buffer: &Buffer,
        metadata: Metadata,
        catalog: CatalogSpans,
        keys: &[u32],
        rules: RuleSpans,
    ) -> Self {
        let popularity = Popularity::new(buffer.slice(&catalog.track_support));
        let heads = head::all(buffer, &catalog, keys, &rules);
        Self { metadata, catalog, rules, popularity, heads }
    }
}
