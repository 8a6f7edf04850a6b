//! The supports of all subsets of a few items at once: a table with an entry for every subset.
//!
//! Each transaction adds its weight to the entry of exactly the items it holds; then for each item in
//! turn every entry without it receives the entry with it, after which an entry is the weight of all
//! transactions that hold its items at least (the sum over supersets, or zeta transform; Yates 1937).
//! That is one addition per item and pair of entries, several to a machine word, with no branch.
//!
//! Not here: when a table pays (see `kernel`).

/// The most items a table has.
pub(crate) const MOST_ITEMS: usize = 16;

/// Supports by subset, `64 / BITS` of them packed in a word. `BITS` is 16 or 32, and the weight of
/// all transactions stays below half of what such a field holds: a field's top bit is free.
pub(crate) struct Table<const BITS: u32> {
    words: Vec<u64>,
    items: usize,
}

impl<const BITS: u32> Default for Table<BITS> {
    fn default() -> Self {
        Self { words: Vec::new(), items: 0 }
    }
}

impl<const BITS: u32> Table<BITS> {
    /// The weight that all transactions together may have.
    pub(crate) const LIMIT: u32 = (1 << (BITS - 1)) - 1;
    /// Entries per word.
    const LANES: usize = 64 / BITS as usize;
    /// The base-two logarithm of the entries per word: so many items are summed within words.
    const LANE_ITEMS: usize = Self::LANES.ilog2() as usize;
    /// The lowest bit of every entry of a word.
    const ONES: u64 = u64::MAX / ((1 << BITS) - 1);

    /// Empties the table and makes it one of the subsets of `items` items.
    pub(crate) fn clear(&mut self, items: usize) {
        debug_assert!(items <= MOST_ITEMS);
        self.items = items;
        self.words.clear();
        self.words.resize((1_usize << items).div_ceil(Self::LANES), 0);
    }

    /// Adds a transaction that holds exactly the items of `mask`.
    #[inline]
    pub(crate) fn add(&mut self, mask: usize, weight: u32) {
        self.words[mask / Self::LANES] += u64::from(weight) << Self::shift(mask);
    }

    /// An entry: once [`sum`](Self::sum) is done, the support of the items of `mask`.
    #[inline]
    pub(crate) fn get(&self, mask: usize) -> u32 {
        ((self.words[mask / Self::LANES] >> Self::shift(mask)) & ((1 << BITS) - 1)) as u32
    }

    #[inline]
    fn shift(mask: usize) -> u32 {
        (mask % Self::LANES) as u32 * BITS
    }

    /// Sums every entry over its supersets.
    pub(crate) fn sum(&mut self) {
        for item in 0..Self::LANE_ITEMS.min(self.items) {
            // The lanes without the item, which is those whose neighbour `1 << item` lanes up has it.
            let shift = BITS << item;
            let without = (0..Self::LANES)
                .filter(|lane| lane >> item & 1 == 0)
                .fold(0, |mask, lane| mask | ((1_u64 << BITS) - 1) << (lane as u32 * BITS));
            for word in &mut self.words {
                *word += (*word >> shift) & without;
            }
        }
        for item in Self::LANE_ITEMS..self.items {
            let half = 1_usize << (item - Self::LANE_ITEMS);
            for block in self.words.chunks_exact_mut(2 * half) {
                let (without, with) = block.split_at_mut(half);
                for (sum, more) in without.iter_mut().zip(with) {
                    *sum += *more;
                }
            }
        }
    }

    /// What, added to a word, carries into an entry's top bit exactly when the entry reaches the minimum.
    fn carry(minimum: u32) -> u64 {
        u64::from(Self::LIMIT + 1 - minimum) * Self::ONES
    }

    /// The number of entries of at least `minimum` among the supersets of `mask`, itself left out, that only
    /// have more items below `bits`; `mask` has none there.
    pub(crate) fn count_supersets(&self, mask: usize, bits: usize, minimum: u32) -> u32 {
        let entries = 1_usize << bits;
        if entries < Self::LANES {
            return (mask + 1..mask + entries)
                .map(|entry| u32::from(self.get(entry) >= minimum))
                .sum();
        }
        let carry = Self::carry(minimum);
        let words = &self.words[mask / Self::LANES..][..entries / Self::LANES];
        let lanes: u64 = words.iter().map(|word| (word + carry) >> (BITS - 1) & Self::ONES).sum();
        let count: u64 =
            (0..Self::LANES).map(|lane| lanes >> (lane as u32 * BITS) & ((1 << BITS) - 1)).sum();
        // No superset's entry is larger.
        (count as u32).saturating_sub(1)
    }

    /// The number of entries of at least `minimum` by their number of items.
    pub(crate) fn count(&self, minimum: u32) -> [u32; MOST_ITEMS + 1] {
        let carry = Self::carry(minimum);
        let mut lanes = [0_u64; MOST_ITEMS + 1];
        for (index, &word) in self.words.iter().enumerate() {
            lanes[index.count_ones() as usize] += (word + carry) >> (BITS - 1) & Self::ONES;
        }
        let mut counts = [0; MOST_ITEMS + 1];
        for (high, &lanes) in lanes.iter().enumerate() {
            for lane in 0..Self::LANES.min(1 << self.items) {
                let count = lanes >> (lane as u32 * BITS) & ((1 << BITS) - 1);
                if count > 0 {
                    counts[high + lane.count_ones() as usize] += count as u32;
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const BITS: u32>(items: usize, rows: &[(usize, u32)], minimum: u32) {
        let mut table = Table::<BITS>::default();
        table.clear(items);
        rows.iter().for_each(|&(mask, weight)| table.add(mask, weight));
        table.sum();
        let mut counts = [0; MOST_ITEMS + 1];
        for mask in 0..1 << items {
            let holding = rows.iter().filter(|row| row.0 & mask == mask);
            let support: u32 = holding.map(|row| row.1).sum();
            assert_eq!(table.get(mask), support, "{items} items, {mask:b}");
            counts[mask.count_ones() as usize] += u32::from(support >= minimum);
            for bits in 0..=(mask.trailing_zeros() as usize).min(items) {
                let supersets = mask + 1..mask + (1 << bits);
                let frequent = supersets.filter(|&superset| table.get(superset) >= minimum).count();
                let counted = table.count_supersets(mask, bits, minimum) as usize;
                assert_eq!(counted, frequent, "{items} items, {mask:b} and {bits} bits");
            }
        }
        assert_eq!(table.count(minimum), counts, "{items} items");
    }

    #[test]
    fn every_entry_is_the_weight_of_the_transactions_that_hold_its_items() {
        for items in 0..=9 {
            let all = (1 << items) - 1;
            let rows: Vec<_> = (0..40)
                .map(|row: usize| (row.wrapping_mul(0x9e37_79b9) >> 3 & all, row as u32 * 7 % 5))
                .collect();
            for minimum in [1, 2, 9, 90] {
                check::<16>(items, &rows, minimum);
                check::<32>(items, &rows, minimum);
            }
        }
    }

    #[test]
    fn entries_may_be_as_large_as_the_limit() {
        check::<16>(3, &[(7, 32_767)], 32_767);
        check::<32>(3, &[(7, 0x7fff_ffff)], 0x7fff_ffff);
    }
}
