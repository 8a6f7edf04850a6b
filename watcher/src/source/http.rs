//! A dataset behind HTTP, asked for only if it is not what is known already.
//!
//! Always GET, as many servers (and most signed URLs) answer HEAD wrongly or not at all; a body that is
//! not needed is dropped unread.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, ETAG, HeaderName, HeaderValue, IF_NONE_MATCH, LAST_MODIFIED,
};
use reqwest::{Client, Response, StatusCode, Url};
use segue_model::DatasetMetadata;
use sha2::{Digest, Sha256};

use super::{Content, Look, Stamp, digits};
use crate::error::WatcherError;

/// A server that does not take a connection for so long is away.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// A server that sends nothing for so long is not going to.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);

/// What a server says that tells one content from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
    bytes: Option<u64>,
}

impl Validators {
    pub(super) fn of_model(dataset: &DatasetMetadata) -> Option<Self> {
        let (etag, last_modified) = (dataset.etag.clone(), dataset.last_modified.clone());
        let any = etag.is_some() || last_modified.is_some();
        any.then_some(Self { etag, last_modified, bytes: Some(dataset.bytes) })
    }

    fn of_answer(answer: &Response) -> Self {
        let text = |name: HeaderName| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        Self {
            etag: text(ETAG),
            last_modified: text(LAST_MODIFIED),
            bytes: answer.content_length(),
        }
    }

    /// Whether two answers have the same content for sure enough not to read it: servers without tags send
    /// all of it each time, and so do some with them, whatever they were asked.
    fn agree(&self, other: &Self) -> bool {
        match (&self.etag, &other.etag) {
            (Some(a), Some(b)) => a == b,
            (None, None) => {
                self.last_modified.is_some()
                    && self.last_modified == other.last_modified
                    && self.bytes.is_some()
                    && self.bytes == other.bytes
            }
            _ => false,
        }
    }

    /// The header that asks for the content only if it has changed. There is none for a date: to
    /// If-Modified-Since a file that is older than the one before it, as a restored one is, has not been
    /// modified (RFC 9110, 13.1.3).
    fn condition(&self) -> Option<HeaderValue> {
        self.etag.as_ref()?.parse().ok()
    }
}

/// A client for all looks; only a single look's time is bounded by its caller.
pub(super) fn client() -> Result<Client, WatcherError> {
    // Fails where the process has chosen a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(concat!("segue-watcher/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .read_timeout(SILENCE_LIMIT)
        .build()
        .map_err(WatcherError::HttpClient)
}

/// What is behind a URL now; `origin` is how the URL is shown.
pub(super) async fn look(
    client: &Client,
    url: &Url,
    origin: &str,
    known: Option<&Content>,
    most_bytes: u64,
) -> Result<Look, WatcherError> {
    let known = known.and_then(|content| match &content.stamp {
        Stamp::Http(validators) => Some((content, validators)),
        Stamp::Files(_) => None,
    });
    // A body encoded on the way would be other bytes than those the miner digests.
    let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
    if let Some(condition) = known.and_then(|(_, validators)| validators.condition()) {
        request = request.header(IF_NONE_MATCH, condition);
    }
    let answer = request.send().await.map_err(|error| broken(origin, "ask for it", error))?;
    match (answer.status(), known) {
        (StatusCode::OK, _) => {}
        (StatusCode::NOT_MODIFIED, Some((content, _))) => {
            return Ok(Look { content: content.clone(), read: false });
        }
        (found, _) => return Err(WatcherError::Status { url: origin.to_owned(), found }),
    }
    let validators = Validators::of_answer(&answer);
    if let Some((content, known)) = known
        && known.agree(&validators)
    {
        return Ok(Look { content: content.clone(), read: false });
    }
    let sha256 = digest(answer, origin, most_bytes).await?;
    Ok(Look { content: Content { sha256, stamp: Stamp::Http(validators) }, read: true })
}

/// Digests a body as it comes: pieces are a few KiB, too little to hold a thread up for long.
async fn digest(
    mut answer: Response,
    origin: &str,
    most_bytes: u64,
) -> Result<String, WatcherError> {
    let too_large = || WatcherError::TooLarge { origin: origin.to_owned(), limit: most_bytes };
    if answer.content_length().is_some_and(|bytes| bytes > most_bytes) {
        return Err(too_large());
    }
    let mut digest = Sha256::new();
    let mut left = most_bytes;
    while let Some(piece) =
        answer.chunk().await.map_err(|error| broken(origin, "read all of it", error))?
    {
        left = left.checked_sub(piece.len() as u64).ok_or_else(too_large)?;
        digest.update(&piece);
    }
    Ok(digits(digest))
}

fn broken(origin: &str, action: &'static str, error: reqwest::Error) -> WatcherError {
    // The message names the URL already, without the login that it may hold.
    WatcherError::Http { url: origin.to_owned(), action, source: error.without_url() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_like_validators_tell_that_contents_are_the_same() {
        let new = |etag: Option<&str>, date: Option<&str>, bytes| Validators {
            etag: etag.map(str::to_owned),
            last_modified: date.map(str::to_owned),
            bytes,
        };
        let check =
            |a: &Validators, b: &Validators, same| assert_eq!(a.agree(b), same, "{a:?} {b:?}");
        check(&new(Some("a"), None, None), &new(Some("a"), Some("today"), Some(1)), true);
        check(
            &new(Some("a"), Some("today"), Some(1)),
            &new(Some("b"), Some("today"), Some(1)),
            false,
        );
        check(&new(Some("a"), Some("today"), Some(1)), &new(None, Some("today"), Some(1)), false);
        check(&new(None, Some("today"), Some(1)), &new(None, Some("today"), Some(1)), true);
        check(&new(None, Some("today"), Some(1)), &new(None, Some("today"), Some(2)), false);
        check(&new(None, Some("today"), None), &new(None, Some("today"), None), false);
        check(&new(None, None, Some(1)), &new(None, None, Some(1)), false);
    }
}
