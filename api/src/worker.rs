//! The threads that answer requests: one for each processor, each with connections of its own.
//!
//! A connection stays with its thread, and so its memory in that processor's cache. No thread is woken to take
//! work from another one: that would cost more than an answer does, which is ready in a few microseconds.
//! Answers that take longer are not worked out here.

use std::io;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The threads. When these are dropped, the threads end, and what they still do ends unfinished.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Vec<Handle>,
    _stop: DropGuard,
}

impl Workers {
    /// Starts so many threads.
    ///
    /// # Errors
    /// The system has no threads or descriptors left.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let stop = CancellationToken::new();
        let workers = (0..count).map(|_| start(stop.clone())).collect::<io::Result<_>>();
        // Those that have been started end where another can't be.
        let stop = stop.drop_guard();
        Ok(Self { workers: workers?, _stop: stop })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Handle> {
        self.workers.iter()
    }

    /// The one that has least to do: the fewest tasks, that is, connections.
    pub(crate) fn least_busy(&self) -> &Handle {
        let tasks = |worker: &&Handle| worker.metrics().num_alive_tasks();
        self.workers.iter().min_by_key(tasks).expect("there are processors")
    }
}

fn start(stop: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new().name("worker".to_owned()).spawn(move || {
        runtime.block_on(stop.cancelled());
        // An answer that is still being worked out beside it is not waited for.
        runtime.shutdown_background();
    })?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_shared_out_evenly_and_end_with_their_threads() {
        let workers = Workers::start(3).unwrap();
        let tasks: Vec<_> =
            (0..30).map(|_| workers.least_busy().spawn(std::future::pending::<()>())).collect();
        assert!(workers.all().all(|worker| worker.metrics().num_alive_tasks() == 10));
        drop(workers);
        let runtime = Builder::new_current_thread().build().unwrap();
        for task in tasks {
            assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        }
    }
}
