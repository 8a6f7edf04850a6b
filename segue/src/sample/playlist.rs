//! Made-up playlists: what one person puts together.
//!
//! A playlist has one genre or two, a handful of favourite artists from one scene of each, and a length.
//! Its tracks come from favourites, from their scene, from the genre at large, or are hits from anywhere;
//! now and then an album is played through.
//!
//! Not here: what music there is (see `catalog`).

use super::catalog::{Artist, Catalog, GENRES, Track};
use crate::random::Random;

/// How long playlists are, at 32 quantiles from the shortest to the longest: as people's are, many short
/// ones and a long tail. The mean is about 66, the median about 50.
const LENGTHS: [u64; 33] = [
    5, 8, 11, 14, 16, 18, 20, 22, 25, 27, 29, 32, 35, 38, 42, 46, 50, 54, 58, 63, 68, 73, 79, 86,
    93, 101, 110, 121, 134, 150, 172, 203, 250,
];

/// How many playlists in a thousand name no URIs, as some exports do not.
const WITHOUT_URIS_PER_MILLE: u64 = 12;

/// How often a track that the playlist already has is drawn again before it is left in: real playlists
/// have a few repeats.
const REDRAWS: u32 = 6;

/// A playlist.
#[derive(Clone, Debug)]
pub(super) struct Playlist {
    pub(super) tracks: Vec<Track>,
    pub(super) has_uris: bool,
}

/// What somebody likes.
struct Taste {
    genres: [usize; 2],
    favourites: Vec<Artist>,
}

impl Playlist {
    /// The playlist of this number: it depends on no other one.
    pub(super) fn new(catalog: &Catalog, pid: u64) -> Self {
        let random = &mut Random::of(&[catalog.seed, pid]);
        let length = length(random);
        let taste = Taste::new(catalog, length, random);
        let has_uris = random.below(1000) >= WITHOUT_URIS_PER_MILLE;
        let mut tracks: Vec<Track> = Vec::with_capacity(length);
        let mut redraws = 0;
        while tracks.len() < length {
            let track = taste.track(catalog, tracks.last(), random);
            if redraws < REDRAWS && tracks.contains(&track) {
                redraws += 1;
                continue;
            }
            redraws = 0;
            tracks.push(track);
        }
        Self { tracks, has_uris }
    }
}

impl Taste {
    fn new(catalog: &Catalog, length: usize, random: &mut Random) -> Self {
        let main = catalog.any_genre(random);
        let other = match random.below(10) {
            0..5 => main,
            5..8 => GENRES[main].neighbour,
            _ => catalog.any_genre(random),
        };
        let genres = [main, other];
        let anchors = genres.map(|genre| catalog.any_artist(genre, random));
        let favourites = 3 + length / 8;
        let favourites = (0..favourites)
            .map(|_| catalog.any_of_scene(anchors[usize::from(random.percent(30))], random))
            .chain(anchors)
            .collect();
        Self { genres, favourites }
    }

    fn track(&self, catalog: &Catalog, last: Option<&Track>, random: &mut Random) -> Track {
        let favourite = random.pick(&self.favourites);
        let artist = match random.below(100) {
            0..40 => favourite,
            40..55 => catalog.any_of_scene(favourite, random),
            55..90 => catalog.any_artist(self.genres[usize::from(random.percent(30))], random),
            90..95 => catalog.any_artist(catalog.any_genre(random), random),
            _ => {
                if let Some(next) = last.and_then(|last| catalog.next_of_album(*last)) {
                    return next;
                }
                favourite
            }
        };
        catalog.any_track(artist, random)
    }
}

fn length(random: &mut Random) -> usize {
    let steps = LENGTHS.len() as u64 - 1;
    let quantile = random.below(steps) as usize;
    let (low, high) = (LENGTHS[quantile], LENGTHS[quantile + 1]);
    (low + random.below(high - low + 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_people_make_them() {
        let random = &mut Random::new(1);
        let mut lengths: Vec<usize> = (0..100_000).map(|_| length(random)).collect();
        lengths.sort_unstable();
        assert_eq!((lengths[0], lengths[99_999]), (5, 250));
        let mean = lengths.iter().sum::<usize>() as f64 / lengths.len() as f64;
        assert!((65.0..67.0).contains(&mean), "{mean}");
        assert!((48..=52).contains(&lengths[50_000]), "{}", lengths[50_000]);
    }

    #[test]
    fn a_playlist_depends_on_its_number_and_the_seed_alone() {
        let tracks = |seed, pid| Playlist::new(&Catalog::new(1000, seed), pid).tracks;
        assert_eq!(tracks(1, 7), tracks(1, 7));
        assert_ne!(tracks(1, 7), tracks(1, 8));
        assert_ne!(tracks(1, 7), tracks(2, 7));
    }

    #[test]
    fn a_playlist_keeps_mostly_to_its_genres() {
        let catalog = Catalog::new(1000, 1);
        for pid in 0..50 {
            let playlist = Playlist::new(&catalog, pid);
            let mut of = [0; GENRES.len()];
            playlist.tracks.iter().for_each(|track| of[track.artist.genre] += 1);
            of.sort_unstable_by(|a, b| b.cmp(a));
            assert!((of[0] + of[1]) * 10 >= playlist.tracks.len() * 7, "{of:?}");
        }
    }
}
