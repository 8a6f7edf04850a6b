//! Tracks by what rows say of them, literally: a row that says what an earlier one said names the same
//! track, and nearly all rows do. One look into memory tells, where finding a track by its URI and
//! comparing its names takes five or six, each of them a wait when tracks are many.
//!
//! What a row says is stood for by 96 bits of hash, keyed at random: two rows share them with a chance of
//! 2^-96, or 2^-64 where only their URIs differ or only their names. Among ten million different rows
//! that is less than the chance of a fault in the machine's memory.
//!
//! Not here: what an unseen row means (see `track`).

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

use super::track::Track;

/// Slots of an empty table.
const SLOTS_MIN: usize = 1 << 10;

/// The tracks of all rows so far: an open-addressed table with linear probing, at most three quarters
/// full, of which a slot is a quarter of a cache line.
#[derive(Debug)]
pub(super) struct Seen {
    slots: Vec<Slot>,
    used: usize,
    pub(super) fingerprints: Fingerprints,
}

/// What makes fingerprints: those of one table, and of no other.
#[derive(Clone, Debug, Default)]
pub(super) struct Fingerprints {
    hasher: DefaultHashBuilder,
}

/// What stands for all that a row says of its track.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Fingerprint {
    /// Its low bits say where to look first.
    high: u64,
    low: u32,
}

/// Sixteen bytes, so that none lies across two cache lines.
#[derive(Clone, Copy, Debug)]
struct Slot {
    high: u64,
    low: u32,
    track: u32,
}

/// No track has this number.
const FREE: u32 = u32::MAX;

const FREE_SLOT: Slot = Slot { high: 0, low: 0, track: FREE };

impl Default for Seen {
    fn default() -> Self {
        let slots = vec![FREE_SLOT; SLOTS_MIN];
        Self { slots, used: 0, fingerprints: Fingerprints::default() }
    }
}

impl Fingerprints {
    /// What stands for all that a row says of its track.
    pub(super) fn of(&self, track: Track<'_>) -> Fingerprint {
        let uri = self.hasher.hash_one(track.uri);
        let names = self.hasher.hash_one((track.title, track.artist));
        Fingerprint { high: uri ^ names.rotate_left(32), low: names as u32 }
    }
}

impl Seen {
    /// Asks memory for what these will need, for all of them side by side: looking them up one after the
    /// other then waits for none.
    pub(super) fn fetch(&self, fingerprints: &[Fingerprint]) {
        let slot = |&fingerprint: &Fingerprint| self.slots[self.home(fingerprint)].track;
        // Nothing is made of it but that it can't be left out.
        std::hint::black_box(fingerprints.iter().map(slot).fold(0, |all, track| all ^ track));
    }

    /// The track that a row with this fingerprint has named.
    pub(super) fn get(&self, fingerprint: Fingerprint) -> Option<u32> {
        let slot = self.slots[self.position(fingerprint)];
        (slot.track != FREE).then_some(slot.track)
    }

    /// Remembers the track of a row that has not been seen.
    pub(super) fn insert(&mut self, fingerprint: Fingerprint, track: u32) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let position = self.position(fingerprint);
        let Fingerprint { high, low } = fingerprint;
        self.slots[position] = Slot { high, low, track };
        self.used += 1;
    }

    fn home(&self, fingerprint: Fingerprint) -> usize {
        fingerprint.high as usize & (self.slots.len() - 1)
    }

    /// Where a fingerprint is, or the free slot where it would be.
    fn position(&self, fingerprint: Fingerprint) -> usize {
        let mut position = self.home(fingerprint);
        loop {
            let slot = &self.slots[position];
            let same = slot.high == fingerprint.high && slot.low == fingerprint.low;
            if same || slot.track == FREE {
                return position;
            }
            position = (position + 1) & (self.slots.len() - 1);
        }
    }

    fn grow(&mut self) {
        let larger = vec![FREE_SLOT; self.slots.len() * 2];
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.track != FREE {
                let Slot { high, low, .. } = slot;
                let position = self.position(Fingerprint { high, low });
                self.slots[position] = slot;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_found_again_however_much_else_was() {
        let mut seen = Seen::default();
        let uris: Vec<String> = (0..20_000).map(|number| format!("uri:{number}")).collect();
        let prints: Vec<_> = uris
            .iter()
            .map(|uri| Track { uri: uri.as_bytes(), title: b"a", artist: b"b" })
            .map(|track| seen.fingerprints.of(track))
            .collect();
        for (number, &print) in (0..).zip(&prints) {
            assert_eq!(seen.get(print), None);
            seen.insert(print, number);
        }
        seen.fetch(&prints);
        for (number, &print) in (0..).zip(&prints) {
            assert_eq!(seen.get(print), Some(number));
        }
        assert!(seen.slots.len() >= 20_000);
    }

    #[test]
    fn where_a_field_ends_makes_a_difference() {
        let fingerprints = Fingerprints::default();
        let print = |uri, title, artist| fingerprints.of(Track { uri, title, artist });
        assert_ne!(print(b"a", b"b", b""), print(b"", b"ab", b""));
        assert_ne!(print(b"a", b"b", b""), print(b"a", b"", b"b"));
    }
}
