//! From a source to a dataset: fetching it, telling its format, reading all of its files.
//!
//! Not here: any one format.

use std::fs::{self, File};
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::error::{DatasetError, Place};
use super::format::Format;
use super::row::Rows;
use super::source::Source;
use super::stream::{self, Context, Stored};
use super::{Dataset, Provenance, csv, fimi, mpd};
use crate::digest::ContentDigest;
use crate::download::Downloader;
use crate::fimi::BOM;
use crate::progress::{Progress, Unit};

/// How the names of a folder's slices end.
const SLICE_ENDINGS: [&str; 3] = [".json", ".json.gz", ".json.zst"];

/// How to read a dataset.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Whether bad rows are skipped and counted, as long as they are at most 1 % of all.
    pub lenient: bool,
    /// Whether nothing at all, or a header alone, is a dataset, too: one without playlists.
    pub may_be_empty: bool,
    /// The digest that the dataset must have; see [`Provenance::sha256`].
    pub sha256: Option<ContentDigest>,
    /// How URLs are fetched.
    pub downloader: Downloader,
    /// Cancelled to stop early.
    pub cancel: CancellationToken,
}

/// Reads a whole dataset.
///
/// # Errors
/// It can't be fetched or read, is no dataset, has a bad row (or, with [`ReadOptions::lenient`], too
/// many of them), or has another digest than it must.
pub fn read(
    source: &Source,
    options: &ReadOptions,
    progress: Progress,
) -> Result<Dataset, DatasetError> {
    let origin = source.to_string();
    let may_be_empty = options.may_be_empty;
    let reading = Reading { cancel: &options.cancel, progress, may_be_empty };
    let mut rows = Rows::new(options.lenient);
    let (stored, etag, last_modified) = match source {
        Source::Path(path) => (reading.path(path, &mut rows)?, None, None),
        Source::Url(url) => {
            let download =
                options.downloader.fetch(url, options.sha256, progress, &options.cancel)?;
            let stored = reading.file(download.file, &origin, &mut rows)?;
            (stored, download.etag, download.last_modified)
        }
    };
    let (built, counts) = rows.finish(&origin, may_be_empty)?;
    stored.sha256.verify(options.sha256, &origin)?;
    let Stored { sha256, bytes } = stored;
    Ok(Dataset {
        transactions: built.transactions,
        items: built.items,
        playlist_ids: built.playlist_ids,
        provenance: Provenance { url: origin, sha256, bytes, etag, last_modified },
        rows: counts.good,
        skipped: counts.skipped,
        empty: counts.empty,
    })
}

/// What reading any file needs to know.
#[derive(Clone, Copy)]
struct Reading<'a> {
    cancel: &'a CancellationToken,
    progress: Progress,
    may_be_empty: bool,
}

impl Reading<'_> {
    fn path(self, path: &Path, rows: &mut Rows) -> Result<Stored, DatasetError> {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path, rows),
            Ok(_) => self.named_file(path, rows),
            Err(source) => Err(failed(path, "open", source)),
        }
    }

    /// Reads all slices of a folder, in order of their names' bytes.
    fn folder(self, folder: &Path, rows: &mut Rows) -> Result<Stored, DatasetError> {
        let slices = slices(folder).map_err(|source| failed(folder, "list", source))?;
        if slices.is_empty() {
            let place = Place::file(&folder.display().to_string());
            return Err(place.unexpected("slices, *.json, *.json.gz or *.json.zst", "none").into());
        }
        // A slice that holds nothing has been cut off.
        let reading = Self { may_be_empty: false, ..self };
        let mut digest = Sha256::new();
        let mut bytes = 0;
        for slice in slices {
            let stored = reading.named_file(&slice, rows)?;
            bytes += stored.bytes;
            digest.update(format!("{}  ", stored.sha256));
            digest.update(slice.file_name().unwrap_or_default().as_encoded_bytes());
            digest.update("\n");
        }
        Ok(Stored { sha256: digest.into(), bytes })
    }

    fn named_file(self, path: &Path, rows: &mut Rows) -> Result<Stored, DatasetError> {
        let file = File::open(path).map_err(|source| failed(path, "open", source))?;
        self.file(file, &path.display().to_string(), rows)
    }

    fn file(self, file: File, origin: &str, rows: &mut Rows) -> Result<Stored, DatasetError> {
        // A pipe has no length that tells anything.
        let total = file.metadata().ok().filter(fs::Metadata::is_file).map(|data| data.len());
        let task = self.progress.task(format!("reading {origin}"), Unit::Bytes, total);
        let context = Context { origin, task: &task, cancel: self.cancel };
        let stored = stream::read(file, context, |content| {
            let format = Format::of(content.peek());
            if content.peek().starts_with(BOM) {
                content.consume(BOM.len());
            }
            match format {
                Ok(Format::Csv) => csv::read(content, origin, rows),
                Ok(Format::Mpd) => mpd::read(content, origin, rows),
                Ok(Format::Fimi) => fimi::read(content, origin, rows),
                // Empty lines are transactions.
                Ok(Format::Blank) if self.may_be_empty => fimi::read(content, origin, rows),
                Ok(Format::Blank) => Err(no_dataset(origin, "nothing: it is empty")),
                Err(found) => Err(no_dataset(origin, found)),
            }
        })?;
        task.finish();
        Ok(stored)
    }
}

fn no_dataset(origin: &str, found: &'static str) -> DatasetError {
    let expected = "a dataset: CSV, Million Playlist Dataset JSON or FIMI numbers";
    Place::file(origin).unexpected(expected, found).into()
}

fn slices(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut slices = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let is_slice = SLICE_ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()));
        // A mounted ConfigMap's `..data` and editors' leavings start with a dot.
        if is_slice && !name.starts_with(b".") && path.is_file() {
            slices.push(path);
        }
    }
    slices.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(slices)
}

fn failed(path: &Path, action: &'static str, source: io::Error) -> DatasetError {
    DatasetError::Io { origin: path.display().to_string(), action, source }
}
