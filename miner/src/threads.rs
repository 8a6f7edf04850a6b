//! The threads that mine: a pool's, or the calling one alone where it suffices, since to start a thread and to
//! pass everything through its hands takes longer than small data do.

use rayon::prelude::*;

/// Who works.
pub(crate) enum Threads {
    /// The calling thread.
    Caller,
    /// The threads of a pool.
    Pool(rayon::ThreadPool),
}

impl Threads {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Caller => 1,
            Self::Pool(pool) => pool.current_num_threads(),
        }
    }

    /// What becomes of each part, in order.
    pub(crate) fn map<P: Send, T: Send>(
        &self,
        parts: Vec<P>,
        work: impl Fn(P) -> T + Send + Sync,
    ) -> Vec<T> {
        match self {
            Self::Caller => parts.into_iter().map(work).collect(),
            Self::Pool(pool) => pool.install(|| parts.into_par_iter().map(work).collect()),
        }
    }
}
