//! What a file is, told by its content.
//!
//! Not here: compression, which is gone by now (see `crate::compression`).

use crate::fimi::BOM;

/// The formats a dataset may be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Rows under a header.
    Csv,
    /// A slice of the Million Playlist Dataset.
    Mpd,
    /// A transaction a line, each item a number.
    Fimi,
    /// Nothing, or nothing but white space.
    Blank,
}

impl Format {
    /// The format of content that starts with these bytes, or what it is instead.
    pub(super) fn of(start: &[u8]) -> Result<Self, &'static str> {
        if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err("UTF-16 text");
        }
        if start.contains(&0) {
            return Err("binary data");
        }
        let text = start.strip_prefix(BOM).unwrap_or(start).trim_ascii_start();
        let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
        match text.first() {
            None => Ok(Self::Blank),
            Some(b'{') => Ok(Self::Mpd),
            Some(b'<') => Err("markup, such as a web page or an error message of a server"),
            Some(_)
                if line.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_whitespace()) =>
            {
                Ok(Self::Fimi)
            }
            Some(_) => Ok(Self::Csv),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_told_by_the_first_line() {
        assert_eq!(Format::of(b"pid,track_name\n0,a\n"), Ok(Format::Csv));
        assert_eq!(Format::of(b"\xef\xbb\xbf\"pid\";track_name"), Ok(Format::Csv));
        assert_eq!(Format::of(b"\n {\"info\": {}"), Ok(Format::Mpd));
        assert_eq!(Format::of(b"1 2 3\r\n4 5\r\n"), Ok(Format::Fimi));
        assert_eq!(Format::of(b"1 pid\n"), Ok(Format::Csv));
        assert_eq!(Format::of(b"\xef\xbb\xbf \n"), Ok(Format::Blank));
    }

    #[test]
    fn what_is_no_dataset_is_called_by_its_name() {
        assert_eq!(Format::of(b"\x7fELF\x02\x01\x01\x00"), Err("binary data"));
        assert_eq!(Format::of(b"p\0i\0d\0"), Err("binary data"));
        assert_eq!(Format::of(b"\xff\xfep\0i\0"), Err("UTF-16 text"));
        assert!(Format::of(b"<!doctype html>").unwrap_err().starts_with("markup"));
    }
}
