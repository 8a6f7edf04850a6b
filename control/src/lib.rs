//! What travels on the pod's Unix socket between the watcher and the API: messages and a client.
//!
//! The API answers plain HTTP/1.1 there: `POST /reload` with a [`Reload`] gives 200 and a [`Status`],
//! or a [`Refusal`]: with 409 where asking again changes nothing, with 503 where it may. `GET /status`
//! gives 200 and a [`Status`]. So `curl --unix-socket` speaks it, too. The serving side is the API's.

mod client;

use segue_model::DatasetMetadata;
use serde::{Deserialize, Serialize};

pub use client::{Client, ClientError};

/// Asks for a model to be served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// The model's id; the one that `CURRENT` names where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What the API is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The version of the running code.
    pub version: String,
    /// The name of this instance: in a cluster, the pod's.
    pub instance: String,
    /// Whether it takes requests: a model is loaded, and it is not going down.
    pub ready: bool,
    /// The model that is served; none before the first.
    pub model: Option<ServedModel>,
}

/// The model that is served.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedModel {
    /// Its id.
    pub id: String,
    /// When it was made, RFC 3339.
    pub model_date: String,
    /// What it was made from.
    pub dataset: DatasetMetadata,
}

/// Why a reload was refused; what was served before still is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The reason.
    pub error: RefusalReason,
}

/// A reason for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalReason {
    /// For programs: `model_refused`, `model_unreadable`, or what was wrong with the request.
    pub code: String,
    /// For people.
    pub message: String,
}
