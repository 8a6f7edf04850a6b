//! Two small models, written down as playlists, so that every number on the page can be counted by hand.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use segue_model::build::Builder;
use segue_model::{DatasetMetadata, Metadata, Parameters, RuleCounts, TrackId};

/// A title that is markup, and would run as script if any code took it for markup.
pub(crate) const MARKUP: &str = r#"<img src=x onerror="document.title='owned'">&amp;"#;
/// A title in a script from right to left, that also asks for what follows it to be turned round.
pub(crate) const RIGHT_TO_LEFT: &str = "أغنية\u{202e}";
/// A title that breaks nowhere.
pub(crate) const LONG: &str =
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaftslied";

const BEATLES: &str = "The Beatles";
const YESTERDAY: (&str, &str) = ("Yesterday", BEATLES);
const HELP: (&str, &str) = ("Help!", BEATLES);
const FEELING_GOOD: (&str, &str) = ("Feeling Good", "Nina Simone");
const BOHEMIAN: (&str, &str) = ("Bohemian Rhapsody - Remastered 2011", "Queen");
const ODD: [(&str, &str); 3] = [(MARKUP, "<b>Bobby</b>"), (RIGHT_TO_LEFT, "فيروز"), (LONG, "")];

/// The model that is there at first.
pub(crate) fn first_model() -> Vec<u8> {
    encode("first", "2026-01-31T12:00:00Z", &playlists())
}

/// A model of another dataset, in which what goes best with "Yesterday" is another song.
pub(crate) fn second_model() -> Vec<u8> {
    let mut playlists = playlists();
    playlists.extend(vec![vec![YESTERDAY, ("Across the Universe", BEATLES)]; 9]);
    encode("second", "2026-02-28T12:00:00Z", &playlists)
}

fn playlists() -> Vec<Vec<(&'static str, &'static str)>> {
    let mut playlists = vec![
        vec![YESTERDAY, HELP, FEELING_GOOD],
        vec![YESTERDAY, HELP, BOHEMIAN],
        vec![YESTERDAY, HELP],
        vec![YESTERDAY, FEELING_GOOD],
        vec![YESTERDAY, BOHEMIAN],
        vec![HELP, ODD[0], ODD[1], ODD[2]],
    ];
    // More songs than are shown at once.
    playlists.push(ETUDES.map(|title| (title, "Chopin")).to_vec());
    playlists
}

const ETUDES: [&str; 14] = [
    "Étude No. 1",
    "Étude No. 2",
    "Étude No. 3",
    "Étude No. 4",
    "Étude No. 5",
    "Étude No. 6",
    "Étude No. 7",
    "Étude No. 8",
    "Étude No. 9",
    "Étude No. 10",
    "Étude No. 11",
    "Étude No. 12",
    "Waterfall",
    "Winter Wind",
];

fn encode(dataset: &str, model_date: &str, playlists: &[Vec<(&str, &str)>]) -> Vec<u8> {
    let mut supports: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for song in playlists.iter().flatten() {
        *supports.entry(*song).or_default() += 1;
    }
    let mut songs: Vec<(&str, &str)> = supports.keys().copied().collect();
    songs.sort_by_key(|song| Reverse(supports[song]));
    let artists: Vec<&str> =
        songs.iter().map(|&(_, artist)| artist).collect::<BTreeSet<_>>().into_iter().collect();

    let mut builder = Builder::default();
    for artist in &artists {
        builder.add_artist(artist).unwrap();
    }
    for (number, song) in songs.iter().enumerate() {
        let artist = artists.binary_search(&song.1).unwrap() as u32;
        builder
            .add_track(song.0, artist, &format!("spotify:track:{number}"), supports[song])
            .unwrap();
    }
    for playlist in playlists {
        let tracks: BTreeSet<TrackId> = playlist
            .iter()
            .map(|song| songs.iter().position(|other| other == song).unwrap() as TrackId)
            .collect();
        builder.add_transaction(&tracks.into_iter().collect::<Vec<_>>()).unwrap();
    }
    builder.finish(metadata(dataset, model_date)).unwrap()
}

fn metadata(dataset: &str, model_date: &str) -> Metadata {
    Metadata {
        model_date: model_date.parse().unwrap(),
        miner_version: "0.0.0".to_owned(),
        dataset: DatasetMetadata {
            id: dataset.to_owned(),
            url: format!("https://example.org/{dataset}.csv"),
            ..DatasetMetadata::default()
        },
        transactions: 0,
        items: 0,
        artists: 0,
        occurrences: 0,
        itemsets: vec![],
        associations: 0,
        evaluation: None,
        comparison: None,
        rules: RuleCounts::default(),
        parameters: Parameters {
            min_support: 1,
            min_confidence: 0.0,
            max_length: 2,
            // All rules are made from the transactions.
            implicit_support: u64::from(u32::MAX),
            rules_per_antecedent: 500,
        },
    }
}
