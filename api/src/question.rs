//! What a client asks in the body of `POST /api/recommend`, borrowed from the body where that is
//! possible. Says precisely what is wrong with a question; does not answer it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserialize, de};

use crate::failure::Failure;
use crate::plain;

/// As many songs are recommended where the question does not say.
pub(crate) const DEFAULT_LIMIT: usize = 10;
/// The most songs that are recommended.
pub(crate) const MOST_LIMIT: usize = 500;

/// A question.
#[derive(Debug, PartialEq)]
pub(crate) struct Question<'q> {
    /// The songs, as the client names them.
    pub(crate) songs: Vec<Cow<'q, str>>,
    /// How many songs to recommend.
    pub(crate) limit: usize,
    /// Whether to give reasons.
    pub(crate) explain: bool,
}

impl<'q> Question<'q> {
    /// Reads a question with at most `max_songs` songs.
    pub(crate) fn parse(body: &'q [u8], max_songs: usize) -> Result<Self, Failure> {
        // Texts of a body that is known to be UTF-8 are not checked one by one.
        let question: Self = match std::str::from_utf8(body) {
            Ok(text) => match plain::parse(text) {
                Some(question) => question,
                None => serde_json::from_str(text)?,
            },
            Err(_) => serde_json::from_slice(body)?,
        };
        match question.songs.len() {
            songs if songs > max_songs => Err(Failure::Unprocessable {
                reason: format!("expected at most {max_songs} `songs`, found {songs}"),
            }),
            _ => Ok(question),
        }
    }
}

/// Written out by hand, so that texts are borrowed and messages name the field they are about.
impl<'de> Deserialize<'de> for Question<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(QuestionVisitor)
    }
}

struct QuestionVisitor;

impl<'de> Visitor<'de> for QuestionVisitor {
    type Value = Question<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"an object such as {"songs": ["Yesterday"]}"#)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Question<'de>, A::Error> {
        let (mut songs, mut limit, mut explain) = (None, None, None);
        while let Some(Text(name)) = map.next_key()? {
            match &*name {
                "songs" => once("songs", &mut songs, map.next_value_seed(Songs)?)?,
                "limit" => once("limit", &mut limit, map.next_value_seed(Limit)?)?,
                "explain" => once("explain", &mut explain, map.next_value_seed(Explain)?)?,
                // What a later version understands does not hurt this one.
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Question {
            songs: songs.ok_or_else(|| de::Error::missing_field("songs"))?,
            limit: limit.unwrap_or(DEFAULT_LIMIT),
            explain: explain.unwrap_or(false),
        })
    }
}

fn once<T, E: de::Error>(name: &'static str, field: &mut Option<T>, value: T) -> Result<(), E> {
    match field.replace(value) {
        Some(_) => Err(E::duplicate_field(name)),
        None => Ok(()),
    }
}

/// A text, borrowed where it holds no escapes.
struct Text<'q>(Cow<'q, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("each of `songs` to be a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

struct Songs;

impl<'de> DeserializeSeed<'de> for Songs {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Songs {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`songs` to be a list of texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut songs = Vec::with_capacity(8);
        while let Some(Text(song)) = list.next_element()? {
            songs.push(song);
        }
        Ok(songs)
    }
}

struct Limit;

impl Limit {
    fn check<E: de::Error>(self, limit: u64) -> Result<usize, E> {
        match usize::try_from(limit) {
            Ok(limit) if (1..=MOST_LIMIT).contains(&limit) => Ok(limit),
            _ => Err(E::invalid_value(Unexpected::Unsigned(limit), &self)),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Limit {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Limit {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`limit` to be a whole number from 1 to {MOST_LIMIT}")
    }

    fn visit_u64<E: de::Error>(self, limit: u64) -> Result<usize, E> {
        self.check(limit)
    }

    fn visit_i64<E: de::Error>(self, limit: i64) -> Result<usize, E> {
        match u64::try_from(limit) {
            Ok(limit) => self.check(limit),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(limit), &self)),
        }
    }

    /// JSON has one kind of number: `10.0` is a whole one.
    fn visit_f64<E: de::Error>(self, limit: f64) -> Result<usize, E> {
        match limit.fract() == 0.0 && (0.0..=MOST_LIMIT as f64).contains(&limit) {
            true => self.check(limit as u64),
            false => Err(E::invalid_value(Unexpected::Float(limit), &self)),
        }
    }
}

struct Explain;

impl<'de> DeserializeSeed<'de> for Explain {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_bool(self)
    }
}

impl Visitor<'_> for Explain {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`explain` to be true or false")
    }

    fn visit_bool<E>(self, explain: bool) -> Result<bool, E> {
        Ok(explain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Question<'_>, Failure> {
        Question::parse(body.as_bytes(), 3)
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let question = parse(r#"{"songs": ["Yesterday"]}"#).unwrap();
        assert_eq!(
            question,
            Question { songs: vec!["Yesterday".into()], limit: 10, explain: false }
        );
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let question = parse(r#"{"songs": ["plain", "caf\u00e9"], "explain": true}"#).unwrap();
        assert!(matches!(question.songs[0], Cow::Borrowed("plain")));
        assert_eq!(question.songs[1], "café");
        assert!(question.explain);
    }

    #[test]
    fn a_whole_number_is_a_limit_however_it_is_written() {
        let limit = |text: &str| {
            parse(&format!(r#"{{"limit": {text}, "songs": []}}"#)).map(|question| question.limit)
        };
        assert_eq!(limit("1"), Ok(1));
        assert_eq!(limit("500"), Ok(500));
        assert_eq!(limit("20.0"), Ok(20));
        assert_eq!(limit("2e1"), Ok(20));
        for wrong in ["0", "501", "-1", "1.5", "1e300", "\"10\"", "null", "true", "[10]"] {
            let failure = limit(wrong).unwrap_err();
            assert_eq!(failure.status(), 422, "{wrong}");
            assert!(failure.to_string().contains("`limit`"), "{wrong}: {failure}");
        }
    }

    #[test]
    fn wrong_types_are_named_with_field_expected_and_found() {
        let check = |body: &str, message: &str| {
            let failure = parse(body).unwrap_err();
            assert_eq!(failure.status(), 422, "{body}");
            assert!(failure.to_string().starts_with(message), "{body}: {failure}");
        };
        check(
            r#"{"songs": "Yesterday"}"#,
            r#"invalid type: string "Yesterday", expected `songs` to be a list of texts"#,
        );
        check(
            r#"{"songs": [1]}"#,
            "invalid type: integer `1`, expected each of `songs` to be a text",
        );
        check(r#"{"songs": null}"#, "invalid type: null, expected `songs` to be a list");
        check(r#"{"explain": 1, "songs": []}"#, "invalid type: integer `1`, expected `explain` to");
        check(r#"{"song": []}"#, "missing field `songs`");
        check(r#"["Yesterday"]"#, "invalid type: sequence, expected an object such as");
        check(r#"{"songs": [], "songs": []}"#, "duplicate field `songs`");
        check(r#"{"songs": ["a", "b", "c", "d"]}"#, "expected at most 3 `songs`, found 4");
    }

    #[test]
    fn malformed_json_is_named_with_its_place() {
        let check = |body: &str, at: (usize, usize)| match parse(body).unwrap_err() {
            Failure::Malformed { line, column, reason } => {
                assert_eq!((line, column), at, "{body}: {reason}");
                assert!(!reason.contains(" at line "), "{reason}");
            }
            other => panic!("{body}: {other}"),
        };
        check("", (1, 0));
        check("{\"songs\":\n [\"a\",]}", (2, 7));
        check("{\"songs\": [\"a\"]} more", (1, 18));
        check("{\"songs\": [\"\\ud800\"]}", (1, 19));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        assert!(parse(r#"{"songs": [], "mood": {"happy": [1, 2]}}"#).is_ok());
    }
}
