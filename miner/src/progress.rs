//! How far a long piece of work has come: a bar on a terminal, log lines elsewhere, or nothing.
//!
//! Not here: what the work is, and the outcome, which its caller reports.

use std::borrow::Cow;
use std::fmt;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{
    HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState,
    ProgressStyle,
};

/// Between two log lines of one task. Short enough that a person sees life, long enough that a day's
/// log stays readable.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Redraws of a bar per second: smooth, and too few to cost anything.
const REDRAWS_PER_SECOND: u8 = 10;

/// Where progress is shown. Hand it down; each piece of work starts its own [`Task`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nowhere.
    Silent,
    /// As log lines: at the start, every few seconds, at the end.
    Lines,
    /// As a bar on standard error that vanishes at the end.
    Bar,
}

/// What a task counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown as MiB and the like.
    Bytes,
    /// Anything else, by its plural: `playlists`.
    Count(&'static str),
}

impl Progress {
    /// A bar where standard error is a terminal, log lines elsewhere.
    #[must_use]
    pub fn stderr() -> Self {
        if std::io::stderr().is_terminal() { Self::Bar } else { Self::Lines }
    }

    /// Starts a task: `what` reads as in "reading songs.csv"; the total may be unknown.
    #[must_use]
    pub fn task(self, what: impl Into<Cow<'static, str>>, unit: Unit, total: Option<u64>) -> Task {
        let task = Task {
            what: what.into(),
            unit,
            total,
            done: AtomicU64::new(0),
            started: Instant::now(),
            face: match self {
                Self::Silent => Face::Silent,
                Self::Lines => Face::Lines(Mutex::new(Instant::now())),
                Self::Bar => Face::Bar(ProgressBar::with_draw_target(
                    total,
                    ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND),
                )),
            },
        };
        match &task.face {
            Face::Silent => {}
            Face::Lines(_) => match total {
                Some(total) => tracing::info!("{} ({})", task.what, unit.show(total)),
                None => tracing::info!("{}", task.what),
            },
            Face::Bar(bar) => {
                bar.set_style(style(unit, total.is_some()));
                bar.set_message(task.what.clone());
            }
        }
        task
    }
}

impl Unit {
    fn show(self, amount: u64) -> String {
        match self {
            Self::Bytes => HumanBytes(amount).to_string(),
            Self::Count(plural) => format!("{} {plural}", HumanCount(amount)),
        }
    }
}

fn style(unit: Unit, bounded: bool) -> ProgressStyle {
    let template = match (unit, bounded) {
        (Unit::Bytes, true) => {
            "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left".to_owned()
        }
        (Unit::Bytes, false) => "{msg} {spinner} {bytes} {bytes_per_sec}".to_owned(),
        (Unit::Count(plural), true) => {
            format!(
                "{{msg}} {{wide_bar}} {{human_pos}}/{{human_len}} {plural} {{rate}}/s {{eta}} left"
            )
        }
        (Unit::Count(plural), false) => {
            format!("{{msg}} {{spinner}} {{human_pos}} {plural} {{rate}}/s")
        }
    };
    // A template that does not parse would be a slip here; a plain bar is no reason to stop for it.
    let style =
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", |state: &ProgressState, text: &mut dyn fmt::Write| {
        // Nobody reads four decimals of a count that changes; a text can be written to without fail.
        let _ = match state.per_sec() {
            rate if rate < 10.0 => write!(text, "{rate:.1}"),
            rate => write!(text, "{}", HumanCount(rate as u64)),
        };
    })
}

/// A piece of work under way. Threads may share it; a bar goes when it is dropped.
#[derive(Debug)]
pub struct Task {
    what: Cow<'static, str>,
    unit: Unit,
    total: Option<u64>,
    done: AtomicU64,
    started: Instant,
    face: Face,
}

#[derive(Debug)]
enum Face {
    Silent,
    /// When the last line was written.
    Lines(Mutex<Instant>),
    Bar(ProgressBar),
}

impl Task {
    /// Counts work done. Cheap, but not free: call it for a block, not for a byte.
    pub fn advance(&self, amount: u64) {
        let done = self.done.fetch_add(amount, Ordering::Relaxed) + amount;
        match &self.face {
            Face::Silent => {}
            Face::Bar(bar) => bar.set_position(done),
            Face::Lines(last) => {
                // Who finds the lock taken has a neighbour that writes the line.
                let Ok(mut last) = last.try_lock() else { return };
                if last.elapsed() >= LINE_INTERVAL {
                    *last = Instant::now();
                    tracing::info!("{}: {}", self.what, self.state(done));
                }
            }
        }
    }

    /// Ends the task. A task that is dropped instead has failed, and its error says more than a line here.
    pub fn finish(self) {
        if let Face::Lines(_) = self.face {
            let done = self.done.load(Ordering::Relaxed);
            let seconds = self.started.elapsed().as_secs_f64();
            tracing::info!("{}: done, {} in {seconds:.1} s", self.what, self.unit.show(done));
        }
    }

    /// As in `40 MiB of 100 MiB, 20 MiB/s, 3 seconds left`.
    fn state(&self, done: u64) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        let rate = (done as f64 / seconds.max(1e-3)) as u64;
        let mut state = self.unit.show(done);
        if let Some(total) = self.total {
            state += &format!(" of {}", self.unit.show(total));
        }
        state += &format!(", {}/s", self.unit.show(rate));
        if let Some(total) = self.total.filter(|_| rate > 0) {
            let left = Duration::from_secs(total.saturating_sub(done) / rate);
            state += &format!(", {:#} left", HumanDuration(left));
        }
        state
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Face::Bar(bar) = &self.face {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_names_what_is_done_what_is_left_and_how_fast() {
        let mut task = Progress::Silent.task("reading", Unit::Bytes, Some(100 << 20));
        task.started = Instant::now().checked_sub(Duration::from_secs(2)).expect("a running clock");
        assert_eq!(task.state(40 << 20), "40.00 MiB of 100.00 MiB, 20.00 MiB/s, 3s left");
        let mut task = Progress::Silent.task("mining", Unit::Count("items"), None);
        task.started = Instant::now().checked_sub(Duration::from_secs(1)).expect("a running clock");
        assert!(task.state(1_200_000).starts_with("1,200,000 items, 1,"));
    }

    #[test]
    fn work_is_counted_from_any_thread() {
        let task = Progress::Silent.task("counting", Unit::Count("steps"), None);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| task.advance(1)));
            }
        });
        assert_eq!(task.done.load(Ordering::Relaxed), 4000);
    }
}
