//! Many strings in two allocations: one blob and the offsets between which each string lies.
//!
//! Not here: finding a string's number (see `intern`), and what the strings mean.

use std::ops::Index;

/// Strings, numbered from 0 in the order they were added.
///
/// ```
/// use segue_miner::dataset::Strings;
///
/// let mut strings = Strings::default();
/// strings.push("sol");
/// strings.push("");
/// assert_eq!(&strings[0], "sol");
/// assert_eq!(strings.iter().collect::<Vec<_>>(), ["sol", ""]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    blob: String,
    /// Where each string ends; it begins where the one before ends.
    ends: Vec<usize>,
}

impl Strings {
    /// The number of strings.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The strings in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        (0..self.len()).map(|index| &self[index])
    }

    /// Adds a string.
    pub fn push(&mut self, string: &str) {
        self.blob.push_str(string);
        self.ends.push(self.blob.len());
    }

    /// The bytes of a string: comparing them needs no check of character boundaries.
    pub(super) fn bytes(&self, index: u32) -> &[u8] {
        let (start, end) = self.bounds(index as usize);
        &self.blob.as_bytes()[start..end]
    }

    fn bounds(&self, index: usize) -> (usize, usize) {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        (start, self.ends[index])
    }

    /// Gives back what growing took too much.
    pub(super) fn shrink_to_fit(&mut self) {
        self.blob.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

impl Index<usize> for Strings {
    type Output = str;

    fn index(&self, index: usize) -> &str {
        let (start, end) = self.bounds(index);
        &self.blob[start..end]
    }
}

impl<S: AsRef<str>> FromIterator<S> for Strings {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut all = Self::default();
        for string in strings {
            all.push(string.as_ref());
        }
        all
    }
}
