//! What music there is in a made dataset: genres, their artists, and how many tracks each has.
//!
//! Nothing is kept but the sizes: an artist and a track are numbers, and everything about them follows
//! from these. So a dataset of any size is made in no memory to speak of.
//!
//! Not here: names (see `name`), and who listens to what (see `playlist`).

use crate::random::Random;

/// What artists of a genre are mostly called like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Singers,
    Bands,
    Rappers,
    Producers,
    Ensembles,
}

/// A genre.
#[derive(Clone, Copy, Debug)]
pub(super) struct Genre {
    /// How much is listened to it, and so how many artists it has, beside the others.
    share: u64,
    pub(super) manner: Manner,
    /// Which of the vocabulary's moods its titles are in.
    pub(super) moods: [usize; 2],
    /// The genre that goes well with it.
    pub(super) neighbour: usize,
}

const fn genre(share: u64, manner: Manner, moods: [usize; 2], neighbour: usize) -> Genre {
    Genre { share, manner, moods, neighbour }
}

/// All genres. Shares fall slowly, as they do on the radio.
pub(super) const GENRES: [Genre; 16] = [
    genre(20, Manner::Singers, [4, 0], 2),
    genre(16, Manner::Rappers, [0, 4], 5),
    genre(13, Manner::Producers, [5, 0], 0),
    genre(11, Manner::Bands, [2, 4], 7),
    genre(9, Manner::Singers, [2, 4], 9),
    genre(8, Manner::Singers, [0, 5], 1),
    genre(7, Manner::Bands, [3, 1], 9),
    genre(6, Manner::Bands, [5, 2], 3),
    genre(6, Manner::Producers, [5, 1], 2),
    genre(5, Manner::Singers, [3, 2], 6),
    genre(5, Manner::Singers, [1, 4], 0),
    genre(4, Manner::Bands, [0, 1], 7),
    genre(4, Manner::Ensembles, [0, 3], 13),
    genre(3, Manner::Ensembles, [3, 1], 12),
    genre(3, Manner::Rappers, [5, 0], 1),
    genre(2, Manner::Ensembles, [1, 3], 10),
];

/// An artist: the genre, and the rank of popularity within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Artist {
    pub(super) genre: usize,
    pub(super) index: u64,
}

/// A track: the artist, and the rank of popularity among the artist's tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) artist: Artist,
    pub(super) number: u64,
}

/// How flat the head of artists' popularity is: the first of a genre is a hit, not a monopoly.
const ARTISTS_HEAD: u64 = 3;

/// How flat the head of a single artist's tracks is.
const TRACKS_HEAD: u64 = 1;

/// The most tracks of one artist.
const TRACKS_MAX: u64 = 96;

/// Tracks on an album.
const ALBUM_TRACKS: u64 = 11;

/// Scenes of a genre: its artists are heard together with others of theirs first of all.
const SCENES: u64 = 6;

/// How much music there is.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    pub(super) seed: u64,
    /// How many artists each genre has.
    artists: [u64; GENRES.len()],
    /// The number of each genre's first artist among all.
    first: [u64; GENRES.len()],
}

impl Catalog {
    /// The music behind so many playlists. It grows as their number to the power of two thirds: about
    /// two million tracks for a million playlists, ten thousand for four hundred.
    pub(super) fn new(playlists: u64, seed: u64) -> Self {
        let all = GENRES.iter().map(|genre| genre.share).sum::<u64>();
        let total = 28 * cube_root(playlists * playlists);
        let artists = GENRES.map(|genre| (total * genre.share / all).max(SCENES));
        let mut first = [0; GENRES.len()];
        for genre in 1..GENRES.len() {
            first[genre] = first[genre - 1] + artists[genre - 1];
        }
        Self { seed, artists, first }
    }

    /// A genre, by its share.
    pub(super) fn any_genre(&self, random: &mut Random) -> usize {
        let mut left = random.below(GENRES.iter().map(|genre| genre.share).sum());
        let mut genre = 0;
        while left >= GENRES[genre].share {
            left -= GENRES[genre].share;
            genre += 1;
        }
        genre
    }

    /// An artist of a genre, by popularity.
    pub(super) fn any_artist(&self, genre: usize, random: &mut Random) -> Artist {
        Artist { genre, index: random.rank(self.artists[genre], ARTISTS_HEAD) }
    }

    /// Another artist of the scene that an artist belongs to, by popularity.
    pub(super) fn any_of_scene(&self, artist: Artist, random: &mut Random) -> Artist {
        let Artist { genre, index } = artist;
        let scene = index % SCENES;
        // Of as many successive ranks as there are scenes, each has one: stars as well as unknowns.
        let members = (self.artists[genre] - scene).div_ceil(SCENES);
        Artist { genre, index: scene + SCENES * random.rank(members, ARTISTS_HEAD) }
    }

    /// A track of an artist, by popularity.
    pub(super) fn any_track(&self, artist: Artist, random: &mut Random) -> Track {
        let tracks = self.tracks(artist);
        // Of two draws the better known: an artist's hits outshine the rest more than artists do others.
        let number = random.rank(tracks, TRACKS_HEAD).min(random.rank(tracks, TRACKS_HEAD));
        Track { artist, number }
    }

    /// How many tracks an artist has: the more popular the more.
    fn tracks(&self, artist: Artist) -> u64 {
        let Artist { genre, index } = artist;
        (3 + index % 3 + self.artists[genre] / (index + 8)).min(TRACKS_MAX)
    }

    /// Which album a track is on, and how many tracks the artist's albums have between them: hits are
    /// spread over all albums.
    pub(super) fn album(&self, track: Track) -> u64 {
        track.number % self.albums(track.artist)
    }

    /// The track after this one on its album, if there is one.
    pub(super) fn next_of_album(&self, track: Track) -> Option<Track> {
        let number = track.number + self.albums(track.artist);
        (number < self.tracks(track.artist)).then_some(Track { number, ..track })
    }

    fn albums(&self, artist: Artist) -> u64 {
        self.tracks(artist).div_ceil(ALBUM_TRACKS)
    }

    /// A number that no other track has.
    pub(super) fn id(&self, track: Track) -> u64 {
        (self.first[track.artist.genre] + track.artist.index) * TRACKS_MAX + track.number
    }
}

/// The largest number whose cube is at most this one, of 63 bits.
fn cube_root(number: u64) -> u64 {
    let mut root: u64 = 0;
    for bit in (0..21).rev() {
        let candidate = root | 1 << bit;
        if candidate.pow(3) <= number {
            root = candidate;
        }
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_exact() {
        assert_eq!(cube_root(0), 0);
        for root in [1, 2, 54, 10_000, (1 << 21) - 1_u64] {
            assert_eq!(cube_root(root.pow(3)), root);
            assert_eq!(cube_root(root.pow(3) - 1), root - 1);
        }
    }

    #[test]
    fn every_track_has_a_number_of_its_own() {
        let catalog = Catalog::new(50, 1);
        let mut ids = std::collections::BTreeSet::new();
        let mut tracks = 0;
        for genre in 0..GENRES.len() {
            for index in 0..catalog.artists[genre] {
                let artist = Artist { genre, index };
                for number in 0..catalog.tracks(artist) {
                    ids.insert(catalog.id(Track { artist, number }));
                    tracks += 1;
                }
            }
        }
        assert_eq!(ids.len(), tracks);
    }

    #[test]
    fn what_is_drawn_exists() {
        for playlists in [1, 7, 400, 5000] {
            let catalog = Catalog::new(playlists, 1);
            let random = &mut Random::new(playlists);
            for _ in 0..2000 {
                let genre = catalog.any_genre(random);
                let artist = catalog.any_artist(genre, random);
                let peer = catalog.any_of_scene(artist, random);
                assert_eq!(peer.genre, genre);
                assert!(artist.index.max(peer.index) < catalog.artists[genre]);
                let track = catalog.any_track(peer, random);
                assert!(track.number < catalog.tracks(peer));
                if let Some(next) = catalog.next_of_album(track) {
                    assert_eq!(catalog.album(next), catalog.album(track));
                }
            }
        }
    }

    #[test]
    fn the_catalog_grows_more_slowly_than_the_playlists() {
        let tracks = |playlists| {
            let catalog = Catalog::new(playlists, 1);
            let of = |genre| (0..catalog.artists[genre]).map(move |index| Artist { genre, index });
            (0..GENRES.len()).flat_map(of).map(|artist| catalog.tracks(artist)).sum::<u64>()
        };
        assert!((5_000..15_000).contains(&tracks(400)), "{}", tracks(400));
        assert!((1_800_000..2_600_000).contains(&tracks(1_000_000)), "{}", tracks(1_000_000));
    }
}
