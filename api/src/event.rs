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
use crate::served::Served;

/// Asks proxies not to hold events back.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A response that does not end before the instance stops: the client then asks another one.
pub(crate) fn respond(shared: &Arc<Shared>) -> Response {
    let stream = sse::keep_alive().stream(updates(shared.clone()));
    let mut response = sse::reply(stream).into_response();
    response.headers_mut().insert(BUFFERING, HeaderValue::from_static("no"));
    response
}

/// What is served, first and after each change; changes that follow each other fast come as one.
fn updates(shared: Arc<Shared>) -> impl Stream<Item = Result<Event, Infallible>> {
    let mut changes = shared.live.changes();
    changes.mark_changed();
    stream::unfold((Listener::new(shared), changes), async |(listener, mut changes)| {
        let event = listener.next(&mut changes).await?;
        Some((Ok(event), (listener, changes)))
    })
}

/// A client that listens.
struct Listener {
    shared: Arc<Shared>,
}

impl Listener {
    fn new(shared: Arc<Shared>) -> Self {
        shared.event_streams.fetch_add(1, Ordering::Relaxed);
        Self { shared }
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
