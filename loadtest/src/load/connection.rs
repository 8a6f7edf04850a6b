//! Connections: how one is opened, and which one the next request takes.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::Mode;

/// An HTTP/1.1 connection. Dropping it closes it, whatever is under way.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    driver: AbortHandle,
    /// When it is given up for a new one.
    expires: Option<Instant>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr, life: Option<Duration>) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // What goes wrong on it is told to the request that it carries.
        let driver = tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(Self {
            sender,
            driver: driver.abort_handle(),
            expires: life.map(|life| Instant::now() + life),
        })
    }

    fn is_old(&self) -> bool {
        self.expires.is_some_and(|at| at <= Instant::now())
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What the next request is to do.
pub(super) enum Choice {
    /// Take this connection.
    Idle(Connection),
    /// Open one.
    Open,
    /// Wait: as many as may be are busy.
    Wait,
}

/// How long connections are kept that were needed beyond the kept number.
const PEAK_WINDOW: Duration = Duration::from_secs(1);

/// The open connections, as a count, and those of them that are idle.
pub(super) struct Pool {
    mode: Mode,
    most: usize,
    open: usize,
    /// Longest idle first: connections are used in turn, so that each instance behind them is asked.
    idle: VecDeque<Connection>,
    peak: Peak,
    random: fastrand::Rng,
}

/// The most connections that were busy at once, lately. While so many are needed they are kept: to open
/// and close one for each request would cost both sides more than the requests themselves.
struct Peak {
    since: Instant,
    now: usize,
    before: usize,
}

impl Peak {
    fn note(&mut self, busy: usize) {
        if self.since.elapsed() > PEAK_WINDOW {
            *self = Self { since: Instant::now(), now: 0, before: self.now };
        }
        self.now = self.now.max(busy);
    }

    fn lately(&self) -> usize {
        self.now.max(self.before)
    }
}

impl Pool {
    pub(super) fn new(mode: Mode, most: NonZeroUsize, seed: u64) -> Self {
        Self {
            mode,
            most: most.get(),
            open: 0,
            idle: VecDeque::new(),
            peak: Peak { since: Instant::now(), now: 0, before: 0 },
            random: fastrand::Rng::with_seed(seed),
        }
    }

    /// How many connections are open or being opened.
    pub(super) fn open(&self) -> usize {
        self.open
    }

    /// The connection for a request. While fewer than the kept number are open, it opens one even if
    /// another is idle: all connecting is done by requests, where it is measured, and never aside.
    pub(super) fn choose(&mut self) -> Choice {
        while self.idle.front().is_some_and(|c| c.sender.is_closed()) {
            self.idle.pop_front();
            self.open -= 1;
        }
        if self.open >= self.kept()
            && let Some(connection) = self.idle.pop_front()
        {
            return Choice::Idle(connection);
        }
        if self.open < self.most {
            self.open += 1;
            return Choice::Open;
        }
        Choice::Wait
    }

    /// Takes back the place that a request had, with its connection where that serves on.
    pub(super) fn give_back(&mut self, connection: Option<Connection>) {
        self.peak.note(self.open - self.idle.len());
        let kept = self.kept().max(self.peak.lately());
        match connection {
            Some(connection) if self.open <= kept && !connection.is_old() => {
                self.idle.push_back(connection);
            }
            _ => self.open -= 1,
        }
    }

    /// How long a connection that is opened now is to serve. Lives differ by up to a half from their
    /// mean, lest connections that were opened together end together.
    pub(super) fn life(&mut self) -> Option<Duration> {
        match self.mode {
            Mode::KeepAlive { renew, .. } if !renew.is_zero() => {
                Some(renew.mul_f64(self.random.f64() + 0.5))
            }
            _ => None,
        }
    }

    fn kept(&self) -> usize {
        match self.mode {
            Mode::KeepAlive { connections, .. } => connections.get().min(self.most),
            Mode::NewConnection => 0,
        }
    }
}
