//! A model from playlists written down in a test. It has no explicit rules: songs answer for themselves
//! by the playlists that hold them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use segue_model::build::Builder;
use segue_model::{ModelId, Store};
use serde_json::json;

/// A song of a test: `Artist - Title`. Its URI is `test:` and the same.
pub(crate) type Song = &'static str;

/// Playlists in which what goes together is plain.
pub(crate) const ROCK_AND_POP: &[&[Song]] = &[
    &["The Beatles - Yesterday", "Queen - Bohemian Rhapsody", "Eagles - Hotel California"],
    &["The Beatles - Yesterday", "Queen - Bohemian Rhapsody", "The Beatles - Let It Be"],
    &["The Beatles - Yesterday", "Queen - Bohemian Rhapsody", "The Beatles - Let It Be"],
    &["Queen - Bohemian Rhapsody", "Eagles - Hotel California"],
    &["Mark Ronson - Uptown Funk", "Pharrell Williams - Happy", "Björk - \"Jóga\" \\ live"],
    &["Mark Ronson - Uptown Funk", "Pharrell Williams - Happy"],
];

/// The bytes of a model of these playlists, made at `second` of the epoch.
pub(crate) fn encode(playlists: &[&[Song]], second: i64) -> Vec<u8> {
    let mut supports: BTreeMap<Song, u32> = BTreeMap::new();
    for song in playlists.iter().flat_map(|playlist| playlist.iter()) {
        *supports.entry(song).or_default() += 1;
    }
    let mut songs: Vec<Song> = supports.keys().copied().collect();
    songs.sort_by_key(|song| (Reverse(supports[song]), *song));
    let artist_of = |song: Song| song.split_once(" - ").unwrap().0;
    let artists: Vec<&str> =
        songs.iter().map(|song| artist_of(song)).collect::<BTreeSet<_>>().into_iter().collect();
    let mut builder = Builder::default();
    for artist in &artists {
        builder.add_artist(artist).unwrap();
    }
    for song in &songs {
        let artist = artists.iter().position(|artist| *artist == artist_of(song)).unwrap() as u32;
        let title = song.split_once(" - ").unwrap().1;
        builder.add_track(title, artist, &format!("test:{song}"), supports[song]).unwrap();
    }
    for playlist in playlists {
        let tracks: BTreeSet<u32> = playlist
            .iter()
            .map(|song| songs.iter().position(|other| other == song).unwrap() as u32)
            .collect();
        builder.add_transaction(&tracks.into_iter().collect::<Vec<_>>()).unwrap();
    }
    let metadata = json!({
        "model_date": jiff::Timestamp::from_second(second).unwrap(),
        "miner_version": segue_process::VERSION,
        "dataset": {
            "id": "example", "url": "https://example.org/playlists.csv", "bytes": 1024, "rows": 16,
            "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
        },
        "transactions": 0, "items": 0, "artists": 0, "occurrences": 0,
        "itemsets": [], "associations": 0,
        "rules": {
            "explicit_antecedents": 0, "explicit": 0, "implicit_antecedents": 0, "artist": 0,
            "short": 0, "learned": 0
        },
        "evaluation": {
            "playlists": 500, "hit_rate": 0.75, "r_precision": 0.125, "ndcg": 0.25,
            "popular_hit_rate": 0.125
        },
        "comparison": {
            "model": "0123456789abcdef", "playlists": 6, "current_playlists": 5, "items": 7,
            "current_items": 6, "sample": 500, "hit_rate": 0.75, "current_hit_rate": 0.5
        },
        "parameters": {
            "min_support": 1, "min_confidence": 0.0, "max_length": 2, "implicit_support": 1000,
            "rules_per_antecedent": 1
        }
    });
    builder.finish(serde_json::from_value(metadata).unwrap()).unwrap()
}

/// Publishes and promotes a model of these playlists.
pub(crate) fn promote(store: &Store, playlists: &[&[Song]], second: i64) -> ModelId {
    let published = store.publish(&encode(playlists, second)).unwrap();
    store.promote(published.model, jiff::Timestamp::from_second(second).unwrap()).unwrap();
    published.model
}
