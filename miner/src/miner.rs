//! Mining: from transactions to all itemsets that enough of them hold.
//!
//! ```
//! use segue_miner::miner::{Miner, Support};
//! use segue_miner::transaction::Transactions;
//!
//! let transactions: Transactions = [vec![1, 2, 3], vec![1, 2], vec![2, 3]].iter().collect();
//! let itemsets = Miner::new(Support::Count(2)).itemsets(&transactions)?;
//! let mut found: Vec<_> = itemsets.iter().collect();
//! found.sort();
//! assert_eq!(found, [(&[1][..], 2), (&[1, 2], 2), (&[2], 3), (&[3], 2), (&[3, 2], 2)]);
//! # Ok::<(), segue_miner::miner::MineError>(())
//! ```
//!
//! Not here: how it is done (see `kernel`), and rules (see [`association`](crate::association)).

use std::borrow::Borrow;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use thiserror::Error;

use crate::itemset::{Collector, ItemsetCollector, ItemsetCounts, Itemsets};
use crate::plan::{Plan, Wish};
use crate::schedule::Stop;
use crate::threads::Threads;
use crate::transaction::Transactions;

/// In how many transactions an itemset must be to be frequent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Support {
    /// In so many; 0 means 1, as no set that is never seen is listed.
    Count(u64),
    /// In such a share of all transactions, empty ones included: from 0 to 1.
    Fraction(f64),
}

impl Support {
    /// The least number of transactions, of so many, that is enough.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub fn count(self, transactions: usize) -> u64 {
        match self {
            Self::Count(count) => count.max(1),
            Self::Fraction(share) => {
                (a_hair_less(share * transactions as f64).ceil() as u64).max(1)
            }
        }
    }
}

/// What a bound is that was multiplied: 0.07 of 100 is 7, not 7.000000000000001.
pub(crate) fn a_hair_less(bound: f64) -> f64 {
    bound - bound.abs() * 1e-12
}

/// Which of the frequent itemsets are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// All of them.
    #[default]
    All,
    /// The closed ones: no item can be added without losing a transaction. With their supports they tell
    /// the support of every frequent itemset.
    Closed,
    /// The maximal ones: no item can be added without becoming infrequent. They tell which itemsets are
    /// frequent.
    Maximal,
}

/// Why mining gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MineError {
    /// It was told to stop.
    #[error("mining was cancelled")]
    Cancelled,
    /// There are more transactions than can be counted.
    #[error("expected at most {most} transactions, found {found}")]
    TooManyTransactions {
        /// The number of transactions.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The threads to mine with could not be started.
    #[error("failed to start {threads} threads: {reason}")]
    Threads {
        /// How many were wanted.
        threads: usize,
        /// What the system said.
        reason: String,
    },
}

/// Supports stay below half of a 32-bit number (see `kernel::table`).
const MOST_TRANSACTIONS: usize = i32::MAX as usize;

/// The stack of a worker. The search recurses once per item of an itemset, perfect extensions aside, so its
/// depth is bounded by the square root of twice the occurrences; the system hands out only what is
/// touched.
const STACK_BYTES: usize = 256 << 20;

/// How deep a search may recurse on the calling thread's stack, whatever that is: it takes less than half a
/// megabyte.
const CALLER_DEPTH: usize = 1000;

type Progress = dyn Fn(usize, usize) + Send + Sync;

/// What is to be mined, and how.
#[derive(Clone)]
pub struct Miner {
    support: Support,
    max_len: Option<NonZeroUsize>,
    target: Target,
    threads: usize,
    cancel: Option<Arc<AtomicBool>>,
    progress: Option<Arc<Progress>>,
}

impl std::fmt::Debug for Miner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Miner")
            .field("support", &self.support)
            .field("max_len", &self.max_len)
            .field("target", &self.target)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Miner {
    /// Mines all itemsets of at least this support.
    #[must_use]
    pub fn new(min_support: Support) -> Self {
        Self {
            support: min_support,
            max_len: None,
            target: Target::All,
            threads: 0,
            cancel: None,
            progress: None,
        }
    }

    /// Only itemsets of at most so many items; `None`, as at the start, for any number.
    ///
    /// Closed and maximal are said of itemsets of any length: with a limit, those of them that are longer
    /// are left out, and no shorter ones come in for them.
    #[must_use]
    pub fn max_len(mut self, length: Option<NonZeroUsize>) -> Self {
        self.max_len = length;
        self
    }

    pub(crate) fn longest(&self) -> Option<NonZeroUsize> {
        self.max_len
    }

    /// Which itemsets are wanted; at the start all.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// How many threads search; `None`, as at the start, for as many as the current rayon pool has. The
    /// results and their order are the same for any number.
    #[must_use]
    pub fn threads(mut self, threads: Option<NonZeroUsize>) -> Self {
        self.threads = threads.map_or(0, NonZeroUsize::get);
        self
    }

    /// A flag that ends mining with [`MineError::Cancelled`] soon after it is set.
    #[must_use]
    pub fn cancel(mut self, flag: Arc<AtomicBool>) -> Self {
        self.cancel = Some(flag);
        self
    }

    /// Is called, from any worker, with the number of frequent items whose search is done and the number
    /// of all frequent items.
    #[must_use]
    pub fn progress(mut self, progress: impl Fn(usize, usize) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    pub(crate) fn without_progress(mut self) -> Self {
        self.progress = None;
        self
    }

    /// Counts the itemsets without listing them, which is much faster where there are many. Transactions that are
    /// given away leave their memory to the search.
    ///
    /// # Errors
    /// Mining was cancelled, there are too many transactions, or threads can't be started.
    pub fn count(
        &self,
        transactions: impl Borrow<Transactions>,
    ) -> Result<ItemsetCounts, MineError> {
        let stop = Stop::new(self.cancel.as_deref());
        let threads = self.threads_for(transactions.borrow())?;
        let wish = self.wish(transactions.borrow());
        let plan = Plan::new(transactions.borrow(), &wish, &threads, &stop);
        drop(transactions);
        finished(&stop, plan.count())
    }

    /// Finds the itemsets and keeps them all.
    ///
    /// # Errors
    /// As [`count`](Self::count).
    pub fn itemsets(&self, transactions: &Transactions) -> Result<Itemsets, MineError> {
        let mut itemsets = Itemsets::default();
        self.collect(transactions, ItemsetCollector::default, |chunk| {
            itemsets.append(&chunk.itemsets);
            ControlFlow::Continue(())
        })?;
        Ok(itemsets)
    }

    /// Visits the itemsets, each with its support, without keeping them. The visitor runs on one
    /// thread at a time and ends mining when it breaks. The items of a set come with the rarest first, except
    /// for perfect extensions (items found in all transactions of a set), which come last.
    ///
    /// # Errors
    /// As [`count`](Self::count); a visitor that breaks makes no error.
    pub fn for_each(
        &self,
        transactions: &Transactions,
        mut visit: impl FnMut(&[u32], u32) -> ControlFlow<()> + Send,
    ) -> Result<(), MineError> {
        self.collect(transactions, ItemsetCollector::default, |chunk| {
            chunk.itemsets.iter().try_for_each(|(items, support)| visit(items, support))
        })
    }

    /// Walks collectors through the itemsets on the workers and hands them over, in order and one after the
    /// other, on that worker whose turn it is: the way to format or aggregate in parallel. `make` makes a collector; one is handed over
    /// when it [is full](Collector::is_full) and at the end of each part of the search.
    ///
    /// # Errors
    /// As [`for_each`](Self::for_each).
    pub fn collect<C: Collector>(
        &self,
        transactions: impl Borrow<Transactions>,
        make: impl Fn() -> C + Sync,
        consume: impl FnMut(C) -> ControlFlow<()> + Send,
    ) -> Result<(), MineError> {
        let stop = Stop::new(self.cancel.as_deref());
        let threads = self.threads_for(transactions.borrow())?;
        let wish = self.wish(transactions.borrow());
        let plan = Plan::new(transactions.borrow(), &wish, &threads, &stop);
        drop(transactions);
        plan.collect(&make, consume);
        finished(&stop, ())
    }

    /// The threads to search these transactions with.
    fn threads_for(&self, transactions: &Transactions) -> Result<Threads, MineError> {
        let (found, most) = (transactions.len(), MOST_TRANSACTIONS);
        if found > most {
            return Err(MineError::TooManyTransactions { found, most });
        }
        let threads = if self.threads == 0 { rayon::current_num_threads() } else { self.threads };
        if threads == 1 && self.deepest(transactions) <= CALLER_DEPTH {
            return Ok(Threads::Caller);
        }
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .thread_name(|number| format!("miner-{number}"))
            .build()
            .map(Threads::Pool)
            .map_err(|error| MineError::Threads { threads, reason: error.to_string() })
    }

    /// How deep the search of these transactions recurses, at most.
    fn deepest(&self, transactions: &Transactions) -> usize {
        let longest = transactions.iter().map(<[u32]>::len).max().unwrap_or_default();
        self.max_len.map_or(longest, |most| longest.min(most.get()))
    }

    fn wish(&self, transactions: &Transactions) -> Wish<'_> {
        Wish {
            // No set is in as many transactions as that.
            minimum: u32::try_from(self.support.count(transactions.len())).unwrap_or(u32::MAX),
            longest: self.max_len.map_or(usize::MAX, NonZeroUsize::get),
            target: self.target,
            progress: self
                .progress
                .as_deref()
                .map(|progress| progress as &(dyn Fn(usize, usize) + Sync)),
        }
    }
}

fn finished<T>(stop: &Stop, result: T) -> Result<T, MineError> {
    if stop.cancelled() { Err(MineError::Cancelled) } else { Ok(result) }
}
