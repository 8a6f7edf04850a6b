//! The load test against services that go wrong at known requests: what it reports must be what was done.

#![allow(clippy::unwrap_used, reason = "in tests, a failed unwrap is the report")]

mod fault;
mod page;
mod program;
mod support;
mod timeline;
