//! Taking rows, whatever file they come from: what makes a row bad, and what becomes of a bad one.
//!
//! Not here: how rows are read (see `csv` and `mpd`), and what good ones are made into (see `builder`).

use std::collections::HashSet;

use super::builder::{Builder, Built};
use super::error::{DatasetError, Place, Unexpected};
use super::intern::Refused;
use super::seen::{Fingerprint, Fingerprints};
use super::track::{Field, Track};

/// How many rows may be bad, in percent: a few slips do not spoil a dataset, but one row in a hundred
/// says that something else is wrong with it.
const BAD_ROWS_MAX_PERCENT: u64 = 1;

/// How many skipped rows are logged one by one.
const BAD_ROWS_LOGGED: u64 = 5;

/// The rows so far.
#[derive(Debug)]
pub(super) struct Rows {
    builder: Builder,
    /// Whether bad rows are skipped.
    lenient: bool,
    counts: Counts,
    /// Playlists that were met without a row.
    without_rows: HashSet<String>,
    first_skipped: Option<Unexpected>,
}

/// What was counted while rows were taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) good: u64,
    pub(super) skipped: u64,
    /// Transactions without a row.
    pub(super) empty: u64,
}

impl Rows {
    pub(super) fn new(lenient: bool) -> Self {
        let (builder, counts) = (Builder::default(), Counts::default());
        Self { builder, lenient, counts, without_rows: HashSet::new(), first_skipped: None }
    }

    /// What makes fingerprints of rows.
    pub(super) fn fingerprints(&self) -> &Fingerprints {
        self.builder.fingerprints()
    }

    /// Gets ready for rows that come next; worth it where they are many.
    pub(super) fn fetch(&self, fingerprints: &[Fingerprint]) {
        self.builder.fetch(fingerprints);
    }

    /// Takes a row; `place` says where each of its fields is.
    pub(super) fn take(
        &mut self,
        pid: &[u8],
        track: Track<'_>,
        fingerprint: Fingerprint,
        place: impl Fn(Field) -> Place,
    ) -> Result<(), DatasetError> {
        if pid.is_empty() {
            return self.skip(place(Field::Pid).unexpected("a playlist's id", "nothing"));
        }
        if track.title.is_empty() {
            return self.skip(place(Field::Title).unexpected("a track's title", "nothing"));
        }
        let Err(rejected) = self.builder.row(pid, track, fingerprint) else {
            self.counts.good += 1;
            return Ok(());
        };
        let place = place(rejected.field);
        match rejected.why {
            Refused::NotUtf8 { byte, position } => {
                let found = format!("the byte 0x{byte:02x} after {position} bytes");
                self.skip(place.unexpected("UTF-8", found))
            }
            Refused::Full => {
                let what = match rejected.field {
                    Field::Pid => "playlists",
                    Field::Title => "titles",
                    Field::Artist => "artists",
                    Field::Uri => "tracks",
                };
                Err(DatasetError::TooLarge { origin: place.origin, what })
            }
        }
    }

    /// Counts a transaction without a row.
    pub(super) fn pass_empty(&mut self) {
        self.counts.empty += 1;
    }

    /// Counts a playlist without a row once, unless it has rows elsewhere.
    pub(super) fn pass_empty_playlist(&mut self, pid: &str) {
        self.without_rows.insert(pid.to_owned());
    }

    /// Passes over a bad row, or fails for it.
    pub(super) fn skip(&mut self, reason: Unexpected) -> Result<(), DatasetError> {
        if !self.lenient {
            return Err(reason.into());
        }
        self.counts.skipped += 1;
        if self.counts.skipped <= BAD_ROWS_LOGGED {
            tracing::warn!("{reason}: row skipped");
        }
        self.first_skipped.get_or_insert(reason);
        Ok(())
    }

    /// The dataset that the rows make, and what was counted.
    pub(super) fn finish(
        self,
        origin: &str,
        may_be_empty: bool,
    ) -> Result<(Built, Counts), DatasetError> {
        let Self { builder, mut counts, mut without_rows, first_skipped, .. } = self;
        let Counts { good, skipped, .. } = counts;
        let rows = good + skipped;
        if let Some(first) = first_skipped {
            if skipped * 100 > rows * BAD_ROWS_MAX_PERCENT {
                return Err(DatasetError::TooManyBadRows {
                    origin: origin.to_owned(),
                    skipped,
                    rows,
                    limit: BAD_ROWS_MAX_PERCENT,
                    first: Box::new(first),
                });
            }
            tracing::warn!("{origin}: skipped {skipped} bad rows of {rows}");
        }
        if good == 0 && !may_be_empty {
            return Err(Place::file(origin).unexpected("rows", "none").into());
        }
        let built = builder.finish();
        if !without_rows.is_empty() {
            built.playlist_ids.iter().for_each(|id| _ = without_rows.remove(id));
        }
        counts.empty += without_rows.len() as u64;
        Ok((built, counts))
    }
}
