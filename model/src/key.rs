//! The keys of names: what songs are looked up by, and what tells which of them are one song. Made once
//! for all models of the same names, as folding and sorting hundreds of thousands of names takes a while.
//!
//! Not here: how names are folded (see `fold`), and looking them up (see `find`).

use hashbrown::HashMap;

use crate::build::TooLarge;
use crate::catalog::{NO_EDITION, TrackId};
use crate::fold::{artist_key, fold};
use crate::group::GroupsBuilder;
use crate::note::{base_title, work_title};
use crate::text::TextsBuilder;

const WHAT: &str = "keys of titles and artists";

/// The keys of the names of so many songs and artists, by their numbers.
#[derive(Debug)]
pub struct Keys {
    titles: Sorted,
    /// Per song: the number of what its title is without notes on the recording.
    works: Vec<u32>,
    /// Per song: the number of its title with all notes, if it notes an edition.
    editions: Vec<Option<u32>>,
    artists: Sorted,
}

impl Keys {
    /// The keys of these songs' titles and of these artists' names.
    ///
    /// # Errors
    /// The keys grow too large.
    pub fn new<'n>(
        titles: impl Iterator<Item = &'n str>,
        artists: impl Iterator<Item = &'n str>,
    ) -> Result<Self, TooLarge> {
        let mut keys = TextsBuilder::new();
        // Most titles are the song's without any note: their works are their keys.
        let mut others = Vec::new();
        let mut noting = Vec::new();
        for (song, title) in titles.enumerate() {
            let (base, work) = (base_title(title), work_title(title));
            push_folded(base, &mut keys)?;
            if base.len() != title.trim().len() {
                noting.push((song, title));
            }
            if work.len() != base.len() {
                others.push((song, work));
            }
        }
        let songs = keys.len();
        for (_, text) in others.iter().chain(&noting) {
            push_folded(text, &mut keys)?;
        }
        let mut titles = Sorted::new(&keys)?;
        let mut of_others = titles.numbers.split_off(songs).into_iter();
        let mut works = titles.numbers.clone();
        for ((song, _), work) in others.into_iter().zip(&mut of_others) {
            works[song] = work;
        }
        let mut editions = vec![None; songs];
        for ((song, _), edition) in noting.into_iter().zip(of_others) {
            editions[song] = Some(edition);
        }
        let mut keys = TextsBuilder::new();
        for artist in artists {
            TooLarge::unless(keys.push(&artist_key(artist)), WHAT)?;
        }
        Ok(Self { titles, works, editions, artists: Sorted::new(&keys)? })
    }

    /// The number of a song's title: songs whose titles have the same key have the same.
    pub(crate) fn title(&self, song: u32) -> u32 {
        self.titles.numbers[song as usize]
    }

    /// Per track, of which these are the songs and artists: the first track of the same song by the same
    /// artist.
    pub(crate) fn songs(&self, songs: &[u32], artists: &[u32]) -> Vec<TrackId> {
        let mut first = HashMap::with_capacity(songs.len());
        let tracks = (0..).zip(songs.iter().zip(artists));
        tracks
            .map(|(track, (&song, &artist))| {
                *first.entry((self.works[song as usize], artist)).or_insert(track)
            })
            .collect()
    }

    /// Per track, of which these are the songs: the first track whose title has the same key and notes the
    /// same edition, if it notes one.
    pub(crate) fn editions(&self, songs: &[u32]) -> Vec<u32> {
        let mut first = HashMap::new();
        let tracks = (0..).zip(songs);
        tracks
            .map(|(track, &song)| match self.editions[song as usize] {
                Some(edition) => *first.entry((self.title(song), edition)).or_insert(track),
                None => NO_EDITION,
            })
            .collect()
    }

    /// The tracks by their titles' keys, where these are the tracks' songs.
    pub(crate) fn by_title(&self, songs: &[u32]) -> Result<Keyed, TooLarge> {
        self.titles.group(songs)
    }

    /// The tracks by their artists' keys, where these are the tracks' artists.
    pub(crate) fn by_artist(&self, artists: &[u32]) -> Result<Keyed, TooLarge> {
        self.artists.group(artists)
    }
}

fn push_folded(text: &str, folded: &mut TextsBuilder) -> Result<(), TooLarge> {
    TooLarge::unless(folded.push(&fold(text)), WHAT)
}

/// Sorted keys, each once, and the tracks of each.
#[derive(Debug)]
pub(crate) struct Keyed {
    pub(crate) keys: TextsBuilder,
    pub(crate) tracks: GroupsBuilder,
}

/// Texts by their place in their order.
#[derive(Debug)]
struct Sorted {
    /// Each once, in order.
    texts: TextsBuilder,
    /// Per text that was given: which of them it is.
    numbers: Vec<u32>,
}

impl Sorted {
    fn new(given: &TextsBuilder) -> Result<Self, TooLarge> {
        // Most texts differ in their first bytes, which are compared without a look at the text.
        let mut order: Vec<(u64, u32)> =
            (0..given.len()).map(|at| (prefix(given.bytes_of(at)), at as u32)).collect();
        let text = |&(_, at): &(u64, u32)| given.bytes_of(at as usize);
        order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| text(a).cmp(text(b))));
        let mut texts = TextsBuilder::new();
        let mut numbers = vec![0; order.len()];
        for (number, same) in (0..).zip(order.chunk_by(|a, b| a.0 == b.0 && text(a) == text(b))) {
            TooLarge::unless(texts.push(given.get(same[0].1 as usize)), WHAT)?;
            for &(_, at) in same {
                numbers[at as usize] = number;
            }
        }
        Ok(Self { texts, numbers })
    }

    /// The tracks by their texts, where each track's is the one that was given in this place. Texts
    /// without a track are left out.
    fn group(&self, given: &[u32]) -> Result<Keyed, TooLarge> {
        let number = |place: &u32| self.numbers[*place as usize] as usize;
        let mut ends = vec![0_u32; self.texts.len()];
        given.iter().for_each(|place| ends[number(place)] += 1);
        let mut keys = TextsBuilder::new();
        let mut tracks = GroupsBuilder::new();
        let mut end = 0;
        for (text, count) in ends.iter_mut().enumerate() {
            let start = end;
            end += *count;
            if *count > 0 {
                TooLarge::unless(keys.push(self.texts.get(text)), WHAT)?;
                tracks.offsets.push(end);
            }
            *count = start;
        }
        tracks.members.resize(given.len(), 0);
        for (track, place) in (0..).zip(given) {
            let next = &mut ends[number(place)];
            tracks.members[*next as usize] = track;
            *next += 1;
        }
        Ok(Keyed { keys, tracks })
    }
}

/// A number by which texts are ordered, as far as their first bytes tell.
fn prefix(text: &[u8]) -> u64 {
    let mut first = [0; 8];
    let length = text.len().min(first.len());
    first[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(first)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    proptest::proptest! {
        #[test]
        fn texts_are_grouped_as_a_map_groups_them(
            texts in proptest::collection::vec("[a-c\0é]{0,10}", 0..40),
            tracks in proptest::collection::vec(0..40_u32, 0..60),
        ) {
            let mut given = TextsBuilder::new();
            texts.iter().for_each(|text| assert!(given.push(text)));
            let tracks: Vec<u32> =
                tracks.into_iter().filter(|&place| (place as usize) < texts.len()).collect();
            let mut expected: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
            for (track, &place) in (0..).zip(&tracks) {
                expected.entry(&texts[place as usize]).or_default().push(track);
            }

            let found = Sorted::new(&given).unwrap().group(&tracks).unwrap();
            let groups = found.tracks.offsets.windows(2).map(|bound| {
                found.tracks.members[bound[0] as usize..bound[1] as usize].to_vec()
            });
            let keys = (0..found.keys.len()).map(|key| found.keys.get(key));
            let found: Vec<(&str, Vec<u32>)> = keys.zip(groups).collect();
            proptest::prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
