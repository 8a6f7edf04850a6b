//! The history of a model directory: which models were promoted, and when.
//!
//! Not here: where it is kept (see `store`).

use jiff::Timestamp;

use crate::model::ModelId;

/// As many lines are kept.
const LINES: usize = 100;

/// A line of the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promotion {
    /// When it was, to the second.
    pub date: Timestamp,
    /// The model that was promoted.
    pub model: ModelId,
}

/// The promotions in a text, oldest first; lines that are none are passed over.
pub(crate) fn read(text: &str) -> Vec<Promotion> {
    let promotion = |line: &str| {
        let (date, model) = line.split_once(' ')?;
        Some(Promotion { date: date.parse().ok()?, model: model.parse().ok()? })
    };
    text.lines().filter_map(promotion).collect()
}

/// The text of these promotions.
pub(crate) fn write(promotions: &[Promotion]) -> String {
    promotions.iter().map(|line| format!("{} {}\n", line.date, line.model)).collect()
}

/// The last promotions, and the last one of each model that is kept.
pub(crate) fn cut(history: &[Promotion], kept: &[ModelId]) -> Vec<Promotion> {
    let old = history.len().saturating_sub(LINES);
    let is_last = |at: usize| {
        let model = history[at].model;
        kept.contains(&model) && history[at + 1..].iter().all(|later| later.model != model)
    };
    (0..history.len()).filter(|&at| at >= old || is_last(at)).map(|at| history[at]).collect()
}

/// The models of these promotions, each once.
pub(crate) fn newest_first(history: &[Promotion]) -> Vec<ModelId> {
    let mut models = Vec::new();
    for promotion in history.iter().rev() {
        if !models.contains(&promotion.model) {
            models.push(promotion.model);
        }
    }
    models
}
