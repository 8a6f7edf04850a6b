//! The load: a thread of its own that sends every request at its time and reports every outcome.
//!
//! An open loop. A request is sent when it is due, whether or not earlier ones have been answered: on an
//! idle connection, else on a new one, up to a bound. Past that bound it waits, and the wait counts as
//! latency like any other, because latency is counted from the time it was due. Nothing is sent twice.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::request::Bodies;
use crate::sample::{Identities, Identity, IdentityId, Outcome, Sample};
use crate::schedule::Schedule;

mod connection;
mod exchange;
pub mod target;
mod timer;

use connection::{Choice, Connection, Pool};
use target::Target;
use timer::Timer;

/// How often what has been measured is handed over.
const BATCH_EVERY: Duration = Duration::from_millis(50);

/// How requests reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As from a pool of kept-alive connections, used in turn.
    KeepAlive {
        /// How many are kept open. While more are needed, more are opened, and kept for a second or two.
        connections: NonZeroUsize,
        /// The mean age at which a connection is given up for a new one. Connections stay with the
        /// instance that they were made to: without renewal a new instance behind a balancer of
        /// connections would never be asked. Zero keeps them for ever.
        renew: Duration,
    },
    /// A new connection for each request, as a new user opens it.
    NewConnection,
}

/// What to send, to whom, when.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who is asked.
    pub target: Target,
    /// What is asked.
    pub bodies: Bodies,
    /// When each request is due.
    pub schedule: Schedule,
    /// How many requests there are, unless the load is stopped before.
    pub requests: u64,
    /// How requests reach the service.
    pub mode: Mode,
    /// The most connections at any moment.
    pub max_connections: NonZeroUsize,
    /// A request without a whole answer this long after it was due has failed.
    pub timeout: Duration,
    /// Where randomness starts.
    pub seed: u64,
}

/// What was measured since the last batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Requests that ended, in the order in which they did.
    pub samples: Vec<Sample>,
    /// Identities met for the first time: they continue the list of earlier batches.
    pub identities: Vec<Identity>,
    /// Requests whose end is still open.
    pub pending: u64,
    /// Open connections.
    pub connections: usize,
}

/// What the load thread itself used.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Processor time of the load thread.
    pub busy: Duration,
    /// How long it ran.
    pub elapsed: Duration,
}

/// A load that is running.
#[derive(Debug)]
pub struct Load {
    start: Instant,
    batches: mpsc::UnboundedReceiver<Batch>,
    stop: CancellationToken,
    thread: std::thread::JoinHandle<io::Result<Usage>>,
}

impl Load {
    /// Starts the load; request 0 is due now.
    ///
    /// # Errors
    /// The thread can't be started.
    pub fn start(plan: Plan) -> io::Result<Self> {
        let start = Instant::now();
        let stop = CancellationToken::new();
        let (sender, batches) = mpsc::unbounded_channel();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || run(plan, start, sender, &stopped))?;
        Ok(Self { start, batches, stop, thread })
    }

    /// When request 0 was due.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.start
    }

    /// The next batch; `None` once every request has ended.
    pub async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }

    /// Sends nothing more. Requests already sent are still waited for, up to their time limit.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What the load thread used; call it after the last batch.
    ///
    /// # Errors
    /// The load could not be run at all.
    ///
    /// # Panics
    /// Where the load thread has.
    pub fn finish(self) -> io::Result<Usage> {
        match self.thread.join() {
            Ok(usage) => usage,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

fn run(
    plan: Plan,
    start: Instant,
    batches: mpsc::UnboundedSender<Batch>,
    stop: &CancellationToken,
) -> io::Result<Usage> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let engine = Rc::new(Engine::new(plan, start, batches));
    LocalSet::new().block_on(&runtime, pace(engine, stop))?;
    let busy = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Ok(Usage { busy: Duration::try_from(busy).unwrap_or_default(), elapsed: start.elapsed() })
}

/// Sends every request at its time, then waits until all have ended.
async fn pace(engine: Rc<Engine>, stop: &CancellationToken) -> io::Result<()> {
    let schedule = engine.plan.schedule;
    let mut timer = Timer::new()?;
    let mut handover = tokio::time::interval(BATCH_EVERY);
    handover.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopped = std::pin::pin!(stop.cancelled());
    let mut next = 0;
    loop {
        let due = schedule.due(engine.start.elapsed());
        let due = due.min(engine.plan.requests);
        while next < due {
            engine.clone().send(Job::new(next, schedule.intended_ns(next)));
            next += 1;
        }
        if next == engine.plan.requests {
            break;
        }
        let at = engine.start + Duration::from_nanos(schedule.intended_ns(next));
        tokio::select! {
            biased;
            () = &mut stopped => break,
            _ = handover.tick() => engine.hand_over(),
            waited = timer.until(at) => waited?,
        }
    }
    while engine.pending.get() > 0 {
        handover.tick().await;
        engine.hand_over();
    }
    engine.hand_over();
    Ok(())
}

/// A request that is due.
#[derive(Clone, Copy, Debug)]
struct Job {
    index: u64,
    intended_ns: u64,
    queued: bool,
}

impl Job {
    fn new(index: u64, intended_ns: u64) -> Self {
        Self { index, intended_ns, queued: false }
    }
}

/// What all requests share. One thread has it, so nothing is locked.
struct Engine {
    plan: Plan,
    start: Instant,
    pool: RefCell<Pool>,
    /// Requests that wait for a connection, longest waiting first.
    waiting: RefCell<VecDeque<Job>>,
    pending: Cell<u64>,
    samples: RefCell<Vec<Sample>>,
    identities: RefCell<Identities>,
    handed_over: Cell<usize>,
    batches: mpsc::UnboundedSender<Batch>,
}

impl Engine {
    fn new(plan: Plan, start: Instant, batches: mpsc::UnboundedSender<Batch>) -> Self {
        Self {
            pool: RefCell::new(Pool::new(plan.mode, plan.max_connections, plan.seed)),
            plan,
            start,
            waiting: RefCell::default(),
            pending: Cell::new(0),
            samples: RefCell::default(),
            identities: RefCell::default(),
            handed_over: Cell::new(0),
            batches,
        }
    }

    /// Sends a request that is due, or lets it wait for a connection where none may be opened.
    fn send(self: Rc<Self>, job: Job) {
        self.pending.set(self.pending.get() + 1);
        let choice = self.pool.borrow_mut().choose();
        match choice {
            Choice::Idle(connection) => drop(spawn_local(self.serve(job, Some(connection)))),
            Choice::Open => drop(spawn_local(self.serve(job, None))),
            Choice::Wait => self.waiting.borrow_mut().push_back(Job { queued: true, ..job }),
        }
    }

    /// Serves a request, and on the same place in the pool those that wait for one.
    async fn serve(self: Rc<Self>, mut job: Job, mut connection: Option<Connection>) {
        loop {
            connection = self.exchange(job, connection).await;
            let Some(waiting) = self.waiting.borrow_mut().pop_front() else {
                break;
            };
            job = waiting;
        }
        self.pool.borrow_mut().give_back(connection);
    }

    /// Sends one request and records how it ended. Gives the connection back where it serves on.
    async fn exchange(&self, job: Job, connection: Option<Connection>) -> Option<Connection> {
        let sent_ns = self.now_ns();
        let deadline = self.start + Duration::from_nanos(job.intended_ns) + self.plan.timeout;
        let exchange = exchange::exchange(self, job.index, connection);
        let ended = tokio::time::timeout_at(deadline.into(), exchange).await;
        let ended = ended.unwrap_or_else(|_| exchange::Ended::failed(Outcome::Timeout));
        // An answer carries the time at which its last byte was read: checking it is our time.
        let end_ns = ended.at.map_or_else(|| self.now_ns(), |at| self.ns(at));
        self.samples.borrow_mut().push(Sample {
            intended_ns: job.intended_ns,
            lag_ns: sent_ns.saturating_sub(job.intended_ns),
            latency_ns: end_ns.saturating_sub(job.intended_ns),
            outcome: ended.outcome,
            identity: ended.identity,
            queued: job.queued,
        });
        self.pending.set(self.pending.get() - 1);
        ended.connection
    }

    fn intern(
        &self,
        version: Option<&str>,
        model: Option<&str>,
        model_date: Option<&str>,
        instance: Option<&str>,
    ) -> IdentityId {
        let mut identities = self.identities.borrow_mut();
        identities.intern(version, model, model_date, instance)
    }

    fn now_ns(&self) -> u64 {
        self.ns(Instant::now())
    }

    fn ns(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    fn hand_over(&self) {
        let identities = self.identities.borrow();
        let new = &identities.all()[self.handed_over.get()..];
        let batch = Batch {
            samples: self.samples.take(),
            identities: new.to_vec(),
            pending: self.pending.get(),
            connections: self.pool.borrow().open(),
        };
        self.handed_over.set(identities.all().len());
        // Who no longer listens has no use for it.
        let _ = self.batches.send(batch);
    }
}
