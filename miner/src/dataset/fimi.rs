//! FIMI transactions as playlists: a line is a playlist, and its tracks are called by numbers.
//!
//! Not here: FIMI as a format of its own (see `crate::fimi`).

use std::path::Path;

use super::error::{DatasetError, Place};
use super::row::Rows;
use super::stream::Content;
use super::track::Track;
use crate::fimi::{self, FimiError};

/// Reads transactions to the end. An empty line is a transaction, but no playlist.
pub(super) fn read(
    content: &mut Content,
    origin: &str,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    let fimi = fimi::read(content, Path::new(origin)).map_err(|error| match error {
        FimiError::Io { action, source, .. } => {
            DatasetError::Io { origin: origin.to_owned(), action, source }
        }
        FimiError::Unsupported { found, .. } => {
            Place::file(origin).unexpected("plain text, gzip or zstd", found).into()
        }
        FimiError::Damaged { compression, found, .. } => {
            let whole = format!("a whole {compression} stream");
            Place::file(origin).unexpected(whole, found).into()
        }
        FimiError::BadItem { line, column, found, .. } => {
            let place = Place::column(origin, line as u64, column, None);
            place.unexpected("item numbers", format!("{found:?}")).into()
        }
    })?;
    for (line, transaction) in (1u64..).zip(&fimi.transactions) {
        if transaction.is_empty() {
            rows.pass_empty();
        }
        let pid = line.to_string();
        for &item in transaction {
            let number = fimi.number(item).to_string();
            let track = Track { uri: b"", title: number.as_bytes(), artist: b"" };
            let fingerprint = rows.fingerprints().of(track);
            rows.take(pid.as_bytes(), track, fingerprint, |_| Place::line(origin, line))?;
        }
    }
    Ok(())
}
