//! What is done when the dataset is another than the served model's: the closed set of actions.
//!
//! Not here: when, and how often (see `dataset_loop`).

#[cfg(feature = "kubernetes")]
mod job;

use std::process::Stdio;
#[cfg(feature = "kubernetes")]
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tokio::sync::{mpsc, oneshot};

use crate::error::WatcherError;

#[cfg(feature = "kubernetes")]
pub use job::Jobs;
#[cfg(feature = "kubernetes")]
pub(crate) use job::{JobState, SeenJob};

/// The Kubernetes API answers in milliseconds; a server that does not in this time is in trouble.
#[cfg(feature = "kubernetes")]
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// The exit code of a command that refuses a dataset, as `segue-miner mine` does in favour of the current
/// model.
const REFUSED: i32 = 3;

/// What to do about a dataset that the served model was not made from.
#[derive(Clone, Debug)]
pub enum Remine {
    /// Nothing but the log line that tells of it.
    Log,
    /// Run a command with `sh -c`, with [`Order`]'s fields in its environment as `DATASET_ID`,
    /// `DATASET_URL` and `DATASET_SHA256`. Exit code 0 means that a model will be published, 3 that the
    /// dataset is refused.
    Exec(String),
    /// Ask another part of this process, which answers once a model has been published.
    Call(mpsc::Sender<Request>),
    /// Create a Kubernetes Job, once for all replicas, and see how it ends.
    #[cfg(feature = "kubernetes")]
    Job(Jobs),
}

/// What became of asking.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It has been done, or, where it is only logged, it has been said.
    Done,
    /// None will be made of this content, and why.
    Refused(String),
    /// There is a Job for it.
    #[cfg(feature = "kubernetes")]
    Job(SeenJob),
}

/// What is to be mined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The dataset's id, where it has one.
    pub id: Option<String>,
    /// Where it is, as it was configured.
    pub url: String,
    /// The SHA-256 of the content that was found there, in hexadecimal digits.
    pub sha256: String,
}

/// What a miner made of an order.
#[derive(Debug)]
pub enum Mined {
    /// A model.
    Published,
    /// Nothing, now or later: the dataset is not good enough, for this reason.
    Refused(String),
}

/// An order and where to say what was made of it, or why nothing was.
#[derive(Debug)]
pub struct Request {
    /// What is to be mined.
    pub order: Order,
    /// For the outcome; it is asked for again after a failure, or if this is dropped.
    pub done: oneshot::Sender<anyhow::Result<Mined>>,
}

impl Remine {
    /// The name for log lines.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Exec(_) => "exec",
            Self::Call(_) => "call",
            #[cfg(feature = "kubernetes")]
            Self::Job(_) => "job",
        }
    }

    /// Does it, or looks how far it is; `replaces` is the id of the model served when the change was
    /// found. Dropping the future ends what was started.
    pub(crate) async fn ask(
        &self,
        order: &Order,
        #[cfg_attr(not(feature = "kubernetes"), allow(unused_variables))] replaces: Option<&str>,
    ) -> Result<Outcome, WatcherError> {
        match self {
            Self::Log => Ok(Outcome::Done),
            Self::Exec(command) => exec(command, order).await,
            Self::Call(requests) => call(requests, order).await,
            #[cfg(feature = "kubernetes")]
            Self::Job(jobs) => jobs.ask(order, replaces).await.map(Outcome::Job),
        }
    }
}

async fn exec(command: &str, order: &Order) -> Result<Outcome, WatcherError> {
    let mut child = Command::new("sh");
    child.arg("-c").arg(command).stdin(Stdio::null()).process_group(0);
    // What this process was given may name another dataset.
    child.env_remove("DATASET_ID");
    child.envs(order.id.as_ref().map(|id| ("DATASET_ID", id)));
    child.env("DATASET_URL", &order.url).env("DATASET_SHA256", &order.sha256);
    let mut child = child.spawn().map_err(WatcherError::Start)?;
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let status = child.wait().await.map_err(WatcherError::Start)?;
    group.leave_be();
    match status.code() {
        Some(0) => Ok(Outcome::Done),
        Some(REFUSED) => Ok(Outcome::Refused(format!("exit code {REFUSED}"))),
        _ => Err(WatcherError::Command(status)),
    }
}

/// The processes of a command, which end with this: the shell and whatever it runs.
struct Group(Option<Pid>);

impl Group {
    /// What still runs may go on.
    fn leave_be(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // There are none any more where this fails.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

async fn call(requests: &mpsc::Sender<Request>, order: &Order) -> Result<Outcome, WatcherError> {
    let (done, outcome) = oneshot::channel();
    let request = Request { order: order.clone(), done };
    requests.send(request).await.map_err(|_| WatcherError::Gone)?;
    match outcome.await.map_err(|_| WatcherError::Gone)?.map_err(WatcherError::Call)? {
        Mined::Published => Ok(Outcome::Done),
        Mined::Refused(reason) => Ok(Outcome::Refused(reason)),
    }
}
