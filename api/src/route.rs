//! The public routes: which path is answered by what. Path first, then everything else in one handler
//! that always answers: warp's rejections mean "try the next route", not "this failed".

use std::convert::{self, Infallible};
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::future::{Either, Map};
use futures_util::{FutureExt, Stream};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use hyper::{Request, Version};
use hyper_util::service::TowerToHyperService;
use serde_json::json;
use warp::filters::BoxedFilter;
use warp::filters::path::FullPath;
use warp::http::header::{CONNECTION, CONTENT_TYPE, EXPECT, HOST, HeaderName, IF_NONE_MATCH};
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::reject::not_found;
use warp::reply::{Reply, Response};
use warp::{Filter, Rejection, path};

use crate::access::Noted;
use crate::body::{self, Allowance};
use crate::failure::Failure;
use crate::model_info::ModelInfo;
use crate::question::Question;
use crate::recommend::Answer;
use crate::served::Served;
use crate::song::Search;
use crate::{Shared, answer, event, exposition, metric, page, recommend, song};

/// What a request asks for: the name it is counted under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Recommend,
    Songs,
    Model,
    Events,
    Liveness,
    Readiness,
    Metrics,
    Contract,
    Page,
    Nothing,
}

impl Route {
    pub(crate) const ALL: [Self; 10] = [
        Self::Recommend,
        Self::Songs,
        Self::Model,
        Self::Events,
        Self::Liveness,
        Self::Readiness,
        Self::Metrics,
        Self::Contract,
        Self::Page,
        Self::Nothing,
    ];

    fn at(path: &str) -> Self {
        match path.strip_suffix('/').unwrap_or(path) {
            "/api/recommend" | "/api/recommender" => Self::Recommend,
            "/api/songs" => Self::Songs,
            "/api/model" => Self::Model,
            "/api/events" => Self::Events,
            "/healthz" => Self::Liveness,
            "/readyz" => Self::Readiness,
            "/metrics" => Self::Metrics,
            "/openapi.json" => Self::Contract,
            _ if page::File::at(path).is_some() => Self::Page,
            _ => Self::Nothing,
        }
    }

    /// Its name in metrics and logs.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Recommend => "recommend",
            Self::Songs => "songs",
            Self::Model => "model",
            Self::Events => "events",
            Self::Liveness => "healthz",
            Self::Readiness => "readyz",
            Self::Metrics => "metrics",
            Self::Contract => "openapi",
            Self::Page => "page",
            Self::Nothing => "none",
        }
    }
}

const INSTANCE: HeaderName = HeaderName::from_static("x-segue-instance");
const MODEL: HeaderName = HeaderName::from_static("x-segue-model");

/// The service that answers people.
pub(crate) fn service(
    shared: Arc<Shared>,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send>
+ Clone
+ Send
+ 'static {
    let noted = shared.clone();
    let note = warp::log::custom(move |info| {
        let route = Route::at(info.path());
        noted.metrics.request(route, info.status(), info.elapsed());
        let request = Noted {
            method: info.method(),
            path: info.path(),
            headers: info.request_headers(),
            status: info.status(),
            took: info.elapsed(),
        };
        noted.access_log.note(route, &request);
    });
    let routes = TowerToHyperService::new(warp::service(routes(shared.clone()).with(note)));
    Checked { routes, shared }
}

/// The routes, for requests that their heads alone do not rule out.
#[derive(Clone)]
struct Checked<S> {
    routes: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Incoming>> for Checked<S>
where
    S: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, Map<S::Future, Ending>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match check(&request, self.shared.config.max_body) {
            Ok(()) => {
                let ending = if is_left_unread(&request) { closing } else { convert::identity };
                Either::Right(self.routes.call(request).map(ending))
            }
            Err(failure) => {
                let (path, status) = (request.uri().path(), failure.status());
                let route = Route::at(path);
                self.shared.metrics.request(route, status, Duration::ZERO);
                let (method, headers) = (request.method(), request.headers());
                let noted = Noted { method, path, headers, status, took: Duration::ZERO };
                self.shared.access_log.note(route, &noted);
                Either::Left(ready(Ok(finish(&self.shared, answer::failure(&failure)))))
            }
        }
    }
}

/// What becomes of an answer at last.
type Ending = fn(Result<Response, Infallible>) -> Result<Response, Infallible>;

/// Whether a request has a body that its route does not read. hyper reads over what of it has come already, and
/// closes the connection where that is not all.
fn is_left_unread(request: &Request<Incoming>) -> bool {
    let is_question =
        || request.method() == Method::POST && Route::at(request.uri().path()) == Route::Recommend;
    !request.body().is_end_stream() && !is_question()
}

/// Says that the connection ends with this answer (RFC 9112, 9.6).
fn closing(mut answer: Result<Response, Infallible>) -> Result<Response, Infallible> {
    answer.iter_mut().for_each(close);
    answer
}

fn close(response: &mut Response) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// Whether a request names one host (RFC 9112, 3.2), and no body that is too long to begin with.
fn check(request: &Request<Incoming>, max_body: u64) -> Result<(), Failure> {
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    let is_one = hosts.next().is_some() && hosts.next().is_none();
    if !is_one && request.version() == Version::HTTP_11 {
        return Err(Failure::Host { found: headers.get_all(HOST).iter().count() });
    }
    // What is left of the body is its whole length, where that was said. Other routes read none.
    let length = request.body().size_hint().lower();
    let is_refused = body::is_refused(length, headers.contains_key(EXPECT), max_body);
    match is_refused && Route::at(request.uri().path()) == Route::Recommend {
        true => Err(Failure::TooLarge { limit: max_body }),
        false => Ok(()),
    }
}

fn routes(
    shared: Arc<Shared>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let shares = shared.clone();
    let with_shared = warp::any().map(move || shares.clone());
    // The one that is asked most comes first, and alone keeps its own type: a box costs a little.
    let recommend = path!("api" / "recommend")
        .or(path!("api" / "recommender"))
        .unify()
        .and(with_shared.clone())
        .and(warp::method())
        .and(warp::body::stream())
        .then(async |shared: Arc<Shared>, method, body| {
            respond(recommend(&shared, &method, body).await)
        });
    let songs = path!("api" / "songs")
        .and(with_shared.clone())
        .and(warp::method())
        .and(query())
        .then(async |shared: Arc<Shared>, method, query: String| {
            respond(songs(&shared, &method, query).await)
        })
        .boxed();
    let get = |answer: fn(&Arc<Shared>) -> Result<Response, Failure>| {
        warp::method().and(with_shared.clone()).map(move |method, shared: Arc<Shared>| {
            respond(read_only(&method).and_then(|()| answer(&shared)))
        })
    };
    recommend
        .or(path!("readyz").and(get(readyz)).boxed())
        .unify()
        .or(path!("healthz").and(get(|_| Ok(healthz()))).boxed())
        .unify()
        .or(songs)
        .unify()
        .or(path!("api" / "model").and(get(model)).boxed())
        .unify()
        .or(path!("api" / "events").and(get(event::respond)).boxed())
        .unify()
        .or(path!("metrics").and(get(|shared| Ok(metrics(shared)))).boxed())
        .unify()
        .or(path!("openapi.json")
            .and(get(|shared| Ok(answer::json(shared.contract.clone()))))
            .boxed())
        .unify()
        .or(page())
        .unify()
        .recover(async |_: Rejection| Ok::<_, Infallible>(answer::failure(&Failure::NotFound)))
        .unify()
        .map(move |response| finish(&shared, response))
}

fn page() -> BoxedFilter<(Response,)> {
    path::full()
        .and_then(async |path: FullPath| page::File::at(path.as_str()).ok_or_else(not_found))
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .map(|file: page::File, method, headers: HeaderMap| {
            respond(read_only(&method).map(|()| file.respond(headers.get(IF_NONE_MATCH))))
        })
        .boxed()
}

/// The query part of the URL; empty where there is none.
fn query() -> impl Filter<Extract = (String,), Error = Infallible> + Copy {
    warp::query::raw().or(warp::any().map(String::new)).unify()
}

fn respond(answer: Result<Response, Failure>) -> Response {
    answer.unwrap_or_else(|failure| answer::failure(&failure))
}

/// Adds what every response carries.
fn finish(shared: &Shared, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(INSTANCE, shared.instance.clone());
    if !headers.contains_key(MODEL)
        && let Some(served) = &*shared.live.get()
    {
        headers.insert(MODEL, served.id().clone());
    }
    if shared.lifecycle.is_stopping() {
        close(&mut response);
    }
    response
}

fn read_only(method: &Method) -> Result<(), Failure> {
    match *method {
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Failure::MethodNotAllowed { allowed: "GET, HEAD" }),
    }
}

async fn recommend(
    shared: &Arc<Shared>,
    method: &Method,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Response, Failure> {
    if method != Method::POST {
        return Err(Failure::MethodNotAllowed { allowed: "POST" });
    }
    let config = &shared.config;
    if let Err(failure) = shared.admission.check() {
        let mut refused = answer::failure(&failure);
        if !body::has_come(body, config.max_body) {
            close(&mut refused);
        }
        return Ok(refused);
    }
    let allowance = Allowance { length: config.max_body, time: config.body_timeout };
    let (body, _memory) = body::read(body, allowance, &shared.bodies).await?;
    // Not before: clients that send slowly would take the turns of those that have sent.
    let _turn = shared.admission.enter()?;
    #[cfg(feature = "bench")]
    if let Some(answer) = &shared.fixed_answer {
        return Ok(answer::json(answer.clone()));
    }
    let max_songs = config.max_songs;
    let light = {
        let question = Question::parse(&body, max_songs)?;
        let served = shared.live.get();
        let served = served.as_ref().ok_or(Failure::NoModel)?;
        recommend::is_light(&question).then(|| recommended(shared, served, &question))
    };
    match light {
        Some(response) => Ok(response),
        // A body is read again more simply than what was read is kept together with it.
        None => {
            aside(shared, move |shared, served| {
                Ok(recommended(shared, served, &Question::parse(&body, max_songs)?))
            })
            .await
        }
    }
}

fn recommended(shared: &Shared, served: &Served, question: &Question<'_>) -> Response {
    let Answer { body, unknown, filled_up } = recommend::answer(served, question);
    shared.metrics.answer(question.songs.len(), unknown, filled_up);
    of_model(served, body)
}

async fn songs(shared: &Arc<Shared>, method: &Method, query: String) -> Result<Response, Failure> {
    read_only(method)?;
    let _turn = shared.admission.enter()?;
    Search::parse(&query)?;
    aside(shared, move |_, served| {
        let found = song::search(served, &Search::parse(&query)?);
        Ok(answer::uncached(of_model(served, found)))
    })
    .await
}

/// Works out an answer that takes its time on a thread where no other request waits for it.
async fn aside(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Shared, &Served) -> Result<Response, Failure> + Send + 'static,
) -> Result<Response, Failure> {
    let turn = shared.admission.enter_long().await?;
    let served = shared.live.get().clone().ok_or(Failure::NoModel)?;
    let shared = shared.clone();
    let answer = tokio::task::spawn_blocking(move || {
        // Held to the end, also where the client does not wait for it.
        let _turn = turn;
        work(&shared, &served)
    });
    answer.await.unwrap_or(Err(Failure::Internal))
}

/// A JSON answer that was made from this model.
fn of_model(served: &Served, body: impl Into<Bytes>) -> Response {
    let mut response = answer::json(body);
    response.headers_mut().insert(MODEL, served.id().clone());
    response
}

fn model(shared: &Arc<Shared>) -> Result<Response, Failure> {
    let served = shared.live.get();
    let served = served.as_deref().ok_or(Failure::NoModel)?;
    let body = serde_json::to_vec(&ModelInfo::from(served)).expect("metadata are plain values");
    Ok(answer::uncached(of_model(served, body)))
}

/// Alive as long as it answers, whatever the model.
fn healthz() -> Response {
    answer::value(&json!({ "status": "alive" }))
}

fn readyz(shared: &Arc<Shared>) -> Result<Response, Failure> {
    if shared.lifecycle.is_stopping() {
        return Err(Failure::Stopping);
    }
    match &*shared.live.get() {
        Some(_) => Ok(answer::value(&json!({ "status": "ready" }))),
        None => Err(Failure::NoModel),
    }
}

fn metrics(shared: &Shared) -> Response {
    let mut response = metric::expose(shared).into_response();
    let media_type = HeaderValue::from_static(exposition::MEDIA_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, media_type);
    response
}
