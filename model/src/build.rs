//! Makes the bytes of a model from what the miner found.
//!
//! The same calls with the same arguments make the same bytes. What is wrong with the arguments (a
//! track out of order, a rule to a track that is not there) is found when the bytes are checked,
//! which publishing them does.

use std::io::{self, Write};

use crate::buffer::Buffer;
use crate::catalog::TrackId;
use crate::format::{self, FormatError, Section};
pub use crate::group::Rules;
use crate::group::{GroupsBuilder, RulesBuilder};
use crate::key::Keyed;
pub use crate::key::Keys;
use crate::metadata::{Metadata, RuleCounts};
use crate::model::Model;
use crate::text::TextsBuilder;
use crate::written::signed_level_of_share;

/// A model would be too large for its format, which counts in 32 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than 4 GiB or 2^32 entries of {what}: too many for the model format")]
pub struct TooLarge {
    what: &'static str,
}

impl TooLarge {
    pub(crate) fn unless(fits: bool, what: &'static str) -> Result<(), Self> {
        if fits { Ok(()) } else { Err(Self { what }) }
    }
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
        TooLarge::unless(self.artists.push(name), "artists' names")
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
        TooLarge::unless(self.titles.push(title), "titles")?;
        TooLarge::unless(self.uris.push(uri), "track URIs")?;
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
        TooLarge::unless(self.transactions.end_group(), "transactions")
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
    pub fn add_rules(&mut self, rules: impl Into<Rules>) -> Result<(), TooLarge> {
        TooLarge::unless(self.rules.push(&rules.into()), "rules")
    }

    /// Adds the explicit rules of the next artist: consequents and strengths, best first; none for an
    /// artist whose rules are to be made from its transactions.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_artist_rules(&mut self, rules: impl Into<Rules>) -> Result<(), TooLarge> {
        TooLarge::unless(self.artist_rules.push(&rules.into()), "rules of artists")
    }

    /// Adds what short answers read of the next track: consequents and sums, best first; nothing for a
    /// track whose own rules are few enough.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_short_rules(&mut self, rules: impl Into<Rules>) -> Result<(), TooLarge> {
        TooLarge::unless(self.short_rules.push(&rules.into()), "rules for short answers")
    }

    /// The same for the next artist.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_short_artist_rules(&mut self, rules: impl Into<Rules>) -> Result<(), TooLarge> {
        TooLarge::unless(self.short_artist_rules.push(&rules.into()), "rules for short answers")
    }

    /// Adds the learned rules of the next track: consequents and weights, which may be negative.
    ///
    /// # Errors
    /// The rules grow too large.
    pub fn add_learned(&mut self, rules: &[(TrackId, f32)]) -> Result<(), TooLarge> {
        TooLarge::unless(
            self.learned.push(&Rules::new(rules, signed_level_of_share)),
            "learned rules",
        )
    }

    /// The bytes of the model's file. The counts in `metadata` are set to what has been added.
    ///
    /// # Errors
    /// The model has grown too large.
    pub fn finish(self, metadata: Metadata) -> Result<Vec<u8>, TooLarge> {
        let titles = (0..self.titles.len()).map(|track| self.titles.get(track));
        let artists = (0..self.artists.len()).map(|artist| self.artists.get(artist));
        let songs: Vec<u32> = (0..self.titles.len() as u32).collect();
        let keys = Keys::new(titles, artists)?;
        Ok(self.finish_with(&keys, &songs, metadata)?.into_bytes())
    }

    /// The model with keys that have been made already: those of its artists, and of these of the songs,
    /// one for each track.
    ///
    /// # Errors
    /// The model has grown too large.
    pub fn finish_with(
        self,
        keys: &Keys,
        songs: &[u32],
        metadata: Metadata,
    ) -> Result<Finished, TooLarge> {
        let (titles, artists, track_song, track_edition) = std::thread::scope(|scope| {
            let titles = scope.spawn(|| keys.by_title(songs));
            let artists = keys.by_artist(&self.track_artist);
            let track_song = keys.songs(songs, &self.track_artist);
            let track_edition = keys.editions(songs);
            (titles.join().expect("grouping does not panic"), artists, track_song, track_edition)
        });
        let (titles, artists) = (titles?, artists?);
        let metadata =
            serde_json::to_vec(&self.counted(metadata)).expect("metadata are plain values");
        Ok(Finished { builder: self, titles, artists, track_song, track_edition, metadata })
    }

    /// A model to score with, for whoever makes the rest of it: it has no checksums and no id, titles and
    /// URIs are left out, and no song can be found by what it is called. Keys and songs are as for
    /// [`finish_with`](Self::finish_with).
    ///
    /// # Errors
    /// What has been added makes no model, as a rule to a track that is not there.
    pub fn scorer(
        &self,
        keys: &Keys,
        songs: &[u32],
        metadata: Metadata,
    ) -> Result<Model, FormatError> {
        let track_song = keys.songs(songs, &self.track_artist);
        let untitled = vec![0_u32; songs.len() + 1];
        let section = |section| -> &[u8] {
            use bytemuck::cast_slice as bytes;
            match section {
                Section::TitleOffset => bytes(&untitled),
                Section::TrackSong => bytes(&track_song),
                Section::TitleByte | Section::UriByte | Section::TrackEdition => &[],
                Section::TitleKeyByte | Section::TitleTrack => &[],
                Section::ArtistKeyByte | Section::ArtistTrack => &[],
                Section::UriOffset
                | Section::TitleKeyOffset
                | Section::TitleTrackOffset
                | Section::ArtistKeyOffset
                | Section::ArtistTrackOffset => bytes(&untitled[..1]),
                other => self.section(other),
            }
        };
        let buffer = Buffer::of(&Section::ALL.map(section));
        let recordings: Vec<u32> = songs.iter().map(|&song| keys.title(song)).collect();
        Model::untitled(buffer, self.counted(metadata), &recordings)
    }

    fn counted(&self, metadata: Metadata) -> Metadata {
        let tracks = self.track_support.len();
        Metadata {
            items: tracks as u64,
            artists: self.artists.len() as u64,
            transactions: self.transactions.len() as u64,
            occurrences: self.transactions.members.len() as u64,
            rules: RuleCounts {
                explicit_antecedents: self.rules.groups.len() as u64,
                explicit: self.rules.groups.members.len() as u64,
                implicit_antecedents: (tracks - self.rules.groups.len()) as u64,
                artist: self.artist_rules.groups.members.len() as u64,
                short: (self.short_rules.groups.members.len()
                    + self.short_artist_rules.groups.members.len()) as u64,
                learned: self.learned.groups.members.len() as u64,
            },
            ..metadata
        }
    }

    /// A section that is nothing but what has been added.
    fn section(&self, section: Section) -> &[u8] {
        use bytemuck::cast_slice as bytes;
        match section {
            Section::ArtistOffset => bytes(&self.artists.offsets),
            Section::ArtistByte => &self.artists.bytes,
            Section::TrackArtist => bytes(&self.track_artist),
            Section::TrackSupport => bytes(&self.track_support),
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
            Section::TitleOffset
            | Section::TitleByte
            | Section::UriOffset
            | Section::UriByte
            | Section::TrackSong
            | Section::TrackEdition
            | Section::TitleKeyOffset
            | Section::TitleKeyByte
            | Section::TitleTrackOffset
            | Section::TitleTrack
            | Section::ArtistKeyOffset
            | Section::ArtistKeyByte
            | Section::ArtistTrackOffset
            | Section::ArtistTrack => unreachable!("sections that names are made into"),
        }
    }
}

/// A model that is complete, on its way into a file. [Written](Self::write) piece by piece, the file never
/// is in memory as a whole: that would be all of it twice.
#[derive(Debug)]
pub struct Finished {
    builder: Builder,
    titles: Keyed,
    artists: Keyed,
    track_song: Vec<u32>,
    track_edition: Vec<u32>,
    metadata: Vec<u8>,
}

impl Finished {
    /// The bytes of the model's file.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).expect("memory can be written");
        bytes
    }

    /// Writes the model's file.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&self, file: &mut dyn Write) -> io::Result<()> {
        let section = |section| -> &[u8] {
            use bytemuck::cast_slice as bytes;
            match section {
                Section::TitleOffset => bytes(&self.builder.titles.offsets),
                Section::TitleByte => &self.builder.titles.bytes,
                Section::UriOffset => bytes(&self.builder.uris.offsets),
                Section::UriByte => &self.builder.uris.bytes,
                Section::TrackSong => bytes(&self.track_song),
                Section::TrackEdition => bytes(&self.track_edition),
                Section::TitleKeyOffset => bytes(&self.titles.keys.offsets),
                Section::TitleKeyByte => &self.titles.keys.bytes,
                Section::TitleTrackOffset => bytes(&self.titles.tracks.offsets),
                Section::TitleTrack => bytes(&self.titles.tracks.members),
                Section::ArtistKeyOffset => bytes(&self.artists.keys.offsets),
                Section::ArtistKeyByte => &self.artists.keys.bytes,
                Section::ArtistTrackOffset => bytes(&self.artists.tracks.offsets),
                Section::ArtistTrack => bytes(&self.artists.tracks.members),
                other => self.builder.section(other),
            }
        };
        format::write(&self.metadata, &Section::ALL.map(section), file)
    }
}
