//! The watcher's side of the socket: one short connection for each question.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::{Refusal, Reload, Status};

/// Answers are a few hundred bytes; whatever is larger is none of ours.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Why a question got no good answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens on the socket, or the connection broke.
    #[error("{socket}: failed to reach the API")]
    Unreachable {
        /// The socket's path.
        socket: PathBuf,
        /// What the system or the connection said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No answer in time.
    #[error("{socket}: no answer from the API within {limit:?}")]
    Late {
        /// The socket's path.
        socket: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
    /// The API will not serve the model.
    #[error("the API refused the model: {reason}")]
    Refused {
        /// Its reason.
        reason: String,
    },
    /// The API could not do it just now: what it needs can't be read.
    #[error("{reason}")]
    Unavailable {
        /// Its reason.
        reason: String,
    },
    /// The answer is not one of the protocol's.
    #[error("{socket}: expected an answer of the admin protocol, found {found}")]
    Unexpected {
        /// The socket's path.
        socket: PathBuf,
        /// What came instead.
        found: String,
    },
}

/// Speaks with the API over its admin socket.
#[derive(Clone, Debug)]
pub struct Client {
    socket: PathBuf,
    limit: Duration,
}

impl Client {
    /// A client for the socket at this path, which waits for each answer as long as `limit`.
    #[must_use]
    pub fn new(socket: impl Into<PathBuf>, limit: Duration) -> Self {
        Self { socket: socket.into(), limit }
    }

    /// The socket's path.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What the API is doing.
    ///
    /// # Errors
    /// The API can't be reached or answers something else.
    pub async fn status(&self) -> Result<Status, ClientError> {
        let (status, body) = self.ask(Method::GET, "/status", Bytes::new()).await?;
        match status {
            StatusCode::OK => self.decode(&body),
            _ => Err(self.unexpected(format!("status {status}"))),
        }
    }

    /// Has the API serve a model, and gives back what it serves now.
    ///
    /// # Errors
    /// The API can't be reached, refuses the model or can't read it, or answers something else.
    pub async fn reload(&self, model: &str) -> Result<Status, ClientError> {
        let reload = Reload { model: Some(model.to_owned()) };
        let body = serde_json::to_vec(&reload).expect("a message is plain values");
        let (status, body) = self.ask(Method::POST, "/reload", body.into()).await?;
        match status {
            StatusCode::OK => self.decode(&body),
            StatusCode::CONFLICT => {
                let refusal: Refusal = self.decode(&body)?;
                Err(ClientError::Refused { reason: refusal.error.message })
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                let refusal: Refusal = self.decode(&body)?;
                Err(ClientError::Unavailable { reason: refusal.error.message })
            }
            _ => Err(self.unexpected(format!("status {status}"))),
        }
    }

    fn decode<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ClientError> {
        serde_json::from_slice(body).map_err(|error| self.unexpected(error.to_string()))
    }

    fn unexpected(&self, found: String) -> ClientError {
        ClientError::Unexpected { socket: self.socket.clone(), found }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "segue")
            .header("content-type", "application/json")
            .body(Full::new(body))
            .expect("method, path and headers are well-formed");
        match tokio::time::timeout(self.limit, exchange(&self.socket, request)).await {
            Ok(answer) => answer
                .map_err(|source| ClientError::Unreachable { socket: self.socket.clone(), source }),
            Err(_) => Err(ClientError::Late { socket: self.socket.clone(), limit: self.limit }),
        }
    }
}

async fn exchange(
    socket: &Path,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST_ANSWER).collect().await?;
        Ok((status, body.to_bytes()))
    };
    // The connection makes progress only while it is polled, and ends with this exchange.
    tokio::pin!(connection, answer);
    tokio::select! {
        answer = &mut answer => answer,
        closed = &mut connection => {
            closed?;
            answer.await
        }
    }
}
