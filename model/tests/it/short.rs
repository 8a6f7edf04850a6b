//! What is made ready for short answers, against all rules added up.

use segue_model::score::{MOST_SHORT_RULES, strength};
use segue_model::short::Memory;
use segue_model::{ArtistId, TrackId};

use crate::recommend::{popularity, scores};
use crate::support::{Dataset, Song};

/// Beside so many songs the strongest are chosen.
const TYPICAL_SONGS: usize = 6;
/// Rules that are written out have been rounded once, and are ordered as rounded.
const ROUNDING: f32 = 0.03;

/// Songs of a few artists in playlists of all lengths, some songs rare and some in nearly all: an artist's
/// rules have more consequents than are ever made ready.
fn dataset() -> Dataset {
    let name = |n: usize| &*format!("{} - {n}", n * n % 13).leak();
    let songs: Vec<Song> = (0..110).map(name).collect();
    let holds = |playlist: usize, song: usize| {
        (playlist * 7919 + song * 104_729 + playlist * song * 31) % 110 < 110 - song
    };
    let playlists: Vec<Vec<Song>> = (1..24)
        .map(|p| (0..110).filter(|&song| holds(p, song)).map(|song| songs[song]).collect())
        .collect();
    Dataset::new(&playlists.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Checks that these are the `most` of the expected sums that are worth most.
fn check(dataset: &Dataset, found: &[(TrackId, f32)], expected: &[(f32, f32)], most: usize) {
    let due = expected.iter().filter(|(sum, _)| *sum > 0.0).count();
    assert_eq!(found.len(), due.min(most));
    assert!(found.is_sorted_by(|a, b| a.1 > b.1 || a.1 == b.1 && a.0 < b.0));
    for &(track, sum) in found {
        let (expected, rounding) = expected[track as usize];
        assert!((sum - expected).abs() <= rounding, "{track}: {sum}, expected {expected}");
    }
    let worth = |track: TrackId, sum: f32| sum * popularity(dataset, track, TYPICAL_SONGS);
    let least = found.iter().map(|&(track, sum)| worth(track, sum)).fold(f32::INFINITY, f32::min);
    for (track, &(expected, rounding)) in (0..).zip(expected) {
        let is_there = found.iter().any(|&(there, _)| there == track);
        assert!(is_there || worth(track, expected - rounding) <= least, "{track} is missing");
    }
}

#[test]
fn the_strongest_rules_of_a_song_and_its_artist_are_made_ready() {
    let dataset = dataset();
    let tracks = dataset.songs.len() as TrackId;
    for implicit_support in [0, 6, 100] {
        let model = dataset.model(implicit_support);
        let mut memory = Memory::default();
        for song in 0..tracks {
            let mut expected = scores(&dataset, &[song], false, ROUNDING);
            expected[song as usize] = (0.0, 0.0);
            let mut short = model.short_rules(model.catalog().artist(song), &mut memory);
            for most in [7, MOST_SHORT_RULES] {
                check(&dataset, &short.of_song(song, most), &expected, most);
            }
        }
    }
}

#[test]
fn the_strongest_rules_of_an_artist_are_made_ready() {
    let dataset = dataset();
    let tracks = dataset.songs.len() as TrackId;
    let model = dataset.model(100);
    let mut memory = Memory::default();
    for artist in 0..model.metadata().artists as ArtistId {
        let name = model.catalog().artist_name(artist);
        let counts = (0..tracks).map(|track| dataset.count_artist(name, &[track]));
        let sums = counts.map(|(support, weight)| strength(weight, support));
        let expected: Vec<_> = sums.map(|sum| (sum, sum * ROUNDING)).collect();
        let short = model.short_rules(artist, &mut memory);
        for most in [7, MOST_SHORT_RULES] {
            check(&dataset, &short.of_artist(most), &expected, most);
        }
    }
}
