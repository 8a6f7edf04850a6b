//! Reading a dataset: from a file, a folder or a URL to playlists of numbered tracks.
//!
//! What a file is, and how it is compressed, is told by its content and never by its name: CSV under a
//! header with at least `pid` and `track_name`, JSON slices of the Million Playlist Dataset, or FIMI
//! transactions; plain, gzip or zstd. One thread reads, digests and decompresses while another parses,
//! so memory holds a few blocks, four bytes a row, and each distinct string once.
//!
//! Not here: what is mined from a dataset.

mod builder;
mod csv;
mod error;
mod fimi;
mod format;
mod intern;
mod item;
mod mpd;
mod read;
mod record;
mod row;
mod seen;
mod source;
mod stream;
mod text;
mod track;

pub use error::{DatasetError, Place, Unexpected};
pub use item::{Item, Items};
pub use read::{ReadOptions, read};
pub use source::{BadSource, Source};
pub use text::Strings;

pub(crate) use source::without_login;

use crate::digest::ContentDigest;
use crate::transaction::Transactions;

/// Playlists and what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// The playlists in order of first appearance; of each, the items in the file's order, each once.
    /// Items are numbered from 0 in order of first appearance.
    pub transactions: Transactions,
    /// What each item is.
    pub items: Items,
    /// What each playlist is called: its `pid` as written; for FIMI files its line, from 1.
    pub playlist_ids: Strings,
    /// What exactly has been read.
    pub provenance: Provenance,
    /// How many rows have been read, skipped ones not included.
    pub rows: u64,
    /// How many bad rows have been skipped.
    pub skipped: u64,
    /// How many transactions hold no item: empty lines of FIMI files, and playlists without tracks. They are
    /// not among the playlists, as there is nothing in them to learn from; shares of all transactions count
    /// them.
    pub empty: u64,
}

/// What exactly a dataset was: enough to tell whether it has changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The path or URL as given, a URL without login and a `file` URL as its path.
    pub url: String,
    /// Of the bytes as stored or sent: of a compressed file as such.
    ///
    /// Of a folder, that of what `sha256sum` prints for its slices in order of their names' bytes: for
    /// each a line of digest, two spaces and name. So `LC_ALL=C; sha256sum *.json | sha256sum` shows it.
    pub sha256: ContentDigest,
    /// How many bytes that is, all slices of a folder together.
    pub bytes: u64,
    /// The server's `ETag`, as sent.
    pub etag: Option<String>,
    /// The server's `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}
