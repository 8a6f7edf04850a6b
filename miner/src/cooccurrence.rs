//! Counting what occurs together with something: a worker's own memory, reused.

use segue_model::TrackId;

use crate::ranked::Ranked;

/// The co-occurrences of one antecedent.
#[derive(Debug)]
pub(crate) struct Cooccurrences {
    /// Per track: the sum of weights and the number of transactions shared with the antecedent.
    shared: Vec<(f32, u32)>,
    touched: Vec<TrackId>,
}

impl Cooccurrences {
    /// Room for so many tracks.
    pub(crate) fn new(tracks: usize) -> Self {
        Self { shared: vec![(0.0, 0); tracks], touched: Vec::new() }
    }

    /// For each track of these transactions: itself, the sum of the transactions' weights, and their
    /// number; in order of first appearance.
    pub(crate) fn drain(
        &mut self,
        ranked: &Ranked,
        transactions: &[u32],
    ) -> impl ExactSizeIterator<Item = (TrackId, f32, u32)> {
        for &number in transactions {
            let weight = ranked.weights[number as usize];
            for &track in ranked.transactions.get(number as usize) {
                let (sum, count) = &mut self.shared[track as usize];
                if *count == 0 {
                    self.touched.push(track);
                }
                *sum += weight;
                *count += 1;
            }
        }
        let shared = &mut self.shared;
        self.touched.drain(..).map(|track| {
            let (weight, count) = std::mem::take(&mut shared[track as usize]);
            (track, weight, count)
        })
    }
}

/// Keeps the `most` first by `order`, in that order.
pub(crate) fn keep_first<T>(
    all: &mut Vec<T>,
    most: usize,
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) {
    if all.len() > most {
        all.select_nth_unstable_by(most, &order);
        all.truncate(most);
    }
    all.sort_unstable_by(order);
}
