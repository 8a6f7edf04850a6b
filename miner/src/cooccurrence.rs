//! Counting what occurs together with something, and choosing what does so most: a worker's own memory,
//! reused from one antecedent to the next.
//!
//! Nearly all of the time that rules take is spent in two loops: the one that adds, over all songs of all of
//! an antecedent's transactions, and the one that passes over what was added. Neither has a branch that
//! can't be foretold, and most of what they touch stays in the second cache, as a track takes no more than
//! four bytes.

use segue_model::TrackId;
use segue_model::score::strength;

use crate::ranked::{Factors, Ranked};

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
    /// Per track: how often it was met. All are zero from one antecedent to the next.
    counts: Vec<Count>,
    /// The tracks that were met are the first `len` of these.
    touched: Vec<TrackId>,
    len: usize,
    units: Units,
    /// Candidates as numbers in the order of [`key_of`].
    candidates: Vec<u64>,
}

/// The number of the transactions that a track shares with the antecedent, and above it the sum of their
/// weights, in units that are finer than the levels in which a model holds strengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count(u32);

impl Count {
    const NUMBER_BITS: u32 = 9;
    const NUMBERS: u32 = (1 << Self::NUMBER_BITS) - 1;
    /// Weights are 1 at most: as many as there may be fit above their number.
    const UNITS: f32 = (1 << (u32::BITS - 2 * Self::NUMBER_BITS)) as f32;

    /// One transaction of this weight.
    fn one(weight: f32) -> Self {
        Self(((weight * Self::UNITS).round() as u32) << Self::NUMBER_BITS | 1)
    }

    /// The strength of so many transactions, `units` being what one unit of weight counts for each number.
    #[inline]
    fn strength(self, units: &Units) -> f32 {
        (self.0 >> Self::NUMBER_BITS) as f32 * units[(self.0 & Self::NUMBERS) as usize]
    }
}

/// The strength of a unit of weight, for each number of transactions.
type Units = [f32; Count::NUMBERS as usize + 1];

/// Transactions of which only so many are counted, drawn evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn<'t> {
    transactions: &'t [u32],
    len: usize,
}

impl<'t> Drawn<'t> {
    /// The most that can be counted: sums of weights fit then, too.
    pub(crate) const MOST: usize = Count::NUMBERS as usize;

    /// At most so many of these.
    pub(crate) fn new(transactions: &'t [u32], most: usize) -> Self {
        Self { transactions, len: transactions.len().min(most).min(Self::MOST) }
    }

    fn get(self, place: usize) -> u32 {
        self.transactions[place * self.transactions.len() / self.len]
    }

    /// How many of all there are for each that is drawn.
    fn times(self) -> f32 {
        self.transactions.len() as f32 / self.len.max(1) as f32
    }
}

/// A consequent and what speaks for it.
pub(crate) type Consequent = (TrackId, f32);

impl Cooccurrences {
    /// Room for so many tracks.
    pub(crate) fn new(tracks: usize) -> Self {
        Self {
            counts: vec![Count::default(); tracks],
            // One more: what is written there before it is known to be new may be the last.
            touched: vec![0; tracks + 1],
            len: 0,
            units: std::array::from_fn(|number| strength(1.0 / Count::UNITS, number as u32)),
            candidates: Vec::new(),
        }
    }

    /// The at most `most` strongest consequents of something that occurs in these transactions, best first
    /// by [`rank`](segue_model::score::rank), and their strengths.
    pub(crate) fn strongest_first<'a>(
        &'a mut self,
        ranked: &'a Ranked,
        drawn: Drawn<'_>,
        antecedent: Option<TrackId>,
        most: usize,
    ) -> impl Iterator<Item = Consequent> + 'a {
        self.choose(ranked, drawn, antecedent, most);
        self.candidates.sort_unstable_by(|a, b| b.cmp(a));
        self.chosen(ranked, drawn.times())
    }

    /// The same in any order.
    pub(crate) fn strongest<'a>(
        &'a mut self,
        ranked: &'a Ranked,
        drawn: Drawn<'_>,
        antecedent: Option<TrackId>,
        most: usize,
    ) -> impl Iterator<Item = Consequent> + 'a {
        self.choose(ranked, drawn, antecedent, most);
        self.chosen(ranked, drawn.times())
    }

    fn choose(
        &mut self,
        ranked: &Ranked,
        drawn: Drawn<'_>,
        antecedent: Option<TrackId>,
        most: usize,
    ) {
        // With the antecedent itself, which goes with all of its transactions.
        let chosen = most + usize::from(antecedent.is_some());
        self.count(ranked, drawn);
        let least = self.guess(&ranked.factors, chosen);
        self.drain(&ranked.factors, least);
        if self.candidates.len() < chosen && least > 0.0 {
            // The guess was too high, which is rare.
            self.count(ranked, drawn);
            self.drain(&ranked.factors, 0.0);
        }
        let candidates = &mut self.candidates;
        if let Some(antecedent) = antecedent {
            candidates.retain(|&key| track_of(key) != antecedent);
        }
        if candidates.len() > most {
            candidates.select_nth_unstable_by(most, |a, b| b.cmp(a));
            candidates.truncate(most);
        }
    }

    /// What was chosen, so many times as strong as in what was counted.
    fn chosen<'a>(
        &'a self,
        ranked: &'a Ranked,
        times: f32,
    ) -> impl Iterator<Item = Consequent> + 'a {
        self.candidates.iter().map(move |&key| {
            let track = track_of(key);
            (track, times * rank_of(key) / ranked.factors.of(track))
        })
    }

    fn count(&mut self, ranked: &Ranked, drawn: Drawn<'_>) {
        let (counts, touched) = (&mut self.counts[..], &mut self.touched[..]);
        let mut len = 0;
        let mut numbers = [0; FETCHED_TOGETHER];
        for start in (0..drawn.len).step_by(FETCHED_TOGETHER) {
            let together = start..drawn.len.min(start + FETCHED_TOGETHER);
            let numbers = &mut numbers[..together.len()];
            let mut lines = 0;
            for (number, at) in numbers.iter_mut().zip(together) {
                *number = drawn.get(at);
                let row = ranked.transactions.get(*number as usize);
                lines = row.iter().step_by(LINE).fold(lines, |all, track| all ^ track);
            }
            std::hint::black_box(lines);
            for &number in &*numbers {
                let one = Count::one(ranked.weights[number as usize]);
                for &track in ranked.transactions.get(number as usize) {
                    let count = &mut counts[track as usize];
                    touched[len] = track;
                    len += usize::from(count.0 == 0);
                    count.0 = count.0.wrapping_add(one.0);
                }
            }
        }
        self.len = len;
    }

    /// Moves what reaches a rank to the candidates; nothing stays.
    fn drain(&mut self, factors: &Factors, least: f32) {
        let Self { counts, touched, len, units, candidates } = self;
        candidates.clear();
        for &track in &touched[..*len] {
            let count = std::mem::take(&mut counts[track as usize]);
            let rank = count.strength(units) * factors.of(track);
            if rank >= least {
                candidates.push(key_of(track, rank));
            }
        }
    }

    /// A rank that somewhat more than `most` tracks reach, very likely.
    fn guess(&self, factors: &Factors, most: usize) -> f32 {
        let stride = self.len / GUESSED_FROM;
        let wanted = most + most / 4 + 8 * stride;
        if stride < 2 || wanted / stride >= GUESSED_FROM {
            return 0.0;
        }
        let touched = self.touched[..self.len].iter().step_by(stride);
        let rank =
            |&track: &u32| self.counts[track as usize].strength(&self.units) * factors.of(track);
        let mut ranks: Vec<f32> = touched.map(rank).collect();
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

    /// All consequents of something in these transactions, as far as these are counted, best first, counted
    /// in a map.
    fn all(ranked: &Ranked, drawn: Drawn<'_>, antecedent: Option<TrackId>) -> Vec<Consequent> {
        let mut shared: HashMap<TrackId, (f32, u32)> = HashMap::new();
        for number in (0..drawn.len).map(|place| drawn.get(place)) {
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
                let strength = drawn.times() * strength(weight, count);
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
        assert!(ranked.len() > 5000);
        let mut counts = Cooccurrences::new(ranked.len());
        for antecedent in [0, 1, 3, 4, 50, 500, 4000] {
            let transactions = Drawn::new(ranked.tracks.get(antecedent), 200);
            for this in [Some(antecedent), None] {
                let expected = all(&ranked, transactions, this);
                let known: HashMap<_, _> = expected.iter().copied().collect();
                let rank = |&(track, strength): &(TrackId, f32)| {
                    rank(strength, ranked.supports[track as usize])
                };
                for most in [0, 1, 10, 100, 1000, 10_000] {
                    let found = counts.strongest_first(&ranked, transactions, this, most);
                    let found: Vec<Consequent> = found.collect();
                    assert_eq!(found.len(), most.min(expected.len()));
                    // Rules of nearly the same rank may change places, no others.
                    for (found, expected) in found.iter().zip(&expected) {
                        assert!((rank(found) / rank(expected) - 1.0).abs() < 0.02, "{antecedent}");
                        assert!((found.1 / known[&found.0] - 1.0).abs() < 1e-3, "{antecedent}");
                    }
                    let distinct: HashMap<_, _> = found.iter().copied().collect();
                    assert_eq!(distinct.len(), found.len());
                }
            }
        }
    }
}
