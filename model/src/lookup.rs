//! Which text of an array a text is: an index made at load, for arrays of distinct texts.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;
use smallvec::SmallVec;

use crate::buffer::Buffer;
use crate::step::Looks;
use crate::text::Texts;

/// The numbers of texts by the texts' hashes: one look into memory instead of a search's many.
///
/// Open addressing with linear probing (Knuth: The Art of Computer Programming, volume 3, 6.4), half of
/// it empty. It is written out here because many texts are looked up at once, see [`Self::find_all`].
pub(crate) struct Lookup {
    slots: Vec<Slot>,
    hash: DefaultHashBuilder,
    /// What all texts begin with, if there are any: of URIs, most of what tells them from titles.
    prefix: Option<Vec<u8>>,
}

/// A text's number and half of its hash, by which most others are told from it.
#[derive(Clone, Copy)]
struct Slot {
    tag: u32,
    number: u32,
}

const EMPTY: Slot = Slot { tag: 0, number: u32::MAX };

impl Slot {
    fn new(hash: u64, number: u32) -> Self {
        Self { tag: (hash >> 32) as u32, number }
    }

    fn is_empty(self) -> bool {
        self.number == EMPTY.number
    }
}

impl Lookup {
    /// An index of those texts that are not empty. Of equal texts, the first is found.
    pub(crate) fn new(buffer: &Buffer, texts: &Texts) -> Self {
        let room = (2 * texts.len(buffer)).next_power_of_two();
        let hash = DefaultHashBuilder::default();
        let mut lookup = Self { slots: vec![EMPTY; room], hash, prefix: None };
        let mut looks = Looks::default();
        for number in 0..texts.len(buffer) {
            looks.add(1);
            let text = texts.bytes(buffer, number);
            if text.is_empty() {
                continue;
            }
            let hash = lookup.hash.hash_one(text);
            let mut at = lookup.home(hash);
            while !lookup.slots[at].is_empty() {
                at = lookup.after(at);
            }
            lookup.slots[at] = Slot::new(hash, number as u32);
            let prefix = lookup.prefix.get_or_insert_with(|| text.to_vec());
            let same = prefix.iter().zip(text).take_while(|(a, b)| a == b).count();
            prefix.truncate(same);
        }
        lookup
    }

    /// Where a text of this hash stands if nothing stood there before it.
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// The number of the text that is `text`.
    pub(crate) fn find(&self, buffer: &Buffer, texts: &Texts, text: &str) -> Option<u32> {
        let text = text.as_bytes();
        match self.may_hold(text) {
            true => self.probe(buffer, texts, text, self.hash.hash_one(text)),
            false => None,
        }
    }

    /// Whether a text begins as all texts do.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| text.starts_with(prefix))
    }

    fn probe(&self, buffer: &Buffer, texts: &Texts, text: &[u8], hash: u64) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot.is_empty() {
                return None;
            }
            if slot.tag == Slot::new(hash, 0).tag
                && texts.bytes(buffer, slot.number as usize) == text
            {
                return Some(slot.number);
            }
            at = self.after(at);
        }
    }

    /// The numbers of the texts that are these. Each step is done for all of them before the next: the
    /// memory that one waits for comes while the others are worked on.
    pub(crate) fn find_all<'w>(
        &self,
        buffer: &Buffer,
        texts: &Texts,
        wanted: impl ExactSizeIterator<Item = &'w [u8]> + Clone,
    ) -> impl Iterator<Item = Option<u32>> {
        let slots: SmallVec<[(u64, Slot); 8]> = wanted
            .clone()
            .map(|text| self.hash.hash_one(text))
            .map(|hash| (hash, self.slots[self.home(hash)]))
            .collect();
        let found: SmallVec<[&[u8]; 8]> = slots
            .iter()
            .map(|(_, slot)| match slot.is_empty() {
                true => &[][..],
                false => texts.bytes(buffer, slot.number as usize),
            })
            .collect();
        let each = wanted.zip(slots).zip(found);
        each.map(|((wanted, (hash, slot)), found)| match found == wanted && !slot.is_empty() {
            true => Some(slot.number),
            false => self.probe(buffer, texts, wanted, hash),
        })
    }
}
