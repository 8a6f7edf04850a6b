//! One request and its answer: how it ended, and who answered.

use std::borrow::Cow;
use std::io;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use serde::Deserialize;

use super::connection::Connection;
use super::{Engine, Mode};
use crate::sample::{IdentityId, Outcome};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const INSTANCE: &str = "x-segue-instance";
const MODEL: &str = "x-segue-model";

/// A body longer than this is not the answer to a question about songs.
const LONGEST_BODY: usize = 16 << 20;

/// How a request ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    /// When the last byte of the answer was there, where there was one.
    pub(super) at: Option<Instant>,
    pub(super) identity: Option<IdentityId>,
    /// The connection, where it serves on.
    pub(super) connection: Option<Connection>,
}

impl Ended {
    pub(super) fn failed(outcome: Outcome) -> Self {
        Self { outcome, at: None, identity: None, connection: None }
    }
}

/// Sends a request on the connection, or on a new one, and reads the answer to its end.
///
/// A connection that turns out to be closed before anything was written to it is replaced by a new one:
/// that is no second try, the request has not left. Once a byte is written, what comes, comes.
pub(super) async fn exchange(engine: &Engine, index: u64, connection: Option<Connection>) -> Ended {
    let mut request = request(engine, index);
    let mut connection = connection;
    loop {
        let fresh = connection.is_none();
        let mut used = match connection.take() {
            Some(connection) => connection,
            // Boxed, because it is large and seldom: every request's task would be as large as this.
            None => match Box::pin(open(engine)).await {
                Ok(connection) => connection,
                Err(error) => return Ended::failed(connecting(&error)),
            },
        };
        if used.sender.ready().await.is_err() && !fresh {
            continue;
        }
        match used.sender.try_send_request(request).await {
            Ok(response) => return answer(engine, response, used).await,
            Err(mut unsent) => match unsent.take_message() {
                Some(message) if !fresh => request = message,
                _ => return Ended::failed(sending(unsent.error())),
            },
        }
    }
}

async fn open(engine: &Engine) -> io::Result<Connection> {
    let life = engine.pool.borrow_mut().life();
    Connection::open(engine.plan.target.address, life).await
}

fn request(engine: &Engine, index: u64) -> Request<Full<Bytes>> {
    let plan = &engine.plan;
    let mut request = Request::new(Full::new(plan.bodies.get(index)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = plan.target.path.clone();
    let headers = request.headers_mut();
    headers.insert(HOST, plan.target.host.clone());
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // A failed request can be found in the service's own log, or be missed there.
    headers.insert(REQUEST_ID, HeaderValue::from(index));
    if plan.mode == Mode::NewConnection {
        // The service closes first, so that no local port is left waiting.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    request
}

async fn answer(
    engine: &Engine,
    response: Response<hyper::body::Incoming>,
    used: Connection,
) -> Ended {
    let (head, body) = response.into_parts();
    let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
    let (model, instance) = (header(MODEL), header(INSTANCE));
    let identify = |version, date| engine.intern(version, model, date, instance);
    let body = match Limited::new(body, LONGEST_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => {
            return Ended {
                identity: Some(identify(None, None)),
                ..Ended::failed(reading(error.as_ref()))
            };
        }
    };
    let at = Some(Instant::now());
    let (outcome, identity) = match promised(head.status, &body) {
        Ok(promise) => {
            let identity = identify(Some(&promise.version), Some(&promise.model_date));
            (Outcome::Ok, identity)
        }
        Err(outcome) => (outcome, identify(None, None)),
    };
    let kept = engine.plan.mode != Mode::NewConnection;
    Ended { outcome, at, identity: Some(identity), connection: kept.then_some(used) }
}

/// The body that the service promises. Songs are looked at, not kept.
#[derive(Deserialize)]
struct Promise<'a> {
    #[serde(rename = "songs")]
    _songs: Vec<Title>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    model_date: Cow<'a, str>,
}

/// A title: any text, of which nothing is kept.
struct Title;

impl<'de> Deserialize<'de> for Title {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;

        impl serde::de::Visitor<'_> for AnyText {
            type Value = Title;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a title")
            }

            fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Title, E> {
                Ok(Title)
            }
        }

        deserializer.deserialize_str(AnyText)
    }
}

fn promised(status: StatusCode, body: &[u8]) -> Result<Promise<'_>, Outcome> {
    if status != StatusCode::OK {
        return Err(Outcome::Status(status.as_u16()));
    }
    serde_json::from_slice(body)
        .ok()
        .filter(|promise: &Promise| !promise.version.is_empty() && !promise.model_date.is_empty())
        .ok_or(Outcome::BadBody)
}

/// How a connection that could not be opened counts.
fn connecting(error: &io::Error) -> Outcome {
    use rustix::io::Errno;

    let local = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS];
    if Errno::from_io_error(error).is_some_and(|errno| local.contains(&errno)) {
        return Outcome::Local;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Outcome::Refused,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Outcome::Reset,
        io::ErrorKind::TimedOut => Outcome::Timeout,
        _ => Outcome::Unreachable,
    }
}

/// How a request counts whose answer broke off, or never began.
fn sending(error: &hyper::Error) -> Outcome {
    if error.is_parse() {
        return Outcome::BadBody;
    }
    match cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => Outcome::Reset,
        _ => Outcome::Closed,
    }
}

fn reading(error: &(dyn std::error::Error + 'static)) -> Outcome {
    if error.is::<LengthLimitError>() {
        return Outcome::BadBody;
    }
    error.downcast_ref::<hyper::Error>().map_or(Outcome::Closed, sending)
}

fn cause<'a, E: std::error::Error + 'static>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a E> {
    std::iter::successors(Some(error), |error| error.source())
        .find_map(|error| error.downcast_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_promised_body_is_a_good_one() {
        let outcome = |body: &str| promised(StatusCode::OK, body.as_bytes()).err();
        let good = r#"{"songs":["a\n","b"],"version":"1","model_date":"2026-01-31T00:00:00Z"}"#;
        assert_eq!(outcome(good), None);
        assert_eq!(
            outcome(r#"{"songs":[],"version":"1","model_date":"d","details":[{"x":1}]}"#),
            None
        );
        for bad in [
            "",
            "null",
            r#"{"songs":["a"],"version":"1"}"#,
            r#"{"songs":["a"],"version":"1","model_date":""}"#,
            r#"{"songs":[1],"version":"1","model_date":"d"}"#,
            r#"{"songs":["a"],"version":"1","model_date":"d"} and more"#,
            &good[..good.len() - 1],
        ] {
            assert_eq!(outcome(bad), Some(Outcome::BadBody), "{bad}");
        }
        let busy = promised(StatusCode::SERVICE_UNAVAILABLE, good.as_bytes());
        assert_eq!(busy.err(), Some(Outcome::Status(503)));
    }
}
