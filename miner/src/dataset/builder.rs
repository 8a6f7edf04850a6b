//! From rows to playlists: whose rows they are, and which items each playlist holds.
//!
//! Not here: how rows are read, and which of them are the same track (see `track`).

use super::intern::{Interner, utf8};
use super::item::Items;
use super::seen::{Fingerprint, Fingerprints};
use super::text::Strings;
use super::track::{Field, Rejected, Track, Tracks};
use crate::transaction::Transactions;

/// What the rows so far have said.
#[derive(Debug, Default)]
pub(super) struct Builder {
    playlists: Interner,
    tracks: Tracks,
    /// The track of each row.
    rows: Vec<u32>,
    /// Whose rows they are, run by run: files keep the rows of a playlist together, or nearly so.
    runs: Vec<Run>,
}

/// Rows of one playlist that follow each other.
#[derive(Clone, Copy, Debug)]
struct Run {
    playlist: u32,
    rows: u32,
}

/// Everything that [`Builder::finish`] makes.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) transactions: Transactions,
    pub(super) items: Items,
    pub(super) playlist_ids: Strings,
}

impl Builder {
    /// Takes a row of a playlist. One that is rejected leaves no trace.
    pub(super) fn row(
        &mut self,
        pid: &[u8],
        track: Track<'_>,
        fingerprint: Fingerprint,
    ) -> Result<(), Rejected> {
        let same = self.runs.last().map(|run| run.playlist);
        let same = same.filter(|&last| self.playlists.strings().bytes(last) == pid);
        if same.is_none() {
            utf8(pid).map_err(Field::Pid.rejects())?;
        }
        let track = self.tracks.number(track, fingerprint)?;
        let playlist = match same {
            Some(playlist) => playlist,
            None => self.playlists.intern(pid).map_err(Field::Pid.rejects())?,
        };
        self.rows.push(track);
        match self.runs.last_mut().filter(|run| run.playlist == playlist && run.rows < u32::MAX) {
            Some(run) => run.rows += 1,
            None => self.runs.push(Run { playlist, rows: 1 }),
        }
        Ok(())
    }

    /// What makes fingerprints of rows.
    pub(super) fn fingerprints(&self) -> &Fingerprints {
        self.tracks.fingerprints()
    }

    /// Gets ready for rows that come next: see [`Tracks::fetch`].
    pub(super) fn fetch(&self, fingerprints: &[Fingerprint]) {
        self.tracks.fetch(fingerprints);
    }

    /// Joins what is the same, and orders everything by first appearance.
    pub(super) fn finish(self) -> Built {
        let Self { playlists, tracks, rows, runs } = self;
        let (items, item_of) = tracks.finish();
        let (mut rows, ends) = group(rows, &runs, playlists.strings().len());
        drop(runs);
        let offsets = keep_first(&mut rows, ends, item_of.as_deref(), items.len());
        let transactions =
            Transactions::from_parts(rows, offsets).expect("offsets rise to the number of rows");
        Built { transactions, items, playlist_ids: playlists.into_strings() }
    }
}

/// Brings together what runs scatter: the rows playlist by playlist, and where each playlist ends.
fn group(rows: Vec<u32>, runs: &[Run], playlists: usize) -> (Vec<u32>, Vec<usize>) {
    let mut ends = vec![0; playlists];
    for run in runs {
        ends[run.playlist as usize] += run.rows as usize;
    }
    let mut end = 0;
    for slot in &mut ends {
        end += *slot;
        *slot = end;
    }
    // Playlists are numbered by first appearance: as many runs as playlists are in order already.
    if runs.len() == playlists {
        return (rows, ends);
    }
    let mut next: Vec<usize> = std::iter::once(0).chain(ends.iter().copied()).collect();
    let mut grouped = vec![0; rows.len()];
    let mut start = 0;
    for run in runs {
        let length = run.rows as usize;
        let target = &mut next[run.playlist as usize];
        grouped[*target..*target + length].copy_from_slice(&rows[start..start + length]);
        *target += length;
        start += length;
    }
    (grouped, ends)
}

/// From tracks to items, of which each playlist keeps the first of each; gives the playlists' offsets.
fn keep_first(
    rows: &mut Vec<u32>,
    ends: Vec<usize>,
    item_of: Option<&[u32]>,
    items: usize,
) -> Vec<usize> {
    // The last playlist, counted from 1, that each item was met in.
    let mut met = vec![0u32; items];
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    let (mut read, mut written) = (0, 0);
    for (playlist, end) in (1u32..).zip(ends) {
        for index in read..end {
            let track = rows[index];
            let item = item_of.map_or(track, |item_of| item_of[track as usize]);
            if std::mem::replace(&mut met[item as usize], playlist) != playlist {
                rows[written] = item;
                written += 1;
            }
        }
        read = end;
        offsets.push(written);
    }
    rows.truncate(written);
    rows.shrink_to_fit();
    offsets
}
