//! The one scoring code: from the songs of a request to the songs that belong beside them. The API
//! serves with it and the miner evaluates with it.
//!
//! For `k` known songs, the score of a candidate `c` is
//!
//! ```text
//! (n_c + 20)^-b * sum over the songs a, by artists A, of
//!     n_a^-0.75 * r(a -> c)                       the song's rule
//!   + 4 / (n_a + 20) * n_A^-0.75 * r(A -> c)      its artist's rule, which answers for rare songs
//!   + m * l(a -> c)                               its learned rule
//!
//! r(x -> c) = W_xc * n_xc / (n_xc + 3)            W_xc = sum of |p|^-0.5
//! b = min(0.7, 0.17 ln k)                         m = min(2, 0.13 (ln k)^2)
//! ```
//!
//! where `n` are supports and `W_xc` sums over the transactions `p` that hold both. A co-occurrence in a
//! short playlist says more than one in a long one; the fraction shrinks what was seen once or twice;
//! and the more songs are known, the less popularity alone counts. The rules of two songs that always
//! come together say the same thing twice; a learned rule is the weight of one song beside the others,
//! and so may be negative. A song that stands for several tracks (an ambiguous title) shares its vote
//! among them by support.

use std::collections::HashSet;

use crate::catalog::{ArtistId, TrackId};
use crate::model::Model;
use crate::rule::{Antecedent, Rule, Rules};

/// What was learnt by tuning on held-out playlists; see the formula above.
const POPULARITY_OFFSET: f32 = 20.0;
const POPULARITY_PER_LOG_SONG: f32 = 0.17;
const MOST_POPULARITY: f32 = 0.7;
const ANTECEDENT_POWER: f32 = -0.75;
/// A support of this many co-occurrences counts half.
const SHRINKAGE: f32 = 3.0;
/// How much an artist's rule counts for a song of no support, and how soon a song speaks for itself.
const ARTIST_SHARE: f32 = 4.0;
const ARTIST_OFFSET: f32 = 20.0;
const LEARNED_PER_LOG_SONG: f32 = 0.13;
const MOST_LEARNED: f32 = 2.0;
/// Of an ambiguous title, only tracks with such a share of its vote speak for their artists.
const LIKELY_SHARE: f32 = 0.125;

/// The strength of a rule: `weight` is the sum of `|p|^-0.5` over the `support` transactions `p` that
/// hold antecedent and consequent.
#[must_use]
pub fn strength(weight: f32, support: u32) -> f32 {
    let support = support as f32;
    weight * support / (support + SHRINKAGE)
}

/// What decides which of a song's rules are kept where there are too many: strength, corrected for half
/// of the consequent's popularity.
#[must_use]
pub fn rank(strength: f32, consequent_support: u32) -> f32 {
    strength * (consequent_support as f32 + POPULARITY_OFFSET).powf(-0.3)
}

/// The impact of a learned rule whose weight in the regression is `weight`.
#[must_use]
pub fn learned_impact(weight: f32, consequent_support: u32) -> f32 {
    weight * (consequent_support as f32 + POPULARITY_OFFSET).powf(0.3)
}

/// A recommended track and its score, comparable only with others for the same request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The track.
    pub track: TrackId,
    /// How well it fits.
    pub score: f32,
}

/// The memory that scoring works in. Reused from request to request, it is allocated once.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Per track: the sum so far.
    scores: Vec<f32>,
    /// The tracks whose sum is not zero.
    touched: Vec<TrackId>,
    /// Per track, for one antecedent: weight and count of co-occurrences; and the tracks counted.
    counts: Vec<(f32, u32)>,
    counted: Vec<TrackId>,
    candidates: Vec<Scored>,
}

/// A song of a request, as found in a model.
#[derive(Clone, Debug, PartialEq)]
enum Song {
    /// The tracks it means, at least one.
    Tracks(Vec<TrackId>),
    /// One that is not there, but its artist is.
    ByArtist(ArtistId),
}

/// The songs of a request that a model knows something about.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    songs: Vec<Song>,
}

impl Seeds {
    /// Seeds from the tracks that each known song means; songs that mean none are left out, and a song
    /// given twice counts once.
    #[must_use]
    pub fn new(songs: impl IntoIterator<Item = impl AsRef<[TrackId]>>) -> Self {
        let mut seeds = Self::default();
        for tracks in songs {
            let song = Song::Tracks(tracks.as_ref().to_vec());
            if song != Song::Tracks(Vec::new()) && !seeds.songs.contains(&song) {
                seeds.songs.push(song);
            }
        }
        seeds
    }

    /// Adds a song that the model does not know, by an artist that it knows.
    pub fn add_unknown_by(&mut self, artist: ArtistId) {
        self.songs.push(Song::ByArtist(artist));
    }

    /// Whether there is no song that anything is known about.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// The tracks of the seeds.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> {
        self.songs.iter().flat_map(Song::tracks).copied()
    }

    /// Each track with its share of its song's vote.
    fn votes<'s>(&'s self, supports: &'s [u32]) -> impl Iterator<Item = (TrackId, f32)> + 's {
        self.songs.iter().flat_map(move |song| {
            let tracks = song.tracks();
            let support = |&track: &TrackId| supports[track as usize] as f32;
            let total: f32 = tracks.iter().map(support).sum();
            tracks.iter().map(move |track| match total > 0.0 {
                true => (*track, support(track) / total),
                false => (*track, 1.0 / tracks.len() as f32),
            })
        })
    }

    /// Each artist of a seed with what its rules count, in order of the artists.
    fn artist_votes(&self, model: &Model) -> Vec<(ArtistId, f32)> {
        let catalog = model.catalog();
        let likely = self.votes(catalog.supports()).filter(|&(_, share)| share >= LIKELY_SHARE);
        let mut votes: Vec<(ArtistId, f32)> = likely
            .map(|(track, share)| {
                (catalog.artist(track), share * artist_share(catalog.support(track)))
            })
            .collect();
        votes.extend(self.songs.iter().filter_map(|song| match song {
            Song::ByArtist(artist) => Some((*artist, artist_share(0))),
            Song::Tracks(_) => None,
        }));
        votes.sort_unstable_by_key(|&(artist, _)| artist);
        votes.dedup_by(|(artist, share), (kept, sum)| {
            let same = artist == kept;
            if same {
                *sum += *share;
            }
            same
        });
        for (artist, share) in &mut votes {
            let support = model.rules().occurrences(Antecedent::Artist(*artist)).len();
            *share *= antecedent_share(support as u32);
        }
        votes
    }

    /// What learned rules count beside the others.
    fn learned_share(&self) -> f32 {
        let log = (self.songs.len().max(1) as f32).ln();
        (LEARNED_PER_LOG_SONG * log * log).min(MOST_LEARNED)
    }

    /// The power of a candidate's popularity that its score is multiplied with.
    fn popularity_power(&self) -> f32 {
        -(POPULARITY_PER_LOG_SONG * (self.songs.len().max(1) as f32).ln()).min(MOST_POPULARITY)
    }
}

impl Song {
    fn tracks(&self) -> &[TrackId] {
        match self {
            Self::Tracks(tracks) => tracks,
            Self::ByArtist(_) => &[],
        }
    }
}

/// What the rules of an antecedent count: the less, the more there are to add up.
fn antecedent_share(support: u32) -> f32 {
    (support.max(1) as f32).powf(ANTECEDENT_POWER)
}

/// What the rules of its artist count for a song.
fn artist_share(support: u32) -> f32 {
    ARTIST_SHARE / (support as f32 + ARTIST_OFFSET)
}

impl Model {
    /// The `limit` best tracks for these seeds, best first, one for each recording; never a seed, nor
    /// another edition or recording of a seed's song. Equal scores are ordered by support, then by first appearance in the
    /// dataset. Fewer come where the rules say nothing about more.
    pub fn recommend(&self, seeds: &Seeds, limit: usize, scratch: &mut Scratch) -> Vec<Scored> {
        let catalog = self.catalog();
        let supports = catalog.supports();
        scratch.fit(supports.len());
        self.add_up(seeds, scratch);

        let popularity = seeds.popularity_power();
        scratch.candidates.clear();
        for track in scratch.touched.drain(..) {
            let sum = std::mem::take(&mut scratch.scores[track as usize]);
            let support = supports[track as usize] as f32;
            let score = sum * (support + POPULARITY_OFFSET).powf(popularity);
            if score > 0.0 {
                scratch.candidates.push(Scored { track, score });
            }
        }
        let given: HashSet<_> = seeds.tracks().map(|track| catalog.song(track)).collect();
        let mut taken = HashSet::new();
        let mut is_new = |&&scored: &&Scored| {
            !given.contains(&catalog.song(scored.track))
                && taken.insert(catalog.recording(scored.track))
        };
        let mut best = Vec::with_capacity(limit.min(scratch.candidates.len()));
        // Other tracks of songs already taken fall out: look at somewhat more than are wanted, and at
        // the rest only where that was not enough.
        let mut rest = &mut scratch.candidates[..];
        while best.len() < limit && !rest.is_empty() {
            let (next, others) = split_best(rest, 2 * limit + given.len());
            best.extend(next.iter().filter(&mut is_new));
            rest = others;
        }
        best.truncate(limit);
        best
    }

    /// Adds up what all rules of these seeds say.
    fn add_up(&self, seeds: &Seeds, scratch: &mut Scratch) {
        let rules = self.rules();
        let supports = self.catalog().supports();
        for (track, vote) in seeds.votes(supports) {
            let vote = vote * antecedent_share(supports[track as usize]);
            scratch.add_rules(rules, Antecedent::Track(track), vote);
        }
        for (artist, vote) in seeds.artist_votes(self) {
            scratch.add_rules(rules, Antecedent::Artist(artist), vote);
        }
        let learned = seeds.learned_share();
        if learned > 0.0 {
            for (track, vote) in seeds.votes(supports) {
                for (consequent, impact) in rules.learned(track).iter() {
                    scratch.correct(consequent, learned * vote * impact);
                }
            }
        }
    }

    /// The `limit` most frequent tracks that are no seed: what is recommended where the rules are silent.
    #[must_use]
    pub fn popular(&self, seeds: &Seeds, limit: usize) -> Vec<TrackId> {
        let catalog = self.catalog();
        let mut taken: HashSet<_> = seeds.tracks().map(|track| catalog.song(track)).collect();
        (0..catalog.len() as TrackId)
            .filter(|&track| taken.insert(catalog.song(track)))
            .take(limit)
            .collect()
    }

    /// The rules by which these seeds speak for a track, those that say most first: of the songs that
    /// were with it in a transaction, and of the artists that were. A learned rule counts with its
    /// song's. All counts are those of the transactions, also where a rule was too weak to be written
    /// out.
    #[must_use]
    pub fn explain(&self, seeds: &Seeds, consequent: TrackId) -> Vec<Rule> {
        let rules = self.rules();
        let supports = self.catalog().supports();
        let learned = seeds.learned_share();
        let mut reasons: Vec<(f32, Rule)> = Vec::new();
        let mut add = |antecedent, vote: f32, correction: f32| {
            let (rule, weight) = rules.rule(antecedent, consequent);
            if rule.support > 0 {
                reasons.push((vote * strength(weight, rule.support) + correction, rule));
            }
        };
        for (track, vote) in seeds.votes(supports) {
            let to_this = rules.learned(track).iter().filter(|&(other, _)| other == consequent);
            let correction: f32 = to_this.map(|(_, impact)| learned * vote * impact).sum();
            let vote = vote * antecedent_share(supports[track as usize]);
            add(Antecedent::Track(track), vote, correction);
        }
        for (artist, vote) in seeds.artist_votes(self) {
            add(Antecedent::Artist(artist), vote, 0.0);
        }
        reasons.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        reasons.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The strongest rules of an antecedent, strongest first: explicit or implicit, as they are.
    #[must_use]
    pub fn strongest(&self, antecedent: Antecedent, limit: usize) -> Vec<Rule> {
        let supports = self.catalog().supports();
        let rules = self.rules();
        let mut scratch = Scratch::default();
        scratch.fit(supports.len());
        scratch.add_rules(rules, antecedent, 1.0);
        let mut best: Vec<Scored> = scratch
            .touched
            .iter()
            .filter(|&&track| antecedent != Antecedent::Track(track))
            .map(|&track| Scored {
                track,
                score: rank(scratch.scores[track as usize], supports[track as usize]),
            })
            .collect();
        let (best, _) = split_best(&mut best, limit);
        best.iter().map(|scored| rules.rule(antecedent, scored.track).0).collect()
    }
}

impl Scratch {
    /// Makes room for `tracks` and forgets whatever a request that was cut short left behind.
    fn fit(&mut self, tracks: usize) {
        if self.scores.len() != tracks || !self.touched.is_empty() || !self.counted.is_empty() {
            *self = Self::default();
            self.scores.resize(tracks, 0.0);
            self.counts.resize(tracks, (0.0, 0));
        }
    }

    fn add(&mut self, track: TrackId, amount: f32) {
        let score = &mut self.scores[track as usize];
        if *score == 0.0 {
            self.touched.push(track);
        }
        // A sum stays above zero, so that a track is noted once.
        *score += amount.max(f32::MIN_POSITIVE);
    }

    /// Adds an amount that may be negative. A track that nothing has spoken for so far is not worth
    /// noting for that alone.
    fn correct(&mut self, track: TrackId, amount: f32) {
        let score = &mut self.scores[track as usize];
        if *score != 0.0 {
            *score += amount;
            if *score == 0.0 {
                *score = f32::MIN_POSITIVE;
            }
        } else if amount > 0.0 {
            self.add(track, amount);
        }
    }

    fn add_rules(&mut self, rules: Rules<'_>, antecedent: Antecedent, vote: f32) {
        let written = rules.written(antecedent);
        if written.is_empty() {
            self.add_implicit(rules, antecedent, vote);
        } else {
            written.iter().for_each(|(consequent, impact)| self.add(consequent, vote * impact));
        }
    }

    /// Makes the rules of a rare antecedent from its transactions.
    fn add_implicit(&mut self, rules: Rules<'_>, antecedent: Antecedent, vote: f32) {
        for &number in rules.occurrences(antecedent) {
            let (items, weight) = rules.transaction(number);
            for &item in items {
                let (sum, count) = &mut self.counts[item as usize];
                if *count == 0 {
                    self.counted.push(item);
                }
                *sum += weight;
                *count += 1;
            }
        }
        while let Some(item) = self.counted.pop() {
            let (weight, count) = std::mem::take(&mut self.counts[item as usize]);
            self.add(item, vote * strength(weight, count));
        }
    }
}

/// Splits off the `limit` best, best first; the others come in no order.
fn split_best(scored: &mut [Scored], limit: usize) -> (&mut [Scored], &mut [Scored]) {
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.track.cmp(&b.track));
    let limit = limit.min(scored.len());
    if limit < scored.len() {
        scored.select_nth_unstable_by(limit, order);
    }
    let (best, rest) = scored.split_at_mut(limit);
    best.sort_unstable_by(order);
    (best, rest)
}
