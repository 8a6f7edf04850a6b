//! The access log: a line for a share of the requests, and for each that failed by our own fault, with the
//! trace they belong to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use warp::http::header::USER_AGENT;
use warp::http::{HeaderMap, Method, StatusCode};

use crate::route::Route;

/// The access log.
#[derive(Debug)]
pub(crate) struct AccessLog {
    /// From 0 to 1.
    share: f64,
    seen: AtomicU64,
}

/// A request that has been answered, as far as it is noted.
pub(crate) struct Noted<'r> {
    pub(crate) method: &'r Method,
    pub(crate) path: &'r str,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) status: StatusCode,
    pub(crate) took: Duration,
}

impl AccessLog {
    /// A log of this share of the requests, from 0 to 1.
    pub(crate) fn new(share: f64) -> Self {
        Self { share, seen: AtomicU64::new(0) }
    }

    /// Whether the next request gets a line: as soon as the share of those so far asks for one more.
    fn is_next(&self) -> bool {
        if self.share == 0.0 {
            return false;
        }
        let lines = |requests: u64| (requests as f64 * self.share).ceil();
        let before = self.seen.fetch_add(1, Ordering::Relaxed);
        lines(before + 1) > lines(before)
    }

    /// Notes a request that has been answered.
    pub(crate) fn note(&self, route: Route, request: &Noted<'_>) {
        let failed = request.status == StatusCode::INTERNAL_SERVER_ERROR;
        if !self.is_next() && !failed {
            return;
        }
        let trace = Trace::of(request.headers);
        let user_agent = request.headers.get(USER_AGENT);
        tracing::info!(
            method = %request.method,
            path = request.path,
            route = route.label(),
            status = request.status.as_u16(),
            took_us = request.took.as_micros() as u64,
            trace_id = trace.map(|trace| trace.id),
            parent_id = trace.map(|trace| trace.parent),
            user_agent = user_agent.and_then(|name| name.to_str().ok()),
            "request"
        );
    }
}

/// What W3C's `traceparent` says: the trace that a request belongs to, and the step that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Trace<'h> {
    id: &'h str,
    parent: &'h str,
}

impl<'h> Trace<'h> {
    fn of(headers: &'h HeaderMap) -> Option<Self> {
        Self::parse(headers.get("traceparent")?.to_str().ok()?)
    }

    /// Reads `version-trace-parent-flags`; versions to come may add fields at the end.
    fn parse(text: &'h str) -> Option<Self> {
        let mut fields = text.split('-');
        let mut field = |length: usize| {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            fields.next().filter(|field| field.len() == length && field.bytes().all(is_hex))
        };
        let version = field(2).filter(|&version| version != "ff")?;
        let is_not_zero = |field: &&str| field.bytes().any(|byte| byte != b'0');
        let id = field(32).filter(is_not_zero)?;
        let parent = field(16).filter(is_not_zero)?;
        field(2)?;
        let is_known = version != "00" || fields.next().is_none();
        is_known.then_some(Self { id, parent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn as_large_a_share_is_noted_as_was_asked_for() {
        for (share, expected) in [(0.0, 0), (0.001, 1), (0.25, 25), (0.7, 70), (1.0, 100)] {
            let log = AccessLog::new(share);
            let noted = (0..100).filter(|_| log.is_next()).count();
            assert_eq!(noted, expected, "{share}");
        }
    }

    #[test]
    fn a_traceparent_reads_as_w3c_has_it() {
        let parse = |text: &'static str| Trace::parse(text).map(|trace| (trace.id, trace.parent));
        let found = Some((ID, "00f067aa0ba902b7"));
        assert_eq!(parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), found);
        assert_eq!(parse("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"), found);
        for wrong in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
