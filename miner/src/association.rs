//! Association rules: from frequent itemsets and their supports to "who has these also has that", with
//! the measures by which such rules are judged.
//!
//! A rule says that transactions holding the *antecedent* also hold the *consequent*. It is made of three
//! itemsets, antecedent, consequent and both together, and every measure is a function of how many
//! transactions hold each (Agrawal, Imieliński, Swami, Mining association rules between sets of items in
//! large databases, SIGMOD 1993).
//!
//! ```
//! use segue_miner::association::RuleSearch;
//! use segue_miner::metric::Metric;
//! use segue_miner::miner::{Miner, Support};
//! use segue_miner::transaction::Transactions;
//!
//! let transactions: Transactions = [vec![1, 2], vec![1, 2], vec![1, 3], vec![2]].iter().collect();
//! let itemsets = Miner::new(Support::Count(1)).itemsets(&transactions)?;
//! let rules = RuleSearch::new().min(Metric::Confidence, 0.9).rules(itemsets, transactions.len())?;
//! let found: Vec<_> = rules.iter().map(|rule| (rule.antecedent, rule.consequent)).collect();
//! assert_eq!(found, [(&[3][..], &[1][..])]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Not here: finding the itemsets (see [`miner`](crate::miner)), and the scores that recommendations are
//! ranked by.

use std::cmp::Ordering;
use std::num::NonZeroUsize;

use rayon::prelude::*;
use thiserror::Error;

use crate::itemset::{Found, ItemsetIndex, Itemsets};
use crate::metric::{Evidence, Metric};

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule<'a> {
    /// Who holds these items, rising,
    pub antecedent: &'a [u32],
    /// also holds these, rising.
    pub consequent: &'a [u32],
    /// How many transactions hold what.
    pub evidence: Evidence,
}

/// An itemset that a rule is made of is missing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "expected every subset of the itemset {itemset:?} among the itemsets, found none that is {subset:?}"
)]
pub struct MissingSubset {
    /// The itemset.
    pub itemset: Vec<u32>,
    /// The subset that is missing.
    pub subset: Vec<u32>,
}

/// Which rules are wanted.
#[derive(Clone, Debug)]
pub struct RuleSearch {
    bounds: Vec<(Metric, f64, f64)>,
    max_antecedent: usize,
    max_consequent: usize,
    top: Option<NonZeroUsize>,
    order: Metric,
}

impl Default for RuleSearch {
    fn default() -> Self {
        Self::new()
    }
}

impl RuleSearch {
    /// All rules with one item as the consequent.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bounds: Vec::new(),
            max_antecedent: usize::MAX,
            max_consequent: 1,
            top: None,
            order: Metric::Confidence,
        }
    }

    /// Only rules of at least this value.
    #[must_use]
    pub fn min(mut self, metric: Metric, least: f64) -> Self {
        self.bounds.push((metric, least, f64::INFINITY));
        self
    }

    /// Only rules of at most this value.
    #[must_use]
    pub fn max(mut self, metric: Metric, most: f64) -> Self {
        self.bounds.push((metric, f64::NEG_INFINITY, most));
        self
    }

    /// Only antecedents of at most so many items.
    #[must_use]
    pub fn max_antecedent(mut self, items: NonZeroUsize) -> Self {
        self.max_antecedent = items.get();
        self
    }

    /// Consequents of up to so many items; at the start, one.
    #[must_use]
    pub fn max_consequent(mut self, items: NonZeroUsize) -> Self {
        self.max_consequent = items.get();
        self
    }

    /// Of each antecedent only the so many best rules, by the [order](Self::order).
    #[must_use]
    pub fn top(mut self, rules: Option<NonZeroUsize>) -> Self {
        self.top = rules;
        self
    }

    /// What the rules of an antecedent are ordered by, highest first; at the start, confidence.
    #[must_use]
    pub fn order(mut self, metric: Metric) -> Self {
        self.order = metric;
        self
    }

    /// Makes the rules of itemsets found in so many transactions. All subsets of an itemset must be there,
    /// as they are when all frequent itemsets are mined.
    ///
    /// Rules come by antecedent (shorter first, then by items), then in the chosen order, the higher
    /// support and then the smaller consequent first among equals. Work is done by the current rayon pool.
    ///
    /// # Errors
    /// A subset of an itemset is missing.
    pub fn rules(
        &self,
        mut itemsets: Itemsets,
        transactions: usize,
    ) -> Result<Rules, MissingSubset> {
        itemsets.sort_items();
        let longest = itemsets.iter().map(|(items, _)| items.len()).max().unwrap_or_default();
        let index = ItemsetIndex::new(&itemsets, longest);
        let found: Result<Vec<Vec<Parts>>, MissingSubset> = (0..itemsets.len() as u32)
            .into_par_iter()
            .with_min_len(1024)
            .map_init(Split::default, |split, both| {
                let mut rules = Vec::new();
                let keep = |wanted, antecedent: Found, consequent: Found| {
                    if wanted {
                        let (antecedent, consequent) = (antecedent.place, consequent.place);
                        rules.push(Parts { antecedent, consequent, both });
                    }
                };
                let itemset = itemsets.get(both as usize);
                self.each_of_itemset(&itemsets, &index, itemset, transactions, split, keep)?;
                Ok(rules)
            })
            .collect();
        let mut rules: Vec<Parts> = found?.into_iter().flatten().collect();
        rules.par_sort_unstable_by(|a, b| self.compare(&itemsets, transactions, a, b));
        if let Some(top) = self.top {
            let mut taken = 0;
            let mut last = None;
            rules.retain(|parts| {
                taken = if last.replace(parts.antecedent) == Some(parts.antecedent) {
                    taken + 1
                } else {
                    1
                };
                taken <= top.get()
            });
        }
        Ok(Rules { itemsets, transactions, rules })
    }

    /// Visits the rules that split this itemset, and tells of each whether it is wanted. The itemsets hold its
    /// subsets.
    pub(crate) fn each_of_itemset(
        &self,
        itemsets: &Itemsets,
        index: &ItemsetIndex,
        (items, support): (&[u32], u32),
        transactions: usize,
        split: &mut Split,
        mut visit: impl FnMut(bool, Found, Found),
    ) -> Result<(), MissingSubset> {
        let mut visit = |antecedent: Found, consequent: Found| {
            let evidence = Evidence {
                transactions: transactions as u64,
                antecedent: antecedent.support.into(),
                consequent: consequent.support.into(),
                both: support.into(),
            };
            visit(self.wanted(&evidence), antecedent, consequent);
        };
        let longest = self.max_consequent.min(items.len().saturating_sub(1));
        if longest == 1 && items.len() - 1 <= self.max_antecedent {
            // What nearly all ask for, and has no need of choosing.
            for (place, &item) in items.iter().enumerate() {
                let antecedent = split.without(itemsets, index, items, place)?;
                visit(antecedent, Split::find(itemsets, index, items, &[item])?);
            }
            return Ok(());
        }
        // All choices of at most so many.
        split.places.clear();
        let mut next = 0;
        loop {
            if split.places.len() < longest && next < items.len() {
                split.places.push(next);
                next += 1;
                if items.len() - split.places.len() <= self.max_antecedent {
                    split.cut(items);
                    let find = |side| Split::find(itemsets, index, items, side);
                    visit(find(&split.antecedent)?, find(&split.consequent)?);
                }
            } else if let Some(last) = split.places.pop() {
                next = last + 1;
            } else {
                return Ok(());
            }
        }
    }

    #[inline]
    fn wanted(&self, evidence: &Evidence) -> bool {
        self.bounds.iter().fold(true, |wanted, &(metric, least, most)| {
            let value = metric.of(evidence);
            wanted & (least <= value) & (value <= most)
        })
    }

    fn compare(&self, itemsets: &Itemsets, transactions: usize, a: &Parts, b: &Parts) -> Ordering {
        let items = |itemset: u32| itemsets.get(itemset as usize).0;
        let by_items = |a: u32, b: u32| {
            let (a, b) = (items(a), items(b));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        };
        let value = |parts: &Parts| self.order.of(&parts.evidence(itemsets, transactions));
        let antecedents = if a.antecedent == b.antecedent {
            Ordering::Equal
        } else {
            by_items(a.antecedent, b.antecedent)
        };
        antecedents
            .then_with(|| value(b).total_cmp(&value(a)))
            .then_with(|| itemsets.get(b.both as usize).1.cmp(&itemsets.get(a.both as usize).1))
            .then_with(|| by_items(a.consequent, b.consequent))
    }
}

/// An itemset cut in two; its memory is used again for the next.
#[derive(Default)]
pub(crate) struct Split {
    /// The places of the consequent's items.
    places: Vec<usize>,
    antecedent: Vec<u32>,
    consequent: Vec<u32>,
}

impl Split {
    /// The antecedent that all items but one are.
    fn without(
        &mut self,
        itemsets: &Itemsets,
        index: &ItemsetIndex,
        items: &[u32],
        place: usize,
    ) -> Result<Found, MissingSubset> {
        self.antecedent.clear();
        self.antecedent.extend_from_slice(&items[..place]);
        self.antecedent.extend_from_slice(&items[place + 1..]);
        Self::find(itemsets, index, items, &self.antecedent)
    }

    fn cut(&mut self, items: &[u32]) {
        self.antecedent.clear();
        self.consequent.clear();
        for (place, &item) in items.iter().enumerate() {
            let side = if self.places.contains(&place) {
                &mut self.consequent
            } else {
                &mut self.antecedent
            };
            side.push(item);
        }
    }

    fn find(
        itemsets: &Itemsets,
        index: &ItemsetIndex,
        items: &[u32],
        side: &[u32],
    ) -> Result<Found, MissingSubset> {
        index
            .find(itemsets, side)
            .ok_or_else(|| MissingSubset { itemset: items.to_vec(), subset: side.to_vec() })
    }
}

/// A rule as the numbers of its three itemsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    antecedent: u32,
    consequent: u32,
    both: u32,
}

impl Parts {
    fn evidence(&self, itemsets: &Itemsets, transactions: usize) -> Evidence {
        let support = |itemset: u32| u64::from(itemsets.get(itemset as usize).1);
        Evidence {
            transactions: transactions as u64,
            antecedent: support(self.antecedent),
            consequent: support(self.consequent),
            both: support(self.both),
        }
    }
}

/// Rules, and the itemsets they are made of.
#[derive(Clone, Debug)]
pub struct Rules {
    itemsets: Itemsets,
    transactions: usize,
    rules: Vec<Parts>,
}

impl Rules {
    /// The number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rules in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Rule<'_>> {
        self.rules.iter().map(|parts| Rule {
            antecedent: self.itemsets.get(parts.antecedent as usize).0,
            consequent: self.itemsets.get(parts.consequent as usize).0,
            evidence: parts.evidence(&self.itemsets, self.transactions),
        })
    }
}
