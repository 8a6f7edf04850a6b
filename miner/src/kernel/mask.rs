//! Up to 64 items in many rows: a row is a machine word with a weight, equal rows are merged, and the
//! supports of all pairs are counted at once.
//!
//! Not here: when this pays (see `kernel`).

use super::Search;
use super::report::Report;

/// A projection of at most 64 items.
#[derive(Default)]
pub(super) struct Masks {
    pub(super) rows: Vec<Row>,
    /// By bit: the item's id.
    pub(super) items: Vec<u32>,
    /// By pair of bits `64 * b + a`, `a <= b`: the weight of the rows that have both.
    pairs: Vec<u32>,
}

/// Some transactions that are equal as far as this projection goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// A bit for each item.
    pub(super) items: u64,
    pub(super) weight: u32,
}

impl Masks {
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
        for row in masks.rows.iter().filter(|row| row.items >> b & 1 == 1) {
            let items = row.items & partners;
            if items != 0 {
                next.rows.push(Row { items: extract(items, partners), weight: row.weight });
            }
        }
        self.small_projection(next);
    }
}

/// The bits of `items` at the places of the set bits of `mask`, moved together.
#[inline]
fn extract(items: u64, mask: u64) -> u64 {
    let mut left = items;
    let mut extracted = 0;
    while left != 0 {
        let bit = left & left.wrapping_neg();
        extracted |= 1 << (mask & (bit - 1)).count_ones();
        left ^= bit;
    }
    extracted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extracted_bits_keep_their_order() {
        assert_eq!(extract(0b1000_0010, 0b1010_1010), 0b1001);
        assert_eq!(extract(1 << 63 | 1, 1 << 63 | 1), 0b11);
        assert_eq!(extract(0, u64::MAX), 0);
    }
}
