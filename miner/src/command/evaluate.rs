//! `segue-miner evaluate`: how well a recipe recommends, on playlists that are held back.

use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context, bail};
use segue_process::exit::UNWRITTEN;
use tokio_util::sync::CancellationToken;

use crate::config::{DatasetArgs, RecipeArgs};
use crate::dataset::{self, Source};
use crate::evaluation::{Evaluation, Method, Seeding, Split, evaluate};
use crate::progress::Progress;

/// Measure how well a model of these playlists would recommend.
///
/// A tenth of the playlists is held back, a model is made of the others, and it is asked to continue
/// each held-back playlist from its first song, its first five, or half of its songs. The figures are
/// means over playlists with their 95 % bootstrap intervals; the same on every machine.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue-miner evaluate --dataset playlists.csv.gz
  segue-miner evaluate --dataset playlists.csv.gz --split valid --seeds 5,half --json")]
pub struct EvaluateArgs {
    /// A path, - for standard input, or a file://, http:// or https:// URL
    #[arg(long, value_name = "SOURCE", env = "DATASET_URL")]
    pub dataset: Source,
    /// Which tenth is held back: test judges, valid is to choose parameters by
    #[arg(long, value_enum, default_value = "test")]
    pub split: Split,
    /// How many songs are given; each number once, however often it is named
    #[arg(long, value_name = "N|half", value_delimiter = ',', default_value = "1,5,half")]
    pub seeds: Vec<Seeding>,
    /// Held-back playlists with fewer songs are left out
    #[arg(long, value_name = "SONGS", default_value_t = 20)]
    pub min_songs: usize,
    /// Which dataset, and how it is read
    #[command(flatten)]
    pub reading: DatasetArgs,
    /// What the model holds
    #[command(flatten)]
    pub recipe: RecipeArgs,
    /// Print the figures as JSON
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// Evaluates and prints.
///
/// # Errors
/// The dataset can't be read, or no model can be made of it.
pub fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let progress = if args.quiet { Progress::Silent } else { Progress::stderr() };
    let options = args.reading.read_options(CancellationToken::new());
    let dataset = dataset::read(&args.dataset, &options, progress)?;
    let recipe = args.recipe.recipe();
    let mut seeds: Vec<Seeding> = Vec::new();
    for &seeding in &args.seeds {
        if !seeds.contains(&seeding) {
            seeds.push(seeding);
        }
    }
    let evaluation = evaluate(&dataset, &recipe, args.split, &seeds, args.min_songs, progress)?;
    if let Some(row) = evaluation.rows.iter().find(|row| row.playlists == 0) {
        let (dataset, seeds) = (&args.dataset, &row.seeds);
        bail!(
            "{dataset}: no playlist that is held back can be continued from {seeds} of its songs"
        );
    }
    let shown = match args.json {
        true => serde_json::to_string_pretty(&evaluation)? + "\n",
        false => table(&evaluation),
    };
    std::io::stdout().lock().write_all(shown.as_bytes()).context(UNWRITTEN)
}

fn table(evaluation: &Evaluation) -> String {
    let Evaluation { train, held, rows } = evaluation;
    let mut table = format!("{train} playlists to learn from, {held} held back\n\n");
    let _ = writeln!(
        table,
        "{:5} {:10}  {:18}  {:18}  {:>8}  {:>6}  {:>6}  {:>6}  {:>8}",
        "seeds",
        "method",
        "R-precision",
        "NDCG@500",
        "artist-R",
        "clicks",
        "rec@10",
        "hit@10",
        "cover@10"
    );
    for row in rows {
        let method = match row.method {
            Method::Popularity => "popularity",
            Method::Confidence => "confidence",
            Method::Served => "served",
        };
        let (mean, low, high) = (&row.mean, &row.interval.low, &row.interval.high);
        let _ = writeln!(
            table,
            "{:5} {method:10}  {:.3} [{:.3} {:.3}]  {:.3} [{:.3} {:.3}]  {:8.3}  {:6.2}  {:6.3}  {:6.3}  {:8.4}",
            row.seeds,
            mean.r_precision,
            low.r_precision,
            high.r_precision,
            mean.ndcg,
            low.ndcg,
            high.ndcg,
            mean.artist_r_precision,
            mean.clicks,
            mean.recall_at_10,
            mean.hit_at_10,
            row.coverage_at_10,
        );
    }
    for row in rows.iter().filter(|row| row.playlists < *held && row.method == Method::Served) {
        let _ = writeln!(
            table,
            "from {} songs: {} playlists, which have more",
            row.seeds, row.playlists
        );
    }
    table
}
