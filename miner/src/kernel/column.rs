//! Few rows: an item is a bit set of rows, and a support is the population count of an intersection.
//!
//! Eclat (Zaki, 2000) on machine words. Nothing is indexed but a stack of columns.

use super::Search;
use super::mask::Masks;
use super::report::Report;

/// The words of a column.
const WORDS: usize = 4;
/// The most rows that columns have.
pub(super) const MOST_ROWS: usize = 64 * WORDS;

/// An item and the rows that hold it.
#[derive(Clone, Copy)]
struct Column {
    rows: [u64; WORDS],
    item: u32,
    support: u32,
}

/// Columns of all levels of the search, the current one's last.
#[derive(Default)]
pub(super) struct Columns {
    stack: Vec<Column>,
    /// What a row weighs, where rows were merged.
    weights: Vec<u32>,
}

impl Columns {
    /// The weight of a set of rows.
    #[inline]
    fn weigh(&self, rows: &[u64; WORDS]) -> u32 {
        if self.weights.is_empty() {
            return rows.iter().map(|word| word.count_ones()).sum();
        }
        let mut weight = 0;
        for (word, weights) in rows.iter().zip(self.weights.chunks(64)) {
            let mut left = *word;
            while left != 0 {
                weight += weights[left.trailing_zeros() as usize];
                left &= left - 1;
            }
        }
        weight
    }
}

impl<R: crate::projection::Rank, O: Report> Search<'_, R, O> {
    /// Reports the frequent supersets of the current set by intersecting columns.
    pub(super) fn columns(&mut self, masks: &Masks) {
        let columns = &mut self.columns;
        columns.stack.clear();
        let empty = |&item| Column { rows: [0; WORDS], item, support: 0 };
        columns.stack.extend(masks.items.iter().map(empty));
        for (row, mask) in masks.rows.iter().enumerate() {
            let mut left = mask.items;
            while left != 0 {
                let column = &mut columns.stack[left.trailing_zeros() as usize];
                column.rows[row / 64] |= 1 << (row % 64);
                column.support += mask.weight;
                left &= left - 1;
            }
        }
        columns.weights.clear();
        if masks.rows.iter().any(|row| row.weight > 1) {
            columns.weights.extend(masks.rows.iter().map(|row| row.weight));
        }
        let minimum = self.minimum;
        columns.stack.retain(|column| column.support >= minimum);
        self.intersect(0);
    }

    /// Reports the frequent sets of the columns from `start` to the end of the stack.
    fn intersect(&mut self, start: usize) {
        let end = self.columns.stack.len();
        for b in (start..end).rev() {
            let column = self.columns.stack[b];
            if b == start {
                self.report.emit_with(column.item, column.support);
                break;
            }
            self.report.enter(column.item);
            let perfect = self.report.perfect_len();
            if self.report.room() > 0 && !self.report.stopped() {
                for a in start..b {
                    let other = self.columns.stack[a];
                    let rows = std::array::from_fn(|word| column.rows[word] & other.rows[word]);
                    let support = self.columns.weigh(&rows);
                    if support == column.support {
                        self.report.add_perfect(other.item);
                    } else if support >= self.minimum {
                        self.columns.stack.push(Column { rows, item: other.item, support });
                    }
                }
            }
            self.report.emit(column.support);
            self.intersect(end);
            self.columns.stack.truncate(end);
            self.report.truncate_perfect(perfect);
            self.report.leave();
        }
    }
}
