//! Slices of the Million Playlist Dataset: JSON of playlists, each with its id and its tracks.
//!
//! One playlist at a time is held, so a slice may be of any size.
//!
//! Not here: which files are slices (see `read`).

use std::fmt;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::error::{DatasetError, Place};
use super::row::Rows;
use super::stream::Content;
use super::track::{self, Field};

#[derive(Deserialize)]
struct Playlist {
    pid: Pid,
    tracks: Vec<Track>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a pid that is neither a whole number from 0 nor a string")]
enum Pid {
    Number(u64),
    Text(String),
}

#[derive(Deserialize)]
struct Track {
    track_name: Option<String>,
    artist_name: Option<String>,
    track_uri: Option<String>,
}

/// Reads a slice to its end.
pub(super) fn read(
    content: &mut Content,
    origin: &str,
    rows: &mut Rows,
) -> Result<(), DatasetError> {
    let mut failure = None;
    let mut json = serde_json::Deserializer::from_reader(content);
    let slice = Slice(Playlists { origin, rows, failure: &mut failure });
    let Err(error) = slice.deserialize(&mut json).and_then(|()| json.end()) else { return Ok(()) };
    if let Some(failure) = failure {
        return Err(failure);
    }
    let place = Place::column(origin, error.line() as u64, error.column(), None);
    let text = error.to_string();
    let repeated = format!(" at line {} column {}", error.line(), error.column());
    let found = text.strip_suffix(&repeated).unwrap_or(&text).to_owned();
    let expected =
        "{\"playlists\": [{\"pid\": ..., \"tracks\": [...]}]} as in the Million Playlist Dataset";
    Err(place.unexpected(expected, found).into())
}

/// The object that a slice is.
struct Slice<'a>(Playlists<'a>);

/// Its list of playlists, each taken as it is met.
struct Playlists<'a> {
    origin: &'a str,
    rows: &'a mut Rows,
    /// Why taking a row failed: serde's errors can't carry it.
    failure: &'a mut Option<DatasetError>,
}

impl<'de> DeserializeSeed<'de> for Slice<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Slice<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of playlists")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut playlists = Some(self.0);
        while let Some(key) = map.next_key::<String>()? {
            if key != "playlists" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let Some(playlists) = playlists.take() else {
                return Err(A::Error::duplicate_field("playlists"));
            };
            map.next_value_seed(playlists)?;
        }
        match playlists {
            Some(_) => Err(A::Error::missing_field("playlists")),
            None => Ok(()),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Playlists<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Playlists<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of playlists")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut playlists: A) -> Result<(), A::Error> {
        while let Some(playlist) = playlists.next_element()? {
            if let Err(failure) = self.take(&playlist) {
                *self.failure = Some(failure);
                return Err(A::Error::custom("a bad row"));
            }
        }
        Ok(())
    }
}

impl Playlists<'_> {
    fn take(&mut self, playlist: &Playlist) -> Result<(), DatasetError> {
        let pid = match &playlist.pid {
            Pid::Number(number) => &number.to_string(),
            Pid::Text(text) => text,
        };
        if playlist.tracks.is_empty() {
            self.rows.pass_empty_playlist(pid);
        }
        for (position, track) in (1..).zip(&playlist.tracks) {
            let track = track::Track {
                uri: bytes_of(&track.track_uri),
                title: bytes_of(&track.track_name),
                artist: bytes_of(&track.artist_name),
            };
            let fingerprint = self.rows.fingerprints().of(track);
            self.rows.take(pid.as_bytes(), track, fingerprint, |field| {
                let key = match field {
                    Field::Pid => "pid",
                    Field::Title => "track_name",
                    Field::Artist => "artist_name",
                    Field::Uri => "track_uri",
                };
                let name = format!("playlist {pid:?}, track {position}, {key}");
                Place { name: Some(name), ..Place::file(self.origin) }
            })?;
        }
        Ok(())
    }
}

fn bytes_of(text: &Option<String>) -> &[u8] {
    text.as_deref().unwrap_or_default().as_bytes()
}
