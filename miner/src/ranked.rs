//! Playlists as a model holds them: tracks numbered by falling support, each playlist sorted.
//!
//! Not here: the ranks that the search for itemsets works on, which know only frequent items.

use crate::transaction::Transactions;

/// Transactions whose items are renumbered by falling support; among equals, as they were numbered.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    /// Per rank: the item it was before.
    pub(crate) items: Vec<u32>,
    /// Per rank: the number of transactions that hold it.
    pub(crate) supports: Vec<u32>,
    /// The transactions, each ascending and without repeats.
    pub(crate) transactions: Transactions,
    /// Per rank: where its transactions begin in `occurrences`; one entry more than ranks.
    offsets: Vec<usize>,
    occurrences: Vec<u32>,
}

impl Ranked {
    /// Ranks the items of these transactions; items that are in none of them get no rank.
    pub(crate) fn new<'t>(transactions: impl Iterator<Item = &'t [u32]> + Clone) -> Self {
        let mut counts: Vec<u32> = Vec::new();
        for transaction in transactions.clone() {
            for &item in transaction {
                if counts.len() <= item as usize {
                    counts.resize(item as usize + 1, 0);
                }
                counts[item as usize] += 1;
            }
        }
        let mut items: Vec<u32> =
            (0..counts.len() as u32).filter(|&item| counts[item as usize] > 0).collect();
        items.sort_by_key(|&item| std::cmp::Reverse(counts[item as usize]));
        let supports: Vec<u32> = items.iter().map(|&item| counts[item as usize]).collect();
        let mut rank_of = counts;
        for (rank, &item) in items.iter().enumerate() {
            rank_of[item as usize] = rank as u32;
        }
        let mut ranked = Transactions::new();
        let mut row = Vec::new();
        for transaction in transactions {
            row.clear();
            row.extend(transaction.iter().map(|&item| rank_of[item as usize]));
            row.sort_unstable();
            ranked.push(&row);
        }
        let (offsets, occurrences) = invert(&ranked, &supports);
        Self { items, supports, transactions: ranked, offsets, occurrences }
    }

    /// The number of tracks.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The transactions that hold a track, ascending.
    pub(crate) fn occurrences(&self, rank: u32) -> &[u32] {
        &self.occurrences[self.offsets[rank as usize]..self.offsets[rank as usize + 1]]
    }
}

fn invert(transactions: &Transactions, supports: &[u32]) -> (Vec<usize>, Vec<u32>) {
    let mut offsets = Vec::with_capacity(supports.len() + 1);
    offsets.push(0);
    for &support in supports {
        offsets.push(offsets[offsets.len() - 1] + support as usize);
    }
    let mut next = offsets.clone();
    let mut occurrences = vec![0; offsets[supports.len()]];
    for (number, transaction) in transactions.iter().enumerate() {
        for &rank in transaction {
            occurrences[next[rank as usize]] = number as u32;
            next[rank as usize] += 1;
        }
    }
    (offsets, occurrences)
}
