//! Counting association rules while itemsets are mined, without keeping those that are most of all.
//!
//! Which rules an itemset makes depends on its subsets' supports. So all itemsets that are shorter than the
//! longest wanted are mined first, and kept; the longest, of which there are many times as many, are counted as
//! they are found, by whichever thread finds them. (Where any length is wanted, all are kept, and mined twice.)

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::association::{RuleSearch, Split};
use crate::itemset::{Collector, ItemsetCounts, ItemsetIndex, Itemsets};
use crate::miner::{MineError, Miner, Target};
use crate::transaction::Transactions;

impl RuleSearch {
    /// How many frequent itemsets there are, of the miner's support and lengths, and how many rules they make,
    /// [the best of each antecedent](Self::top) or not. Whatever the miner's target, all are counted; it tells
    /// how far it is in the longest ones.
    ///
    /// # Errors
    /// As [`Miner::count`].
    pub fn count(
        &self,
        miner: &Miner,
        transactions: &Transactions,
    ) -> Result<(ItemsetCounts, u64), MineError> {
        let miner = miner.clone().target(Target::All);
        let mut shorter = match miner.longest() {
            Some(NonZeroUsize::MIN) => Itemsets::default(),
            longest => {
                let most = longest.and_then(|longest| NonZeroUsize::new(longest.get() - 1));
                miner.clone().without_progress().max_len(most).itemsets(transactions)?
            }
        };
        shorter.sort_items();
        let subsets = Subsets { index: ItemsetIndex::new(&shorter, usize::MAX), itemsets: shorter };
        let mut itemsets = ItemsetCounts::default();
        let mut rules = 0;
        miner.collect(
            transactions,
            || Counter::new(self, &subsets, transactions.len()),
            |counter| {
                itemsets.merge(&counter.itemsets);
                rules += counter.rules;
                ControlFlow::Continue(())
            },
        )?;
        Ok((itemsets, rules))
    }
}

/// Itemsets that others are split into.
struct Subsets {
    itemsets: Itemsets,
    index: ItemsetIndex,
}

/// Counts the itemsets that it is walked through, and their rules.
struct Counter<'a> {
    search: &'a RuleSearch,
    subsets: &'a Subsets,
    transactions: usize,
    split: Split,
    path: Vec<u32>,
    rising: Vec<u32>,
    itemsets: ItemsetCounts,
    rules: u64,
}

impl<'a> Counter<'a> {
    fn new(search: &'a RuleSearch, subsets: &'a Subsets, transactions: usize) -> Self {
        Self {
            search,
            subsets,
            transactions,
            split: Split::default(),
            path: Vec::new(),
            rising: Vec::new(),
            itemsets: ItemsetCounts::default(),
            rules: 0,
        }
    }
}

impl Collector for Counter<'_> {
    fn enter(&mut self, item: u32) {
        self.path.push(item);
    }

    fn leave(&mut self) {
        self.path.pop();
    }

    fn itemset(&mut self, support: u32) {
        let Self { search, subsets, transactions, split, path, rising, itemsets, rules } = self;
        itemsets.add(path.len(), 1);
        rising.clone_from(path);
        rising.sort_unstable();
        // Whether a rule is wanted can't be foreseen: there is no branch for it.
        let count = |wanted, _, _| *rules += u64::from(wanted);
        let Subsets { itemsets, index } = subsets;
        search
            .each_of_itemset(itemsets, index, (rising, support), *transactions, split, count)
            .expect("all subsets of frequent itemsets are frequent");
    }
}
