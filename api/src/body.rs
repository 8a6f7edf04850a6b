//! Reads a request's body, within a bound and a time.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use crate::failure::Failure;

/// As many times the bound is read and thrown away before a body that is too large is refused: a client
/// that is still sending would meet a reset connection and never see the answer.
const PATIENCE: u64 = 8;

/// What a request's body may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allowance {
    /// Its greatest length in bytes.
    pub(crate) length: u64,
    /// The time it may take to arrive.
    pub(crate) time: Duration,
}

/// The whole body.
pub(crate) async fn read<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    allowance: Allowance,
) -> Result<Bytes, Failure> {
    match tokio::time::timeout(allowance.time, collect(body, allowance.length)).await {
        Ok(body) => body,
        Err(_) => Err(Failure::TooSlow),
    }
}

async fn collect<B: Buf>(
    body: impl Stream<Item = Result<B, warp::Error>>,
    limit: u64,
) -> Result<Bytes, Failure> {
    let mut body = std::pin::pin!(body);
    // Most bodies arrive in one piece, which is then the whole.
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    let mut length = 0;
    while let Some(piece) = body.next().await {
        let mut piece = piece.map_err(|_| Failure::Broken)?;
        length += piece.remaining() as u64;
        if length > limit {
            whole = Bytes::new();
            pieces = BytesMut::new();
            if length > limit.saturating_mul(PATIENCE) {
                break;
            }
        } else if whole.is_empty() && pieces.is_empty() {
            whole = piece.copy_to_bytes(piece.remaining());
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&piece.copy_to_bytes(piece.remaining()));
        }
    }
    match length > limit {
        true => Err(Failure::TooLarge { limit }),
        false if pieces.is_empty() => Ok(whole),
        false => Ok(pieces.freeze()),
    }
}
