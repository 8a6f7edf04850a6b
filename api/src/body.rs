//! Reads a request's body, within a bound and a time; and all that are on their way, within a bound.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{FutureExt, Stream, StreamExt};

use crate::failure::Failure;

/// As many times the bound is read and thrown away before a body that is not wanted is refused: a client
/// that is still sending would meet a reset connection and never see the answer.
const PATIENCE: u64 = 8;

/// Whether a body that says its length beforehand is refused before any of it is read: it is too long, and
/// the client either waits to hear so (`Expect: 100-continue`, RFC 9110, 10.1.1) or would send more than is
/// thrown away.
pub(crate) fn is_refused(length: u64, waits: bool, limit: u64) -> bool {
    length > limit && (waits || length > limit.saturating_mul(PATIENCE))
}

/// What a request's body may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Its greatest length in bytes.
    pub(crate) length: u64,
    /// The time it may take to arrive.
    pub(crate) time: Duration,
}

/// The memory for bodies that come in pieces. One that comes at once takes none of it: it stays where the
/// connection has read it.
#[derive(Debug)]
pub(crate) struct Memory {
    left: AtomicU64,
    refused: AtomicU64,
}

impl Memory {
    /// So many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes), refused: AtomicU64::new(0) }
    }

    /// How many bodies were refused because there was not enough left.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn part(&self) -> Part<'_> {
        Part { memory: self, bytes: 0 }
    }
}

/// What one body takes of it.
pub(crate) struct Part<'m> {
    memory: &'m Memory,
    bytes: u64,
}

impl Part<'_> {
    fn take(&mut self, bytes: usize) -> Result<(), Failure> {
        let bytes = bytes as u64;
        let take = |left: u64| left.checked_sub(bytes);
        match self.memory.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => {
                self.bytes += bytes;
                Ok(())
            }
            Err(_) => {
                self.memory.refused.fetch_add(1, Ordering::Relaxed);
                Err(Failure::TooManyBodies)
            }
        }
    }

    fn give_back(&mut self) {
        self.memory.left.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Whether a body that nobody reads has come as a whole, in at most so many bytes, which are passed over: the
/// connection of another one ends with its answer.
pub(crate) fn has_come<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    limit: u64,
) -> bool {
    let mut body = std::pin::pin!(body);
    let mut length = 0;
    loop {
        match body.next().now_or_never() {
            Some(None) => return true,
            Some(Some(Ok(piece))) if length <= limit => length += piece.remaining() as u64,
            _ => return false,
        }
    }
}

/// The whole body, and what it takes of the memory for as long as that is held.
pub(crate) async fn read<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    allowance: Allowance,
    memory: &Memory,
) -> Result<(Bytes, Part<'_>), Failure> {
    let body = collect(body, allowance.length, memory.part());
    match tokio::time::timeout(allowance.time, body).await {
        Ok(body) => body,
        Err(_) => Err(Failure::TooSlow),
    }
}

async fn collect<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    limit: u64,
    mut part: Part<'_>,
) -> Result<(Bytes, Part<'_>), Failure> {
    let mut body = std::pin::pin!(body);
    // Most bodies arrive in one piece, which is then the whole.
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    let mut length = 0;
    let mut refused = None;
    while let Some(piece) = body.next().await {
        let mut piece = piece.map_err(|_| Failure::Broken)?;
        length += piece.remaining() as u64;
        if length > limit {
            refused = Some(Failure::TooLarge { limit });
        } else if refused.is_none() && whole.is_empty() && pieces.is_empty() {
            whole = piece.copy_to_bytes(piece.remaining());
        } else if refused.is_none() {
            match part.take(whole.len() + piece.remaining()) {
                Ok(()) => {
                    pieces.extend_from_slice(&std::mem::take(&mut whole));
                    pieces.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
                }
                Err(failure) => refused = Some(failure),
            }
        }
        if refused.is_some() {
            (whole, pieces) = Default::default();
            part.give_back();
            if length > limit.saturating_mul(PATIENCE) {
                break;
            }
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None if pieces.is_empty() => Ok((whole, part)),
        None => Ok((pieces.freeze(), part)),
    }
}
