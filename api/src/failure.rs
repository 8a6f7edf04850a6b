//! Why a request gets no good answer: each reason with its status, its code and its words.

use warp::http::StatusCode;

/// Seconds after which a client that was turned away may ask again.
const RETRY_SECONDS: u32 = 1;

/// Why a request gets no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    #[error("malformed JSON at line {line}, column {column}: {reason}")]
    Malformed { line: usize, column: usize, reason: String },
    #[error("{reason}")]
    Unprocessable { reason: String },
    #[error("the body is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("the connection broke off in the body")]
    Broken,
    #[error("there is nothing at this path; GET /openapi.json says what there is")]
    NotFound,
    #[error("expected one of the methods {allowed}")]
    MethodNotAllowed { allowed: &'static str },
    #[error("no model is loaded yet: ask again once one has been mined")]
    NoModel,
    #[error("this instance is going down")]
    Stopping,
    #[error("too many requests at once")]
    Overloaded,
    #[error("too many large bodies at once")]
    TooManyBodies,
    #[error("too many clients that are told of changes; GET /api/model tells them to others")]
    TooManyListeners,
    #[error("expected one `Host`, found {found}")]
    Host { found: usize },
    #[error("the answer could not be worked out; the log says why")]
    Internal,
}

impl Failure {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Malformed { .. } | Self::Broken | Self::Host { .. } => StatusCode::BAD_REQUEST,
            Self::Unprocessable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoModel
            | Self::Stopping
            | Self::Overloaded
            | Self::TooManyBodies
            | Self::TooManyListeners => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The code by which programs tell failures apart.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "malformed_json",
            Self::Unprocessable { .. } => "unprocessable",
            Self::TooLarge { .. } => "body_too_large",
            Self::TooSlow => "body_too_slow",
            Self::Broken => "body_broken",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::NoModel => "no_model",
            Self::Stopping => "stopping",
            Self::Overloaded | Self::TooManyBodies | Self::TooManyListeners => "overloaded",
            Self::Host { .. } => "host",
            Self::Internal => "internal",
        }
    }

    /// The methods to be named in `Allow`.
    pub(crate) fn allowed(&self) -> Option<&'static str> {
        match self {
            Self::MethodNotAllowed { allowed } => Some(allowed),
            _ => None,
        }
    }

    /// The seconds to be named in `Retry-After`.
    pub(crate) fn retry_after(&self) -> Option<u32> {
        (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(RETRY_SECONDS)
    }

    /// Whether the connection is of no further use: some of the request is still to come, and no
    /// answer to a later one could be told from the rest of this.
    pub(crate) fn closes(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::TooSlow | Self::Broken | Self::TooManyBodies)
    }
}

/// A message without the middle of what it quotes, where that is long: its beginning and its end say what was
/// found and what was expected.
pub(crate) fn shortened(message: &str) -> String {
    const ENDS: usize = 100;
    let mut letters = message.char_indices();
    match (letters.nth(ENDS), letters.nth_back(ENDS - 1)) {
        (Some((first, _)), Some((last, _))) => {
            format!("{}...{}", &message[..first], &message[last..])
        }
        _ => message.to_owned(),
    }
}

/// What serde_json found wrong: malformed text, or a wrong type in the right place.
impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => {
                Self::Unprocessable { reason: shortened(&error.to_string()) }
            }
            _ => {
                let (line, column) = (error.line(), error.column());
                let text = error.to_string();
                // The position is said once.
                let position = format!(" at line {line} column {column}");
                let reason = text.strip_suffix(&position).unwrap_or(&text).to_owned();
                Self::Malformed { line, column, reason }
            }
        }
    }
}
