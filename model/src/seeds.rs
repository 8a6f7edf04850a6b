//! The songs of a request as a model knows them, and what each of them counts.

use smallvec::SmallVec;

use crate::catalog::{ArtistId, Catalog, TrackId};
use crate::lookup::touch;
use crate::model::Model;
use crate::rule::Antecedent;
use crate::score::{antecedent_share, artist_share};

/// Of the tracks that an ambiguous title means, only so many are considered, the most frequent ones, ...
const MOST_TRACKS: usize = 4;
/// ... and of these none votes that is rarer than the first by more than this factor.
const LIKELY: f32 = 4.0;

/// What antecedents of a request count. Those of most requests need no memory of their own.
pub(crate) type Votes<T> = SmallVec<[(T, f32); 16]>;

/// What an artist of a request counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArtistVote {
    pub(crate) artist: ArtistId,
    /// What its rules count.
    pub(crate) vote: f32,
    /// What its songs count for each other: the weight of a rule to each of them, whose support is the song's.
    pub(crate) own: f32,
}

/// The songs of a request that a model knows something about, in an order of its own. The tracks of
/// one song stand in order, the most frequent first.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    /// The tracks that the songs mean, one song after another.
    tracks: SmallVec<[TrackId; 16]>,
    /// Where the tracks of each song end.
    ends: SmallVec<[u32; 8]>,
    /// The artists of songs that are not there themselves.
    artists: Vec<ArtistId>,
}

impl Seeds {
    /// Seeds from the tracks that each known song means, the most frequent first; songs that mean none
    /// are left out, and a song given twice counts once.
    #[must_use]
    pub fn new(songs: impl IntoIterator<Item = impl AsRef<[TrackId]>>) -> Self {
        let songs: SmallVec<[_; 8]> = songs.into_iter().collect();
        let song = |at: u64| -> &[TrackId] {
            let song = songs[at as u32 as usize].as_ref();
            &song[..song.len().min(MOST_TRACKS)]
        };
        // By their first tracks, which tell nearly all of them apart; below these, their places.
        let mut order: SmallVec<[u64; 16]> = SmallVec::with_capacity(songs.len());
        for (place, song) in songs.iter().enumerate() {
            if let Some(&first) = song.as_ref().first() {
                order.push(u64::from(first) << u32::BITS | place as u64);
            }
        }
        order.sort_unstable();
        let mut seeds = Self::default();
        seeds.tracks.reserve(2 * order.len());
        seeds.ends.reserve(order.len());
        for alike in order.chunk_by(|a, b| a >> u32::BITS == b >> u32::BITS) {
            match *alike {
                [one] => seeds.push(song(one)),
                _ => {
                    let mut songs: Vec<_> = alike.iter().map(|&at| song(at)).collect();
                    songs.sort_unstable();
                    songs.dedup();
                    songs.into_iter().for_each(|song| seeds.push(song));
                }
            }
        }
        seeds
    }

    fn push(&mut self, song: &[TrackId]) {
        song.iter().for_each(|&track| self.tracks.push(track));
        self.ends.push(self.tracks.len() as u32);
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

    /// The tracks of each song, each with its share of its song's vote. What a title hardly ever means
    /// has none.
    pub(crate) fn votes(&self, catalog: Catalog<'_>) -> Votes<TrackId> {
        touch(self.tracks.iter().map(|&track| catalog.support_at(track)));
        let mut votes = Votes::with_capacity(self.tracks.len());
        let mut start = 0;
        for &end in &self.ends {
            let song = &self.tracks[start..end as usize];
            start = end as usize;
            if let [track] = *song {
                votes.push((track, 1.0));
                continue;
            }
            let support = |track| catalog.support(track) as f32;
            let least = support(song[0]) / LIKELY;
            let likely = song.iter().take_while(|&&track| support(track) >= least);
            let (count, total) =
                likely.fold((0, 0.0), |(count, sum), &track| (count + 1, sum + support(track)));
            let even = 1.0 / count as f32;
            votes.extend(
                song[..count]
                    .iter()
                    .map(|&track| (track, if total > 0.0 { support(track) / total } else { even })),
            );
        }
        votes
    }

    /// Each artist of these votes, and of unknown songs, with what it counts; in order of the artists.
    pub(crate) fn artist_votes(
        &self,
        model: &Model,
        votes: &[(TrackId, f32)],
    ) -> SmallVec<[ArtistVote; 16]> {
        let (catalog, rules) = (model.catalog(), model.rules());
        let known = votes.iter().map(|&(track, share)| ArtistVote {
            artist: catalog.artist(track),
            vote: share * artist_share(catalog.support(track)),
            own: share,
        });
        let unknown = self.artists.iter().map(|&artist| ArtistVote {
            artist,
            vote: artist_share(0),
            own: 1.0,
        });
        let mut votes: SmallVec<[ArtistVote; 16]> = known.chain(unknown).collect();
        votes.sort_unstable_by_key(|vote| vote.artist);
        votes.dedup_by(|other, kept| {
            let same = other.artist == kept.artist;
            if same {
                kept.vote += other.vote;
                kept.own += other.own;
            }
            same
        });
        for vote in &mut votes {
            let support = rules.occurrences(Antecedent::Artist(vote.artist)).len();
            let share = antecedent_share(support as u32);
            vote.vote *= share;
            vote.own *= share * rules.own_weight();
        }
        votes
    }
}
