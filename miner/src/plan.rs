//! One run of a miner: the database is built, workers search it, and what they find comes together.
//!
//! Not here: what may be asked of a run (see `miner`), and the search (see `kernel`).

use std::cell::RefCell;
use std::iter;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use rayon::ThreadPool;

use crate::itemset::{Collector, ItemsetCounts};
use crate::kernel::closed::ClosedSearch;
use crate::kernel::report::{Report, Tally};
use crate::kernel::walk::{Outlet, Walk};
use crate::kernel::{Search, WORD_ITEMS};
use crate::miner::Target;
use crate::projection::{Database, Rank, Ranking};
use crate::schedule::{Stop, Tasks};
use crate::sequence::{Membership, Sequence};
use crate::threads::Threads;
use crate::transaction::Transactions;

/// The least number of frequent items that a worker is started for: starting one costs more than searching a
/// few items does.
const RANKS_PER_WORKER: usize = 2;

/// At most so many frequent items make a database dense enough for masks: half of the items, which are most of each
/// transaction, are in them.
const FEW_ITEMS: usize = 2 * WORD_ITEMS;

/// A database ready to be searched.
pub(crate) struct Plan<'a> {
    threads: &'a Threads,
    stop: &'a Stop<'a>,
    workers: usize,
    tasks: Tasks<'a>,
    database: Ranked,
    minimum: u32,
    longest: usize,
    target: Target,
}

/// What is asked of a run.
pub(crate) struct Wish<'a> {
    pub(crate) minimum: u32,
    pub(crate) longest: usize,
    pub(crate) target: Target,
    pub(crate) progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

/// A database, its ranks stored as narrowly as they can be.
enum Ranked {
    Narrow(Database<u16>),
    Wide(Database<u32>),
}

impl Ranked {
    /// Builds the database, unless a transaction holds a frequent item twice.
    fn new(transactions: &Transactions, wish: &Wish, threads: &Threads) -> Option<Self> {
        let ranking = Ranking::new(transactions, wish.minimum, threads);
        if wish.target == Target::All && (1..=FEW_ITEMS).contains(&ranking.len()) {
            Database::with_masks(transactions, ranking, threads).map(Self::Narrow)
        } else if ranking.len() <= u16::LIMIT {
            Database::new(transactions, ranking, threads).map(Self::Narrow)
        } else {
            Database::new(transactions, ranking, threads).map(Self::Wide)
        }
    }
}

impl<'a> Plan<'a> {
    /// Builds the database.
    pub(crate) fn new(
        transactions: &Transactions,
        wish: &Wish<'a>,
        threads: &'a Threads,
        stop: &'a Stop<'a>,
    ) -> Self {
        let database = Ranked::new(transactions, wish, threads).unwrap_or_else(|| {
            // Few files have any, and to look for them first would take a tenth of the time of short runs.
            let transactions = transactions.without_repeats();
            Ranked::new(&transactions, wish, threads).expect("nothing is there twice")
        });
        let ranks = match &database {
            Ranked::Narrow(database) => database.items.len(),
            Ranked::Wide(database) => database.items.len(),
        };
        let Wish { minimum, longest, target, progress } = *wish;
        let workers = threads.count().min(ranks.div_ceil(RANKS_PER_WORKER)).max(1);
        let tasks = Tasks::new(ranks, progress);
        Self { threads, stop, workers, tasks, database, minimum, longest, target }
    }

    /// Counts the itemsets.
    pub(crate) fn count(&self) -> ItemsetCounts {
        let count = || {
            let tally = Tally::new(self.longest, self.stop);
            self.work(tally, self.tasks.share(self.stop)).finish()
        };
        let Threads::Pool(pool) = self.threads else { return count() };
        let total = Mutex::new(ItemsetCounts::default());
        pool.in_place_scope(|scope| {
            for _ in 0..self.workers {
                scope.spawn(|_| {
                    let counts = count();
                    total.lock().unwrap_or_else(PoisonError::into_inner).merge(&counts);
                });
            }
        });
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Walks collectors through the itemsets and hands them over in order, on any thread.
    pub(crate) fn collect<C: Collector>(
        &self,
        make: &(impl Fn() -> C + Sync),
        consume: impl FnMut(C) -> ControlFlow<()> + Send,
    ) {
        match self.threads {
            Threads::Caller => {
                let consume = RefCell::new(consume);
                let walk = Walk::new(Outlet::Caller(&consume), make, self.longest, self.stop);
                self.work(walk, self.tasks.share(self.stop)).finish();
            }
            Threads::Pool(pool) => self.collect_on(pool, make, consume),
        }
    }

    fn collect_on<C: Collector>(
        &self,
        pool: &ThreadPool,
        make: &(impl Fn() -> C + Sync),
        consume: impl FnMut(C) -> ControlFlow<()> + Send,
    ) {
        let sequence = Sequence::new(self.workers, consume);
        pool.in_place_scope(|scope| {
            for _ in 0..self.workers {
                scope.spawn(|_| {
                    let _member = Membership::new(&sequence, self.stop);
                    let walk = |help| {
                        Walk::new(Outlet::Sequence(&sequence, help), make, self.longest, self.stop)
                    };
                    // Who helps has nothing that waits behind a task, and is never asked to help.
                    let help = |task| drop(self.work(walk(&drop), iter::once(task)));
                    let tasks = self.tasks.share(self.stop);
                    self.work(walk(&help), tasks.chain(sequence.long_tasks(self.stop)));
                });
            }
        });
    }

    /// Searches one task after the other.
    fn work<O: Report>(&self, report: O, tasks: impl Iterator<Item = usize>) -> O {
        match &self.database {
            Ranked::Narrow(database) => self.search(database, report, tasks),
            Ranked::Wide(database) => self.search(database, report, tasks),
        }
    }

    fn search<R: Rank, O: Report>(
        &self,
        database: &Database<R>,
        report: O,
        tasks: impl Iterator<Item = usize>,
    ) -> O {
        if self.target == Target::All {
            let mut search = Search::new(database, self.minimum, report);
            for task in tasks {
                search.report.begin(task);
                self.tasks.ranks(task).for_each(|rank| search.project(rank));
                search.report.end();
            }
            search.report
        } else {
            let maximal = self.target == Target::Maximal;
            let mut search = ClosedSearch::new(database, self.minimum, maximal, report);
            for task in tasks {
                search.report.begin(task);
                self.tasks.ranks(task).for_each(|rank| search.project(rank));
                search.report.end();
            }
            search.report
        }
    }
}
