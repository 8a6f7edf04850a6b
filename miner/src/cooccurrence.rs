//! Counting what occurs together with something, and choosing what does so most: a worker's own memory,
//! reused from one antecedent to the next.
//!
//! Nearly all of the time that written rules take is spent in two loops: the one that adds, over all songs
//! of all of an antecedent's transactions, and the one that passes over what was added. Neither has a
//! branch that can't be foretold, and most of what they touch stays in the second cache, as a rare track,
//! of which there are many, takes no more than four bytes.

use segue_model::TrackId;
use segue_model::score::strength;

use crate::explicit::Consequents;
use crate::ranked::{Factors, RARE, Ranked};

/// How many transactions are asked for before the first of them is counted: they lie anywhere, and memory
/// serves many at a time.
const FETCHED_TOGETHER: usize = 16;
/// Every so many entries of a transaction lie in another line of the cache.
const LINE: usize = 16;
/// How many candidates the first guess at the weakest rule that is kept is made from.
const GUESSED_FROM: usize = 512;

/// The co-occurrences of one antecedent.
#[derive(Debug)]
pub(crate) struct Cooccurrences {
    frequent: Tally<Shared>,
    rare: Tally<FewShared>,
    /// Candidates as numbers in the order of [`key_of`].
    candidates: Vec<u64>,
}

/// How often each track was met.
#[derive(Debug)]
struct Tally<C> {
    counts: Vec<C>,
    /// The tracks that were met are the first `len` of these.
    touched: Vec<TrackId>,
    len: usize,
}

/// The sum of weights and the number of the transactions that a track shares with the antecedent.
trait Count: Copy + Default {
    /// One transaction of this weight.
    fn one(weight: f32) -> Self;
    fn is_zero(self) -> bool;
    fn plus(self, other: Self) -> Self;
    fn weight_and_number(self) -> (f32, u32);
}

/// Both are added at once. The number is exact up to 2^24, from where on it would make no difference.
#[derive(Clone, Copy, Debug, Default)]
struct Shared([f32; 2]);

/// The same for a track in at most [`RARE`] transactions: eight bits of number, and above them the weight
/// in units that are far finer than the levels in which a model holds strengths.
#[derive(Clone, Copy, Debug, Default)]
struct FewShared(u32);

const UNITS: f32 = 65_536.0;
const NUMBER_BITS: u32 = 8;
const _: () = assert!(RARE >> NUMBER_BITS == 0, "sums of weights up to 1 fit as well");

impl Count for Shared {
    fn one(weight: f32) -> Self {
        Self([weight, 1.0])
    }

    fn is_zero(self) -> bool {
        self.0[1] == 0.0
    }

    fn plus(self, other: Self) -> Self {
        Self([self.0[0] + other.0[0], self.0[1] + other.0[1]])
    }

    fn weight_and_number(self) -> (f32, u32) {
        (self.0[0], self.0[1] as u32)
    }
}

impl Count for FewShared {
    fn one(weight: f32) -> Self {
        Self(((weight * UNITS).round() as u32) << NUMBER_BITS | 1)
    }

    fn is_zero(self) -> bool {
        self.0 == 0
    }

    fn plus(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }

    fn weight_and_number(self) -> (f32, u32) {
        ((self.0 >> NUMBER_BITS) as f32 * (1.0 / UNITS), self.0 & ((1 << NUMBER_BITS) - 1))
    }
}

impl<C: Count> Tally<C> {
    fn new(tracks: usize) -> Self {
        Self {
            counts: vec![C::default(); tracks],
            // One more: what is written there before it is known to be new may be the last.
            touched: vec![0; tracks + 1],
            len: 0,
        }
    }

    #[inline]
    fn add(&mut self, tracks: &[TrackId], one: C) {
        let (counts, touched) = (&mut self.counts[..], &mut self.touched[..]);
        let mut len = self.len;
        for &track in tracks {
            let count = &mut counts[track as usize];
            touched[len] = track;
            len += usize::from(count.is_zero());
            *count = count.plus(one);
        }
        self.len = len;
    }

    fn touched(&self) -> &[TrackId] {
        &self.touched[..self.len]
    }

    fn strength(&self, track: TrackId) -> f32 {
        let (weight, number) = self.counts[track as usize].weight_and_number();
        strength(weight, number)
    }

    /// Moves what reaches a rank to the candidates; nothing stays.
    fn drain(&mut self, factors: &Factors, least: f32, candidates: &mut Vec<u64>) {
        let counts = &mut self.counts[..];
        for &track in &self.touched[..self.len] {
            let (weight, number) = std::mem::take(&mut counts[track as usize]).weight_and_number();
            let strength = strength(weight, number);
            if strength * factors.bound(track) >= least {
                let rank = strength * factors.of(track);
                if rank >= least {
                    candidates.push(key_of(track, rank));
                }
            }
        }
        self.len = 0;
    }
}

impl Cooccurrences {
    /// Room for the tracks of these transactions.
    pub(crate) fn new(ranked: &Ranked) -> Self {
        Self {
            frequent: Tally::new(ranked.frequent),
            rare: Tally::new(ranked.len()),
            candidates: Vec::new(),
        }
    }

    /// The at most `most` strongest consequents of something that occurs in these transactions, best first
    /// by [`rank`](segue_model::score::rank), and their strengths.
    pub(crate) fn strongest(
        &mut self,
        ranked: &Ranked,
        transactions: &[u32],
        antecedent: Option<TrackId>,
        most: usize,
    ) -> Consequents {
        // With the antecedent itself, which goes with all of its transactions.
        let chosen = most + usize::from(antecedent.is_some());
        self.count(ranked, transactions);
        let least = self.guess(&ranked.factors, chosen);
        self.drain(&ranked.factors, least);
        if self.candidates.len() < chosen && least > 0.0 {
            // The guess was too high, which is rare.
            self.count(ranked, transactions);
            self.drain(&ranked.factors, 0.0);
        }
        let candidates = &mut self.candidates;
        candidates.retain(|&key| Some(track_of(key)) != antecedent);
        if candidates.len() > most {
            candidates.select_nth_unstable_by(most, |a, b| b.cmp(a));
            candidates.truncate(most);
        }
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        let rules = candidates.iter().map(|&key| {
            let track = track_of(key);
            (track, rank_of(key) / ranked.factors.of(track))
        });
        rules.collect()
    }

    fn count(&mut self, ranked: &Ranked, transactions: &[u32]) {
        for together in transactions.chunks(FETCHED_TOGETHER) {
            let rows = together.iter().map(|&number| ranked.transactions.get(number as usize));
            let lines = rows.flat_map(|row| row.iter().step_by(LINE));
            std::hint::black_box(lines.fold(0, |all, track| all ^ track));
            for &number in together {
                let (frequent, rare) = ranked.split(number);
                let weight = ranked.weights[number as usize];
                self.frequent.add(frequent, Shared::one(weight));
                self.rare.add(rare, FewShared::one(weight));
            }
        }
    }

    fn drain(&mut self, factors: &Factors, least: f32) {
        self.candidates.clear();
        self.frequent.drain(factors, least, &mut self.candidates);
        self.rare.drain(factors, least, &mut self.candidates);
    }

    /// A rank that somewhat more than `most` tracks reach, very likely.
    fn guess(&self, factors: &Factors, most: usize) -> f32 {
        let stride = (self.frequent.len + self.rare.len) / GUESSED_FROM;
        let wanted = most + most / 4 + 8 * stride;
        if stride < 2 || wanted / stride >= GUESSED_FROM {
            return 0.0;
        }
        let rank = |strength, track: TrackId| strength * factors.of(track);
        let frequent = self.frequent.touched().iter().step_by(stride);
        let frequent = frequent.map(|&track| rank(self.frequent.strength(track), track));
        let rare = self.rare.touched().iter().step_by(stride);
        let rare = rare.map(|&track| rank(self.rare.strength(track), track));
        let mut ranks: Vec<f32> = frequent.chain(rare).collect();
        *ranks.select_nth_unstable_by(wanted / stride, |a, b| b.total_cmp(a)).1
    }
}

/// A number that is the greater the better the track is: positive numbers sort as their bits do.
fn key_of(track: TrackId, rank: f32) -> u64 {
    u64::from(rank.to_bits()) << 32 | u64::from(!track)
}

fn track_of(key: u64) -> TrackId {
    !(key as u32)
}

fn rank_of(key: u64) -> f32 {
    f32::from_bits((key >> 32) as u32)
}

/// Keeps the `most` first by `order`, in that order.
pub(crate) fn keep_first<T>(
    all: &mut Vec<T>,
    most: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) {
    if all.len() > most {
        all.select_nth_unstable_by(most, &order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use segue_model::score::rank;

    use super::*;
    use crate::dataset::Items;

    /// All consequents of something in these transactions, best first, counted in a map.
    fn all(ranked: &Ranked, transactions: &[u32], antecedent: Option<TrackId>) -> Consequents {
        let mut shared: HashMap<TrackId, (f32, u32)> = HashMap::new();
        for &number in transactions {
            for &track in ranked.transactions.get(number as usize) {
                let (weight, count) = shared.entry(track).or_default();
                *weight += ranked.weights[number as usize];
                *count += 1;
            }
        }
        shared.retain(|&track, _| Some(track) != antecedent);
        let mut rules: Vec<(f32, TrackId, f32)> = shared
            .into_iter()
            .map(|(track, (weight, count))| {
                let strength = strength(weight, count);
                (rank(strength, ranked.supports[track as usize]), track, strength)
            })
            .collect();
        rules.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        rules.into_iter().map(|(_, track, strength)| (track, strength)).collect()
    }

    /// Playlists of some songs that all know, some that many do, and very many that few do.
    fn playlists() -> Ranked {
        let mut random = fastrand::Rng::with_seed(5);
        let playlists: Vec<Vec<u32>> = (0..900)
            .map(|_| {
                let length = 5 + random.usize(..60);
                let mut song = || {
                    let most = [4, 60, 1000, 8000][random.usize(..4)];
                    random.u32(..most)
                };
                let mut songs: Vec<u32> = (0..length).map(|_| song()).collect();
                songs.sort_unstable();
                songs.dedup();
                songs
            })
            .collect();
        Ranked::new(playlists.iter().map(Vec::as_slice), &Items::nameless(8000))
    }

    #[test]
    fn the_strongest_are_those_of_counting_everything() {
        let ranked = playlists();
        assert!(ranked.frequent > 3 && ranked.len() > 5000);
        let mut counts = Cooccurrences::new(&ranked);
        for antecedent in [0, 1, 3, 4, 50, 500, 4000] {
            let transactions = ranked.tracks.get(antecedent);
            for this in [Some(antecedent), None] {
                let expected = all(&ranked, transactions, this);
                let known: HashMap<_, _> = expected.iter().copied().collect();
                let rank = |&(track, strength): &(TrackId, f32)| {
                    rank(strength, ranked.supports[track as usize])
                };
                for most in [0, 1, 10, 100, 1000, 10_000] {
                    let found = counts.strongest(&ranked, transactions, this, most);
                    assert_eq!(found.len(), most.min(expected.len()));
                    // Rules of all but the same rank may change places, no others.
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!((rank(found) / rank(expected) - 1.0).abs() < 1e-3, "{antecedent}");
                        assert!((found.1 / known[&found.0] - 1.0).abs() < 1e-3, "{antecedent}");
                    }
                    let distinct: HashMap<_, _> = found.iter().copied().collect();
                    assert_eq!(distinct.len(), found.len());
                }
            }
        }
    }
}
