//! Which rows are the same track.
//!
//! A track is known by its URI; a row without one by the URI of the first row in the file that has the
//! same title and artist and a URI, be it before or after; else by title and artist. So what a row
//! without a URI is, is known only at the end: until then it is a track of its own, called bare here, and
//! [`Tracks::finish`] joins it with the one it turns out to be.
//!
//! Not here: playlists (see `builder`).

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::intern::{Interner, Refused, next_number, utf8};
use super::item::Items;
use super::seen::{Fingerprint, Fingerprints, Seen};
use super::text::Strings;

/// What a row says of its track. An empty URI or artist is none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track<'a> {
    pub(super) uri: &'a [u8],
    pub(super) title: &'a [u8],
    pub(super) artist: &'a [u8],
}

/// The fields of a row that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Pid,
    Title,
    Artist,
    Uri,
}

/// A row that can't be taken, and for which of its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rejected {
    pub(super) field: Field,
    pub(super) why: Refused,
}

impl Field {
    /// Makes of what is wrong with a field what is wrong with its row.
    pub(super) fn rejects(self) -> impl Fn(Refused) -> Rejected {
        move |why| Rejected { field: self, why }
    }
}

/// The tracks as rows name them, numbered by first appearance: one for each URI, and one for each title
/// and artist without a URI.
#[derive(Debug, Default)]
pub(super) struct Tracks {
    /// One for each track, empty where it is bare.
    uris: Strings,
    /// One for each track, as in its first row.
    titles: Strings,
    /// For each track its artist's number, as in its first row.
    artist: Vec<u32>,
    artists: Interner,
    /// Tracks with a URI, found by its hash.
    by_uri: HashTable<u32>,
    /// Bare tracks, found by the hash of their names.
    bare: HashTable<u32>,
    aliases: Aliases,
    /// The track of every different row.
    seen: Seen,
    hasher: DefaultHashBuilder,
}

/// Other names that rows give to tracks with a URI than the first row does. They are few.
#[derive(Debug, Default)]
struct Aliases {
    titles: Strings,
    rest: Vec<Alias>,
}

#[derive(Clone, Copy, Debug)]
struct Alias {
    track: u32,
    artist: u32,
    /// How many tracks there were: whether the alias or a track came first is told by that.
    after: usize,
}

/// A title, and an artist's number.
#[derive(Clone, Copy)]
struct Names<'a> {
    title: &'a str,
    artist: u32,
}

impl Tracks {
    /// The number of the track that a row names.
    pub(super) fn number(
        &mut self,
        track: Track<'_>,
        fingerprint: Fingerprint,
    ) -> Result<u32, Rejected> {
        if let Some(number) = self.seen.get(fingerprint) {
            return Ok(number);
        }
        let title = utf8(track.title).map_err(Field::Title.rejects())?;
        let uri = utf8(track.uri).map_err(Field::Uri.rejects())?;
        let artist = self.artists.intern(track.artist).map_err(Field::Artist.rejects())?;
        let names = Names { title, artist };
        let number = match uri {
            "" => self.bare_track(names)?,
            _ => self.track_of(uri, names)?,
        };
        self.seen.insert(fingerprint, number);
        Ok(number)
    }

    fn bare_track(&mut self, names: Names<'_>) -> Result<u32, Rejected> {
        let hash = self.hash(names);
        if let Some(number) = self.find_bare(hash, names) {
            return Ok(number);
        }
        let number = self.add("", names)?;
        let Self { bare, titles, artist, hasher, .. } = self;
        bare.insert_unique(hash, number, |&number| {
            let number = number as usize;
            hasher.hash_one((&titles[number], artist[number]))
        });
        Ok(number)
    }

    fn track_of(&mut self, uri: &str, names: Names<'_>) -> Result<u32, Rejected> {
        let hash = self.hasher.hash_one(uri);
        let known = self.by_uri.find(hash, |&number| self.uris.bytes(number) == uri.as_bytes());
        if let Some(&track) = known {
            // A row that was not seen, of a URI that was: its names differ.
            self.aliases.titles.push(names.title);
            let after = self.titles.len();
            self.aliases.rest.push(Alias { track, artist: names.artist, after });
            return Ok(track);
        }
        let number = self.add(uri, names)?;
        let Self { by_uri, uris, hasher, .. } = self;
        by_uri.insert_unique(hash, number, |&number| hasher.hash_one(&uris[number as usize]));
        Ok(number)
    }

    fn add(&mut self, uri: &str, names: Names<'_>) -> Result<u32, Rejected> {
        let number = next_number(self.titles.len()).map_err(Field::Uri.rejects())?;
        self.uris.push(uri);
        self.titles.push(names.title);
        self.artist.push(names.artist);
        Ok(number)
    }

    fn hash(&self, names: Names<'_>) -> u64 {
        self.hasher.hash_one((names.title, names.artist))
    }

    /// The bare track of these names.
    fn find_bare(&self, hash: u64, names: Names<'_>) -> Option<u32> {
        let same = |&number: &u32| {
            self.artist[number as usize] == names.artist
                && self.titles.bytes(number) == names.title.as_bytes()
        };
        self.bare.find(hash, same).copied()
    }

    /// What makes fingerprints of rows.
    pub(super) fn fingerprints(&self) -> &Fingerprints {
        &self.seen.fingerprints
    }

    /// Gets ready for rows that come next: see [`Seen::fetch`].
    pub(super) fn fetch(&self, fingerprints: &[Fingerprint]) {
        self.seen.fetch(fingerprints);
    }

    /// The items, and which of them each track is; `None` where every track is the item of its number.
    pub(super) fn finish(mut self) -> (Items, Option<Vec<u32>>) {
        self.seen = Seen::default();
        let same_as = self.joined();
        let Self { mut uris, mut titles, artists, artist, .. } = self;
        let artists = artists.into_strings();
        if same_as.is_empty() {
            uris.shrink_to_fit();
            titles.shrink_to_fit();
            return (Items { uris, titles, artists, artist }, None);
        }
        // Tracks are numbered by first appearance, so walking them in order meets each item first where
        // the file does: from there come its id and its names.
        let mut items = Items { artists, ..Items::default() };
        let mut item_of = vec![NONE; titles.len()];
        for track in 0..titles.len() {
            let same = match same_as[track] {
                NONE => track,
                same => same as usize,
            };
            if item_of[same] == NONE {
                // There are no more items than tracks, whose numbers are 32 bits wide.
                item_of[same] = items.artist.len() as u32;
                items.uris.push(&uris[same]);
                items.titles.push(&titles[track]);
                items.artist.push(artist[track]);
            }
            item_of[track] = item_of[same];
        }
        (items, Some(item_of))
    }

    /// For each bare track the one with a URI that it is, if any: the track that is first given its
    /// names. Empty where no track is joined with another.
    fn joined(&self) -> Vec<u32> {
        let mut same_as = Vec::new();
        if self.bare.is_empty() {
            return same_as;
        }
        let mut join = |title: &str, artist: u32, track: u32| {
            let names = Names { title, artist };
            if let Some(bare) = self.find_bare(self.hash(names), names) {
                same_as.resize(self.titles.len(), NONE);
                let same = &mut same_as[bare as usize];
                if *same == NONE {
                    *same = track;
                }
            }
        };
        let mut aliases = self.aliases.rest.iter().zip(self.aliases.titles.iter()).peekable();
        for number in 0..=self.titles.len() {
            while let Some((alias, title)) = aliases.next_if(|(alias, _)| alias.after <= number) {
                join(title, alias.artist, alias.track);
            }
            if number < self.titles.len() && !self.uris[number].is_empty() {
                join(&self.titles[number], self.artist[number], number as u32);
            }
        }
        same_as
    }
}

/// No track or item has this number.
const NONE: u32 = u32::MAX;
