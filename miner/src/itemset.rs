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

/// Finds itemsets by their items, but for the longest ones: they are no part of any other, and are often
/// most of all.
pub(crate) struct ItemsetIndex {
    /// By item: the set of it alone, which is asked for most.
    singles: Vec<Found>,
    /// The sets of two, which are asked for next to most, by their greater item: the other one. Sets that
    /// are looked for one after the other mostly share an item, and so what is read is near.
    pairs: Vec<(u32, Found)>,
    /// By item: where the pairs begin of which it is the greater item. One more than there are items.
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
    /// Indexes itemsets whose items rise.
    pub(crate) fn new(itemsets: &Itemsets) -> Self {
        let longest = itemsets.iter().map(|(items, _)| items.len()).max().unwrap_or_default();
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
                _ if items.len() == longest => {}
                [smaller, greater] => pairs.push((greater, smaller, found)),
                _ => {
                    others.insert_unique(hash_of(&place), place, hash_of);
                }
            }
        }
        pairs.sort_unstable_by_key(|&(greater, smaller, _)| (greater, smaller));
        let mut pair_starts = Vec::new();
        for (place, &(greater, ..)) in pairs.iter().enumerate() {
            pair_starts.resize(pair_starts.len().max(greater as usize + 1), place);
        }
        pair_starts.push(pairs.len());
        let pairs = pairs.into_iter().map(|(_, smaller, found)| (smaller, found)).collect();
        Self { singles, pairs, pair_starts, others }
    }

    /// An itemset that is not one of the longest, its items rising.
    pub(crate) fn find(&self, itemsets: &Itemsets, items: &[u32]) -> Option<Found> {
        match *items {
            [item] => self.singles.get(item as usize).copied().filter(|&found| found != NOWHERE),
            [smaller, greater] => {
                let pairs = self.pairs_of(greater);
                let place = pairs.binary_search_by_key(&smaller, |&(other, _)| other).ok()?;
                Some(pairs[place].1)
            }
            _ => {
                let same = |&itemset: &u32| itemsets.get(itemset as usize).0 == items;
                let place = *self.others.find(hash(items), same)?;
                Some(Found { place, support: itemsets.get(place as usize).1 })
            }
        }
    }
}

impl ItemsetIndex {
    /// The pairs of which this is the greater item, by the other one.
    fn pairs_of(&self, greater: u32) -> &[(u32, Found)] {
        let start = |item: usize| self.pair_starts.get(item).copied();
        match (start(greater as usize), start(greater as usize + 1)) {
            (Some(start), Some(end)) => &self.pairs[start..end],
            _ => &[],
        }
    }
}

/// The pairs of which one item is the greater one, spread out by the other: where most of those that are
/// looked for share it, that is faster than to search.
#[derive(Default)]
pub(crate) struct Pairs {
    greater: u32,
    /// By the smaller item.
    found: Vec<Found>,
}

impl Pairs {
    /// A pair, where pairs are not the longest itemsets.
    #[inline]
    pub(crate) fn find(
        &mut self,
        index: &ItemsetIndex,
        smaller: u32,
        greater: u32,
    ) -> Option<Found> {
        if self.greater != greater || self.found.is_empty() {
            self.turn_to(index, greater);
        }
        self.found.get(smaller as usize).copied().filter(|&found| found != NOWHERE)
    }

    fn turn_to(&mut self, index: &ItemsetIndex, greater: u32) {
        for &(smaller, _) in index.pairs_of(self.greater) {
            if let Some(found) = self.found.get_mut(smaller as usize) {
                *found = NOWHERE;
            }
        }
        let pairs = index.pairs_of(greater);
        let room = pairs.last().map_or(0, |&(smaller, _)| smaller as usize + 1);
        self.found.resize(room.max(self.found.len()), NOWHERE);
        for &(smaller, found) in pairs {
            self.found[smaller as usize] = found;
        }
        self.greater = greater;
    }
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
