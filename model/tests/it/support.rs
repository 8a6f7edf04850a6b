//! A model from playlists written down in a test, made by counting: the slow and obvious way.

use std::collections::{BTreeMap, BTreeSet};

use segue_model::build::Builder;
use segue_model::score::{rank, strength};
use segue_model::{DatasetMetadata, LongerRule, Metadata, Model, Parameters, RuleCounts, TrackId};

/// A song of a test: `Artist - Title`. Its URI is `test:` and the same.
pub(crate) type Song = &'static str;

/// Playlists and the tracks numbered as a model numbers them: by falling support, then by name.
pub(crate) struct Dataset {
    pub(crate) songs: Vec<Song>,
    pub(crate) playlists: Vec<Vec<TrackId>>,
}

impl Dataset {
    pub(crate) fn new(playlists: &[&[Song]]) -> Self {
        let mut supports: BTreeMap<Song, usize> = BTreeMap::new();
        for song in playlists.iter().flat_map(|playlist| playlist.iter()) {
            *supports.entry(song).or_default() += 1;
        }
        let mut songs: Vec<Song> = supports.keys().copied().collect();
        songs.sort_by_key(|song| (std::cmp::Reverse(supports[song]), *song));
        let number = |song: &Song| songs.iter().position(|s| s == song).unwrap() as TrackId;
        let playlists = playlists
            .iter()
            .map(|playlist| {
                let tracks: BTreeSet<TrackId> = playlist.iter().map(number).collect();
                tracks.into_iter().collect()
            })
            .collect();
        Self { songs, playlists }
    }

    /// The transactions that hold all of these tracks: how many, and the sum of their weights.
    pub(crate) fn count(&self, tracks: &[TrackId]) -> (u32, f32) {
        let holds = |playlist: &&Vec<TrackId>| tracks.iter().all(|track| playlist.contains(track));
        let lengths: Vec<usize> = self.playlists.iter().filter(holds).map(Vec::len).collect();
        let weight = lengths.iter().map(|&length| (length as f32).powf(-0.5)).sum();
        (lengths.len() as u32, weight)
    }

    /// The bytes of the model, with explicit rules for songs of more than `implicit_support`
    /// transactions, and longer rules for pairs of at least two.
    pub(crate) fn encode(&self, implicit_support: u32) -> Vec<u8> {
        let mut builder = Builder::default();
        let artists: BTreeSet<&str> =
            self.songs.iter().map(|song| song.split_once(" - ").unwrap().0).collect();
        for artist in &artists {
            builder.add_artist(artist).unwrap();
        }
        let tracks = self.songs.len() as TrackId;
        for track in 0..tracks {
            let song = self.songs[track as usize];
            let (artist, title) = song.split_once(" - ").unwrap();
            let artist = artists.iter().position(|&a| a == artist).unwrap() as u32;
            let uri = format!("test:{song}");
            builder.add_track(title, artist, &uri, self.count(&[track]).0).unwrap();
        }
        for playlist in &self.playlists {
            builder.add_transaction(playlist).unwrap();
        }
        for a in (0..tracks).take_while(|&track| self.count(&[track]).0 > implicit_support) {
            let mut rules: Vec<(TrackId, f32)> = (0..tracks)
                .filter(|&c| c != a && self.count(&[a, c]).0 > 0)
                .map(|c| (c, strength(self.count(&[a, c]).1, self.count(&[a, c]).0)))
                .collect();
            let key = |&(c, strength): &(TrackId, f32)| rank(strength, self.count(&[c]).0);
            rules.sort_by(|x, y| key(y).total_cmp(&key(x)).then(x.0.cmp(&y.0)));
            builder.add_rules(&rules).unwrap();
        }
        for a in 0..tracks {
            for b in a + 1..tracks {
                self.add_longer(&mut builder, a, b);
            }
        }
        builder.finish(metadata(implicit_support)).unwrap()
    }

    fn add_longer(&self, builder: &mut Builder, a: TrackId, b: TrackId) {
        let support = self.count(&[a, b]).0;
        let mut longer: Vec<LongerRule> = (0..self.songs.len() as TrackId)
            .filter(|c| *c != a && *c != b)
            .map(|c| LongerRule { consequent: c, support: self.count(&[a, b, c]).0 })
            .filter(|rule| rule.support >= 2)
            .collect();
        longer.sort_by_key(|rule| (std::cmp::Reverse(rule.support), rule.consequent));
        if support >= 2 && !longer.is_empty() {
            builder.add_longer((a, b), support, &longer).unwrap();
        }
    }

    pub(crate) fn model(&self, implicit_support: u32) -> Model {
        Model::from_bytes(&self.encode(implicit_support)).unwrap()
    }
}

pub(crate) fn metadata(implicit_support: u32) -> Metadata {
    Metadata {
        model_date: "2026-01-31T12:00:00Z".parse().unwrap(),
        miner_version: "0.0.0".to_owned(),
        dataset: DatasetMetadata {
            id: "test".to_owned(),
            url: "file:///test.csv".to_owned(),
            sha256: "00".repeat(32),
            bytes: 1,
            rows: 1,
            ..DatasetMetadata::default()
        },
        transactions: 0,
        items: 0,
        artists: 0,
        occurrences: 0,
        itemsets: vec![],
        rules: RuleCounts::default(),
        parameters: Parameters {
            min_support: 2,
            min_confidence: 0.0,
            max_length: 3,
            implicit_support: implicit_support.into(),
            rules_per_song: 500,
            rules_per_pair: 20,
        },
    }
}

/// A dataset with every kind of thing in it: an ambiguous title, editions, accents, a song alone.
pub(crate) fn sample() -> Dataset {
    Dataset::new(&[
        &["Queen - Bohemian Rhapsody - Remastered 2011", "The Beatles - Yesterday", "Björk - Jóga"],
        &[
            "Queen - Bohemian Rhapsody - Remastered 2011",
            "The Beatles - Yesterday",
            "Air - Sexy Boy",
        ],
        &["Queen - Bohemian Rhapsody", "Boyz II Men - Yesterday", "Air - Sexy Boy"],
        &[
            "The Beatles - Yesterday",
            "Air - Sexy Boy",
            "Queen - Bohemian Rhapsody - Remastered 2011",
        ],
        &["The Beatles - Help!", "The Beatles - Yesterday"],
        &["Nobody - Alone"],
    ])
}
