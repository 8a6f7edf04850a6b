//! `segue-loadtest`: what an update costs the users of a service, measured so that nobody can argue.
//!
//! Knows the service only as its users do, over HTTP. `load` sends and times; `outage`, `timeline` and
//! `latency` are pure functions over what was recorded; `report` shows it; `scenario` makes a change and
//! watches it arrive; `limit` turns it into a gate.

pub mod command;
pub mod config;
pub mod latency;
pub mod limit;
pub mod load;
pub mod outage;
pub mod recording;
pub mod report;
pub mod request;
pub mod sample;
pub mod scenario;
pub mod schedule;
pub mod series;
pub mod timeline;
