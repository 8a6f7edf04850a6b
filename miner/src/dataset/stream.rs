//! A file's content, decompressed block by block in a thread of its own while another parses it, and its
//! digest as stored.
//!
//! Not here: what the content means.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::error::{DatasetError, Place};
use crate::compression::{Compression, MAGIC_BYTES};
use crate::digest::ContentDigest;
use crate::progress::Task;

/// Bytes handed from thread to thread at a time: far more than a wake-up costs, and two of them fit a
/// core's cache.
const BLOCK_BYTES: usize = 256 * 1024;

/// Blocks that wait between the threads: enough to smooth out the uneven.
const BLOCKS_AHEAD: usize = 8;

/// A file as it is stored, compressed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) sha256: ContentDigest,
    pub(super) bytes: u64,
}

/// What a stream is read with and how it can end early.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The file's name in messages.
    pub(super) origin: &'a str,
    pub(super) task: &'a Task,
    pub(super) cancel: &'a CancellationToken,
}

/// Gives a file's content to `parse`, and says what was stored.
pub(super) fn read(
    file: File,
    context: Context<'_>,
    parse: impl FnOnce(&mut Content) -> Result<(), DatasetError>,
) -> Result<Stored, DatasetError> {
    std::thread::scope(|scope| {
        let (full, blocks) = sync_channel(BLOCKS_AHEAD);
        let (spent, spare) = sync_channel(BLOCKS_AHEAD);
        let producer = scope.spawn(move || produce(file, context, &full, &spare));
        let mut content = Content { blocks, spent, block: Vec::new(), position: 0, failure: None };
        let parsed = parse(&mut content).map(|()| content.drain());
        // A parser knows only that its input broke; why is kept aside for here.
        if let Some(failure) = content.failure.take() {
            return Err(failure);
        }
        // Where parsing ended early, whoever still sends learns that nobody listens.
        drop(content);
        let stored = producer.join().expect("reading does not panic");
        parsed.map(|()| stored.expect("what was drained has been sent to its end"))
    })
}

/// The decompressed content, as the parsing thread sees it.
#[derive(Debug)]
pub(super) struct Content {
    blocks: Receiver<Result<Vec<u8>, DatasetError>>,
    spent: SyncSender<Vec<u8>>,
    block: Vec<u8>,
    position: usize,
    failure: Option<DatasetError>,
}

impl Content {
    /// What comes next, without taking it: a full block, or all there is; empty at the end.
    pub(super) fn peek(&mut self) -> &[u8] {
        self.fill_buf().unwrap_or_default()
    }

    /// Takes what a parser left: the digest is of the whole file.
    fn drain(&mut self) {
        while let length @ 1.. = self.peek().len() {
            self.consume(length);
        }
    }
}

impl BufRead for Content {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.block.len() {
            match self.blocks.recv() {
                Ok(Ok(block)) => {
                    let spent = std::mem::replace(&mut self.block, block);
                    // The other side may be done already.
                    let _ = self.spent.try_send(spent);
                }
                Ok(Err(failure)) => {
                    self.failure = Some(failure);
                    self.block.clear();
                }
                Err(_) => self.block.clear(),
            }
            self.position = 0;
        }
        if self.failure.is_some() {
            return Err(io::Error::other("the stream broke"));
        }
        Ok(&self.block[self.position..])
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount;
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// Sends blocks until the end; `None` where the other side has heard enough or was told of a failure.
fn produce(
    file: File,
    context: Context<'_>,
    full: &SyncSender<Result<Vec<u8>, DatasetError>>,
    spare: &Receiver<Vec<u8>>,
) -> Option<Stored> {
    let outcome = pump(file, context, |block| {
        full.send(Ok(block)).ok()?;
        Some(spare.try_recv().unwrap_or_default())
    });
    match outcome {
        Ok(stored) => stored,
        Err(failure) => {
            // If nobody listens, the parser has found an earlier reason.
            let _ = full.send(Err(failure));
            None
        }
    }
}

/// Reads, digests and decompresses a file; `send` takes each block and gives back one to fill, or `None`
/// to stop.
fn pump(
    file: File,
    context: Context<'_>,
    mut send: impl FnMut(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Option<Stored>, DatasetError> {
    let mut raw = BufReader::with_capacity(BLOCK_BYTES, Digesting::new(file, context.task));
    let failed = |source: io::Error| failure(context.origin, Compression::None, source);
    let mut start = Vec::new();
    (&mut raw).take(MAGIC_BYTES).read_to_end(&mut start).map_err(failed)?;
    let compression = Compression::of(&start);
    if let Compression::Unsupported(name) = compression {
        let place = Place::file(context.origin);
        return Err(place.unexpected("plain text, gzip or zstd", name).into());
    }
    let failed = |source: io::Error| failure(context.origin, compression, source);
    let mut decoder = compression.decoder(start.as_slice().chain(&mut raw)).map_err(failed)?;
    let mut block = Vec::new();
    loop {
        if context.cancel.is_cancelled() {
            return Err(DatasetError::Cancelled { origin: context.origin.to_owned() });
        }
        block.clear();
        block.reserve_exact(BLOCK_BYTES);
        let limit = BLOCK_BYTES as u64;
        if (&mut decoder).take(limit).read_to_end(&mut block).map_err(failed)? == 0 {
            break;
        }
        match send(block) {
            Some(spare) => block = spare,
            None => return Ok(None),
        }
    }
    drop(decoder);
    Ok(Some(raw.into_inner().finish()))
}

/// The reason why a decoder or the file under it failed.
fn failure(origin: &str, compression: Compression, source: io::Error) -> DatasetError {
    match compression.damage(&source) {
        Some(found) => {
            let whole = format!("a whole {} stream", compression.name());
            Place::file(origin).unexpected(whole, found).into()
        }
        None => DatasetError::Io { origin: origin.to_owned(), action: "read", source },
    }
}

/// A file that is digested and counted while it is read.
struct Digesting<'a> {
    file: File,
    digest: Sha256,
    bytes: u64,
    task: &'a Task,
}

impl<'a> Digesting<'a> {
    fn new(file: File, task: &'a Task) -> Self {
        Self { file, digest: Sha256::new(), bytes: 0, task }
    }

    fn finish(self) -> Stored {
        Stored { sha256: self.digest.into(), bytes: self.bytes }
    }
}

impl Read for Digesting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.digest.update(&buffer[..length]);
        self.bytes += length as u64;
        self.task.advance(length as u64);
        Ok(length)
    }
}
