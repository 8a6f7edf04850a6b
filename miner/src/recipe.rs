//! How a model is made from playlists: every step from transactions to the model's bytes.
//!
//! Not here: reading the dataset, and publishing what is made.

use std::num::NonZeroUsize;
use std::sync::Arc;

use jiff::Timestamp;
use segue_model::build::{Builder, Finished, Keys, TooLarge};
use segue_model::{Comparison, DatasetMetadata, Evaluation, Metadata, Parameters, RuleCounts};
use thiserror::Error;

use crate::association::RuleSearch;
use crate::dataset::Items;
use crate::learned::learned_rules;
use crate::metric::Metric;
use crate::miner::{MineError, Miner, Support};
use crate::progress::{Progress, Unit};
use crate::ranked::Ranked;
use crate::written::{Limits, WrittenRules, explicit_antecedents, written_rules};

/// What decides what a model holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The smallest support of a frequent itemset; by default 0.1 % of the playlists, but 5 at least.
    pub min_support: Option<Support>,
    /// The smallest confidence of an association rule that is counted.
    pub min_confidence: f64,
    /// The greatest length of an itemset.
    pub max_length: NonZeroUsize,
    /// Songs and artists in more playlists than this have their rules written out.
    pub implicit_support: u32,
    /// The most rules written out for one song or artist; by default, what [`most_rules`] allows.
    pub rules_per_antecedent: Option<usize>,
    /// Kinds of rules to leave out, to see what each adds.
    pub without: Vec<Kind>,
}

/// A kind of rules that a model can do without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// The rules of artists.
    Artist,
    /// The learned rules.
    Learned,
}

/// A share that keeps the number of itemsets about the same for any number of playlists ...
const MIN_SUPPORT: Support = Support::Fraction(0.001);
/// ... down to where itemsets are coincidences, and there are too many of them.
const LEAST_SUPPORT: u64 = 5;

/// More rules than this for one song or artist earn nothing measurable ...
const MOST_RULES: usize = 800;
/// ... and fewer cost much.
const FEWEST_RULES: usize = 200;
/// In between, all rules together are at most so many, or so many for each song of each playlist: a
/// model stays a fraction of its dataset.
const RULES: usize = 4_000_000;
const RULES_PER_OCCURRENCE: usize = 2;

/// The most rules that are written out for each of so many antecedents.
fn most_rules(antecedents: usize, occurrences: usize) -> usize {
    let together = RULES.max(RULES_PER_OCCURRENCE * occurrences);
    (together / antecedents.max(1)).clamp(FEWEST_RULES, MOST_RULES)
}

/// What is known of a dataset's worth before it is mined.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The playlists it was judged by: a hash of each one's name, and its number.
    pub sample: Vec<(u64, u32)>,
    /// What it is worth.
    pub evaluation: Option<Evaluation>,
    /// How it compares with the current model's.
    pub comparison: Option<Comparison>,
}

/// Playlists and names in the shape in which models are made of them.
pub(crate) struct Prepared<'d> {
    items: &'d Items,
    pub(crate) ranked: Ranked,
}

/// A model with songs and transactions, but without rules. An artist without a name has no rules.
fn names_and_transactions(
    ranked: &Ranked,
    items: &Items,
    with_artists: bool,
) -> Result<Builder, TooLarge> {
    let mut builder = Builder::default();
    for artist in items.artists().iter() {
        builder.add_artist(if with_artists { artist } else { "" })?;
    }
    for (&item, &support) in ranked.items.iter().zip(&ranked.supports) {
        let names = items.get(item);
        builder.add_track(names.title, items.artist_id(item), names.uri, support)?;
    }
    for transaction in &ranked.transactions {
        builder.add_transaction(transaction)?;
    }
    Ok(builder)
}

/// What was found in prepared playlists: a model but for what is known of its worth and where it is from.
pub(crate) struct Mined {
    /// Per track: which of the items it is.
    items: Vec<u32>,
    builder: Builder,
    itemsets: Vec<u64>,
    associations: u64,
    parameters: Parameters,
}

impl Mined {
    /// The model.
    ///
    /// # Errors
    /// There is more than a model can hold.
    pub(crate) fn finish(
        self,
        keys: &Keys,
        dataset: DatasetMetadata,
        date: Timestamp,
        judged: Judged,
    ) -> Result<Finished, TooLarge> {
        let Self { items, mut builder, itemsets, associations, parameters } = self;
        for (name, transaction) in judged.sample {
            builder.add_sampled(name, transaction);
        }
        let metadata = Metadata {
            itemsets,
            associations,
            evaluation: judged.evaluation,
            comparison: judged.comparison,
            parameters,
            ..unmined(dataset, date)
        };
        builder.finish_with(keys, &items, metadata)
    }
}

fn add_rules(builder: &mut Builder, written: WrittenRules) -> Result<(), TooLarge> {
    for rules in written.of_tracks {
        builder.add_rules(rules)?;
    }
    for rules in written.of_artists {
        builder.add_artist_rules(rules)?;
    }
    for rules in written.short_of_tracks {
        builder.add_short_rules(rules)?;
    }
    for rules in written.short_of_artists {
        builder.add_short_artist_rules(rules)?;
    }
    Ok(())
}

/// The metadata of a model in which nothing has been mined. What is counted in it, the builder sets.
pub(crate) fn unmined(dataset: DatasetMetadata, date: Timestamp) -> Metadata {
    Metadata {
        model_date: date,
        miner_version: segue_process::VERSION.to_owned(),
        dataset,
        transactions: 0,
        items: 0,
        artists: 0,
        occurrences: 0,
        itemsets: Vec::new(),
        associations: 0,
        rules: RuleCounts::default(),
        evaluation: None,
        comparison: None,
        parameters: Parameters::default(),
    }
}

/// Why no model could be made.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// The itemsets could not be mined.
    #[error(transparent)]
    Mine(#[from] MineError),
    /// The model outgrew its format.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

impl Recipe {
    /// Prepares to make a model of these playlists, which hold these items, each at most once.
    pub(crate) fn prepare<'t, 'd>(
        &self,
        playlists: impl Iterator<Item = &'t [u32]> + Clone,
        items: &'d Items,
    ) -> Prepared<'d> {
        Prepared { items, ranked: Ranked::new(playlists, items) }
    }

    /// The keys of all items' names, and of the artists' if they are to have rules.
    ///
    /// # Errors
    /// There are more names than a model can hold.
    pub(crate) fn keys(&self, items: &Items) -> Result<Keys, TooLarge> {
        let titles = items.iter().map(|item| item.title);
        let artists = items.artists().iter();
        let artists = artists.map(|artist| if self.with_artists() { artist } else { "" });
        Keys::new(titles, artists)
    }

    fn with_artists(&self) -> bool {
        !self.without.contains(&Kind::Artist)
    }

    /// Mines what was prepared. The same for any number of threads.
    ///
    /// # Errors
    /// There is more than a model or a mining run can hold.
    pub(crate) fn mine(
        &self,
        prepared: Prepared<'_>,
        progress: Progress,
    ) -> Result<Mined, RecipeError> {
        let Prepared { items, ranked } = prepared;
        let ranked = &ranked;
        let transactions = ranked.transactions.len();
        let min_support = match self.min_support {
            Some(support) => support.count(transactions),
            None => MIN_SUPPORT.count(transactions).max(LEAST_SUPPORT),
        };
        let most_rules = self.rules_per_antecedent.unwrap_or_else(|| {
            most_rules(explicit_antecedents(ranked, self.implicit_support), ranked.occurrences())
        });
        let with_artists = self.with_artists();
        let limits = Limits { implicit_support: self.implicit_support, most_rules, with_artists };
        let learn = || match self.without.contains(&Kind::Learned) {
            true => Vec::new(),
            false => learned_rules(ranked, progress),
        };
        let (itemsets, associations) = self.count(ranked, min_support, progress)?;
        let (builder, written) = rayon::join(
            || names_and_transactions(ranked, items, with_artists),
            || written_rules(ranked, items, limits),
        );
        let mut builder = builder?;
        add_rules(&mut builder, written)?;
        for rules in learn() {
            builder.add_learned(&rules)?;
        }
        let parameters = self.in_force(min_support, most_rules);
        let items = ranked.items.clone();
        Ok(Mined { items, builder, itemsets, associations, parameters })
    }

    /// The number of frequent itemsets by length, and that of the association rules in them.
    fn count(
        &self,
        ranked: &Ranked,
        min_support: u64,
        progress: Progress,
    ) -> Result<(Vec<u64>, u64), MineError> {
        let task = Arc::new(progress.task("mining itemsets", Unit::Count("items"), None));
        let advance = Arc::clone(&task);
        let miner = Miner::new(Support::Count(min_support))
            .max_len(Some(self.max_length))
            .progress(move |_, _| advance.advance(1));
        let (itemsets, associations) = RuleSearch::new()
            .min(Metric::Confidence, self.min_confidence)
            .count(&miner, &ranked.transactions)?;
        drop(miner);
        if let Some(task) = Arc::into_inner(task) {
            task.finish();
        }
        let by_length = itemsets.by_length().get(1..).unwrap_or_default().to_vec();
        Ok((by_length, associations))
    }

    fn in_force(&self, min_support: u64, rules_per_antecedent: usize) -> Parameters {
        Parameters {
            min_support,
            min_confidence: self.min_confidence,
            max_length: self.max_length.get(),
            implicit_support: self.implicit_support.into(),
            rules_per_antecedent,
        }
    }
}
