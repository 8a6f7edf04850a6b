//! The songs of a model and how they are found by what people write.

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::fold::{artist_key, base_title, fold, same_folded, title_key};
use crate::format::{Buffer, FormatError, Section, Span, content_error};
use crate::lookup::Lookup;
use crate::text::{Groups, Texts};

/// The number of a track in its model: tracks are numbered by falling support.
pub type TrackId = u32;

/// The number of an artist in its model.
pub type ArtistId = u32;

/// A track as the dataset wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track<'m> {
    /// Its title.
    pub title: &'m str,
    /// Its artist; empty where the dataset named none.
    pub artist: &'m str,
    /// Its URI; empty where the dataset gave none.
    pub uri: &'m str,
    /// The number of transactions that hold it.
    pub support: u32,
}

/// Where a model's catalog lies in its buffer.
pub(crate) struct CatalogSpans {
    pub(crate) artists: Texts,
    titles: Texts,
    uris: Texts,
    pub(crate) track_artist: Span<u32>,
    pub(crate) track_support: Span<u32>,
    track_song: Span<u32>,
    title_keys: Texts,
    title_tracks: Groups,
    artist_keys: Texts,
    artist_tracks: Groups,
    /// Per track: the number of its title's key. Made from `title_tracks` at load.
    track_title: Vec<u32>,
    /// Tracks by their URI, title keys and artist keys by themselves. Made at load.
    by_uri: Lookup,
    by_title: Lookup,
    by_artist: Lookup,
    /// Per title key: which letters it has, as bits. Made at load; see [`Catalog::near`].
    letters: Vec<u64>,
}

impl CatalogSpans {
    pub(crate) fn read(buffer: &Buffer) -> Result<Self, FormatError> {
        let titles = Texts::read(buffer, Section::TitleOffset, Section::TitleByte)?;
        let tracks = titles.len(buffer);
        let title_keys = Texts::read(buffer, Section::TitleKeyOffset, Section::TitleKeyByte)?;
        let artist_keys = Texts::read(buffer, Section::ArtistKeyOffset, Section::ArtistKeyByte)?;
        let uris = Texts::read(buffer, Section::UriOffset, Section::UriByte)?;
        let mut spans = Self {
            artists: Texts::read(buffer, Section::ArtistOffset, Section::ArtistByte)?,
            track_artist: buffer.span(Section::TrackArtist)?,
            track_song: buffer.span(Section::TrackSong)?,
            track_support: buffer.span(Section::TrackSupport)?,
            title_tracks: Groups::read(
                buffer,
                Section::TitleTrackOffset,
                Section::TitleTrack,
                tracks,
                true,
            )?,
            artist_tracks: Groups::read(
                buffer,
                Section::ArtistTrackOffset,
                Section::ArtistTrack,
                tracks,
                true,
            )?,
            track_title: vec![u32::MAX; tracks],
            by_uri: Lookup::new(buffer, &uris),
            by_title: Lookup::new(buffer, &title_keys),
            by_artist: Lookup::new(buffer, &artist_keys),
            letters: Vec::new(),
            uris,
            titles,
            title_keys,
            artist_keys,
        };
        spans.check(buffer, tracks)?;
        spans.index(buffer)?;
        Ok(spans)
    }

    fn check(&self, buffer: &Buffer, tracks: usize) -> Result<(), FormatError> {
        let same = |section, found| match found == tracks {
            true => Ok(()),
            false => Err(content_error(section, found, "expected as many entries as tracks")),
        };
        let artists = buffer.slice(&self.track_artist);
        let supports = buffer.slice(&self.track_support);
        same(Section::UriOffset, self.uris.len(buffer))?;
        same(Section::TrackArtist, artists.len())?;
        same(Section::TrackSupport, supports.len())?;
        let songs = buffer.slice(&self.track_song);
        same(Section::TrackSong, songs.len())?;
        let is_first = |&song: &u32| songs.get(song as usize) == Some(&song);
        if let Some(entry) = songs.iter().position(|song| !is_first(song)) {
            return Err(content_error(Section::TrackSong, entry, "expected the first of a song's"));
        }
        same(Section::TitleTrack, self.title_tracks.total(buffer))?;
        same(Section::ArtistTrack, self.artist_tracks.total(buffer))?;
        if self.title_keys.len(buffer) != self.title_tracks.len(buffer) {
            return Err(content_error(Section::TitleKeyOffset, 0, "expected a group for each key"));
        }
        if self.artist_keys.len(buffer) != self.artist_tracks.len(buffer) {
            return Err(content_error(
                Section::ArtistKeyOffset,
                0,
                "expected a group for each key",
            ));
        }
        let artist_count = self.artists.len(buffer);
        if let Some(entry) = artists.iter().position(|&artist| artist as usize >= artist_count) {
            return Err(content_error(Section::TrackArtist, entry, "expected an artist"));
        }
        if let Some(entry) = supports.windows(2).position(|pair| pair[0] < pair[1]) {
            return Err(content_error(Section::TrackSupport, entry, "expected falling support"));
        }
        for (section, keys) in
            [(Section::TitleKeyByte, &self.title_keys), (Section::ArtistKeyByte, &self.artist_keys)]
        {
            let sorted = (1..keys.len(buffer))
                .find(|&entry| keys.get(buffer, entry - 1) >= keys.get(buffer, entry));
            if let Some(entry) = sorted {
                return Err(content_error(section, entry, "expected sorted keys"));
            }
        }
        Ok(())
    }

    fn index(&mut self, buffer: &Buffer) -> Result<(), FormatError> {
        for key in 0..self.title_tracks.len(buffer) {
            for &track in self.title_tracks.get(buffer, key) {
                self.track_title[track as usize] = key as u32;
            }
        }
        if let Some(track) = self.track_title.iter().position(|&key| key == u32::MAX) {
            return Err(content_error(Section::TitleTrack, track, "expected every track once"));
        }
        self.letters = (0..self.title_keys.len(buffer))
            .map(|key| letters(self.title_keys.get(buffer, key)))
            .collect();
        Ok(())
    }
}

/// The songs of a model.
#[derive(Clone, Copy)]
pub struct Catalog<'m> {
    pub(crate) buffer: &'m Buffer,
    pub(crate) spans: &'m CatalogSpans,
}

impl<'m> Catalog<'m> {
    /// The number of tracks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.titles.len(self.buffer)
    }

    /// Whether there is no track at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The track of this number.
    ///
    /// # Panics
    /// There is no such track: numbers come from this model's own catalog and rules.
    #[must_use]
    pub fn track(&self, track: TrackId) -> Track<'m> {
        Track {
            title: self.title(track),
            artist: self.artist_name(self.artist(track)),
            uri: self.spans.uris.get(self.buffer, track as usize),
            support: self.support(track),
        }
    }

    /// The title of the track of this number.
    #[must_use]
    pub fn title(&self, track: TrackId) -> &'m str {
        self.spans.titles.get(self.buffer, track as usize)
    }

    /// The number of transactions that hold the track.
    #[must_use]
    pub fn support(&self, track: TrackId) -> u32 {
        self.supports()[track as usize]
    }

    pub(crate) fn supports(&self) -> &'m [u32] {
        self.buffer.slice(&self.spans.track_support)
    }

    /// The artist of the track of this number.
    #[must_use]
    pub fn artist(&self, track: TrackId) -> ArtistId {
        self.buffer.slice(&self.spans.track_artist)[track as usize]
    }

    /// The name of the artist of this number; empty for what stands where the dataset named none.
    #[must_use]
    pub fn artist_name(&self, artist: ArtistId) -> &'m str {
        self.spans.artists.get(self.buffer, artist as usize)
    }

    /// What tells one song from another: its most frequent track. Tracks of one song are the same
    /// recording under different URIs, editions of it, or other recordings (live, remixed) that are
    /// listed under the same artist.
    #[must_use]
    pub fn song(&self, track: TrackId) -> TrackId {
        self.buffer.slice(&self.spans.track_song)[track as usize]
    }

    /// What tells one recording from another, whatever its edition: title key and artist.
    pub(crate) fn recording(&self, track: TrackId) -> (u32, ArtistId) {
        (self.spans.track_title[track as usize], self.artist(track))
    }

    /// The tracks that `text` names, most frequent first; none where it names none.
    ///
    /// In this order: a track's URI; a title; then for each of the first four dashes, as titles and
    /// artists may hold some, `Artist - Title` and `Title - Artist`. Titles and artists are compared by
    /// their keys (see [`crate::fold`]), and so without notes on the edition; but a title that notes one
    /// (`... - Remastered 2011`) means the tracks that note the same, where there are any.
    #[must_use]
    pub fn find(&self, text: &str) -> Cow<'m, [TrackId]> {
        let text = text.trim();
        if let Some(track) = self.by_uri(text) {
            return vec![track].into();
        }
        let base = base_title(text);
        let tracks = self.by_key(&fold(base));
        if !tracks.is_empty() {
            return self.same_edition(text, base, tracks.into());
        }
        halves(text, MOST_SEPARATORS)
            .map(|(artist, title)| self.by_artist_and_title(artist, title))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// The artist that a text names as that of a song, whether or not the song is there.
    #[must_use]
    pub fn find_artist(&self, text: &str) -> Option<ArtistId> {
        let first =
            halves(text, MOST_SEPARATORS).find_map(|(artist, _)| self.by_artist(artist).first());
        first.map(|&track| self.artist(track))
    }

    fn by_uri(&self, uri: &str) -> Option<TrackId> {
        self.spans.by_uri.find(self.buffer, &self.spans.uris, uri)
    }

    /// The tracks whose titles have this key.
    fn by_key(&self, key: &str) -> &'m [TrackId] {
        match self.spans.by_title.find(self.buffer, &self.spans.title_keys, key) {
            Some(key) => self.spans.title_tracks.get(self.buffer, key as usize),
            None => &[],
        }
    }

    /// Those of the tracks whose title notes the same edition as `text`, if it notes one that is there;
    /// else all of them.
    fn same_edition(
        &self,
        text: &str,
        base: &str,
        tracks: Cow<'m, [TrackId]>,
    ) -> Cow<'m, [TrackId]> {
        if base.len() == text.trim().len() {
            return tracks;
        }
        let is_same = |track: &TrackId| same_folded(self.title(*track), text);
        let same: Vec<TrackId> = tracks.iter().copied().filter(is_same).collect();
        if same.is_empty() { tracks } else { same.into() }
    }

    fn by_artist_and_title(&self, artist: &str, title: &str) -> Cow<'m, [TrackId]> {
        let base = base_title(title);
        let tracks = self.by_key(&fold(base));
        let of_artist = self.by_artist(artist);
        let is_of_artist = |track: &TrackId| of_artist.binary_search(track).is_ok();
        let found: Vec<TrackId> = tracks.iter().copied().filter(is_of_artist).collect();
        self.same_edition(title, base, found.into())
    }

    fn by_artist(&self, artist: &str) -> &'m [TrackId] {
        let key = artist_key(artist);
        match self.spans.by_artist.find(self.buffer, &self.spans.artist_keys, &key) {
            Some(key) => self.spans.artist_tracks.get(self.buffer, key as usize),
            None => &[],
        }
    }

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
        let titles = (&self.spans.title_keys, &self.spans.title_tracks, &*key);
        let artists = (&self.spans.artist_keys, &self.spans.artist_tracks, without_the(&key));
        for (keys, tracks, prefix) in [titles, artists] {
            let first = keys.rank(self.buffer, |candidate| candidate < prefix);
            let mut matching: Vec<TrackId> = (first..keys.len(self.buffer))
                .take_while(|&rank| keys.get(self.buffer, rank).starts_with(prefix))
                .flat_map(|rank| tracks.get(self.buffer, rank).iter().copied())
                .collect();
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
    /// added, left out, changed, or two swapped) for every four letters.
    #[must_use]
    pub fn near(&self, text: &str, limit: usize) -> Vec<TrackId> {
        let mut wanted = vec![title_key(text)];
        wanted.extend(halves(text, 1).map(|(half, _)| title_key(half)));
        let mut found: Vec<(usize, Reverse<u32>, TrackId)> = Vec::new();
        for key in wanted.iter().filter(|key| key.len() >= 3 && key.len() <= LONGEST_NEAR) {
            let most = (key.chars().count() / 4).max(1);
            let wanted_letters = letters(key);
            for (rank, &candidate_letters) in self.spans.letters.iter().enumerate() {
                // An edit changes at most two of the letters that occur: one goes, another comes.
                if (wanted_letters ^ candidate_letters).count_ones() as usize > 2 * most {
                    continue;
                }
                let candidate = self.spans.title_keys.get(self.buffer, rank);
                if candidate.len().abs_diff(key.len()) > 4 * most {
                    continue;
                }
                let distance = strsim::osa_distance(key, candidate);
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

/// Longer texts have no near matches: comparing them would cost too much, and nobody types them.
const LONGEST_NEAR: usize = 100;

/// A text is taken apart at so many of its dashes: real names have fewer, and each costs two lookups.
const MOST_SEPARATORS: usize = 4;

fn without_the(key: &str) -> &str {
    key.strip_prefix("the ").unwrap_or(key)
}

/// What stands on both sides of the text's first separators, in both orders.
fn halves(text: &str, most: usize) -> impl Iterator<Item = (&str, &str)> {
    let dash = |&(at, letter): &(usize, char)| {
        matches!(letter, '-' | '–' | '—')
            && text[..at].ends_with(' ')
            && text[at + letter.len_utf8()..].starts_with(' ')
    };
    text.char_indices().filter(dash).take(most).flat_map(|(at, letter)| {
        let (first, second) = (&text[..at - 1], &text[at + letter.len_utf8() + 1..]);
        [(first, second), (second, first)]
    })
}

/// Which letters occur, a bit each; all that are not a to z or 0 to 9 share the remaining bits.
fn letters(key: &str) -> u64 {
    key.chars().fold(0, |bits, letter| {
        bits | 1
            << match letter {
                'a'..='z' => letter as u32 - 'a' as u32,
                '0'..='9' => 26 + letter as u32 - '0' as u32,
                _ => 36 + letter as u32 % 28,
            }
    })
}
