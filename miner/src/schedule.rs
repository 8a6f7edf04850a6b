//! The tasks that workers share, and what makes them stop.
//!
//! A task is a few ranks that follow each other: all itemsets whose rarest item is one of theirs. Workers take
//! tasks rarest first, and each searches with scratch memory of its own.
//!
//! Not here: the search (see `kernel`), and how results come in order (see `sequence`).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Whether a search has been told to stop, by its owner or because nobody wants its results any more.
pub(crate) struct Stop<'a> {
    cancelled: Option<&'a AtomicBool>,
    unwanted: AtomicBool,
}

impl<'a> Stop<'a> {
    pub(crate) fn new(cancelled: Option<&'a AtomicBool>) -> Self {
        Self { cancelled, unwanted: AtomicBool::new(false) }
    }

    /// Whether the owner said so.
    pub(crate) fn cancelled(&self) -> bool {
        self.cancelled.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.unwanted.load(Ordering::Relaxed) || self.cancelled()
    }

    pub(crate) fn set(&self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }
}

/// The most ranks of a task: where there are many, each has few itemsets, and to hand them over one by one would
/// take longer than to find them.
const MOST_RANKS: usize = 16;

/// A task has at most this share of the ranks that are left: frequent items, which come last, have most itemsets.
const SHARE: usize = 512;

/// The tasks, each taken once.
pub(crate) struct Tasks<'a> {
    next: AtomicUsize,
    /// By task: the ranks below this number are left for it and those after it. One more than there are tasks.
    ends: Vec<usize>,
    done: AtomicUsize,
    progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl<'a> Tasks<'a> {
    /// Makes tasks of so many ranks.
    pub(crate) fn new(ranks: usize, progress: Option<&'a (dyn Fn(usize, usize) + Sync)>) -> Self {
        let mut ends = vec![ranks];
        let mut end = ranks;
        while end > 0 {
            end -= (end / SHARE).clamp(1, MOST_RANKS);
            ends.push(end);
        }
        Self { next: AtomicUsize::new(0), ends, done: AtomicUsize::new(0), progress }
    }

    /// The ranks of a task, rarest first.
    pub(crate) fn ranks(&self, task: usize) -> impl Iterator<Item = usize> + use<> {
        (self.ends[task + 1]..self.ends[task]).rev()
    }

    /// A worker's tasks: workers take them in order, the next one when they are done with one, until the
    /// search is to stop.
    pub(crate) fn share(&self, stop: &Stop) -> impl Iterator<Item = usize> {
        let mut searching = None;
        std::iter::from_fn(move || {
            if let Some(task) = searching {
                self.ranks(task).for_each(|_| self.finish());
            }
            // Relaxed: a task's number is all that is passed on.
            let task = Some(self.next.fetch_add(1, Ordering::Relaxed));
            searching = task.filter(|&task| task + 1 < self.ends.len() && !stop.is_set());
            searching
        })
    }

    /// Says that a rank is done.
    fn finish(&self) {
        if let Some(progress) = self.progress {
            progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.ends[0]);
        }
    }
}
