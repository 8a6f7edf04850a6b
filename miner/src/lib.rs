//! Segue's miner: frequent itemsets and association rules in transactions, and the way from playlists
//! to a published model.
//!
//! # Mining any transactions
//!
//! The mining part knows nothing of songs. [`Transactions`] are lists of numbers; a [`Miner`] finds their
//! frequent [`Itemsets`], and a [`RuleSearch`] makes [`Rules`] of these:
//!
//! ```
//! use segue_miner::{Metric, Miner, RuleSearch, Support, Transactions};
//!
//! let transactions: Transactions =
//!     [vec![1, 2, 3], vec![1, 2], vec![1, 2, 3], vec![3]].iter().collect();
//! let itemsets = Miner::new(Support::Fraction(0.5)).itemsets(&transactions)?;
//! assert_eq!(itemsets.len(), 7);
//!
//! let rules = RuleSearch::new().min(Metric::Lift, 1.1).rules(itemsets, transactions.len())?;
//! let first = rules.iter().next().expect("there are some");
//! assert_eq!((first.antecedent, first.consequent), (&[1][..], &[2][..]));
//! assert_eq!(Metric::Confidence.of(&first.evidence), 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Itemsets can be many. They are visited one by one, without being kept, by [`Miner::for_each`], which a
//! visitor may end; counted by [`Miner::count`]; and taken in on all threads by a [`Collector`]. Another thread
//! ends mining by a flag:
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::sync::{Arc, atomic::AtomicBool};
//!
//! use segue_miner::{Miner, Support, Target, Transactions};
//!
//! let transactions: Transactions = [vec![1, 2, 3], vec![1, 2]].iter().collect();
//! let cancel = Arc::new(AtomicBool::new(false));
//! let miner = Miner::new(Support::Count(1)).target(Target::Closed).cancel(Arc::clone(&cancel));
//! let mut longest = 0;
//! miner.for_each(&transactions, |items, _support| {
//!     longest = longest.max(items.len());
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(longest, 3);
//! assert_eq!(miner.count(&transactions)?.total(), 2);
//! # Ok::<(), segue_miner::MineError>(())
//! ```
//!
//! # From playlists to a model
//!
//! A dataset ([`dataset`]) becomes transactions ([`transaction`]); in these the miner ([`miner`]) finds
//! frequent itemsets ([`itemset`]); a recipe ([`recipe`]) makes a model of playlists, and it is published
//! ([`mod@publish`]).

pub mod association;
pub mod command;
mod compression;
pub mod config;
mod cooccurrence;
pub mod dataset;
pub mod digest;
pub mod download;
pub mod evaluation;
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
mod rule_count;
mod schedule;
mod sequence;
mod short;
mod spread;
mod threads;
pub mod transaction;
mod written;

pub use association::{Rule, RuleSearch, Rules};
pub use itemset::{Collector, ItemsetCounts, Itemsets};
pub use metric::{Evidence, Metric};
pub use miner::{MineError, Miner, Support, Target};
pub use transaction::Transactions;
