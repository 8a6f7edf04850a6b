//! What a model says of itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A model's metadata: where it comes from, how it was made, how large it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// When the model was made, to the second (`SOURCE_DATE_EPOCH`, where set, fixes it).
    pub model_date: Timestamp,
    /// The version of the miner that made it.
    pub miner_version: String,
    /// The dataset it was mined from.
    pub dataset: DatasetMetadata,
    /// The number of transactions (playlists).
    pub transactions: u64,
    /// The number of items (distinct tracks).
    pub items: u64,
    /// The number of artists.
    pub artists: u64,
    /// The number of items in all transactions together.
    pub occurrences: u64,
    /// Frequent itemsets found, by length: the first figure is that of single items.
    pub itemsets: Vec<u64>,
    /// Association rules in them of the smallest confidence at least, with one consequent each.
    pub associations: u64,
    /// Rules kept, by kind.
    pub rules: RuleCounts,
    /// What the dataset is worth for recommending; none where it has too few playlists to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// How the dataset compared with that of the model that was current before; none where there was
    /// none, or none to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// What the miner was told.
    pub parameters: Parameters,
}

/// How well playlists are continued by rules made of the others, from five songs each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// How many playlists were continued.
    pub playlists: u64,
    /// The share of them for which one of the first ten recommendations was right.
    pub hit_rate: f64,
    /// The mean share of right ones among as many recommendations as there were songs to guess.
    pub r_precision: f64,
    /// The mean normalised discounted cumulative gain of 500 recommendations.
    pub ndcg: f64,
    /// The hit rate of the most popular songs, whatever is given.
    pub popular_hit_rate: f64,
}

/// A dataset beside that of the model that was current before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The id of the model that was current.
    pub model: String,
    /// Playlists now.
    pub playlists: u64,
    /// Playlists of the model that was current.
    pub current_playlists: u64,
    /// Songs now.
    pub items: u64,
    /// Songs of the model that was current.
    pub current_items: u64,
    /// On how many playlists the hit rates below were measured: those that the current model's dataset
    /// was judged by.
    pub sample: u64,
    /// The hit rate now.
    pub hit_rate: f64,
    /// The hit rate of the model that was current.
    pub current_hit_rate: f64,
}

/// Where a model's dataset came from: what tells one dataset from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetMetadata {
    /// The name its operator gave it.
    pub id: String,
    /// The URL or path it was read from.
    pub url: String,
    /// The SHA-256 of its bytes as they came, in hex.
    pub sha256: String,
    /// Its size as it came, in bytes.
    pub bytes: u64,
    /// The ETag that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The Last-Modified date that came with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Rows read.
    pub rows: u64,
    /// Bad rows left out because the miner was told to be lenient.
    #[serde(default)]
    pub skipped_rows: u64,
}

/// How many rules a model holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleCounts {
    /// Songs whose rules are written out.
    pub explicit_antecedents: u64,
    /// Rules with one antecedent that are written out.
    pub explicit: u64,
    /// Songs whose rules are made from their transactions when asked for.
    pub implicit_antecedents: u64,
    /// Rules with an artist as antecedent that are written out.
    pub artist: u64,
    /// Rules that short answers read, of songs and of artists.
    pub short: u64,
    /// Learned rules.
    pub learned: u64,
}

/// The miner's parameters, as they were in force.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// The smallest number of transactions of a frequent itemset.
    pub min_support: u64,
    /// The smallest confidence of an association rule that is counted.
    pub min_confidence: f64,
    /// The greatest length of an itemset.
    pub max_length: usize,
    /// Songs and artists in more transactions than this have their rules written out.
    pub implicit_support: u64,
    /// The most rules written out for one song or artist.
    pub rules_per_antecedent: usize,
}
