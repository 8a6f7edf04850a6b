//! Tells listening clients what is served, and again whenever that changes: the answer of
//! `GET /api/events`, a stream of server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::{Stream, stream};
use segue_model::ModelId;
use serde::Serialize;
use tokio::sync::watch;
use warp::http::HeaderValue;
use warp::http::header::HeaderName;
use warp::reply::{Reply, Response};
use warp::sse::{self, Event};

use crate::Shared;
use crate::failure::Failure;
use crate::served::Served;

/// Asks proxies not to hold events back.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A response that does not end before the instance stops: the client then asks another one.
pub(crate) fn respond(shared: &Arc<Shared>) -> Result<Response, Failure> {
    let listener = Listener::new(shared.clone())?;
    let stream = sse::keep_alive().stream(updates(listener));
    let mut response = sse::reply(stream).into_response();
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// What is served, first and after each change; changes that follow each other fast come as one.
fn updates(listener: Listener) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut changes = listener.shared.live.changes();
    changes.mark_changed();
    stream::unfold((listener, changes), async |(listener, mut changes)| {
        let event = listener.next(&mut changes).await?;
        Some((Ok(event), (listener, changes)))
    })
}

/// A client that listens.
struct Listener {
    shared: Arc<Shared>,
}

impl Listener {
    fn new(shared: Arc<Shared>) -> Result<Self, Failure> {
        let others = shared.event_streams.fetch_add(1, Ordering::Relaxed);
        let most = shared.config.max_event_streams;
        // Counted out again where it is dropped.
        let listener = Self { shared };
        if others < most { Ok(listener) } else { Err(Failure::TooManyListeners) }
    }

    async fn next(&self, changes: &mut watch::Receiver<Option<ModelId>>) -> Option<Event> {
        loop {
            tokio::select! {
                () = self.shared.lifecycle.stopping() => return None,
                changed = changes.changed() => changed.ok()?,
            }
            if let Some(served) = &*self.shared.live.get() {
                return Some(update(served));
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.event_streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn update(served: &Served) -> Event {
    #[derive(Serialize)]
    struct Update {
        version: &'static str,
        model: String,
        model_date: String,
    }

    let model = served.model();
    let update = Update {
        version: segue_process::VERSION,
        model: model.id().to_string(),
        model_date: model.metadata().model_date.to_string(),
    };
    let data = serde_json::to_string(&update).expect("texts can be written");
    Event::default().event("update").data(data)
}
