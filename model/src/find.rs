//! Which tracks a text means: a URI, a title, or artist and title.

use std::borrow::Cow;

use crate::catalog::{ArtistId, Catalog, NO_EDITION, TrackId};
use crate::fold::{artist_key, end_apart, fold};
use crate::lookup::{TOGETHER, touch};
use crate::note::{base_of_trimmed, base_title};

/// A longer text, in bytes, names nothing.
const LONGEST: usize = 1024;

/// A text is taken apart at so many of its dashes: real names have fewer, and each costs two lookups.
const MOST_SEPARATORS: usize = 4;

impl<'m> Catalog<'m> {
    /// The tracks that `text` names, most frequent first; none where it names none.
    ///
    /// In this order: a track's URI; a title; then for each of the first four dashes, as titles and
    /// artists may hold some, `Artist - Title` and `Title - Artist`. Titles and artists are compared by
    /// their keys (see [`crate::fold`]), and so without notes on the edition; but a title that notes one
    /// (`... - Remastered 2011`) means the tracks that note the same, where there are any.
    #[must_use]
    pub fn find(&self, text: &str) -> Cow<'m, [TrackId]> {
        self.find_all(&[text]).pop().unwrap_or_default()
    }

    /// What each of these texts names, as [`Self::find`] says. Most are titles as they stand in the
    /// catalog: these are looked up together, in less time than one after the other, and not folded.
    #[must_use]
    pub fn find_all(&self, texts: &[impl AsRef<str>]) -> Vec<Cow<'m, [TrackId]>> {
        let mut found = Vec::with_capacity(texts.len());
        for texts in texts.chunks(TOGETHER) {
            let mut meant = [""; TOGETHER];
            meant
                .iter_mut()
                .zip(texts)
                .for_each(|(meant, text)| *meant = self::meant(text.as_ref()));
            self.find_together(&meant[..texts.len()], &mut found);
        }
        found
    }

    /// Adds what each of these texts names, [`TOGETHER`] at most.
    fn find_together(&self, texts: &[&str], found: &mut Vec<Cow<'m, [TrackId]>>) {
        let mut titles = [&[][..]; TOGETHER];
        titles.iter_mut().zip(texts).for_each(|(title, text)| *title = text.as_bytes());
        let title_at = |track: usize| self.title_bytes(track as TrackId);
        let written = self.spans.by_written_title.find_together(&titles[..texts.len()], title_at);
        let written = &written[..texts.len()];
        touch(written.iter().filter_map(|&track| self.namesakes(track?).first()));
        found.extend(texts.iter().zip(written).map(|(text, written)| {
            match (self.by_uri(text), written) {
                (Some(track), _) => vec![track].into(),
                (None, Some(track)) => self.of_title(*track),
                (None, None) => self.find_folded(text),
            }
        }));
    }

    /// The tracks that the title of this one names.
    fn of_title(&self, track: TrackId) -> Cow<'m, [TrackId]> {
        let (tracks, edition) = (self.namesakes(track), self.edition(track));
        if tracks.len() == 1 || edition == NO_EDITION {
            return tracks.into();
        }
        touch(tracks.iter().map(|&track| self.support_at(track)));
        let is_same = |track: &TrackId| self.edition(*track) == edition;
        tracks.iter().copied().filter(is_same).collect::<Vec<_>>().into()
    }

    /// The tracks that a text names otherwise than by a title as it stands in the catalog.
    fn find_folded(&self, text: &str) -> Cow<'m, [TrackId]> {
        let base = base_of_trimmed(text);
        match self.by_key(&fold(base)) {
            [] => halves(text, MOST_SEPARATORS)
                .map(|(artist, title)| self.by_artist_and_title(artist, title))
                .find(|found| !found.is_empty())
                .unwrap_or_default(),
            tracks => self.same_edition(text, base, tracks.into()),
        }
    }

    /// The artist that a text names as that of a song, whether or not the song is there.
    #[must_use]
    pub fn find_artist(&self, text: &str) -> Option<ArtistId> {
        if text.len() > LONGEST {
            return None;
        }
        let first =
            halves(text, MOST_SEPARATORS).find_map(|(artist, _)| self.by_artist(artist).first());
        first.map(|&track| self.artist(track))
    }

    /// The tracks whose titles have this key.
    pub(crate) fn by_key(&self, key: &str) -> &'m [TrackId] {
        let key_at = |number| self.spans.title_keys.bytes(self.buffer, number);
        match self.spans.by_title.find(key, key_at) {
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
        if base.len() == trimmed(text).len() {
            return tracks;
        }
        // Most are told apart without folding them.
        let is_same = |track: &TrackId| {
            let title = self.title_bytes(*track);
            let is_it = || fold(self.title(*track)) == fold(text);
            title == text.as_bytes() || (!end_apart(title, text.as_bytes()) && is_it())
        };
        let same: Vec<TrackId> = tracks.iter().copied().filter(is_same).collect();
        if same.is_empty() { tracks } else { same.into() }
    }

    pub(crate) fn by_artist_and_title(&self, artist: &str, title: &str) -> Cow<'m, [TrackId]> {
        let base = base_title(title);
        let tracks = self.by_key(&fold(base));
        let of_artist = self.by_artist(artist);
        let is_of_artist = |track: &TrackId| of_artist.binary_search(track).is_ok();
        let found: Vec<TrackId> = tracks.iter().copied().filter(is_of_artist).collect();
        self.same_edition(title, base, found.into())
    }

    fn by_artist(&self, artist: &str) -> &'m [TrackId] {
        let key = artist_key(artist);
        let key_at = |number| self.spans.artist_keys.bytes(self.buffer, number);
        match self.spans.by_artist.find(&key, key_at) {
            Some(key) => self.spans.artist_tracks.get(self.buffer, key as usize),
            None => &[],
        }
    }
}

/// What of a text can name something.
fn meant(text: &str) -> &str {
    let text = trimmed(text);
    if text.len() > LONGEST { "" } else { text }
}

/// `text` without spaces around it: most have none, and it is soon seen.
fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

/// What stands on both sides of the text's first separators, in both orders.
pub(crate) fn halves(text: &str, most: usize) -> impl Iterator<Item = (&str, &str)> {
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
