//! The order in which results are handed over: that of tasks, whoever was faster, so that the output is the
//! same for any number of threads.
//!
//! The worker whose results come next hands them over itself, while they are in its cache, and so everything
//! that waited for them; nobody else has to wake up for it. A worker that runs far ahead of the order waits,
//! which bounds memory. Where the list of a task is long, whoever would only wait for it helps: searches the
//! task as well, and lists those batches of it that nobody has taken yet (see `kernel::walk`).
//!
//! Not here: which worker has which task (see `schedule`).

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::schedule::Stop;

/// How many chunks wait to be handed over, at most: at the head of the order, where they don't wait long, and of
/// every task behind it, which bounds the memory of results that are too early. It is a few megabytes of text;
/// with a quarter of that, workers would often help each other with lists that are nearly done.
const WAITING_CHUNKS: usize = 32;

/// Where results belong: batches of tasks follow each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    task: usize,
    batch: usize,
}

impl Place {
    pub(crate) fn start_of(task: usize) -> Self {
        Self { task, batch: 0 }
    }

    pub(crate) fn next_batch(self) -> Self {
        Self { batch: self.batch + 1, ..self }
    }

    pub(crate) fn next_task(self) -> Self {
        Self::start_of(self.task + 1)
    }
}

/// Chunks of results on their way from the workers to a consumer, put in the order of their places.
pub(crate) struct Sequence<'s, C> {
    state: Mutex<State<'s, C>>,
    changed: Condvar,
    workers: usize,
    /// The task of the head, for those who need not lock.
    head_task: AtomicUsize,
}

/// What takes chunks, on one thread at a time, until it breaks.
type Consumer<'s, C> = Box<dyn FnMut(C) -> ControlFlow<()> + Send + 's>;

struct State<'s, C> {
    /// Away while a worker hands chunks over.
    consumer: Option<Consumer<'s, C>>,
    /// The first place whose results are not yet handed over completely.
    head: Place,
    /// The places that workers have taken, from the head on.
    taken: BTreeMap<Place, Waiting<C>>,
    /// How many workers have more than other workers' tasks to search.
    leading: usize,
    /// How many workers wait for a change.
    asleep: usize,
}

struct Waiting<C> {
    chunks: VecDeque<C>,
    /// The place after this one, once all of its results are here.
    next: Option<Place>,
}

impl<C> Default for Waiting<C> {
    fn default() -> Self {
        Self { chunks: VecDeque::new(), next: None }
    }
}

impl<C> State<'_, C> {
    /// Whether as many chunks wait as may, for one of so many workers that has another for this place.
    fn is_full(&self, place: Place, workers: usize) -> bool {
        let waiting =
            |from, to| self.taken.range(from..to).map(|(_, waiting)| waiting.chunks.len());
        if place == self.head {
            waiting(place, place.next_batch()).sum::<usize>() >= WAITING_CHUNKS
        } else {
            let all = waiting(Place::start_of(place.task), place.next_task()).sum::<usize>();
            all >= if place.task == self.head.task { workers } else { 1 } * WAITING_CHUNKS
        }
    }

    /// Moves the chunks that come next to `ready`, and the head behind them.
    fn advance(&mut self, ready: &mut VecDeque<C>) {
        while let Some(waiting) = self.taken.get_mut(&self.head) {
            ready.append(&mut waiting.chunks);
            let Some(next) = waiting.next else { break };
            self.taken.remove(&self.head);
            self.head = next;
        }
    }

    /// The task at the head, if its list has proved to be long.
    fn long_task(&self) -> Option<usize> {
        Some(self.head.task).filter(|_| self.head.batch > 0)
    }
}

impl<'s, C> Sequence<'s, C> {
    /// A sequence that so many workers feed.
    pub(crate) fn new(
        workers: usize,
        consumer: impl FnMut(C) -> ControlFlow<()> + Send + 's,
    ) -> Self {
        let state = State {
            consumer: Some(Box::new(consumer)),
            head: Place::default(),
            taken: BTreeMap::new(),
            leading: workers,
            asleep: 0,
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        Self { state, changed, workers, head_task: AtomicUsize::new(0) }
    }

    /// Whether there was never more than one worker.
    pub(crate) fn has_one_worker(&self) -> bool {
        self.workers == 1
    }

    /// The state stays sound whatever a thread that panicked was about to do: every change is one step.
    fn lock(&self) -> MutexGuard<'_, State<'s, C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, mut state: MutexGuard<'g, State<'s, C>>) -> MutexGuard<'g, State<'s, C>> {
        state.asleep += 1;
        let mut state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.asleep -= 1;
        state
    }

    /// Unlocks the state, and wakes whoever waits for it to change.
    fn tell(&self, state: MutexGuard<'_, State<'s, C>>) {
        let waited_for = state.asleep > 0;
        // Whoever wakes up wants the lock.
        drop(state);
        if waited_for {
            self.changed.notify_all();
        }
    }

    /// Takes a place, unless somebody has; who takes it hands its results over.
    pub(crate) fn take(&self, place: Place) -> bool {
        let mut state = self.lock();
        let free = place >= state.head && !state.taken.contains_key(&place);
        if free {
            state.taken.insert(place, Waiting::default());
        }
        free
    }

    /// Whether all results of the place's task are handed over.
    #[inline]
    pub(crate) fn is_past(&self, place: Place) -> bool {
        // Relaxed: who learns it late has only worked in vain.
        self.head_task.load(Ordering::Relaxed) > place.task
    }

    /// Hands a chunk of a place over, the last one if it says which place is `next`; later, if others come
    /// before it. While too many wait already, waits or calls `help` with a task that would end sooner if it
    /// were searched here, too.
    pub(crate) fn put(
        &self,
        place: Place,
        chunk: C,
        next: Option<Place>,
        stop: &Stop,
        help: &dyn Fn(usize),
    ) {
        let mut helped = None;
        let mut state = self.lock();
        while state.is_full(place, self.workers) {
            if stop.is_set() {
                return;
            }
            let long = state.long_task().filter(|&task| task < place.task && helped != Some(task));
            if let Some(task) = long {
                helped = long;
                drop(state);
                help(task);
                state = self.lock();
            } else {
                state = self.wait(state);
            }
        }
        let waiting = state.taken.entry(place).or_default();
        waiting.chunks.push_back(chunk);
        waiting.next = next;
        if place == state.head {
            self.hand_over(state, stop);
        }
    }

    /// Hands over what comes next, until that is missing or `consume` breaks, which stops the search; unless
    /// another worker does so, who will find it.
    fn hand_over<'a>(&'a self, mut state: MutexGuard<'a, State<'s, C>>, stop: &Stop) {
        let Some(mut consumer) = state.consumer.take() else { return };
        let mut ready = VecDeque::new();
        loop {
            state.advance(&mut ready);
            self.head_task.store(state.head.task, Ordering::Relaxed);
            if ready.is_empty() {
                state.consumer = Some(consumer);
                return;
            }
            self.tell(state);
            for chunk in ready.drain(..) {
                if !stop.is_set() && consumer(chunk).is_break() {
                    stop.set();
                }
            }
            state = self.lock();
        }
    }

    /// The tasks that a worker without tasks of its own may search, too, while they are others'.
    pub(crate) fn long_tasks(&self, stop: &Stop) -> impl Iterator<Item = usize> {
        let mut helped = None;
        std::iter::from_fn(move || {
            helped = self.next_long_task(helped, stop);
            helped
        })
    }

    fn next_long_task(&self, helped: Option<usize>, stop: &Stop) -> Option<usize> {
        let mut state = self.lock();
        state.leading -= 1;
        if state.leading == 0 {
            self.tell(state);
            return None;
        }
        while state.leading > 0 && !stop.is_set() {
            if let Some(task) = state.long_task().filter(|&task| helped != Some(task)) {
                state.leading += 1;
                return Some(task);
            }
            state = self.wait(state);
        }
        None
    }

    /// A worker has ended, even by a panic: whoever waits may wait in vain.
    fn leave(&self) {
        self.tell(self.lock());
    }
}

/// A worker of a sequence, for as long as it works.
pub(crate) struct Membership<'a, 's, C> {
    sequence: &'a Sequence<'s, C>,
    stop: &'a Stop<'a>,
}

impl<'a, 's, C> Membership<'a, 's, C> {
    pub(crate) fn new(sequence: &'a Sequence<'s, C>, stop: &'a Stop<'a>) -> Self {
        Self { sequence, stop }
    }
}

impl<C> Drop for Membership<'_, '_, C> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody shall wait for what this worker has taken.
            self.stop.set();
        }
        self.sequence.leave();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// More chunks than may wait.
    const MANY: usize = 2 * WAITING_CHUNKS;

    /// Puts so many chunks of a task.
    fn put(sequence: &Sequence<(usize, usize)>, place: Place, chunks: usize, stop: &Stop) {
        for chunk in 0..chunks {
            let next = Some(place.next_task()).filter(|_| chunk + 1 == chunks);
            sequence.put(place, (place.task, chunk), next, stop, &drop);
        }
    }

    /// A sequence whose chunks are sent to the receiver.
    fn sent<C: Send + 'static>(workers: usize) -> (Sequence<'static, C>, mpsc::Receiver<C>) {
        let (sender, receiver) = mpsc::channel();
        let send = move |chunk| match sender.send(chunk) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        (Sequence::new(workers, send), receiver)
    }

    #[test]
    fn chunks_come_in_the_order_of_tasks_whoever_was_faster() {
        let stop = Stop::new(None);
        let (sequence, got) = sent(2);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _member = Membership::new(&sequence, &stop);
                // Waits until task 0, which the other worker has, is handed over.
                put(&sequence, Place::start_of(1), MANY, &stop);
            });
            scope.spawn(|| {
                let _member = Membership::new(&sequence, &stop);
                put(&sequence, Place::start_of(0), 3, &stop);
            });
        });
        let expected: Vec<_> =
            (0..3).map(|chunk| (0, chunk)).chain((0..MANY).map(|chunk| (1, chunk))).collect();
        assert_eq!(got.try_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_place_is_taken_once_and_never_when_it_is_past() {
        let stop = Stop::new(None);
        let (sequence, got) = sent(2);
        let first = Place::start_of(0);
        assert!(sequence.take(first) && !sequence.take(first));
        assert!(sequence.take(first.next_batch()));
        sequence.put(first.next_batch(), 2, Some(first.next_task()), &stop, &drop);
        assert!(got.try_recv().is_err() && !sequence.is_past(first));
        sequence.put(first, 1, Some(first.next_batch()), &stop, &drop);
        assert_eq!(got.try_iter().collect::<Vec<_>>(), [1, 2]);
        assert!(!sequence.take(first) && !sequence.take(first.next_batch()));
        assert!(sequence.is_past(first) && !sequence.is_past(first.next_task()));
        assert!(sequence.take(first.next_task()));
    }

    #[test]
    fn whoever_would_wait_helps_with_a_long_task() {
        let stop = &Stop::new(None);
        let (sequence, got) = &sent(2);
        let (asked, helped) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let _member = Membership::new(sequence, stop);
                let help = |task| asked.send(task).expect("awaited");
                for chunk in 0..MANY {
                    let next = Some(Place::start_of(2)).filter(|_| chunk + 1 == MANY);
                    sequence.put(Place::start_of(1), (1, chunk), next, stop, &help);
                }
            });
            scope.spawn(move || {
                let _member = Membership::new(sequence, stop);
                let first = Place::start_of(0);
                sequence.put(first, (0, 0), Some(first.next_batch()), stop, &drop);
                assert_eq!(helped.recv_timeout(Duration::from_secs(60)), Ok(0));
                let last = Some(first.next_task());
                sequence.put(first.next_batch(), (0, 1), last, stop, &drop);
            });
        });
        let expected: Vec<_> =
            [(0, 0), (0, 1)].into_iter().chain((0..MANY).map(|c| (1, c))).collect();
        assert_eq!(got.try_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn chunks_are_handed_over_while_their_list_goes_on() {
        let stop = Stop::new(None);
        let (sequence, got) = sent(1);
        for chunk in 0..3 {
            sequence.put(Place::default(), chunk, None, &stop, &drop);
            assert_eq!(got.try_recv(), Ok(chunk));
        }
    }

    #[test]
    fn a_consumer_that_breaks_stops_the_workers() {
        let stop = Stop::new(None);
        let sequence = Sequence::new(2, |()| ControlFlow::Break(()));
        std::thread::scope(|scope| {
            for task in 0..2 {
                let (sequence, stop) = (&sequence, &stop);
                scope.spawn(move || {
                    let _member = Membership::new(sequence, stop);
                    while !stop.is_set() {
                        sequence.put(Place::start_of(task), (), None, stop, &drop);
                    }
                });
            }
        });
        assert!(stop.is_set());
    }

    #[test]
    fn a_consumer_that_panics_leaves_nobody_waiting() {
        let stop = &Stop::new(None);
        let sequence = &Sequence::new(2, |task: usize| panic!("task {task}"));
        let ended = std::thread::scope(|scope| {
            let workers = [0, 1].map(|task| {
                scope.spawn(move || {
                    let _member = Membership::new(sequence, stop);
                    while !stop.is_set() {
                        sequence.put(Place::start_of(task), task, None, stop, &drop);
                    }
                })
            });
            workers.map(|worker| worker.join().is_ok())
        });
        assert_eq!(ended, [false, true]);
    }
}
