//! Compression, told by a file's first bytes: names lie, and URLs often have none.
//!
//! Not here: what the decompressed bytes are (see `dataset` and `fimi`).

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// How a file is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Gzip,
    Zstd,
    /// One that is not read, by name.
    Unsupported(&'static str),
}

/// As many of a file's first bytes as [`Compression::of`] looks at.
pub(crate) const MAGIC_BYTES: u64 = 6;

impl Compression {
    /// The compression of a file that starts with these bytes.
    pub(crate) fn of(start: &[u8]) -> Self {
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // A frame, or a skippable one (RFC 8878, 3.1.1 and 3.1.2), which parallel compressors put first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Self::Unsupported("a zip archive"),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Unsupported("an xz file"),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Unsupported("a bzip2 file"),
            [b'P', b'A', b'R', b'1', ..] => Self::Unsupported("a Parquet file"),
            _ => Self::None,
        }
    }

    /// Its name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "plain",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Unsupported(name) => name,
        }
    }

    /// What was found in place of a whole stream, if it is that why the decoder or the file under it failed.
    pub(crate) fn damage(self, error: &io::Error) -> Option<String> {
        // The system's own errors have a code; a decoder's do not.
        if self == Self::None || error.raw_os_error().is_some() {
            return None;
        }
        Some(match error.kind() {
            io::ErrorKind::UnexpectedEof => "its end too early: it is truncated".to_owned(),
            _ => format!("damage: {error}"),
        })
    }

    /// What the file holds: all members of a gzip file, all frames of a zstd file.
    pub(crate) fn decoder<'a, R: BufRead + Send + 'a>(
        self,
        input: R,
    ) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::None | Self::Unsupported(_) => Box::new(input),
            Self::Gzip => Box::new(Members { current: Some(GzDecoder::new(input)) }),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(input)?),
        })
    }
}

/// The members of a gzip file, one after the other (RFC 1952, 2.2). Zeros after the last one are padding, as
/// gzip(1) takes them for; anything else there is no gzip.
struct Members<R> {
    current: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.current {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            self.current = match self.current.take() {
                Some(ended) => next_member(ended.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

/// What follows the end of a gzip member: another, if anything does.
fn next_member<R: BufRead>(mut input: R) -> io::Result<Option<GzDecoder<R>>> {
    loop {
        let rest = input.fill_buf()?;
        let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
        let next = rest.get(zeros).copied();
        input.consume(zeros);
        match next {
            Some(0x1f) => return Ok(Some(GzDecoder::new(input))),
            Some(_) => {
                let found = "bytes after its end that are no other part of it";
                return Err(io::Error::new(io::ErrorKind::InvalidData, found));
            }
            None if zeros == 0 => return Ok(None),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compression_is_told_by_the_first_bytes() {
        assert_eq!(Compression::of(b"pid,track_name\n"), Compression::None);
        assert_eq!(Compression::of(b""), Compression::None);
        assert_eq!(Compression::of(b"\x1f\x8b\x08\0"), Compression::Gzip);
        assert_eq!(Compression::of(b"\x28\xb5\x2f\xfd"), Compression::Zstd);
        assert_eq!(Compression::of(b"\x50\x2a\x4d\x18\0"), Compression::Zstd);
        assert_eq!(Compression::of(b"PK\x03\x04\0"), Compression::Unsupported("a zip archive"));
    }
}
