//! Where the search reports what it finds, and a tally of it.
//!
//! The search never lists *perfect extensions*: items that every transaction of the current projection
//! holds. They double the number of itemsets without changing supports, so they are put aside, and
//! multiplied in (by the tally) or expanded (in a list) at the end (Borgelt, Frequent item set mining,
//! WIREs Data Mining and Knowledge Discovery 2, 2012).
//!
//! Not here: listing (see `walk`).

use super::table::Table;
use crate::itemset::ItemsetCounts;
use crate::schedule::Stop;

/// The current itemset of a search, and what becomes of it.
pub(crate) trait Report {
    /// What follows belongs to this task.
    fn begin(&mut self, task: usize);

    /// The task is done.
    fn end(&mut self);

    /// Adds an item to the current set.
    fn enter(&mut self, item: u32);

    /// Takes the item entered last out again.
    fn leave(&mut self);

    /// How many more items the current set may have.
    fn room(&self) -> usize;

    /// Adds a perfect extension of the current set.
    fn add_perfect(&mut self, item: u32);

    /// The number of perfect extensions.
    fn perfect_len(&self) -> usize;

    /// Drops the perfect extensions after the first `length`.
    fn truncate_perfect(&mut self, length: usize);

    /// The current set, united with any of the perfect extensions, is frequent.
    fn emit(&mut self, support: u32);

    /// The current set and one more item, united with any of the perfect extensions, is frequent.
    #[inline]
    fn emit_with(&mut self, item: u32, support: u32) {
        self.enter(item);
        self.emit(support);
        self.leave();
    }

    /// The current set and one more item, for each item whose count reaches the minimum.
    fn emit_line(&mut self, items: &[u32], counts: &[u32], minimum: u32) {
        for_each_reaching(counts, minimum, |item, count| self.emit_with(items[item], count));
    }

    /// Reports every frequent set of a summed table, but for the empty one.
    fn emit_table<const BITS: u32>(&mut self, table: &Table<BITS>, items: &[u32], minimum: u32);

    /// The current set, united with *all* perfect extensions, is a result.
    fn emit_closed(&mut self, support: u32);

    /// The search has been told to stop: nothing more is wanted.
    fn stopped(&self) -> bool;
}

/// Calls `visit` with the place and value of every count of at least `minimum`.
#[inline]
pub(super) fn for_each_reaching(counts: &[u32], minimum: u32, mut visit: impl FnMut(usize, u32)) {
    // Most blocks have none: their largest count is found without branches.
    for (block, counts) in counts.chunks(16).enumerate() {
        if counts.iter().fold(0, |largest, &count| count.max(largest)) >= minimum {
            for (place, &count) in counts.iter().enumerate() {
                if count >= minimum {
                    visit(block * 16 + place, count);
                }
            }
        }
    }
}

/// Counts itemsets by length, without looking at them.
pub(crate) struct Tally<'a> {
    stop: &'a Stop<'a>,
    longest: usize,
    length: usize,
    perfect: usize,
    /// By the number of perfect extensions, then by the length without them.
    counts: Vec<Vec<u64>>,
    /// By length, each set counted as it is.
    closed: ItemsetCounts,
}

impl<'a> Tally<'a> {
    pub(crate) fn new(longest: usize, stop: &'a Stop<'a>) -> Self {
        let counts = vec![Vec::new()];
        Self { stop, longest, length: 0, perfect: 0, counts, closed: ItemsetCounts::default() }
    }

    /// The counters by length for the current number of perfect extensions, up to `length` at least.
    fn counters(&mut self, length: usize) -> &mut [u64] {
        if self.counts.len() <= self.perfect {
            self.counts.resize_with(self.perfect + 1, Vec::new);
        }
        let counters = &mut self.counts[self.perfect];
        if counters.len() <= length {
            counters.resize(length + 1, 0);
        }
        counters
    }

    /// The counts, perfect extensions multiplied in.
    pub(crate) fn finish(self) -> ItemsetCounts {
        let mut counts = self.closed;
        for (perfect, by_length) in self.counts.iter().enumerate() {
            for (length, &count) in by_length.iter().enumerate().filter(|(_, count)| **count > 0) {
                for (chosen, &ways) in binomials(perfect).iter().enumerate() {
                    if length + chosen <= self.longest {
                        counts.add(length + chosen, count.saturating_mul(ways));
                    }
                }
            }
        }
        counts
    }
}

/// In how many ways 0, 1, ... `n` of `n` things can be chosen, saturating.
fn binomials(n: usize) -> Vec<u64> {
    let mut row = vec![1_u64; n + 1];
    for chosen in 1..=n / 2 {
        let previous = row[chosen - 1];
        let product = u128::from(previous) * (n + 1 - chosen) as u128 / chosen as u128;
        // From the first that saturates to the middle they only rise.
        let ways = if previous == u64::MAX {
            u64::MAX
        } else {
            u64::try_from(product).unwrap_or(u64::MAX)
        };
        row[chosen] = ways;
        row[n - chosen] = ways;
    }
    row
}

impl Report for Tally<'_> {
    fn begin(&mut self, _: usize) {}

    fn end(&mut self) {}

    #[inline]
    fn enter(&mut self, _: u32) {
        self.length += 1;
    }

    #[inline]
    fn leave(&mut self) {
        self.length -= 1;
    }

    #[inline]
    fn room(&self) -> usize {
        self.longest - self.length
    }

    fn add_perfect(&mut self, _: u32) {
        self.perfect += 1;
    }

    #[inline]
    fn perfect_len(&self) -> usize {
        self.perfect
    }

    #[inline]
    fn truncate_perfect(&mut self, length: usize) {
        self.perfect = length;
    }

    #[inline]
    fn emit(&mut self, _: u32) {
        let length = self.length;
        self.counters(length)[length] += 1;
    }

    #[inline]
    fn emit_with(&mut self, _: u32, _: u32) {
        let length = self.length + 1;
        self.counters(length)[length] += 1;
    }

    fn emit_line(&mut self, _: &[u32], counts: &[u32], minimum: u32) {
        // Without branches, several counts at a time.
        let reached = counts.iter().map(|&count| u32::from(count >= minimum)).sum::<u32>();
        let length = self.length + 1;
        self.counters(length)[length] += u64::from(reached);
    }

    fn emit_table<const BITS: u32>(&mut self, table: &Table<BITS>, items: &[u32], minimum: u32) {
        let by_length = table.count(minimum);
        let length = self.length;
        let room = self.room().min(items.len());
        let counters = &mut self.counters(length + room)[length..];
        for (counter, count) in counters.iter_mut().zip(&by_length[..=room]).skip(1) {
            *counter += u64::from(*count);
        }
    }

    fn emit_closed(&mut self, _: u32) {
        self.closed.add(self.length + self.perfect, 1);
    }

    #[inline]
    fn stopped(&self) -> bool {
        self.stop.is_set()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binomials_are_exact_until_they_saturate() {
        assert_eq!(binomials(0), [1]);
        assert_eq!(binomials(5), [1, 5, 10, 10, 5, 1]);
        assert_eq!(binomials(67)[33], 14_226_520_737_620_288_370);
        let large = binomials(300);
        assert_eq!((large[1], large[150], large[299], large[300]), (300, u64::MAX, 300, 1));
    }

    #[test]
    fn perfect_extensions_multiply_a_tally_within_the_longest_length() {
        let stop = Stop::new(None);
        let mut tally = Tally::new(3, &stop);
        tally.add_perfect(8);
        tally.add_perfect(9);
        tally.add_perfect(7);
        tally.emit_with(1, 5);
        assert_eq!(tally.finish().by_length(), [0, 1, 3, 3]);
    }
}
