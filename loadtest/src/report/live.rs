//! What is known while a run lasts: a small dashboard on a terminal, a line now and then elsewhere.
//!
//! Goes to standard error, so that standard output has the report alone.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::unit::{count, percent, time};
use crate::latency::Quantiles;
use crate::recording::Recording;
use crate::sample::Sample;
use crate::timeline::Facet;

/// What "now" means: the last second.
const NOW_NS: u64 = 1_000_000_000;

const DRAW_EVERY_NS: u64 = 200_000_000;
const LINE_EVERY_NS: u64 = 5_000_000_000;

/// How many seconds of latency the dashboard draws.
const HISTORY: usize = 40;

const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last second of a run.
#[derive(Clone, Debug, Default)]
struct Moment {
    /// Requests that ended.
    ended: u64,
    latency: Quantiles,
    /// For each facet, how many good answers had each value.
    values: BTreeMap<(Facet, String), u64>,
    good: u64,
}

impl Moment {
    fn of(recording: &Recording) -> Self {
        let since = recording.now_ns().saturating_sub(NOW_NS);
        let ended: Vec<&Sample> = recording.ended_since(since).collect();
        let good = ended.iter().filter(|sample| sample.outcome.is_ok());
        let mut values = BTreeMap::new();
        let mut by_identity = BTreeMap::<_, u64>::new();
        for identity in good.clone().filter_map(|sample| sample.identity) {
            *by_identity.entry(identity).or_default() += 1;
        }
        for (identity, answers) in by_identity {
            for facet in Facet::ALL {
                if let Some(value) = facet.of(&recording.identities[identity.index()]) {
                    *values.entry((facet, value.to_owned())).or_default() += answers;
                }
            }
        }
        Self {
            ended: ended.len() as u64,
            good: good.clone().count() as u64,
            latency: Quantiles::of(good.map(|sample| sample.latency_ns)),
            values,
        }
    }

    /// The values of a facet now, those of most answers first.
    fn describe(&self, facet: Facet) -> Option<String> {
        let values = self.values.iter().filter(|((of, _), _)| *of == facet);
        let mut values: Vec<_> = values.map(|((_, value), n)| (value.as_str(), *n)).collect();
        values.sort_by_key(|&(_, answers)| std::cmp::Reverse(answers));
        match (facet, values.as_slice()) {
            (_, []) => None,
            (Facet::Instance, [_]) => Some("one instance".to_owned()),
            (Facet::Instance, many) => Some(format!("{} instances", many.len())),
            (_, [(value, _)]) => Some(format!("{} {value}", facet.name())),
            (_, many) => {
                let share =
                    |(value, n): &(&str, u64)| format!("{value} {}", percent(*n, self.good));
                let shares: Vec<_> = many.iter().map(share).collect();
                Some(format!("{} {}", facet.name(), shares.join(", ")))
            }
        }
    }

    fn answering(&self) -> String {
        let facets = [Facet::Version, Facet::Model, Facet::Instance];
        let parts: Vec<_> = facets.iter().filter_map(|&facet| self.describe(facet)).collect();
        if parts.is_empty() {
            return "nobody answers".to_owned();
        }
        parts.join(", ")
    }
}

/// Shows a run while it lasts.
pub struct Live {
    dashboard: Option<Dashboard>,
    failed: u64,
    /// How many samples `failed` has looked at.
    counted: usize,
    next_ns: u64,
}

impl Live {
    /// For a run of this length, where that is known: a dashboard on a terminal, lines elsewhere.
    #[must_use]
    pub fn new(length: Option<Duration>) -> Self {
        let dashboard = std::io::stderr().is_terminal().then(|| Dashboard::new(length));
        let next_ns = if dashboard.is_some() { 0 } else { LINE_EVERY_NS };
        Self { dashboard, failed: 0, counted: 0, next_ns }
    }

    /// Says what is being done besides the load.
    pub fn say(&self, text: &str) {
        match &self.dashboard {
            // A line above the dashboard; a terminal that is gone needs none.
            Some(dashboard) => drop(dashboard.screen.println(text)),
            None => eprintln!("{text}"),
        }
    }

    /// Shows where the run is, if it is time to.
    pub fn show(&mut self, recording: &Recording, pending: u64, connections: usize) {
        let now = recording.now_ns();
        if now < self.next_ns {
            return;
        }
        let new = &recording.samples[self.counted..];
        self.failed += new.iter().filter(|s| !s.outcome.is_ok()).count() as u64;
        self.counted = recording.samples.len();
        let moment = Moment::of(recording);
        let load = format!(
            "{}/s  {} good  {} failed  {} under way on {} connections",
            count(moment.ended),
            count(self.counted as u64 - self.failed),
            count(self.failed),
            count(pending),
            count(connections as u64),
        );
        let latency = format!(
            "p50 {}  p99 {}  longest {}",
            time(moment.latency.p50_ns),
            time(moment.latency.p99_ns),
            time(moment.latency.max_ns)
        );
        if let Some(dashboard) = &mut self.dashboard {
            dashboard.show(now, [load, latency, moment.answering()], moment.latency.p99_ns);
            self.next_ns = now + DRAW_EVERY_NS;
        } else {
            let seconds = now / NOW_NS;
            eprintln!("{seconds:>4} s  {load}  {latency}  {}", moment.answering());
            self.next_ns = now + LINE_EVERY_NS;
        }
    }

    /// Leaves the terminal to the report.
    pub fn end(&self) {
        if let Some(dashboard) = &self.dashboard {
            // A terminal that is gone has nothing to clear.
            drop(dashboard.screen.clear());
        }
    }
}

/// Three lines that are drawn anew: the load, its latency, who answers.
struct Dashboard {
    screen: MultiProgress,
    lines: [ProgressBar; 3],
    /// The 99th percentile, second by second.
    history: Vec<u64>,
    next_ns: u64,
}

impl Dashboard {
    fn new(length: Option<Duration>) -> Self {
        let screen = MultiProgress::new();
        let style = |template| {
            ProgressStyle::with_template(template).expect("the templates below are well formed")
        };
        let first = match length {
            Some(length) => {
                let ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
                let bar = style("{elapsed:>4} {bar:24.cyan/dim} {wide_msg}");
                ProgressBar::new(ms).with_style(bar.progress_chars("━╸━"))
            }
            None => ProgressBar::no_length().with_style(style("{elapsed:>4} {wide_msg}")),
        };
        let line = || ProgressBar::no_length().with_style(style("     {wide_msg}"));
        let lines = [first, line(), line()].map(|line| screen.add(line));
        Self { screen, lines, history: Vec::new(), next_ns: 0 }
    }

    fn show(&mut self, now_ns: u64, texts: [String; 3], p99_ns: u64) {
        if now_ns >= self.next_ns {
            self.history.push(p99_ns);
            self.next_ns = now_ns + NOW_NS;
        }
        let shown = &self.history[self.history.len().saturating_sub(HISTORY)..];
        let [load, latency, answering] = texts;
        self.lines[0].set_position(now_ns / 1_000_000);
        self.lines[0].set_message(load);
        self.lines[1].set_message(format!("{latency}  {}", sparkline(shown)));
        self.lines[2].set_message(answering);
    }
}

/// A row of blocks, the highest for the highest value.
fn sparkline(values: &[u64]) -> String {
    let highest = values.iter().copied().max().unwrap_or(0).max(1);
    let steps = BLOCKS.len() as u64 - 1;
    let block = |value: u64| {
        let step = u128::from(value) * u128::from(steps) / u128::from(highest);
        BLOCKS[usize::try_from(step).unwrap_or(0)]
    };
    values.iter().map(|&value| block(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_reaches_the_top_at_the_highest_value() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[0, 0]), "▁▁");
        assert_eq!(sparkline(&[1, 50, 100]), "▁▄█");
        assert_eq!(sparkline(&[u64::MAX]), "█");
    }
}
