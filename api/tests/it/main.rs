//! Tests of the API through its sockets, as clients and the watcher use it.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod answer;
mod client;
mod event;
mod fuzz;
mod metric;
mod openapi;
mod page;
mod program;
mod reload;
mod shutdown;
mod status;
mod support;
mod transport;
