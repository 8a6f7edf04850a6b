//! Playlists as a model holds them: tracks numbered by falling support, each playlist sorted.
//!
//! Not here: the ranks that the search for itemsets works on, which know only frequent items.

use rayon::prelude::*;
use segue_model::TrackId;
use segue_model::score::{own_weight, rank, weight};

use crate::dataset::Items;
use crate::transaction::Transactions;

/// So many transactions are a task for a thread.
const ROWS_TOGETHER: usize = 4096;

/// Transactions whose items are renumbered by falling support; among equals, as they were numbered.
#[derive(Clone, Debug)]
pub(crate) struct Ranked {
    /// Per rank: the item it was before.
    pub(crate) items: Vec<u32>,
    /// Per rank: the number of transactions that hold it.
    pub(crate) supports: Vec<u32>,
    /// What a rule's strength is multiplied with to order the rules to a track.
    pub(crate) factors: Factors,
    /// The transactions, each ascending and without repeats.
    pub(crate) transactions: Transactions,
    /// Per transaction: its length to the power of -0.5, what a co-occurrence in it counts.
    pub(crate) weights: Vec<f32>,
    /// The transactions of each rank.
    pub(crate) tracks: Occurrences,
    /// The transactions of each artist, each once.
    pub(crate) artists: Occurrences,
    /// What a song says for the others of its artist (see [`own_weight`]).
    pub(crate) own_weight: f32,
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
        let transactions = renumbered(transactions, &rank_of);
        let weights: Vec<f32> =
            transactions.iter().map(|items| weight(items.len() as f32)).collect();
        let artist_of: Vec<u32> = items.iter().map(|&item| names.artist_id(item)).collect();
        let is_artist: Vec<bool> = names.artists().iter().map(|name| !name.is_empty()).collect();
        let (tracks, artists) = rayon::join(
            || Occurrences::of_tracks(&transactions, &supports),
            || Occurrences::of_artists(&transactions, &supports, &artist_of, &is_artist),
        );
        let by_artists =
            artist_of.iter().zip(&supports).filter(|&(&artist, _)| is_artist[artist as usize]);
        let by_artists = by_artists.map(|(_, &support)| support as usize).sum();
        let mean_length = mean_length(&tracks, &transactions);
        let own_weight = own_weight(mean_length, by_artists, artists.numbers.len());
        let factors = Factors::new(&supports);
        Self { items, supports, factors, transactions, weights, tracks, artists, own_weight }
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
        mean_length(&self.tracks, &self.transactions)
    }
}

fn mean_length(tracks: &Occurrences, transactions: &Transactions) -> f32 {
    tracks.numbers.len() as f32 / transactions.len().max(1) as f32
}

/// What the strength of a rule to a track is multiplied with to order rules: the powers in [`rank`], one for
/// neighbours where these are nearly the same, so that all of them stay in the second cache.
#[derive(Clone, Debug)]
pub(crate) struct Factors(Vec<f32>);

impl Factors {
    /// So many tracks, the most frequent ones, have a factor each.
    const ALONE: usize = 4096;
    const TOGETHER_BITS: u32 = 6;

    /// For these supports, which fall.
    fn new(supports: &[u32]) -> Self {
        let alone = supports.iter().take(Self::ALONE);
        let together = supports.get(Self::ALONE..).unwrap_or_default();
        let firsts = together.iter().step_by(1 << Self::TOGETHER_BITS);
        Self(alone.chain(firsts).map(|&support| rank(1.0, support)).collect())
    }

    #[inline]
    pub(crate) fn of(&self, track: TrackId) -> f32 {
        let track = track as usize;
        let others = track.saturating_sub(Self::ALONE) >> Self::TOGETHER_BITS;
        self.0[track.min(Self::ALONE) + others]
    }
}

/// The same transactions with other numbers, each ascending.
fn renumbered<'t>(
    transactions: impl Iterator<Item = &'t [u32]>,
    number_of: &[u32],
) -> Transactions {
    let rows: Vec<&[u32]> = transactions.collect();
    let parts: Vec<Transactions> = rows
        .par_chunks(ROWS_TOGETHER)
        .map(|rows| {
            let mut part =
                Transactions::with_capacity(rows.len(), rows.iter().map(|row| row.len()).sum());
            let mut numbers = Vec::new();
            for row in rows {
                numbers.clear();
                numbers.extend(row.iter().map(|&item| number_of[item as usize]));
                numbers.sort_unstable();
                part.push(&numbers);
            }
            part
        })
        .collect();
    let occurrences = parts.iter().map(|part| part.items().len()).sum();
    let mut all = Transactions::with_capacity(rows.len(), occurrences);
    parts.iter().for_each(|part| all.append(part));
    all
}

impl Occurrences {
    /// Those of tracks, of which `supports` are the numbers of transactions.
    fn of_tracks(transactions: &Transactions, supports: &[u32]) -> Self {
        let mut occurrences = Self::with_room(supports.iter().map(|&support| support as usize));
        let mut next = occurrences.offsets.clone();
        for (number, transaction) in transactions.iter().enumerate() {
            for &track in transaction {
                let next = &mut next[track as usize];
                occurrences.numbers[*next] = number as u32;
                *next += 1;
            }
        }
        occurrences
    }

    /// Those of artists, where `is_artist` says that they are any; a transaction counts once, however many
    /// songs it has by the artist.
    fn of_artists(
        transactions: &Transactions,
        supports: &[u32],
        artist_of: &[u32],
        is_artist: &[bool],
    ) -> Self {
        // Room for as many as there are of its tracks together.
        let mut room = vec![0_usize; is_artist.len()];
        for (&artist, &support) in artist_of.iter().zip(supports) {
            room[artist as usize] += support as usize;
        }
        let Self { offsets: starts, mut numbers } = Self::with_room(room.into_iter());
        let mut next = starts.clone();
        let mut last = vec![u32::MAX; is_artist.len()];
        for (number, transaction) in transactions.iter().enumerate() {
            for &track in transaction {
                let artist = artist_of[track as usize] as usize;
                if std::mem::replace(&mut last[artist], number as u32) != number as u32 {
                    numbers[next[artist]] = number as u32;
                    next[artist] += 1;
                }
            }
        }
        let mut offsets = Vec::with_capacity(starts.len());
        let mut end = 0;
        offsets.push(end);
        for (artist, &is_artist) in is_artist.iter().enumerate() {
            if is_artist {
                numbers.copy_within(starts[artist]..next[artist], end);
                end += next[artist] - starts[artist];
            }
            offsets.push(end);
        }
        numbers.truncate(end);
        Self { offsets, numbers }
    }

    /// As many places for each thing as these.
    fn with_room(counts: impl ExactSizeIterator<Item = usize>) -> Self {
        let mut offsets = Vec::with_capacity(counts.len() + 1);
        let mut end = 0;
        offsets.push(end);
        for count in counts {
            end += count;
            offsets.push(end);
        }
        Self { offsets, numbers: vec![0; end] }
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
