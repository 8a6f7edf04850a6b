//! Work in many small parts, spread over the threads of the current pool.
//!
//! Rayon alone hands out a quarter of all parts at once where there are two threads, and one of them then
//! waits for the other's last quarter.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

/// What `each` makes of all parts, in their order. So many parts that follow each other are done by one
/// thread. A thread's memory is used for one part after the other, and is made as often as threads need it.
pub(crate) fn spread<P: Sync, M: Send, R: Send>(
    parts: &[P],
    together: usize,
    memory: impl Fn() -> M + Sync,
    each: impl Fn(&mut M, &P) -> R + Sync,
) -> Vec<R> {
    let idle = Mutex::new(Vec::new());
    let lock = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let done: Vec<Vec<R>> = parts
        .par_chunks(together)
        .with_max_len(1)
        .map(|parts| {
            let free = lock().pop();
            let mut own = free.unwrap_or_else(&memory);
            let done = parts.iter().map(|part| each(&mut own, part)).collect();
            lock().push(own);
            done
        })
        .collect();
    done.into_iter().flatten().collect()
}
