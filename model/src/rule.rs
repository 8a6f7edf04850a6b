//! The rules of a model: those of songs and of artists, explicit and implicit, and the learned ones.
//!
//! A rule says: of the transactions that hold the antecedent, this share holds the consequent, too. The
//! antecedent is a song, or any song by an artist. For a frequent one the strongest rules are written
//! out, ordered by strength, with an 8-bit impact. For a rare one the few transactions that hold it *are*
//! its rules: they are read when asked for, which is exact and takes less room than the rules would.
//! Supports are never stored for rules: they are counted in the transactions when someone asks to see
//! them. A learned rule corrects what a song's rules say when several songs are given.

use crate::buffer::{Buffer, Span};
use crate::catalog::{ArtistId, CatalogSpans, TrackId};
use crate::format::{FormatError, Section, content_error};
use crate::head::Head;
use crate::occurrence::Occurrences;
use crate::score::{own_weight, weight};
use crate::step;
use crate::text::Groups;
use crate::written::{Place, Written, WrittenRules, share_of_level, share_of_signed_level};

/// Where a model's rules lie in its buffer.
pub(crate) struct RuleSpans {
    transactions: Groups,
    /// Per transaction: its length to the power of -0.5. Made at load.
    weights: Vec<f32>,
    track_occurrences: Occurrences,
    artist_occurrences: Occurrences,
    tracks_of_artists: Occurrences,
    own_weight: f32,
    sample_names: Span<u64>,
    sample_transactions: Span<u32>,
    of_tracks: Written,
    of_artists: Written,
    short_of_tracks: Written,
    short_of_artists: Written,
    learned: Written,
}

impl RuleSpans {
    pub(crate) fn read(buffer: &Buffer, catalog: &CatalogSpans) -> Result<Self, FormatError> {
        use Section::{
            ArtistRuleOffset, ArtistRuleScale, ArtistRuleWord, LearnedOffset, LearnedScale,
            LearnedWord, RuleOffset, RuleScale, RuleWord, ShortArtistRuleOffset,
            ShortArtistRuleScale, ShortArtistRuleWord, ShortRuleOffset, ShortRuleScale,
            ShortRuleWord,
        };
        let supports = buffer.slice(&catalog.track_support);
        let (tracks, artists) = (supports.len(), catalog.artists.len(buffer));
        let transactions =
            Groups::read(buffer, Section::TransactionOffset, Section::TransactionItem, tracks)?;
        let of = |antecedents, sections| {
            Written::read(buffer, sections, antecedents, tracks, share_of_level)
        };
        let sample_names: Span<u64> = buffer.span(Section::SampleName)?;
        let sample_transactions = buffer.span(Section::SampleTransaction)?;
        check_sample(buffer, &sample_names, &sample_transactions, transactions.len(buffer))?;
        let artist_of = buffer.slice(&catalog.track_artist);
        let is_artist = |artist| !catalog.artists.bytes(buffer, artist).is_empty();
        let is_artist: Vec<bool> = (0..artists).map(is_artist).collect();
        let track_occurrences = Occurrences::of_tracks(buffer, &transactions, supports)?;
        let artist_occurrences =
            Occurrences::of_artists(buffer, &transactions, supports, artist_of, &is_artist);
        let tracks_of_artists = Occurrences::tracks_of_artists(artist_of, &is_artist);
        let by_artists = step::pieces(tracks_of_artists.numbers()).flatten();
        let by_artists = by_artists.map(|&track| supports[track as usize] as usize).sum();
        let mean_length =
            transactions.total(buffer) as f32 / transactions.len(buffer).max(1) as f32;
        let own_weight = own_weight(mean_length, by_artists, artist_occurrences.numbers().len());
        Ok(Self {
            sample_names,
            sample_transactions,
            own_weight,
            track_occurrences,
            artist_occurrences,
            tracks_of_artists,
            of_tracks: of(tracks, [RuleOffset, RuleWord, RuleScale])?,
            of_artists: of(artists, [ArtistRuleOffset, ArtistRuleWord, ArtistRuleScale])?,
            short_of_tracks: of(tracks, [ShortRuleOffset, ShortRuleWord, ShortRuleScale])?,
            short_of_artists: of(
                artists,
                [ShortArtistRuleOffset, ShortArtistRuleWord, ShortArtistRuleScale],
            )?,
            learned: Written::read(
                buffer,
                [LearnedOffset, LearnedWord, LearnedScale],
                tracks,
                tracks,
                share_of_signed_level,
            )?,
            weights: (0..transactions.len(buffer))
                .map(|number| weight(transactions.get(buffer, number).len() as f32))
                .collect(),
            transactions,
        })
    }
}

impl RuleSpans {
    /// The transaction that a track's rules are made from, where that is one alone.
    pub(crate) fn only(&self, buffer: &Buffer, track: TrackId) -> Option<u32> {
        match *self.track_occurrences.get(track) {
            [only] if self.of_tracks.get(buffer, track).is_empty() => Some(only),
            _ => None,
        }
    }

    /// Where a track's rules for short answers stand, and its learned ones.
    pub(crate) fn places(&self, buffer: &Buffer, track: TrackId) -> [Place; 2] {
        [&self.short_of_tracks, &self.learned].map(|written| written.place(buffer, track))
    }
}

fn check_sample(
    buffer: &Buffer,
    names: &Span<u64>,
    numbers: &Span<u32>,
    transactions: usize,
) -> Result<(), FormatError> {
    let numbers = buffer.slice(numbers);
    let fail = |entry, reason| Err(content_error(Section::SampleTransaction, entry, reason));
    if numbers.len() != buffer.slice(names).len() {
        return fail(numbers.len(), "expected a transaction for each name");
    }
    match numbers.iter().position(|&number| number as usize >= transactions) {
        Some(entry) => fail(entry, "expected a transaction"),
        None => Ok(()),
    }
}

/// The antecedent of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Antecedent {
    /// A song.
    Track(TrackId),
    /// Any song by an artist.
    Artist(ArtistId),
}

/// A rule with its counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// What is given.
    pub antecedent: Antecedent,
    /// What follows.
    pub consequent: TrackId,
    /// Transactions that hold antecedent and consequent.
    pub support: u32,
    /// Transactions that hold the antecedent.
    pub antecedent_support: u32,
    /// Transactions that hold the consequent.
    pub consequent_support: u32,
    /// All transactions.
    pub transactions: u32,
}

impl Rule {
    /// The share of the antecedent's transactions that hold the consequent, too.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        f64::from(self.support) / f64::from(self.antecedent_support.max(1))
    }

    /// How many times as frequent the consequent is where the antecedent is as it is anywhere.
    #[must_use]
    pub fn lift(&self) -> f64 {
        self.confidence() * f64::from(self.transactions) / f64::from(self.consequent_support.max(1))
    }
}

/// The rules of a model.
#[derive(Clone, Copy)]
pub struct Rules<'m> {
    pub(crate) buffer: &'m Buffer,
    pub(crate) spans: &'m RuleSpans,
    pub(crate) heads: &'m [Head],
    pub(crate) supports: &'m [u32],
}

impl<'m> Rules<'m> {
    pub(crate) fn head(&self, track: TrackId) -> &'m Head {
        &self.heads[track as usize]
    }

    /// The number of transactions.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.spans.transactions.len(self.buffer)
    }

    /// Tracks below this number have explicit rules, the others implicit ones.
    #[must_use]
    pub fn explicit_antecedents(&self) -> TrackId {
        self.spans.of_tracks.len(self.buffer) as TrackId
    }

    /// Whether an antecedent has rules that are written out; if not, what rules it has are made from its
    /// transactions.
    #[must_use]
    pub fn are_written(&self, antecedent: Antecedent) -> bool {
        !self.written(antecedent).is_empty()
    }

    /// An antecedent's rules that are written out; none where they are made from its transactions.
    pub(crate) fn written(&self, antecedent: Antecedent) -> WrittenRules<'m> {
        match antecedent {
            Antecedent::Track(track) => self.spans.of_tracks.get(self.buffer, track),
            Antecedent::Artist(artist) => self.spans.of_artists.get(self.buffer, artist),
        }
    }

    /// What short answers read of a track, in place of its rules and its artist's; nothing where these
    /// are few enough.
    pub(crate) fn short_of_track(&self, track: TrackId) -> WrittenRules<'m> {
        self.spans.short_of_tracks.at(self.buffer, self.head(track).short)
    }

    /// What short answers read of an artist, the strongest first; nothing where its transactions are few
    /// enough.
    pub(crate) fn short_of_artist(&self, artist: ArtistId) -> WrittenRules<'m> {
        self.spans.short_of_artists.get(self.buffer, artist)
    }

    /// A track's learned rules: consequents and weights, which may be negative.
    pub(crate) fn learned_of_track(&self, track: TrackId) -> WrittenRules<'m> {
        self.spans.learned.at(self.buffer, self.head(track).learned)
    }

    /// The transactions that hold an antecedent, ascending.
    #[must_use]
    pub fn occurrences(&self, antecedent: Antecedent) -> &'m [u32] {
        match antecedent {
            Antecedent::Track(track) => self.spans.track_occurrences.get(track),
            Antecedent::Artist(artist) => self.spans.artist_occurrences.get(artist),
        }
    }

    /// The tracks of an artist, the most frequent first; none of what is no artist.
    pub(crate) fn tracks_of_artist(&self, artist: ArtistId) -> &'m [TrackId] {
        self.spans.tracks_of_artists.get(artist)
    }

    /// What a song says for the others of its artist (see [`own_weight`]).
    pub(crate) fn own_weight(&self) -> f32 {
        self.spans.own_weight
    }

    /// The tracks of a transaction, ascending, and its length to the power of -0.5: what a
    /// co-occurrence in it counts.
    #[must_use]
    pub fn transaction(&self, number: u32) -> (&'m [TrackId], f32) {
        let items = self.spans.transactions.get(self.buffer, number as usize);
        (items, self.spans.weights[number as usize])
    }

    /// The playlists that the dataset was judged by: a hash of each one's name, and its tracks.
    pub fn sample(&self) -> impl Iterator<Item = (u64, &'m [TrackId])> + use<'m> {
        let (buffer, spans) = (self.buffer, self.spans);
        let numbers = buffer.slice(&spans.sample_transactions).iter();
        let tracks = numbers.map(|&number| spans.transactions.get(buffer, number as usize));
        buffer.slice(&spans.sample_names).iter().copied().zip(tracks)
    }

    /// The rule from an antecedent to a track, its support counted in the transactions, and the sum of
    /// what these transactions count.
    #[must_use]
    pub fn rule(&self, antecedent: Antecedent, consequent: TrackId) -> (Rule, f32) {
        let given = self.occurrences(antecedent);
        let (support, weight) = self.shared(given, self.occurrences(Antecedent::Track(consequent)));
        (self.with_support(antecedent, consequent, support), weight)
    }

    /// The rules to a track from antecedent after antecedent, each as [`Self::rule`] gives it, in less
    /// time: the track's transactions are marked once, and then only those of antecedents are read.
    pub(crate) fn rules_to(&self, consequent: TrackId) -> impl Fn(Antecedent) -> (Rule, f32) {
        let mut marks = vec![0_u64; self.transactions().div_ceil(64)];
        for &number in self.occurrences(Antecedent::Track(consequent)) {
            marks[number as usize / 64] |= 1 << (number % 64);
        }
        move |antecedent| {
            let (mut support, mut weight) = (0, 0.0);
            for &number in self.occurrences(antecedent) {
                if marks[number as usize / 64] >> (number % 64) & 1 == 1 {
                    support += 1;
                    weight += self.spans.weights[number as usize];
                }
            }
            (self.with_support(antecedent, consequent, support), weight)
        }
    }

    fn with_support(&self, antecedent: Antecedent, consequent: TrackId, support: u32) -> Rule {
        Rule {
            antecedent,
            consequent,
            support,
            antecedent_support: self.occurrences(antecedent).len() as u32,
            consequent_support: self.supports[consequent as usize],
            transactions: self.transactions() as u32,
        }
    }

    /// The number of transactions that are in both lists, and the sum of what they count.
    fn shared(&self, mut left: &[u32], mut right: &[u32]) -> (u32, f32) {
        let (mut both, mut weight) = (0, 0.0);
        while let (Some(x), Some(y)) = (left.first(), right.first()) {
            if x == y {
                both += 1;
                weight += self.spans.weights[*x as usize];
            }
            let (go_left, go_right) = (x <= y, y <= x);
            left = &left[usize::from(go_left)..];
            right = &right[usize::from(go_right)..];
        }
        (both, weight)
    }
}
