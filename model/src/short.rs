//! The strongest rules of an artist and of its songs: what is made ready for short answers.
//!
//! What a song's rules and its artist's say together is the song's own sums and a share of the artist's,
//! which are the same for all of its songs: they are added up once. A track of which the song's own rules
//! say nothing comes first only if it does among the artist's. So beside what a song's own rules speak
//! of, a few tracks are looked at in place of all.

use crate::catalog::{ArtistId, TrackId};
use crate::model::Model;
use crate::popularity::Factors;
use crate::rule::Antecedent;
use crate::score::{MOST_SHORT_RULES, Scored, antecedent_share, artist_share, strength};
use crate::scratch::{AT_ONCE, Best, count, scored_of, take_counted};
use crate::written::consequent_of;

/// Which rules are strongest depends on how many songs are given: on popularity, that is. Those that are
/// made ready are the strongest beside so many songs.
const TYPICAL_SONGS: usize = 6;

/// The memory that they are found in. Reused from artist to artist, it is allocated once.
#[derive(Debug, Default)]
pub struct Memory {
    /// Per track: weight and count of the co-occurrences with an antecedent, or what its written rule
    /// says, and zero. All are zero from one antecedent to the next.
    counts: Vec<(f32, u32)>,
    /// Per track: the artist's sum.
    sums: Vec<f32>,
    /// The tracks that have one.
    tracks: Vec<TrackId>,
    /// Those that come first, one more than are ever made ready, since one may be the song itself.
    first: Vec<TrackId>,
    /// What [`Best`] works in.
    candidates: Vec<u64>,
}

/// The strongest rules of an artist and of its songs.
pub struct ShortRules<'a> {
    model: &'a Model,
    memory: &'a mut Memory,
    artist_share: f32,
}

impl Model {
    /// Adds up the rules of an artist, to tell what is made ready for it and for its songs.
    pub fn short_rules<'a>(&'a self, artist: ArtistId, memory: &'a mut Memory) -> ShortRules<'a> {
        let Memory { counts, sums, tracks, first, candidates } = &mut *memory;
        tracks.drain(..).for_each(|track| sums[track as usize] = 0.0);
        sums.resize(self.catalog().len(), 0.0);
        counts.resize(self.catalog().len(), (0.0, 0));
        let artist = Antecedent::Artist(artist);
        let mut chosen = Chosen::new(self, MOST_SHORT_RULES + 1, candidates);
        self.each_rule(artist, &[], counts, |track, sum| {
            if sum > 0.0 {
                sums[track as usize] = sum;
                tracks.push(track);
                chosen.offer(track, sum);
            }
        });
        first.clear();
        first.extend(chosen.finish().map(|(track, _)| track));
        let support = self.rules().occurrences(artist).len();
        ShortRules { model: self, memory, artist_share: antecedent_share(support as u32) }
    }

    /// Visits the rules of an antecedent, and before them those to the tracks of `first`, of strength zero
    /// where there are none. All other tracks that are visited with strength zero have been before.
    #[inline]
    fn each_rule(
        &self,
        antecedent: Antecedent,
        first: &[TrackId],
        counts: &mut [(f32, u32)],
        mut visit: impl FnMut(TrackId, f32),
    ) {
        let rules = self.rules();
        let written = rules.written(antecedent);
        if written.is_empty() {
            let occurrences = rules.occurrences(antecedent);
            count(rules, occurrences, counts);
            for &track in first {
                let (weight, count) = std::mem::take(&mut counts[track as usize]);
                visit(track, strength(weight, count));
            }
            take_counted(rules, occurrences, counts, visit);
        } else {
            written.visit(1.0, |track, strength| counts[track as usize].0 = strength);
            let written = written.words().iter().map(|&word| consequent_of(word));
            for track in first.iter().copied().chain(written) {
                visit(track, std::mem::take(&mut counts[track as usize]).0);
            }
        }
    }
}

impl ShortRules<'_> {
    /// What the rules of the artist say: the `most` tracks that would come first beside a few songs, at
    /// most [`MOST_SHORT_RULES`], and the sums for them, the greatest first.
    #[must_use]
    pub fn of_artist(&self, most: usize) -> Vec<(TrackId, f32)> {
        let Memory { sums, first, .. } = &*self.memory;
        let first = &first[..first.len().min(most).min(MOST_SHORT_RULES)];
        greatest_first(first.iter().map(|&track| (track, sums[track as usize])))
    }

    /// The same of what the rules of a song of this artist say together with the artist's. The song
    /// itself is left out.
    pub fn of_song(&mut self, song: TrackId, most: usize) -> Vec<(TrackId, f32)> {
        let Memory { counts, sums, first, candidates, .. } = &mut *self.memory;
        let most = most.min(MOST_SHORT_RULES);
        let support = self.model.catalog().support(song);
        let own = antecedent_share(support);
        let of_artist = artist_share(support) * self.artist_share;
        let mut chosen = Chosen::new(self.model, most + 1, candidates);
        let mut left = first.len();
        self.model.each_rule(Antecedent::Track(song), first, counts, |track, strength| {
            // Nothing is said of the first ones by some songs, and of the others where they come again.
            let is_new = left > 0 || strength > 0.0;
            left = left.saturating_sub(1);
            let sum = own * strength + of_artist * sums[track as usize];
            chosen.offer(track, if is_new { sum } else { 0.0 });
        });
        greatest_first(chosen.finish().filter(|&(track, _)| track != song).take(most))
    }
}

/// The tracks that would come first beside a few songs, found so many at a time.
struct Chosen<'a> {
    memory: &'a mut Vec<u64>,
    factors: Factors<'a>,
    best: Best<'a>,
    offered: [Scored; AT_ONCE],
    count: usize,
    least: f32,
}

impl<'a> Chosen<'a> {
    fn new(model: &'a Model, most: usize, memory: &'a mut Vec<u64>) -> Self {
        let factors = model.popularity().factors(TYPICAL_SONGS);
        let best = Best::new(std::mem::take(memory), factors, most);
        let offered = [Scored { track: 0, score: 0.0 }; AT_ONCE];
        Self { memory, factors, best, offered, count: 0, least: f32::MIN_POSITIVE }
    }

    #[inline]
    fn offer(&mut self, track: TrackId, sum: f32) {
        self.offered[self.count] = Scored { track, score: sum };
        self.count += usize::from(sum >= self.least);
        if self.count == AT_ONCE {
            self.least = self.best.offer(&self.offered);
            self.count = 0;
        }
    }

    /// The tracks and their sums, best first.
    fn finish(mut self) -> impl Iterator<Item = (TrackId, f32)> {
        self.best.offer(&self.offered[..self.count]);
        *self.memory = self.best.finish();
        let factors = self.factors;
        self.memory.iter().rev().map(move |&key| {
            let Scored { track, score } = scored_of(key);
            (track, score / factors.of(track))
        })
    }
}

fn greatest_first(rules: impl Iterator<Item = (TrackId, f32)>) -> Vec<(TrackId, f32)> {
    let mut rules: Vec<_> = rules.collect();
    rules.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    rules
}
