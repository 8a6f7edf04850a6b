//! The format of the FIMI workshops, which itemset miners share: a line is a transaction, items are
//! numbers separated by white space; results are itemsets a line, with the support in parentheses.
//!
//! Not here: FIMI files as playlists with a model to come (see `dataset`).

mod parse;
mod read;
mod write;

use std::io;
use std::path::PathBuf;

use thiserror::Error;

pub(crate) use read::BOM;
pub use read::{open, read};
pub use write::FimiWriter;

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
    /// A compressed file is truncated or damaged.
    #[error("{path}: expected a whole {compression} stream, found {found}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it is compressed.
        compression: &'static str,
        /// What is there.
        found: String,
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
    /// Renumbers the items where an array as long as the largest number would be mostly empty.
    fn new(transactions: Transactions) -> Self {
        let bound = 4 * transactions.items().len() + (1 << 20);
        if transactions.item_count() <= bound {
            return Self { transactions, numbers: None };
        }
        let mut numbers = transactions.items().to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let transactions = transactions.map_items(|number| {
            // Every number is there.
            numbers.partition_point(|&smaller| smaller < number) as u32
        });
        Self { transactions, numbers: Some(numbers) }
    }

    /// An item's number in the file.
    #[must_use]
    pub fn number(&self, item: u32) -> u32 {
        self.numbers.as_ref().map_or(item, |numbers| numbers[item as usize])
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::path::Path;

    use super::*;

    fn parse(text: &str) -> Result<Vec<Vec<u32>>, String> {
        let read = |threads| {
            let threads = NonZeroUsize::new(threads).expect("some");
            let fimi =
                read::read_on(text.as_bytes(), Path::new("x.dat"), Transactions::new(), threads);
            fimi.map_err(|error| error.to_string())
        };
        let fimi = read(1);
        assert_eq!(fimi, read(3), "with more threads");
        let fimi = fimi?;
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
