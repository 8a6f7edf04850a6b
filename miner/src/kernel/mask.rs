//! Up to 64 items in many rows: a row is a machine word with a weight, equal rows are merged, and the
//! supports of all pairs are counted at once. The most frequent items of a dense database are
//! searched in such rows from the start.
//!
//! Not here: when this pays (see `kernel`).

use super::report::Report;
use super::{Search, WORD_ITEMS};
use crate::projection::Ranking;
use crate::threads::Threads;
use crate::transaction::Transactions;

/// A projection of at most 64 items.
#[derive(Default)]
pub(crate) struct Masks {
    pub(super) rows: Vec<Row>,
    /// By bit: the item's id.
    pub(super) items: Vec<u32>,
    /// By pair of bits `64 * b + a`, `a <= b`: the weight of the rows that have both.
    pairs: Vec<u32>,
}

/// So many items of transactions are put into masks at a time, each time by any thread.
const PART_ITEMS: usize = 1 << 19;

/// Some transactions that are equal as far as this projection goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Row {
    /// A bit for each item.
    pub(super) items: u64,
    pub(super) weight: u32,
}

impl Masks {
    /// Transactions cut down to the 64 most frequent items; `None` where one of them holds one of these twice.
    pub(crate) fn of(
        transactions: &Transactions,
        ranking: &Ranking,
        threads: &Threads,
    ) -> Option<Self> {
        let parts = threads.map(transactions.parts(PART_ITEMS), |part| {
            let items = ranking.items[..ranking.len().min(WORD_ITEMS)].to_vec();
            let mut masks = Self { items, ..Self::default() };
            let mut repeats = 0;
            for row in part {
                let bits = transactions.get(row).iter().map(|&item| match ranking.rank(item) {
                    Some(rank) if rank < WORD_ITEMS => 1 << rank,
                    _ => 0_u64,
                });
                masks.push(bits.fold(0, |mask, bit| {
                    repeats |= mask & bit;
                    mask | bit
                }));
            }
            masks.merge();
            masks.count_pairs();
            (repeats == 0).then_some(masks)
        });
        parts.into_iter().reduce(|all, part| {
            let (mut all, part) = (all?, part?);
            all.rows.extend(part.rows);
            all.pairs.iter_mut().zip(&part.pairs).for_each(|(sum, count)| *sum += count);
            Some(all)
        })?
    }

    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.items.clear();
    }

    /// Appends a transaction, unless it is empty.
    #[inline]
    pub(super) fn push(&mut self, items: u64) {
        if items != 0 {
            self.rows.push(Row { items, weight: 1 });
        }
    }

    /// Merges equal rows.
    fn merge(&mut self) {
        self.rows.sort_unstable_by_key(|row| row.items);
        self.rows.dedup_by(|next, row| {
            let equal = next.items == row.items;
            if equal {
                row.weight += next.weight;
            }
            equal
        });
    }

    fn count_pairs(&mut self) {
        self.pairs.clear();
        self.pairs.resize(64 * self.items.len(), 0);
        for row in &self.rows {
            let mut left = row.items;
            while left != 0 {
                let b = 63 - left.leading_zeros() as usize;
                let counts = &mut self.pairs[64 * b..][..64];
                let mut below = left;
                while below != 0 {
                    counts[below.trailing_zeros() as usize] += row.weight;
                    below &= below - 1;
                }
                left &= !(1 << b);
            }
        }
    }
}

impl<R: crate::projection::Rank, O: Report> Search<'_, R, O> {
    /// Reports all frequent itemsets whose rarest item is that of `rank`, one of the first 64; `masks` are
    /// the whole database, cut down to these.
    pub(super) fn project_mask(&mut self, masks: &Masks, rank: usize) {
        let mut next = self.masks.pop().unwrap_or_default();
        self.report.enter(masks.items[rank]);
        self.extend_mask(masks, rank, &mut next);
        self.report.truncate_perfect(0);
        self.report.leave();
        self.masks.push(next);
    }

    /// Reports the frequent supersets of the current set by way of the supports of all pairs.
    pub(super) fn pairs(&mut self, masks: &mut Masks) {
        masks.merge();
        masks.count_pairs();
        let mut next = self.masks.pop().unwrap_or_default();
        for b in (0..masks.items.len()).rev() {
            if self.report.stopped() {
                break;
            }
            let support = masks.pairs[64 * b + b];
            if support < self.minimum {
                continue;
            }
            let perfect = self.report.perfect_len();
            self.report.enter(masks.items[b]);
            self.extend_mask(masks, b, &mut next);
            self.report.truncate_perfect(perfect);
            self.report.leave();
        }
        self.masks.push(next);
    }

    /// Reports the current set, bit `b` included, and its supersets with smaller bits.
    fn extend_mask(&mut self, masks: &Masks, b: usize, next: &mut Masks) {
        let counts = &masks.pairs[64 * b..][..=b];
        let mut partners = 0_u64;
        next.clear();
        for (a, &count) in counts[..b].iter().enumerate() {
            if count == counts[b] {
                self.report.add_perfect(masks.items[a]);
            } else if count >= self.minimum {
                partners |= 1 << a;
                next.items.push(masks.items[a]);
            }
        }
        self.report.emit(counts[b]);
        if self.report.room() == 0 {
            return;
        }
        if self.report.room() == 1 || next.items.len() < 2 {
            for (a, &count) in counts[..b].iter().enumerate() {
                if partners >> a & 1 == 1 {
                    self.report.emit_with(masks.items[a], count);
                }
            }
            return;
        }
        let extract = Extract::new(partners);
        // Written always and kept by moving the end: which rows hold an item can't be predicted.
        next.rows.resize(masks.rows.len(), Row::default());
        let mut end = 0;
        for row in &masks.rows {
            let items = extract.of(row.items);
            next.rows[end] = Row { items, weight: row.weight };
            end += usize::from(row.items >> b & 1 == 1 && items != 0);
        }
        next.rows.truncate(end);
        self.small_projection(next);
    }
}

/// Moves the bits at the places of a mask's set bits together, in many words: a bit moves down by as many
/// places as the mask has zeros below it, in steps of 1, 2, 4, ... places (Warren, Hacker's Delight, 7-4).
struct Extract {
    mask: u64,
    /// By step: the bits that it moves.
    moved: [u64; 6],
}

impl Extract {
    fn new(mask: u64) -> Self {
        let mut moved = [0; 6];
        let mut left = mask;
        let mut zeros = !mask << 1;
        for (step, moved) in moved.iter_mut().enumerate() {
            // By place: whether the zeros up to it are odd in number.
            let odd = (0..6).fold(zeros, |sum, shift| sum ^ sum << (1 << shift));
            *moved = odd & left;
            left = (left ^ *moved) | *moved >> (1 << step);
            zeros &= !odd;
        }
        Self { mask, moved }
    }

    #[inline]
    fn of(&self, word: u64) -> u64 {
        self.moved.iter().enumerate().fold(word & self.mask, |word, (step, moved)| {
            let moving = word & moved;
            (word ^ moving) | moving >> (1 << step)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracted_bits_keep_their_order() {
        let check = |word: u64, mask: u64| {
            let places = (0..64).filter(|place| mask >> place & 1 == 1);
            let expected =
                places.enumerate().fold(0, |bits, (new, old)| bits | (word >> old & 1) << new);
            assert_eq!(Extract::new(mask).of(word), expected, "{word:x} {mask:x}");
        };
        check(0b1000_0010, 0b1010_1010);
        check(1 << 63 | 1, 1 << 63 | 1);
        let mut random = 1_u64;
        for _ in 0..1000 {
            let word = random;
            random = random.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23) ^ 0x5bd1;
            check(word, random);
            check(word, random & word.rotate_left(7));
            check(u64::MAX, random | word);
        }
        check(0, u64::MAX);
        check(u64::MAX, u64::MAX);
        check(u64::MAX, 0);
    }
}
