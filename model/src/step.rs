//! Work in steps, between which a thread gives its processor to those who wait for it.
//!
//! Models are read beside requests, on threads of the least priority. Such a thread is still left to run for
//! some milliseconds once it has a processor, whoever comes meanwhile (Linux: until its slice or the next
//! tick ends). With its turn given away, sched_yield(2), after each step, they wait for one step.

/// So many bytes are copied, digested or compared in a few hundredths of a millisecond.
pub(crate) const BYTES: usize = 128 << 10;
/// As long take so many looks into places of memory that are far from each other.
const LOOKS: usize = 1 << 10;

/// Ends a step.
pub(crate) fn give_way() {
    std::thread::yield_now();
}

/// The pieces of an array, each of which is worked on in one step.
pub(crate) fn pieces<T>(array: &[T]) -> impl Iterator<Item = &[T]> {
    array.chunks(BYTES / size_of::<T>()).inspect(|_| give_way())
}

/// The first place in an array of what is wanted.
pub(crate) fn position<T>(array: &[T], mut wanted: impl FnMut(&T) -> bool) -> Option<usize> {
    let mut start = 0;
    pieces(array).find_map(|piece| {
        let found = piece.iter().position(&mut wanted).map(|at| start + at);
        start += piece.len();
        found
    })
}

/// Counts looks into memory.
#[derive(Default)]
pub(crate) struct Looks(usize);

impl Looks {
    /// Adds some, and ends the step where there have been enough.
    pub(crate) fn add(&mut self, looks: usize) {
        self.0 += looks;
        if self.0 >= LOOKS {
            self.0 = 0;
            give_way();
        }
    }
}
