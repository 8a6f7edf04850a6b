//! The accept loop: from a listener to requests, within bounds. Knows HTTP's transport, not what is
//! asked.
//!
//! warp's own server has no bounds on connections, heads or draining; hyper's connections under warp's
//! service have.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::Service;
use hyper::{Request, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use warp::reply::Response;

use crate::listener::{Listener, Stream};
use crate::worker::Workers;

/// After the system refused a connection (no descriptors left, most likely) others get time to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections that came in at the last moment get this long to send their first request: a connection
/// that has not sent any is closed at once when draining begins.
const LAST_REQUEST: Duration = Duration::from_millis(100);

/// The longest head of a request that does not come at once; a longer one gets 431. As much is read at once of
/// anything else.
const READ_BYTES: usize = 64 << 10;

/// What connections may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The time for a request's head, and between requests.
    pub(crate) header: Duration,
    /// The time for the client to acknowledge what it was sent.
    pub(crate) send: Duration,
}

/// Accepts connections and answers their requests.
pub(crate) struct Server {
    listener: Listener,
    workers: Arc<Workers>,
    send_timeout: Duration,
    /// Taken before a connection is accepted, so that those above the bound wait in the system's queue.
    slots: Arc<Semaphore>,
    http: http1::Builder,
    graceful: GracefulShutdown,
    connections: JoinSet<()>,
    closing: CancellationToken,
}

impl Server {
    /// A server of as many connections as there are `slots`; it ends when `closing` is cancelled.
    pub(crate) fn new(
        listener: Listener,
        workers: Arc<Workers>,
        slots: Arc<Semaphore>,
        bounds: Bounds,
        closing: CancellationToken,
    ) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(bounds.header);
        http.max_buf_size(READ_BYTES);
        Self {
            listener,
            workers,
            send_timeout: bounds.send,
            slots,
            http,
            graceful: GracefulShutdown::new(),
            connections: JoinSet::new(),
            closing,
        }
    }

    /// Serves until told to close, and then until the last connection has ended. When this is dropped,
    /// connections are cut off.
    pub(crate) async fn run<S>(mut self, service: S)
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        let closing = self.closing.clone();
        loop {
            tokio::select! {
                () = closing.cancelled() => break,
                // Connections that have ended are forgotten.
                Some(ended) = self.connections.join_next() => report(ended),
                accepted = accept(&self.listener, &self.slots) => match accepted {
                    Ok((stream, slot)) => self.serve(stream, slot, &service),
                    Err(error) => {
                        tracing::warn!(%error, "failed to accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        // Whoever has connected gets an answer: what waits in the queue is accepted, too.
        while let Some(Ok((stream, slot))) = accept(&self.listener, &self.slots).now_or_never() {
            self.serve(stream, slot, &service);
        }
        drop(self.listener);
        tokio::time::sleep(LAST_REQUEST).await;
        self.graceful.shutdown().await;
    }

    fn serve<S>(&mut self, stream: Stream, slot: OwnedSemaphorePermit, service: &S)
    where
        S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
    {
        let worker = self.workers.least_busy();
        let stream = match prepare(stream, self.send_timeout, worker) {
            Ok(stream) => stream,
            Err(error) => {
                // The client has gone already, most likely.
                tracing::debug!(%error, "failed to prepare a connection");
                return;
            }
        };
        let (http, service, watcher) = (&self.http, service.clone(), self.graceful.watcher());
        match stream {
            Stream::Tcp(stream) => {
                let connection = connection(http, stream, service, watcher, slot);
                self.connections.spawn_on(connection, worker);
            }
            Stream::Unix(stream) => {
                // The system bounds nothing here.
                let mut stream = TimeoutStream::new(stream);
                stream.set_write_timeout(Some(self.send_timeout));
                let connection = connection(http, Box::pin(stream), service, watcher, slot);
                self.connections.spawn_on(connection, worker);
            }
        }
    }
}

async fn accept(
    listener: &Listener,
    slots: &Arc<Semaphore>,
) -> io::Result<(Stream, OwnedSemaphorePermit)> {
    // Nobody else takes any: the one there is now stays there while a connection is waited for.
    drop(slots.acquire().await.expect("it is never closed"));
    let stream = listener.accept().await?;
    Ok((stream, slots.clone().try_acquire_owned().expect("one was there")))
}

/// Sets a connection's options, and has this worker hear what comes in by it.
fn prepare(stream: Stream, send_timeout: Duration, worker: &Handle) -> io::Result<Stream> {
    let _inside = worker.enter();
    match stream {
        Stream::Tcp(stream) => {
            // An answer is written in one piece: waiting for more to send with it is waiting for nothing.
            stream.set_nodelay(true)?;
            // A client that reads nothing keeps its connection only so long; this holds without a timer
            // for each request.
            let milliseconds = u32::try_from(send_timeout.as_millis()).unwrap_or(u32::MAX);
            rustix::net::sockopt::set_tcp_user_timeout(&stream, milliseconds)?;
            TcpStream::from_std(stream.into_std()?).map(Stream::Tcp)
        }
        Stream::Unix(stream) => UnixStream::from_std(stream.into_std()?).map(Stream::Unix),
    }
}

fn connection<T, S>(
    http: &http1::Builder,
    stream: T,
    service: S,
    watcher: Watcher,
    slot: OwnedSemaphorePermit,
) -> impl Future<Output = ()> + Send + 'static
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send,
{
    let service = WithPath(service);
    let connection = watcher.watch(http.serve_connection(TokioIo::new(stream), service));
    async move {
        if let Err(error) = connection.await {
            // Clients go away and send what is no HTTP: their affair.
            tracing::debug!(%error, "a connection ended early");
        }
        drop(slot);
    }
}

/// A service that gets no request without a path, which warp does not expect: one whose target is an
/// authority (RFC 9112, 3.2.3), as proxies are asked, is passed on as one for nothing in particular.
struct WithPath<S>(S);

impl<S: Service<Request<Incoming>>> Service<Request<Incoming>> for WithPath<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<Incoming>) -> S::Future {
        if request.uri().path_and_query().is_none() {
            *request.uri_mut() = Uri::from_static("*");
        }
        self.0.call(request)
    }
}

/// A request that panicked ended its own connection; the panic itself has been printed.
fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a request failed unforeseen");
    }
}
