//! What has come of a download so far, and one attempt to get the rest.
//!
//! Not here: whether to try again (see `download`).

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{
    ACCEPT_ENCODING, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_RANGE,
    LAST_MODIFIED, RANGE, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode};
use sha2::{Digest, Sha256};
use tokio::time::timeout;

use super::error::Trouble;
use crate::progress::{Progress, Task, Unit};

/// A download under way.
#[derive(Debug)]
pub(super) struct Transfer {
    /// What has come, nothing after it.
    pub(super) file: File,
    pub(super) received: u64,
    pub(super) digest: Sha256,
    /// Of the answer that the bytes come from.
    pub(super) headers: HeaderMap,
    progress: Progress,
    task: Option<Task>,
}

/// How an attempt failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another may succeed.
    Transient(Trouble),
    Refused(StatusCode),
    Request(reqwest::Error),
    TooLarge(u64),
    Store(io::Error),
}

/// What an attempt keeps to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) silence: Duration,
}

impl Transfer {
    pub(super) fn new(file: File, progress: Progress) -> Self {
        Self {
            file,
            received: 0,
            digest: Sha256::new(),
            headers: HeaderMap::new(),
            progress,
            task: None,
        }
    }

    /// Gets what is missing.
    pub(super) async fn attempt(
        &mut self,
        client: &Client,
        url: &reqwest::Url,
        bounds: Bounds,
    ) -> Result<(), Failure> {
        // A body encoded on the way would be other bytes than those whose digest is known.
        let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        let resumed = self.validator().filter(|_| self.received > 0).cloned();
        if let Some(validator) = &resumed {
            let range = format!("bytes={}-", self.received);
            request = request.header(RANGE, range).header(IF_RANGE, validator);
        }
        let answer = timeout(bounds.silence, request.send()).await;
        let answer = answer.map_err(|_| Trouble::Silence(bounds.silence))??;
        match answer.status() {
            StatusCode::OK => self.begin(&answer, url)?,
            StatusCode::PARTIAL_CONTENT if resumed.is_some() => self.resume(&answer)?,
            status => return Err(self.other_status(status, answer.headers())),
        }
        self.body(answer, bounds).await?;
        if let Some(task) = self.task.take() {
            task.finish();
        }
        Ok(())
    }

    /// What tells the server which version the bytes so far are of: a strong `ETag`, else the date.
    fn validator(&self) -> Option<&HeaderValue> {
        let strong = self.headers.get(ETAG).filter(|etag| !etag.as_bytes().starts_with(b"W/"));
        strong.or_else(|| self.headers.get(LAST_MODIFIED))
    }

    /// Starts from nothing, be it that nothing came, or that the server has something new.
    fn begin(&mut self, answer: &Response, url: &reqwest::Url) -> Result<(), Failure> {
        self.discard()?;
        self.headers = answer.headers().clone();
        let what = format!("downloading {}", crate::dataset::without_login(url));
        self.task = Some(self.progress.task(what, Unit::Bytes, answer.content_length()));
        Ok(())
    }

    /// Goes on where the last attempt ended, if that is what the server does, too.
    fn resume(&mut self, answer: &Response) -> Result<(), Failure> {
        let range = answer.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        let start = range
            .and_then(|range| range.strip_prefix("bytes "))
            .and_then(|range| range.split_once('-'))
            .and_then(|(start, _)| start.parse::<u64>().ok());
        if start == Some(self.received) {
            return Ok(());
        }
        self.discard()?;
        Err(Trouble::OtherRange.into())
    }

    /// Forgets what has come.
    fn discard(&mut self) -> Result<(), Failure> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.digest = Sha256::new();
        self.received = 0;
        self.headers.clear();
        Ok(())
    }

    fn other_status(&mut self, status: StatusCode, headers: &HeaderMap) -> Failure {
        match status {
            // The range that was asked for is not there: what came before is of something else.
            StatusCode::RANGE_NOT_SATISFIABLE if self.received > 0 => match self.discard() {
                Ok(()) => Trouble::OtherRange.into(),
                Err(failure) => failure,
            },
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                Trouble::Status { status, retry_after: retry_after(headers) }.into()
            }
            _ if status.is_server_error() => {
                Trouble::Status { status, retry_after: retry_after(headers) }.into()
            }
            _ => Failure::Refused(status),
        }
    }

    async fn body(&mut self, mut answer: Response, bounds: Bounds) -> Result<(), Failure> {
        let announced = answer.content_length().unwrap_or(0);
        if self.received.saturating_add(announced) > bounds.bytes {
            return Err(Failure::TooLarge(self.received.saturating_add(announced)));
        }
        loop {
            let chunk = timeout(bounds.silence, answer.chunk()).await;
            let Some(chunk) = chunk.map_err(|_| Trouble::Silence(bounds.silence))?? else {
                return Ok(());
            };
            let length = chunk.len() as u64;
            if self.received + length > bounds.bytes {
                return Err(Failure::TooLarge(self.received + length));
            }
            self.file.write_all(&chunk)?;
            self.digest.update(&chunk);
            self.received += length;
            if let Some(task) = &self.task {
                task.advance(length);
            }
        }
    }
}

/// How long a server asks to be left alone: in seconds, or until a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    // A date that has passed asks for no pause.
    Some(Duration::try_from(Timestamp::now().until(date).ok()?).unwrap_or_default())
}

/// A header as the server sent it.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Transient(trouble)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Store(error)
    }
}

impl From<reqwest::Error> for Failure {
    /// Messages name the URL already, without the login that it may hold.
    fn from(error: reqwest::Error) -> Self {
        let hopeless = error.is_builder() || error.is_redirect();
        let error = error.without_url();
        if hopeless { Self::Request(error) } else { Trouble::Connection(error).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_asks_for_a_pause_in_seconds_or_until_a_date() {
        let asked = |text: &str| {
            let headers = [(RETRY_AFTER, HeaderValue::from_str(text).unwrap())];
            retry_after(&headers.into_iter().collect())
        };
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(asked("Fri, 21 Oct 2095 07:28:00 GMT") > Some(Duration::from_secs(86_400)));
        assert_eq!(asked("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
