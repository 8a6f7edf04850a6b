//! The watcher between a real model directory, an API on a real Unix socket and a dataset on disk or
//! behind a real HTTP server.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod dataset;
#[cfg(feature = "kubernetes")]
mod job;
mod model;
mod program;
mod remine;
mod support;
