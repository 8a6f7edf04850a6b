//! What was logged in this test's thread, as JSON.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

use super::eventually;

/// The lines so far; they are captured as long as this lives.
pub(crate) struct Log {
    bytes: Bytes,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn capture() -> Self {
        let bytes = Bytes::default();
        let lines = tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_max_level(tracing::Level::DEBUG)
            .with_writer(bytes.clone())
            .finish();
        Self { bytes, _guard: tracing::subscriber::set_default(lines) }
    }

    /// All lines with this message, debug lines included.
    pub(crate) fn lines(&self, message: &str) -> Vec<Value> {
        let bytes = self.bytes.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"].as_str().unwrap().contains(message)).collect()
    }

    pub(crate) fn count(&self, message: &str) -> usize {
        self.lines(message).len()
    }

    /// Waits for the nth line with this message, from 1, and gives it back.
    pub(crate) async fn nth(&self, n: usize, message: &str) -> Value {
        let what = format!("line {n} with {message:?} in the log:\n{}", self.text());
        eventually(&what, || self.count(message) >= n).await;
        self.lines(message).swap_remove(n - 1)
    }

    /// Waits for a first line with this message and gives it back.
    pub(crate) async fn line(&self, message: &str) -> Value {
        self.nth(1, message).await
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Bytes {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
