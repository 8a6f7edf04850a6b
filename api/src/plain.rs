//! Questions as nearly all of them are written, read in a fraction of the time that JSON of any kind takes.
//!
//! Whatever is written otherwise is left to `question`, which also says what is wrong with it: fields that
//! are not known or come twice, other numbers than whole ones, line ends.

use std::borrow::Cow;

use memchr::memchr2;

use crate::question::{DEFAULT_LIMIT, MOST_LIMIT, Question};

/// A song with quotes and comma is hardly ever shorter, in bytes: room for as many songs is made at once, ...
const SHORT_SONG: usize = 12;
/// ... but for so many at most.
const MANY_SONGS: usize = 128;

/// The question that a body is, if it is a plain one.
pub(crate) fn parse(body: &str) -> Option<Question<'_>> {
    // No text may hold any (RFC 8259, section 7); between texts, there is at most a space then.
    if body.bytes().fold(false, |any, byte| any | (byte < b' ')) {
        return None;
    }
    let mut rest = Rest(body);
    let (mut songs, mut limit, mut explain) = (None, None, None);
    rest.skip(b'{')?;
    loop {
        let name = rest.text()?;
        rest.skip(b':')?;
        match &*name {
            "songs" if songs.is_none() => songs = Some(rest.texts()?),
            "limit" if limit.is_none() => limit = Some(rest.limit()?),
            "explain" if explain.is_none() => explain = Some(rest.truth()?),
            _ => return None,
        }
        if rest.skip(b',').is_none() {
            break;
        }
    }
    rest.skip(b'}')?;
    rest.next().is_none().then_some(Question {
        songs: songs?,
        limit: limit.unwrap_or(DEFAULT_LIMIT),
        explain: explain.unwrap_or(false),
    })
}

/// What has not been read yet.
struct Rest<'q>(&'q str);

impl<'q> Rest<'q> {
    /// The next byte that is no space.
    fn next(&mut self) -> Option<u8> {
        while let Some(rest) = self.0.strip_prefix(' ') {
            self.0 = rest;
        }
        self.0.bytes().next()
    }

    /// Passes over this byte, an ASCII one, if it is the next.
    fn skip(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.0 = &self.0[1..])
    }

    fn text(&mut self) -> Option<Cow<'q, str>> {
        self.next().filter(|&byte| byte == b'"')?;
        let bytes = self.0.as_bytes();
        let (mut end, mut is_escaped) = (1, false);
        loop {
            end += memchr2(b'"', b'\\', bytes.get(end..)?)?;
            if bytes[end] == b'"' {
                break;
            }
            is_escaped = true;
            end += 2;
        }
        let (text, rest) = self.0.split_at(end);
        let quoted = &self.0[..=end];
        self.0 = &rest[1..];
        match is_escaped {
            true => serde_json::from_str(quoted).ok().map(Cow::Owned),
            false => Some(Cow::Borrowed(&text[1..])),
        }
    }

    fn texts(&mut self) -> Option<Vec<Cow<'q, str>>> {
        self.skip(b'[')?;
        let mut texts = Vec::with_capacity((self.0.len() / SHORT_SONG).min(MANY_SONGS));
        if self.skip(b']').is_some() {
            return Some(texts);
        }
        loop {
            texts.push(self.text()?);
            if self.skip(b',').is_none() {
                break;
            }
        }
        self.skip(b']').map(|()| texts)
    }

    /// A limit that is written in digits alone.
    fn limit(&mut self) -> Option<usize> {
        self.next()?;
        let end = self.0.find(|letter: char| !letter.is_ascii_digit())?;
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        let is_whole = matches!(self.next()?, b',' | b'}') && !digits.starts_with('0');
        let limit = digits.parse().ok().filter(|limit| (1..=MOST_LIMIT).contains(limit));
        limit.filter(|_| is_whole)
    }

    fn truth(&mut self) -> Option<bool> {
        self.next()?;
        [("true", true), ("false", false)].into_iter().find_map(|(word, truth)| {
            self.0 = self.0.strip_prefix(word)?;
            Some(truth)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(body: &str) -> bool {
        let plain = parse(body);
        let is_plain = plain.is_some();
        if let Some(plain) = plain {
            assert_eq!(serde_json::from_str::<Question<'_>>(body).unwrap(), plain, "{body}");
        }
        is_plain
    }

    #[test]
    fn questions_as_clients_write_them_are_plain() {
        for body in [
            r#"{"songs":["Yesterday"]}"#,
            r#"{"songs": ["Yesterday", "Ágætis byrjun"]}"#,
            r#"{"songs": [], "limit": 5}"#,
            r#"{"limit":500,"songs":["a"],"explain":true}"#,
            r#"{"songs": ["\u00c1g\u00e6tis \"byrjun\"", "\\", "b"]}"#,
            r#" { "explain" : false , "songs" : [ "a" , "b" ] , "limit" : 10 } "#,
        ] {
            assert!(check(body), "{body}");
        }
    }

    #[test]
    fn other_questions_are_left_alone() {
        for body in [
            "",
            "{}",
            r#"{"limit": 5}"#,
            r#"{"songs": ["\ud800"]}"#,
            r#"{"songs": ["\"]}"#,
            r#"{"songs": ["\é"]}"#,
            "{\"songs\": [\"a\"]\n}",
            "{\"songs\": [\"a\u{1}\"]}",
            r#"{"songs": ["a"], "songs": ["b"]}"#,
            r#"{"songs": ["a"], "mood": 1}"#,
            r#"{"songs": ["a"], "limit": 5.0}"#,
            r#"{"songs": ["a"], "limit": 05}"#,
            r#"{"songs": ["a"], "limit": 501}"#,
            r#"{"songs": ["a"], "limit": }"#,
            r#"{"songs": ["a",]}"#,
            r#"{"songs": ["a"],}"#,
            r#"{"songs": ["a"]} more"#,
            r#"{"songs": ["a"], "explain": truetrue}"#,
        ] {
            assert!(!check(body), "{body}");
        }
    }

    proptest! {
        /// Whole questions and what is left where a piece is taken out or put twice.
        #[test]
        fn plain_questions_are_what_any_reader_takes_them_for(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "{", "}", "[", "]", ",", ":", " ", "\"songs\"", "\"limit\"", "\"explain\"", "\"a\"",
                    "\"é\"", "\"b\\n\\\"\"", "\"\\", "5", "0", "501", "1e1", "true", "false", "null", "\n",
                ]),
                0..12,
            ),
            at in 0..40_usize,
            until in 0..40_usize,
        ) {
            check(&pieces.concat());
            let whole = r#"{"songs": ["a", "é"], "limit": 7, "explain": true}"#;
            let part = |range| whole.get(range).unwrap_or_default();
            check(&[part(0..at), part(until..whole.len())].concat());
        }
    }
}
