//! The first level of the search: the projection on one item, read from the database.
//!
//! The rows that hold the item are visited twice. The first visit copies what stands before the item
//! (the more frequent items) into scratch memory and counts it there; counters and copy stay in the
//! first caches, so the second visit, which keeps only the frequent partners, never returns to the
//! database. This is Uno's occurrence deliver (LCM ver. 2, FIMI 2004), on rows that need no rebuilding.

use super::mask::Masks;
use super::report::Report;
use super::triangle::Rows;
use super::{Search, WORD_ITEMS};
use crate::projection::Rank;

/// How many chunks' rows are asked for before the first is copied: a rare item has few rows in a chunk, too
/// few to keep memory busy, and what is fetched too far ahead is gone from the cache when its turn comes.
const CHUNKS_TOUCHED: usize = 8;

/// Scratch memory of the first level.
pub(super) struct Delivery<R> {
    /// By rank; all zero between projections.
    counts: Vec<u32>,
    /// By rank: the partner's number plus one, or 0.
    numbers: Vec<R>,
    /// By rank: the partner's bit, or 0.
    bits: Vec<u64>,
    /// What stands before the item in its rows.
    gathered: Rows<R>,
    /// The item's frequent partners and how often they meet.
    partners: Vec<(R, u32)>,
}

impl<R: Rank> Delivery<R> {
    pub(super) fn new(ranks: usize) -> Self {
        Self {
            counts: vec![0; ranks],
            numbers: vec![R::default(); ranks],
            bits: vec![0; ranks],
            gathered: Rows::default(),
            partners: Vec::new(),
        }
    }
}

impl<R: Rank, O: Report> Search<'_, R, O> {
    /// Reports all frequent itemsets whose rarest item is that of `rank`.
    pub(crate) fn project(&mut self, rank: usize) {
        if let Some(masks) = self.database.masks.as_ref().filter(|_| rank < WORD_ITEMS) {
            return self.project_mask(masks, rank);
        }
        let support = self.database.supports[rank];
        self.report.enter(self.database.items[rank]);
        if self.report.room() == 0 || rank == 0 {
            self.report.emit(support);
        } else {
            self.gather(rank);
            self.partners(rank, support);
            self.report.emit(support);
            self.extend();
            self.report.truncate_perfect(0);
        }
        self.report.leave();
    }

    /// Copies and counts what stands before `rank` in its rows.
    fn gather(&mut self, rank: usize) {
        let Delivery { counts, gathered, .. } = &mut self.delivery;
        gathered.clear();
        for chunks in self.database.chunks.chunks(CHUNKS_TOUCHED) {
            chunks.iter().for_each(|chunk| chunk.touch(rank));
            for prefix in chunks.iter().flat_map(|chunk| chunk.prefixes(rank)) {
                prefix.iter().for_each(|item| counts[item.index()] += 1);
                gathered.push(prefix);
            }
        }
    }

    /// Lists the partners that meet `rank` often enough, in order, and puts aside those that are in all
    /// of its rows. Leaves all counters at zero.
    fn partners(&mut self, rank: usize, support: u32) {
        let Delivery { counts, gathered, partners, .. } = &mut self.delivery;
        partners.clear();
        let mut keep = |item: R, count: u32| {
            if count == support {
                self.report.add_perfect(self.database.items[item.index()]);
            } else if count >= self.minimum {
                partners.push((item, count));
            }
        };
        if gathered.items.len() < rank / 8 {
            for &item in &gathered.items {
                let count = std::mem::take(&mut counts[item.index()]);
                if count >= self.minimum {
                    keep(item, count);
                }
            }
            partners.sort_unstable();
        } else {
            for (item, count) in counts[..rank].iter_mut().enumerate() {
                if *count >= self.minimum {
                    keep(R::new(item), *count);
                }
                *count = 0;
            }
        }
    }

    /// Reports the supersets of the current set with the frequent partners.
    fn extend(&mut self) {
        let partners = self.delivery.partners.len();
        if self.report.room() == 1 || partners < 2 {
            for &(item, count) in &self.delivery.partners {
                self.report.emit_with(self.database.items[item.index()], count);
            }
        } else if partners <= WORD_ITEMS {
            let mut masks = self.masks.pop().unwrap_or_default();
            self.delivery.masks(&self.database.items, &mut masks);
            self.small_projection(&mut masks);
            self.masks.push(masks);
        } else {
            let mut rows = self.rows.pop().unwrap_or_default();
            self.delivery.rows(&self.database.items, &mut rows);
            self.triangle(&mut rows);
            self.rows.push(rows);
        }
    }
}

impl<R: Rank> Delivery<R> {
    /// The gathered rows as bit masks of the partners.
    fn masks(&mut self, items: &[u32], masks: &mut Masks) {
        masks.clear();
        for (bit, &(item, _)) in self.partners.iter().enumerate() {
            self.bits[item.index()] = 1 << bit;
            masks.items.push(items[item.index()]);
        }
        for row in self.gathered.iter() {
            masks.push(row.iter().fold(0, |mask, item| mask | self.bits[item.index()]));
        }
        for &(item, _) in &self.partners {
            self.bits[item.index()] = 0;
        }
    }

    /// The gathered rows, of the partners only and by their numbers.
    fn rows(&mut self, items: &[u32], rows: &mut Rows<R>) {
        rows.clear();
        for (number, &(item, count)) in self.partners.iter().enumerate() {
            self.numbers[item.index()] = R::new(number + 1);
            rows.names.push(items[item.index()]);
            rows.supports.push(count);
        }
        for row in self.gathered.iter() {
            rows.push_renumbered(row, &self.numbers);
        }
        for &(item, _) in &self.partners {
            self.numbers[item.index()] = R::default();
        }
    }
}
