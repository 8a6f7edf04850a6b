//! The songs of a request as a model knows them, and what each of them counts.

use crate::catalog::{ArtistId, TrackId};
use crate::model::Model;
use crate::rule::Antecedent;
use crate::score::{antecedent_share, artist_share};

/// Of the tracks that an ambiguous title means, only so many are considered, the most frequent ones, ...
const MOST_TRACKS: usize = 4;
/// ... and of these none votes that is rarer than the first by more than this factor.
const LIKELY: u32 = 4;

/// The songs of a request that a model knows something about, in an order of its own. The tracks of
/// one song stand in order, the most frequent first.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    /// The tracks that the songs mean, one song after another.
    tracks: Vec<TrackId>,
    /// Where the tracks of each song end.
    ends: Vec<u32>,
    /// The artists of songs that are not there themselves.
    artists: Vec<ArtistId>,
}

impl Seeds {
    /// Seeds from the tracks that each known song means, the most frequent first; songs that mean none
    /// are left out, and a song given twice counts once.
    #[must_use]
    pub fn new(songs: impl IntoIterator<Item = impl AsRef<[TrackId]>>) -> Self {
        let songs: Vec<_> = songs.into_iter().collect();
        let mut given: Vec<&[TrackId]> = songs
            .iter()
            .map(AsRef::as_ref)
            .filter(|song| !song.is_empty())
            .map(|song| &song[..song.len().min(MOST_TRACKS)])
            .collect();
        given.sort_unstable();
        given.dedup();
        let tracks = given.concat();
        let mut end = 0;
        let ends = given.iter().map(|song| {
            end += song.len() as u32;
            end
        });
        Self { tracks, ends: ends.collect(), artists: Vec::new() }
    }

    /// Adds a song that the model does not know, by an artist that it knows.
    pub fn add_unknown_by(&mut self, artist: ArtistId) {
        self.artists.push(artist);
    }

    /// Whether there is no song that anything is known about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of songs.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() + self.artists.len()
    }

    /// The tracks of the seeds.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> {
        self.tracks.iter().copied()
    }

    /// The tracks of each song.
    fn songs(&self) -> impl Iterator<Item = &[TrackId]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let song = &self.tracks[start..end as usize];
            start = end as usize;
            song
        })
    }

    /// Visits the tracks of each song, each with its share of its song's vote. What a title hardly ever
    /// means has none.
    pub(crate) fn each_vote(&self, supports: &[u32], mut visit: impl FnMut(TrackId, f32)) {
        for song in self.songs() {
            let least = supports[song[0] as usize].div_ceil(LIKELY);
            let likely = song.partition_point(|&track| supports[track as usize] >= least);
            let song = &song[..likely];
            let support = |&track: &TrackId| supports[track as usize] as f32;
            let total: f32 = song.iter().map(support).sum();
            for track in song {
                let share = match total > 0.0 {
                    true => support(track) / total,
                    false => 1.0 / song.len() as f32,
                };
                visit(*track, share);
            }
        }
    }

    /// Each artist of a seed with what its rules count, in order of the artists; for those of the seeds'
    /// tracks that `counts` says so of.
    pub(crate) fn artist_votes(
        &self,
        model: &Model,
        counts: impl Fn(TrackId) -> bool,
    ) -> Vec<(ArtistId, f32)> {
        let catalog = model.catalog();
        let supports = catalog.supports();
        let mut votes: Vec<(ArtistId, f32)> = Vec::with_capacity(self.len());
        self.each_vote(supports, |track, share| {
            if counts(track) {
                let vote = share * artist_share(supports[track as usize]);
                votes.push((catalog.artist(track), vote));
            }
        });
        votes.extend(self.artists.iter().map(|&artist| (artist, artist_share(0))));
        votes.sort_unstable_by_key(|&(artist, _)| artist);
        votes.dedup_by(|(artist, vote), (kept, sum)| {
            let same = artist == kept;
            if same {
                *sum += *vote;
            }
            same
        });
        for (artist, vote) in &mut votes {
            let support = model.rules().occurrences(Antecedent::Artist(*artist)).len();
            *vote *= antecedent_share(support as u32);
        }
        votes
    }
}
