//! Itemsets: how many there are, the sets themselves, and the seam through which mining hands them over.
//!
//! Not here: finding them (see [`miner`](crate::miner)) and writing them to a file (see
//! [`fimi`](crate::fimi)).

use hashbrown::HashTable;

/// The number of frequent itemsets by their length.
///
/// Counts saturate: 70 items that are in every transaction alone make more itemsets than a `u64` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemsetCounts {
    by_length: Vec<u64>,
}

impl ItemsetCounts {
    /// The number of itemsets of every length.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_length.iter().fold(0, |sum, &count| sum.saturating_add(count))
    }

    /// The number of itemsets by length; the first number, for length 0, is always 0.
    #[must_use]
    pub fn by_length(&self) -> &[u64] {
        &self.by_length
    }

    /// Adds itemsets of one length.
    pub(crate) fn add(&mut self, length: usize, count: u64) {
        if count == 0 {
            return;
        }
        if self.by_length.len() <= length {
            self.by_length.resize(length + 1, 0);
        }
        self.by_length[length] = self.by_length[length].saturating_add(count);
    }

    /// Adds all of another's counts.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (length, &count) in other.by_length.iter().enumerate() {
            self.add(length, count);
        }
    }
}

/// Itemsets with their supports, in flat arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itemsets {
    items: Vec<u32>,
    /// One more than there are itemsets.
    offsets: Vec<usize>,
    supports: Vec<u32>,
}

impl Default for Itemsets {
    fn default() -> Self {
        Self { items: Vec::new(), offsets: vec![0], supports: Vec::new() }
    }
}

impl Itemsets {
    /// The number of itemsets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.supports.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.supports.is_empty()
    }

    /// An itemset: its items, the rarest first, and the number of transactions that hold them all.
    ///
    /// # Panics
    /// There is no such itemset, as in indexing a slice.
    #[must_use]
    pub fn get(&self, itemset: usize) -> (&[u32], u32) {
        let items = &self.items[self.offsets[itemset]..self.offsets[itemset + 1]];
        (items, self.supports[itemset])
    }

    /// The itemsets in the order they were found.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[u32], u32)> {
        self.offsets
            .windows(2)
            .zip(&self.supports)
            .map(|(bound, &support)| (&self.items[bound[0]..bound[1]], support))
    }

    /// Sorts the items of every set.
    pub fn sort_items(&mut self) {
        for bound in self.offsets.windows(2) {
            self.items[bound[0]..bound[1]].sort_unstable();
        }
    }

    /// Appends an itemset.
    pub fn push(&mut self, items: &[u32], support: u32) {
        self.items.extend_from_slice(items);
        self.offsets.push(self.items.len());
        self.supports.push(support);
    }

    /// Appends all of another's itemsets.
    pub fn append(&mut self, other: &Self) {
        let base = self.items.len();
        self.items.extend_from_slice(&other.items);
        self.offsets.extend(other.offsets[1..].iter().map(|offset| base + offset));
        self.supports.extend_from_slice(&other.supports);
    }
}

/// Finds itemsets by their items.
pub(crate) struct ItemsetIndex {
    /// By item: the set of it alone, which is asked for most.
    singles: Vec<Found>,
    /// The sets of two, which are asked for next to most: for each item a table of those of which it is the
    /// greater one. Sets that are looked for one after the other mostly share an item, and so what is read is
    /// near.
    pairs: Vec<(u32, Found)>,
    /// By item: where its table begins. One more than there are items.
    pair_starts: Vec<usize>,
    others: HashTable<u32>,
}

/// An itemset that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its place among the itemsets.
    pub(crate) place: u32,
    /// The number of transactions that hold it; 0 where it is not there.
    pub(crate) support: u32,
}

const NOWHERE: Found = Found { place: u32::MAX, support: 0 };

impl ItemsetIndex {
    /// Indexes itemsets whose items rise, the shorter ones than these alone: the longest of all are no part of
    /// any other, and are often most.
    pub(crate) fn new(itemsets: &Itemsets, shorter_than: usize) -> Self {
        let mut singles = Vec::new();
        let mut pairs = Vec::new();
        let mut others = HashTable::new();
        let hash_of = |itemset: &u32| hash(itemsets.get(*itemset as usize).0);
        for (place, (items, support)) in (0_u32..).zip(itemsets.iter()) {
            let found = Found { place, support };
            match *items {
                [item] => {
                    let item = item as usize;
                    singles.resize(singles.len().max(item + 1), NOWHERE);
                    singles[item] = found;
                }
                _ if items.len() >= shorter_than => {}
                [smaller, greater] => pairs.push((greater, smaller, found)),
                _ => {
                    others.insert_unique(hash_of(&place), place, hash_of);
                }
            }
        }
        let items = pairs.iter().map(|&(greater, ..)| greater as usize + 1).max().unwrap_or(0);
        // How many there are of each item, and then where the next one's begin.
        let mut starts = vec![0_usize; items + 1];
        pairs.iter().for_each(|&(greater, ..)| starts[greater as usize + 1] += 1);
        let mut end = 0;
        for start in &mut starts {
            // At most half full.
            end += if *start == 0 { 0 } else { (2 * *start).next_power_of_two() };
            *start = end;
        }
        let mut index =
            Self { singles, pairs: vec![(0, NOWHERE); end], pair_starts: starts, others };
        for (greater, smaller, found) in pairs {
            let table =
                index.pair_starts[greater as usize]..index.pair_starts[greater as usize + 1];
            let table = &mut index.pairs[table];
            let free = slots(table.len(), smaller).find(|&slot| table[slot].1 == NOWHERE);
            table[free.expect("half of the table is free")] = (smaller, found);
        }
        index
    }

    /// An itemset that has been indexed, its items rising.
    #[inline]
    pub(crate) fn find(&self, itemsets: &Itemsets, items: &[u32]) -> Option<Found> {
        match *items {
            [item] => self.singles.get(item as usize).copied().filter(|&found| found != NOWHERE),
            [smaller, greater] => self.pair(smaller, greater),
            _ => {
                let same = |&itemset: &u32| itemsets.get(itemset as usize).0 == items;
                let place = *self.others.find(hash(items), same)?;
                Some(Found { place, support: itemsets.get(place as usize).1 })
            }
        }
    }

    #[inline]
    fn pair(&self, smaller: u32, greater: u32) -> Option<Found> {
        let start = *self.pair_starts.get(greater as usize)?;
        let end = *self.pair_starts.get(greater as usize + 1)?;
        let table = &self.pairs[start..end];
        for slot in slots(table.len(), smaller) {
            match table[slot] {
                (_, NOWHERE) => return None,
                (other, found) if other == smaller => return Some(found),
                _ => {}
            }
        }
        None
    }
}

/// The places of a table, whose size is a power of two or 0, where an item is to be looked for, one after the
/// other (linear probing: Knuth, The Art of Computer Programming 3, 6.4).
#[inline]
fn slots(size: usize, item: u32) -> impl Iterator<Item = usize> {
    let mask = size.wrapping_sub(1);
    let first = (u64::from(item).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize;
    (0..size).map(move |step| (first + step) & mask)
}

/// A hash of items that nobody chose to collide: a multiplication each, and the high bits stirred in.
fn hash(items: &[u32]) -> u64 {
    let hash = items.iter().fold(items.len() as u64, |hash, &item| {
        (hash.rotate_left(29) ^ u64::from(item)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    hash ^ hash >> 32
}

/// What receives the itemsets of a part of the search, as a walk through the tree of itemsets: items
/// are entered and left, and [`itemset`](Self::itemset) tells that those entered and not yet left are a
/// result.
///
/// So whoever formats or stores itemsets does the work of a shared beginning once.
pub trait Collector: Send {
    /// An item is added to the current set.
    fn enter(&mut self, item: u32);

    /// The item entered last is taken out again.
    fn leave(&mut self);

    /// The current set is a result, contained in `support` transactions.
    fn itemset(&mut self, support: u32);

    /// The current set and one more item is a result: the same as entering the item, calling
    /// [`itemset`](Self::itemset) and leaving it, which a collector may do faster.
    #[inline]
    fn itemset_with(&mut self, item: u32, support: u32) {
        self.enter(item);
        self.itemset(support);
        self.leave();
    }

    /// Whether the collector would rather be handed over now, and a fresh one go on with the rest.
    fn is_full(&self) -> bool {
        false
    }
}

/// Itemsets in the making: a [`Collector`] that stores.
#[derive(Debug, Default)]
pub(crate) struct ItemsetCollector {
    path: Vec<u32>,
    pub(crate) itemsets: Itemsets,
}

/// How many items a chunk of stored itemsets holds before it is handed over.
const CHUNK_ITEMS: usize = 1 << 18;

impl Collector for ItemsetCollector {
    fn enter(&mut self, item: u32) {
        self.path.push(item);
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn itemset(&mut self, support: u32) {
        self.itemsets.push(&self.path, support);
    }

    fn itemset_with(&mut self, item: u32, support: u32) {
        self.itemsets.items.extend_from_slice(&self.path);
        self.itemsets.push(&[item], support);
    }

    fn is_full(&self) -> bool {
        self.itemsets.items.len() >= CHUNK_ITEMS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn itemsets_come_back_in_the_order_pushed() {
        let mut some = Itemsets::default();
        some.push(&[4, 1], 7);
        let mut more = Itemsets::default();
        more.push(&[], 9);
        more.push(&[2], 8);
        some.append(&more);
        let all: Vec<_> = some.iter().collect();
        assert_eq!(all, [(&[4, 1][..], 7), (&[], 9), (&[2], 8)]);
        assert_eq!(some.get(2), (&[2][..], 8));
        assert_eq!(some.len(), 3);
    }

    #[test]
    fn counts_saturate_instead_of_wrapping() {
        let mut counts = ItemsetCounts::default();
        counts.add(3, u64::MAX);
        counts.add(3, 5);
        counts.add(1, 2);
        assert_eq!(counts.by_length(), [0, 2, 0, u64::MAX]);
        assert_eq!(counts.total(), u64::MAX);
    }
}
