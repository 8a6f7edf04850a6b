//! The search for frequent itemsets: one worker's state, and the choice between the kernels.
//!
//! The tree of itemsets is walked depth first, from an itemset to those with one more frequent item
//! (a smaller rank) each. A node of the tree is a projection: the transactions that hold the itemset, cut
//! down to the items that may still be added. Projections differ so much, from a hundred thousand
//! short rows to ten rows that are nearly equal, that no one data structure suits all:
//!
//! - [`deliver`]: the first level, which reads the database itself;
//! - [`triangle`]: many items, sparse rows: all pairs are counted at once in a triangular array;
//! - [`mask`]: up to 64 items: a row is a machine word, equal rows are merged;
//! - [`column`]: few rows: an item is a bit set of rows, supports are population counts;
//! - [`table`]: few items: the supports of all subsets by sums over supersets.
//!
//! Closed and maximal itemsets have a search of their own, [`closed`].
//!
//! Which one takes a projection is decided by its numbers of rows and items alone, by [`WORD_ITEMS`] and in
//! [`choose`], so that the output never depends on the number of threads.
//!
//! Not here: the database (see `projection`), what becomes of the itemsets (see `report` and `walk`), and
//! threads (see `schedule`).

pub(crate) mod closed;
mod column;
mod deliver;
pub(crate) mod mask;
pub(crate) mod report;
pub(crate) mod table;
mod triangle;
pub(crate) mod walk;

use crate::projection::{Database, Rank};
use column::Columns;
use mask::Masks;
use report::Report;
use table::Table;
use triangle::{Rows, Triangle};

/// A worker's state. Scratch memory is kept from one projection to the next, so that the search
/// allocates next to nothing.
pub(crate) struct Search<'a, R, O> {
    database: &'a Database<R>,
    minimum: u32,
    pub(crate) report: O,
    delivery: deliver::Delivery<R>,
    /// Scratch not in use at the moment; as many as the search is deep.
    rows: Vec<Rows<R>>,
    triangles: Vec<Triangle<R>>,
    masks: Vec<Masks>,
    columns: Columns,
    small: Table<16>,
    large: Table<32>,
}

/// The most items of a row that is a machine word. Projections of more have one kernel, the triangle.
pub(crate) const WORD_ITEMS: usize = 64;

/// Who takes a projection of at most [`WORD_ITEMS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    Table,
    Columns,
    Masks,
}

/// A table of so many items is summed and counted in about a microsecond, however few its rows are.
const TABLE_ITEMS_AT_LEAST: u32 = 10;

/// Chooses the kernel for a projection of at most [`WORD_ITEMS`].
fn choose(rows: usize, items: usize, merged: bool) -> Kernel {
    // A table of n items costs about n * 2^n / 8 word operations however many rows fill it; the other
    // kernels visit the rows at least once per frequent itemset. Measured on chess (support 640), where it
    // matters most: adding 4, 6, 7, 8 here takes .51, .29, .25, .24 s; sparse data don't care.
    let affordable =
        (rows.max(1).ilog2() + 7).clamp(TABLE_ITEMS_AT_LEAST, table::MOST_ITEMS as u32);
    if items <= affordable as usize {
        Kernel::Table
    } else if rows <= column::MOST_ROWS && !merged {
        Kernel::Columns
    } else {
        Kernel::Masks
    }
}

impl<'a, R: Rank, O: Report> Search<'a, R, O> {
    pub(crate) fn new(database: &'a Database<R>, minimum: u32, report: O) -> Self {
        Self {
            database,
            minimum,
            report,
            delivery: deliver::Delivery::new(database.items.len()),
            rows: Vec::new(),
            triangles: Vec::new(),
            masks: Vec::new(),
            columns: Columns::default(),
            small: Table::default(),
            large: Table::default(),
        }
    }

    /// Reports the frequent supersets of the current set within a projection of at most 64 items.
    fn small_projection(&mut self, masks: &mut Masks) {
        let merged = masks.rows.iter().any(|row| row.weight > 1);
        match choose(masks.rows.len(), masks.items.len(), merged) {
            Kernel::Table => self.table(masks),
            Kernel::Columns => self.columns(masks),
            Kernel::Masks => self.pairs(masks),
        }
    }

    /// Reports the frequent supersets of the current set by a table.
    fn table(&mut self, masks: &Masks) {
        let weight: u64 = masks.rows.iter().map(|row| u64::from(row.weight)).sum();
        if weight <= Table::<16>::LIMIT.into() {
            fill(&mut self.small, masks);
            self.report.emit_table(&self.small, &masks.items, self.minimum);
        } else {
            fill(&mut self.large, masks);
            self.report.emit_table(&self.large, &masks.items, self.minimum);
        }
    }
}

fn fill<const BITS: u32>(table: &mut Table<BITS>, masks: &Masks) {
    table.clear(masks.items.len());
    for row in &masks.rows {
        table.add(row.items as usize, row.weight);
    }
    table.sum();
}
