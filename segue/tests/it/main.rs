//! The whole of Segue with its real processes, as people run it.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod client;
mod pipeline;
mod reasons;
mod restart;
mod sample;
mod support;
mod up;
