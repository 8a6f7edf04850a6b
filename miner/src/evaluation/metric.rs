//! What a ranking is worth, measured as the `RecSys` Challenge 2018 did (Zamani, Schedl, Lamere, Chen: An
//! analysis of approaches taken in the ACM `RecSys` Challenge 2018, TIST 2019).

use std::collections::HashSet;

/// As many tracks are ranked for each playlist.
pub const RANKED: usize = 500;
/// What hit rate, recall and coverage look at.
pub(crate) const SHOWN: usize = 10;
/// A hit's artist alone counts this much in the artist variant of R-precision.
const ARTIST_SHARE: f64 = 0.25;
/// As many songs come with each click for more.
const PAGE: usize = 10;

/// The figures of one ranking, or their means.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Metrics {
    /// The share of the first `n` that are among the `n` targets.
    pub r_precision: f64,
    /// The same, plus 0.25 for each artist of the first `n` that is one of the targets', over `n`.
    pub artist_r_precision: f64,
    /// Normalised discounted cumulative gain at 500.
    pub ndcg: f64,
    /// Clicks for ten more songs until the first hit; 51 without one in 500.
    pub clicks: f64,
    /// The share of the targets that is among the first ten.
    pub recall_at_10: f64,
    /// Whether a target is among the first ten.
    pub hit_at_10: f64,
}

impl Metrics {
    /// The figures of one ranking for these targets, which are at least one; those of the first ten are
    /// of `shown`, what is answered to a question for ten.
    pub(crate) fn of(
        ranking: &[u32],
        shown: &[u32],
        targets: &[u32],
        artist: impl Fn(u32) -> u32,
    ) -> Self {
        let wanted: HashSet<u32> = targets.iter().copied().collect();
        let hits: Vec<usize> =
            (0..ranking.len()).filter(|&at| wanted.contains(&ranking[at])).collect();
        let within = |length: usize| hits.partition_point(|&at| at < length);
        let shown_hits = shown.iter().filter(|song| wanted.contains(song)).count();
        let gain = |at: usize| 1.0 / ((at + 2) as f64).log2();
        let count = targets.len() as f64;
        let first = &ranking[..targets.len().min(ranking.len())];
        let wanted_artists: HashSet<u32> = targets.iter().map(|&song| artist(song)).collect();
        let artists: HashSet<u32> = first.iter().map(|&song| artist(song)).collect();
        let artist_hits = artists.intersection(&wanted_artists).count() as f64;
        let r_hits = within(first.len()) as f64;
        Self {
            r_precision: r_hits / count,
            artist_r_precision: (r_hits + ARTIST_SHARE * artist_hits) / count,
            ndcg: hits.iter().map(|&at| gain(at)).sum::<f64>()
                / (0..targets.len().min(RANKED)).map(gain).sum::<f64>(),
            clicks: hits.first().map_or((RANKED / PAGE + 1) as f64, |&at| (at / PAGE) as f64),
            recall_at_10: shown_hits as f64 / count,
            hit_at_10: f64::from(u8::from(shown_hits > 0)),
        }
    }

    /// The means of several; zero for none.
    pub(crate) fn mean<'m>(all: impl Iterator<Item = &'m Self>) -> Self {
        let mut sum = Self::default();
        let mut count: f64 = 0.0;
        for one in all {
            sum = sum.zip(one, |a, b| a + b);
            count += 1.0;
        }
        let count = count.max(1.0);
        sum.zip(&Self::default(), |sum, _| sum / count)
    }

    /// Combines each figure with another's.
    pub(crate) fn zip(&self, other: &Self, with: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            r_precision: with(self.r_precision, other.r_precision),
            artist_r_precision: with(self.artist_r_precision, other.artist_r_precision),
            ndcg: with(self.ndcg, other.ndcg),
            clicks: with(self.clicks, other.clicks),
            recall_at_10: with(self.recall_at_10, other.recall_at_10),
            hit_at_10: with(self.hit_at_10, other.hit_at_10),
        }
    }
}

/// The number of different tracks that are shown.
pub(crate) fn coverage<'r>(shown: impl Iterator<Item = &'r [u32]>) -> usize {
    let shown: HashSet<u32> = shown.flatten().copied().collect();
    shown.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ranking_is_worth_what_is_worked_out_by_hand() {
        let artist = |song: u32| song / 10;
        let ranking: Vec<u32> = vec![5, 1, 30, 2, 40];
        let metrics = Metrics::of(&ranking, &[2, 5, 7], &[1, 2, 99], artist);
        assert!((metrics.r_precision - 1.0 / 3.0).abs() < 1e-12);
        assert!((metrics.artist_r_precision - 1.25 / 3.0).abs() < 1e-12);
        let ideal = 1.0 + 1.0 / 3_f64.log2() + 0.5;
        let gained = 1.0 / 3_f64.log2() + 1.0 / 5_f64.log2();
        assert!((metrics.ndcg - gained / ideal).abs() < 1e-12);
        assert_eq!(metrics.clicks, 0.0);
        assert!((metrics.recall_at_10 - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(metrics.hit_at_10, 1.0);
    }

    #[test]
    fn a_ranking_without_a_hit_costs_51_clicks() {
        let metrics = Metrics::of(&[1, 2, 3], &[1, 2, 3], &[9], |song| song);
        assert_eq!((metrics.clicks, metrics.ndcg, metrics.hit_at_10), (51.0, 0.0, 0.0));
        let late: Vec<u32> = (0..500).collect();
        assert_eq!(Metrics::of(&late, &late[..SHOWN], &[10], |song| song).clicks, 1.0);
    }
}
