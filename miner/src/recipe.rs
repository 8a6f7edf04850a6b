//! How a model is made from playlists: every step from transactions to the model's bytes.
//!
//! Not here: reading the dataset, and publishing what is made.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::Timestamp;
use segue_model::build::{Builder, TooLarge};
use segue_model::{DatasetMetadata, Metadata, Parameters, RuleCounts};
use thiserror::Error;

use crate::dataset::Items;
use crate::explicit::explicit_rules;
use crate::longer::{FrequentSets, RulesOfPairs};
use crate::miner::{MineError, Miner, Support};
use crate::progress::{Progress, Unit};
use crate::ranked::Ranked;

/// What decides what a model holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// The smallest support of a frequent itemset; by default 0.1 % of the playlists, but 5 at least.
    pub min_support: Option<Support>,
    /// The smallest confidence of a rule with two antecedents.
    pub min_confidence: f64,
    /// The greatest length of an itemset.
    pub max_length: NonZeroUsize,
    /// Songs in more playlists than this have their rules written out.
    pub implicit_support: u32,
    /// The most rules written out for one song.
    pub rules_per_song: usize,
    /// The most rules written out for one pair of songs.
    pub rules_per_pair: usize,
}

/// A share that keeps the number of itemsets about the same for any number of playlists ...
const MIN_SUPPORT: Support = Support::Fraction(0.001);
/// ... down to where itemsets are coincidences, and there are too many of them.
const LEAST_SUPPORT: u64 = 5;

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
    /// The bytes of a model of these playlists, which hold these items, each at most once. The same
    /// for any number of threads.
    ///
    /// # Errors
    /// There is more than a model or a mining run can hold.
    pub fn make<'t>(
        &self,
        playlists: impl Iterator<Item = &'t [u32]> + Clone,
        items: &Items,
        dataset: DatasetMetadata,
        date: Timestamp,
        progress: Progress,
    ) -> Result<Vec<u8>, RecipeError> {
        let ranked = Ranked::new(playlists);
        let transactions = ranked.transactions.len();
        let min_support = match self.min_support {
            Some(support) => support.count(transactions),
            None => MIN_SUPPORT.count(transactions).max(LEAST_SUPPORT),
        };
        let (itemsets, longer) = self.mine(&ranked, min_support, progress)?;
        let explicit = explicit_rules(&ranked, self.implicit_support, self.rules_per_song);

        let mut builder = Builder::default();
        for artist in items.artists().iter() {
            builder.add_artist(artist)?;
        }
        for (&item, &support) in ranked.items.iter().zip(&ranked.supports) {
            let names = items.get(item);
            builder.add_track(names.title, items.artist_id(item), names.uri, support)?;
        }
        for transaction in &ranked.transactions {
            builder.add_transaction(transaction)?;
        }
        for rules in &explicit {
            builder.add_rules(rules)?;
        }
        for (pair, (support, rules)) in &longer {
            builder.add_longer(*pair, *support, rules)?;
        }
        let metadata = Metadata {
            model_date: date,
            miner_version: segue_process::VERSION.to_owned(),
            dataset,
            itemsets,
            parameters: self.in_force(min_support),
            // What is counted in the model, the builder sets.
            transactions: 0,
            items: 0,
            artists: 0,
            occurrences: 0,
            rules: RuleCounts::default(),
        };
        Ok(builder.finish(metadata)?)
    }

    /// The number of frequent itemsets by length, and the rules with two antecedents.
    fn mine(
        &self,
        ranked: &Ranked,
        min_support: u64,
        progress: Progress,
    ) -> Result<(Vec<u64>, RulesOfPairs), MineError> {
        let task = Arc::new(progress.task("mining itemsets", Unit::Count("items"), None));
        let advance = Arc::clone(&task);
        let mut counts: Vec<u64> = Vec::new();
        let mut sets = FrequentSets::default();
        Miner::new(Support::Count(min_support))
            .max_len(Some(self.max_length))
            .progress(move |_, _| advance.advance(1))
            .for_each(&ranked.transactions, |items, support| {
                if counts.len() < items.len() {
                    counts.resize(items.len(), 0);
                }
                counts[items.len() - 1] += 1;
                sets.add(items, support);
                ControlFlow::Continue(())
            })?;
        if let Some(task) = Arc::into_inner(task) {
            task.finish();
        }
        let rules = sets.rules(&ranked.supports, self.min_confidence, self.rules_per_pair);
        Ok((counts, rules))
    }

    fn in_force(&self, min_support: u64) -> Parameters {
        Parameters {
            min_support,
            min_confidence: self.min_confidence,
            max_length: self.max_length.get(),
            implicit_support: self.implicit_support.into(),
            rules_per_song: self.rules_per_song,
            rules_per_pair: self.rules_per_pair,
        }
    }
}
