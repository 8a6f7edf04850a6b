//! A service that answers every request with the same recommendation: to see how many requests a second
//! `segue-loadtest` itself can send, and to try it out.
//!
//! cargo run --release -p segue-loadtest --example static_service -- 127.0.0.1:8080

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

const BODY: &str = r#"{"songs":["Yesterday","Let It Be","Imagine","Africa","Wonderwall","Hello","Roses","Sorry","Closer","Redbone"],"version":"static","model_date":"2026-01-31T12:00:00Z"}"#;

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::Error> {
    request.into_body().collect().await?;
    let mut response = Response::new(Full::from(BODY));
    let headers = response.headers_mut();
    headers.insert("x-segue-instance", HeaderValue::from_static("static-0"));
    headers.insert("x-segue-model", HeaderValue::from_static("0123456789abcdef"));
    Ok(response)
}

#[allow(clippy::print_stdout, reason = "the address is what a person asked for")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<Infallible> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            let connection = http1::Builder::new();
            // A client that goes away is no matter of this service.
            let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}
