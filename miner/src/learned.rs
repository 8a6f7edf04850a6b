//! Learned rules: for each song a ridge regression that says what each of its neighbours adds beside the
//! others.
//!
//! Rules count one song at a time, so two songs that always come together say the same thing twice. The
//! regression of a song `c` on its candidates `a` knows better: its weights solve
//! `(G + diag(G) + lambda I) w = g` with `G_ab = W_ab`, `g_a = W_ac`, where `W` sums `|p|^-0.5` over the
//! transactions that hold both. This is EASE (Steck: Embarrassingly shallow autoencoders for sparse
//! data, WWW 2019) with SLIM's sparsity (Ning, Karypis: SLIM, ICDM 2011), restricted to pairs that the
//! data supports, so that each rule can be explained by counts.
//!
//! The work is bounded: at most [`MOST_TRANSACTIONS`] transactions, drawn evenly, are learned from, and a
//! song is only learned if enough of these hold it. From more, the weights of the songs that matter would
//! change little; their regularisation is the one that was tuned at this size.

use rayon::prelude::*;
use segue_model::TrackId;
use segue_model::score::{learned_impact, weight};

use crate::cooccurrence::{Consequent, keep_first};
use crate::progress::{Progress, Task, Unit};
use crate::ranked::Ranked;
use crate::ridge::solve;

/// At most so many transactions are learned from.
const MOST_TRANSACTIONS: usize = 32_768;
/// At most so many songs are learned, the most frequent ones.
const MOST_SONGS: usize = 65_536;
/// A song is learned, and a candidate, from so many transactions up.
const LEAST_SUPPORT: usize = 4;
/// A candidate occurs with the song in so many transactions at least.
const LEAST_TOGETHER: u32 = 2;
/// The most candidates of a song.
const CANDIDATES: usize = 100;
/// Of so many songs all pairs are counted once, for all regressions: 16 MiB.
const PAIRED_SONGS: usize = 2048;
/// The most rules of a song, which is a candidate of many where it is frequent: a request stays fast.
const MOST_RULES: usize = 300;
/// The regularisation, in transactions of typical length.
const LAMBDA: f32 = 200.0;
/// No place among the candidates.
const NOWHERE: u8 = u8::MAX;

/// The learned rules of each of the first tracks, those with the largest impacts. The same for any number
/// of threads.
pub(crate) fn learned_rules(ranked: &Ranked, progress: Progress) -> Vec<Vec<Consequent>> {
    let sample = Sample::new(ranked);
    let songs = Some(sample.len() as u64);
    let task = progress.task("learning rules", Unit::Count("songs"), songs);
    let weights = regressions(&sample, &sample.pairs(PAIRED_SONGS), &task);
    task.finish();
    let mut rules: Vec<Vec<Consequent>> = vec![Vec::new(); ranked.len()];
    for (song, weights) in weights.into_iter().enumerate() {
        let consequent = sample.tracks[song];
        let support = ranked.supports[consequent as usize];
        for (candidate, weight) in weights {
            let impact = learned_impact(weight, support);
            if impact != 0.0 {
                rules[sample.tracks[candidate as usize] as usize].push((consequent, impact));
            }
        }
    }
    rules.truncate(rules.iter().rposition(|rules| !rules.is_empty()).map_or(0, |last| last + 1));
    rules.par_iter_mut().for_each(|rules| {
        keep_first(rules, MOST_RULES, |a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    });
    rules
}

/// For each song of the sample its candidates and their weights.
fn regressions(sample: &Sample, pairs: &Pairs, task: &Task) -> Vec<Vec<(u32, f32)>> {
    let songs = (0..sample.len() as u32).into_par_iter();
    let weights = songs.map_init(
        || Regression::new(sample, pairs),
        |regression, song| {
            task.advance(1);
            regression.of(song)
        },
    );
    weights.collect()
}

/// What is learned from: transactions without the songs that are not learned.
struct Sample {
    /// Per song, by falling support in the sample: its track.
    tracks: Vec<TrackId>,
    rows: Vec<Vec<u32>>,
    weights: Vec<f32>,
    occurrences: Vec<Vec<u32>>,
    /// Per song: the sum of the weights of its transactions.
    masses: Vec<f32>,
    lambda: f32,
}

impl Sample {
    fn new(ranked: &Ranked) -> Self {
        let stride = ranked.transactions.len().div_ceil(MOST_TRANSACTIONS).max(1);
        let drawn: Vec<usize> = (0..ranked.transactions.len()).step_by(stride).collect();
        let mut supports = vec![0_usize; ranked.len()];
        for &number in &drawn {
            ranked.transactions.get(number).iter().for_each(|&track| supports[track as usize] += 1);
        }
        let mut tracks: Vec<TrackId> = (0..ranked.len() as TrackId)
            .filter(|&track| supports[track as usize] >= LEAST_SUPPORT)
            .collect();
        tracks.sort_by_key(|&track| std::cmp::Reverse(supports[track as usize]));
        tracks.truncate(MOST_SONGS);
        let mut song_of = vec![u32::MAX; ranked.len()];
        for (song, &track) in tracks.iter().enumerate() {
            song_of[track as usize] = song as u32;
        }
        let mut sample = Self {
            rows: Vec::with_capacity(drawn.len()),
            weights: drawn.iter().map(|&number| ranked.weights[number]).collect(),
            occurrences: vec![Vec::new(); tracks.len()],
            masses: vec![0.0; tracks.len()],
            lambda: LAMBDA * weight(ranked.mean_length()),
            tracks,
        };
        for (number, &drawn) in drawn.iter().enumerate() {
            let songs = ranked.transactions.get(drawn).iter().map(|&track| song_of[track as usize]);
            let mut row: Vec<u32> = songs.filter(|&song| song != u32::MAX).collect();
            row.sort_unstable();
            for &song in &row {
                sample.occurrences[song as usize].push(number as u32);
                sample.masses[song as usize] += sample.weights[number];
            }
            sample.rows.push(row);
        }
        sample
    }

    fn len(&self) -> usize {
        self.tracks.len()
    }

    /// `W` of all pairs of the `most` most frequent songs, row by row.
    fn pairs(&self, most: usize) -> Pairs {
        let songs = self.len().min(most);
        let mut sums = vec![0.0; songs * songs];
        sums.par_chunks_mut(songs.max(1)).enumerate().for_each(|(song, sums)| {
            for &number in &self.occurrences[song] {
                let weight = self.weights[number as usize];
                for &other in self.frequent(number, songs) {
                    sums[other as usize] += weight;
                }
            }
        });
        Pairs { songs, sums }
    }

    /// The songs of a transaction that are among the `songs` most frequent.
    fn frequent(&self, number: u32, songs: usize) -> &[u32] {
        let row = &self.rows[number as usize];
        &row[..row.partition_point(|&song| (song as usize) < songs)]
    }
}

struct Pairs {
    songs: usize,
    sums: Vec<f32>,
}

/// A worker's own memory for one regression after the other.
struct Regression<'s> {
    sample: &'s Sample,
    pairs: &'s Pairs,
    /// Per song, for one regression: weight and number of its transactions with the regressed song.
    shared: Vec<(f32, u32)>,
    touched: Vec<u32>,
    /// Per song: its place among the candidates.
    place: Vec<u8>,
    /// Transactions of rare candidates, and the candidates' places.
    rare: Vec<(u32, u8)>,
    matrix: Vec<f32>,
}

impl<'s> Regression<'s> {
    fn new(sample: &'s Sample, pairs: &'s Pairs) -> Self {
        Self {
            sample,
            pairs,
            shared: vec![(0.0, 0); sample.len()],
            touched: Vec::new(),
            place: vec![NOWHERE; sample.len()],
            rare: Vec::new(),
            matrix: Vec::new(),
        }
    }

    /// The candidates of a song and their weights.
    fn of(&mut self, song: u32) -> Vec<(u32, f32)> {
        let (candidates, mut weights) = self.candidates(song);
        self.fill(&candidates);
        solve(&mut self.matrix, &mut weights);
        candidates.into_iter().zip(weights).collect()
    }

    /// The songs that are most like this one, by falling frequency, and what they share with it.
    fn candidates(&mut self, song: u32) -> (Vec<u32>, Vec<f32>) {
        let sample = self.sample;
        for &number in &sample.occurrences[song as usize] {
            let weight = sample.weights[number as usize];
            for &other in &sample.rows[number as usize] {
                let (sum, count) = &mut self.shared[other as usize];
                if *count == 0 {
                    self.touched.push(other);
                }
                *sum += weight;
                *count += 1;
            }
        }
        let mut found: Vec<(f32, u32, f32)> = Vec::with_capacity(self.touched.len());
        for other in self.touched.drain(..) {
            let (sum, count) = std::mem::take(&mut self.shared[other as usize]);
            if other != song && count >= LEAST_TOGETHER {
                found.push((sum / sample.masses[other as usize].sqrt(), other, sum));
            }
        }
        keep_first(&mut found, CANDIDATES, |a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found.sort_unstable_by_key(|&(_, other, _)| other);
        found.into_iter().map(|(_, other, sum)| (other, sum)).unzip()
    }

    /// Fills the upper triangle of the candidates' matrix.
    fn fill(&mut self, candidates: &[u32]) {
        let (sample, size) = (self.sample, candidates.len());
        self.matrix.clear();
        self.matrix.resize(size * size, 0.0);
        for (place, &song) in candidates.iter().enumerate() {
            self.place[song as usize] = place as u8;
        }
        let frequent = candidates.partition_point(|&song| (song as usize) < self.pairs.songs);
        for (row, &a) in candidates[..frequent].iter().enumerate() {
            let sums = &self.pairs.sums[a as usize * self.pairs.songs..][..self.pairs.songs];
            for (column, &b) in candidates[..frequent].iter().enumerate().skip(row + 1) {
                self.matrix[row * size + column] = sums[b as usize];
            }
        }
        self.rare.clear();
        for (place, &song) in candidates.iter().enumerate().skip(frequent) {
            let numbers = sample.occurrences[song as usize].iter();
            self.rare.extend(numbers.map(|&number| (number, place as u8)));
        }
        self.rare.sort_unstable();
        for same in self.rare.chunk_by(|a, b| a.0 == b.0) {
            let weight = sample.weights[same[0].0 as usize];
            for (at, &(_, column)) in same.iter().enumerate() {
                for &(_, row) in &same[..at] {
                    self.matrix[row as usize * size + column as usize] += weight;
                }
            }
            for &song in sample.frequent(same[0].0, self.pairs.songs) {
                let row = self.place[song as usize];
                if row != NOWHERE {
                    for &(_, column) in same {
                        self.matrix[row as usize * size + column as usize] += weight;
                    }
                }
            }
        }
        for (place, &song) in candidates.iter().enumerate() {
            self.matrix[place * size + place] = 2.0 * sample.masses[song as usize] + sample.lambda;
            self.place[song as usize] = NOWHERE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Items;

    /// The regression of a song in double precision, with nothing but the definition.
    fn weights(sample: &Sample, song: u32) -> Vec<(u32, f64)> {
        let shared = |a: u32, b: u32| -> (f64, u32) {
            let both = |row: &Vec<u32>| row.contains(&a) && row.contains(&b);
            let rows = sample.rows.iter().zip(&sample.weights).filter(|(row, _)| both(row));
            rows.fold((0.0, 0), |(sum, count), (_, &weight)| (sum + f64::from(weight), count + 1))
        };
        let candidates: Vec<u32> = (0..sample.len() as u32)
            .filter(|&other| other != song && shared(other, song).1 >= LEAST_TOGETHER)
            .collect();
        let ridge = |a: u32, b: u32| match a == b {
            true => 2.0 * shared(a, a).0 + f64::from(sample.lambda),
            false => shared(a, b).0,
        };
        let mut rows: Vec<Vec<f64>> = candidates
            .iter()
            .map(|&a| {
                let left = candidates.iter().map(|&b| ridge(a, b));
                left.chain([shared(a, song).0]).collect()
            })
            .collect();
        // Gauss and Jordan.
        for pivot in 0..rows.len() {
            let scaled: Vec<f64> = rows[pivot].iter().map(|x| x / rows[pivot][pivot]).collect();
            for row in &mut rows {
                let factor = row[pivot];
                row.iter_mut().zip(&scaled).for_each(|(x, y)| *x -= factor * y);
            }
            rows[pivot] = scaled;
        }
        let solved = rows.iter().map(|row| row[candidates.len()]);
        candidates.iter().copied().zip(solved).collect()
    }

    #[test]
    fn weights_are_those_of_the_regression_whichever_pairs_are_counted_before() {
        let mut random = fastrand::Rng::with_seed(3);
        let playlists: Vec<Vec<u32>> = (0..60)
            .map(|_| {
                let mut songs: Vec<u32> = (0..30).filter(|song| random.u32(..40) > *song).collect();
                songs.truncate(3 + random.usize(..20));
                songs
            })
            .collect();
        let ranked = Ranked::new(playlists.iter().map(Vec::as_slice), &Items::nameless(30));
        let sample = Sample::new(&ranked);
        assert!(sample.len() > 20);
        let task = Progress::Silent.task("learning", Unit::Count("songs"), None);
        for paired in [0, 7, PAIRED_SONGS] {
            let learned = regressions(&sample, &sample.pairs(paired), &task);
            for (song, learned) in learned.iter().enumerate() {
                let expected = weights(&sample, song as u32);
                assert_eq!(learned.len(), expected.len());
                for (learned, expected) in learned.iter().zip(&expected) {
                    assert_eq!(learned.0, expected.0);
                    assert!((f64::from(learned.1) - expected.1).abs() < 1e-4, "{paired}");
                }
            }
        }
    }
}
