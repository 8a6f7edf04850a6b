//! Songs by what has been typed so far: the answer of `GET /api/songs`.

use std::borrow::Cow;

use segue_model::Track;
use segue_model::score::Seeds;
use serde::Serialize;

use crate::failure::{Failure, shortened};
use crate::served::Served;

const DEFAULT_LIMIT: usize = 10;
/// The most songs that are listed.
pub(crate) const MOST_LIMIT: usize = 100;
/// Nobody types more before choosing.
const LONGEST_TYPED: usize = 256;

/// What is searched for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Search<'q> {
    typed: Cow<'q, str>,
    limit: usize,
}

impl<'q> Search<'q> {
    /// Reads the query part of a URL: `q` is what has been typed, `limit` how many songs are wanted.
    pub(crate) fn parse(query: &'q str) -> Result<Self, Failure> {
        let mut search = Self { typed: "".into(), limit: DEFAULT_LIMIT };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "q" => search.typed = value,
                "limit" => search.limit = limit(&value)?,
                _ => {}
            }
        }
        match search.typed.chars().count() {
            letters if letters > LONGEST_TYPED => Err(Failure::Unprocessable {
                reason: format!("expected `q` of at most {LONGEST_TYPED} letters, found {letters}"),
            }),
            _ => Ok(search),
        }
    }
}

fn limit(text: &str) -> Result<usize, Failure> {
    match text.parse() {
        Ok(limit) if (1..=MOST_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Failure::Unprocessable {
            reason: shortened(&format!(
                "expected `limit` to be a whole number from 1 to {MOST_LIMIT}, found {text:?}"
            )),
        }),
    }
}

/// The songs that match, most frequent first; to nothing typed, all match.
pub(crate) fn search(served: &Served, search: &Search<'_>) -> Vec<u8> {
    let model = served.model();
    let catalog = model.catalog();
    let found = match search.typed.trim().is_empty() {
        true => model.popular(&Seeds::default(), search.limit),
        false => catalog.search(&search.typed, search.limit),
    };
    let songs = found.into_iter().map(|track| catalog.track(track).into()).collect();
    serde_json::to_vec(&Found { songs }).expect("answers are plain values with text keys")
}

#[derive(Serialize)]
struct Found<'m> {
    songs: Vec<Listed<'m>>,
}

/// A track of the catalog, as answers show it.
#[derive(Serialize)]
pub(crate) struct Listed<'m> {
    title: &'m str,
    artist: &'m str,
    uri: &'m str,
    support: u32,
}

impl<'m> From<Track<'m>> for Listed<'m> {
    fn from(track: Track<'m>) -> Self {
        let Track { title, artist, uri, support } = track;
        Self { title, artist, uri, support }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_its_bounds_are_kept() {
        let check = |query: &str, typed: &str, limit: usize| {
            assert_eq!(Search::parse(query), Ok(Search { typed: typed.into(), limit }), "{query}");
        };
        check("", "", 10);
        check("q=caf%C3%A9+del&limit=3", "café del", 3);
        check("other=1&q=a", "a", 10);
        for wrong in ["limit=0", "limit=101", "limit=", "limit=ten", "q=a&limit=-1"] {
            let failure = Search::parse(wrong).unwrap_err();
            assert!(failure.to_string().contains("`limit`"), "{wrong}: {failure}");
        }
        assert!(Search::parse(&format!("q={}", "é".repeat(257))).is_err());
    }
}
