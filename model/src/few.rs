//! A set of a few things, quick to say that something is not among them.

use smallvec::SmallVec;

/// Things that are told from most others by bits of a number each has, and from all by comparing them.
pub(crate) struct Few<T> {
    things: SmallVec<[T; 16]>,
    bits: [u64; WORDS],
}

/// So many bits that most are free where a hundred things are there.
const WORDS: usize = 8;

impl<T: Copy + PartialEq> Few<T> {
    pub(crate) fn new() -> Self {
        Self { things: SmallVec::new(), bits: [0; WORDS] }
    }

    pub(crate) fn insert(&mut self, number: u32, thing: T) {
        let (word, bit) = place(number);
        self.bits[word] |= bit;
        self.things.push(thing);
    }

    pub(crate) fn contains(&self, number: u32, thing: T) -> bool {
        let (word, bit) = place(number);
        self.bits[word] & bit != 0 && self.things.contains(&thing)
    }
}

fn place(number: u32) -> (usize, u64) {
    ((number / u64::BITS) as usize % WORDS, 1 << (number % u64::BITS))
}
