//! What the miner does, seen from outside.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

mod command_line;
mod dataset_csv;
mod dataset_format;
mod dataset_identity;
mod dataset_real;
mod dataset_support;
mod download_scripted;
mod download_support;
mod gate;
mod mining_itemsets;
mod mining_rules;
mod model_file;
