//! Scoring against the formula, computed from the playlists themselves.

use std::collections::BTreeSet;

use proptest::prelude::*;
use segue_model::score::{SHORT_ANSWER, Scored, Scratch, Seeds};
use segue_model::{Antecedent, TrackId};

use crate::support::{Dataset, Song, sample};

const SONGS: [Song; 12] = [
    "A - 1", "A - 2", "B - 3", "B - 4", "C - 5", "C - 6", "D - 7", "D - 8", "E - 9", "E - 10",
    "F - 11", "F - 12",
];

/// A score, and the most that rounding may have moved it by.
type Expected = (f32, f32);

/// A level with a sign is off by 2.8 % at most.
const ROUNDING: f32 = 0.03;

/// The scores of the module's formula but for what would come first, with nothing indexed, stored or
/// rounded.
pub(crate) fn scores(
    dataset: &Dataset,
    seeds: &[TrackId],
    with_learned: bool,
    rounding: f32,
) -> Vec<Expected> {
    (0..dataset.songs.len() as TrackId)
        .map(|c| {
            let mut terms = Vec::new();
            for &a in seeds {
                let artist = dataset.artist(a);
                let by_artist =
                    rule(dataset.count_artist(artist, &[]), dataset.count_artist(artist, &[c]));
                terms.push(6.0 / (dataset.count(&[a]).0 as f32 + 20.0) * by_artist);
                terms.push(own(dataset, artist, c));
                terms.extend(of_track(dataset, a, c, seeds.len(), with_learned));
            }
            let factor = popularity(dataset, c, seeds.len());
            let sizes = terms.iter().map(|term| term.abs()).sum::<f32>();
            (terms.iter().sum::<f32>() * factor, rounding * sizes * factor)
        })
        .collect()
}

fn rule((given, _): (u32, f32), (n, weight): (u32, f32)) -> f32 {
    (given as f32).powf(-0.75) * weight * n as f32 / (n as f32 + 3.0)
}

/// What a song by this artist says for a track, if that is the artist's, too.
pub(crate) fn own(dataset: &Dataset, artist: &str, c: TrackId) -> f32 {
    if artist.is_empty() || artist != dataset.artist(c) {
        return 0.0;
    }
    let (mut songs, mut by_artists, mut first) = (0, 0, 0);
    for playlist in &dataset.playlists {
        let artists = || playlist.iter().map(|&song| dataset.artist(song));
        let artists = || artists().filter(|artist| !artist.is_empty());
        songs += playlist.len();
        by_artists += artists().count();
        first += artists().collect::<BTreeSet<_>>().len();
    }
    let mean = songs as f32 / dataset.playlists.len() as f32;
    let weight = 24.0 * (1.0 - first as f32 / by_artists as f32) * mean.powf(-0.5);
    rule(dataset.count_artist(artist, &[]), (dataset.count(&[c]).0, weight))
}

fn of_track(
    dataset: &Dataset,
    a: TrackId,
    c: TrackId,
    songs: usize,
    with_learned: bool,
) -> [f32; 2] {
    let log = (songs as f32).ln();
    let learned = if with_learned { (0.13 * log * log).min(2.0) } else { 0.0 };
    [rule(dataset.count(&[a]), dataset.count(&[a, c])), learned * dataset.learned(a, c)]
}

pub(crate) fn popularity(dataset: &Dataset, c: TrackId, songs: usize) -> f32 {
    (dataset.count(&[c]).0 as f32 + 20.0).powf(-(0.17 * (songs as f32).ln()).min(0.7))
}

/// The same with what would come first: here that is everything that is spoken for, as no more than
/// twelve songs are.
fn scores_with_echoes(dataset: &Dataset, seeds: &[TrackId]) -> Vec<Expected> {
    let alone = scores(dataset, seeds, true, ROUNDING);
    let echoes = || {
        let tracks = (0..).zip(&alone);
        tracks.filter(|(e, (score, _))| !seeds.contains(e) && *score > 0.0)
    };
    let first = echoes().map(|(_, echo)| *echo).max_by(|a, b| a.0.total_cmp(&b.0));
    let Some(first) = first.filter(|_| seeds.len() == 1) else { return alone };
    let mut scores = alone.clone();
    for (c, (score, rounding)) in (0..).zip(&mut scores).filter(|(_, known)| known.1 > 0.0) {
        for (e, echo) in echoes() {
            let factor = 0.1 * popularity(dataset, c, seeds.len());
            for term in of_track(dataset, e, c, seeds.len(), true) {
                *score += factor * echo.0 / first.0 * term;
                // Of the echo, of the first and of the term itself.
                let off = (echo.1 + echo.0 * (first.1 / first.0 + ROUNDING))
                    / (first.0 - first.1).max(0.0);
                *rounding += factor * off.min(1.0) * term.abs();
            }
        }
    }
    scores
}

/// Different tracks of so many, in order.
fn distinct(chosen: impl IntoIterator<Item = TrackId>, tracks: TrackId) -> Vec<TrackId> {
    chosen.into_iter().map(|track| track % tracks).collect::<BTreeSet<_>>().into_iter().collect()
}

fn playlists() -> impl Strategy<Value = Vec<Vec<Song>>> {
    prop::collection::vec(prop::sample::subsequence(SONGS.to_vec(), 1..=12), 1..20)
}

proptest! {
    #[test]
    fn explicit_and_implicit_rules_give_the_formulas_scores(
        playlists in playlists(),
        chosen in prop::collection::btree_set(0..12_u32, 1..9),
        implicit_support in 0..20_u32,
    ) {
        let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
        let dataset = Dataset::new(&playlists);
        let model = dataset.model(implicit_support);
        let tracks = dataset.songs.len() as u32;
        let seeds = distinct(chosen, tracks);
        let expected = scores_with_echoes(&dataset, &seeds);
        let given = Seeds::new(seeds.iter().map(|&track| vec![track]));
        let found = model.recommend(&given, 100, &mut Scratch::default());

        for scored in &found {
            let (expected, rounding) = expected[scored.track as usize];
            prop_assert!(!seeds.contains(&scored.track));
            prop_assert!((scored.score - expected).abs() <= rounding);
        }
        let due = (0..tracks).filter(|track| !seeds.contains(track)).filter(|&track| {
            let (expected, rounding) = expected[track as usize];
            expected > rounding
        });
        for track in due {
            prop_assert!(found.iter().any(|scored| scored.track == track), "{track} is missing");
        }
        let sorted = found
            .is_sorted_by_key(|scored| (std::cmp::Reverse(scored.score.to_bits()), scored.track));
        prop_assert!(sorted);
    }

    #[test]
    fn short_answers_give_the_formulas_scores(
        playlists in playlists(),
        chosen in prop::collection::btree_set(0..12_u32, 1..9),
        implicit_support in 0..20_u32,
    ) {
        let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
        let dataset = Dataset::new(&playlists);
        let model = dataset.model(implicit_support);
        let tracks = dataset.songs.len() as u32;
        let seeds = distinct(chosen, tracks);
        // Sums that are written out have been rounded twice.
        let expected = scores(&dataset, &seeds, seeds.len() > 5, 0.05);
        let given = Seeds::new(seeds.iter().map(|&track| vec![track]));
        let found = model.recommend(&given, SHORT_ANSWER, &mut Scratch::default());

        for scored in &found {
            let (expected, rounding) = expected[scored.track as usize];
            prop_assert!(!seeds.contains(&scored.track));
            prop_assert!((scored.score - expected).abs() <= rounding);
        }
        let least = found.last().filter(|_| found.len() == SHORT_ANSWER).map_or(0.0, |last| last.score);
        for track in (0..tracks).filter(|track| !seeds.contains(track)) {
            let (expected, rounding) = expected[track as usize];
            let is_there = found.iter().any(|scored| scored.track == track);
            prop_assert!(is_there || expected <= least + rounding, "{track} is missing");
        }
    }

    #[test]
    fn reasons_are_counted_in_the_playlists(playlists in playlists(), seeds in (0..12_u32, 0..12_u32)) {
        let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
        let dataset = Dataset::new(&playlists);
        let model = dataset.model(3);
        let tracks = dataset.songs.len() as u32;
        let given = Seeds::new([vec![seeds.0 % tracks], vec![seeds.1 % tracks]]);
        for scored in model.recommend(&given, 5, &mut Scratch::default()) {
            let reasons = model.explain(&given, scored.track);
            prop_assert!(!reasons.is_empty());
            for rule in reasons {
                let count = |tracks: &[TrackId]| match rule.antecedent {
                    Antecedent::Track(a) => dataset.count(&[&[a], tracks].concat()).0,
                    Antecedent::Artist(artist) => {
                        let name = model.catalog().artist_name(artist);
                        dataset.count_artist(name, tracks).0
                    }
                };
                prop_assert_eq!(rule.antecedent_support, count(&[]));
                prop_assert_eq!(rule.support, count(&[rule.consequent]));
                prop_assert_eq!(rule.consequent_support, dataset.count(&[rule.consequent]).0);
            }
        }
    }
}

#[test]
fn another_edition_of_a_seed_is_not_recommended_and_no_song_twice() {
    let model = sample().model(2);
    let seeds = Seeds::new([model.catalog().find("test:Queen - Bohemian Rhapsody")]);
    let found = model.recommend(&seeds, 10, &mut Scratch::default());
    assert!(!found.is_empty());
    for scored in found {
        assert!(!model.catalog().title(scored.track).starts_with("Bohemian"));
    }
    let seeds = Seeds::new([model.catalog().find("Air - Sexy Boy")]);
    for scored in model.recommend(&seeds, 10, &mut Scratch::default()) {
        assert_ne!(model.catalog().title(scored.track), "Sexy Boy - Remix");
    }
    let popular = model.popular(&Seeds::default(), 10);
    let editions = popular.iter().filter(|&&t| model.catalog().title(t).starts_with("Bohemian"));
    assert_eq!(editions.count(), 1);
}

#[test]
fn fewer_are_wanted_than_there_are() {
    let model = sample().model(2);
    let seeds = Seeds::new([model.catalog().find("Beatles - Yesterday")]);
    let mut scratch = Scratch::default();
    let all = tracks(&model.recommend(&seeds, SHORT_ANSWER, &mut scratch));
    assert!(all.len() > 1);
    for limit in 0..all.len() {
        assert_eq!(tracks(&model.recommend(&seeds, limit, &mut scratch)), all[..limit]);
    }
}

/// So many songs, each by an artist of its own.
fn many(name: &str, songs: usize) -> Vec<Song> {
    let song = |n| &*format!("{name}{n} - {name} {n}").leak();
    (0..songs).map(song).collect()
}

#[test]
fn long_lists_and_many_seeds_give_the_formulas_scores() {
    let songs = many("A", 150);
    let dataset = Dataset::new(&[&songs, &songs[..100], &songs[50..]]);
    let seeds: Vec<TrackId> = (0..150).step_by(7).collect();
    let expected = scores(&dataset, &seeds, true, ROUNDING);
    for implicit_support in [0, 9] {
        let model = dataset.model(implicit_support);
        let given = Seeds::new(seeds.iter().map(|&track| vec![track]));
        let found = model.recommend(&given, 150, &mut Scratch::default());
        assert_eq!(found.len(), 150 - seeds.len());
        for scored in found {
            let (expected, rounding) = expected[scored.track as usize];
            assert!((scored.score - expected).abs() <= rounding, "{scored:?}: {expected}");
        }
    }
}

#[test]
fn all_tracks_of_an_ambiguous_title_speak_in_short_answers() {
    let (mine, yours) = (many("M", 60), many("Y", 60));
    let mut playlists = Vec::new();
    for (song, others) in [("Me - Song", mine), ("You - Song", yours)] {
        for third in others[1..].chunks(20) {
            playlists.push([&[song, others[0]], third].concat());
        }
    }
    let playlists: Vec<&[Song]> = playlists.iter().map(Vec::as_slice).collect();
    let model = Dataset::new(&playlists).model(2);
    let song = model.catalog().find("Song");
    assert_eq!(song.len(), 2);
    let found = model.recommend(&Seeds::new([song]), SHORT_ANSWER, &mut Scratch::default());
    assert_eq!(found.len(), SHORT_ANSWER);
    for companion in ["M 0", "Y 0"] {
        let is_it = |scored: &Scored| model.catalog().title(scored.track) == companion;
        assert!(found.iter().any(is_it), "{companion}: {found:?}");
    }
}

#[test]
fn a_model_of_no_songs_recommends_none() {
    let model = Dataset::new(&[&[]]).model(0);
    assert!(model.catalog().is_empty());
    let seeds = Seeds::new([model.catalog().find("Yesterday")]);
    assert!(model.recommend(&seeds, 10, &mut Scratch::default()).is_empty());
}

#[test]
fn where_too_little_was_made_ready_all_rules_are_read() {
    let dataset = sample();
    let (ready, short) = (dataset.model(2), dataset.model_short(2, 1));
    let seeds = Seeds::new([ready.catalog().find("Beatles - Yesterday")]);
    let mut scratch = Scratch::default();
    let all = tracks(&ready.recommend(&seeds, SHORT_ANSWER, &mut scratch));
    assert!(all.len() > 1);
    assert_eq!(tracks(&short.recommend(&seeds, SHORT_ANSWER, &mut scratch)), all);
}

fn tracks(found: &[Scored]) -> Vec<TrackId> {
    found.iter().map(|scored| scored.track).collect()
}

#[test]
fn an_unknown_song_speaks_through_its_artist() {
    let dataset = sample();
    for implicit_support in [0, 9] {
        let model = dataset.model(implicit_support);
        let artist = model.catalog().artist(model.catalog().find("Beatles - Yesterday")[0]);
        let mut seeds = Seeds::default();
        seeds.add_unknown_by(artist);
        let found = model.recommend(&seeds, 10, &mut Scratch::default());
        let first = found[0].track;
        assert_eq!(model.catalog().title(first), "Yesterday");
        let reasons = model.explain(&seeds, first);
        assert_eq!(reasons[0].antecedent, Antecedent::Artist(artist));
        assert_eq!((reasons[0].support, reasons[0].antecedent_support), (5, 5));
    }
}

#[test]
fn a_song_alone_in_its_playlists_has_no_rules() {
    for implicit_support in [0, 2] {
        let model = sample().model(implicit_support);
        let seeds = Seeds::new([model.catalog().find("Alone")]);
        assert!(!seeds.is_empty());
        assert!(model.recommend(&seeds, 10, &mut Scratch::default()).is_empty());
    }
}

#[test]
fn the_strongest_rules_come_with_their_counts() {
    let model = sample().model(2);
    let yesterday = model.catalog().find("Beatles - Yesterday")[0];
    let rules = model.strongest(Antecedent::Track(yesterday), 1);
    assert_eq!((rules[0].support, rules[0].antecedent_support), (3, 5));
    assert_eq!(model.catalog().title(rules[0].consequent), "Bohemian Rhapsody - Remastered 2011");
    assert!((rules[0].confidence() - 0.6).abs() < 1e-9);
    assert!((rules[0].lift() - 0.6 * 7.0 / 3.0).abs() < 1e-9);
}
