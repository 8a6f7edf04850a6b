//! `segue-miner mine`: from a dataset to the current model of a directory.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::config::{DatasetArgs, GateArgs, RecipeArgs, threads};
use crate::dataset::Source;
use crate::progress::Progress;
use crate::publish::{Plan, publish};

/// Mine a dataset and publish the model.
///
/// Reads playlists, finds frequent itemsets and association rules, writes the model into the model
/// directory and makes it the current one. If anything fails, the current model stays as it was.
///
/// A dataset that has lost much of what the current model has, or that continues the playlists by which
/// the current model was judged much worse, is refused with exit code 3: it may have been cut off, mixed
/// up, or be another one. --force lets it pass, and so does another --dataset-id, as that is another
/// dataset. Any passes after one under 100 playlists. Where another model becomes current meanwhile, mining
/// begins again, to compare with that, unless forced; what came through a pipe fails then.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue-miner mine --dataset playlists.csv.gz --models models
  segue-miner mine --dataset https://example.org/ds1.csv --dataset-id ds1 --models /models
  segue-miner mine --dataset mpd/data --models models --min-support 0.05%

The dataset is a CSV with the columns pid and track_name, JSON slices of the Million Playlist Dataset \
(a file or a folder of them) or FIMI transactions, each plain, gzip or zstd.

SOURCE_DATE_EPOCH, where set, is the model's date: with the same dataset, flags and version, and the same \
current model to be compared with, it makes the same bytes.")]
pub struct MineArgs {
    /// A path, - for standard input, or a file://, http:// or https:// URL
    #[arg(long, value_name = "SOURCE", env = "DATASET_URL")]
    pub dataset: Source,
    /// The model directory, made where it is missing
    #[arg(long, value_name = "DIR")]
    pub models: PathBuf,
    /// Which dataset, and how it is read
    #[command(flatten)]
    pub reading: DatasetArgs,
    /// What the model holds
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// What the dataset must keep of what the current model has
    #[command(flatten)]
    pub gate: GateArgs,
    /// How many threads to mine with; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// Mines and publishes.
///
/// # Errors
/// See [`crate::publish::PublishError`].
pub fn run(args: &MineArgs) -> anyhow::Result<()> {
    if let Some(threads) = args.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.get())
            .build_global()
            .context("failed to start the threads")?;
    }
    let plan = Plan {
        source: args.dataset.clone(),
        dataset_id: args.reading.id(&args.dataset),
        options: args.reading.read_options(CancellationToken::new()),
        recipe: args.recipe.recipe(),
        models: args.models.clone(),
        gate: args.gate.gate(),
        named: args.reading.is_named(),
    };
    let progress = if args.quiet { Progress::Silent } else { Progress::stderr() };
    publish(&plan, progress)?;
    Ok(())
}
