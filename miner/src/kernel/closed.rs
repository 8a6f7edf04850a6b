//! Closed and maximal itemsets: one search for both.
//!
//! Every itemset is found from its rarest item, as everywhere. A set is closed if no other item is in all
//! of its transactions. The more frequent items that are, its perfect extensions, are simply added;
//! if a rarer one is, neither the set nor any superset this branch finds is closed, for each of them is
//! found, with that item, in the rarer item's branch: the branch ends (the order-preserving test of
//! Lucchese, Orlando, Perego, DCI-Closed, FIMI 2004; like LCM's prefix-preserving closure, it needs no
//! memory of the sets found). A closed set is maximal if no item, more frequent or rarer, may be added.
//!
//! Projections on many rows are lists of rows that are counted item by item; on few rows, items are bit
//! sets of rows. Both keep the rarer items at hand, which the search for all itemsets never looks at.

use super::report::Report;
use crate::projection::{Database, Rank};

/// A worker's state.
pub(crate) struct ClosedSearch<'a, R, O> {
    database: &'a Database<R>,
    minimum: u32,
    maximal: bool,
    pub(crate) report: O,
    /// By rank; all zero between projections.
    counts: Vec<u32>,
    /// By rank: whether the item is in the current set or perfect for it.
    chosen: Vec<bool>,
    /// The rows of the first item, without infrequent partners.
    local: Local<R>,
    /// Row lists of all levels, the current one's last.
    lists: Vec<u32>,
    /// Columns of all levels, the current one's last, each of some words in `bits`.
    columns: Vec<Column>,
    bits: Vec<u64>,
}

/// The rows that hold the first item.
struct Local<R> {
    items: Vec<R>,
    starts: Vec<usize>,
}

impl<R: Rank> Local<R> {
    fn row(&self, row: u32) -> &[R] {
        &self.items[self.starts[row as usize]..self.starts[row as usize + 1]]
    }
}

#[derive(Clone, Copy)]
struct Column {
    rank: u32,
    support: u32,
    /// Where its words begin in `bits`.
    place: usize,
}

/// Below so many rows, an item's rows fit a few words, and columns beat lists at any density.
const COLUMN_ROWS: usize = 512;

impl<'a, R: Rank, O: Report> ClosedSearch<'a, R, O> {
    pub(crate) fn new(database: &'a Database<R>, minimum: u32, maximal: bool, report: O) -> Self {
        let ranks = database.items.len();
        Self {
            database,
            minimum,
            maximal,
            report,
            counts: vec![0; ranks],
            chosen: vec![false; ranks],
            local: Local { items: Vec::new(), starts: Vec::new() },
            lists: Vec::new(),
            columns: Vec::new(),
            bits: Vec::new(),
        }
    }

    /// Reports all closed (or maximal) frequent itemsets whose rarest item is that of `rank`.
    pub(crate) fn project(&mut self, rank: usize) {
        self.localise(rank);
        self.lists.clear();
        let rows = self.local.starts.len() - 1;
        self.lists.extend(0..rows as u32);
        self.report.enter(self.database.items[rank]);
        self.chosen[rank] = true;
        self.by_lists(rank, 0, self.database.supports[rank]);
        self.chosen[rank] = false;
        self.report.leave();
    }

    /// Copies the rows of `rank`, without the items that it rarely meets.
    fn localise(&mut self, rank: usize) {
        let Self { database, counts, local, minimum, .. } = self;
        let rows = || database.chunks.iter().flat_map(|chunk| chunk.rows(rank));
        rows().flatten().for_each(|item| counts[item.index()] += 1);
        local.items.clear();
        local.starts.clear();
        local.starts.push(0);
        for row in rows() {
            let frequent = row.iter().filter(|item| counts[item.index()] >= *minimum);
            local.items.extend(frequent);
            local.starts.push(local.items.len());
        }
        counts.fill(0);
    }

    /// Goes on from the current set, whose rarest item is `rank`, held by the rows listed from `start`
    /// on. Rows of a single frequent item are in no list, so the support may be more than there are rows.
    fn by_lists(&mut self, rank: usize, start: usize, support: u32) {
        let end = self.lists.len();
        for &row in &self.lists[start..end] {
            self.local.row(row).iter().for_each(|item| self.counts[item.index()] += 1);
        }
        // Only items of these rows were counted, but looking at all costs less than a list of them.
        let mut rarer_closes = false;
        let mut rarer_frequent = false;
        let mut larger: Vec<(u32, u32)> = Vec::new();
        let perfect = self.report.perfect_len();
        let first_perfect = self.columns.len();
        for item in 0..self.counts.len() {
            let count = std::mem::take(&mut self.counts[item]);
            if count < self.minimum || self.chosen[item] {
                continue;
            }
            if item > rank {
                rarer_frequent = true;
                rarer_closes |= count == support;
            } else if count == support {
                self.report.add_perfect(self.database.items[item]);
                self.chosen[item] = true;
                self.columns.push(Column { rank: item as u32, support, place: 0 });
            } else {
                larger.push((item as u32, count));
            }
        }
        if !rarer_closes && self.within_length() {
            if !self.maximal || (!rarer_frequent && larger.is_empty()) {
                self.report.emit_closed(support);
            }
            if self.report.room() > 0 && !self.report.stopped() {
                if end - start <= COLUMN_ROWS {
                    self.begin_columns(start, rank, &larger);
                } else {
                    self.descend(start, &larger);
                }
            }
        }
        for column in self.columns.drain(first_perfect..) {
            self.chosen[column.rank as usize] = false;
        }
        self.report.truncate_perfect(perfect);
    }

    /// Whether the current set with its perfect extensions is no longer than wanted.
    fn within_length(&self) -> bool {
        self.report.perfect_len() <= self.report.room()
    }

    /// Goes on with each of the items in turn.
    fn descend(&mut self, start: usize, larger: &[(u32, u32)]) {
        let end = self.lists.len();
        for &(item, support) in larger.iter().rev() {
            for place in start..end {
                let row = self.lists[place];
                if self.local.row(row).binary_search(&R::new(item as usize)).is_ok() {
                    self.lists.push(row);
                }
            }
            self.report.enter(self.database.items[item as usize]);
            self.chosen[item as usize] = true;
            self.by_lists(item as usize, end, support);
            self.chosen[item as usize] = false;
            self.report.leave();
            self.lists.truncate(end);
        }
    }

    /// Goes on with columns of the rows listed from `start` on. Columns lie rarest items first; those
    /// that are not `larger` are only there to be tested against.
    fn begin_columns(&mut self, start: usize, rank: usize, larger: &[(u32, u32)]) {
        let rows = self.lists.len() - start;
        let words = rows.div_ceil(64);
        let first = self.columns.len();
        // Rarer items come first, then the larger ones; `counts` serves as the column of each item.
        let rarer = self.rarer(start, rank);
        for &(rank, support) in rarer.iter().chain(larger) {
            self.counts[rank as usize] = (self.columns.len() - first + 1) as u32;
            let place = self.bits.len();
            self.columns.push(Column { rank, support, place });
            self.bits.resize(place + words, 0);
        }
        for (bit, &row) in self.lists[start..].iter().enumerate() {
            for item in self.local.row(row) {
                if let Some(column) = (self.counts[item.index()] as usize).checked_sub(1) {
                    let place = self.columns[first + column].place;
                    self.bits[place + bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        for &(rank, _) in rarer.iter().chain(larger) {
            self.counts[rank as usize] = 0;
        }
        self.by_columns(first, first + rarer.len(), words);
        let bits = self.columns.get(first).map_or(self.bits.len(), |column| column.place);
        self.bits.truncate(bits);
        self.columns.truncate(first);
    }

    /// The rarer items that are in enough of the rows listed from `start` on.
    fn rarer(&mut self, start: usize, rank: usize) -> Vec<(u32, u32)> {
        for &row in &self.lists[start..] {
            let row = self.local.row(row);
            let place = row.partition_point(|item| item.index() <= rank);
            row[place..].iter().for_each(|item| self.counts[item.index()] += 1);
        }
        let mut rarer = Vec::new();
        for item in rank + 1..self.counts.len() {
            let count = std::mem::take(&mut self.counts[item]);
            if count >= self.minimum && !self.chosen[item] {
                rarer.push((item as u32, count));
            }
        }
        rarer
    }

    /// Goes on with the columns from `middle` on; those from `first` to `middle` are rarer items.
    fn by_columns(&mut self, first: usize, middle: usize, words: usize) {
        let end = self.columns.len();
        let place = self.bits.len();
        for b in (middle..end).rev() {
            if self.report.stopped() {
                return;
            }
            let column = self.columns[b];
            let perfect = self.report.perfect_len();
            self.report.enter(self.database.items[column.rank as usize]);
            let rarer = self.meet(column, (first..middle).chain(b + 1..end), words);
            if let Some(rarer) = rarer {
                self.meet_larger(column, middle..b, words);
                let next_middle = end + rarer;
                if self.within_length() {
                    if !self.maximal || self.columns.len() == end {
                        self.report.emit_closed(column.support);
                    }
                    if self.report.room() > 0 {
                        self.by_columns(end, next_middle, words);
                    }
                }
            }
            self.columns.truncate(end);
            self.bits.truncate(place);
            self.report.leave();
            self.report.truncate_perfect(perfect);
        }
    }

    /// Appends the columns of rarer items that meet `column` often enough, and says how many; nothing
    /// where one meets it always.
    fn meet(
        &mut self,
        column: Column,
        others: impl Iterator<Item = usize>,
        words: usize,
    ) -> Option<usize> {
        let end = self.columns.len();
        for other in others {
            if self.intersect(column, self.columns[other], words) == column.support {
                return None;
            }
        }
        Some(self.columns.len() - end)
    }

    /// Appends the columns of the more frequent items that meet `column` often enough, but not always; those
    /// that do are perfect extensions.
    fn meet_larger(&mut self, column: Column, others: std::ops::Range<usize>, words: usize) {
        for other in others {
            let other = self.columns[other];
            if self.intersect(column, other, words) == column.support {
                self.columns.pop();
                self.bits.truncate(self.bits.len() - words);
                self.report.add_perfect(self.database.items[other.rank as usize]);
            }
        }
    }

    /// Appends the intersection of two columns if it is frequent; its support either way.
    fn intersect(&mut self, column: Column, other: Column, words: usize) -> u32 {
        let place = self.bits.len();
        let mut support = 0;
        for word in 0..words {
            let both = self.bits[column.place + word] & self.bits[other.place + word];
            support += both.count_ones();
            self.bits.push(both);
        }
        if support >= self.minimum {
            self.columns.push(Column { rank: other.rank, support, place });
        } else {
            self.bits.truncate(place);
        }
        support
    }
}
