//! The commands of `segue-miner`, a file each: its flags and what it does.

pub mod evaluate;
pub mod inspect;
pub mod itemsets;
pub mod mine;
pub mod promote;
pub mod rules;

use std::sync::OnceLock;

use crate::miner::Miner;
use crate::progress::{Progress, Task, Unit};

/// Shows how far mining is. The bar goes with the miner.
fn with_progress(miner: Miner, progress: Progress) -> Miner {
    if progress == Progress::Silent {
        return miner;
    }
    // It starts when the number of frequent items is known.
    let bar: OnceLock<Task> = OnceLock::new();
    miner.progress(move |_, total| {
        let start = || progress.task("mining", Unit::Count("items"), Some(total as u64));
        bar.get_or_init(start).advance(1);
    })
}
