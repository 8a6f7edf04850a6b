//! The report for a terminal: one screen, figures in columns.

use std::fmt::Write;

use super::unit::{count, moment, percent, time};
use super::{Keeping, Report, Verdict};
use crate::outage::{Count, Window, longest};
use crate::scenario::change::{Change, Phase};
use crate::timeline::{Event, Sighting};

/// How many windows, events and instances are shown; the other reports have all.
const MOST: usize = 12;

/// The report as text.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = write(&mut text, report);
    text
}

fn write(text: &mut String, report: &Report) -> std::fmt::Result {
    let setup = &report.setup;
    let connections = match setup.connections {
        Some(number) => format!("{} kept-alive connections", count(number as u64)),
        None => "a new connection each".to_owned(),
    };
    writeln!(
        text,
        "{}  {}/s for {}, {connections}\n",
        setup.url,
        count(setup.rate.into()),
        time(report.length_ns)
    )?;
    writeln!(text, "{:<11}{}", "requests", requests(report))?;
    writeln!(text, "{:<11}{}", "latency", latency(report))?;
    if let Some(line) = outages(report) {
        writeln!(text, "{:<11}{line}", "outages")?;
    }
    if let Some(line) = slow(report) {
        writeln!(text, "{:<11}{line}", "slow")?;
    }
    writeln!(text, "{:<11}{}", "schedule", schedule(&report.schedule))?;
    write_windows(text, "Outages", &report.outages)?;
    write_events(text, &report.events)?;
    if let Some(change) = &report.change {
        write_change(text, report, change)?;
    }
    write_limits(text, report)
}

fn requests(report: &Report) -> String {
    let good = report.requests - report.failed;
    let mut line = format!(
        "{}: {} good, {} failed",
        count(report.requests),
        count(good),
        count(report.failed)
    );
    if report.failed > 0 {
        let share = percent(report.failed, report.requests);
        let _ = write!(line, " ({share}: {})", causes(&report.outcomes));
    }
    line
}

/// The ways in which requests failed.
pub(super) fn causes(counts: &[Count]) -> String {
    let failures = counts.iter().filter(|count| !count.outcome.is_ok());
    let cause = |cause: &Count| format!("{} {}", count(cause.requests), cause.outcome);
    failures.map(cause).collect::<Vec<_>>().join(", ")
}

fn latency(report: &Report) -> String {
    let latency = report.latency;
    if latency.count == 0 {
        return "no good answer".to_owned();
    }
    format!(
        "p50 {}, p90 {}, p99 {}, p99.9 {}, longest {}",
        time(latency.p50_ns),
        time(latency.p90_ns),
        time(latency.p99_ns),
        time(latency.p999_ns),
        time(latency.max_ns)
    )
}

fn outages(report: &Report) -> Option<String> {
    (!report.outages.is_empty()).then(|| {
        format!(
            "{}, the longest {}, all together {}",
            count(report.outages.len() as u64),
            time(report.longest_outage_ns),
            time(report.unavailable_ns)
        )
    })
}

fn slow(report: &Report) -> Option<String> {
    (report.slow.requests > 0).then(|| {
        format!(
            "{} of the good answers came later than {}; for {} nobody was answered sooner",
            count(report.slow.requests),
            time(report.setup.slow_ns),
            time(report.slow.longest_ns)
        )
    })
}

/// Whether the load was the one asked for, in a sentence.
pub(super) fn schedule(keeping: &Keeping) -> String {
    let mut line = match keeping.verdict {
        Verdict::Kept => "kept".to_owned(),
        Verdict::Strained => "strained, so a part of these latencies is this program's".to_owned(),
        Verdict::Lost => "LOST, so these figures are not the service's".to_owned(),
    };
    let _ = write!(
        line,
        ": 99 % of requests left within {} of their time, all within {}; load thread {} % busy",
        time(keeping.lag.p99_ns),
        time(keeping.lag.max_ns),
        keeping.busy_permille / 10
    );
    if keeping.queued > 0 {
        let _ = write!(line, "; {} waited for one of --max-connections", count(keeping.queued));
    }
    if keeping.local > 0 {
        let _ = write!(
            line,
            "; {} failed for want of ports or file descriptors here",
            count(keeping.local)
        );
    }
    line
}

fn write_windows(text: &mut String, title: &str, windows: &[Window]) -> std::fmt::Result {
    if windows.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["at", "for", "failed", "how"].map(str::to_owned)];
    rows.extend(longest(windows, MOST).into_iter().map(|window| {
        let still = if window.open { ", to the end" } else { "" };
        [
            moment(window.from_ns),
            format!("{}{still}", time(window.length_ns())),
            count(window.requests),
            causes(&window.causes),
        ]
    }));
    write_table(text, title, &rows, windows.len(), "shorter")
}

fn write_events(text: &mut String, events: &[Event]) -> std::fmt::Result {
    if events.is_empty() {
        return Ok(());
    }
    let heads =
        ["what", "from", "to", "first new", "last old", "mixed", "p99 before", "during", "after"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(events.iter().take(MOST).map(|event| {
        let quantile = |quantiles: crate::latency::Quantiles| match quantiles.count {
            0 => "-".to_owned(),
            _ => time(quantiles.p99_ns),
        };
        let still = if event.complete { "" } else { ", perhaps not the last" };
        [
            event.facet.name().to_owned(),
            values(&event.from),
            changed_to(event),
            at(event.first_new),
            format!("{}{still}", at(event.last_old)),
            time(event.mixed_ns),
            quantile(event.before),
            quantile(event.during),
            quantile(event.after),
        ]
    }));
    write_table(text, "Changes", &rows, events.len(), "later")
}

fn at(sighting: Option<Sighting>) -> String {
    sighting.map_or_else(|| "-".to_owned(), |sighting| moment(sighting.arrived_ns))
}

/// A few values by name, more by their number.
pub(super) fn values(values: &[String]) -> String {
    match values {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [one, other] => format!("{one}, {other}"),
        more => more.len().to_string(),
    }
}

/// The same, where names alone would not tell what is new: of many instances, how many are.
pub(super) fn changed_to(event: &Event) -> String {
    let new = event.to.iter().filter(|value| !event.from.contains(value)).count();
    match (event.to.len(), new) {
        (..=2, _) | (_, 0) => values(&event.to),
        (all, new) if all == new => format!("{all} others"),
        (all, new) => format!("{all}, {new} of them new"),
    }
}

fn write_change(text: &mut String, report: &Report, change: &Change) -> std::fmt::Result {
    let since = |time_ns: Option<u64>| time_ns.map_or_else(|| "not in time".to_owned(), time);
    writeln!(text, "\nUpdate: {}", change.description)?;
    let longest = match report.longest_outage_ns {
        0 => "none".to_owned(),
        longest => time(longest),
    };
    for (what, value) in [
        ("to make it", time(change.cue_length_ns)),
        ("to first new", since(change.first_new_ns)),
        ("to all new", format!("{} ({})", since(change.all_new_ns), change.goal)),
        ("failed", format!("{} of {}", count(report.failed), count(report.requests))),
        ("longest outage", longest),
    ] {
        writeln!(text, "  {what:<15}{value}")?;
    }
    let heads = ["", "before", "during", "after"].map(str::to_owned);
    let row = |name: &str, of: fn(&Phase) -> String| {
        let [before, during, after] = [change.before, change.during, change.after].map(|p| of(&p));
        [name.to_owned(), before, during, after]
    };
    let rows = [
        heads,
        row("for", |phase| time(phase.until_ns - phase.from_ns)),
        row("requests", |phase| count(phase.requests)),
        row("failed", |phase| count(phase.failed)),
        row("p50", |phase| time(phase.latency.p50_ns)),
        row("p99", |phase| time(phase.latency.p99_ns)),
        row("p99.9", |phase| time(phase.latency.p999_ns)),
        row("longest", |phase| time(phase.latency.max_ns)),
    ];
    write_table(text, "", &rows, 0, "")
}

fn write_limits(text: &mut String, report: &Report) -> std::fmt::Result {
    if !report.limits.is_empty() {
        writeln!(text)?;
    }
    for limit in &report.limits {
        let word = if limit.held { "held" } else { "EXCEEDED" };
        writeln!(text, "{word:<9}{}: {} (at most {})", limit.name, limit.found, limit.allowed)?;
    }
    Ok(())
}

/// Rows in columns as wide as their widest cell; the first row names them. `all` is how many rows there
/// would be, `rest` what those are that are not shown.
fn write_table<const N: usize>(
    text: &mut String,
    title: &str,
    rows: &[[String; N]],
    all: usize,
    rest: &str,
) -> std::fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0));
    writeln!(text)?;
    if !title.is_empty() {
        writeln!(text, "{title}")?;
    }
    for row in rows {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells.map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(text, "  {}", cells.join("  ").trim_end())?;
    }
    match all.saturating_sub(rows.len() - 1) {
        0 => Ok(()),
        more => writeln!(text, "  and {} {rest} ones", count(more as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Limits;
    use crate::recording::Recording;
    use crate::report::Setup;
    use crate::sample::Outcome;
    use crate::scenario::change::{Change, Cue, Goal};

    #[test]
    fn an_eventful_update_reads_well() {
        let recording = Recording::of(100, 800, |index| match index {
            350..370 => (Outcome::Refused, 1_000, ["", "", ""]),
            500 => (Outcome::Ok, 400_000_000, ["b", "2", "m"]),
            ..350 => (Outcome::Ok, 2_000_000, ["a", "1", "m"]),
            _ => (Outcome::Ok, 4_000_000, ["b", "2", "m"]),
        });
        let setup = Setup::of_test(&recording);
        let cue = Cue {
            description: "Set image tag to 2, committed and pushed".to_owned(),
            goal: Goal::Version("2".to_owned()),
            begun_ns: 2_000_000_000,
            done_ns: 2_300_000_000,
        };
        let change = Change::felt(&recording, &cue, setup.settle_ns);
        let mut report = Report::new(&recording, setup, Some(change));
        let limits = Limits { failed: Some(0), outage: None, p99_ratio: Some(3.0) };
        report.limits = limits.check(&report);
        let expected = "\
http://service.example  100/s for 8.00 s, 50 kept-alive connections

requests   800: 780 good, 20 failed (2.5 %: 20 refused)
latency    p50 4.00 ms, p90 4.00 ms, p99 4.00 ms, p99.9 400 ms, longest 400 ms
outages    1, the longest 200 ms, all together 200 ms
slow       1 of the good answers came later than 250 ms; for 10.0 ms nobody was answered sooner
schedule   kept: 99 % of requests left within 1.00 µs of their time, all within 1.00 µs; load thread 0 % busy

Outages
  at      for     failed  how
  3.50 s  200 ms  20      20 refused

Changes
  what       from  to  first new  last old  mixed  p99 before  during   after
  instances  a     b   3.70 s     3.49 s    0 s    2.00 ms     2.00 ms  4.00 ms
  version    1     2   3.70 s     3.49 s    0 s    2.00 ms     -        4.00 ms

Update: Set image tag to 2, committed and pushed
  to make it     300 ms
  to first new   1.70 s
  to all new     1.70 s (all answers from version 2)
  failed         20 of 800
  longest outage 200 ms

            before   during   after
  for       2.00 s   1.70 s   4.30 s
  requests  200      171      429
  failed    0        20       0
  p50       2.00 ms  2.00 ms  4.00 ms
  p99       2.00 ms  2.00 ms  4.00 ms
  p99.9     2.00 ms  4.00 ms  400 ms
  longest   2.00 ms  4.00 ms  400 ms

EXCEEDED failed requests: 20 (at most 0)
held     p99 during / before: 1.00× (at most 3.00×)
";
        let text = render(&report);
        assert_eq!(text, expected, "\n{text}");
    }
}
