//! Reading: a file in blocks of whole lines, which any thread may parse, put together in their order.
//!
//! Not here: what is in a line (see `parse`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::parse::{self, Bad, PADDING};
use super::{Fimi, FimiError};
use crate::compression::{Compression, MAGIC_BYTES};
use crate::transaction::Transactions;

/// Reads a file, plain or compressed by gzip or zstd; `-` is standard input. Parses on so many threads.
///
/// # Errors
/// The file can't be read, or holds something else than numbers.
pub fn open(path: &Path, threads: NonZeroUsize) -> Result<Fimi, FimiError> {
    let failed = |action| move |source| FimiError::Io { path: path.to_owned(), action, source };
    let mut length = 0;
    let mut source: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let file = File::open(path).map_err(failed("open"))?;
        // A pipe has no length.
        length = file.metadata().map_or(0, |file| file.len());
        Box::new(file)
    };
    let mut start = Vec::new();
    source.by_ref().take(MAGIC_BYTES).read_to_end(&mut start).map_err(failed("read"))?;
    let start = start.as_slice();
    match Compression::of(start) {
        Compression::Unsupported(found) => {
            Err(FimiError::Unsupported { path: path.to_owned(), found })
        }
        Compression::None => {
            let empty = Transactions::with_capacity(0, length as usize / BYTES_PER_ITEM);
            let source = unmarked(start.chain(source)).map_err(failed("read"))?;
            read_on(source, path, empty, threads)
        }
        packed => {
            let source = packed.decoder(start.chain(BufReader::new(source)));
            let source = source.and_then(unmarked).map_err(failed("read"));
            let read =
                source.and_then(|source| read_on(source, path, Transactions::new(), threads));
            read.map_err(|error| in_words(error, packed))
        }
    }
}

/// Why a file could not be read that is compressed.
fn in_words(error: FimiError, compression: Compression) -> FimiError {
    match error {
        FimiError::Io { path, action, source } => match compression.damage(&source) {
            Some(found) => FimiError::Damaged { path, compression: compression.name(), found },
            None => FimiError::Io { path, action, source },
        },
        other => other,
    }
}

/// UTF-8's byte order mark, which some editors and spreadsheets write first.
pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

/// A source without the byte order mark that it may begin with.
fn unmarked<R: Read>(mut source: R) -> io::Result<impl Read + use<R>> {
    let mut start = Vec::new();
    source.by_ref().take(BOM.len() as u64).read_to_end(&mut start)?;
    if start == BOM {
        start.clear();
    }
    Ok(io::Cursor::new(start).chain(source))
}

/// About how many bytes an item takes in a file: to make room for too many costs nothing, as memory is not there
/// until it is touched, but what is moved for lack of room may have to be touched twice.
const BYTES_PER_ITEM: usize = 4;

/// Reads transactions to the end; `path` is what errors call the source.
///
/// # Errors
/// As [`open`].
pub fn read(source: impl Read, path: &Path) -> Result<Fimi, FimiError> {
    read_alone(source, path, Transactions::new())
}

/// The same, into the memory of `empty` transactions.
fn read_alone(source: impl Read, path: &Path, empty: Transactions) -> Result<Fimi, FimiError> {
    let mut blocks = Blocks::new(source);
    let mut text = Vec::new();
    let mut together = Together::new(empty);
    let read = loop {
        match blocks.fill(&mut text) {
            Ok(None) => break Ok(()),
            Ok(Some(length)) => {
                together.bad = parse::parse(&text, length, &mut together.transactions).err();
                if together.bad.is_some() {
                    break Ok(());
                }
            }
            Err(error) => break Err(error),
        }
    };
    together.finish(read, path)
}

/// The same on so many threads.
pub(super) fn read_on(
    source: impl Read + Send,
    path: &Path,
    empty: Transactions,
    threads: NonZeroUsize,
) -> Result<Fimi, FimiError> {
    if threads.get() == 1 {
        return read_alone(source, path, empty);
    }
    let blocks = Mutex::new(Blocks::new(source));
    let together = Mutex::new(Together::new(empty));
    let work = || parse_blocks(&blocks, &together);
    let read = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(work)).collect();
        let read = work();
        let join = |other: thread::ScopedJoinHandle<_>| other.join().expect("no thread panics");
        others.into_iter().map(join).fold(read, Result::and)
    });
    together.into_inner().unwrap_or_else(PoisonError::into_inner).finish(read, path)
}

/// Parses blocks until there are no more.
fn parse_blocks<R: Read>(blocks: &Mutex<Blocks<R>>, together: &Mutex<Together>) -> io::Result<()> {
    let mut text = Vec::new();
    let mut part = Transactions::new();
    loop {
        let mut source = lock(blocks);
        let Some(length) = source.fill(&mut text)? else { return Ok(()) };
        let number = source.filled - 1;
        drop(source);
        let bad = parse::parse(&text, length, &mut part).err();
        if bad.is_some() {
            lock(blocks).end();
        }
        lock(together).put(number, &mut part, bad);
    }
}

/// A thread that panics takes the whole reading with it, so that nobody sees what it left half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How much is parsed at a time: small enough that it stays in a core's cache with what is made of it.
const BLOCK_BYTES: usize = 1 << 15;

/// A source cut into blocks of whole lines.
struct Blocks<R> {
    source: R,
    /// What follows the last block's last line.
    rest: Vec<u8>,
    /// How many blocks there have been.
    filled: usize,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    fn new(source: R) -> Self {
        Self { source, rest: Vec::new(), filled: 0, ended: false }
    }

    /// Says that no more blocks are wanted.
    fn end(&mut self) {
        self.ended = true;
        self.rest.clear();
    }

    /// Puts the next block at the start of `text`, which becomes as long as it must for that and the padding
    /// that [`parse`](parse::parse) wants; the block's length, or `None` at the end.
    fn fill(&mut self, text: &mut Vec<u8>) -> io::Result<Option<usize>> {
        let mut length = self.rest.len();
        make_room(text, length);
        text[..length].copy_from_slice(&self.rest);
        self.rest.clear();
        while !self.ended {
            make_room(text, length);
            let room = text.len() - PADDING;
            let read = match self.source.read(&mut text[length..room]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            self.ended = read == 0;
            // A line longer than a block: read on until it ends.
            if let Some(end) = memchr::memrchr(b'\n', &text[length..length + read]) {
                let end = length + end + 1;
                self.rest.extend_from_slice(&text[end..length + read]);
                self.filled += 1;
                return Ok(Some(end));
            }
            length += read;
        }
        if length == 0 {
            return Ok(None);
        }
        // Only the last line of a source may lack its end.
        text[length] = b'\n';
        self.filled += 1;
        Ok(Some(length + 1))
    }
}

/// Makes a text of so many bytes longer, if there is no room for more of them.
fn make_room(text: &mut Vec<u8>, length: usize) {
    if text.len() <= length + PADDING {
        text.resize((2 * length).max(BLOCK_BYTES) + PADDING, 0);
    }
}

/// The parsed blocks.
struct Together {
    transactions: Transactions,
    /// How many blocks are there.
    blocks: usize,
    /// Those that came before one that they follow.
    early: BTreeMap<usize, (Transactions, Option<Bad>)>,
    /// What was found in the line after the last transaction, and ends them.
    bad: Option<Bad>,
}

impl Together {
    fn new(empty: Transactions) -> Self {
        Self { transactions: empty, blocks: 0, early: BTreeMap::new(), bad: None }
    }

    /// Takes the transactions of a block, of which `part` keeps the memory at most.
    fn put(&mut self, number: usize, part: &mut Transactions, bad: Option<Bad>) {
        if number != self.blocks {
            self.early.insert(number, (std::mem::take(part), bad));
            return;
        }
        self.append(part, bad);
        part.clear();
        while let Some((part, bad)) = self.early.remove(&self.blocks) {
            self.append(&part, bad);
        }
    }

    fn append(&mut self, part: &Transactions, bad: Option<Bad>) {
        self.blocks += 1;
        if self.bad.is_none() {
            self.transactions.append(part);
            self.bad = bad;
        }
    }

    fn finish(self, read: io::Result<()>, path: &Path) -> Result<Fimi, FimiError> {
        let path = || path.to_owned();
        if let Some(Bad { column, found }) = self.bad {
            let line = self.transactions.len() + 1;
            return Err(FimiError::BadItem { path: path(), line, column, found });
        }
        read.map_err(|source| FimiError::Io { path: path(), action: "read", source })?;
        Ok(Fimi::new(self.transactions))
    }
}
