//! The frequent songs: what is asked of each of them side by side.
//!
//! Where memory is far away, a short answer takes as long as the places are many that it looks at. What
//! stands in a dozen arrays of the file is one cache line here. Made at load, for songs of more than one
//! transaction: the others are most of all songs, but few of those that are asked for or recommended.

use crate::buffer::Buffer;
use crate::catalog::{CatalogSpans, Name, TrackId};
use crate::rule::RuleSpans;
use crate::step::Looks;
use crate::text::Part;
use crate::written::Place;

/// A song of so many transactions is not frequent.
const RARE: u32 = 1;

/// What is asked of a song.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Head {
    pub(crate) name: Name,
    /// Where the tracks stand whose titles have the same key as its own.
    pub(crate) namesakes: Part,
    /// What short answers read of it.
    pub(crate) short: Place,
    pub(crate) learned: Place,
}

/// The frequent songs of a model.
pub(crate) struct Frequent {
    heads: Vec<Head>,
}

impl Frequent {
    pub(crate) fn new(buffer: &Buffer, catalog: &CatalogSpans, rules: &RuleSpans) -> Self {
        let supports = buffer.slice(&catalog.track_support);
        let count = supports.partition_point(|&support| support > RARE);
        let mut looks = Looks::default();
        let head = |track| {
            looks.add(1);
            let name = catalog.name(buffer, track);
            let [short, learned] = rules.places(buffer, track);
            Head { name, namesakes: catalog.namesakes(buffer, name), short, learned }
        };
        Self { heads: (0..count as TrackId).map(head).collect() }
    }

    /// No song is among the frequent ones: all are looked up in the arrays of the file.
    pub(crate) fn none() -> Self {
        Self { heads: Vec::new() }
    }

    pub(crate) fn get(&self, track: TrackId) -> Option<&Head> {
        self.heads.get(track as usize)
    }
}
