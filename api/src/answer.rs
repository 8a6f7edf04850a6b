//! Responses: JSON bodies and failures, all of one shape. Headers that every response has are added in
//! `route`.

use bytes::Bytes;
use serde::Serialize;
use warp::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use crate::failure::Failure;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The answers change with the model; a cache between us and people would only serve old ones.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// A response with a JSON body that has been written already.
pub(crate) fn json(body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(body.into().into());
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// A response with this value as JSON, which no cache keeps.
pub(crate) fn value(value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("answers are plain values with text keys");
    uncached(json(body))
}

/// The response, which no cache keeps.
pub(crate) fn uncached(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// The response that says what failed.
pub(crate) fn failure(failure: &Failure) -> Response {
    let mut response = error(failure.status(), failure.code(), &failure.to_string());
    let headers = response.headers_mut();
    if let Some(allowed) = failure.allowed() {
        headers.insert(ALLOW, HeaderValue::from_static(allowed));
    }
    if let Some(seconds) = failure.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
    if failure.closes() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A response in the shape that every error has.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let mut response = value(&serde_json::json!({ "error": { "code": code, "message": message } }));
    *response.status_mut() = status;
    response
}
