//! `segue-miner itemsets`: the frequent itemsets of a file of transactions.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context, bail};
use segue_process::exit::UNWRITTEN;

use super::with_progress;
use crate::config::{support, threads};
use crate::fimi::{self, Fimi, FimiWriter};
use crate::itemset::ItemsetCounts;
use crate::miner::{Miner, Support, Target};
use crate::progress::Progress;

/// Find the frequent itemsets of a file of transactions.
///
/// Reads a line a transaction, items being numbers separated by white space, and prints an itemset a
/// line, followed by its support in parentheses: the number of transactions that hold all its items.
/// These are the conventions of the FIMI workshops. An item repeated in a line counts once, an empty line
/// is an empty transaction, and the empty itemset is not listed.
///
/// The output is the same, byte for byte, for any number of threads. Exit codes: 0 done, also when
/// the reader of a pipe went away; 1 failed; 64 wrong usage.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue-miner itemsets retail.dat --support 9
  segue-miner itemsets retail.dat --support 0.1% --max-len 3 > itemsets.txt
  segue-miner itemsets mushroom.dat --support 5% --target maximal
  segue-miner itemsets chess.dat --support 640 --count-only
  zcat big.dat.gz | segue-miner itemsets - --support 1000 --min-len 2 | sort > pairs-and-more.txt

Supports: --support 9 means in 9 transactions at least; 0.001 and 0.1% mean in that share of them.")]
pub struct ItemsetsArgs {
    /// The transactions, plain or compressed by gzip or zstd; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The smallest support: a number of transactions (9), or a share of them (0.001 or 0.1%)
    #[arg(long, short, value_name = "SUPPORT", value_parser = support)]
    pub support: Support,
    /// List no itemsets of more items
    #[arg(long, value_name = "ITEMS")]
    pub max_len: Option<NonZeroUsize>,
    /// List no itemsets of fewer items
    #[arg(long, value_name = "ITEMS", default_value = "1")]
    pub min_len: NonZeroUsize,
    /// Which of the frequent itemsets: all, the closed ones (no item can be added without losing a
    /// transaction), or the maximal ones (no item can be added without becoming infrequent)
    #[arg(
        long,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "all|closed|maximal"
    )]
    pub target: Target,
    /// Print only how many itemsets there are of each length, and in total
    #[arg(long)]
    pub count_only: bool,
    /// How many threads to use; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Show no progress and no summary
    #[arg(long, short)]
    pub quiet: bool,
}

impl ItemsetsArgs {
    /// Checks that the flags go together.
    ///
    /// # Errors
    /// No itemset can be as long as it must be.
    pub fn check(&self) -> anyhow::Result<()> {
        let (least, most) = (self.min_len, self.max_len);
        match most.filter(|&most| least > most) {
            Some(most) => bail!("--min-len {least} is above --max-len {most}: no itemset is both"),
            None => Ok(()),
        }
    }
}

/// Mines and prints.
///
/// # Errors
/// The file can't be read, or the output not written.
pub fn run(args: &ItemsetsArgs) -> anyhow::Result<()> {
    let started = Instant::now();
    let threads = args.threads.or_else(|| thread::available_parallelism().ok());
    let threads = threads.unwrap_or(NonZeroUsize::MIN);
    let fimi = fimi::open(&args.file, threads)?;
    let transactions = fimi.transactions.len();
    let miner =
        Miner::new(args.support).max_len(args.max_len).target(args.target).threads(Some(threads));
    let miner = with_progress(miner, progress(args));
    let counts =
        if args.count_only { count(args, &miner, fimi)? } else { list(args, &miner, fimi)? };
    drop(miner);
    if !args.quiet {
        tracing::info!(
            "{counts} itemsets in at least {} of {transactions} transactions, {:.2} s",
            args.support.count(transactions),
            started.elapsed().as_secs_f64(),
        );
    }
    Ok(())
}

/// A bar where it can't get between lines of results, and nothing elsewhere: who sees no terminal reads
/// the summary.
fn progress(args: &ItemsetsArgs) -> Progress {
    let apart = args.count_only || !io::stdout().is_terminal();
    if !args.quiet && apart && io::stderr().is_terminal() {
        Progress::Bar
    } else {
        Progress::Silent
    }
}

/// Prints how many itemsets there are, and returns that.
fn count(args: &ItemsetsArgs, miner: &Miner, fimi: Fimi) -> anyhow::Result<u64> {
    let counts: ItemsetCounts = miner.count(fimi.transactions)?;
    let mut text = String::new();
    let mut total = 0_u64;
    for (length, &count) in counts.by_length().iter().enumerate().skip(args.min_len.get()) {
        text += &format!("{length} {count}\n");
        total = total.saturating_add(count);
    }
    text += &format!("total {total}\n");
    io::stdout().lock().write_all(text.as_bytes()).context(UNWRITTEN)?;
    Ok(total)
}

/// Text that has been written leaves its memory for more, at most of so many parts: to ask the system for
/// that of each would take longer than to fill it.
const MOST_SPARE: usize = 64;

/// Prints the itemsets, and returns how many.
fn list(args: &ItemsetsArgs, miner: &Miner, mut fimi: Fimi) -> anyhow::Result<u64> {
    // What stays are the items' numbers.
    let transactions = std::mem::take(&mut fimi.transactions);
    // Parts of the search can be small, and are gathered here; full ones pass by.
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout());
    let mut written = Ok(());
    let mut total = 0;
    let spare = Mutex::new(Vec::new());
    let lock = || spare.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let memory = lock().pop().unwrap_or_default();
        FimiWriter::new(&fimi, args.min_len.get()).reusing(memory)
    };
    miner.collect(transactions, make, |lines| {
        total += lines.len();
        written = output.write_all(lines.text());
        let mut spare = lock();
        if spare.len() < MOST_SPARE {
            spare.extend(lines.into_memory());
        }
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    written.and_then(|()| output.flush()).context(UNWRITTEN)?;
    Ok(total)
}
