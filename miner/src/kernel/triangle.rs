//! Many items in sparse rows: the supports of all pairs of a projection's items, counted at once in a
//! triangular array.
//!
//! The pair array of Zaki (Scalable algorithms for association mining, IEEE TKDE 12, 2000), but of each
//! projection instead of the whole database: with the items renumbered it is small enough for the
//! second-level cache, and what does not fit is counted in bands of lines. Where only one more item may be
//! added the search ends here; else an item's line tells its frequent partners in the next projection.
//!
//! Not here: how a projection on the first item comes about (see `deliver`).

use super::report::{Report, for_each_reaching};
use super::{Search, WORD_ITEMS};
use crate::projection::Rank;

/// The rows of a projection: local item numbers, rising in a row.
#[derive(Default)]
pub(super) struct Rows<R> {
    pub(super) items: Vec<R>,
    /// Where each row ends in `items`, which is where the next begins.
    ends: Vec<usize>,
    /// By local number: the item's id.
    pub(super) names: Vec<u32>,
    /// By local number: how many rows of the projection hold the item.
    pub(super) supports: Vec<u32>,
}

impl<R: Rank> Rows<R> {
    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.ends.clear();
        self.names.clear();
        self.supports.clear();
    }

    #[inline]
    pub(super) fn push(&mut self, row: &[R]) {
        self.items.extend_from_slice(row);
        self.ends.push(self.items.len());
    }

    /// Appends a row, its items replaced by `numbers` less one, those that are 0 left out. A row that
    /// has fewer than two items left is dropped: it says nothing about pairs.
    #[inline]
    pub(super) fn push_renumbered(&mut self, row: &[R], numbers: &[R]) {
        let start = self.items.len();
        // Written always and kept by moving the end: which items are kept can't be predicted.
        self.items.resize(start + row.len(), R::default());
        let mut end = start;
        for item in row {
            let number = numbers[item.index()].index();
            self.items[end] = R::new(number.wrapping_sub(1));
            end += usize::from(number != 0);
        }
        if end - start < 2 {
            end = start;
        } else {
            self.ends.push(end);
        }
        self.items.truncate(end);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[R]> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.items[std::mem::replace(&mut start, end)..end])
    }
}

/// Scratch memory of one level.
#[derive(Default)]
pub(super) struct Triangle<R> {
    /// Lines `low..high` of the triangle: line `b` has a counter for every `a < b`.
    counts: Vec<u32>,
    /// What is left of each row: its items below the current band end here.
    ends: Vec<usize>,
    /// By item: where in the rows it occurs, as (start of the row, place of the item).
    occurrences: Vec<(u32, u32)>,
    /// One more than there are items.
    starts: Vec<u32>,
    /// The current item's frequent partners and how often they meet.
    partners: Vec<(R, u32)>,
    numbers: Vec<R>,
    bits: Vec<u64>,
}

/// The most counters a band has, unless one line has more: half a megabyte, a quarter of the second-level
/// cache of current servers; more than that made no difference on playlists, and less costs bands.
const BAND: usize = 1 << 17;

/// Where line `b` begins in the triangle.
fn line(b: usize) -> usize {
    b * b.saturating_sub(1) / 2
}

impl<R: Rank, O: Report> Search<'_, R, O> {
    /// Reports the frequent supersets of the current set within a projection of many items. The current
    /// set has room for two more items at least.
    pub(super) fn triangle(&mut self, rows: &mut Rows<R>) {
        let mut triangle = self.triangles.pop().unwrap_or_default();
        triangle.begin(rows, self.report.room() > 2);
        let mut high = rows.names.len();
        while high > 0 && !self.report.stopped() {
            let mut low = high - 1;
            while low > 0 && line(high) - line(low - 1) <= BAND {
                low -= 1;
            }
            triangle.count(rows, low, high);
            for b in (low..high).rev() {
                self.extend_by(rows, &mut triangle, low, b);
            }
            high = low;
        }
        self.triangles.push(triangle);
    }

    /// Reports the frequent supersets of the current set whose rarest item is number `b`; the triangle
    /// holds the lines from `low` on.
    fn extend_by(&mut self, rows: &Rows<R>, triangle: &mut Triangle<R>, low: usize, b: usize) {
        let support = rows.supports[b];
        let counts = &triangle.counts[line(b) - line(low)..line(b + 1) - line(low)];
        self.report.enter(rows.names[b]);
        if self.report.room() == 1 {
            self.report.emit(support);
            self.report.emit_line(&rows.names, counts, self.minimum);
        } else {
            let perfect = self.report.perfect_len();
            triangle.partners.clear();
            for_each_reaching(counts, self.minimum, |a, count| {
                if count == support {
                    self.report.add_perfect(rows.names[a]);
                } else {
                    triangle.partners.push((R::new(a), count));
                }
            });
            self.report.emit(support);
            self.descend(rows, triangle, b);
            self.report.truncate_perfect(perfect);
        }
        self.report.leave();
    }

    /// Reports the supersets of the current set, number `b` included, with its frequent partners.
    fn descend(&mut self, rows: &Rows<R>, triangle: &mut Triangle<R>, b: usize) {
        if triangle.partners.len() < 2 {
            for &(item, count) in &triangle.partners {
                self.report.emit_with(rows.names[item.index()], count);
            }
        } else if triangle.partners.len() <= WORD_ITEMS {
            let mut masks = self.masks.pop().unwrap_or_default();
            masks.clear();
            for (bit, &(item, _)) in triangle.partners.iter().enumerate() {
                triangle.bits[item.index()] = 1 << bit;
                masks.items.push(rows.names[item.index()]);
            }
            for prefix in triangle.prefixes(rows, b) {
                masks.push(prefix.iter().fold(0, |mask, item| mask | triangle.bits[item.index()]));
            }
            triangle.partners.iter().for_each(|(item, _)| triangle.bits[item.index()] = 0);
            self.small_projection(&mut masks);
            self.masks.push(masks);
        } else {
            let mut next = self.rows.pop().unwrap_or_default();
            next.clear();
            for (number, &(item, count)) in triangle.partners.iter().enumerate() {
                triangle.numbers[item.index()] = R::new(number + 1);
                next.names.push(rows.names[item.index()]);
                next.supports.push(count);
            }
            for prefix in triangle.prefixes(rows, b) {
                next.push_renumbered(prefix, &triangle.numbers);
            }
            triangle
                .partners
                .iter()
                .for_each(|(item, _)| triangle.numbers[item.index()] = R::default());
            self.triangle(&mut next);
            self.rows.push(next);
        }
    }
}

impl<R: Rank> Triangle<R> {
    /// Makes ready for a projection; `deeper` says whether more than pairs will be wanted.
    fn begin(&mut self, rows: &Rows<R>, deeper: bool) {
        self.ends.clear();
        self.ends.extend_from_slice(&rows.ends);
        if !deeper {
            return;
        }
        let items = rows.names.len();
        self.numbers.clear();
        self.numbers.resize(items, R::default());
        self.bits.clear();
        self.bits.resize(items, 0);
        self.starts.clear();
        self.starts.resize(items + 2, 0);
        // Shifted by two, so that placing them leaves each start where it belongs.
        rows.items.iter().for_each(|item| self.starts[(item.index() + 2).min(items + 1)] += 1);
        for item in 2..items + 2 {
            self.starts[item] += self.starts[item - 1];
        }
        self.occurrences.clear();
        self.occurrences.resize(rows.items.len(), (0, 0));
        let mut start = 0;
        for row in rows.iter() {
            for (place, item) in row.iter().enumerate() {
                let slot = &mut self.starts[item.index() + 1];
                self.occurrences[*slot as usize] = (start, start + place as u32);
                *slot += 1;
            }
            start += row.len() as u32;
        }
    }

    /// What stands before item `b` in the rows that hold it.
    fn prefixes<'r>(&self, rows: &'r Rows<R>, b: usize) -> impl Iterator<Item = &'r [R]> {
        self.occurrences[self.starts[b] as usize..self.starts[b + 1] as usize]
            .iter()
            .map(|&(start, place)| &rows.items[start as usize..place as usize])
    }

    /// Counts the pairs `(a, b)` with `a < b` and `low <= b < high` of what is left of the rows, and
    /// cuts the rows before `low`.
    fn count(&mut self, rows: &Rows<R>, low: usize, high: usize) {
        self.counts.clear();
        self.counts.resize(line(high) - line(low), 0);
        let base = line(low);
        let mut start = 0;
        for (left, &end) in self.ends.iter_mut().zip(&rows.ends) {
            let mut row = &rows.items[start..*left];
            while let [before @ .., b] = row {
                let b = b.index();
                if b < low {
                    break;
                }
                let counts = &mut self.counts[line(b) - base..][..b];
                for a in before {
                    counts[a.index()] += 1;
                }
                row = before;
            }
            *left = start + row.len();
            start = end;
        }
    }
}
