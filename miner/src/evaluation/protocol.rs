//! Which playlists are held back, and what is asked of them: the same on every machine, for it hangs on
//! nothing but what the playlists are called and hold.

use std::fmt;
use std::str::FromStr;

use crate::dataset::Items;

/// Which part of the playlists is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Split {
    /// A tenth, to judge by; the other nine tenths train.
    Test,
    /// Another tenth, to choose parameters by; eight tenths train, and the test tenth stays unseen.
    Valid,
}

/// What a playlist is to a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Train,
    Held,
    Neither,
}

impl Split {
    /// What the playlist of this name is to the split.
    pub(crate) fn part(self, playlist: &str) -> Part {
        match (self, hash(playlist.as_bytes()) % 10) {
            (Self::Test, 0) | (Self::Valid, 1) => Part::Held,
            (Self::Valid, 0) => Part::Neither,
            _ => Part::Train,
        }
    }
}

/// Which songs of a playlist are given: the others are to be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeding {
    /// The first so many.
    First(usize),
    /// Half of them, drawn by hash.
    Half,
}

impl fmt::Display for Seeding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First(number) => number.fmt(f),
            Self::Half => f.write_str("half"),
        }
    }
}

impl FromStr for Seeding {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(number) if number > 0 => Ok(Self::First(number)),
            _ if text == "half" => Ok(Self::Half),
            _ => Err("expected a number of songs, or half".to_owned()),
        }
    }
}

impl Seeding {
    /// How many of so many songs are given: all of them, where there are too few to leave any to guess.
    pub(crate) fn given(self, songs: usize) -> usize {
        match self {
            Self::First(number) => number.min(songs),
            Self::Half => (songs / 2).max(1),
        }
    }

    /// Divides a playlist into seeds and targets, both in the playlist's order.
    pub(crate) fn divide(
        self,
        playlist: &str,
        songs: &[u32],
        items: &Items,
    ) -> (Vec<u32>, Vec<u32>) {
        match self {
            Self::First(_) => {
                let (seeds, targets) = songs.split_at(self.given(songs.len()));
                (seeds.to_vec(), targets.to_vec())
            }
            Self::Half => {
                let mut drawn: Vec<(u64, usize)> = (0..songs.len())
                    .map(|at| (hash(&key_in_playlist(playlist, items, songs[at])), at))
                    .collect();
                drawn.sort_unstable();
                let mut given = vec![false; songs.len()];
                for &(_, at) in &drawn[..self.given(songs.len())] {
                    given[at] = true;
                }
                let side = |seed: bool| {
                    let songs = songs.iter().zip(&given).filter(move |&(_, &given)| given == seed);
                    songs.map(|(&song, _)| song).collect()
                };
                (side(true), side(false))
            }
        }
    }
}

/// The playlist's name, U+001F and the song's key: its URI, or else title, U+001F and artist.
fn key_in_playlist(playlist: &str, items: &Items, song: u32) -> Vec<u8> {
    let item = items.get(song);
    let mut key = playlist.as_bytes().to_vec();
    key.push(0x1f);
    if item.uri.is_empty() {
        key.extend_from_slice(item.title.as_bytes());
        key.push(0x1f);
        key.extend_from_slice(item.artist.as_bytes());
    } else {
        key.extend_from_slice(item.uri.as_bytes());
    }
    key
}

/// FNV-1a (64 bits) of the bytes, finished with `MurmurHash3`'s 64-bit mixer.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
