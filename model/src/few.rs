//! A set of a few things, quick to say that something is not among them.

use smallvec::SmallVec;

/// Things that are told from most others by bits of a number each has, and from all by comparing them.
pub(crate) struct Few<T> {
    things: SmallVec<[T; 16]>,
    bits: u64,
}

impl<T: Copy + PartialEq> Few<T> {
    pub(crate) fn new() -> Self {
        Self { things: SmallVec::new(), bits: 0 }
    }

    pub(crate) fn insert(&mut self, number: u32, thing: T) {
        self.bits |= bit(number);
        self.things.push(thing);
    }

    pub(crate) fn contains(&self, number: u32, thing: T) -> bool {
        self.bits & bit(number) != 0 && self.things.contains(&thing)
    }
}

fn bit(number: u32) -> u64 {
    1 << (number % u64::BITS)
}
