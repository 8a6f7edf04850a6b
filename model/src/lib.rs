//! What a Segue model is: its file format, the directory it is published in, the lookup of songs and
//! the scoring of recommendations.
//!
//! This crate does no I/O beyond the files it is given: no network, no environment. While a
//! model is read and checked, a second thread takes its share of that; while one is published, another
//! one waits for the disk.

#[cfg(target_endian = "big")]
compile_error!(
    "model files are little-endian and used in place: big-endian targets are not supported"
);

mod buffer;
pub mod build;
pub mod catalog;
mod few;
mod find;
pub mod fold;
mod format;
mod group;
mod head;
mod history;
mod key;
mod lookup;
mod memory;
mod metadata;
mod model;
mod note;
mod occurrence;
mod picked;
mod popularity;
mod reason;
mod rule;
pub mod score;
mod scratch;
mod search;
mod seeds;
mod step;
pub mod store;
mod text;
mod written;

pub use catalog::{ArtistId, Catalog, Track, TrackId};
pub use format::FormatError;
pub use history::Promotion;
pub use metadata::{Comparison, DatasetMetadata, Evaluation, Metadata, Parameters, RuleCounts};
pub use model::{Model, ModelError, ModelId};
pub use rule::{Antecedent, Rule, Rules};
pub use store::{Store, StoreError};
