//! A model from playlists written down in a test, made by counting: the slow and obvious way.

use std::collections::{BTreeMap, BTreeSet};

use segue_model::build::Builder;
use segue_model::score::{MOST_SHORT_RULES, rank, strength};
use segue_model::{DatasetMetadata, Metadata, Model, Parameters, RuleCounts, TrackId};

use crate::recommend::{own, popularity, scores};

/// Songs and artists in so few playlists have nothing made ready for short answers.
const RARE: u32 = 1;

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

    /// The artist of a track.
    pub(crate) fn artist(&self, track: TrackId) -> &'static str {
        self.songs[track as usize].split_once(" - ").unwrap().0
    }

    /// The transactions that hold any song by the artist and all of these tracks, as [`Self::count`].
    pub(crate) fn count_artist(&self, artist: &str, tracks: &[TrackId]) -> (u32, f32) {
        let by_artist = |playlist: &Vec<TrackId>| {
            playlist.iter().any(|&track| !artist.is_empty() && self.artist(track) == artist)
        };
        let playlists = self.playlists.iter().filter(|playlist| by_artist(playlist)).cloned();
        Self { songs: self.songs.clone(), playlists: playlists.collect() }.count(tracks)
    }

    /// The bytes of the model, with explicit rules for songs and artists of more than
    /// `implicit_support` transactions.
    pub(crate) fn encode(&self, implicit_support: u32) -> Vec<u8> {
        self.encode_short(implicit_support, MOST_SHORT_RULES)
    }

    /// The same with at most so many rules made ready for one song or artist.
    fn encode_short(&self, implicit_support: u32, most_short: usize) -> Vec<u8> {
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
        builder.add_sampled(7, 0);
        for a in (0..tracks).take_while(|&track| self.count(&[track]).0 > implicit_support) {
            let others = (0..tracks).filter(|&c| c != a).map(|c| (c, self.count(&[a, c])));
            builder.add_rules(strongest_first(self, others)).unwrap();
        }
        for artist in &artists {
            let all = (0..tracks).map(|c| (c, self.count_artist(artist, &[c])));
            let frequent = self.count_artist(artist, &[]).0 > implicit_support;
            let rules = if frequent { strongest_first(self, all) } else { Vec::new() };
            builder.add_artist_rules(&rules).unwrap();
        }
        for a in 0..tracks {
            let learned = (0..tracks).map(|c| (c, self.learned(a, c)));
            let learned: Vec<_> = learned.filter(|&(_, impact)| impact != 0.0).collect();
            builder.add_learned(&learned).unwrap();
        }
        for track in (0..tracks).take_while(|&track| self.count(&[track]).0 > RARE) {
            let mut sums: Vec<f32> =
                scores(self, &[track], false, 0.0).into_iter().map(|(sum, _)| sum).collect();
            sums[track as usize] = 0.0;
            builder.add_short_rules(self.short(sums, most_short)).unwrap();
        }
        for artist in &artists {
            let support = self.count_artist(artist, &[]).0;
            // As songs in one playlist need it, the rules of whose artists count for 6/21.
            let own = |c| 21.0 / 6.0 * own(self, artist, c) * (support as f32).powf(0.75);
            let sum = |c| match (support > RARE, self.count_artist(artist, &[c])) {
                (true, (support, weight)) => strength(weight, support) + own(c),
                (false, _) => 0.0,
            };
            let sums = (0..tracks).map(sum).collect();
            builder.add_short_artist_rules(self.short(sums, most_short)).unwrap();
        }
        builder.finish(metadata(implicit_support)).unwrap()
    }

    /// The tracks that would come first beside a few songs, of these sums for all of them; the greatest
    /// sum first.
    fn short(&self, sums: Vec<f32>, most: usize) -> Vec<(TrackId, f32)> {
        let mut rules: Vec<(TrackId, f32)> = (0..).zip(sums).filter(|rule| rule.1 > 0.0).collect();
        let worth = |&(track, sum): &(TrackId, f32)| sum * popularity(self, track, 6);
        rules.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.0.cmp(&b.0)));
        rules.truncate(most);
        rules.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        rules
    }

    /// The impact of a learned rule: any number does, as long as it has a sign.
    pub(crate) fn learned(&self, a: TrackId, c: TrackId) -> f32 {
        if a == c || self.count(&[a, c]).0 < 2 {
            return 0.0;
        }
        ((a * 7 + c * 3) % 11) as f32 / 20.0 - 0.2
    }

    pub(crate) fn model(&self, implicit_support: u32) -> Model {
        Model::from_bytes(&self.encode(implicit_support)).unwrap()
    }

    pub(crate) fn model_short(&self, implicit_support: u32, most_short: usize) -> Model {
        Model::from_bytes(&self.encode_short(implicit_support, most_short)).unwrap()
    }
}

/// Consequents with their counts as rules for a builder.
fn strongest_first(
    dataset: &Dataset,
    consequents: impl Iterator<Item = (TrackId, (u32, f32))>,
) -> Vec<(TrackId, f32)> {
    let mut rules: Vec<(TrackId, f32)> = consequents
        .filter(|&(_, (support, _))| support > 0)
        .map(|(c, (support, weight))| (c, strength(weight, support)))
        .collect();
    let key = |&(c, strength): &(TrackId, f32)| rank(strength, dataset.count(&[c]).0);
    rules.sort_by(|x, y| key(y).total_cmp(&key(x)).then(x.0.cmp(&y.0)));
    rules
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
        associations: 0,
        evaluation: None,
        comparison: None,
        rules: RuleCounts::default(),
        parameters: Parameters {
            min_support: 2,
            min_confidence: 0.0,
            max_length: 3,
            implicit_support: implicit_support.into(),
            rules_per_antecedent: 500,
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
        &["Air - Sexy Boy - Remix", "The Beatles - Yesterday", "Air - La Femme d'argent"],
    ])
}
