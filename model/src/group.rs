//! Groups of numbers, and the rules of antecedents, while a model is made.

use crate::catalog::TrackId;
use crate::written::{level_of_share, word};

/// The rules of one antecedent as they are written: made of consequents and strengths, best first, by
/// whichever thread has them.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// As [`word`] makes them.
    words: Box<[u32]>,
    scale: f32,
}

impl Rules {
    pub(crate) fn new(rules: &[(TrackId, f32)], level: impl Fn(f32) -> u8) -> Self {
        let scale = rules.iter().map(|&(_, weight)| weight.abs()).fold(0.0, f32::max);
        let words = rules.iter().filter_map(|&(track, weight)| word(track, level(weight / scale)));
        Self { words: words.collect(), scale }
    }

    /// Those of tracks and strengths in any order, the strongest first; equal ones as tracks come.
    #[must_use]
    pub fn strongest_first(rules: &[(TrackId, f32)]) -> Self {
        let mut rules = Self::new(rules, level_of_share);
        // Levels first, and then the track.
        rules
            .words
            .sort_unstable_by_key(|word| !(word.rotate_right(u8::BITS) ^ u32::MAX >> u8::BITS));
        rules
    }
}

impl<R: AsRef<[(TrackId, f32)]>> From<R> for Rules {
    fn from(rules: R) -> Self {
        Self::new(rules.as_ref(), level_of_share)
    }
}

/// Rules of one kind while they are made.
#[derive(Debug)]
pub(crate) struct RulesBuilder {
    pub(crate) groups: GroupsBuilder,
    pub(crate) scales: Vec<f32>,
}

impl RulesBuilder {
    pub(crate) fn new() -> Self {
        Self { groups: GroupsBuilder::new(), scales: Vec::new() }
    }

    /// Adds the rules of the next antecedent; false where they would outgrow their offsets.
    #[must_use]
    pub(crate) fn push(&mut self, rules: &Rules) -> bool {
        self.groups.members.extend_from_slice(&rules.words);
        self.scales.push(rules.scale);
        self.groups.end_group()
    }
}

/// Groups of numbers while they are made.
#[derive(Debug)]
pub(crate) struct GroupsBuilder {
    pub(crate) offsets: Vec<u32>,
    pub(crate) members: Vec<u32>,
}

impl GroupsBuilder {
    pub(crate) fn new() -> Self {
        Self { offsets: vec![0], members: Vec::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Closes a group; false where the members would outgrow their 32-bit offsets.
    #[must_use]
    pub(crate) fn end_group(&mut self) -> bool {
        match u32::try_from(self.members.len()) {
            Ok(end) => self.offsets.push(end),
            Err(_) => return false,
        }
        true
    }
}
