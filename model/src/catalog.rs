//! The songs of a model. How they are found by what people write is in `find` and `search`.

use std::sync::OnceLock;

use crate::buffer::{Buffer, Span};
use crate::format::{FormatError, Section, content_error};
use crate::head::Head;
use crate::lookup::{Lookup, touch};
use crate::search::letters;
use crate::step::{self, Looks};
use crate::text::{Groups, Part, Texts};

/// The number of a track in its model: tracks are numbered by falling support.
pub type TrackId = u32;

/// The number of an artist in its model.
pub type ArtistId = u32;

/// In place of a track's edition, where its title notes none.
pub(crate) const NO_EDITION: TrackId = TrackId::MAX;

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

/// What a track is called and counted as.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(crate) struct Name {
    pub(crate) title: Part,
    /// The number of its title's key.
    pub(crate) key: u32,
    pub(crate) artist: ArtistId,
    pub(crate) song: TrackId,
    pub(crate) support: u32,
}

/// Where a model's catalog lies in its buffer.
pub(crate) struct CatalogSpans {
    pub(crate) artists: Texts,
    pub(crate) titles: Texts,
    pub(crate) track_artist: Span<u32>,
    pub(crate) track_support: Span<u32>,
    track_song: Span<u32>,
    track_edition: Span<u32>,
    pub(crate) title_keys: Texts,
    pub(crate) title_tracks: Groups,
    pub(crate) artist_keys: Texts,
    pub(crate) artist_tracks: Groups,
    /// Tracks by their title as it is written, title keys and artist keys by themselves. Made at load.
    pub(crate) by_written_title: Lookup,
    pub(crate) by_title: Lookup,
    pub(crate) by_artist: Lookup,
    /// Per title key: which letters it has, as bits. Made when first asked for; see [`Catalog::near`].
    letters: OnceLock<Vec<u64>>,
}

/// The tracks' URIs. Apart from the rest of the catalog, they are read beside it.
pub(crate) struct Uris {
    texts: Texts,
    by_uri: Lookup,
}

impl Uris {
    pub(crate) fn read(buffer: &Buffer) -> Result<Self, FormatError> {
        let uris = Self::unchecked(buffer)?;
        let tracks =
            buffer.slice(&buffer.span::<u32>(Section::TitleOffset)?).len().saturating_sub(1);
        same_as_tracks(Section::UriOffset, uris.texts.len(buffer), tracks)?;
        Ok(uris)
    }

    /// Those of a model for scoring alone, which has none.
    pub(crate) fn unchecked(buffer: &Buffer) -> Result<Self, FormatError> {
        let texts = Texts::read(buffer, Section::UriOffset, Section::UriByte)?;
        Ok(Self { by_uri: lookup(buffer, &texts), texts })
    }
}

fn same_as_tracks(section: Section, found: usize, tracks: usize) -> Result<(), FormatError> {
    match found == tracks {
        true => Ok(()),
        false => Err(content_error(section, found, "expected as many entries as tracks")),
    }
}

impl CatalogSpans {
    /// The catalog, and per track the number of its title's key.
    pub(crate) fn read(buffer: &Buffer) -> Result<(Self, Vec<u32>), FormatError> {
        let spans = Self::unchecked(buffer)?;
        let tracks = spans.titles.len(buffer);
        spans.check(buffer, tracks)?;
        let keys = spans.keys(buffer, tracks)?;
        Ok((spans, keys))
    }

    /// What lies where, and what texts are found by.
    pub(crate) fn unchecked(buffer: &Buffer) -> Result<Self, FormatError> {
        let titles = Texts::read(buffer, Section::TitleOffset, Section::TitleByte)?;
        let tracks = titles.len(buffer);
        let title_keys = Texts::read(buffer, Section::TitleKeyOffset, Section::TitleKeyByte)?;
        let artist_keys = Texts::read(buffer, Section::ArtistKeyOffset, Section::ArtistKeyByte)?;
        Ok(Self {
            artists: Texts::read(buffer, Section::ArtistOffset, Section::ArtistByte)?,
            track_artist: buffer.span(Section::TrackArtist)?,
            track_song: buffer.span(Section::TrackSong)?,
            track_edition: buffer.span(Section::TrackEdition)?,
            track_support: buffer.span(Section::TrackSupport)?,
            title_tracks: Groups::read(
                buffer,
                Section::TitleTrackOffset,
                Section::TitleTrack,
                tracks,
            )?,
            artist_tracks: Groups::read(
                buffer,
                Section::ArtistTrackOffset,
                Section::ArtistTrack,
                tracks,
            )?,
            by_written_title: lookup(buffer, &titles),
            by_title: lookup(buffer, &title_keys),
            by_artist: lookup(buffer, &artist_keys),
            letters: OnceLock::new(),
            titles,
            title_keys,
            artist_keys,
        })
    }

    fn check(&self, buffer: &Buffer, tracks: usize) -> Result<(), FormatError> {
        let same = |section, found| same_as_tracks(section, found, tracks);
        let artists = buffer.slice(&self.track_artist);
        let supports = buffer.slice(&self.track_support);
        same(Section::TrackArtist, artists.len())?;
        same(Section::TrackSupport, supports.len())?;
        let songs = buffer.slice(&self.track_song);
        same(Section::TrackSong, songs.len())?;
        let is_first = |&song: &u32| songs.get(song as usize) == Some(&song);
        if let Some(entry) = step::position(songs, |song| !is_first(song)) {
            return Err(content_error(Section::TrackSong, entry, "expected the first of a song's"));
        }
        let editions = buffer.slice(&self.track_edition);
        same(Section::TrackEdition, editions.len())?;
        let is_first =
            |&first: &u32| first == NO_EDITION || editions.get(first as usize) == Some(&first);
        if let Some(entry) = step::position(editions, |edition| !is_first(edition)) {
            let expected = "expected the first of an edition's";
            return Err(content_error(Section::TrackEdition, entry, expected));
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
            let mut looks = Looks::default();
            let sorted = (1..keys.len(buffer))
                .inspect(|_| looks.add(1))
                .find(|&entry| keys.bytes(buffer, entry - 1) >= keys.bytes(buffer, entry));
            if let Some(entry) = sorted {
                return Err(content_error(section, entry, "expected sorted keys"));
            }
        }
        Ok(())
    }

    /// Per track: the number of its title's key.
    fn keys(&self, buffer: &Buffer, tracks: usize) -> Result<Vec<u32>, FormatError> {
        let mut keys = vec![u32::MAX; tracks];
        let mut looks = Looks::default();
        for key in 0..self.title_tracks.len(buffer) {
            looks.add(1);
            for &track in self.title_tracks.get(buffer, key) {
                keys[track as usize] = key as u32;
            }
        }
        match keys.iter().position(|&key| key == u32::MAX) {
            Some(track) => {
                Err(content_error(Section::TitleTrack, track, "expected every track once"))
            }
            None => Ok(keys),
        }
    }
}

impl CatalogSpans {
    /// What the track of this number is called, whose title has this key.
    pub(crate) fn name(&self, buffer: &Buffer, track: TrackId, key: u32) -> Name {
        let track = track as usize;
        Name {
            title: self.titles.part(buffer, track),
            key,
            artist: buffer.slice(&self.track_artist)[track],
            song: buffer.slice(&self.track_song)[track],
            support: buffer.slice(&self.track_support)[track],
        }
    }

    /// The first track of the edition that a track's title notes; a model for scoring alone knows none.
    pub(crate) fn edition(&self, buffer: &Buffer, track: TrackId) -> TrackId {
        let editions = buffer.slice(&self.track_edition);
        editions.get(track as usize).copied().unwrap_or(NO_EDITION)
    }

    /// Where the tracks stand whose titles have this key: nowhere in a model for scoring alone.
    pub(crate) fn namesakes(&self, buffer: &Buffer, key: u32) -> Part {
        match (key as usize) < self.title_tracks.len(buffer) {
            true => self.title_tracks.part(buffer, key as usize),
            false => Part::default(),
        }
    }
}

fn lookup(buffer: &Buffer, texts: &Texts) -> Lookup {
    Lookup::new(texts.len(buffer), |number| texts.bytes(buffer, number))
}

/// The songs of a model.
#[derive(Clone, Copy)]
pub struct Catalog<'m> {
    pub(crate) buffer: &'m Buffer,
    pub(crate) spans: &'m CatalogSpans,
    pub(crate) uris: &'m Uris,
    pub(crate) heads: &'m [Head],
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
            uri: self.uris.texts.get(self.buffer, track as usize),
            support: self.support(track),
        }
    }

    /// The title of the track of this number.
    #[must_use]
    pub fn title(&self, track: TrackId) -> &'m str {
        self.spans.titles.text_at(self.buffer, self.name(track).title)
    }

    /// The same as bytes of UTF-8, for whoever only passes it on: they are not checked again.
    #[must_use]
    pub fn title_bytes(&self, track: TrackId) -> &'m [u8] {
        self.spans.titles.at(self.buffer, self.name(track).title)
    }

    /// Has the titles of these tracks come into the cache together: whoever reads them next need not wait for
    /// one after the other.
    pub fn read_ahead(&self, tracks: impl Iterator<Item = TrackId>) {
        let titles = tracks.map(|track| self.title_bytes(track));
        touch(titles.flat_map(|title| [title.first(), title.last()]).flatten());
    }

    /// The number of transactions that hold the track.
    #[must_use]
    pub fn support(&self, track: TrackId) -> u32 {
        self.name(track).support
    }

    /// The same, where it stands.
    pub(crate) fn support_at(&self, track: TrackId) -> &'m u32 {
        &self.name(track).support
    }

    pub(crate) fn supports(&self) -> &'m [u32] {
        self.buffer.slice(&self.spans.track_support)
    }

    /// The artist of the track of this number.
    #[must_use]
    pub fn artist(&self, track: TrackId) -> ArtistId {
        self.name(track).artist
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
        self.name(track).song
    }

    /// What tells one recording from another, whatever its edition: title key and artist.
    pub(crate) fn recording(&self, track: TrackId) -> (u32, ArtistId) {
        let &Name { key, artist, .. } = self.name(track);
        (key, artist)
    }

    /// The first track of the edition that the title of this one notes; [`NO_EDITION`] where it notes none.
    pub(crate) fn edition(&self, track: TrackId) -> TrackId {
        self.heads[track as usize].edition
    }

    /// The tracks whose titles have the same key as that of this one, the most frequent first.
    pub(crate) fn namesakes(&self, track: TrackId) -> &'m [TrackId] {
        self.spans.title_tracks.at(self.buffer, self.heads[track as usize].namesakes)
    }

    /// The track of this URI.
    pub(crate) fn by_uri(&self, uri: &str) -> Option<TrackId> {
        self.uris.by_uri.find(uri, |track| self.uris.texts.bytes(self.buffer, track))
    }

    /// Per title key: which letters it has, as bits.
    pub(crate) fn letters(&self) -> &'m [u64] {
        self.spans.letters.get_or_init(|| {
            let keys = 0..self.spans.title_keys.len(self.buffer);
            keys.map(|key| letters(self.spans.title_keys.get(self.buffer, key))).collect()
        })
    }

    fn name(&self, track: TrackId) -> &'m Name {
        &self.heads[track as usize].name
    }
}
