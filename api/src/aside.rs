//! Work that takes its time and must cost no request any: loading a model, freeing one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use tokio::sync::oneshot;

/// The niceness of the thread (setpriority(2)): the highest there is.
const LEAST_PRIORITY: i32 = 19;

/// A thread that gives way to those that answer requests: it has the processor when no other wants it.
#[derive(Clone)]
pub(crate) struct Aside(mpsc::Sender<Box<dyn FnOnce() + Send>>);

impl Aside {
    /// Starts the thread, which ends with the last of these.
    pub(crate) fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        std::thread::spawn(move || {
            // On Linux, niceness is a thread's own, and that of the threads it starts. Where it is
            // refused, the work is no less right.
            let _ = rustix::process::setpriority_process(None, LEAST_PRIORITY);
            for job in queue {
                // A panic is told to whoever waits for the job; the thread goes on.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        });
        Self(jobs)
    }

    /// Does the work there, and waits for it.
    ///
    /// # Panics
    /// The work does.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (done, outcome) = oneshot::channel();
        let job = move || drop(done.send(work()));
        self.0.send(Box::new(job)).expect("the thread outlives all panics");
        outcome.await.expect("the work does not panic")
    }
}
