//! A Kubernetes API that knows one CronJob and its Jobs, and fails when told to.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use http_body_util::BodyExt;
use hyper::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use segue_watcher::Jobs;
use serde_json::{Value, json};
use tower_test::mock::{self, Handle};

const JOBS: &str = "/apis/batch/v1/namespaces/segue/jobs";
const CRONJOBS: &str = "/apis/batch/v1/namespaces/segue/cronjobs";

/// What is wrong with the next requests of a kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// An answer that refuses.
    Status(u16, &'static str),
    /// No answer, and nothing done.
    Cut,
    /// No answer, but done all the same.
    CutAfterwards,
    /// Someone else does it first.
    Race,
}

/// Clones are the same one.
#[derive(Clone)]
pub(crate) struct Cluster {
    state: Arc<Mutex<State>>,
    client: Client,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) cronjob: Option<Value>,
    pub(crate) jobs: BTreeMap<String, Value>,
    /// For each request to create a Job.
    pub(crate) create_troubles: VecDeque<Trouble>,
    /// For each request to see a Job.
    pub(crate) get_troubles: VecDeque<Trouble>,
    /// Method, path and status of each request so far; status 0 where there was no answer.
    pub(crate) requests: Vec<(Method, String, u16)>,
}

impl Cluster {
    pub(crate) fn start(cronjob: Value) -> Self {
        let (service, handle) = mock::pair::<Request<Body>, Response<Body>>();
        let state = State { cronjob: Some(cronjob), ..State::default() };
        let state = Arc::new(Mutex::new(state));
        tokio::spawn(serve(handle, Arc::clone(&state)));
        Self { state, client: Client::new(service, "segue") }
    }

    pub(crate) fn jobs(&self) -> Jobs {
        Jobs::new(self.client.clone(), "miner-refresh")
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Sets a condition of the one Job there is.
    pub(crate) fn finish(&self, condition: &str, reason: &str) {
        let mut state = self.state();
        assert_eq!(state.jobs.len(), 1);
        let job = state.jobs.values_mut().next().unwrap();
        job["status"] = json!({ "conditions": [
            { "type": condition, "status": "True", "reason": reason, "message": "it says" },
        ]});
    }

    /// How many requests of this method were answered with this status.
    pub(crate) fn answered(&self, method: &Method, status: u16) -> usize {
        let state = self.state();
        state.requests.iter().filter(|request| request.0 == method && request.2 == status).count()
    }
}

async fn serve(mut handle: Handle<Request<Body>, Response<Body>>, state: Arc<Mutex<State>>) {
    while let Some((request, answer)) = handle.next_request().await {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let mut state = state.lock().unwrap();
        let answered = state.answer(&parts.method, parts.uri.path(), &body);
        let status = answered.as_ref().map_or(0, |(status, _)| *status);
        state.requests.push((parts.method, parts.uri.path().to_owned(), status));
        match answered {
            Some((status, body)) => {
                let body = Body::from(serde_json::to_vec(&body).unwrap());
                answer.send_response(Response::builder().status(status).body(body).unwrap());
            }
            None => answer.send_error(std::io::Error::other("connection cut")),
        }
    }
}

impl State {
    fn answer(&mut self, method: &Method, path: &str, body: &[u8]) -> Option<(u16, Value)> {
        if *method == Method::GET && path.starts_with(CRONJOBS) {
            assert_eq!(path, format!("{CRONJOBS}/miner-refresh"));
            return Some(match &self.cronjob {
                Some(cronjob) => (200, cronjob.clone()),
                None => refusal(404, "NotFound"),
            });
        }
        if let Some(name) = path.strip_prefix(&format!("{JOBS}/")) {
            assert_eq!(method, Method::GET);
            return match self.get_troubles.pop_front() {
                Some(Trouble::Status(status, reason)) => Some(refusal(status, reason)),
                Some(_) => None,
                None => Some(match self.jobs.get(name) {
                    Some(job) => (200, job.clone()),
                    None => refusal(404, "NotFound"),
                }),
            };
        }
        assert_eq!((method, path), (&Method::POST, JOBS));
        let job: Value = serde_json::from_slice(body).unwrap();
        let name = job["metadata"]["name"].as_str().unwrap().to_owned();
        let trouble = self.create_troubles.pop_front();
        match trouble {
            Some(Trouble::Status(status, reason)) => return Some(refusal(status, reason)),
            Some(Trouble::Cut) => return None,
            Some(Trouble::Race) => {
                self.jobs.insert(name.clone(), job.clone());
            }
            Some(Trouble::CutAfterwards) | None => {}
        }
        if self.jobs.contains_key(&name) {
            return Some(refusal(409, "AlreadyExists"));
        }
        self.jobs.insert(name, job.clone());
        match trouble {
            Some(Trouble::CutAfterwards) => None,
            _ => Some((201, job)),
        }
    }
}

fn refusal(status: u16, reason: &str) -> (u16, Value) {
    let message = format!("the server says {reason}");
    let refusal = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": status,
    });
    (status, refusal)
}
