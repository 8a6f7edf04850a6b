//! The bytes of a model file: a header, metadata as JSON, and numbered sections of raw arrays.
//!
//! ```text
//! offset 0   magic "\x93SEGUE\r\n"          8 bytes
//!        8   format version                  u32
//!       12   header length: all up to and with the metadata, u32
//!       16   file length                     u64
//!       24   number of sections              u32
//!       28   metadata length                 u32
//!       32   CRC-32 of the header, this field taken as zero, u32
//!       36   zeros up to 64
//!       64   section table: kind u32, CRC-32 u32, offset u64, length u64 for each
//!            metadata (JSON, UTF-8)
//!            sections, each at the next multiple of 64, zeros between
//! ```
//! Everything is little-endian. The layout is canonical: offsets follow from lengths, gaps are zero and
//! the sections come in the one order of [`Section::ALL`], so that every byte of a file is either
//! covered by a checksum or known. CRC-32 finds every error of up to 32 neighbouring bits for certain;
//! against forgery there is the model's id, which is made of the whole file's SHA-256.
//!
//! What the sections mean is not known here: see `catalog` and `rule`.

use std::io::{self, Write};
use std::ops::Range;

/// The first bytes of every model file. A byte that is not ASCII and a line break of two bytes show a
/// file that went through a text-mode transfer.
pub(crate) const MAGIC: [u8; 8] = *b"\x93SEGUE\r\n";

/// The version of this layout; a reader refuses every other.
pub(crate) const VERSION: u32 = 3;

pub(crate) const FIXED_LENGTH: usize = 64;
pub(crate) const ENTRY_LENGTH: usize = 24;
/// Sections start at a cache line.
pub(crate) const ALIGNMENT: usize = 64;

/// The arrays a model is made of, in file order. `...Offset` arrays have one entry more than there are
/// groups: group `g` is the range from entry `g` to entry `g + 1` of the array they are named after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Section {
    /// Artists' names as written.
    ArtistOffset = 1,
    ArtistByte,
    /// Tracks' titles as written. Tracks are numbered by falling support, then by first appearance.
    TitleOffset,
    TitleByte,
    /// Tracks' URIs; empty where the dataset had none.
    UriOffset,
    UriByte,
    /// Per track: its artist.
    TrackArtist,
    /// Per track: the number of transactions that hold it.
    TrackSupport,
    /// Per track: the first track of the same song by the same artist, be it another edition or recording.
    TrackSong,
    /// Per track whose title notes an edition: the first track of the same title that notes the same; else
    /// 2^32 - 1.
    TrackEdition,
    /// Folded titles, sorted, each once; and the tracks of each, ascending.
    TitleKeyOffset,
    TitleKeyByte,
    TitleTrackOffset,
    TitleTrack,
    /// Folded artists' names, sorted, each once; and the tracks of each, ascending.
    ArtistKeyOffset,
    ArtistKeyByte,
    ArtistTrackOffset,
    ArtistTrack,
    /// The transactions: tracks, ascending.
    TransactionOffset,
    TransactionItem,
    /// The playlists that the model's dataset was judged by: a hash of each one's name, u64, and its
    /// transaction.
    SampleName,
    SampleTransaction,
    /// Explicit rules with one antecedent, for the first tracks only, strongest first. Each is a word:
    /// its consequent in the upper 24 bits, its impact in the lower 8, in 1/255 of the logarithmic scale
    /// below the antecedent's strongest rule.
    RuleOffset,
    RuleWord,
    /// Per explicit antecedent: the impact of its strongest rule, f32.
    RuleScale,
    /// The same for artists as antecedents; a group without rules is that of an artist whose rules are
    /// made from its transactions.
    ArtistRuleOffset,
    ArtistRuleWord,
    ArtistRuleScale,
    /// What short answers read of a song, for the first tracks only: the strongest of its rules and of
    /// its artist's, added up as they are for this song alone.
    ShortRuleOffset,
    ShortRuleWord,
    ShortRuleScale,
    /// What short answers read of an artist without explicit rules; a group without rules is that of one
    /// with explicit rules, or one so rare that its transactions are read.
    ShortArtistRuleOffset,
    ShortArtistRuleWord,
    ShortArtistRuleScale,
    /// Learned rules, for the first tracks only: impacts in 1/127 of the logarithmic scale below the
    /// antecedent's largest, the highest bit set where they are negative.
    LearnedOffset,
    LearnedWord,
    /// Per antecedent: the size of its largest weight, f32.
    LearnedScale,
}

impl Section {
    pub(crate) const ALL: [Self; 37] = [
        Self::ArtistOffset,
        Self::ArtistByte,
        Self::TitleOffset,
        Self::TitleByte,
        Self::UriOffset,
        Self::UriByte,
        Self::TrackArtist,
        Self::TrackSupport,
        Self::TrackSong,
        Self::TrackEdition,
        Self::TitleKeyOffset,
        Self::TitleKeyByte,
        Self::TitleTrackOffset,
        Self::TitleTrack,
        Self::ArtistKeyOffset,
        Self::ArtistKeyByte,
        Self::ArtistTrackOffset,
        Self::ArtistTrack,
        Self::TransactionOffset,
        Self::TransactionItem,
        Self::SampleName,
        Self::SampleTransaction,
        Self::RuleOffset,
        Self::RuleWord,
        Self::RuleScale,
        Self::ArtistRuleOffset,
        Self::ArtistRuleWord,
        Self::ArtistRuleScale,
        Self::ShortRuleOffset,
        Self::ShortRuleWord,
        Self::ShortRuleScale,
        Self::ShortArtistRuleOffset,
        Self::ShortArtistRuleWord,
        Self::ShortArtistRuleScale,
        Self::LearnedOffset,
        Self::LearnedWord,
        Self::LearnedScale,
    ];
}

/// Why bytes are not a model that can be served.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// The file does not begin like a model file.
    #[error("not a model file: expected it to begin with {MAGIC:02x?}, found {found:02x?}")]
    Magic {
        /// The first bytes of the file, eight at most.
        found: Vec<u8>,
    },
    /// The file is of a format that this version does not read.
    #[error("model format version {found}: expected {VERSION}")]
    Version {
        /// The version the file says it has.
        found: u32,
    },
    /// The file is shorter or longer than its header says.
    #[error("file of {found} bytes: expected {expected}")]
    Length {
        /// The length that the header states or needs, in bytes.
        expected: u64,
        /// The length there is, in bytes.
        found: u64,
    },
    /// The header contradicts its checksum or itself.
    #[error("damaged header: {reason}")]
    Header {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A section's bytes contradict its checksum.
    #[error("damaged section {section}: expected checksum {expected:08x}, found {found:08x}")]
    Checksum {
        /// The section's name.
        section: String,
        /// The checksum in the section table.
        expected: u32,
        /// The checksum of the bytes.
        found: u32,
    },
    /// The metadata is not what it should be.
    #[error("metadata: {0}")]
    Metadata(#[source] serde_json::Error),
    /// A section holds what can't be served, such as a rule to a track that is not there.
    #[error("section {section}, entry {entry}: {reason}")]
    Content {
        /// The section's name.
        section: String,
        /// The number of the offending entry.
        entry: usize,
        /// What was expected of it.
        reason: &'static str,
    },
}

pub(crate) fn content_error(section: Section, entry: usize, reason: &'static str) -> FormatError {
    FormatError::Content { section: format!("{section:?}"), entry, reason }
}

/// Writes a model file with these sections, which come in the order of [`Section::ALL`].
pub(crate) fn write(metadata: &[u8], sections: &[&[u8]], file: &mut dyn Write) -> io::Result<()> {
    assert_eq!(sections.len(), Section::ALL.len(), "every section is written, empty or not");
    let length = FIXED_LENGTH + sections.len() * ENTRY_LENGTH + metadata.len();
    let places = places(length, sections);
    let end = places.last().map_or(length, |last| last.end);

    let mut header = vec![0; length];
    header[..8].copy_from_slice(&MAGIC);
    put(&mut header, 8, &VERSION.to_le_bytes());
    put(&mut header, 12, &u32_of(length).to_le_bytes());
    put(&mut header, 16, &(end as u64).to_le_bytes());
    put(&mut header, 24, &u32_of(sections.len()).to_le_bytes());
    put(&mut header, 28, &u32_of(metadata.len()).to_le_bytes());
    for (index, bytes) in sections.iter().enumerate() {
        let entry = FIXED_LENGTH + index * ENTRY_LENGTH;
        put(&mut header, entry, &(Section::ALL[index] as u32).to_le_bytes());
        put(&mut header, entry + 4, &crc32fast::hash(bytes).to_le_bytes());
        put(&mut header, entry + 8, &(places[index].start as u64).to_le_bytes());
        put(&mut header, entry + 16, &(bytes.len() as u64).to_le_bytes());
    }
    put(&mut header, length - metadata.len(), metadata);
    let checksum = crc32fast::hash(&header);
    put(&mut header, 32, &checksum.to_le_bytes());

    file.write_all(&header)?;
    let mut end = length;
    for (place, bytes) in places.iter().zip(sections) {
        file.write_all(&[0; ALIGNMENT][..place.start - end])?;
        file.write_all(bytes)?;
        end = place.end;
    }
    Ok(())
}

/// Where these sections lie after a header of so many bytes.
pub(crate) fn places(header: usize, sections: &[&[u8]]) -> Vec<Range<usize>> {
    let mut end = header;
    let place = |bytes: &&[u8]| {
        let start = end.next_multiple_of(ALIGNMENT);
        end = start + bytes.len();
        start..end
    };
    sections.iter().map(place).collect()
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

fn u32_of(number: usize) -> u32 {
    u32::try_from(number).expect("headers are far below 4 GiB")
}
