//! The web page in a real browser, before the real server: what people do, and what they must never see.
//! Not the routes themselves; those have tests without a browser.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod chosen;
mod client;
mod driver;
mod fixture;
mod focus;
mod live;
mod look;
mod page;
#[path = "../it/support/readme.rs"]
mod readme;
mod safe;
mod search;
mod share;
mod site;
