//! Which of the best tracks are answered with: one of each recording, and none of what was given.

use crate::catalog::{ArtistId, Catalog, TrackId};
use crate::few::Few;
use crate::lookup::touch;
use crate::score::{Scored, Seeds};

/// The first of the tracks that are offered best first: one for each recording, no seed, and no other
/// edition or recording of a seed's song.
pub(crate) struct Picked<'m> {
    catalog: Catalog<'m>,
    limit: usize,
    pub(crate) best: Vec<Scored>,
    given: Few<TrackId>,
    recordings: Few<(u32, ArtistId)>,
}

impl<'m> Picked<'m> {
    pub(crate) fn new(catalog: Catalog<'m>, seeds: &Seeds, limit: usize) -> Self {
        let mut given = Few::new();
        for track in seeds.tracks() {
            let song = catalog.song(track);
            given.insert(song, song);
        }
        Self { catalog, limit, best: Vec::with_capacity(limit), given, recordings: Few::new() }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.best.len() == self.limit
    }

    /// Offers these, of which the first few will do most often.
    pub(crate) fn offer_all(&mut self, scored: impl Iterator<Item = Scored> + Clone) {
        let few = scored.clone().take(look_at(self.limit));
        touch(few.map(|scored| self.catalog.support_at(scored.track)));
        scored.for_each(|scored| self.offer(scored));
    }

    #[inline]
    fn offer(&mut self, scored: Scored) {
        if self.is_full() {
            return;
        }
        let song = self.catalog.song(scored.track);
        let (key, artist) = self.catalog.recording(scored.track);
        if !self.given.contains(song, song) && !self.recordings.contains(key, (key, artist)) {
            self.best.push(scored);
            self.recordings.insert(key, (key, artist));
        }
    }
}

/// How many tracks are looked at where so many are wanted: others of songs already taken fall out.
pub(crate) fn look_at(limit: usize) -> usize {
    limit + limit / 2 + 1
}
