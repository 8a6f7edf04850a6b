//! The format of the FIMI workshops, which itemset miners share: a line is a transaction, items are
//! numbers separated by white space; results are itemsets a line, with the support in parentheses.
//!
//! Not here: FIMI files as playlists with a model to come (see `dataset`).

mod write;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use thiserror::Error;

pub use write::FimiWriter;

use crate::compression::{Compression, MAGIC_BYTES};
use crate::transaction::Transactions;

/// Why a file can't be read as transactions.
#[derive(Debug, Error)]
pub enum FimiError {
    /// The operating system refused.
    #[error("{path}: failed to {action}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried: `open`, `read`.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is an archive, or compressed in a way that is not read.
    #[error("{path}: expected plain text, gzip or zstd, found {found}")]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it is.
        found: &'static str,
    },
    /// Something is not the number of an item.
    #[error(
        "{path}: line {line}, column {column}: expected item numbers up to {}, found {found:?}",
        u32::MAX
    )]
    BadItem {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The byte of the line, from 1.
        column: usize,
        /// What is there.
        found: String,
    },
}

/// Transactions as read, and the numbers that their items have in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fimi {
    /// The transactions. An empty line is an empty transaction.
    pub transactions: Transactions,
    /// By item: its number in the file, where items were renumbered.
    numbers: Option<Vec<u32>>,
}

impl Fimi {
    /// An item's number in the file.
    #[must_use]
    pub fn number(&self, item: u32) -> u32 {
        self.numbers.as_ref().map_or(item, |numbers| numbers[item as usize])
    }
}

/// Reads a file, plain or compressed by gzip or zstd; `-` is standard input. Parses on the threads of the current rayon pool.
///
/// # Errors
/// The file can't be read, or holds something else than numbers.
pub fn open(path: &Path) -> Result<Fimi, FimiError> {
    let failed = |action| move |source| FimiError::Io { path: path.to_owned(), action, source };
    let mut source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(failed("open"))?)
    };
    let mut start = Vec::new();
    source.by_ref().take(MAGIC_BYTES).read_to_end(&mut start).map_err(failed("read"))?;
    let compression = Compression::of(&start);
    if let Compression::Unsupported(found) = compression {
        return Err(FimiError::Unsupported { path: path.to_owned(), found });
    }
    let source = start.as_slice().chain(BufReader::new(source));
    read(compression.decoder(source).map_err(failed("read"))?, path)
}

/// How much a thread parses at a time: small enough that what it makes is still in its cache when it is
/// appended to the rest.
const BLOCK_BYTES: usize = 1 << 17;

/// More than any item's number.
const TOO_LARGE: u64 = 1 << 32;

/// Reads transactions to the end; `path` is what errors call the source.
///
/// # Errors
/// As [`open`].
pub fn read(mut source: impl Read, path: &Path) -> Result<Fimi, FimiError> {
    let mut transactions = Transactions::new();
    let mut blocks: Vec<Block> = Vec::new();
    blocks.resize_with(rayon::current_num_threads().max(1), Block::default);
    let mut rest = Vec::new();
    let mut more = true;
    while more {
        for block in &mut blocks {
            block.transactions.clear();
            block.bytes.clear();
            block.bytes.append(&mut rest);
            if more {
                more = block.fill(&mut source, &mut rest).map_err(|source| FimiError::Io {
                    path: path.to_owned(),
                    action: "read",
                    source,
                })?;
            }
        }
        blocks.par_iter_mut().for_each(Block::parse);
        for block in &blocks {
            transactions.append(&block.transactions);
            if let Some(bad) = &block.bad {
                return Err(FimiError::BadItem {
                    path: path.to_owned(),
                    line: transactions.len() + 1,
                    column: bad.column,
                    found: bad.found.clone(),
                });
            }
        }
    }
    Ok(renumbered(transactions))
}

/// A part of a file that ends with a line.
#[derive(Default)]
struct Block {
    bytes: Vec<u8>,
    transactions: Transactions,
    items: Vec<u32>,
    bad: Option<Bad>,
}

/// Something that is not a number, in the line after the block's last transaction.
struct Bad {
    column: usize,
    found: String,
}

impl Block {
    /// Appends bytes of the source and takes what follows the last line end into `rest`; whether there may
    /// be more.
    fn fill(&mut self, source: &mut impl Read, rest: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            let start = self.bytes.len();
            let read = source.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut self.bytes)?;
            if read == 0 {
                return Ok(false);
            }
            // A line longer than a block: read on until it ends.
            if let Some(end) = memchr::memrchr(b'\n', &self.bytes[start..]) {
                rest.extend_from_slice(&self.bytes[start + end + 1..]);
                self.bytes.truncate(start + end + 1);
                return Ok(true);
            }
        }
    }

    /// Parses the bytes up to the first thing that is not a number.
    fn parse(&mut self) {
        let Self { bytes, transactions, items, .. } = self;
        let digit_at = |place: usize| bytes.get(place).map(|byte| byte.wrapping_sub(b'0'));
        let mut line = 0;
        let mut place = 0;
        while let Some(&byte) = bytes.get(place) {
            let start = place;
            place += 1;
            match byte {
                b'0'..=b'9' => {
                    let mut number = u64::from(byte - b'0');
                    while let Some(digit @ 0..=9) = digit_at(place) {
                        // Of any length, a number that is too large stays so.
                        number = (number * 10 + u64::from(digit)).min(TOO_LARGE);
                        place += 1;
                    }
                    let Ok(item) = u32::try_from(number) else { return self.reject(line, start) };
                    items.push(item);
                }
                b'\n' => {
                    transactions.push(items);
                    items.clear();
                    line = place;
                }
                b' ' | b'\t' | b'\r' => {}
                _ => return self.reject(line, start),
            }
        }
        // Only the last line of a file may lack its end.
        if line < bytes.len() {
            transactions.push(items);
            items.clear();
        }
    }

    fn reject(&mut self, line: usize, place: usize) {
        let word = self.bytes[place..].split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let found = String::from_utf8_lossy(&word[..word.len().min(40)]).into_owned();
        self.bad = Some(Bad { column: place - line + 1, found });
    }
}

/// Renumbers the items where an array as long as the largest number would be mostly empty.
fn renumbered(transactions: Transactions) -> Fimi {
    let bound = 4 * transactions.items().len() + (1 << 20);
    if transactions.item_count() <= bound {
        return Fimi { transactions, numbers: None };
    }
    let mut numbers = transactions.items().to_vec();
    numbers.par_sort_unstable();
    numbers.dedup();
    let transactions = transactions.map_items(|number| {
        // Every number is there.
        numbers.partition_point(|&smaller| smaller < number) as u32
    });
    Fimi { transactions, numbers: Some(numbers) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Vec<u32>>, String> {
        let fimi = read(text.as_bytes(), Path::new("x.dat")).map_err(|error| error.to_string())?;
        let rows = fimi.transactions.iter();
        Ok(rows.map(|row| row.iter().map(|&item| fimi.number(item)).collect()).collect())
    }

    #[test]
    fn a_line_is_a_transaction_even_an_empty_one() {
        assert_eq!(parse("3 1\n\n7\t12 \r\n"), Ok(vec![vec![3, 1], vec![], vec![7, 12]]));
        assert_eq!(parse("3 1\n5"), Ok(vec![vec![3, 1], vec![5]]));
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn what_is_no_item_number_is_refused_with_its_place() {
        let expected = "expected item numbers up to 4294967295, found";
        let error = |line, column, found: &str| {
            Err(format!("x.dat: line {line}, column {column}: {expected} {found:?}"))
        };
        assert_eq!(parse("1 2\n3 milk 4\n"), error(2, 3, "milk"));
        assert_eq!(parse("1\n\n-2"), error(3, 1, "-2"));
        assert_eq!(parse("4294967296"), error(1, 1, "4294967296"));
        assert_eq!(parse("1 99999999999999999999999"), error(1, 3, "99999999999999999999999"));
        assert_eq!(parse("4294967295 000000000001"), Ok(vec![vec![u32::MAX, 1]]));
    }

    #[test]
    fn far_apart_numbers_are_kept_as_names() {
        assert_eq!(parse("4000000000 7\n7 8\n"), Ok(vec![vec![4_000_000_000, 7], vec![7, 8]]));
        let fimi = read("4000000000 7\n".as_bytes(), Path::new("")).expect("read");
        assert_eq!(fimi.transactions.item_count(), 2);
    }

    #[test]
    fn lines_longer_than_a_block_and_files_of_many_blocks_are_read_whole() {
        let long = (0..400_000).map(|item| item.to_string()).collect::<Vec<_>>().join(" ");
        let text = format!("1 2\n{long}\n{}3\n", "4 5 6 7\n".repeat(300_000));
        let rows = parse(&text).expect("read");
        assert_eq!(rows.len(), 300_003);
        assert_eq!(rows[1].len(), 400_000);
        assert_eq!(rows[300_001..], [vec![4, 5, 6, 7], vec![3]]);
        let error = parse(&format!("{text}x")).expect_err("refused");
        assert!(error.starts_with("x.dat: line 300004, column 1"), "{error}");
    }
}
