//! `GET /metrics` in the OpenMetrics text format, and nothing else.
//!
//! Not here: the figures (see `fact`).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Who scrapes is a server or two.
const MAX_CONNECTIONS: usize = 16;
/// A scrape is a short question; between two of them the connection is made anew.
const CONNECTION_LIMIT: Duration = Duration::from_secs(10);
/// The pause after a connection could not be taken, as when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is dropped.
pub(crate) async fn run(listener: TcpListener, registry: Registry) -> Infallible {
    let registry = Arc::new(registry);
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&registry)));
                }
                Err(error) => {
                    tracing::debug!(%error, "failed to take a connection for metrics");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, registry: Arc<Registry>) {
    let service = service_fn(|request| {
        let answer = answer(&request, &registry);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // What breaks or takes too long is the scraper's trouble, which it tells itself.
    let _ = timeout(CONNECTION_LIMIT, connection).await;
}

fn answer(request: &Request<Incoming>, registry: &Registry) -> Response<Full<Bytes>> {
    let answer = Response::builder();
    let answer = match (request.uri().path(), request.method()) {
        ("/metrics", &Method::GET | &Method::HEAD) => {
            let mut text = String::new();
            encode(&mut text, registry).expect("writing to memory does not fail");
            let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            answer.header(CONTENT_TYPE, format).body(Full::from(text))
        }
        ("/metrics", _) => answer
            .status(StatusCode::METHOD_NOT_ALLOWED)
            .header(ALLOW, "GET, HEAD")
            .body(Full::default()),
        _ => answer.status(StatusCode::NOT_FOUND).body(Full::from("see /metrics\n")),
    };
    answer.expect("status and headers are well-formed")
}
