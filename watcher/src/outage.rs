//! Something that works or does not, so that it is told when that changes and not at every try.

use std::time::Duration;

use tokio::time::Instant;

/// Whether something fails at the moment, and since when.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
}

impl Outage {
    /// Notes a failure; true if it is the first in a row.
    pub(crate) fn begin(&mut self) -> bool {
        let first = self.since.is_none();
        self.since.get_or_insert_with(Instant::now);
        first
    }

    /// Notes that it works; gives the time it did not, if it did not.
    pub(crate) fn end(&mut self) -> Option<Duration> {
        self.since.take().map(|since| since.elapsed())
    }
}
