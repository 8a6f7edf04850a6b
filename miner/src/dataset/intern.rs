//! Numbers for strings: the same number for the same bytes, counted from 0 in order of first appearance.
//!
//! A file repeats each of its strings many times; from here on a string is four bytes. Only a string's
//! first appearance is checked to be UTF-8: whatever equals it is, too.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::text::Strings;

/// A set of strings that knows each one's number.
#[derive(Debug, Default)]
pub(super) struct Interner {
    strings: Strings,
    /// Numbers of strings, found by their strings' hashes.
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Why a string got no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not UTF-8: this is its first wrong byte, and that byte's position.
    NotUtf8 { byte: u8, position: usize },
    /// All numbers are taken.
    Full,
}

impl Interner {
    /// The number of a string, a new one where it is new.
    pub(super) fn intern(&mut self, bytes: &[u8]) -> Result<u32, Refused> {
        let Self { strings, table, hasher } = self;
        let hash = hasher.hash_one(bytes);
        if let Some(&number) = table.find(hash, |&number| strings.bytes(number) == bytes) {
            return Ok(number);
        }
        let string = utf8(bytes)?;
        let number = next_number(strings.len())?;
        strings.push(string);
        table.insert_unique(hash, number, |&number| hasher.hash_one(strings.bytes(number)));
        Ok(number)
    }

    pub(super) fn strings(&self) -> &Strings {
        &self.strings
    }

    /// The strings alone, for when no more will come.
    pub(super) fn into_strings(self) -> Strings {
        let mut strings = self.strings;
        strings.shrink_to_fit();
        strings
    }
}

/// The bytes as text.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(bytes).map_err(|error| {
        let position = error.valid_up_to();
        Refused::NotUtf8 { byte: bytes[position], position }
    })
}

/// The number that follows `count` numbers given out; the largest `u32` is left to mean none.
pub(super) fn next_number(count: usize) -> Result<u32, Refused> {
    u32::try_from(count).ok().filter(|&number| number < u32::MAX).ok_or(Refused::Full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_keeps_its_first_number_through_growth() {
        let mut interner = Interner::default();
        let words: Vec<String> = (0..10_000).map(|number| format!("word {}", number / 2)).collect();
        for (index, word) in words.iter().enumerate() {
            assert_eq!(interner.intern(word.as_bytes()), Ok(index as u32 / 2));
        }
        assert_eq!(interner.strings().len(), 5_000);
        assert_eq!(&interner.into_strings()[4_999], "word 4999");
    }

    #[test]
    fn what_is_not_utf8_is_refused_with_its_place_and_leaves_no_trace() {
        let mut interner = Interner::default();
        let refused = interner.intern(b"caf\xe9 noir");
        assert_eq!(refused, Err(Refused::NotUtf8 { byte: 0xe9, position: 3 }));
        assert!(interner.strings().is_empty());
        assert_eq!(interner.intern("café".as_bytes()), Ok(0));
    }
}
