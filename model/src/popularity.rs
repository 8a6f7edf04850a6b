//! What a candidate's popularity counts, worked out when a model is read: a power of a number for each
//! candidate of each request would cost more than all the rest.

use crate::score::popularity_factor;

/// From this number of songs on, popularity counts the same.
const MOST_SONGS: usize = 62;

/// The factors by number of songs and support.
pub(crate) struct Popularity {
    /// Per track: the number of its support among those that occur. Small, to stay in a cache.
    numbers: Vec<u16>,
    /// For each number of songs from 1 on, a factor for each support that occurs.
    factors: Vec<f32>,
    supports: usize,
}

/// The factors for one number of songs.
#[derive(Clone, Copy)]
pub(crate) struct Factors<'m> {
    numbers: &'m [u16],
    factors: &'m [f32],
}

impl Popularity {
    /// The factors for tracks of these supports, which fall.
    pub(crate) fn new(supports: &[u32]) -> Self {
        let mut occurring: Vec<u32> = Vec::new();
        let numbers = supports
            .iter()
            .map(|&support| {
                if occurring.last() != Some(&support) {
                    occurring.push(support);
                }
                // More occur only where all songs are in billions of rows, and hardly differ there.
                u16::try_from(occurring.len() - 1).unwrap_or(u16::MAX)
            })
            .collect();
        let factors = (1..=MOST_SONGS)
            .flat_map(|songs| {
                occurring.iter().map(move |&support| popularity_factor(songs, support))
            })
            .collect();
        Self { numbers, factors, supports: occurring.len() }
    }

    pub(crate) fn factors(&self, songs: usize) -> Factors<'_> {
        let start = (songs.clamp(1, MOST_SONGS) - 1) * self.supports;
        Factors { numbers: &self.numbers, factors: &self.factors[start..start + self.supports] }
    }
}

impl Factors<'_> {
    pub(crate) fn of(self, track: u32) -> f32 {
        self.factors[self.numbers[track as usize] as usize]
    }
}
