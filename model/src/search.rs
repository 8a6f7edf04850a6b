//! What somebody may mean who has typed the beginning of a name, or misspelt it.

use std::cmp::Reverse;

use rapidfuzz::distance::osa::BatchComparator;

use crate::catalog::{Catalog, TrackId};
use crate::find::halves;
use crate::fold::{fold, title_key};

/// With fewer letters, nearly all short titles would be near.
const SHORTEST_NEAR: usize = 3;
/// Longer texts, in letters, have no near matches: up to here a word has a bit for each letter, by which
/// distances are worked out many times as fast (see [`Catalog::near`]).
const LONGEST_NEAR: usize = 64;
/// So many edits are near at most: with more, nearly all titles would have to be compared with a long one.
const MOST_EDITS: usize = 4;
/// Notes on an edition are looked for after so many words at most.
const MOST_WORDS: usize = 16;

impl Catalog<'_> {
    /// Up to `limit` songs for what has been typed so far, a track for each: those whose title begins
    /// with it, then those whose artist does, then near matches; most frequent first. To a track's URI,
    /// that track alone.
    #[must_use]
    pub fn search(&self, typed: &str, limit: usize) -> Vec<TrackId> {
        if let Some(track) = self.by_uri(typed.trim()) {
            return vec![track];
        }
        let key = fold(typed);
        if key.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        let (spans, buffer) = (self.spans, self.buffer);
        let titles = (&spans.title_keys, &spans.title_tracks, &*key, self.noted(typed, &key));
        let artists = (&spans.artist_keys, &spans.artist_tracks, without_the(&key), Vec::new());
        for (keys, tracks, prefix, mut matching) in [titles, artists] {
            let first = keys.rank(buffer, |candidate| candidate < prefix);
            let beginning = (first..keys.len(buffer))
                .take_while(|&rank| keys.get(buffer, rank).starts_with(prefix));
            matching.extend(beginning.flat_map(|rank| tracks.get(buffer, rank)));
            matching.sort_unstable();
            self.add_songs(&mut found, &matching, limit);
        }
        if found.len() < limit {
            for (artist, title) in halves(typed, 1) {
                self.add_songs(&mut found, &self.by_artist_and_title(artist, title), limit);
            }
            self.add_songs(&mut found, &self.near(typed, limit), limit);
        }
        found
    }

    /// The tracks whose titles begin with what has been typed, and a note on the edition with it, which is no
    /// part of their keys; `folded` is what has been typed.
    fn noted(&self, typed: &str, folded: &str) -> Vec<TrackId> {
        let words = folded.match_indices(' ').map(|(end, _)| folded[..end].into());
        let mut keys: Vec<_> = words.take(MOST_WORDS).chain([title_key(typed)]).collect();
        keys.sort_unstable();
        keys.dedup();
        let without_note = keys.iter().filter(|key| ***key != *folded);
        let tracks = without_note.flat_map(|key| self.by_key(key)).copied();
        tracks.filter(|&track| fold(self.title(track)).starts_with(folded)).collect()
    }

    /// Adds tracks of songs that are not there yet, up to `limit`.
    fn add_songs(&self, found: &mut Vec<TrackId>, more: &[TrackId], limit: usize) {
        for &track in more {
            if found.len() == limit {
                return;
            }
            if !found.iter().any(|&there| self.recording(there) == self.recording(track)) {
                found.push(track);
            }
        }
    }

    /// Up to `limit` tracks whose titles are spelt much like `text` or like a half of it
    /// (`Artist - Title`): nearest first, then most frequent. Near is at most one edit (a letter
    /// added, left out, changed, or two swapped) for every four letters, and four in all.
    ///
    /// The distance is that of optimal string alignment, worked out for all letters of a text at once
    /// (Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances", 2003).
    #[must_use]
    pub fn near(&self, text: &str, limit: usize) -> Vec<TrackId> {
        let mut wanted = vec![title_key(text)];
        wanted.extend(halves(text, 1).map(|(half, _)| title_key(half)));
        let mut found: Vec<(usize, Reverse<u32>, TrackId)> = Vec::new();
        for key in wanted {
            let length = key.chars().count();
            if !(SHORTEST_NEAR..=LONGEST_NEAR).contains(&length) {
                continue;
            }
            let most = (length / 4).clamp(1, MOST_EDITS);
            let wanted_letters = letters(&key);
            let wanted = BatchComparator::new(key.chars());
            for (rank, &candidate_letters) in self.letters().iter().enumerate() {
                // An edit changes at most two of the letters that occur: one goes, another comes.
                if (wanted_letters ^ candidate_letters).count_ones() as usize > 2 * most {
                    continue;
                }
                let candidate = self.spans.title_keys.get(self.buffer, rank);
                if candidate.chars().count().abs_diff(length) > most {
                    continue;
                }
                let distance = wanted.distance(candidate.chars());
                if distance <= most {
                    let track = self.spans.title_tracks.get(self.buffer, rank)[0];
                    found.push((distance, Reverse(self.support(track)), track));
                }
            }
        }
        found.sort_unstable();
        found.dedup_by_key(|&mut (_, _, track)| track);
        found.truncate(limit);
        found.into_iter().map(|(_, _, track)| track).collect()
    }
}

fn without_the(key: &str) -> &str {
    key.strip_prefix("the ").unwrap_or(key)
}

/// Which letters occur, a bit each; all that are not a to z or 0 to 9 share the remaining bits.
pub(crate) fn letters(key: &str) -> u64 {
    // Looked up: which kind a letter is of can't be foreseen.
    const ASCII: [u64; 128] = {
        let mut bits = [0; 128];
        let mut letter = 0_u8;
        while letter < 128 {
            bits[letter as usize] = bit(letter as char);
            letter += 1;
        }
        bits
    };
    let bit_of = |letter| ASCII.get(letter as usize).copied().unwrap_or_else(|| bit(letter));
    key.chars().fold(0, |bits, letter| bits | bit_of(letter))
}

const fn bit(letter: char) -> u64 {
    1 << match letter {
        'a'..='z' => letter as u32 - 'a' as u32,
        '0'..='9' => 26 + letter as u32 - '0' as u32,
        _ => 36 + letter as u32 % 28,
    }
}
