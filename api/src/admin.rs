//! The admin socket: `POST /reload`, `GET /status`. Messages are those of `segue_control`.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Buf;
use futures_util::Stream;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use segue_control::Reload;
use segue_model::ModelId;
use segue_process::log::with_causes;
use warp::http::{Method, StatusCode};
use warp::reply::Response;
use warp::{Filter, Rejection, path};

use crate::body::{self, Allowance, Memory};
use crate::failure::Failure;
use crate::live_model::ReloadError;
use crate::{Shared, answer};

/// Messages are a few dozen bytes and come from the same machine.
const ALLOWANCE: Allowance = Allowance { length: 64 * 1024, time: Duration::from_secs(10) };

/// The service that answers the pod's own watcher.
pub(crate) fn service(
    shared: Arc<Shared>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    TowerToHyperService::new(warp::service(routes(shared)))
}

fn routes(
    shared: Arc<Shared>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let with_shared = warp::any().map(move || shared.clone());
    let reload = path!("reload")
        .and(with_shared.clone())
        .and(warp::method())
        .and(warp::body::stream())
        .then(async |shared: Arc<Shared>, method, body| {
            reload(&shared, &method, body).await.unwrap_or_else(|failure| answer::failure(&failure))
        })
        .boxed();
    let status = path!("status")
        .and(with_shared)
        .and(warp::method())
        .map(|shared: Arc<Shared>, method: Method| match method {
            Method::GET | Method::HEAD => answer::value(&shared.status()),
            _ => answer::failure(&Failure::MethodNotAllowed { allowed: "GET, HEAD" }),
        })
        .boxed();
    reload
        .or(status)
        .unify()
        .recover(async |_: Rejection| Ok::<_, Infallible>(answer::failure(&Failure::NotFound)))
        .unify()
}

async fn reload(
    shared: &Shared,
    method: &Method,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Response, Failure> {
    if method != Method::POST {
        return Err(Failure::MethodNotAllowed { allowed: "POST" });
    }
    let memory = Memory::new(ALLOWANCE.length);
    let (body, _memory) = body::read(body, ALLOWANCE, &memory).await?;
    let wanted: Reload = match body.is_empty() {
        true => Reload::default(),
        false => serde_json::from_slice(&body)?,
    };
    let wanted: Option<ModelId> = match wanted.model.map(|id| id.parse()).transpose() {
        Ok(wanted) => wanted,
        Err(error) => {
            return Err(Failure::Unprocessable { reason: format!("{error}") });
        }
    };
    match shared.live.reload(wanted).await {
        Ok(()) => Ok(answer::value(&shared.status())),
        Err(error) => Ok(refused(&error)),
    }
}

fn refused(error: &ReloadError) -> Response {
    let (status, code) = match error {
        ReloadError::NoneYet { .. } => (StatusCode::CONFLICT, "no_model"),
        // It may be there the next time: a volume on the network has such moments.
        error if error.is_unreadable() => (StatusCode::SERVICE_UNAVAILABLE, "model_unreadable"),
        _ => (StatusCode::CONFLICT, "model_refused"),
    };
    error.tell();
    answer::error(status, code, &with_causes(error))
}
