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

use std::marker::PhantomData;
use std::ops::Range;

use bytemuck::{AnyBitPattern, NoUninit};

/// The first bytes of every model file. A byte that is not ASCII and a line break of two bytes show a
/// file that went through a text-mode transfer.
const MAGIC: [u8; 8] = *b"\x93SEGUE\r\n";

/// The version of this layout; a reader refuses every other.
pub(crate) const VERSION: u32 = 2;

const FIXED_LENGTH: usize = 64;
const ENTRY_LENGTH: usize = 24;
/// A kernel that does not interrupt itself keeps a processor for as long as one read takes, and requests
/// that came meanwhile wait: a whole model would be 20 ms.
const READ_AT_ONCE: usize = 256 << 10;
/// Sections start at a cache line.
const ALIGNMENT: usize = 64;

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
    pub(crate) const ALL: [Self; 36] = [
        Self::ArtistOffset,
        Self::ArtistByte,
        Self::TitleOffset,
        Self::TitleByte,
        Self::UriOffset,
        Self::UriByte,
        Self::TrackArtist,
        Self::TrackSupport,
        Self::TrackSong,
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

/// The bytes of a model file with these sections, which come in the order of [`Section::ALL`].
pub(crate) fn encode(metadata: &[u8], sections: &[&[u8]]) -> Vec<u8> {
    assert_eq!(sections.len(), Section::ALL.len(), "every section is written, empty or not");
    let header = FIXED_LENGTH + sections.len() * ENTRY_LENGTH + metadata.len();
    let places = places(header, sections);
    let end = places.last().map_or(header, |last| last.end);

    let mut file = vec![0; end];
    file[..8].copy_from_slice(&MAGIC);
    put(&mut file, 8, &VERSION.to_le_bytes());
    put(&mut file, 12, &u32_of(header).to_le_bytes());
    put(&mut file, 16, &(end as u64).to_le_bytes());
    put(&mut file, 24, &u32_of(sections.len()).to_le_bytes());
    put(&mut file, 28, &u32_of(metadata.len()).to_le_bytes());
    for (index, bytes) in sections.iter().enumerate() {
        let entry = FIXED_LENGTH + index * ENTRY_LENGTH;
        put(&mut file, entry, &(Section::ALL[index] as u32).to_le_bytes());
        put(&mut file, entry + 4, &crc32fast::hash(bytes).to_le_bytes());
        put(&mut file, entry + 8, &(places[index].start as u64).to_le_bytes());
        put(&mut file, entry + 16, &(bytes.len() as u64).to_le_bytes());
        put(&mut file, places[index].start, bytes);
    }
    put(&mut file, header - metadata.len(), metadata);
    let checksum = crc32fast::hash(&file[..header]);
    put(&mut file, 32, &checksum.to_le_bytes());
    file
}

/// Where these sections lie after a header of so many bytes.
fn places(header: usize, sections: &[&[u8]]) -> Vec<Range<usize>> {
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

/// A file's bytes, aligned for every array in it, checked against header and checksums.
pub(crate) struct Buffer {
    words: Vec<u64>,
    length: usize,
    metadata: Range<usize>,
    sections: Vec<Range<usize>>,
}

/// Where an array of `T` lies in a [`Buffer`] that has been found to hold it there.
pub(crate) struct Span<T> {
    bytes: Range<usize>,
    of: PhantomData<T>,
}

impl Buffer {
    /// Has `length` bytes read, which are then checked. `read` fills a piece from its place on; it is
    /// called on two threads, for most of the time goes into making memory for what is read.
    pub(crate) fn read(
        length: usize,
        read: impl Fn(usize, &mut [u8]) -> std::io::Result<()> + Sync,
    ) -> std::io::Result<Result<Self, FormatError>> {
        let mut words = vec![0_u64; length.div_ceil(8)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let (first, second) = bytes[..length].split_at_mut(length / 2);
        let read_half = |start: usize, half: &mut [u8]| {
            let pieces = half.chunks_mut(READ_AT_ONCE).enumerate();
            pieces
                .map(|(number, piece)| (start + number * READ_AT_ONCE, piece))
                .try_for_each(|(at, piece)| read(at, piece))
        };
        std::thread::scope(|scope| {
            let start = first.len();
            let beside = scope.spawn(move || read_half(start, second));
            read_half(0, first).and(beside.join().expect("reading does not panic"))
        })?;
        Ok(check(words, length))
    }

    /// Sections that were just made, without header and checksums, which nobody will ask for.
    pub(crate) fn of(sections: &[&[u8]]) -> Self {
        let places = places(0, sections);
        let length = places.last().map_or(0, |last| last.end);
        let mut words = vec![0_u64; length.div_ceil(8)];
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        for (place, section) in places.iter().zip(sections) {
            bytes[place.clone()].copy_from_slice(section);
        }
        Self { words, length, metadata: 0..0, sections: places }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }

    pub(crate) fn metadata(&self) -> &[u8] {
        &self.bytes()[self.metadata.clone()]
    }

    /// The section as an array of `T`.
    pub(crate) fn span<T: AnyBitPattern + NoUninit>(
        &self,
        section: Section,
    ) -> Result<Span<T>, FormatError> {
        let bytes = self.sections[section as usize - 1].clone();
        if !bytes.len().is_multiple_of(size_of::<T>()) {
            let entry = bytes.len() / size_of::<T>();
            return Err(content_error(section, entry, "the last entry is incomplete"));
        }
        Ok(Span { bytes, of: PhantomData })
    }

    /// The array at `span`.
    pub(crate) fn slice<T: AnyBitPattern + NoUninit>(&self, span: &Span<T>) -> &[T] {
        bytemuck::cast_slice(&self.bytes()[span.bytes.clone()])
    }
}

fn check(words: Vec<u64>, length: usize) -> Result<Buffer, FormatError> {
    let file: &[u8] = &bytemuck::cast_slice(&words)[..length];
    if !file.starts_with(&MAGIC) {
        return Err(FormatError::Magic { found: file[..length.min(8)].to_vec() });
    }
    let needs =
        |expected: usize| FormatError::Length { expected: expected as u64, found: length as u64 };
    if length < FIXED_LENGTH {
        return Err(needs(FIXED_LENGTH));
    }
    if u32_at(file, 8) != VERSION {
        return Err(FormatError::Version { found: u32_at(file, 8) });
    }
    if u64_at(file, 16) != length as u64 {
        return Err(FormatError::Length { expected: u64_at(file, 16), found: length as u64 });
    }
    let header = u32_at(file, 12) as usize;
    if header > length {
        return Err(needs(header));
    }
    let broken = |reason| Err(FormatError::Header { reason });
    let table = FIXED_LENGTH + Section::ALL.len() * ENTRY_LENGTH;
    if u32_at(file, 24) as usize != Section::ALL.len()
        || table + u32_at(file, 28) as usize != header
    {
        return broken("its lengths contradict each other");
    }
    let mut crc = crc32fast::Hasher::new();
    crc.update(&file[..32]);
    crc.update(&[0; 4]);
    crc.update(&file[36..header]);
    if crc.finalize() != u32_at(file, 32) {
        return broken("it contradicts its checksum");
    }

    let mut sections = Vec::with_capacity(Section::ALL.len());
    let mut end = header;
    for (index, section) in Section::ALL.into_iter().enumerate() {
        let entry = FIXED_LENGTH + index * ENTRY_LENGTH;
        let start = end.next_multiple_of(ALIGNMENT);
        if u32_at(file, entry) != section as u32 || u64_at(file, entry + 8) != start as u64 {
            return broken("its sections are not where they belong");
        }
        let Some(next) = usize::try_from(u64_at(file, entry + 16))
            .ok()
            .and_then(|bytes| start.checked_add(bytes))
            .filter(|&next| next <= length)
        else {
            return broken("a section reaches past the end of the file");
        };
        if file[end..start].iter().any(|&byte| byte != 0) {
            return broken("there are bytes between its sections");
        }
        let expected = u32_at(file, entry + 4);
        let found = crc32fast::hash(&file[start..next]);
        if found != expected {
            return Err(FormatError::Checksum { section: format!("{section:?}"), expected, found });
        }
        sections.push(start..next);
        end = next;
    }
    if end != length {
        return broken("there are bytes after its last section");
    }
    Ok(Buffer { length, metadata: table..header, sections, words })
}

fn u32_at(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(file: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(file[at..at + 8].try_into().expect("eight bytes"))
}
