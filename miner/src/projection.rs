//! The database that mining works on: only frequent items, renumbered by falling support, each
//! transaction sorted by that rank, and for every rank the list of transactions that hold it.
//!
//! An itemset is found from its rarest item: the transactions that hold rank `r`, each cut before `r`,
//! are the *projection* on `r`, and nothing is rebuilt for it, since a cut row is a slice ("prefix
//! projection"; Uno, Kiyomi, Arimura, LCM ver. 2, FIMI 2004, call visiting it occurrence deliver). As rank
//! 0 is the most frequent item, projections on frequent items are short and those on rare items few.
//!
//! Rows lie in chunks that fit a core's cache, so that building both directions (rows of a rank, ranks
//! of a row) by counting sort stays in that cache, places within a chunk fit few bits, and chunks are
//! built in parallel.
//!
//! Not here: the search itself (see `kernel`).

use std::ops::Range;

use crate::kernel::WORD_ITEMS;
use crate::kernel::mask::Masks;
use crate::threads::Threads;
use crate::transaction::Transactions;

/// A rank as stored: 16 bits where they suffice, which halves what the search reads.
pub(crate) trait Rank: Copy + Ord + Default + Send + Sync + 'static {
    /// How many ranks can be told apart.
    const LIMIT: usize;

    /// The rank as stored; `rank` is below [`LIMIT`](Self::LIMIT).
    fn new(rank: usize) -> Self;

    /// The rank as an index.
    fn index(self) -> usize;
}

impl Rank for u16 {
    const LIMIT: usize = 1 << 16;

    #[inline]
    fn new(rank: usize) -> Self {
        rank as Self
    }

    #[inline]
    fn index(self) -> usize {
        self.into()
    }
}

impl Rank for u32 {
    const LIMIT: usize = 1 << 32;

    #[inline]
    fn new(rank: usize) -> Self {
        rank as Self
    }

    #[inline]
    fn index(self) -> usize {
        self as usize
    }
}

/// Marks an item that is not frequent.
const INFREQUENT: u32 = u32::MAX;

/// The frequent items, ranked by falling support; equal supports by id.
pub(crate) struct Ranking {
    /// The item of each rank.
    pub(crate) items: Vec<u32>,
    /// The support of each rank.
    pub(crate) supports: Vec<u32>,
    /// The rank of each item, or [`INFREQUENT`].
    ranks: Vec<u32>,
}

impl Ranking {
    /// Ranks the items that at least `minimum` transactions hold, if none of these holds one twice.
    pub(crate) fn new(transactions: &Transactions, minimum: u32, threads: &Threads) -> Self {
        let supports = occurrences(transactions, threads);
        let mut items: Vec<u32> =
            (0..supports.len() as u32).filter(|&item| supports[item as usize] >= minimum).collect();
        items.sort_unstable_by_key(|&item| (u32::MAX - supports[item as usize], item));
        let mut ranks = vec![INFREQUENT; supports.len()];
        for (rank, &item) in items.iter().enumerate() {
            ranks[item as usize] = rank as u32;
        }
        let supports = items.iter().map(|&item| supports[item as usize]).collect();
        Self { items, supports, ranks }
    }

    /// The rank of an item, if it is frequent.
    #[inline]
    pub(crate) fn rank(&self, item: u32) -> Option<usize> {
        Some(self.ranks[item as usize]).filter(|&rank| rank != INFREQUENT).map(|rank| rank as usize)
    }

    /// The number of frequent items.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }
}

/// How often each item occurs.
fn occurrences(transactions: &Transactions, threads: &Threads) -> Vec<u32> {
    let items = transactions.items();
    // Every part has counters of its own; parts beyond these would spend more on counters than on counting.
    let most = items.len() / (4 * transactions.item_count().max(1));
    let parts = items.chunks(items.len().div_ceil(threads.count().min(most).max(1)).max(1));
    let counted = threads.map(parts.collect(), |part: &[u32]| {
        let mut counts = vec![0; transactions.item_count()];
        part.iter().for_each(|&item| counts[item as usize] += 1);
        counts
    });
    let sum = |mut sum: Vec<u32>, counts: Vec<u32>| {
        sum.iter_mut().zip(&counts).for_each(|(sum, count)| *sum += count);
        sum
    };
    counted.into_iter().reduce(sum).unwrap_or_default()
}

/// The transactions as ranks, in both directions.
pub(crate) struct Database<R> {
    pub(crate) items: Vec<u32>,
    pub(crate) supports: Vec<u32>,
    pub(crate) chunks: Vec<Chunk<R>>,
    /// By the most frequent items alone, where all are few.
    pub(crate) masks: Option<Masks>,
}

/// Some transactions: the ranks of each row, and where each rank occurs.
pub(crate) struct Chunk<R> {
    ranks: Vec<R>,
    /// One more than there are rows.
    row_starts: Vec<u32>,
    /// Ordered by rank, then by row: see [`Occurrence`].
    occurrences: Vec<Occurrence>,
    /// One more than there are ranks: where each one's occurrences begin.
    rank_starts: Vec<u32>,
}

/// Where a rank occurs: the start of the row, and how many smaller ranks the row has, in one number.
///
/// That the length is known before the row has come from memory is what lets a processor fetch the next
/// rows meanwhile: where the row itself had to tell its end, the search took twice as long.
#[derive(Clone, Copy, Default)]
struct Occurrence(u32);

impl Occurrence {
    /// Bits of the length. Lengths that don't fit are searched for.
    const LENGTH_BITS: u32 = 12;
    const LENGTH_MAX: u32 = (1 << Self::LENGTH_BITS) - 1;

    #[inline]
    fn new(start: u32, length: u32) -> Self {
        Self(start << Self::LENGTH_BITS | length.min(Self::LENGTH_MAX))
    }

    #[inline]
    fn start(self) -> usize {
        (self.0 >> Self::LENGTH_BITS) as usize
    }

    #[inline]
    fn length(self) -> u32 {
        self.0 & Self::LENGTH_MAX
    }
}

/// The most occurrences a chunk has, unless its only row has more: so that starts of rows fit an
/// [`Occurrence`], and that what is built by scattering, six bytes an occurrence, is about as large as
/// the second-level cache of current servers.
const CHUNK_OCCURRENCES: usize = 1 << 19;

impl<R: Rank> Database<R> {
    /// Builds the database; there are at most [`Rank::LIMIT`] frequent items. `None` where a transaction holds
    /// one of them twice: then it counted twice in the ranking.
    pub(crate) fn new(
        transactions: &Transactions,
        ranking: Ranking,
        threads: &Threads,
    ) -> Option<Self> {
        let parts = transactions.parts(CHUNK_OCCURRENCES);
        let chunks = threads.map(parts, |part| Chunk::new(transactions, part, &ranking));
        let chunks = chunks.into_iter().collect::<Option<_>>()?;
        Some(Self { items: ranking.items, supports: ranking.supports, chunks, masks: None })
    }

    /// The same for few items, with masks of the most frequent ones, which is all that the search for all
    /// itemsets wants where there are no others.
    pub(crate) fn with_masks(
        transactions: &Transactions,
        ranking: Ranking,
        threads: &Threads,
    ) -> Option<Self> {
        let masks = Some(Masks::of(transactions, &ranking, threads)?);
        if ranking.len() > WORD_ITEMS {
            return Some(Self { masks, ..Self::new(transactions, ranking, threads)? });
        }
        Some(Self { items: ranking.items, supports: ranking.supports, chunks: Vec::new(), masks })
    }
}

impl<R: Rank> Chunk<R> {
    /// Builds a chunk, unless a transaction holds a frequent item twice.
    fn new(transactions: &Transactions, part: Range<usize>, ranking: &Ranking) -> Option<Self> {
        let (mut ranks, row_starts) = frequent_rows::<R>(transactions, part, ranking);
        let mut rank_starts = vec![0_u32; ranking.len() + 1];
        for rank in &ranks {
            rank_starts[rank.index() + 1] += 1;
        }
        for rank in 0..ranking.len() {
            rank_starts[rank + 1] += rank_starts[rank];
        }
        // A counting sort of the occurrences by rank, which are rows as yet; then one by row, which leaves
        // every row sorted and tells how far into its row each rank is.
        let mut occurrences = vec![Occurrence::default(); ranks.len()];
        let mut next = rank_starts.clone();
        for (row, bound) in row_starts.windows(2).enumerate() {
            for rank in &ranks[bound[0] as usize..bound[1] as usize] {
                let place = &mut next[rank.index()];
                occurrences[*place as usize] = Occurrence(row as u32);
                *place += 1;
            }
        }
        let mut next = row_starts.clone();
        let mut repeats = false;
        for (rank, bound) in rank_starts.windows(2).enumerate() {
            let mut last = None;
            for occurrence in &mut occurrences[bound[0] as usize..bound[1] as usize] {
                let row = occurrence.0 as usize;
                repeats |= last == Some(row);
                last = Some(row);
                let place = next[row];
                ranks[place as usize] = R::new(rank);
                *occurrence = Occurrence::new(row_starts[row], place - row_starts[row]);
                next[row] = place + 1;
            }
        }
        (!repeats).then_some(Self { ranks, row_starts, occurrences, rank_starts })
    }

    fn occurrences(&self, rank: usize) -> &[Occurrence] {
        &self.occurrences[self.rank_starts[rank] as usize..self.rank_starts[rank + 1] as usize]
    }

    /// The rows that hold a rank, whole.
    pub(crate) fn rows(&self, rank: usize) -> impl Iterator<Item = &[R]> {
        self.occurrences(rank).iter().map(|occurrence| {
            let start = occurrence.start();
            let next = self.row_starts.partition_point(|&other| other as usize <= start);
            &self.ranks[start..self.row_starts[next] as usize]
        })
    }

    /// Reads from each row that holds a rank, so that what [`prefixes`](Self::prefixes) returns next is in
    /// the cache: rows lie anywhere, but as these reads depend on nothing, memory serves many at a time.
    #[inline]
    pub(crate) fn touch(&self, rank: usize) {
        let mut read = 0;
        for occurrence in self.occurrences(rank) {
            let start = occurrence.start();
            read ^= self.ranks[start].index()
                ^ self.ranks[start + occurrence.length() as usize].index();
        }
        std::hint::black_box(read);
    }

    /// What stands before a rank, rising, in each row that holds it.
    #[inline]
    pub(crate) fn prefixes(&self, rank: usize) -> impl Iterator<Item = &[R]> {
        self.occurrences(rank).iter().map(move |occurrence| {
            let (start, mut length) = (occurrence.start(), occurrence.length());
            if length == Occurrence::LENGTH_MAX {
                length = self.ranks[start..].iter().take_while(|other| other.index() < rank).count()
                    as u32;
            }
            &self.ranks[start..start + length as usize]
        })
    }
}

/// The frequent items of each transaction as ranks, as yet in the order given.
/// Transactions with fewer than two are left out: the supports of single items are known.
fn frequent_rows<R: Rank>(
    transactions: &Transactions,
    part: Range<usize>,
    ranking: &Ranking,
) -> (Vec<R>, Vec<u32>) {
    let occurrences = transactions.offsets()[part.end] - transactions.offsets()[part.start];
    let mut ranks = vec![R::default(); occurrences];
    let mut starts = Vec::with_capacity(part.len() + 1);
    starts.push(0);
    let mut start = 0;
    for row in part {
        let mut end = start;
        for &item in transactions.get(row) {
            let rank = ranking.ranks[item as usize];
            // Written always and kept by moving the end: which items are frequent can't be predicted.
            ranks[end] = R::new(rank as usize);
            end += usize::from(rank != INFREQUENT);
        }
        if end >= start + 2 {
            starts.push(end as u32);
            start = end;
        }
    }
    ranks.truncate(start);
    (ranks, starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_by_falling_support_and_listed_by_rank() {
        let transactions: Transactions =
            [vec![5, 1, 3], vec![3, 1], vec![3], vec![9, 3, 1, 5]].iter().collect();
        let ranking = Ranking::new(&transactions, 2, &Threads::Caller);
        assert_eq!(ranking.items, [3, 1, 5]);
        assert_eq!(ranking.supports, [4, 3, 2]);
        let database = Database::<u16>::new(&transactions, ranking, &Threads::Caller);
        let database = database.expect("no repeats");
        let chunk = &database.chunks[0];
        let prefixes = |rank| chunk.prefixes(rank).collect::<Vec<_>>();
        assert_eq!(prefixes(2), [[0, 1], [0, 1]]);
        assert_eq!(prefixes(1), [[0], [0], [0]]);
        assert_eq!(prefixes(0), [[0_u16; 0]; 3]);
    }

    #[test]
    fn a_frequent_item_twice_in_a_transaction_is_refused() {
        let transactions: Transactions = [vec![5, 1, 5, 3], vec![3, 1]].iter().collect();
        let database = |transactions| {
            let ranking = Ranking::new(transactions, 2, &Threads::Caller);
            Database::<u16>::new(transactions, ranking, &Threads::Caller)
        };
        assert!(database(&transactions).is_none());
        let database = database(&transactions.without_repeats()).expect("no repeats");
        assert_eq!(database.items, [1, 3]);
    }

    #[test]
    fn chunks_cover_all_transactions_in_order() {
        let mut transactions = Transactions::new();
        let long: Vec<u32> = (0..CHUNK_OCCURRENCES as u32 + 9).collect();
        transactions.push(&long);
        (0..100).for_each(|_| transactions.push(&[]));
        (0..3).for_each(|_| transactions.push(&long[..CHUNK_OCCURRENCES / 2]));
        let parts = transactions.parts(CHUNK_OCCURRENCES);
        assert_eq!(parts, [0..1, 1..103, 103..104]);
    }

    #[test]
    fn prefixes_longer_than_an_occurrence_can_tell_are_whole() {
        let long: Vec<u32> = (0..10_000).collect();
        let transactions: Transactions = [long.clone(), long].iter().collect();
        let threads = &Threads::Caller;
        let ranking = Ranking::new(&transactions, 1, threads);
        let database = Database::<u16>::new(&transactions, ranking, threads).expect("no repeats");
        let lengths =
            |rank| database.chunks[0].prefixes(rank).map(<[u16]>::len).collect::<Vec<_>>();
        for rank in [0, 4094, 4095, 4096, 9999] {
            assert_eq!(lengths(rank), [rank, rank]);
        }
    }
}
