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
/// So many tracks are taken out before anything is done with them.
pub(crate) const TAKEN_TOGETHER: usize = 64;
/// Every so many entries of a transaction lie in another line of the cache.
const LINE: usize = 16;
/// The co-occurrences of one antecedent.
#[derive(Debug)]
pub(crate) struct Cooccurrences {
    /// Per track: how often it was met. All are zero from one antecedent to the next.
    counts: Vec<Count>,
    /// The tracks that were met are the first `len` of these.
    touched: Vec<TrackId>,
    len: usize,
    /// What is counted is counted for so many.
    times: f32,
    units: Units,
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
            times: 1.0,
            units: std::array::from_fn(|number| strength(1.0 / Count::UNITS, number as u32)),
        }
    }

    /// Counts what these transactions hold, which a track is in all of, if that is what occurs in them.
    pub(crate) fn count(&mut self, ranked: &Ranked, drawn: Drawn<'_>, antecedent: Option<TrackId>) {
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
        self.times = drawn.times();
        if let Some(antecedent) = antecedent {
            counts[antecedent as usize] = Count::default();
        }
    }

    /// Takes out all tracks that were counted, with the [`rank`](segue_model::score::rank) of the rule to each,
    /// zero where it has been taken out before: some tracks at a time.
    #[inline]
    pub(crate) fn take(&mut self, factors: &Factors, mut visit: impl FnMut(&[Consequent])) {
        let mut taken = [(0, 0.0); TAKEN_TOGETHER];
        for start in (0..self.len).step_by(TAKEN_TOGETHER) {
            let together = TAKEN_TOGETHER.min(self.len - start);
            for (place, taken) in taken[..together].iter_mut().enumerate() {
                let track = self.touched[start + place];
                *taken = (track, self.take_one(track, factors));
            }
            visit(&taken[..together]);
        }
        self.len = 0;
    }

    /// Takes out a track; the rank is zero where it was not counted, or has been taken out.
    #[inline]
    pub(crate) fn take_one(&mut self, track: TrackId, factors: &Factors) -> f32 {
        let count = std::mem::take(&mut self.counts[track as usize]);
        self.times * count.strength(&self.units) * factors.of(track)
    }
}

/// The best of the tracks that are offered, as numbers in the order of [`key_of`].
#[derive(Debug, Default)]
pub(crate) struct Best {
    most: usize,
    /// The first `len` of these are kept, and there is room for some that are not among the best.
    keys: Vec<u64>,
    len: usize,
    /// What is no greater is not among the best.
    least: u64,
}

impl Best {
    /// With so much more room than is kept, there is little to choose from, and seldom.
    const ROOM: usize = 256;

    /// Begins to choose so many, and forgets all others.
    pub(crate) fn begin(&mut self, most: usize) {
        self.most = most;
        self.keys.resize(2 * most + Self::ROOM, 0);
        self.len = 0;
        self.least = key_of(0, 0.0);
    }

    /// Offers tracks and what each is worth in so many times these, if that is anything.
    #[inline]
    pub(crate) fn offer(&mut self, offers: &[Consequent], times: f32) {
        for offers in offers.chunks(TAKEN_TOGETHER) {
            if self.most == 0 {
                return;
            }
            if self.keys.len() - self.len < offers.len() {
                self.cut();
            }
            let (keys, least, mut len) = (&mut self.keys[..], self.least, self.len);
            for &(track, worth) in offers {
                keys[len] = key_of(track, times * worth);
                len += usize::from(keys[len] > least);
            }
            self.len = len;
        }
    }

    /// Keeps the best alone.
    fn cut(&mut self) {
        if self.len > self.most {
            let keys = &mut self.keys[..self.len];
            self.least = *keys.select_nth_unstable_by(self.most, |a, b| b.cmp(a)).1;
            self.len = self.most;
        }
    }

    /// The best, the very best first, and what they are worth.
    pub(crate) fn best_first(&mut self) -> impl ExactSizeIterator<Item = (TrackId, f32)> {
        self.cut();
        let keys = &mut self.keys[..self.len];
        keys.sort_unstable_by(|a, b| b.cmp(a));
        keys.iter().map(|&key| (track_of(key), worth_of(key)))
    }

    /// The best in any order.
    pub(crate) fn all(&mut self) -> impl ExactSizeIterator<Item = (TrackId, f32)> {
        self.cut();
        self.keys[..self.len].iter().map(|&key| (track_of(key), worth_of(key)))
    }
}

/// A number that is the greater the better the track is: positive numbers sort as their bits do.
fn key_of(track: TrackId, worth: f32) -> u64 {
    u64::from(worth.to_bits()) << 32 | u64::from(!track)
}

fn track_of(key: u64) -> TrackId {
    !(key as u32)
}

fn worth_of(key: u64) -> f32 {
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
        let mut best = Best::default();
        for antecedent in [0, 1, 3, 4, 50, 500, 4000] {
            let transactions = Drawn::new(ranked.tracks.get(antecedent), 200);
            for this in [Some(antecedent), None] {
                let expected = all(&ranked, transactions, this);
                let known: HashMap<_, _> = expected.iter().copied().collect();
                let rank = |&(track, strength): &(TrackId, f32)| {
                    rank(strength, ranked.supports[track as usize])
                };
                for most in [0, 1, 10, 100, 1000, 10_000] {
                    counts.count(&ranked, transactions, this);
                    best.begin(most);
                    counts.take(&ranked.factors, |ranks| best.offer(ranks, 1.0));
                    let ranks = best.best_first();
                    let strength = |(track, rank)| (track, rank / ranked.factors.of(track));
                    let found: Vec<Consequent> = ranks.map(strength).collect();
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
