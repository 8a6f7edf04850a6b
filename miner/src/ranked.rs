//! Playlists as a model holds them: tracks numbered by falling support, each playlist sorted.
//!
//! Not here: the ranks that the search for itemsets works on, which know only frequent items.

use crate::dataset::Items;
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
    /// Per transaction: its length to the power of -0.5, what a co-occurrence in it counts.
    pub(crate) weights: Vec<f32>,
    /// The transactions of each rank.
    pub(crate) tracks: Occurrences,
    /// The transactions of each artist, each once.
    pub(crate) artists: Occurrences,
}

/// The transactions in which something occurs, ascending.
#[derive(Clone, Debug)]
pub(crate) struct Occurrences {
    /// Where the transactions of each begin; one entry more than there are things.
    offsets: Vec<usize>,
    numbers: Vec<u32>,
}

impl Ranked {
    /// Ranks the items of these transactions; items that are in none of them get no rank. Items without
    /// an artist have the number of one that `items` names with the empty text.
    pub(crate) fn new<'t>(
        transactions: impl Iterator<Item = &'t [u32]> + Clone,
        names: &Items,
    ) -> Self {
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
        let weights = ranked.iter().map(|items| (items.len() as f32).max(1.0).powf(-0.5)).collect();
        let tracks = Occurrences::new(&ranked, items.len(), Some);
        let artist_of: Vec<Option<u32>> = items
            .iter()
            .map(|&item| Some(names.artist_id(item)).filter(|_| !names.get(item).artist.is_empty()))
            .collect();
        let artists =
            Occurrences::new(&ranked, names.artists().len(), |rank| artist_of[rank as usize]);
        Self { items, supports, transactions: ranked, weights, tracks, artists }
    }

    /// The number of tracks.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The number of tracks of all transactions together.
    pub(crate) fn occurrences(&self) -> usize {
        self.tracks.numbers.len()
    }

    /// The mean number of tracks of a transaction.
    pub(crate) fn mean_length(&self) -> f32 {
        self.occurrences() as f32 / self.transactions.len().max(1) as f32
    }
}

impl Occurrences {
    /// The transactions of `count` things, of which a track is one at most.
    fn new(
        transactions: &Transactions,
        count: usize,
        thing_of: impl Fn(u32) -> Option<u32>,
    ) -> Self {
        let visit = |found: &mut dyn FnMut(usize, u32)| {
            let mut last = vec![u32::MAX; count];
            for (number, transaction) in transactions.iter().enumerate() {
                for thing in transaction.iter().filter_map(|&rank| thing_of(rank)) {
                    if last[thing as usize] != number as u32 {
                        last[thing as usize] = number as u32;
                        found(thing as usize, number as u32);
                    }
                }
            }
        };
        let mut offsets = vec![0; count + 1];
        visit(&mut |thing, _| offsets[thing + 1] += 1_usize);
        for thing in 0..count {
            offsets[thing + 1] += offsets[thing];
        }
        let mut next = offsets.clone();
        let mut numbers = vec![0; offsets[count]];
        visit(&mut |thing, number| {
            numbers[next[thing]] = number;
            next[thing] += 1;
        });
        Self { offsets, numbers }
    }

    /// The number of things.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The transactions of a thing.
    pub(crate) fn get(&self, thing: u32) -> &[u32] {
        &self.numbers[self.offsets[thing as usize]..self.offsets[thing as usize + 1]]
    }
}
