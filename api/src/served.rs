//! A model with what its answers need ready: nothing here changes while it is served.

use std::time::Instant;

use segue_control::ServedModel;
use segue_model::score::{Scratch, Seeds};
use segue_model::{Catalog, Model, TrackId};
use serde::Serialize;
use warp::http::HeaderValue;

/// A model that is served.
pub(crate) struct Served {
    model: Model,
    titles: Titles,
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
        let titles = Titles::new(model.catalog());
        Self { model, titles, id, ending, since: Instant::now() }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    /// A track's title as it stands in answers: JSON.
    pub(crate) fn title(&self, track: TrackId) -> &[u8] {
        self.titles.get(track)
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

/// The titles of all tracks as JSON, one after another: an answer is joined from them.
struct Titles {
    json: Vec<u8>,
    ends: Vec<usize>,
}

impl Titles {
    fn new(catalog: Catalog<'_>) -> Self {
        let mut titles = Self { json: Vec::new(), ends: Vec::with_capacity(catalog.len()) };
        for track in 0..catalog.len() as TrackId {
            serde_json::to_writer(&mut titles.json, catalog.title(track))
                .expect("texts can be written");
            titles.ends.push(titles.json.len());
        }
        titles.json.shrink_to_fit();
        titles
    }

    fn get(&self, track: TrackId) -> &[u8] {
        let track = track as usize;
        let start = track.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.json[start..self.ends[track]]
    }
}

#[derive(Serialize)]
struct Ending<'a> {
    version: &'a str,
    model_date: String,
}
