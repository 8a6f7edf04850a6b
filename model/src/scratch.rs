//! The memory that scoring works in, and the loops that it spends its time in.

use crate::catalog::TrackId;
use crate::popularity::Factors;
use crate::rule::{Antecedent, Rules, WrittenRules};
use crate::score::{Scored, strength};

/// The memory that scoring works in. Reused from request to request, it is allocated once.
#[derive(Debug, Default)]
pub struct Scratch {
    sums: Sums,
    /// Per track, for one antecedent: weight and count of co-occurrences; and the tracks counted, the
    /// first `counted` of these.
    counts: Vec<(f32, u32)>,
    tracks: Vec<TrackId>,
    counted: usize,
    /// Transactions that are the only one of an antecedent, and what each of their tracks is to get.
    only: Vec<(u32, f32)>,
    /// Tracks and scores as numbers in the order of [`key_of`].
    candidates: Vec<u64>,
}

/// What has been added up.
#[derive(Debug, Default)]
struct Sums {
    /// Per track: the sum so far; zero where no rule has said anything.
    scores: Vec<f32>,
    /// The tracks whose sum is not zero are the first `len` of these.
    touched: Vec<TrackId>,
    len: usize,
}

/// The same while rules are added: nothing has to be looked up again for each of them.
struct Adder<'s> {
    scores: &'s mut [f32],
    touched: &'s mut [TrackId],
    len: &'s mut usize,
}

impl Sums {
    fn adder(&mut self) -> Adder<'_> {
        Adder { scores: &mut self.scores, touched: &mut self.touched, len: &mut self.len }
    }

    fn touched(&self) -> &[TrackId] {
        &self.touched[..self.len]
    }
}

impl Adder<'_> {
    /// Without a branch on whether the track is new, which nobody could foretell.
    #[inline]
    fn add(&mut self, track: TrackId, amount: f32) {
        let score = &mut self.scores[track as usize];
        self.touched[*self.len] = track;
        *self.len += usize::from(*score == 0.0);
        // A sum stays above zero, so that a track is noted once.
        *score += amount.max(f32::MIN_POSITIVE);
    }

    /// Adds an amount that may be negative. A track that nothing has spoken for so far is not worth
    /// noting for that alone.
    #[inline]
    fn correct(&mut self, track: TrackId, amount: f32) {
        let score = &mut self.scores[track as usize];
        if *score == 0.0 {
            if amount > 0.0 {
                self.add(track, amount);
            }
        } else {
            *score += amount;
            if *score == 0.0 {
                *score = f32::MIN_POSITIVE;
            }
        }
    }
}

impl Scratch {
    /// Makes room for `tracks` and forgets whatever a request that was cut short left behind.
    pub(crate) fn fit(&mut self, tracks: usize) {
        let is_clean = self.sums.len == 0 && self.counted == 0 && self.only.is_empty();
        if self.counts.len() != tracks || !is_clean {
            *self = Self::default();
            self.sums.scores.resize(tracks, 0.0);
            // One more: what is written there before it is known to be new may be the last.
            self.sums.touched.resize(tracks + 1, 0);
            self.counts.resize(tracks, (0.0, 0));
            self.tracks.resize(tracks + 1, 0);
        }
    }

    /// Adds up the rules of an antecedent, each `vote` times; all of them only when [`Self::complete`] has
    /// been called.
    pub(crate) fn add_rules(&mut self, rules: Rules<'_>, antecedent: Antecedent, vote: f32) {
        let written = rules.written(antecedent);
        if written.is_empty() {
            self.add_implicit(rules, antecedent, vote);
        } else {
            self.add_written(written, vote);
        }
    }

    /// Adds up these rules, each `vote` times.
    pub(crate) fn add_written(&mut self, written: WrittenRules<'_>, vote: f32) {
        let mut sums = self.sums.adder();
        written.visit(vote, |consequent, amount| sums.add(consequent, amount));
    }

    /// Adds what learned rules say, which may be negative, each `vote` times.
    pub(crate) fn correct(&mut self, learned: WrittenRules<'_>, vote: f32) {
        let mut sums = self.sums.adder();
        learned.visit(vote, |consequent, amount| sums.correct(consequent, amount));
    }

    /// Makes the rules of a rare antecedent from its transactions.
    fn add_implicit(&mut self, rules: Rules<'_>, antecedent: Antecedent, vote: f32) {
        let occurrences = rules.occurrences(antecedent);
        let mut sums = self.sums.adder();
        if let [only] = *occurrences {
            self.only.push((only, vote));
            return;
        }
        for &number in occurrences {
            let (items, weight) = rules.transaction(number);
            for &item in items {
                let (sum, count) = &mut self.counts[item as usize];
                self.tracks[self.counted] = item;
                self.counted += usize::from(*count == 0);
                *sum += weight;
                *count += 1;
            }
        }
        for &item in &self.tracks[..self.counted] {
            let (weight, count) = std::mem::take(&mut self.counts[item as usize]);
            sums.add(item, vote * strength(weight, count));
        }
        self.counted = 0;
    }

    /// Adds what is left to the end: songs of one playlist often have only that one, which then is read
    /// once for all of them.
    pub(crate) fn complete(&mut self, rules: Rules<'_>) {
        self.only.sort_unstable_by_key(|&(number, _)| number);
        let mut sums = self.sums.adder();
        for same in self.only.chunk_by(|a, b| a.0 == b.0) {
            let (items, weight) = rules.transaction(same[0].0);
            let vote: f32 = same.iter().map(|&(_, vote)| vote).sum();
            let amount = vote * strength(weight, 1);
            items.iter().for_each(|&item| sums.add(item, amount));
        }
        self.only.clear();
    }

    /// Chooses the `most` best of what has been added up, best first; in equal ones the more frequent.
    pub(crate) fn choose(
        &mut self,
        factors: Factors<'_>,
        most: usize,
    ) -> impl Iterator<Item = Scored> {
        let candidates = &mut self.candidates;
        candidates.clear();
        let mut least = f32::MIN_POSITIVE;
        let greatest = factors.greatest();
        for &track in self.sums.touched() {
            let sum = self.sums.scores[track as usize];
            // Most are out of the question whatever their factor is, which then isn't looked up.
            if sum * greatest < least {
                continue;
            }
            let score = sum * factors.of(track);
            if score >= least {
                candidates.push(key_of(track, score));
                if candidates.len() >= 4 * most {
                    keep_greatest(candidates, most);
                    least = scored_of(candidates[0]).score;
                }
            }
        }
        keep_greatest(candidates, most);
        candidates.sort_unstable();
        candidates.iter().rev().map(|&key| scored_of(key))
    }

    /// What has been added up for a track.
    pub(crate) fn sum(&self, track: TrackId) -> f32 {
        self.sums.scores[track as usize]
    }

    /// What has been added up.
    pub(crate) fn scored(&self) -> impl Iterator<Item = Scored> {
        let scores = &self.sums.scores;
        self.sums.touched().iter().map(|&track| Scored { track, score: scores[track as usize] })
    }

    /// Makes ready for the next request.
    pub(crate) fn forget(&mut self) {
        for &track in &self.sums.touched[..self.sums.len] {
            self.sums.scores[track as usize] = 0.0;
        }
        self.sums.len = 0;
    }
}

/// A number that is the greater the better the track is: positive numbers sort as their bits do.
fn key_of(track: TrackId, score: f32) -> u64 {
    u64::from(score.to_bits()) << 32 | u64::from(!track)
}

fn scored_of(key: u64) -> Scored {
    Scored { track: !(key as u32), score: f32::from_bits((key >> 32) as u32) }
}

/// Keeps the `most` greatest, the smallest of them first.
fn keep_greatest(keys: &mut Vec<u64>, most: usize) {
    if let Some(others @ 1..) = keys.len().checked_sub(most) {
        keys.select_nth_unstable(others);
        keys.drain(..others);
    }
}
