//! The miner's whole way: a dataset is read, a model made of it, published and promoted.

use std::env::{self, VarError};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use segue_model::build::{Finished, Keys, TooLarge};
use segue_model::{Comparison, DatasetMetadata, Model, ModelId, Store, StoreError};
use segue_process::log;
use thiserror::Error;

use crate::dataset::{self, Dataset, DatasetError, ReadOptions, Source};
use crate::gate::{self, Gate, Refused};
use crate::progress::{Progress, Unit};
use crate::quality;
use crate::recipe::{Judged, Recipe, RecipeError};

/// What is to be mined, and where the model goes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The dataset.
    pub source: Source,
    /// Its name in the model.
    pub dataset_id: String,
    /// How it is read.
    pub options: ReadOptions,
    /// What the model holds.
    pub recipe: Recipe,
    /// The model directory.
    pub models: PathBuf,
    /// What the dataset must pass before its model takes the place of the current one; none lets any
    /// pass.
    pub gate: Option<Gate>,
    /// Whether the dataset was named on purpose: then one of another name than the current model's is
    /// another dataset, which is not compared with it.
    pub named: bool,
}

/// What was published.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The model, which is now the current one.
    pub model: ModelId,
    /// How long it took, from the dataset to the promoted model.
    pub took: Duration,
}

/// Why no model was published.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The dataset can't be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// No model can be made of it.
    #[error("{dataset}: failed to make a model of it")]
    Recipe {
        /// The dataset.
        dataset: String,
        /// What stood in the way.
        source: RecipeError,
    },
    /// The model directory can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dataset did not pass the gate: the current model stays.
    #[error("{dataset}: not fit to replace the current model (--force lets it)")]
    Refused {
        /// The dataset.
        dataset: String,
        /// Why.
        source: Refused,
    },
    /// The dataset was compared with a model that is current no more, and can't be read again.
    #[error(
        "{dataset}: another model has become current meanwhile, and a pipe can't be read again to compare \
         with that"
    )]
    Overtaken {
        /// The dataset.
        dataset: String,
    },
    /// `SOURCE_DATE_EPOCH` is set to something else than seconds.
    #[error("SOURCE_DATE_EPOCH={found}: expected a number of seconds since 1970")]
    Epoch {
        /// Its value.
        found: String,
    },
}

/// Reads, mines, publishes and promotes. Whatever fails, the current model stays.
///
/// Where another model becomes current meanwhile, as when two miners run at once, and nothing is forced, it does
/// so again, from the start: the dataset is compared with the very model that it replaces, and a model tells
/// which that was. What comparing needs is not kept until then, as a model takes as much memory again.
///
/// # Errors
/// See [`PublishError`].
pub fn publish(plan: &Plan, progress: Progress) -> Result<Outcome, PublishError> {
    let started = Instant::now();
    let store = Store::new(&plan.models);
    let model = loop {
        if let Some(model) = publish_once(plan, &store, progress)? {
            break model;
        }
        if !plan.source.is_lasting() {
            return Err(PublishError::Overtaken { dataset: plan.source.to_string() });
        }
        tracing::warn!(
            "another model has become current meanwhile: mining again, to compare with that"
        );
    };
    let took = started.elapsed();
    let seconds = log::seconds(took);
    tracing::info!(%model, seconds, "model promoted");
    Ok(Outcome { model, took })
}

/// The same; nothing comes, and nothing is promoted, where the dataset was compared with a model that is
/// current no more.
fn publish_once(
    plan: &Plan,
    store: &Store,
    progress: Progress,
) -> Result<Option<ModelId>, PublishError> {
    let date = date()?;
    let dataset = dataset::read(&plan.source, &plan.options, progress)?;
    tracing::info!(
        playlists = dataset.transactions.len(),
        tracks = dataset.items.len(),
        rows = dataset.rows,
        skipped = dataset.skipped,
        sha256 = %dataset.provenance.sha256,
        "dataset read"
    );
    let named = store.current();
    let before = named.as_ref().ok().copied().flatten();
    let current = current(plan, store, named);
    let made = make(plan, current, dataset, date, progress)?;
    // Its memory is given back before the file is read.
    let published = store.publish_with(move |file| made.write(file))?;
    tracing::info!(model = %published.model, bytes = published.bytes, "model published");
    let promoted = if plan.gate.is_some() {
        store.promote_in_place_of(before, &published, date)?
    } else {
        store.promote_published(&published, date)?;
        true
    };
    Ok(promoted.then_some(published.model))
}

/// A model of the dataset, if it is fit to take the current one's place.
fn make(
    plan: &Plan,
    current: Option<Model>,
    dataset: Dataset,
    date: Timestamp,
    progress: Progress,
) -> Result<Finished, PublishError> {
    let failed =
        |source: RecipeError| PublishError::Recipe { dataset: plan.source.to_string(), source };
    let prepared = plan.recipe.prepare(dataset.transactions.iter(), &dataset.items);
    // Made by whoever needs them first: beside mining, where there is no current model.
    let keys_made = OnceLock::new();
    let keys = || match keys_made.get_or_init(|| plan.recipe.keys(&dataset.items)) {
        Ok(keys) => Ok(keys),
        Err(error) => Err(failed(TooLarge::into(*error))),
    };
    let names = quality::names(&dataset);
    let comparison = match current {
        Some(current) => compare(plan, &current, &dataset, keys()?, &names, progress)?,
        None => None,
    };
    let judge = || {
        let keys = keys()?;
        judge(&dataset, keys, &names, comparison).map_err(|error| failed(error.into()))
    };
    let (judged, mined) = rayon::join(judge, || plan.recipe.mine(prepared, progress));
    let (judged, mined) = (judged?, mined.map_err(failed)?);
    let from = provenance(&plan.dataset_id, &dataset);
    // The model takes as much memory again.
    drop(dataset);
    let keys = keys_made.into_inner().expect("judging has made them");
    let made = keys.and_then(|keys| mined.finish(&keys, from, date, judged));
    made.map_err(|error| failed(error.into()))
}

/// Compares the dataset with the current model: before it is mined, so that a dataset that is refused costs
/// little.
fn compare(
    plan: &Plan,
    current: &Model,
    dataset: &Dataset,
    keys: &Keys,
    names: &[u64],
    progress: Progress,
) -> Result<Option<Comparison>, PublishError> {
    let source = || plan.source.to_string();
    let task = progress.task("judging the dataset", Unit::Count("playlists"), None);
    let comparison = gate::compare(current, dataset, keys, names)
        .map_err(|error| PublishError::Recipe { dataset: source(), source: error.into() })?;
    let Some(comparison) = comparison else { return Ok(None) };
    task.advance(comparison.sample);
    task.finish();
    let to_thousandths = |rate: f64| (rate * 1e3).round() / 1e3;
    tracing::info!(
        current = comparison.model,
        playlists = comparison.playlists,
        current_playlists = comparison.current_playlists,
        songs = comparison.items,
        current_songs = comparison.current_items,
        sample = comparison.sample,
        hit_rate = to_thousandths(comparison.hit_rate),
        current_hit_rate = to_thousandths(comparison.current_hit_rate),
        "dataset compared with the current model's"
    );
    if let Some(gate) = plan.gate {
        gate.check(&comparison, current, dataset)
            .map_err(|refused| PublishError::Refused { dataset: source(), source: refused })?;
    }
    Ok(Some(comparison))
}

/// Judges the dataset by itself, which nothing is refused for, and so may be done while it is mined.
fn judge(
    dataset: &Dataset,
    keys: &Keys,
    names: &[u64],
    comparison: Option<Comparison>,
) -> Result<Judged, TooLarge> {
    let numbers = quality::sample(dataset, names);
    let sampled = quality::of_dataset(dataset, names, &numbers);
    let evaluation = quality::judge(dataset, keys, names, &sampled)?;
    let sample = numbers.iter().map(|&number| (names[number as usize], number)).collect();
    Ok(Judged { sample, evaluation, comparison })
}

/// The current model, where it is one to compare with; in place of one that can't be read, the newest
/// earlier one that can, as the API serves it. If there is none, that is no reason to go without a new
/// one.
fn current(
    plan: &Plan,
    store: &Store,
    named: Result<Option<ModelId>, StoreError>,
) -> Option<Model> {
    let warn = |error: StoreError| {
        tracing::warn!("not compared with the current model: {:#}", anyhow::Error::new(error));
    };
    let load = |model| store.load(model).map_err(|error| warn(error.into())).ok();
    let named = match named {
        Ok(named) => Some(named?),
        Err(error) => {
            warn(error);
            None
        }
    };
    let current = named.and_then(load).or_else(|| {
        let promoted = store.promoted().map_err(warn).unwrap_or_default();
        let is_there = |&model: &ModelId| Some(model) != named && store.path(model).exists();
        promoted.into_iter().filter(is_there).find_map(load)
    })?;
    let before = &current.metadata().dataset.id;
    if plan.named && *before != plan.dataset_id {
        tracing::info!(before, now = plan.dataset_id, "another dataset: not compared");
        return None;
    }
    Some(current)
}

fn provenance(id: &str, dataset: &Dataset) -> DatasetMetadata {
    let provenance = dataset.provenance.clone();
    DatasetMetadata {
        id: id.to_owned(),
        url: provenance.url,
        sha256: provenance.sha256.to_string(),
        bytes: provenance.bytes,
        etag: provenance.etag,
        last_modified: provenance.last_modified,
        rows: dataset.rows,
        skipped_rows: dataset.skipped,
    }
}

/// Now, to the second, or what `SOURCE_DATE_EPOCH` says
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn date() -> Result<Timestamp, PublishError> {
    let seconds = match env::var("SOURCE_DATE_EPOCH") {
        Ok(found) => found.parse().map_err(|_| PublishError::Epoch { found })?,
        Err(VarError::NotPresent) => Timestamp::now().as_second(),
        Err(VarError::NotUnicode(found)) => {
            return Err(PublishError::Epoch { found: found.to_string_lossy().into_owned() });
        }
    };
    Timestamp::from_second(seconds).map_err(|_| PublishError::Epoch { found: seconds.to_string() })
}
