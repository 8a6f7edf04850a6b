//! Transactions: what a miner mines. One flat array of item ids and the offsets between which each
//! transaction lies.
//!
//! Not here: what an item is (a track, a product: the dataset knows), and the reordered copy that mining
//! works on.

use std::iter::FusedIterator;
use std::ops::Range;

use thiserror::Error;

/// A list of transactions, each a list of item ids, in the order they were given.
///
/// Ids are small numbers by intention: arrays as long as [`item_count`](Self::item_count) are made of
/// them, so number items from 0 without large gaps.
///
/// An item repeated within a transaction is kept as it was given and counts once: mining removes
/// repeats when it sorts its own copy, so no caller needs to.
///
/// ```
/// use segue_miner::transaction::Transactions;
///
/// let mut transactions = Transactions::new();
/// transactions.push(&[0, 2, 5]);
/// transactions.push(&[2]);
/// assert_eq!(transactions.len(), 2);
/// assert_eq!(transactions.item_count(), 6);
/// assert_eq!(transactions.get(1), &[2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transactions {
    items: Vec<u32>,
    /// One more than there are transactions: transaction `i` is `items[offsets[i]..offsets[i + 1]]`.
    offsets: Vec<usize>,
    item_count: usize,
}

/// Offsets that don't cut an array of items into transactions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "expected offsets that rise from 0 to {items}, the number of items, found {found} at position {position}"
)]
pub struct BadOffsets {
    /// The number of items.
    pub items: usize,
    /// The position of the first offset that is out of order.
    pub position: usize,
    /// What was found there.
    pub found: usize,
}

impl Default for Transactions {
    fn default() -> Self {
        Self::new()
    }
}

impl Transactions {
    /// No transactions.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(0, 0)
    }

    /// No transactions, with room for some.
    #[must_use]
    pub fn with_capacity(transactions: usize, occurrences: usize) -> Self {
        let mut offsets = Vec::with_capacity(transactions + 1);
        offsets.push(0);
        Self { items: Vec::with_capacity(occurrences), offsets, item_count: 0 }
    }

    /// Takes ready arrays without copying: transaction `i` is `items[offsets[i]..offsets[i + 1]]`.
    ///
    /// # Errors
    /// The offsets don't rise from 0 to the number of items.
    pub fn from_parts(items: Vec<u32>, offsets: Vec<usize>) -> Result<Self, BadOffsets> {
        let bad = |position, found| BadOffsets { items: items.len(), position, found };
        let mut last = 0;
        for (position, &offset) in offsets.iter().enumerate() {
            if offset < last || offset > items.len() || (position == 0 && offset != 0) {
                return Err(bad(position, offset));
            }
            last = offset;
        }
        if offsets.is_empty() || last != items.len() {
            return Err(bad(offsets.len().saturating_sub(1), last));
        }
        let item_count = items.iter().max().map_or(0, |&largest| largest as usize + 1);
        Ok(Self { items, offsets, item_count })
    }

    /// Appends a transaction.
    pub fn push(&mut self, items: &[u32]) {
        self.items.extend_from_slice(items);
        self.end_transaction();
    }

    /// Makes room for so many more items.
    pub(crate) fn reserve(&mut self, items: usize) {
        self.items.reserve(items);
    }

    /// Appends an item to the transaction that the next [`end_transaction`](Self::end_transaction) ends.
    #[inline]
    pub(crate) fn push_item(&mut self, item: u32) {
        self.items.push(item);
    }

    /// Makes a transaction of the items that were pushed since the last one.
    #[inline]
    pub(crate) fn end_transaction(&mut self) {
        let start = self.offsets.last().copied().unwrap_or_default();
        if let Some(&largest) = self.items[start..].iter().max() {
            self.item_count = self.item_count.max(largest as usize + 1);
        }
        self.offsets.push(self.items.len());
    }

    /// Appends all of another's transactions.
    pub fn append(&mut self, other: &Self) {
        let base = self.items.len();
        self.items.extend_from_slice(&other.items);
        self.offsets.extend(other.offsets[1..].iter().map(|offset| base + offset));
        self.item_count = self.item_count.max(other.item_count);
    }

    /// Drops all transactions, and keeps the memory.
    pub fn clear(&mut self) {
        self.items.clear();
        self.offsets.truncate(1);
        self.item_count = 0;
    }

    /// Cuts the transactions into parts of at most so many items, unless a single one has more.
    pub(crate) fn parts(&self, items: usize) -> Vec<Range<usize>> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < self.len() {
            let limit = self.offsets[start].saturating_add(items);
            let end = self.offsets.partition_point(|&offset| offset <= limit) - 1;
            parts.push(start..end.max(start + 1));
            start = end.max(start + 1);
        }
        parts
    }

    /// The same transactions, each item but once in each.
    #[must_use]
    pub(crate) fn without_repeats(&self) -> Self {
        let mut all = Self::with_capacity(self.len(), self.items.len());
        let mut last = vec![usize::MAX; self.item_count];
        for (place, items) in self.iter().enumerate() {
            let fresh = |item: &&u32| std::mem::replace(&mut last[**item as usize], place) != place;
            all.items.extend(items.iter().filter(fresh));
            all.end_transaction();
        }
        all
    }

    /// The same transactions with other ids for the items.
    #[must_use]
    pub fn map_items(mut self, id: impl Fn(u32) -> u32) -> Self {
        self.items.iter_mut().for_each(|item| *item = id(*item));
        self.item_count = self.items.iter().max().map_or(0, |&largest| largest as usize + 1);
        self
    }

    /// The number of transactions, empty ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there is no transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items of a transaction, in the order they were given.
    ///
    /// # Panics
    /// There is no such transaction, as in indexing a slice.
    #[must_use]
    pub fn get(&self, transaction: usize) -> &[u32] {
        &self.items[self.offsets[transaction]..self.offsets[transaction + 1]]
    }

    /// The transactions in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { items: &self.items, bounds: self.offsets.windows(2) }
    }

    /// The largest id plus one: the length of an array that is indexed by item.
    #[must_use]
    pub fn item_count(&self) -> usize {
        self.item_count
    }

    /// The number of items in all transactions together, repeats included.
    #[must_use]
    pub fn occurrences(&self) -> u64 {
        self.items.len() as u64
    }

    /// All items of all transactions, one transaction after the other.
    #[must_use]
    pub fn items(&self) -> &[u32] {
        &self.items
    }

    /// Where each transaction begins in [`items`](Self::items), and where the last one ends.
    #[must_use]
    pub fn offsets(&self) -> &[usize] {
        &self.offsets
    }
}

/// The transactions of [`Transactions::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    items: &'a [u32],
    bounds: std::slice::Windows<'a, usize>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u32];

    fn next(&mut self) -> Option<&'a [u32]> {
        self.bounds.next().map(|bound| &self.items[bound[0]..bound[1]])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.bounds.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.bounds.next_back().map(|bound| &self.items[bound[0]..bound[1]])
    }
}

impl ExactSizeIterator for Iter<'_> {}
impl FusedIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Transactions {
    type Item = &'a [u32];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl<T: AsRef<[u32]>> Extend<T> for Transactions {
    fn extend<I: IntoIterator<Item = T>>(&mut self, transactions: I) {
        for items in transactions {
            self.push(items.as_ref());
        }
    }
}

impl<T: AsRef<[u32]>> FromIterator<T> for Transactions {
    fn from_iter<I: IntoIterator<Item = T>>(transactions: I) -> Self {
        let mut all = Self::new();
        all.extend(transactions);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_come_back_in_the_order_given() {
        let transactions: Transactions = [vec![3, 1, 3], vec![], vec![7]].iter().collect();
        assert_eq!(transactions.iter().collect::<Vec<_>>(), [&[3, 1, 3][..], &[], &[7]]);
        assert_eq!(transactions.iter().next_back(), Some(&[7][..]));
        assert_eq!(transactions.iter().len(), 3);
        assert_eq!(transactions.len(), 3);
        assert_eq!(transactions.item_count(), 8);
        assert_eq!(transactions.occurrences(), 4);
    }

    #[test]
    fn parts_make_the_same_transactions_as_pushing() {
        let mut pushed = Transactions::new();
        pushed.push(&[4, 2]);
        pushed.push(&[]);
        pushed.push(&[9]);
        let parts = Transactions::from_parts(vec![4, 2, 9], vec![0, 2, 2, 3]);
        assert_eq!(parts, Ok(pushed));
        assert_eq!(Transactions::from_parts(vec![], vec![0]), Ok(Transactions::new()));
    }

    #[test]
    fn offsets_that_do_not_cut_the_items_are_refused() {
        let position = |items: Vec<u32>, offsets: Vec<usize>| {
            Transactions::from_parts(items, offsets).map_err(|error| error.position)
        };
        assert_eq!(position(vec![], vec![]), Err(0));
        assert_eq!(position(vec![1], vec![1, 1]), Err(0));
        assert_eq!(position(vec![1, 2], vec![0, 2, 1]), Err(2));
        assert_eq!(position(vec![1, 2], vec![0, 3]), Err(1));
        assert_eq!(position(vec![1, 2], vec![0, 1]), Err(1));
    }
}
