//! An evaluation: held-back playlists, the methods that continue them, the figures.

use rayon::prelude::*;
use segue_model::score::{Scratch, Seeds};
use segue_model::{Antecedent, DatasetMetadata, Model, TrackId};
use serde::Serialize;

use super::bootstrap::Interval;
use super::metric::{Metrics, RANKED, SHOWN, coverage};
use super::protocol::{Part, Seeding, Split};
use crate::dataset::Dataset;
use crate::progress::{Progress, Unit};
use crate::recipe::{Judged, Recipe, RecipeError};

/// Who makes the ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The most frequent tracks, whatever the seeds.
    Popularity,
    /// The sum of the confidences of the rules with one antecedent above the smallest support.
    Confidence,
    /// The model as it is served: its rules, truncated and rounded, through the scoring of the API.
    Served,
}

/// The figures of one method for one task.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Who made the rankings.
    pub method: Method,
    /// Which songs were given.
    pub seeds: String,
    /// Playlists that had more songs than were given.
    pub playlists: usize,
    /// The means over the playlists.
    pub mean: Metrics,
    /// How sure they are.
    pub interval: Interval,
    /// The share of the tracks known from training that are among the first ten of any ranking.
    pub coverage_at_10: f64,
}

/// The outcome of an evaluation.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Playlists that the model was made of.
    pub train: usize,
    /// Playlists held back and long enough.
    pub held: usize,
    /// The figures.
    pub rows: Vec<Row>,
}

/// A playlist held back.
struct Held<'d> {
    name: &'d str,
    songs: &'d [u32],
}

/// Evaluates a recipe: makes a model of the split's training playlists and has it continue the held-back
/// ones that have at least `min_songs` songs.
///
/// # Errors
/// No model can be made.
pub fn evaluate(
    dataset: &Dataset,
    recipe: &Recipe,
    split: Split,
    seedings: &[Seeding],
    min_songs: usize,
    progress: Progress,
) -> Result<Evaluation, RecipeError> {
    let parts: Vec<Part> = dataset.playlist_ids.iter().map(|name| split.part(name)).collect();
    let of_part = |part: Part| (0..parts.len()).filter(move |&at| parts[at] == part);
    let train: Vec<&[u32]> =
        of_part.clone()(Part::Train).map(|at| dataset.transactions.get(at)).collect();
    let held: Vec<Held<'_>> = of_part(Part::Held)
        .map(|at| Held { name: &dataset.playlist_ids[at], songs: dataset.transactions.get(at) })
        .filter(|held| held.songs.len() >= min_songs)
        .collect();
    let origin = DatasetMetadata::default();
    let date = jiff::Timestamp::UNIX_EPOCH;
    let prepared = recipe.prepare(train.iter().copied(), &dataset.items);
    let keys = recipe.keys(&dataset.items)?;
    let item_of = prepared.ranked.items.clone();
    let made = recipe.mine(prepared, progress)?.finish(&keys, origin, date, Judged::default())?;
    let model =
        Model::from_bytes(&made.into_bytes()).expect("a model that was just made can be read");
    let judge = Judge::new(dataset, &model, item_of);

    let methods = [Method::Popularity, Method::Confidence, Method::Served];
    let total = (methods.len() * seedings.len() * held.len()) as u64;
    let task = progress.task("evaluating", Unit::Count("playlists"), Some(total));
    let mut rows = Vec::new();
    for &seeding in seedings {
        for method in methods {
            let judged: Vec<(Metrics, Vec<u32>)> = held
                .par_iter()
                .filter(|held| seeding.given(held.songs.len()) < held.songs.len())
                .map_init(Scratch::default, |scratch, held| {
                    task.advance(1);
                    judge.judge(method, seeding, held, scratch)
                })
                .collect();
            let metrics: Vec<Metrics> = judged.iter().map(|(metrics, _)| *metrics).collect();
            let shown = coverage(judged.iter().map(|(_, shown)| shown.as_slice()));
            rows.push(Row {
                method,
                seeds: seeding.to_string(),
                playlists: metrics.len(),
                mean: Metrics::mean(metrics.iter()),
                interval: Interval::of(&metrics),
                coverage_at_10: shown as f64 / model.catalog().len().max(1) as f64,
            });
        }
    }
    task.finish();
    Ok(Evaluation { train: train.len(), held: held.len(), rows })
}

/// What is needed to judge rankings: tracks of the model and items of the dataset, side by side.
struct Judge<'d> {
    dataset: &'d Dataset,
    model: &'d Model,
    /// Per item: its track, where training has seen it.
    track_of: Vec<Option<TrackId>>,
    /// Per track: its item.
    item_of: Vec<u32>,
    min_support: u32,
}

impl<'d> Judge<'d> {
    fn new(dataset: &'d Dataset, model: &'d Model, item_of: Vec<u32>) -> Self {
        let mut track_of = vec![None; dataset.items.len()];
        for (track, &item) in item_of.iter().enumerate() {
            track_of[item as usize] = Some(track as TrackId);
        }
        let min_support = model.metadata().parameters.min_support as u32;
        Self { dataset, model, track_of, item_of, min_support }
    }

    /// What one ranking is worth, and the first ten, in items.
    fn judge(
        &self,
        method: Method,
        seeding: Seeding,
        held: &Held<'_>,
        scratch: &mut Scratch,
    ) -> (Metrics, Vec<u32>) {
        let (given, targets) = seeding.divide(held.name, held.songs, &self.dataset.items);
        let known: Vec<TrackId> =
            given.iter().filter_map(|&song| self.track_of[song as usize]).collect();
        let [ranking, shown] = [RANKED, SHOWN].map(|length| {
            let mut ranking = match method {
                Method::Popularity => Vec::new(),
                Method::Confidence => self.by_confidence(&known),
                Method::Served => self.as_served(&given, &known, length, scratch),
            };
            self.fill_up(&mut ranking, length, &known);
            let items = ranking.iter().map(|&track| self.item_of[track as usize]);
            items.collect::<Vec<u32>>()
        });
        let artist = |song: u32| self.dataset.items.artist_id(song);
        (Metrics::of(&ranking, &shown, &targets, artist), shown)
    }

    /// What the API answers.
    fn as_served(
        &self,
        given: &[u32],
        known: &[TrackId],
        length: usize,
        scratch: &mut Scratch,
    ) -> Vec<TrackId> {
        let mut seeds = Seeds::new(known.iter().map(|&track| [track]));
        // The model numbers artists as the dataset does.
        let unknown = given.iter().filter(|&&song| self.track_of[song as usize].is_none());
        for &song in unknown {
            seeds.add_unknown_by(self.dataset.items.artist_id(song));
        }
        let scored = self.model.recommend(&seeds, length, scratch);
        scored.into_iter().map(|scored| scored.track).collect()
    }

    /// Makes a ranking as long as this: adds the most frequent tracks that are neither seeds nor there.
    fn fill_up(&self, ranking: &mut Vec<TrackId>, length: usize, known: &[TrackId]) {
        ranking.truncate(length);
        let taken: std::collections::HashSet<TrackId> =
            ranking.iter().chain(known).copied().collect();
        let most_frequent =
            (0..self.item_of.len() as TrackId).filter(|track| !taken.contains(track));
        ranking.extend(most_frequent.take(length - ranking.len()));
    }

    fn by_confidence(&self, known: &[TrackId]) -> Vec<TrackId> {
        let rules = self.model.rules();
        let mut sums: std::collections::HashMap<TrackId, f64> = std::collections::HashMap::new();
        for &seed in known {
            let mut counts: std::collections::HashMap<TrackId, u32> =
                std::collections::HashMap::new();
            let occurrences = rules.occurrences(Antecedent::Track(seed));
            for &number in occurrences {
                for &track in rules.transaction(number).0 {
                    *counts.entry(track).or_default() += 1;
                }
            }
            let support = occurrences.len() as f64;
            for (track, count) in counts {
                if count >= self.min_support {
                    *sums.entry(track).or_default() += f64::from(count) / support;
                }
            }
        }
        let mut ranked: Vec<(TrackId, f64)> =
            sums.into_iter().filter(|(track, _)| !known.contains(track)).collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(RANKED);
        ranked.into_iter().map(|(track, _)| track).collect()
    }
}
