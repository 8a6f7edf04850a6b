//! How sure a mean over playlists is: percentiles of means over playlists drawn again with replacement
//! (Efron: Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1979).

use super::metric::Metrics;

const DRAWS: usize = 1000;
/// The share of the draws within the interval.
const CONFIDENCE: f64 = 0.95;

/// Between these two lies the mean, with a confidence of 95 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Interval {
    /// The lower ends.
    pub low: Metrics,
    /// The upper ends.
    pub high: Metrics,
}

impl Interval {
    /// The interval for the means of these figures, by the same draws for every method.
    pub(crate) fn of(all: &[Metrics]) -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        let means: Vec<Metrics> = (0..DRAWS)
            .map(|_| Metrics::mean((0..all.len()).map(|_| &all[random.usize(..all.len())])))
            .collect();
        let outside = ((1.0 - CONFIDENCE) / 2.0 * DRAWS as f64) as usize;
        let at = |rank: usize| {
            let pick = |figure: fn(&Metrics) -> f64| {
                let mut sorted: Vec<f64> = means.iter().map(figure).collect();
                sorted.sort_unstable_by(f64::total_cmp);
                sorted[rank]
            };
            Metrics {
                r_precision: pick(|m| m.r_precision),
                artist_r_precision: pick(|m| m.artist_r_precision),
                ndcg: pick(|m| m.ndcg),
                clicks: pick(|m| m.clicks),
                recall_at_10: pick(|m| m.recall_at_10),
                hit_at_10: pick(|m| m.hit_at_10),
            }
        };
        Self { low: at(outside), high: at(DRAWS - 1 - outside) }
    }
}
