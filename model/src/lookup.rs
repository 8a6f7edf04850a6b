//! Which text of an array a text is: an index made at load.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use crate::step::Looks;

/// Asks for memory that is far from each other at once, so that it comes at once: whoever looks there next
/// need not wait for one place after the other.
pub(crate) fn touch<'a, T: Copy + Default + std::ops::BitXor<Output = T> + 'a>(
    places: impl Iterator<Item = &'a T>,
) {
    std::hint::black_box(places.fold(T::default(), |all, &place| all ^ place));
}

/// So many texts are worked on together.
pub(crate) const TOGETHER: usize = 16;

/// The numbers of texts by the texts' hashes: one look into memory instead of a search's many.
///
/// Open addressing with linear probing (Knuth: The Art of Computer Programming, volume 3, 6.4), half of
/// it empty. It is written out here because many texts are looked up at once, see [`Self::find_together`].
pub(crate) struct Lookup {
    /// Numbers of texts, with as much of their hashes above them as there is room for: by that most others
    /// are told from them, and an index is small enough for a cache.
    slots: Vec<u32>,
    /// The bits of a slot that are the number.
    number: u32,
    hash: DefaultHashBuilder,
    /// What all texts begin with, if there are any: of URIs, most of what tells them from titles.
    prefix: Option<Vec<u8>>,
}

/// More than any number is: an index has room for one text more than there are.
const EMPTY: u32 = u32::MAX;

impl Lookup {
    /// An index of the first `count` texts, but for those that are empty. Of equal texts, the first is
    /// found.
    pub(crate) fn new<'t>(count: usize, text_at: impl Fn(usize) -> &'t [u8]) -> Self {
        let room = (2 * count).next_power_of_two();
        let number = u32::MAX >> (count as u32 | 1).leading_zeros();
        let hash = DefaultHashBuilder::default();
        let mut lookup = Self { slots: vec![EMPTY; room], number, hash, prefix: None };
        let mut looks = Looks::default();
        for start in (0..count).step_by(TOGETHER) {
            let end = count.min(start + TOGETHER);
            looks.add(end - start);
            let hashes: [u64; TOGETHER] = std::array::from_fn(|at| match start + at < end {
                true => lookup.hash.hash_one(text_at(start + at)),
                false => 0,
            });
            // The places come into the cache together.
            std::hint::black_box(hashes.map(|hash| lookup.slots[lookup.home(hash)]));
            for (number, hash) in (start..end).zip(hashes) {
                lookup.add(number as u32, hash, &text_at);
            }
        }
        lookup
    }

    fn add<'t>(&mut self, number: u32, hash: u64, text_at: impl Fn(usize) -> &'t [u8]) {
        let text = text_at(number as usize);
        let Err(free) = self.probe(text, hash, text_at) else { return };
        if text.is_empty() {
            return;
        }
        self.slots[free] = self.slot(hash, number);
        let prefix = self.prefix.get_or_insert_with(|| text.to_vec());
        let same = prefix.iter().zip(text).take_while(|(a, b)| a == b).count();
        prefix.truncate(same);
    }

    fn slot(&self, hash: u64, number: u32) -> u32 {
        (hash >> 32) as u32 & !self.number | number
    }

    /// Where a text of this hash stands if nothing stood there before it.
    fn home(&self, hash: u64) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// The number of the text that is `text`.
    pub(crate) fn find<'t>(&self, text: &str, text_at: impl Fn(usize) -> &'t [u8]) -> Option<u32> {
        let text = text.as_bytes();
        match self.may_hold(text) {
            true => self.probe(text, self.hash.hash_one(text), text_at).ok(),
            false => None,
        }
    }

    /// Whether a text begins as all texts do.
    pub(crate) fn may_hold(&self, text: &[u8]) -> bool {
        self.prefix.as_ref().is_some_and(|prefix| text.starts_with(prefix))
    }

    /// The number of the text that is `text`, or the slot that is free for it.
    fn probe<'t>(
        &self,
        text: &[u8],
        hash: u64,
        text_at: impl Fn(usize) -> &'t [u8],
    ) -> Result<u32, usize> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots[at];
            if slot == EMPTY {
                return Err(at);
            }
            let number = slot & self.number;
            if slot == self.slot(hash, number) && text_at(number as usize) == text {
                return Ok(number);
            }
            at = self.after(at);
        }
    }

    /// The numbers of the texts that are these, [`TOGETHER`] at most. Each step is done for all of them
    /// before the next: the memory that one waits for comes while the others are worked on.
    pub(crate) fn find_together<'t>(
        &self,
        wanted: &[&[u8]],
        text_at: impl Fn(usize) -> &'t [u8],
    ) -> [Option<u32>; TOGETHER] {
        let mut places = [(0, EMPTY, &[][..]); TOGETHER];
        let places = &mut places[..wanted.len()];
        for (place, text) in places.iter_mut().zip(wanted) {
            let hash = self.hash.hash_one(text);
            *place = (hash, self.slots[self.home(hash)], &[]);
        }
        for (_, slot, text) in places.iter_mut().filter(|(_, slot, _)| *slot != EMPTY) {
            *text = text_at((*slot & self.number) as usize);
        }
        touch(places.iter().filter_map(|(_, _, text)| text.first()));
        let mut numbers = [None; TOGETHER];
        for ((number, wanted), &(hash, slot, text)) in numbers.iter_mut().zip(wanted).zip(&*places)
        {
            *number = match text == *wanted && slot != EMPTY {
                true => Some(slot & self.number),
                false => self.probe(wanted, hash, &text_at).ok(),
            };
        }
        numbers
    }
}
