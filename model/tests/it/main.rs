//! The model crate through its public face: files, directories, lookups, recommendations.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod corruption;
mod lookup;
mod recommend;
mod store;
mod support;
