//! What is asked of each song, side by side.
//!
//! Where memory is far away, a short answer takes as long as the places are many that it looks at. What
//! stands in a dozen arrays of the file is one cache line here. Made at load.

use bytemuck::{Pod, Zeroable};

use crate::buffer::Buffer;
use crate::catalog::{CatalogSpans, Name, TrackId};
use crate::memory::Memory;
use crate::rule::RuleSpans;
use crate::step::Looks;
use crate::text::Part;
use crate::written::Place;

/// What is asked of a song.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Head {
    pub(crate) name: Name,
    /// Where the tracks stand whose titles have the same key as its own.
    pub(crate) namesakes: Part,
    /// What short answers read of it.
    pub(crate) short: Place,
    pub(crate) learned: Place,
    /// The first track of the edition that its title notes, if it notes one.
    pub(crate) edition: TrackId,
    /// See [`Self::only`].
    only: u32,
}

const SEVERAL: u32 = u32::MAX;

impl Head {
    /// The transaction that its rules are made from, where that is one alone.
    pub(crate) fn only(&self) -> Option<u32> {
        (self.only != SEVERAL).then_some(self.only)
    }
}

/// The songs of a model by their numbers. `keys` are the numbers of their titles' keys.
pub(crate) fn all(
    buffer: &Buffer,
    catalog: &CatalogSpans,
    keys: &[u32],
    rules: &RuleSpans,
) -> Memory<Head> {
    let mut looks = Looks::default();
    let head = |(track, &key): (TrackId, &u32)| {
        looks.add(1);
        let [short, learned] = rules.places(buffer, track);
        Head {
            name: catalog.name(buffer, track, key),
            namesakes: catalog.namesakes(buffer, key),
            short,
            learned,
            edition: catalog.edition(buffer, track),
            only: rules.only(buffer, track).unwrap_or(SEVERAL),
        }
    };
    let mut heads = Memory::zeroed(keys.len()).expect("there is memory");
    heads.iter_mut().zip((0..).zip(keys).map(head)).for_each(|(place, head)| *place = head);
    heads
}
