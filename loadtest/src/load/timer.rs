//! Waking at a time, as precisely as the system can.
//!
//! Tokio's own timer counts whole milliseconds. At 10,000 requests a second that would be bursts of ten,
//! and half a millisecond of our own delay in every latency. Linux's timerfd wakes within tens of
//! microseconds; elsewhere Tokio's timer serves, and the report shows what that costs.

use std::io;
use std::time::{Duration, Instant};

/// The shortest sleep: what is due within it leaves together. Setting a timer for each of 25,000 requests
/// a second would cost more than sending them, and a delay of ours this small changes no conclusion.
const SHORTEST: Duration = Duration::from_micros(100);

#[cfg(target_os = "linux")]
pub(super) struct Timer {
    fd: tokio::io::unix::AsyncFd<std::os::fd::OwnedFd>,
}

#[cfg(target_os = "linux")]
impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        use rustix::time::{TimerfdClockId, TimerfdFlags, timerfd_create};

        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let fd = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(
            deprecated,
            reason = "its successor is unsafe, for types that change their descriptor: OwnedFd does not"
        )]
        let fd = tokio::io::unix::AsyncFd::with_interest(fd, tokio::io::Interest::READABLE)?;
        Ok(Self { fd })
    }

    /// Returns at that time or up to [`SHORTEST`] after it, and always lets other tasks run in between. May
    /// be dropped while it waits.
    pub(super) async fn until(&mut self, at: Instant) -> io::Result<()> {
        use rustix::time::{Itimerspec, TimerfdTimerFlags, Timespec, timerfd_settime};

        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let once = Itimerspec {
            it_interval: Timespec::default(),
            it_value: Timespec::try_from(left.max(SHORTEST)).map_err(io::Error::other)?,
        };
        timerfd_settime(&self.fd, TimerfdTimerFlags::empty(), &once)?;
        // Setting it anew resets the descriptor, so what is read here is this waking; the guard only
        // tells Tokio that the next one is to be waited for.
        self.fd.readable().await?.clear_ready();
        Ok(())
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Timer;

#[cfg(not(target_os = "linux"))]
impl Timer {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Returns at that time or at most two milliseconds after it.
    pub(super) async fn until(&mut self, at: Instant) -> io::Result<()> {
        tokio::time::sleep_until(at.max(Instant::now() + SHORTEST).into()).await;
        Ok(())
    }
}
