//! The bytes of a model file in memory, checked against the file's header and checksums, and the arrays
//! that lie in them.
//!
//! Not here: what a file looks like (see `format`), and what its arrays mean.

use std::marker::PhantomData;
use std::ops::Range;

use bytemuck::{AnyBitPattern, NoUninit};
use sha2::{Digest, Sha256};

use crate::format::{
    ALIGNMENT, ENTRY_LENGTH, FIXED_LENGTH, FormatError, MAGIC, Section, VERSION, content_error,
    places,
};
use crate::memory::Memory;
use crate::step;

/// A file's bytes, aligned for every array in it, checked against the header.
pub(crate) struct Buffer {
    words: Memory<u64>,
    length: usize,
    metadata: Range<usize>,
    sections: Vec<Range<usize>>,
}

/// Where an array of `T` lies in a [`Buffer`] that has been found to hold it there.
pub(crate) struct Span<T> {
    entries: Range<usize>,
    of: PhantomData<T>,
}

impl Buffer {
    /// Has `length` bytes read, and checks their header. `read` fills a piece from its place on; it is called
    /// on two threads, for most of the time goes into making memory for what is read.
    pub(crate) fn read(
        length: usize,
        read: impl Fn(usize, &mut [u8]) -> std::io::Result<()> + Sync,
    ) -> std::io::Result<Result<Self, FormatError>> {
        let mut words = Memory::<u64>::zeroed(length.div_ceil(8))?;
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        let (first, second) = bytes[..length].split_at_mut(length / 2);
        let read_half = |start: usize, half: &mut [u8]| {
            let mut pieces = (start..).step_by(step::BYTES).zip(half.chunks_mut(step::BYTES));
            pieces.try_for_each(|(at, piece)| {
                step::give_way();
                read(at, piece)
            })
        };
        std::thread::scope(|scope| {
            let start = first.len();
            let beside = scope.spawn(move || read_half(start, second));
            read_half(0, first).and(beside.join().expect("reading does not panic"))
        })?;
        Ok(check_header(words, length))
    }

    /// Sections that were just made, without header and checksums, which nobody will ask for.
    pub(crate) fn of(sections: &[&[u8]]) -> Self {
        let places = places(0, sections);
        let length = places.last().map_or(0, |last| last.end);
        let mut words = Memory::<u64>::zeroed(length.div_ceil(8)).expect("there is memory");
        let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut words);
        for (place, section) in places.iter().zip(sections) {
            bytes[place.clone()].copy_from_slice(section);
        }
        Self { words, length, metadata: 0..0, sections: places }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }

    /// The SHA-256 of a file whose sections are as their checksums say.
    pub(crate) fn digest(&self) -> Result<[u8; 32], FormatError> {
        let file = self.bytes();
        let mut digest = Sha256::new();
        let mut end = 0;
        for (index, (section, place)) in Section::ALL.into_iter().zip(&self.sections).enumerate() {
            digest.update(&file[end..place.start]);
            let mut checksum = crc32fast::Hasher::new();
            // Each piece is still in the cache when it is read again.
            for piece in step::pieces(&file[place.clone()]) {
                checksum.update(piece);
                digest.update(piece);
            }
            let expected = u32_at(file, FIXED_LENGTH + index * ENTRY_LENGTH + 4);
            let found = checksum.finalize();
            if found != expected {
                let section = format!("{section:?}");
                return Err(FormatError::Checksum { section, expected, found });
            }
            end = place.end;
        }
        Ok(digest.finalize().into())
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
        // Sections begin where an entry of any kind may.
        let entries = bytes.start / size_of::<T>()..bytes.end / size_of::<T>();
        Ok(Span { entries, of: PhantomData })
    }

    /// The array at `span`.
    pub(crate) fn slice<T: AnyBitPattern + NoUninit>(&self, span: &Span<T>) -> &[T] {
        &bytemuck::cast_slice(&self.words)[span.entries.clone()]
    }
}

fn check_header(words: Memory<u64>, length: usize) -> Result<Buffer, FormatError> {
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
