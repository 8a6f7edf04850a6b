//! Which text of an array a text is: an index made at load, for arrays of distinct texts.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::format::Buffer;
use crate::text::Texts;

/// The numbers of texts by the texts' hashes: one look into memory instead of a search's many.
pub(crate) struct Lookup {
    numbers: HashTable<u32>,
    hash: DefaultHashBuilder,
}

impl Lookup {
    /// An index of those texts that are not empty. Of equal texts, any one is found.
    pub(crate) fn new(buffer: &Buffer, texts: &Texts) -> Self {
        let hash = DefaultHashBuilder::default();
        let mut numbers = HashTable::with_capacity(texts.len(buffer));
        let hash_of = |&number: &u32| hash.hash_one(texts.bytes(buffer, number as usize));
        for number in 0..texts.len(buffer) as u32 {
            if !texts.bytes(buffer, number as usize).is_empty() {
                numbers.insert_unique(hash_of(&number), number, hash_of);
            }
        }
        Self { numbers, hash }
    }

    /// The number of the text that is `text`.
    pub(crate) fn find(&self, buffer: &Buffer, texts: &Texts, text: &str) -> Option<u32> {
        let is_it = |&number: &u32| texts.bytes(buffer, number as usize) == text.as_bytes();
        self.numbers.find(self.hash.hash_one(text.as_bytes()), is_it).copied()
    }
}
