//! A model with what its answers need ready: nothing here changes while it is served.

use std::time::Instant;

use segue_control::ServedModel;
use segue_model::score::{Scratch, Seeds};
use segue_model::{Model, TrackId};
use serde::Serialize;
use warp::http::HeaderValue;

/// A model that is served.
pub(crate) struct Served {
    model: Model,
    id: HeaderValue,
    ending: Vec<u8>,
    since: Instant,
}

impl Served {
    pub(crate) fn new(model: Model) -> Self {
        let id = HeaderValue::from_str(&model.id().to_string()).expect("hex digits are ASCII");
        let ending = serde_json::to_string(&Ending {
            version: segue_process::VERSION,
            model_date: model.metadata().model_date.to_string(),
        })
        .expect("texts can be written");
        let ending = ending.replacen('{', ",", 1).into_bytes();
        Self { model, id, ending, since: Instant::now() }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// Writes a track's title as JSON.
    pub(crate) fn write_title(&self, track: TrackId, json: &mut Vec<u8>) {
        let catalog = self.model.catalog();
        let title = catalog.title_bytes(track);
        if is_plain(title) {
            json.push(b'"');
            json.extend_from_slice(title);
            json.push(b'"');
        } else {
            serde_json::to_writer(json, catalog.title(track)).expect("texts can be written");
        }
    }

    /// The id as the header that every answer carries.
    pub(crate) fn id(&self) -> &HeaderValue {
        &self.id
    }

    /// What ends every answer after the songs: `,"version":"...","model_date":"..."}`.
    pub(crate) fn ending(&self) -> &[u8] {
        &self.ending
    }

    /// When it was made ready.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Asks it for what goes with its most frequent song.
    pub(crate) fn probe(&self) {
        let songs = (!self.model.catalog().is_empty()).then(|| vec![0]);
        self.model.recommend(&Seeds::new(songs), 1, &mut Scratch::default());
    }

    /// What it is, as the admin socket tells it.
    pub(crate) fn summary(&self) -> ServedModel {
        let metadata = self.model.metadata();
        ServedModel {
            id: self.model.id().to_string(),
            model_date: metadata.model_date.to_string(),
            dataset: metadata.dataset.clone(),
        }
    }
}

/// Whether nothing in a text has to be escaped (RFC 8259, section 7). Nearly always it has not: looking at
/// all of it, many bytes at a time, is sooner done than stopping at the first that has to be.
fn is_plain(text: &[u8]) -> bool {
    let all = |bytes: &[u8]| {
        let plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        bytes.iter().fold(true, |all, &byte| all & plain(byte))
    };
    match text.last_chunk::<8>() {
        // What is left after whole pieces is part of the last one, which is looked at again.
        Some(last) => {
            let (pieces, _) = text.as_chunks::<8>();
            pieces.iter().fold(all(last), |plain, piece| plain & all(piece))
        }
        None => all(text),
    }
}

#[derive(Serialize)]
struct Ending<'a> {
    version: &'a str,
    model_date: String,
}
