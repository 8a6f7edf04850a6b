//! The tasks that workers share, and what makes them stop.
//!
//! A task is one rank: all itemsets whose rarest item it is. Workers take tasks rarest first, and each
//! searches with scratch memory of its own.
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

/// The tasks, each taken once.
pub(crate) struct Tasks<'a> {
    next: AtomicUsize,
    done: AtomicUsize,
    total: usize,
    progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl<'a> Tasks<'a> {
    pub(crate) fn new(total: usize, progress: Option<&'a (dyn Fn(usize, usize) + Sync)>) -> Self {
        Self { next: AtomicUsize::new(0), done: AtomicUsize::new(0), total, progress }
    }

    /// The number of tasks.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// A worker's tasks: workers take them in order, the next one when they are done with one, until the
    /// search is to stop.
    pub(crate) fn share(&self, stop: &Stop) -> impl Iterator<Item = usize> {
        let mut searching = false;
        std::iter::from_fn(move || {
            if std::mem::take(&mut searching) {
                self.finish();
            }
            // Relaxed: a task's number is all that is passed on.
            let task = Some(self.next.fetch_add(1, Ordering::Relaxed));
            let task = task.filter(|&task| task < self.total && !stop.is_set());
            searching = task.is_some();
            task
        })
    }

    /// Says that a task is done.
    fn finish(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = self.progress {
            progress(done, self.total);
        }
    }
}
