//! The gate that a dataset must pass before its model becomes the current one.
//!
//! It compares what is comparable: how many playlists and songs there are, how long playlists are, and how
//! often one of the first ten recommendations hits, on the very playlists that the current model's dataset
//! was judged by (see [`quality`](crate::quality)). A dataset that was cut off has fewer playlists; one
//! that has lost whose rows belong together, or rows here and there, has shorter ones; one whose songs were
//! mixed up, or that is about something else, hits less often; one whose names have come apart from the
//! URIs, which no figure would show, has other names.
//!
//! Not here: whether a model's own rules are right, which tests and `segue-miner evaluate` show.

use segue_model::build::{Keys, TooLarge};
use segue_model::{Comparison, Metadata, Model};
use thiserror::Error;

use crate::dataset::Dataset;
use crate::miner::a_hair_less;
use crate::quality;

/// Smaller datasets say nothing by their figures: they are made by hand, and pass.
const LEAST_PLAYLISTS: u64 = 100;

/// Songs are given other names now and then, but not most of them at once ...
const LEAST_SAME: f64 = 0.5;
/// ... and of fewer songs nothing is concluded.
const LEAST_KNOWN: u64 = 20;

/// What may be lost from one dataset to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    /// The largest share of the playlists, and of their mean length.
    pub max_playlist_loss: f64,
    /// The largest share of the songs.
    pub max_item_loss: f64,
    /// The largest fall of the hit rate, which is itself a share of playlists.
    pub max_hit_rate_loss: f64,
}

/// Why a dataset does not pass.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Refused {
    /// Much of it is missing.
    #[error("{found} {what}: expected {least} at least, as the current model has {current}")]
    Fewer {
        /// What there are fewer of.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many the current model has.
        current: u64,
        /// How many would have been enough.
        least: u64,
    },
    /// Its playlists are much shorter.
    #[error(
        "{found:.3} songs in a playlist on average: expected {least:.3} at least, as the current model \
         has {current:.3}"
    )]
    Shorter {
        /// How many songs playlists have on average.
        found: f64,
        /// How many the current model's have.
        current: f64,
        /// How many would have been enough.
        least: f64,
    },
    /// Its titles or artists are not those of its songs.
    #[error(
        "{same} of {known} songs have the title and the artist that the current model has for their URIs: \
         expected half of them at least"
    )]
    Renamed {
        /// How many songs of the playlists that the current model was judged by the dataset has.
        known: u64,
        /// How many of these have the same names.
        same: u64,
    },
    /// It does not tell what belongs together, or not for the same songs.
    #[error(
        "hit rate {found:.3} on the {playlists} playlists that the current model was judged by: \
         expected {least:.3} at least, as the current model has {current:.3}"
    )]
    Misses {
        /// The hit rate.
        found: f64,
        /// The current model's.
        current: f64,
        /// What would have been enough.
        least: f64,
        /// On how many playlists.
        playlists: u64,
    },
}

/// Compares a dataset with the current model; nothing comes where there is nothing to compare: the model
/// is of few playlists, or of this very dataset.
///
/// # Errors
/// The dataset is too large for a model.
pub(crate) fn compare(
    current: &Model,
    dataset: &Dataset,
    keys: &Keys,
    names: &[u64],
) -> Result<Option<Comparison>, TooLarge> {
    let metadata = current.metadata();
    let same = metadata.dataset.sha256 == dataset.provenance.sha256.to_string();
    if same || metadata.transactions < LEAST_PLAYLISTS {
        return Ok(None);
    }
    let Metadata { transactions, items, evaluation, .. } = metadata;
    let judged = match evaluation {
        Some(_) => quality::judge(dataset, keys, names, &quality::of_model(current))?,
        None => None,
    };
    Ok(Some(Comparison {
        model: current.id().to_string(),
        playlists: dataset.transactions.len() as u64,
        current_playlists: *transactions,
        items: dataset.items.len() as u64,
        current_items: *items,
        sample: judged.map_or(0, |judged| judged.playlists),
        hit_rate: judged.map_or(0.0, |judged| judged.hit_rate),
        current_hit_rate: evaluation.map_or(0.0, |evaluation| evaluation.hit_rate),
    }))
}

impl Gate {
    /// Whether a dataset that compares so with the current model may take its place.
    ///
    /// # Errors
    /// It has lost too much.
    pub(crate) fn check(
        &self,
        comparison: &Comparison,
        model: &Model,
        dataset: &Dataset,
    ) -> Result<(), Refused> {
        let counts = [
            (
                "playlists",
                comparison.playlists,
                comparison.current_playlists,
                self.max_playlist_loss,
            ),
            ("songs", comparison.items, comparison.current_items, self.max_item_loss),
        ];
        for (what, found, current, loss) in counts {
            let least = a_hair_less(current as f64 * (1.0 - loss)).ceil() as u64;
            if found < least {
                return Err(Refused::Fewer { what, found, current, least });
            }
        }
        let mean = |songs: u64, playlists: u64| songs as f64 / playlists.max(1) as f64;
        let found = mean(dataset.transactions.items().len() as u64, comparison.playlists);
        let current = mean(model.metadata().occurrences, comparison.current_playlists);
        let least = current * (1.0 - self.max_playlist_loss);
        if found < a_hair_less(least) {
            return Err(Refused::Shorter { found, current, least });
        }
        let (known, same) = quality::named_the_same(model, dataset);
        if known >= LEAST_KNOWN && (same as f64) < known as f64 * LEAST_SAME {
            return Err(Refused::Renamed { known, same });
        }
        let Comparison { sample, hit_rate, current_hit_rate, .. } = *comparison;
        // What two standard errors explain may be chance.
        let variance = |rate: f64| rate * (1.0 - rate) / sample.max(1) as f64;
        let chance = 2.0 * (variance(hit_rate) + variance(current_hit_rate)).sqrt();
        let least = current_hit_rate - self.max_hit_rate_loss.max(chance);
        if sample > 0 && hit_rate < least {
            return Err(Refused::Misses {
                found: hit_rate,
                current: current_hit_rate,
                least,
                playlists: sample,
            });
        }
        Ok(())
    }
}
