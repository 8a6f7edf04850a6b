//! The memory that scoring works in, and the loops that it spends its time in.
//!
//! A sum lies in an array with a place for every track. Tracks are noted where they get their first part of
//! it, without a branch: whether a track has been met before can't be foreseen.

use crate::catalog::{ArtistId, TrackId};
use crate::lookup::touch;
use crate::popularity::Factors;
use crate::rule::{Antecedent, Rules};
use crate::score::{Scored, strength};
use crate::written::WrittenRules;

/// So many sums are taken out before the best of them are looked at.
pub(crate) const AT_ONCE: usize = 32;

/// The memory that scoring works in. Reused from request to request, it is allocated once.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Per track: the sum so far. All are zero from one request to the next.
    sums: Vec<f32>,
    /// The tracks that have got a sum, and room for one more than there are tracks.
    noted: Vec<TrackId>,
    /// Per track, for one antecedent: weight and count of co-occurrences.
    counts: Vec<(f32, u32)>,
    /// Tracks and scores as numbers in the order of [`key_of`].
    candidates: Vec<u64>,
    /// Whether there are sums that nobody has taken out.
    is_used: bool,
}

/// What the rules of some antecedents say together.
pub(crate) struct Sums<'s, 'm> {
    scratch: &'s mut Scratch,
    rules: Rules<'m>,
    /// How many tracks are noted.
    count: usize,
    /// Transactions that are the only one of an antecedent.
    only: Vec<Only>,
}

/// A transaction that is the only one of an antecedent, of which so many tracks are to get this vote.
struct Only {
    number: u32,
    most: usize,
    vote: f32,
}

impl Scratch {
    /// Begins to add up these rules.
    pub(crate) fn sums<'s, 'm>(&'s mut self, rules: Rules<'m>) -> Sums<'s, 'm> {
        let tracks = rules.supports.len();
        // A request that was cut short leaves sums behind.
        if self.sums.len() != tracks || self.is_used {
            *self = Self::default();
            self.sums.resize(tracks, 0.0);
            self.noted.resize(tracks + 1, 0);
            self.counts.resize(tracks, (0.0, 0));
        }
        self.is_used = true;
        Sums { scratch: self, rules, count: 0, only: Vec::new() }
    }
}

impl<'s, 'm> Sums<'s, 'm> {
    /// Adds up the rules of an antecedent, each `vote` times; all of them only when [`Self::complete`] has
    /// been called.
    pub(crate) fn add(&mut self, antecedent: Antecedent, vote: f32) {
        self.add_some(antecedent, vote, usize::MAX);
    }

    /// The same for an antecedent of which at most so many rules are needed, if it is in one transaction
    /// alone: those to the most frequent tracks.
    pub(crate) fn add_some(&mut self, antecedent: Antecedent, vote: f32, most: usize) {
        let written = self.rules.written(antecedent);
        if written.is_empty() {
            self.add_implicit(antecedent, vote, most);
        } else {
            self.add_written(written, vote);
        }
    }

    /// Adds up lists of rules, each so many times.
    pub(crate) fn add_all(&mut self, lists: &[(WrittenRules<'m>, f32)]) {
        read_ahead(lists);
        lists.iter().for_each(|&(written, vote)| self.add_written(written, vote));
    }

    /// Adds up these rules, each `vote` times.
    fn add_written(&mut self, written: WrittenRules<'m>, vote: f32) {
        // Nothing, or as good as that. What is left adds to each of its tracks, however it is rounded.
        if vote * written.least() < f32::MIN_POSITIVE {
            return;
        }
        let Scratch { sums, noted, .. } = &mut *self.scratch;
        let mut adder = Adder { sums, noted, count: self.count };
        written.visit(vote, |consequent, amount| adder.add(consequent, amount));
        self.count = adder.count;
    }

    /// Adds what lists of learned rules say, which may be negative, each so many times, to what has been
    /// said of their consequents; where that is nothing, it stays so.
    pub(crate) fn correct_all(&mut self, lists: &[(WrittenRules<'m>, f32)]) {
        read_ahead(lists);
        let sums = &mut self.scratch.sums[..];
        for &(learned, vote) in lists {
            learned.visit(vote, |consequent, amount| {
                let sum = &mut sums[consequent as usize];
                *sum += if *sum == 0.0 { 0.0 } else { amount };
            });
        }
    }

    /// Makes the rules of a rare antecedent from its transactions.
    fn add_implicit(&mut self, antecedent: Antecedent, vote: f32, most: usize) {
        let occurrences = self.rules.occurrences(antecedent);
        if let [number] = *occurrences {
            return self.add_only(number, vote, most);
        }
        let Scratch { sums, noted, counts, .. } = &mut *self.scratch;
        let mut adder = Adder { sums, noted, count: self.count };
        each_implicit(self.rules, occurrences, counts, |consequent, strength| {
            adder.add_if_any(consequent, vote * strength);
        });
        self.count = adder.count;
    }

    /// Makes the rules of an antecedent from the only transaction that holds it.
    pub(crate) fn add_only(&mut self, number: u32, vote: f32, most: usize) {
        self.only.push(Only { number, most, vote });
    }

    /// Adds what an artist's songs say for each other, `vote` times, of at most so many of them: the most
    /// frequent.
    pub(crate) fn add_own(&mut self, artist: ArtistId, vote: f32, most: usize) {
        let Scratch { sums, noted, .. } = &mut *self.scratch;
        let mut adder = Adder { sums, noted, count: self.count };
        for &track in self.rules.tracks_of_artist(artist).iter().take(most) {
            let support = self.rules.supports[track as usize];
            adder.add_if_any(track, strength(vote, support));
        }
        self.count = adder.count;
    }

    /// Adds up the rules of a track, each `vote` times, to what has been said of their consequents; where
    /// that is nothing, it stays so.
    pub(crate) fn add_to_known(&mut self, track: TrackId, vote: f32) {
        let (rules, scratch) = (self.rules, &mut *self.scratch);
        let sums = &mut scratch.sums[..];
        let mut add = |consequent: TrackId, amount: f32| {
            let sum = &mut sums[consequent as usize];
            if *sum != 0.0 {
                *sum += amount;
            }
        };
        let antecedent = Antecedent::Track(track);
        let written = rules.written(antecedent);
        if written.is_empty() {
            let occurrences = rules.occurrences(antecedent);
            each_implicit(rules, occurrences, &mut scratch.counts, |consequent, strength| {
                add(consequent, vote * strength);
            });
        } else {
            written.visit(vote, &mut add);
            // With itself it is in all of its transactions, which is not written out.
            let (own, weight) = rules.rule(antecedent, track);
            add(track, vote * strength(weight, own.support));
        }
    }

    /// Adds what is left to the end: songs of one playlist often have only that one, which then is read
    /// once for all of them.
    pub(crate) fn complete(&mut self) {
        self.only.sort_unstable_by_key(|only| only.number);
        let Scratch { sums, noted, .. } = &mut *self.scratch;
        let mut adder = Adder { sums, noted, count: self.count };
        for same in self.only.chunk_by(|a, b| a.number == b.number) {
            let (items, weight) = self.rules.transaction(same[0].number);
            let most = same.iter().map(|only| only.most).max().unwrap_or_default();
            let items = &items[..items.len().min(most)];
            let vote: f32 = same.iter().map(|only| only.vote).sum();
            let amount = vote * strength(weight, 1);
            items.iter().for_each(|&item| adder.add_if_any(item, amount));
        }
        self.count = adder.count;
    }

    /// Forgets what has been said of these tracks.
    pub(crate) fn leave_out(&mut self, tracks: impl Iterator<Item = TrackId>) {
        tracks.for_each(|track| self.scratch.sums[track as usize] = 0.0);
    }

    /// Chooses the `most` best of what has been added up, best first; in equal ones the more frequent.
    pub(crate) fn choose(
        self,
        factors: Factors<'_>,
        most: usize,
    ) -> impl ExactSizeIterator<Item = Scored> + Clone + use<'s> {
        let Scratch { sums, noted, candidates, is_used, .. } = self.scratch;
        let mut best = Best::new(std::mem::take(candidates), factors, most);
        for tracks in noted[..self.count].chunks(AT_ONCE) {
            best.offer(tracks, |track| std::mem::take(&mut sums[track as usize]));
        }
        *is_used = false;
        *candidates = best.finish();
        candidates.iter().rev().map(|&key| scored_of(key))
    }

    /// What has been added up, in no order.
    pub(crate) fn all(self) -> Vec<Scored> {
        let Scratch { sums, noted, is_used, .. } = self.scratch;
        let taken = noted[..self.count]
            .iter()
            .map(|&track| Scored { track, score: std::mem::take(&mut sums[track as usize]) });
        let all = taken.filter(|scored| scored.score > 0.0).collect();
        *is_used = false;
        all
    }
}

/// Adds to sums, and notes the tracks that get one.
struct Adder<'s> {
    sums: &'s mut [f32],
    noted: &'s mut [TrackId],
    count: usize,
}

impl Adder<'_> {
    /// Adds an amount that is positive.
    #[inline]
    fn add(&mut self, track: TrackId, amount: f32) {
        let sum = &mut self.sums[track as usize];
        self.noted[self.count] = track;
        // As bits: zero is never negative here, and numbers take longer to compare.
        self.count += usize::from(sum.to_bits() == 0);
        *sum += amount;
    }

    /// The same for one that may be zero: a track that has got nothing is not noted, so that each is noted
    /// once, for which there is room.
    #[inline]
    fn add_if_any(&mut self, track: TrackId, amount: f32) {
        let sum = &mut self.sums[track as usize];
        self.noted[self.count] = track;
        self.count += usize::from((*sum == 0.0) & (amount > 0.0));
        *sum += amount;
    }
}

/// The best of the sums that have been offered.
pub(crate) struct Best<'f> {
    factors: Factors<'f>,
    most: usize,
    candidates: Vec<u64>,
    least: u64,
}

impl<'f> Best<'f> {
    /// The `most` best by these factors, found in this memory.
    pub(crate) fn new(mut candidates: Vec<u64>, factors: Factors<'f>, most: usize) -> Self {
        candidates.clear();
        let least = key_of(TrackId::MAX, f32::MIN_POSITIVE);
        Self { factors, most, candidates, least }
    }

    /// Offers so many tracks with their sums, of which those that are not positive are none.
    #[inline]
    pub(crate) fn offer(&mut self, tracks: &[TrackId], mut sum: impl FnMut(TrackId) -> f32) {
        let Self { factors, most, candidates, least } = self;
        let mut kept = candidates.len();
        candidates.resize(kept + tracks.len(), 0);
        for &track in tracks {
            let key = key_of(track, sum(track).max(0.0) * factors.of(track));
            candidates[kept] = key;
            kept += usize::from(key >= *least);
        }
        candidates.truncate(kept);
        if candidates.len() >= 2 * *most {
            keep_greatest(candidates, *most);
            *least = candidates[0];
        }
    }

    /// The keys of the best, the greatest last (see [`scored_of`]).
    pub(crate) fn finish(mut self) -> Vec<u64> {
        keep_greatest(&mut self.candidates, self.most);
        self.candidates.sort_unstable();
        self.candidates
    }
}

/// Visits the rules of a rare antecedent, which are made from the transactions that hold it: consequents
/// and strengths, and for each transaction after the first that holds a consequent a strength of zero.
#[inline]
fn each_implicit(
    rules: Rules<'_>,
    occurrences: &[u32],
    counts: &mut [(f32, u32)],
    visit: impl FnMut(TrackId, f32),
) {
    count(rules, occurrences, counts);
    take_counted(rules, occurrences, counts, visit);
}

/// Adds up for each track how many of these transactions hold it, and what they weigh.
pub(crate) fn count(rules: Rules<'_>, occurrences: &[u32], counts: &mut [(f32, u32)]) {
    for &number in occurrences {
        let (items, weight) = rules.transaction(number);
        for &item in items {
            let (sum, count) = &mut counts[item as usize];
            *sum += weight;
            *count += 1;
        }
    }
}

/// Takes out what has been counted: visits the tracks of these transactions with the strengths of the
/// rules to them, which are zero where there is nothing any more.
#[inline]
pub(crate) fn take_counted(
    rules: Rules<'_>,
    occurrences: &[u32],
    counts: &mut [(f32, u32)],
    mut visit: impl FnMut(TrackId, f32),
) {
    for &number in occurrences {
        for &item in rules.transaction(number).0 {
            let (weight, count) = std::mem::take(&mut counts[item as usize]);
            visit(item, strength(weight, count));
        }
    }
}

/// Reads where all lists begin and end: what is between follows by itself.
fn read_ahead(lists: &[(WrittenRules<'_>, f32)]) {
    touch(
        lists.iter().flat_map(|(rules, _)| [rules.words().first(), rules.words().last()]).flatten(),
    );
}

/// A number that is the greater the better the track is: positive numbers sort as their bits do.
fn key_of(track: TrackId, score: f32) -> u64 {
    u64::from(score.to_bits()) << 32 | u64::from(!track)
}

pub(crate) fn scored_of(key: u64) -> Scored {
    Scored { track: !(key as u32), score: f32::from_bits((key >> 32) as u32) }
}

/// Keeps the `most` greatest, the smallest of them first.
fn keep_greatest(keys: &mut Vec<u64>, most: usize) {
    if let Some(others @ 1..) = keys.len().checked_sub(most) {
        keys.select_nth_unstable(others);
        keys.drain(..others);
    }
}
