//! The one scoring code: from the songs of a request to the songs that belong beside them. The API
//! serves with it and the miner evaluates with it.
//!
//! For `k` known songs, the score of a candidate `c` is
//!
//! ```text
//! (n_c + 20)^-b * sum over the songs a of n_a^-0.75 * r(a -> c)      b = min(0.7, 0.17 ln k)
//! r(a -> c) = W_ac * n_ac / (n_ac + 3)                                W_ac = sum of |p|^-0.5
//! ```
//!
//! where `n` are supports and `W_ac` sums over the transactions `p` that hold both. A co-occurrence in a
//! short playlist says more than one in a long one; the fraction shrinks what was seen once or twice;
//! and the more songs are known, the less popularity alone counts. A song that stands for several tracks
//! (an ambiguous title) shares its vote among them by support. Two songs of a request that are together
//! the antecedent of a longer rule add a vote for its consequent.

use std::collections::HashSet;

use crate::catalog::TrackId;
use crate::model::Model;
use crate::rule::{Rule, Rules};

/// What was learnt by tuning on held-out playlists; see the formula above.
const POPULARITY_OFFSET: f32 = 20.0;
const POPULARITY_PER_LOG_SONG: f32 = 0.17;
const MOST_POPULARITY: f32 = 0.7;
const ANTECEDENT_POWER: f32 = -0.75;
/// A support of this many co-occurrences counts half.
const SHRINKAGE: f32 = 3.0;
/// What a longer rule's vote counts beside those of its two songs.
const LONGER_SHARE: f32 = 0.3;
/// Longer rules are looked up for the first songs of a request only: pairs grow with the square.
const SONGS_IN_PAIRS: usize = 16;

/// The strength of a rule with one antecedent: `weight` is the sum of `|p|^-0.5` over the `support`
/// transactions `p` that hold antecedent and consequent.
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
}

/// The songs of a request as found in a model: for each, the tracks it means. Only known songs.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    songs: Vec<Vec<TrackId>>,
}

impl Seeds {
    /// Seeds from the tracks that each known song means; songs that mean none are left out, and a song
    /// given twice counts once.
    #[must_use]
    pub fn new(songs: impl IntoIterator<Item = Vec<TrackId>>) -> Self {
        let mut seeds = Self::default();
        for song in songs {
            if !song.is_empty() && !seeds.songs.contains(&song) {
                seeds.songs.push(song);
            }
        }
        seeds
    }

    /// Whether there is no known song.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }

    /// The tracks of the seeds.
    pub fn tracks(&self) -> impl Iterator<Item = TrackId> {
        self.songs.iter().flatten().copied()
    }

    /// Each track with its share of its song's vote.
    fn votes<'s>(&'s self, supports: &'s [u32]) -> impl Iterator<Item = (TrackId, f32)> + 's {
        self.songs.iter().flat_map(move |song| {
            let total: f32 = song.iter().map(|&track| supports[track as usize] as f32).sum();
            song.iter().map(move |&track| (track, supports[track as usize] as f32 / total.max(1.0)))
        })
    }
}

impl Model {
    /// The `limit` best tracks for these seeds, best first, one for each song; never a seed, nor another
    /// track of a seed's song. Equal scores are ordered by support, then by first appearance in the dataset. Fewer come
    /// where the rules say nothing about more.
    pub fn recommend(&self, seeds: &Seeds, limit: usize, scratch: &mut Scratch) -> Vec<Scored> {
        let supports = self.catalog().supports();
        let rules = self.rules();
        scratch.fit(supports.len());
        let known = seeds.songs.len().max(1) as f32;
        for (antecedent, vote) in seeds.votes(supports) {
            let vote = vote * (supports[antecedent as usize] as f32).powf(ANTECEDENT_POWER);
            if antecedent < rules.explicit_antecedents() {
                scratch.add_explicit(rules, antecedent, vote);
            } else {
                scratch.add_implicit(rules, antecedent, vote);
            }
        }
        scratch.add_longer(rules, seeds, self.typical_weight());

        let popularity = -(POPULARITY_PER_LOG_SONG * known.ln()).min(MOST_POPULARITY);
        let catalog = self.catalog();
        let mut candidates = Vec::with_capacity(scratch.touched.len());
        for track in scratch.touched.drain(..) {
            let sum = std::mem::take(&mut scratch.scores[track as usize]);
            let support = supports[track as usize] as f32;
            let score = sum * (support + POPULARITY_OFFSET).powf(popularity);
            candidates.push(Scored { track, score });
        }
        let mut taken: HashSet<_> = seeds.tracks().map(|track| catalog.song(track)).collect();
        let mut best = Vec::with_capacity(limit.min(candidates.len()));
        // Other tracks of songs already taken fall out: look at somewhat more than are wanted, and at
        // the rest only where that was not enough.
        while best.len() < limit && !candidates.is_empty() {
            let rest = keep_best(&mut candidates, 2 * limit + taken.len());
            best.extend(
                candidates.drain(..).filter(|scored| taken.insert(catalog.song(scored.track))),
            );
            candidates = rest;
        }
        best.truncate(limit);
        best
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

    /// The rules by which these seeds speak for a track, those that say most first.
    #[must_use]
    pub fn explain(&self, seeds: &Seeds, consequent: TrackId) -> Vec<Rule> {
        let rules = self.rules();
        let supports = self.catalog().supports();
        let mut reasons: Vec<(f32, Rule)> = Vec::new();
        for (antecedent, vote) in seeds.votes(supports) {
            let rule = rules.rule(antecedent, consequent);
            if rule.support > 0 {
                let vote = vote * (rule.antecedent_support as f32).powf(ANTECEDENT_POWER);
                let weight = rule.support as f32 * self.typical_weight();
                reasons.push((vote * strength(weight, rule.support), rule));
            }
        }
        for (a, b) in pairs(seeds) {
            let longer = rules.longer_rules(a, b).filter(|rule| rule.consequent == consequent);
            reasons.extend(longer.map(|rule| {
                let vote = longer_vote(rule.antecedent_support, rule.support);
                (vote * self.typical_weight(), rule)
            }));
        }
        reasons.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        reasons.into_iter().map(|(_, rule)| rule).collect()
    }

    /// The strongest rules of a track, strongest first: explicit or implicit, as they are.
    #[must_use]
    pub fn strongest(&self, antecedent: TrackId, limit: usize) -> Vec<Rule> {
        let supports = self.catalog().supports();
        let rules = self.rules();
        let mut scratch = Scratch::default();
        scratch.fit(supports.len());
        if antecedent < rules.explicit_antecedents() {
            scratch.add_explicit(rules, antecedent, 1.0);
        } else {
            scratch.add_implicit(rules, antecedent, 1.0);
        }
        let mut best: Vec<Scored> = scratch
            .touched
            .iter()
            .filter(|&&track| track != antecedent)
            .map(|&track| Scored {
                track,
                score: rank(scratch.scores[track as usize], supports[track as usize]),
            })
            .collect();
        keep_best(&mut best, limit);
        best.into_iter().map(|scored| rules.rule(antecedent, scored.track)).collect()
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

    fn add_explicit(&mut self, rules: Rules<'_>, antecedent: TrackId, vote: f32) {
        let (consequents, levels, scale) = rules.explicit(antecedent);
        for (&consequent, &level) in consequents.iter().zip(levels) {
            self.add(consequent, vote * scale * rules.spans.shares[level as usize]);
        }
    }

    /// Makes the rules of a rare antecedent from its transactions.
    fn add_implicit(&mut self, rules: Rules<'_>, antecedent: TrackId, vote: f32) {
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

    fn add_longer(&mut self, rules: Rules<'_>, seeds: &Seeds, weight: f32) {
        for (a, b) in pairs(seeds) {
            if let Some((support, longer)) = rules.longer(a, b) {
                for rule in longer {
                    self.add(rule.consequent, weight * longer_vote(support, rule.support));
                }
            }
        }
    }
}

fn longer_vote(antecedent_support: u32, support: u32) -> f32 {
    LONGER_SHARE
        * (antecedent_support as f32).powf(ANTECEDENT_POWER)
        * strength(support as f32, support)
}

/// The pairs of songs that longer rules are looked up for, each song by its most frequent track.
fn pairs(seeds: &Seeds) -> impl Iterator<Item = (TrackId, TrackId)> {
    let songs = &seeds.songs[..seeds.songs.len().min(SONGS_IN_PAIRS)];
    songs.iter().enumerate().flat_map(move |(index, first)| {
        songs[..index].iter().map(move |second| (first[0], second[0]))
    })
}

/// Keeps the `limit` best, best first, and gives the rest back in no order.
fn keep_best(scored: &mut Vec<Scored>, limit: usize) -> Vec<Scored> {
    let order = |a: &Scored, b: &Scored| b.score.total_cmp(&a.score).then(a.track.cmp(&b.track));
    let mut rest = Vec::new();
    if scored.len() > limit {
        scored.select_nth_unstable_by(limit, order);
        rest = scored.split_off(limit);
    }
    scored.sort_unstable_by(order);
    rest
}
