//! Workers that share the ranks of a database, and the order in which their results are handed over.
//!
//! A task is one rank: all itemsets whose rarest item it is. Workers take tasks rarest first, each
//! searches with scratch memory of its own, and what they collect is handed to the caller's thread
//! in the order of tasks, whoever was faster, so that the output is the same for any number of threads.
//! A worker that runs far ahead of the order waits, which bounds memory.
//!
//! Not here: the search (see `kernel`).

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

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

    fn set(&self) {
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

    /// The next task: tasks are taken in order.
    pub(crate) fn take(&self) -> Option<usize> {
        // Relaxed: a task's number is all that is passed on.
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|&task| task < self.total)
    }

    /// Says that a task is done.
    pub(crate) fn finish(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = self.progress {
            progress(done, self.total);
        }
    }
}

/// How many chunks of a task wait to be handed over, at most. At the head of the order they don't wait
/// long; behind it, this bounds the memory of results that are too early.
const WAITING_CHUNKS: usize = 8;

/// Chunks of results on their way from the workers to the caller, put in the order of tasks.
pub(crate) struct Sequence<C> {
    state: Mutex<State<C>>,
    changed: Condvar,
}

struct State<C> {
    /// The first task that is not yet handed over completely.
    head: usize,
    tasks: BTreeMap<usize, Waiting<C>>,
    workers: usize,
}

struct Waiting<C> {
    chunks: VecDeque<C>,
    finished: bool,
}

impl<C> Default for Waiting<C> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), finished: false }
    }
}

impl<C> Sequence<C> {
    /// A sequence that so many workers feed.
    pub(crate) fn new(workers: usize) -> Self {
        let state = State { head: 0, tasks: BTreeMap::new(), workers };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The state stays sound whatever a thread that panicked was about to do: every change is one step.
    fn lock(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State<C>>) -> MutexGuard<'g, State<C>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a chunk of a task over; waits while too many wait already.
    pub(crate) fn put(&self, task: usize, chunk: C, finished: bool, stop: &Stop) {
        let mut state = self.lock();
        while state.tasks.get(&task).is_some_and(|waiting| waiting.chunks.len() >= WAITING_CHUNKS) {
            if stop.is_set() {
                return;
            }
            state = self.wait(state);
        }
        let waiting = state.tasks.entry(task).or_default();
        waiting.chunks.push_back(chunk);
        waiting.finished = finished;
        let awaited = task == state.head;
        // Whoever wakes up wants the lock.
        drop(state);
        if awaited {
            self.changed.notify_all();
        }
    }

    /// A worker has ended, even by a panic.
    fn leave(&self) {
        self.lock().workers -= 1;
        self.changed.notify_all();
    }

    /// Hands chunks in order to `consume`, on the calling thread, until all workers have ended or `consume`
    /// breaks, which stops the search.
    pub(crate) fn drain(&self, stop: &Stop, mut consume: impl FnMut(C) -> ControlFlow<()>) {
        let mut ready = VecDeque::new();
        let mut state = self.lock();
        loop {
            let mut head = state.head;
            while let Some(waiting) = state.tasks.get_mut(&head) {
                ready.append(&mut waiting.chunks);
                if !waiting.finished {
                    break;
                }
                state.tasks.remove(&head);
                head += 1;
            }
            state.head = head;
            if ready.is_empty() {
                if state.workers == 0 {
                    return;
                }
                state = self.wait(state);
                continue;
            }
            drop(state);
            self.changed.notify_all();
            for chunk in ready.drain(..) {
                if !stop.is_set() && consume(chunk).is_break() {
                    stop.set();
                }
            }
            state = self.lock();
        }
    }
}

/// A worker of a sequence, for as long as it works.
pub(crate) struct Membership<'a, C>(&'a Sequence<C>);

impl<'a, C> Membership<'a, C> {
    pub(crate) fn new(sequence: &'a Sequence<C>) -> Self {
        Self(sequence)
    }
}

impl<C> Drop for Membership<'_, C> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_in_the_order_of_tasks_whoever_was_faster() {
        let stop = Stop::new(None);
        let sequence = Sequence::new(2);
        let mut got = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _member = Membership::new(&sequence);
                // Waits until task 0, which the other worker has, is handed over.
                (0..20).for_each(|chunk| sequence.put(1, (1, chunk), chunk == 19, &stop));
            });
            scope.spawn(|| {
                let _member = Membership::new(&sequence);
                (0..3).for_each(|chunk| sequence.put(0, (0, chunk), chunk == 2, &stop));
            });
            sequence.drain(&stop, |chunk| {
                got.push(chunk);
                ControlFlow::Continue(())
            });
        });
        let expected: Vec<_> =
            (0..3).map(|chunk| (0, chunk)).chain((0..20).map(|chunk| (1, chunk))).collect();
        assert_eq!(got, expected);
    }

    #[test]
    fn a_consumer_that_breaks_stops_the_workers() {
        let stop = Stop::new(None);
        let sequence = Sequence::new(1);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _member = Membership::new(&sequence);
                while !stop.is_set() {
                    sequence.put(0, (), false, &stop);
                }
            });
            sequence.drain(&stop, |()| ControlFlow::Break(()));
        });
        assert!(stop.is_set());
    }
}
