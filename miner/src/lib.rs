//! Segue's miner: frequent itemsets and association rules in transactions, and the way from playlists
//! to a published model.
//!
//! A dataset ([`dataset`]) becomes transactions ([`transaction`]); in these the miner ([`miner`]) finds
//! frequent itemsets ([`itemset`]); a recipe ([`recipe`]) makes a model of playlists, and it is published
//! ([`mod@publish`]). The mining part knows nothing of songs and serves any transactions.

pub mod association;
pub mod command;
pub mod config;
mod cooccurrence;
pub mod dataset;
pub mod digest;
pub mod download;
pub mod evaluation;
mod explicit;
pub mod fimi;
pub mod gate;
pub mod itemset;
mod kernel;
mod learned;
pub mod metric;
pub mod miner;
mod plan;
pub mod progress;
mod projection;
pub mod publish;
mod quality;
mod ranked;
pub mod recipe;
mod ridge;
mod schedule;
pub mod transaction;
