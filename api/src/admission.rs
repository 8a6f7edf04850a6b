//! Which questions are worked on, and which are refused at once so that the others stay fast.
//!
//! Two signs of overload count. More questions under way than memory was planned for; and work that
//! waits too long for a processor. The latter is measured, not guessed: on each thread that answers, a task
//! that does nothing but ask for its turn, as a request that has just arrived would, tells how long the turn
//! takes to come.
//!
//! Long answers are worked out beside those threads, as many at once as there are processors, and have a
//! queue of their own: one that has waited too long is refused, and no more may wait than half the turns there are.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

use crate::failure::Failure;

/// How often the wait is measured. A measurement costs about as much as an empty request.
const INTERVAL: Duration = Duration::from_millis(20);

/// Why a question was refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    /// Too many were under way.
    InFlight,
    /// Work waited too long for a processor.
    Delay,
}

impl Refused {
    pub(crate) const ALL: [(Self, &'static str); 2] =
        [(Self::InFlight, "in_flight"), (Self::Delay, "delay")];
}

/// Which questions are worked on.
#[derive(Debug)]
pub(crate) struct Admission {
    most_in_flight: usize,
    longest_delay: Duration,
    in_flight: AtomicUsize,
    delays: Vec<Delay>,
    /// A permit for each long answer that may be worked out.
    long: Arc<Semaphore>,
    /// A permit for each that may wait for one of those.
    waiting: Semaphore,
    refused: [AtomicU64; Refused::ALL.len()],
}

/// How long work waits on one of the threads that answer.
#[derive(Debug, Default)]
struct Delay {
    nanoseconds: AtomicU64,
    is_overloaded: AtomicBool,
}

impl Admission {
    /// For so many threads that answer.
    pub(crate) fn new(most_in_flight: usize, longest_delay: Duration, threads: usize) -> Self {
        Self {
            most_in_flight,
            longest_delay,
            in_flight: AtomicUsize::new(0),
            delays: (0..threads).map(|_| Delay::default()).collect(),
            long: Arc::new(Semaphore::new(threads)),
            waiting: Semaphore::new((most_in_flight / 2).clamp(1, Semaphore::MAX_PERMITS)),
            refused: Default::default(),
        }
    }

    /// Refuses a question while work waits too long: before its body is read, which costs time, too.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        // Connections are shared out evenly: where one thread can't keep up, others can hardly.
        match self.delays.iter().any(|delay| delay.is_overloaded.load(Ordering::Relaxed)) {
            true => Err(self.refuse(Refused::Delay)),
            false => Ok(()),
        }
    }

    /// Lets a question in for as long as its turn is held.
    pub(crate) fn enter(&self) -> Result<Turn<'_>, Failure> {
        self.check()?;
        let turn = Turn { admission: self };
        match self.in_flight.fetch_add(1, Ordering::Relaxed) < self.most_in_flight {
            true => Ok(turn),
            false => Err(self.refuse(Refused::InFlight)),
        }
    }

    /// Waits for the turn of a question whose answer takes long.
    pub(crate) async fn enter_long(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(self.refuse(Refused::InFlight));
        };
        match timeout(self.longest_delay, self.long.clone().acquire_owned()).await {
            Ok(turn) => Ok(turn.expect("it is never closed")),
            Err(_) => Err(self.refuse(Refused::Delay)),
        }
    }

    fn refuse(&self, reason: Refused) -> Failure {
        self.refused[reason as usize].fetch_add(1, Ordering::Relaxed);
        Failure::Overloaded
    }

    /// The questions that are being worked on.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// How many questions were refused for this reason.
    pub(crate) fn refused(&self, reason: Refused) -> u64 {
        self.refused[reason as usize].load(Ordering::Relaxed)
    }

    /// How long work waited for a processor when that was last measured, where it waited longest.
    pub(crate) fn delay(&self) -> Duration {
        let delays = self.delays.iter().map(|delay| delay.nanoseconds.load(Ordering::Relaxed));
        Duration::from_nanos(delays.max().unwrap_or_default())
    }

    /// Measures for ever how long work waits on the thread of this number, which runs this.
    pub(crate) async fn measure(&self, thread: usize) {
        let measured = &self.delays[thread];
        let mut was_long = false;
        loop {
            let due = Instant::now() + INTERVAL;
            sleep_until(due).await;
            // The timer's own turn may come first; this one comes when whatever was ready had its own.
            BackOfTheQueue::default().await;
            let delay = due.elapsed();
            let nanoseconds = u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX);
            measured.nanoseconds.store(nanoseconds, Ordering::Relaxed);
            // Twice in a row: a machine that stood still for a moment is not overloaded.
            let is_long = delay > self.longest_delay;
            measured.is_overloaded.store(is_long && was_long, Ordering::Relaxed);
            was_long = is_long;
        }
    }
}

/// A question that is being worked on.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    admission: &'a Admission,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.admission.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits until every task that was ready before has had its turn: a task that wakes itself goes to the
/// back of its processor's queue. (`yield_now` waits for new events, too.)
#[derive(Default)]
struct BackOfTheQueue {
    queued: bool,
}

impl Future for BackOfTheQueue {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.queued, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_let_in_as_there_is_room_for() {
        let admission = Admission::new(2, Duration::MAX, 1);
        let first = admission.enter().unwrap();
        let _second = admission.enter().unwrap();
        assert_eq!(admission.enter().unwrap_err(), Failure::Overloaded);
        assert_eq!((admission.in_flight(), admission.refused(Refused::InFlight)), (2, 1));
        drop(first);
        assert!(admission.enter().is_ok());
        assert_eq!(admission.in_flight(), 1);
    }

    #[tokio::test]
    async fn long_answers_wait_only_so_long_and_leave_turns_to_others() {
        let admission = Admission::new(4, Duration::from_millis(500), 1);
        let working = admission.enter_long().await.unwrap();
        let waiting = async { tokio::join!(admission.enter_long(), admission.enter_long()) };
        let third = async {
            tokio::task::yield_now().await;
            admission.enter_long().await
        };
        let ((first, second), third) = tokio::join!(waiting, third);
        for refused in [first, second, third] {
            assert_eq!(refused.unwrap_err(), Failure::Overloaded);
        }
        assert_eq!(admission.refused(Refused::Delay), 2);
        assert_eq!(admission.refused(Refused::InFlight), 1, "two may wait");
        drop(working);
        assert!(admission.enter_long().await.is_ok());
    }

    #[tokio::test]
    async fn work_that_keeps_the_processor_is_noticed_and_its_end_is_too() {
        let admission = Admission::new(2, Duration::from_millis(30), 2);
        let busy = AtomicBool::new(true);
        let work = async {
            // Many small pieces of work, each within bounds, and always another.
            let work = async || {
                while busy.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(20));
                    BackOfTheQueue::default().await;
                }
            };
            tokio::join!(work(), work(), work());
        };
        let observer = async {
            while admission.enter().is_ok() {
                tokio::task::yield_now().await;
            }
            assert!(admission.delay() > Duration::from_millis(30));
            assert!(admission.refused(Refused::Delay) > 0);
            busy.store(false, Ordering::Relaxed);
            while admission.enter().is_err() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = admission.measure(1) => unreachable!("it has no end"),
            ((), ()) = async { tokio::join!(work, observer) } => {}
        }
    }
}
