//! The rules with one antecedent that are written out: for each frequent song, the songs that its
//! playlists hold, too, from a support of 1 up, the strongest of them kept.
//!
//! There is no smallest support here: on real playlists, leaving out pairs seen once or twice costs a
//! third of the recommendations' quality. Rare songs need no rules: their playlists are in the model.

use rayon::prelude::*;
use segue_model::TrackId;
use segue_model::score::{rank, strength};

use crate::ranked::Ranked;

/// The rules of each track with more than `implicit_support` transactions, in order of the tracks: at
/// most `most` each, best first by [`rank`], with their strengths. The same for any number of threads.
pub(crate) fn explicit_rules(
    ranked: &Ranked,
    implicit_support: u32,
    most: usize,
) -> Vec<Vec<(TrackId, f32)>> {
    let antecedents = ranked.supports.partition_point(|&support| support > implicit_support);
    let weights: Vec<f32> =
        ranked.transactions.iter().map(|items| (items.len() as f32).powf(-0.5)).collect();
    (0..antecedents as TrackId)
        .into_par_iter()
        .map_init(
            || Counts::new(ranked.len()),
            |counts, antecedent| counts.rules(ranked, &weights, antecedent, most),
        )
        .collect()
}

/// The co-occurrences of one antecedent: a worker's own memory.
struct Counts {
    /// Per track: the sum of weights and the number of transactions shared with the antecedent.
    shared: Vec<(f32, u32)>,
    touched: Vec<TrackId>,
}

impl Counts {
    fn new(tracks: usize) -> Self {
        Self { shared: vec![(0.0, 0); tracks], touched: Vec::new() }
    }

    fn rules(
        &mut self,
        ranked: &Ranked,
        weights: &[f32],
        antecedent: TrackId,
        most: usize,
    ) -> Vec<(TrackId, f32)> {
        for &number in ranked.occurrences(antecedent) {
            let weight = weights[number as usize];
            for &track in ranked.transactions.get(number as usize) {
                let (sum, count) = &mut self.shared[track as usize];
                if *count == 0 {
                    self.touched.push(track);
                }
                *sum += weight;
                *count += 1;
            }
        }
        let mut rules: Vec<(f32, TrackId, f32)> = Vec::with_capacity(self.touched.len());
        for track in self.touched.drain(..) {
            let (weight, count) = std::mem::take(&mut self.shared[track as usize]);
            if track != antecedent {
                let strength = strength(weight, count);
                rules.push((rank(strength, ranked.supports[track as usize]), track, strength));
            }
        }
        let order = |a: &(f32, TrackId, f32), b: &(f32, TrackId, f32)| {
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
        };
        if rules.len() > most {
            rules.select_nth_unstable_by(most, order);
            rules.truncate(most);
        }
        rules.sort_unstable_by(order);
        rules.into_iter().map(|(_, track, strength)| (track, strength)).collect()
    }
}
