//! A server with one dataset, which heeds conditions or does not, and fails when told to.

use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// It is gone when this is dropped.
pub(crate) struct DatasetServer {
    state: Arc<Mutex<State>>,
    url: String,
    task: JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) body: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    /// Whether it sends all of it whatever it is asked.
    pub(crate) heedless: bool,
    pub(crate) trouble: Option<Trouble>,
    /// The status and the lines of each request so far.
    pub(crate) requests: Vec<(u16, String)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Trouble {
    Status(u16),
    /// The connection ends in the midst of the body.
    Cut,
    /// Nothing comes any more in the midst of the body, and the connection stays.
    Hang,
    /// The connection ends before an answer.
    Hangup,
}

impl DatasetServer {
    pub(crate) async fn start(body: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/songs.csv", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { body: body.to_owned(), ..State::default() }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&shared)));
            }
        });
        Self { state, url, task }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Requests that were answered with this status so far.
    pub(crate) fn answered(&self, status: u16) -> usize {
        self.state().requests.iter().filter(|request| request.0 == status).count()
    }
}

impl Drop for DatasetServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one request, by hand: a body that is cut is nothing that an HTTP library likes to send.
async fn answer(stream: TcpStream, state: Arc<Mutex<State>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let answer = state.lock().unwrap().answer(&request);
    stream.write_all(&answer).await?;
    if matches!(state.lock().unwrap().trouble, Some(Trouble::Hang)) {
        std::future::pending::<()>().await;
    }
    stream.shutdown().await
}

impl State {
    fn answer(&mut self, request: &str) -> Vec<u8> {
        let asks = |name: &str, value: &Option<String>| {
            let value = value.as_ref()?;
            let line = request.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")))?;
            Some(line == value)
        };
        // RFC 9110: If-None-Match, where it is there, decides alone.
        let known = asks("if-none-match", &self.etag)
            .or_else(|| {
                // Not modified is what is not newer; the dates of a test are of one day.
                let line =
                    request.lines().find_map(|line| line.strip_prefix("if-modified-since: "));
                Some(line? >= self.last_modified.as_deref()?)
            })
            .unwrap_or(false);
        let status = match self.trouble {
            Some(Trouble::Status(status)) => status,
            _ if known && !self.heedless => 304,
            _ => 200,
        };
        self.requests.push((status, request.to_owned()));
        let mut answer = format!("HTTP/1.1 {status} x\r\nconnection: close\r\n");
        if let Some(etag) = &self.etag {
            answer += &format!("etag: {etag}\r\n");
        }
        if let Some(date) = &self.last_modified {
            answer += &format!("last-modified: {date}\r\n");
        }
        let body: &[u8] = if status == 200 { &self.body } else { b"" };
        if status != 304 {
            answer += &format!("content-length: {}\r\n", body.len());
        }
        let mut answer = [answer.as_bytes(), b"\r\n", body].concat();
        match self.trouble {
            Some(Trouble::Cut | Trouble::Hang) => answer.truncate(answer.len() - 1),
            Some(Trouble::Hangup) => answer.clear(),
            Some(Trouble::Status(_)) | None => {}
        }
        answer
    }
}
