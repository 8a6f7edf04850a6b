//! In which transactions a track, or a song by an artist, occurs. Made from the transactions when a model
//! is read, which takes less time than checking a stored copy would.

use crate::buffer::Buffer;
use crate::format::{FormatError, Section, content_error};
use crate::text::Groups;

/// Lists of transactions, by the number of what occurs in them.
pub(crate) struct Occurrences {
    /// One entry more than there are lists.
    offsets: Vec<u32>,
    numbers: Vec<u32>,
}

impl Occurrences {
    /// The transactions in which something occurs, ascending.
    pub(crate) fn get(&self, of: u32) -> &[u32] {
        &self.numbers[self.offsets[of as usize] as usize..self.offsets[of as usize + 1] as usize]
    }

    /// Those of the tracks, of which `supports` must be the lengths.
    pub(crate) fn of_tracks(
        buffer: &Buffer,
        transactions: &Groups,
        supports: &[u32],
    ) -> Result<Self, FormatError> {
        let wrong = |track| Err(content_error(Section::TrackSupport, track, SUPPORT_IS_COUNTED));
        let total = transactions.total(buffer);
        let Some(offsets) =
            offsets(supports).filter(|offsets| offsets[supports.len()] as usize == total)
        else {
            return wrong(supports.len());
        };
        let mut next = offsets.clone();
        let mut numbers = vec![0; total];
        for number in 0..transactions.len(buffer) {
            for &track in transactions.get(buffer, number) {
                let track = track as usize;
                if next[track] == offsets[track + 1] {
                    return wrong(track);
                }
                numbers[next[track] as usize] = number as u32;
                next[track] += 1;
            }
        }
        // No track has more occurrences than its support, and together they are as many: none has fewer.
        Ok(Self { offsets, numbers })
    }

    /// Those of the artists: a transaction counts once, however many songs it has by the artist. What
    /// `is_artist` says is none has no occurrences.
    pub(crate) fn of_artists(
        buffer: &Buffer,
        transactions: &Groups,
        artist_of: &[u32],
        artists: usize,
        is_artist: impl Fn(usize) -> bool,
    ) -> Self {
        let mut counts = vec![0; artists];
        let mut last = vec![u32::MAX; artists];
        let is_artist: Vec<bool> = (0..artists).map(is_artist).collect();
        let visit = |last: &mut Vec<u32>, found: &mut dyn FnMut(usize, u32)| {
            last.fill(u32::MAX);
            for number in 0..transactions.len(buffer) {
                for &track in transactions.get(buffer, number) {
                    let artist = artist_of[track as usize] as usize;
                    if last[artist] != number as u32 && is_artist[artist] {
                        last[artist] = number as u32;
                        found(artist, number as u32);
                    }
                }
            }
        };
        visit(&mut last, &mut |artist, _| counts[artist] += 1);
        let offsets = offsets(&counts).expect("not more than there are occurrences of tracks");
        let mut next = offsets.clone();
        let mut numbers = vec![0; offsets[artists] as usize];
        visit(&mut last, &mut |artist, number| {
            numbers[next[artist] as usize] = number;
            next[artist] += 1;
        });
        Self { offsets, numbers }
    }
}

/// Where lists of these lengths begin, one after the other; none where they are too long together.
fn offsets(lengths: &[u32]) -> Option<Vec<u32>> {
    let mut offsets = Vec::with_capacity(lengths.len() + 1);
    let mut end = 0_u32;
    offsets.push(end);
    for &length in lengths {
        end = end.checked_add(length)?;
        offsets.push(end);
    }
    Some(offsets)
}

const SUPPORT_IS_COUNTED: &str = "expected the number of transactions that hold the track";
