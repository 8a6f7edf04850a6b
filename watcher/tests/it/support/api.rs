//! An API that serves no songs, but takes models from a real directory over a real socket.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use segue_control::{Refusal, RefusalReason, Reload, ServedModel, Status};
use segue_model::{ModelError, ModelId, Store};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// It is gone when this is dropped, socket and all.
pub(crate) struct Api {
    state: Arc<Mutex<State>>,
    socket: PathBuf,
    task: JoinHandle<()>,
}

pub(crate) struct State {
    store: Store,
    served: Option<ServedModel>,
    /// How often it was asked to serve a model.
    pub(crate) reloads: usize,
    /// How often it was asked what it serves.
    pub(crate) looks: usize,
    /// So many reloads are answered with a 500 yet.
    pub(crate) failures: usize,
}

impl Api {
    /// Starts one that serves the current model, or the one of a moment ago if it is given.
    pub(crate) fn start(socket: &Path, store: &Store) -> Self {
        let current = store.current().ok().flatten();
        Self::start_with(socket, store, current)
    }

    pub(crate) fn start_with(socket: &Path, store: &Store, model: Option<ModelId>) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let mut state =
            State { store: store.clone(), served: None, reloads: 0, looks: 0, failures: 0 };
        if let Some(model) = model {
            // One that it can't serve it does without.
            let _ = state.serve(model);
        }
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let shared = Arc::clone(&shared);
                let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { state, socket: socket.to_owned(), task }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The id of what it serves.
    pub(crate) fn serving(&self) -> Option<String> {
        self.state().served.as_ref().map(|model| model.id.clone())
    }

    pub(crate) fn serves(&self, model: ModelId) -> bool {
        self.serving() == Some(model.to_string())
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.task.abort();
        // A killed API leaves its socket behind and the next one clears it away.
        std::fs::remove_file(&self.socket).unwrap();
    }
}

impl State {
    pub(crate) fn serve(&mut self, model: ModelId) -> Result<(), ModelError> {
        let model = self.store.load(model)?;
        let (id, metadata) = (model.id().to_string(), model.metadata());
        let model_date = metadata.model_date.to_string();
        self.served = Some(ServedModel { id, model_date, dataset: metadata.dataset.clone() });
        Ok(())
    }

    fn status(&self) -> Status {
        let (version, instance) = ("1.2.3".to_owned(), "test".to_owned());
        Status { version, instance, ready: self.served.is_some(), model: self.served.clone() }
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut state = state.lock().unwrap();
    let (status, answer) = match (parts.method, parts.uri.path()) {
        (Method::GET, "/status") => {
            state.looks += 1;
            (StatusCode::OK, serde_json::to_vec(&state.status()))
        }
        (Method::POST, "/reload") => {
            state.reloads += 1;
            let reload: Reload = serde_json::from_slice(&body).unwrap();
            if state.failures > 0 {
                state.failures -= 1;
                (StatusCode::INTERNAL_SERVER_ERROR, Ok(Vec::new()))
            } else {
                match state.serve(reload.model.unwrap().parse().unwrap()) {
                    Ok(()) => (StatusCode::OK, serde_json::to_vec(&state.status())),
                    Err(error) => {
                        let message = error.to_string();
                        let (status, code) = match error {
                            ModelError::Read { .. } => {
                                (StatusCode::SERVICE_UNAVAILABLE, "model_unreadable")
                            }
                            _ => (StatusCode::CONFLICT, "model_refused"),
                        };
                        let error = RefusalReason { code: code.to_owned(), message };
                        (status, serde_json::to_vec(&Refusal { error }))
                    }
                }
            }
        }
        _ => (StatusCode::NOT_FOUND, Ok(Vec::new())),
    };
    let answer = Response::builder().status(status).body(Full::from(answer.unwrap()));
    Ok(answer.unwrap())
}
