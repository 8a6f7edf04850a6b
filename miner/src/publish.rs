//! The miner's whole way: a dataset is read, a model made of it, published and promoted.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use segue_model::{DatasetMetadata, ModelId, Store, StoreError};
use thiserror::Error;

use crate::dataset::{self, Dataset, DatasetError, ReadOptions, Source};
use crate::progress::Progress;
use crate::recipe::{Recipe, RecipeError};

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
    /// `SOURCE_DATE_EPOCH` is set to something else than seconds.
    #[error("SOURCE_DATE_EPOCH={found}: expected a number of seconds since 1970")]
    Epoch {
        /// Its value.
        found: String,
    },
}

/// Reads, mines, publishes and promotes. Whatever fails, the current model stays.
///
/// # Errors
/// See [`PublishError`].
pub fn publish(plan: &Plan, progress: Progress) -> Result<Outcome, PublishError> {
    let started = Instant::now();
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
    let bytes = plan
        .recipe
        .make(
            dataset.transactions.iter(),
            &dataset.items,
            provenance(&plan.dataset_id, &dataset),
            date,
            progress,
        )
        .map_err(|source| PublishError::Recipe { dataset: plan.source.to_string(), source })?;
    let store = Store::new(&plan.models);
    let published = store.publish(&bytes)?;
    tracing::info!(model = %published.model, bytes = bytes.len(), "model published");
    // The promotion reads it back: what is current has been checked as it lies on the disk.
    drop(bytes);
    store.promote(published.model, date)?;
    let took = started.elapsed();
    tracing::info!(model = %published.model, seconds = took.as_secs_f64(), "model promoted");
    Ok(Outcome { model: published.model, took })
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
    let seconds = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(found) => found.parse().map_err(|_| PublishError::Epoch { found })?,
        Err(_) => Timestamp::now().as_second(),
    };
    Timestamp::from_second(seconds).map_err(|_| PublishError::Epoch { found: seconds.to_string() })
}
