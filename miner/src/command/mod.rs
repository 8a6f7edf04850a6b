//! The commands of `segue-miner`, a file each: its flags and what it does.

pub mod evaluate;
pub mod inspect;
pub mod itemsets;
pub mod mine;
pub mod promote;
pub mod rules;
