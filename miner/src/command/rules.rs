//! `segue-miner rules`: the association rules of a dataset.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;

use anyhow::Context;
use clap::ValueEnum;
use segue_process::exit::UNWRITTEN;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::with_progress;
use crate::association::{Rule, RuleSearch, Rules};
use crate::config::{DatasetArgs, number, share, support, threads};
use crate::dataset::{self, Items, ReadOptions, Source};
use crate::metric::Metric;
use crate::miner::{Miner, Support};
use crate::progress::{Progress, Unit};

/// Find the association rules of a dataset.
///
/// Reads playlists, or any transactions as a FIMI file (a line a transaction, items being numbers), and
/// prints a rule a line: who has the antecedent also has the consequent. An empty line of a FIMI file, or a
/// playlist without tracks, is a transaction, too; nothing at all has no rules.
///
/// Rules come by antecedent: shorter ones first, and those of a length by their items, an item being before
/// another that is met later in the dataset. Rules of an antecedent come as --order-by chooses, highest first;
/// equal ones by support, highest first, and then by consequent as antecedents do. The order is the same for
/// any number of threads.
///
/// Columns: antecedent and consequent, each with the number of playlists that hold it, the number that
/// hold both, and every measure. With P(A), P(C) and P(AC) for the shares of playlists that hold the
/// antecedent, the consequent, and both: support P(AC); confidence P(AC)/P(A); lift P(AC)/(P(A)P(C));
/// leverage P(AC)-P(A)P(C); conviction (1-P(C))/(1-confidence), infinite for a rule that always holds
/// (inf in CSV, null in JSON); zhang, from -1 (never together) over 0 (independent) to 1; kulczynski, the
/// mean of both directions' confidences; imbalance_ratio |P(A)-P(C)|/(P(A)+P(C)-P(AC)).
///
/// A song is named by its artist and title, as others may be, and CSV puts + between the songs of a side.
/// Where the dataset has URIs, antecedent_uris and consequent_uris tell songs apart, in the same order: in CSV
/// with a space between them, - for a song without one and %20 for a space in one; in JSON as lists, with null
/// for a song without one.
///
/// Exit codes: 0 done, also when the reader of a pipe went away; 1 failed; 64 wrong usage.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Examples:
  segue-miner rules playlists.csv.gz --support 0.5% --min-confidence 0.3
  segue-miner rules playlists.csv.gz --support 20 --top-k 5 --order-by lift --csv > rules.csv
  segue-miner rules retail.dat --support 44 --min lift=2 --min leverage=0.1% --json > rules.jsonl
  zcat more.csv.gz | segue-miner rules - --support 100 --quiet

Supports: --support 9 means in 9 playlists at least; 0.001 and 0.1% mean in that share of them.

Measures, for --min, --max and --order-by: support, confidence, lift, leverage, conviction, zhang, \
kulczynski, imbalance-ratio.

Columns of --json are typed, and the items of a side are a list: what reads JSON lines, such as DuckDB, \
pandas or Spark, makes Parquet of them as they are.")]
pub struct RulesArgs {
    /// The dataset: a path, - for standard input, or a file://, http:// or https:// URL
    #[arg(value_name = "SOURCE")]
    pub dataset: Source,
    /// The smallest support of a rule: a number of playlists (9), or a share of them (0.001 or 0.1%)
    #[arg(long, short, value_name = "SUPPORT", value_parser = support)]
    pub support: Support,
    /// Which rules
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Print CSV with a header, as without --json
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Print JSON, an object a line
    #[arg(long)]
    pub json: bool,
    /// How the dataset is read
    #[command(flatten)]
    pub reading: DatasetArgs,
    /// How many threads to use; by default as many as there are processors
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// Which rules are wanted.
#[derive(Clone, Debug, clap::Args)]
pub struct FilterArgs {
    /// The smallest confidence, from 0 to 1 (0.3 or 30%); the same as --min confidence=SHARE
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_confidence: Option<f64>,
    /// Only rules of at least this value of a measure; may be repeated
    #[arg(long, value_name = "MEASURE=VALUE", value_parser = bound)]
    pub min: Vec<(Metric, f64)>,
    /// Only rules of at most this value of a measure; may be repeated
    #[arg(long, value_name = "MEASURE=VALUE", value_parser = bound)]
    pub max: Vec<(Metric, f64)>,
    /// The most items of an antecedent
    #[arg(long, value_name = "ITEMS", default_value = "2")]
    pub max_antecedent: NonZeroUsize,
    /// The most items of a consequent
    #[arg(long, value_name = "ITEMS", default_value = "1")]
    pub max_consequent: NonZeroUsize,
    /// Of each antecedent only the so many first rules
    #[arg(long, value_name = "RULES")]
    pub top_k: Option<NonZeroUsize>,
    /// What the rules of an antecedent are ordered by, highest first
    #[arg(long, value_enum, value_name = "MEASURE", default_value = "confidence")]
    pub order_by: Metric,
}

impl FilterArgs {
    fn search(&self) -> RuleSearch {
        let search = RuleSearch::new()
            .max_antecedent(self.max_antecedent)
            .max_consequent(self.max_consequent)
            .top(self.top_k)
            .order(self.order_by);
        let confidence = self.min_confidence.map(|least| (Metric::Confidence, least));
        let least = self.min.iter().copied().chain(confidence);
        let search = least.fold(search, |search, (metric, least)| search.min(metric, least));
        self.max.iter().fold(search, |search, &(metric, most)| search.max(metric, most))
    }
}

/// A measure's bound as people write it: `lift=2`.
fn bound(text: &str) -> Result<(Metric, f64), String> {
    let expected = "expected a measure and a number, such as lift=2";
    let (name, value) = text.split_once('=').ok_or(expected)?;
    let value = number(value.trim()).filter(|value| !value.is_nan()).ok_or(expected)?;
    // Names as in results, or as in --order-by.
    let metric = Metric::from_str(&name.trim().replace('_', "-"), true).map_err(|_| {
        format!("expected one of {}, found {name:?}", Metric::ALL.map(Metric::name).join(", "))
    })?;
    Ok((metric, value))
}

/// Finds and prints the rules.
///
/// # Errors
/// The dataset can't be read, or the output not written.
pub fn run(args: &RulesArgs) -> anyhow::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(args.threads.map_or(0, NonZeroUsize::get))
        .build()
        .context("failed to start the threads")?;
    let progress = if args.quiet { Progress::Silent } else { Progress::stderr() };
    // Nothing has no rules, as what is too rare has none.
    let options = args.reading.read_options(CancellationToken::new());
    let options = ReadOptions { may_be_empty: true, ..options };
    let dataset = dataset::read(&args.dataset, &options, progress)?;
    let longest = args.filter.max_antecedent.saturating_add(args.filter.max_consequent.get());
    let transactions = dataset.transactions.len() + dataset.empty as usize;
    let support = Support::Count(args.support.count(transactions));
    let miner = with_progress(Miner::new(support).max_len(Some(longest)), progress);
    let itemsets = pool.install(|| miner.itemsets(&dataset.transactions))?;
    drop(miner);
    let task = progress.task("making rules", Unit::Count("rules"), None);
    let rules = pool.install(|| args.filter.search().rules(itemsets, transactions))?;
    task.advance(rules.len() as u64);
    task.finish();
    let output = BufWriter::with_capacity(1 << 17, io::stdout().lock());
    let written = match args.json {
        true => json(&rules, &dataset.items, output),
        false => csv(&rules, &dataset.items, output),
    };
    written.context(UNWRITTEN)
}

fn csv(rules: &Rules, items: &Items, mut output: impl Write) -> io::Result<()> {
    let counts = ["antecedent", "consequent", "antecedent_count", "consequent_count", "count"];
    let have_uris = items.have_uris();
    let uris = ["antecedent_uris", "consequent_uris"].into_iter().filter(|_| have_uris);
    let metrics = Metric::ALL.iter().map(|metric| metric.name());
    let header: Vec<&str> = counts.into_iter().chain(metrics).chain(uris).collect();
    writeln!(output, "{}", header.join(","))?;
    let mut line = String::new();
    for rule in rules.iter() {
        line.clear();
        for side in [rule.antecedent, rule.consequent] {
            let names: Vec<String> = side.iter().map(|&item| name(items, item)).collect();
            push_field(&mut line, &names.join(" + "));
            line.push(',');
        }
        let evidence = rule.evidence;
        line += &format!("{},{},{}", evidence.antecedent, evidence.consequent, evidence.both);
        for metric in Metric::ALL {
            line += &format!(",{}", metric.of(&evidence));
        }
        for side in [rule.antecedent, rule.consequent].into_iter().filter(|_| have_uris) {
            let uris: Vec<String> = side.iter().map(|&item| word(items.get(item).uri)).collect();
            line.push(',');
            push_field(&mut line, &uris.join(" "));
        }
        line.push('\n');
        output.write_all(line.as_bytes())?;
    }
    output.flush()?;
    Ok(())
}

/// A URI in a list that spaces divide.
fn word(uri: &str) -> String {
    match uri {
        "" => "-".to_owned(),
        // Where it should stand in no URI.
        _ => uri.replace(' ', "%20"),
    }
}

/// Appends a field, quoted where it must be (RFC 4180).
fn push_field(line: &mut String, field: &str) {
    if field.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&field.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(field);
    }
}

/// A rule as a line of JSON.
#[derive(Serialize)]
struct RuleLine<'d> {
    antecedent: Vec<String>,
    consequent: Vec<String>,
    antecedent_count: u64,
    consequent_count: u64,
    count: u64,
    support: f64,
    confidence: f64,
    lift: f64,
    leverage: f64,
    conviction: f64,
    zhang: f64,
    kulczynski: f64,
    imbalance_ratio: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    antecedent_uris: Option<Vec<Option<&'d str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consequent_uris: Option<Vec<Option<&'d str>>>,
}

impl<'d> RuleLine<'d> {
    fn new(rule: &Rule<'_>, items: &'d Items, have_uris: bool) -> Self {
        let uri = |&item: &u32| Some(items.get(item).uri).filter(|uri| !uri.is_empty());
        let uris = |side: &[u32]| have_uris.then(|| side.iter().map(uri).collect());
        let names = |side: &[u32]| side.iter().map(|&item| name(items, item)).collect();
        let evidence = rule.evidence;
        Self {
            antecedent: names(rule.antecedent),
            consequent: names(rule.consequent),
            antecedent_count: evidence.antecedent,
            consequent_count: evidence.consequent,
            count: evidence.both,
            support: Metric::Support.of(&evidence),
            confidence: Metric::Confidence.of(&evidence),
            lift: Metric::Lift.of(&evidence),
            leverage: Metric::Leverage.of(&evidence),
            conviction: Metric::Conviction.of(&evidence),
            zhang: Metric::Zhang.of(&evidence),
            kulczynski: Metric::Kulczynski.of(&evidence),
            imbalance_ratio: Metric::ImbalanceRatio.of(&evidence),
            antecedent_uris: uris(rule.antecedent),
            consequent_uris: uris(rule.consequent),
        }
    }
}

fn json(rules: &Rules, items: &Items, mut output: impl Write) -> io::Result<()> {
    let have_uris = items.have_uris();
    for rule in rules.iter() {
        // A number that JSON has no word for, which an infinite conviction is, becomes null.
        serde_json::to_writer(&mut output, &RuleLine::new(&rule, items, have_uris))?;
        output.write_all(b"\n")?;
    }
    output.flush()?;
    Ok(())
}

/// What people call an item: its artist and title, or what there is of them.
fn name(items: &Items, item: u32) -> String {
    let item = items.get(item);
    if item.artist.is_empty() {
        item.title.to_owned()
    } else {
        format!("{} - {}", item.artist, item.title)
    }
}
