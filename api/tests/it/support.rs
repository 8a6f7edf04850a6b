//! What the tests share: models from playlists, running instances, a client that sees every byte.

pub(crate) mod client;
pub(crate) mod instance;
pub(crate) mod playlists;
pub(crate) mod readme;

use std::time::{Duration, Instant};

/// As long as anything may take that takes no time.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
