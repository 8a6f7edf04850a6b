//! Makes the bytes of a model from what the miner found.
//!
//! The same calls with the same arguments make the same bytes. What is wrong with the arguments (a
//! track out of order, a rule to a track that is not there) is found when the bytes are read back,
//! which whoever publishes them does.

use std::collections::HashMap;

use crate::catalog::TrackId;
use crate::fold::{artist_key, fold, title_key};
use crate::format::{Section, encode};
use crate::metadata::{Metadata, RuleCounts};
use crate::note::work_title;
use crate::rule::{level_of_share, signed_level_of_share, word};
use crate::text::TextsBuilder;

/// A model would be too large for its format, which counts in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 4 GiB or 2^32 entries of {what}: too many for the model format")]
pub struct TooLarge {
    what: &'static str,
}

/// A model in the making.
#[derive(Debug)]
pub struct Builder {
    artists: TextsBuilder,
    titles: TextsBuilder,
    uris: TextsBuilder,
    track_artist: Vec<u32>,
    track_support: Vec<u32>,
    transactions: GroupsBuilder,
    sample_names: Vec<u64>,
    sample_transactions: Vec<u32>,
    rules: RulesBuilder,
    artist_rules: RulesBuilder,
    short_rules: RulesBuilder,
    short_artist_rules: RulesBuilder,
    learned: RulesBuilder,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            artists: TextsBuilder::new(),
            titles: TextsBuilder::new(),
            uris: TextsBuilder::new(),
            track_artist: Vec::new(),
            track_support: Vec::new(),
            transactions: GroupsBuilder::new(),
            sample_names: Vec::new(),
            sample_transactions: Vec::new(),
            rules: RulesBuilder::new(),
            artist_rules: RulesBuilder::new(),
            short_rules: RulesBuilder::new(),
            short_artist_rules: RulesBuilder::new(),
            learned: RulesBuilder::new(),
        }
    }
}

impl Builder {
    /// Adds an artist; artists are numbered in the order they are added.
    ///
    /// # Errors
    /// The names grow too large.
    pub fn add_artist(&mut self, name: &str) -> Result<(), TooLarge> {
        within(self.artists.push(name), "artists' names")
    }

    /// Adds a track; tracks are added by falling support.
    ///
    /// # Errors
    /// The texts grow too large.
    pub fn add_track(
        &mut self,
        title: &str,
        artist: u32,
        uri: &str,
        support: u32,
    ) -> Result<(), TooLarge> {
        within(self.titles.push(title), "titles")?;
        within(self.uris.push(uri), "track URIs")?;
        self.track_artist.push(artist);
        self.track_support.push(support);
        Ok(())
    }

    /// Adds a transaction: its tracks, ascending.
    ///
    /// # Errors
    /// The transactions grow too large.
    pub fn add_transaction(&mut self, tracks: &[TrackId]) -> Result<(), TooLarge> {
        self.transactions.members.extend_from_slice(tracks);
        within(self.transactions.end_group(), "transactions")
    }

    /// Notes that the dataset was judged by the playlist that is this transaction, and a hash of its name.
    pub fn add_sampled(&mut self, name: u64, transaction: u32) {
        self.sample_names.push(name);
        self.sample_transactions.push(transaction);
    }

    /// Adds the explicit rules of the next track: consequents and strengths, best first.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_rules(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        within(self.rules.push(rules, level_of_share), "rules")
    }

    /// Adds the explicit rules of the next artist: consequents and strengths, best first; none for an
    /// artist whose rules are to be made from its transactions.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_artist_rules(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        within(self.artist_rules.push(rules, level_of_share), "rules of artists")
    }

    /// Adds what short answers read of the next track: consequents and sums, best first; nothing for a
    /// track whose own rules are few enough.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_short_rules(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        within(self.short_rules.push(rules, level_of_share), "rules for short answers")
    }

    /// The same for the next artist.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_short_artist_rules(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        within(self.short_artist_rules.push(rules, level_of_share), "rules for short answers")
    }

    /// Adds the learned rules of the next track: consequents and weights, which may be negative.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_learned(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        within(self.learned.push(rules, signed_level_of_share), "learned rules")
    }

    /// The bytes of the model's file. The counts in `metadata` are set to what has been added.
    ///
    /// # Errors
    /// The model has grown too large.
    pub fn finish(&self, mut metadata: Metadata) -> Result<Vec<u8>, TooLarge> {
        let tracks = self.track_support.len();
        metadata.items = tracks as u64;
        metadata.artists = self.artists.offsets.len() as u64 - 1;
        metadata.transactions = self.transactions.len() as u64;
        metadata.occurrences = self.transactions.members.len() as u64;
        metadata.rules = RuleCounts {
            explicit_antecedents: self.rules.groups.len() as u64,
            explicit: self.rules.groups.members.len() as u64,
            implicit_antecedents: (tracks - self.rules.groups.len()) as u64,
            artist: self.artist_rules.groups.members.len() as u64,
            short: (self.short_rules.groups.members.len()
                + self.short_artist_rules.groups.members.len()) as u64,
            learned: self.learned.groups.members.len() as u64,
        };
        let titles = Keys::new(tracks, |track| title_key(self.titles.get(track)).into_owned())?;
        let artist = |track: usize| self.artists.get(self.track_artist[track] as usize);
        let artists = Keys::new(tracks, |track| artist_key(artist(track)).into_owned())?;
        let songs = self.songs();
        let metadata = serde_json::to_vec(&metadata).expect("metadata are plain values");
        let section = |section| -> &[u8] {
            use bytemuck::cast_slice as bytes;
            match section {
                Section::ArtistOffset => bytes(&self.artists.offsets),
                Section::ArtistByte => &self.artists.bytes,
                Section::TitleOffset => bytes(&self.titles.offsets),
                Section::TitleByte => &self.titles.bytes,
                Section::UriOffset => bytes(&self.uris.offsets),
                Section::UriByte => &self.uris.bytes,
                Section::TrackArtist => bytes(&self.track_artist),
                Section::TrackSupport => bytes(&self.track_support),
                Section::TrackSong => bytes(&songs),
                Section::TitleKeyOffset => bytes(&titles.keys.offsets),
                Section::TitleKeyByte => &titles.keys.bytes,
                Section::TitleTrackOffset => bytes(&titles.tracks.offsets),
                Section::TitleTrack => bytes(&titles.tracks.members),
                Section::ArtistKeyOffset => bytes(&artists.keys.offsets),
                Section::ArtistKeyByte => &artists.keys.bytes,
                Section::ArtistTrackOffset => bytes(&artists.tracks.offsets),
                Section::ArtistTrack => bytes(&artists.tracks.members),
                Section::TransactionOffset => bytes(&self.transactions.offsets),
                Section::TransactionItem => bytes(&self.transactions.members),
                Section::SampleName => bytes(&self.sample_names),
                Section::SampleTransaction => bytes(&self.sample_transactions),
                Section::RuleOffset => bytes(&self.rules.groups.offsets),
                Section::RuleWord => bytes(&self.rules.groups.members),
                Section::RuleScale => bytes(&self.rules.scales),
                Section::ArtistRuleOffset => bytes(&self.artist_rules.groups.offsets),
                Section::ArtistRuleWord => bytes(&self.artist_rules.groups.members),
                Section::ArtistRuleScale => bytes(&self.artist_rules.scales),
                Section::ShortRuleOffset => bytes(&self.short_rules.groups.offsets),
                Section::ShortRuleWord => bytes(&self.short_rules.groups.members),
                Section::ShortRuleScale => bytes(&self.short_rules.scales),
                Section::ShortArtistRuleOffset => bytes(&self.short_artist_rules.groups.offsets),
                Section::ShortArtistRuleWord => bytes(&self.short_artist_rules.groups.members),
                Section::ShortArtistRuleScale => bytes(&self.short_artist_rules.scales),
                Section::LearnedOffset => bytes(&self.learned.groups.offsets),
                Section::LearnedWord => bytes(&self.learned.groups.members),
                Section::LearnedScale => bytes(&self.learned.scales),
            }
        };
        Ok(encode(&metadata, &Section::ALL.map(section)))
    }

    /// Per track: the first track of the same song by the same artist.
    fn songs(&self) -> Vec<TrackId> {
        let mut first = HashMap::new();
        (0..self.track_artist.len())
            .map(|track| {
                let work = fold(work_title(self.titles.get(track))).into_owned();
                *first.entry((work, self.track_artist[track])).or_insert(track as TrackId)
            })
            .collect()
    }
}

/// Sorted keys, each once, and the tracks of each.
struct Keys {
    keys: TextsBuilder,
    tracks: GroupsBuilder,
}

impl Keys {
    fn new(tracks: usize, key: impl Fn(usize) -> String) -> Result<Self, TooLarge> {
        let mut all: Vec<(String, TrackId)> =
            (0..tracks).map(|track| (key(track), track as TrackId)).collect();
        all.sort_unstable();
        let mut keys = Self { keys: TextsBuilder::new(), tracks: GroupsBuilder::new() };
        for same in all.chunk_by(|(a, _), (b, _)| a == b) {
            within(keys.keys.push(&same[0].0), "keys of titles and artists")?;
            keys.tracks.members.extend(same.iter().map(|(_, track)| track));
            within(keys.tracks.end_group(), "tracks")?;
        }
        Ok(keys)
    }
}

/// Rules of one kind while they are made.
#[derive(Debug)]
struct RulesBuilder {
    /// Words, as [`word`] makes them.
    groups: GroupsBuilder,
    scales: Vec<f32>,
}

impl RulesBuilder {
    fn new() -> Self {
        Self { groups: GroupsBuilder::new(), scales: Vec::new() }
    }

    /// Adds the rules of the next antecedent; false where they would outgrow their offsets.
    #[must_use]
    fn push(&mut self, rules: &[(TrackId, f32)], level: impl Fn(f32) -> u8) -> bool {
        let scale = rules.iter().map(|&(_, weight)| weight.abs()).fold(0.0, f32::max);
        let words = rules.iter().filter_map(|&(track, weight)| word(track, level(weight / scale)));
        self.groups.members.extend(words);
        self.scales.push(scale);
        self.groups.end_group()
    }
}

/// Groups of numbers while they are made.
#[derive(Debug)]
struct GroupsBuilder {
    offsets: Vec<u32>,
    members: Vec<u32>,
}

impl GroupsBuilder {
    fn new() -> Self {
        Self { offsets: vec![0], members: Vec::new() }
    }

    fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Closes a group; false where the members would outgrow their 32-bit offsets.
    #[must_use]
    fn end_group(&mut self) -> bool {
        match u32::try_from(self.members.len()) {
            Ok(end) => self.offsets.push(end),
            Err(_) => return false,
        }
        true
    }
}

fn within(fits: bool, what: &'static str) -> Result<(), TooLarge> {
    if fits { Ok(()) } else { Err(TooLarge { what }) }
}
