//! In which transactions a track, or a song by an artist, occurs, and which tracks are an artist's. Made
//! when a model is read, which takes less time than checking a stored copy would.

use crate::buffer::Buffer;
use crate::format::{FormatError, Section, content_error};
use crate::step::{Looks, pieces};
use crate::text::Groups;

/// Lists of transactions, by the number of what occurs in them; or of tracks, by their artist.
pub(crate) struct Occurrences {
    /// One entry more than there are lists.
    offsets: Vec<u32>,
    numbers: Vec<u32>,
}

impl Occurrences {
    /// The transactions in which something occurs, or the tracks of an artist, ascending.
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
        let mut looks = Looks::default();
        for number in 0..transactions.len(buffer) {
            let tracks = transactions.get(buffer, number);
            looks.add(tracks.len());
            for &track in tracks {
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
    /// `is_artist` says is none, for each of them, has no occurrences. Of the tracks, `supports` are the supports.
    pub(crate) fn of_artists(
        buffer: &Buffer,
        transactions: &Groups,
        supports: &[u32],
        artist_of: &[u32],
        is_artist: &[bool],
    ) -> Self {
        let artists = is_artist.len();
        // Room for an artist's lists: as much as those of its tracks take.
        let mut room = vec![0; artists];
        for (&artist, &support) in artist_of.iter().zip(supports) {
            room[artist as usize] += support;
        }
        let starts = offsets(&room).expect("not more than there are occurrences of tracks");
        let mut next = starts.clone();
        let mut last = vec![u32::MAX; artists];
        let mut numbers = vec![0; starts[artists] as usize];
        let mut looks = Looks::default();
        for number in 0..transactions.len(buffer) {
            let tracks = transactions.get(buffer, number);
            looks.add(tracks.len());
            for &track in tracks {
                let artist = artist_of[track as usize] as usize;
                if last[artist] != number as u32 && is_artist[artist] {
                    last[artist] = number as u32;
                    numbers[next[artist] as usize] = number as u32;
                    next[artist] += 1;
                }
            }
        }
        // What was not needed goes.
        let mut offsets = Vec::with_capacity(artists + 1);
        let mut end = 0;
        offsets.push(0);
        for artist in 0..artists {
            let list = starts[artist] as usize..next[artist] as usize;
            let length = list.len();
            numbers.copy_within(list, end);
            end += length;
            offsets.push(end as u32);
        }
        numbers.truncate(end);
        numbers.shrink_to_fit();
        Self { offsets, numbers }
    }

    /// The tracks of the artists; none of what `is_artist` says is none.
    pub(crate) fn tracks_of_artists(artist_of: &[u32], is_artist: &[bool]) -> Self {
        let mut lengths = vec![0; is_artist.len()];
        for artist_of in pieces(artist_of) {
            artist_of.iter().for_each(|&artist| lengths[artist as usize] += 1);
        }
        lengths
            .iter_mut()
            .zip(is_artist)
            .for_each(|(length, &is_any)| *length *= u32::from(is_any));
        let offsets = offsets(&lengths).expect("tracks have numbers of 32 bits");
        let mut next = offsets.clone();
        let mut numbers = vec![0; offsets[is_artist.len()] as usize];
        let mut looks = Looks::default();
        for (track, &artist) in artist_of.iter().enumerate() {
            looks.add(1);
            let artist = artist as usize;
            if next[artist] < offsets[artist + 1] {
                numbers[next[artist] as usize] = track as u32;
                next[artist] += 1;
            }
        }
        Self { offsets, numbers }
    }

    /// What stands in all lists.
    pub(crate) fn numbers(&self) -> &[u32] {
        &self.numbers
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
