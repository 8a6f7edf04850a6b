//! The items of a dataset: tracks with their names, kept compactly.
//!
//! Not here: which rows are the same item (see `track`).

use super::text::Strings;

/// What a dataset says of each item, by the item's id.
///
/// An artist that many items share is stored once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// One for each item, empty where the dataset names none.
    pub(super) uris: Strings,
    /// One for each item.
    pub(super) titles: Strings,
    pub(super) artists: Strings,
    /// Which of `artists` each item has.
    pub(super) artist: Vec<u32>,
}

/// An item's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'a> {
    /// The track's URI, empty where the dataset names none.
    pub uri: &'a str,
    /// The title as in the item's first row.
    pub title: &'a str,
    /// The artist as in the item's first row, empty where the dataset names none.
    pub artist: &'a str,
}

impl Items {
    /// So many items without names.
    #[cfg(test)]
    pub(crate) fn nameless(count: usize) -> Self {
        let mut items = Self { artist: vec![0; count], ..Self::default() };
        items.artists.push("");
        for _ in 0..count {
            items.titles.push("");
            items.uris.push("");
        }
        items
    }

    /// Nameless items by artists of these numbers, from 1 up.
    #[cfg(test)]
    pub(crate) fn by_artists(artist: Vec<u32>) -> Self {
        let mut items = Self::nameless(artist.len());
        let artists = artist.iter().max().copied().unwrap_or_default();
        (1..=artists).for_each(|number| items.artists.push(&number.to_string()));
        Self { artist, ..items }
    }

    /// The number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.titles.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.titles.is_empty()
    }

    /// Whether the dataset names the URI of any.
    #[must_use]
    pub fn have_uris(&self) -> bool {
        self.uris.iter().any(|uri| !uri.is_empty())
    }

    /// An item's names.
    ///
    /// # Panics
    /// There is no such item, as in indexing a slice.
    #[must_use]
    pub fn get(&self, item: u32) -> Item<'_> {
        let item = item as usize;
        Item {
            uri: &self.uris[item],
            title: &self.titles[item],
            artist: &self.artists[self.artist[item] as usize],
        }
    }

    /// All items' names, in the order of their ids.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Item<'_>> {
        // Ids are u32 by construction: the builder gives out no more.
        (0..self.len()).map(|item| self.get(item as u32))
    }

    /// Which of [`artists`](Self::artists) an item has: items of one artist have the same number.
    ///
    /// # Panics
    /// There is no such item, as in indexing a slice.
    #[must_use]
    pub fn artist_id(&self, item: u32) -> u32 {
        self.artist[item as usize]
    }

    /// The artists' names, each once. The empty name, where there is one, is not an artist: it is what
    /// items without one have.
    #[must_use]
    pub fn artists(&self) -> &Strings {
        &self.artists
    }
}
