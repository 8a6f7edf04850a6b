//! The report as one page that needs nothing else: no request leaves it. It is whole without its script.

use std::fmt::Write;

use super::text::{causes, changed_to, schedule, values};
use super::unit::{count, moment, time};
use super::{Report, Verdict};
use crate::latency::Quantiles;
use crate::outage::{Window, longest};
use crate::scenario::change::{Change, Phase};
use crate::timeline::Sighting;
use mark::marks;

mod chart;
mod mark;

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// More rows of a table nobody reads; the JSON has all.
const MOST_ROWS: usize = 200;

/// How many windows are listed: the longest.
const MOST_WINDOWS: usize = 12;

/// The report as HTML.
#[must_use]
pub fn render(report: &Report) -> String {
    let marks = marks(report);
    let legend: String = marks
        .iter()
        .enumerate()
        .map(|(place, mark)| {
            let (number, text) = (place + 1, escape(&mark.text));
            format!(r#"<li><span class="number">{number}</span><span>{text}</span></li>"#)
        })
        .collect();
    let legend = match legend.as_str() {
        "" => String::new(),
        _ => format!(r#"<ol class="legend">{legend}</ol>"#),
    };
    let headline = headline(report);
    format!(
        r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{headline}</title>
<link rel="icon" href="data:,">
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<p class="eyebrow">Segue loadtest · <time datetime="{started}">{date}</time></p>
<h1>{headline}</h1>
{lead}
{chips}
</header>
{tiles}
<section aria-labelledby="over-time">
<h2 id="over-time">Over time</h2>
<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" style="fill:var(--bad)"/><line x1="0" x2="0" y1="0" y2="6" style="stroke:var(--panel);stroke-width:1.5"/></pattern></defs></svg>
<div id="charts" tabindex="0" role="group" aria-label="Charts; the arrow keys read values">{charts}<div id="tip" role="status" hidden></div></div>
{legend}
</section>
{phases}{events}{outages}{slow}{instances}{setup}{terms}
</main>
<script type="application/json" id="bins">{bins}</script>
<script>{SCRIPT}</script>
</body>
</html>
"##,
        headline = escape(&headline),
        started = report.started,
        date = report.started.strftime("%-d %B %Y, %H:%M UTC"),
        lead = lead(report),
        chips = chips(report),
        tiles = tiles(report),
        charts = chart::charts(report, &marks),
        phases = report.change.as_ref().map(phases).unwrap_or_default(),
        events = events(report),
        outages = windows("Outages", OUTAGES, &report.outages),
        slow = windows("Slow stretches", SLOW, &report.slow.windows),
        instances = instances(report),
        setup = setup(report),
        terms = TERMS,
        // A closing tag in a name must not close the script.
        bins = chart::bins(report).to_string().replace('<', "\\u003c"),
    )
}

const OUTAGES: &str =
    "From the first failed request to the next good one, by the times at which they were due.";
const SLOW: &str = "Times in which no request was answered well and in time.";

const TERMS: &str = r#"<section><details><summary>How to read this</summary><dl class="terms">
<dt>Requests leave on a fixed schedule</dt><dd>whether or not earlier ones have been answered, as users do. None is repeated, all are counted.</dd>
<dt>Latency counts from the time a request was due</dt><dd>to the last byte of its answer. When a service stands still for a second, everyone who came in that second has waited.</dd>
<dt>p50, p99, p99.9</dt><dd>Half of the good answers took no longer than p50; one in a hundred took longer than p99, one in a thousand longer than p99.9. Failed requests have no latency: they are counted.</dd>
<dt>Good</dt><dd>Status 200 with the whole promised body. Everything else has failed.</dd>
<dt>Before, during, after</dt><dd>The change is begun between the first and the second; the third begins when every answer is new and the last failure is over.</dd>
<dt>Mixed</dt><dd>From the first answer of the new to the last of the old: users may meet either.</dd>
</dl></details></section>"#;

/// Text as HTML shows it.
pub(super) fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

/// What happened, in a sentence.
fn headline(report: &Report) -> String {
    let failed = match (report.failed, report.longest_outage_ns) {
        (0, _) => "no request failed".to_owned(),
        (failed, longest) => format!(
            "{} of {} requests failed, the longest outage lasted {}",
            count(failed),
            count(report.requests),
            time(longest)
        ),
    };
    match &report.change {
        None if report.failed == 0 => format!("{} requests, none failed", count(report.requests)),
        None => failed,
        Some(change) => match change.all_new_ns {
            Some(all) => format!("Every user saw the change after {}; {failed}", time(all)),
            None => format!("The change was not visible in time; {failed}"),
        },
    }
}

fn lead(report: &Report) -> String {
    let setup = &report.setup;
    let connections = match setup.connections {
        Some(number) => format!("over {} kept-alive connections", count(number as u64)),
        None => "each over a new connection".to_owned(),
    };
    let change = report.change.as_ref().map_or_else(String::new, |change| {
        format!("<p><strong>{}</strong></p>", escape(&change.description))
    });
    format!(
        r#"{change}<p class="soft">{} requests a second for {}, {connections}, to <code>{}</code></p>"#,
        count(setup.rate.into()),
        time(report.length_ns),
        escape(&setup.url),
    )
}

/// Limits that were set, and whether the figures are the service's.
fn chips(report: &Report) -> String {
    let mut chips = String::new();
    for limit in &report.limits {
        let (class, word) =
            if limit.held { ("held", "✓") } else { ("exceeded", "✕ exceeded:") };
        let _ = write!(
            chips,
            r#"<li class="{class}">{word} {}: {} (at most {})</li>"#,
            limit.name, limit.found, limit.allowed
        );
    }
    let (class, word) = match report.schedule.verdict {
        Verdict::Kept => ("held", "✓ schedule kept"),
        Verdict::Strained => {
            ("doubt", "! schedule strained: a part of the latencies is the tester's")
        }
        Verdict::Lost => ("exceeded", "✕ schedule lost: these figures are not the service's"),
    };
    let _ = write!(chips, r#"<li class="{class}">{word}</li>"#);
    format!(r#"<ul class="chips">{chips}</ul>"#)
}

fn tiles(report: &Report) -> String {
    let mut tiles = String::new();
    let mut tile = |name: &str, value: String, bad: bool, more: String| {
        let class = if bad { r#" class="bad""# } else { "" };
        let _ =
            write!(tiles, "<div><dt>{name}</dt><dd{class}>{value}<small>{more}</small></dd></div>");
    };
    let failed = report.failed > 0;
    if let Some(change) = &report.change {
        let since = |time_ns: Option<u64>| time_ns.map_or_else(|| "not in time".to_owned(), time);
        tile(
            "first user saw it",
            since(change.first_new_ns),
            false,
            "after it was begun".to_owned(),
        );
        let seen = change.all_new_ns.is_some();
        tile("every user saw it", since(change.all_new_ns), !seen, escape(&change.goal));
    }
    let more = match causes(&report.outcomes) {
        causes if causes.is_empty() => format!("of {}", count(report.requests)),
        causes => format!("of {}: {causes}", count(report.requests)),
    };
    tile("failed requests", count(report.failed), failed, more);
    let outage = match report.longest_outage_ns {
        0 => "none".to_owned(),
        longest => time(longest),
    };
    let more = format!("{} in all", count(report.outages.len() as u64));
    tile("longest outage", outage, failed, more);
    match &report.change {
        Some(change) => {
            let (before, during) = (change.before.latency, change.during.latency);
            let ratio = change.p99_ratio().map_or_else(String::new, super::unit::ratio);
            let more = format!("{} before, {ratio}", time(before.p99_ns));
            tile("p99 during", time(during.p99_ns), false, more);
        }
        None => {
            let latency = report.latency;
            tile("p50", time(latency.p50_ns), false, "half within".to_owned());
            tile("p99", time(latency.p99_ns), false, "99 % within".to_owned());
            tile("p99.9", time(latency.p999_ns), false, "99.9 % within".to_owned());
        }
    }
    format!(r#"<dl class="tiles">{tiles}</dl>"#)
}

fn at(sighting: Option<Sighting>) -> String {
    sighting.map_or_else(|| "–".to_owned(), |sighting| moment(sighting.arrived_ns))
}

fn quantile(quantiles: Quantiles, of: fn(Quantiles) -> u64) -> String {
    match quantiles.count {
        0 => "–".to_owned(),
        _ => time(of(quantiles)),
    }
}

fn phases(change: &Change) -> String {
    let parts = [("before", change.before), ("during", change.during), ("after", change.after)];
    let row = |(name, phase): (&str, Phase)| {
        let latency = phase.latency;
        vec![
            name.to_owned(),
            time(phase.until_ns - phase.from_ns),
            count(phase.requests),
            count(phase.failed),
            quantile(latency, |l| l.p50_ns),
            quantile(latency, |l| l.p99_ns),
            quantile(latency, |l| l.p999_ns),
            quantile(latency, |l| l.max_ns),
        ]
    };
    table(
        "Before, during, after",
        "",
        &["", "for", "requests", "failed", "p50", "p99", "p99.9", "longest"],
        parts.map(row),
    )
}

fn events(report: &Report) -> String {
    let rows = report.events.iter().take(MOST_ROWS).map(|event| {
        let still = if event.complete { "" } else { " (perhaps not the last)" };
        vec![
            event.facet.name().to_owned(),
            escape(&values(&event.from)),
            escape(&changed_to(event)),
            at(event.first_new),
            format!("{}{still}", at(event.last_old)),
            time(event.mixed_ns),
            quantile(event.before, |l| l.p99_ns),
            quantile(event.during, |l| l.p99_ns),
            quantile(event.after, |l| l.p99_ns),
        ]
    });
    table(
        "What changed",
        "As users saw it, by the times at which answers arrived.",
        &["what", "from", "to", "first new", "last old", "mixed", "p99 before", "during", "after"],
        rows,
    )
}

fn windows(title: &str, caption: &str, windows: &[Window]) -> String {
    let rows = longest(windows, MOST_WINDOWS).into_iter().map(|window| {
        let still = if window.open { ", to the end" } else { "" };
        let how = match causes(&window.causes) {
            how if how.is_empty() => format!("{} slow", count(window.requests)),
            how => how,
        };
        vec![
            moment(window.from_ns),
            format!("{}{still}", time(window.length_ns())),
            count(window.requests),
            how,
        ]
    });
    let shown = match windows.len().saturating_sub(MOST_WINDOWS) {
        0 => caption.to_owned(),
        more => format!("{caption} The longest; {} shorter ones are left out.", count(more as u64)),
    };
    table(title, &shown, &["from", "for", "requests", "how they ended"], rows)
}

fn instances(report: &Report) -> String {
    let rows = report.instances.iter().take(MOST_ROWS).map(|instance| {
        vec![
            escape(&instance.instance),
            at(instance.first),
            at(instance.last),
            count(instance.ok),
            count(instance.failed),
            escape(&instance.versions.join(", ")),
            escape(&instance.models.join(", ")),
        ]
    });
    table(
        "Instances",
        "A failed request counts for the instance that answered it; who did not answer one is not known.",
        &["instance", "first answer", "last answer", "good", "failed", "versions", "models"],
        rows,
    )
}

fn setup(report: &Report) -> String {
    let setup = &report.setup;
    let renewed = |renew: u64| format!("kept alive, renewed after {} on average", time(renew));
    let rows = [
        ("address", setup.address.clone()),
        (
            "connections",
            match (setup.connections, setup.renew_ns) {
                (None, _) => "a new one for each request".to_owned(),
                (Some(number), Some(renew)) => format!("{number}, {}", renewed(renew)),
                (Some(number), None) => format!("{number}, kept alive"),
            },
        ),
        ("most connections", count(setup.max_connections as u64)),
        ("time limit", time(setup.timeout_ns)),
        ("slow is later than", time(setup.slow_ns)),
        ("gone is not met for", time(setup.settle_ns)),
        ("seed", setup.seed.to_string()),
        ("schedule", schedule(&report.schedule)),
        ("program", format!("segue-loadtest {}", report.program_version)),
    ];
    let rows = rows.map(|(name, value)| vec![name.to_owned(), escape(&value)]);
    table("How it was measured", "", &["", ""], rows)
}

/// A section with a table, if it has rows. Cells are HTML.
fn table(
    title: &str,
    caption: &str,
    heads: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut body = String::new();
    for row in rows {
        body.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let _ = match place {
                0 => write!(body, r#"<th scope="row">{cell}</th>"#),
                _ if cell.chars().count() > 24 => write!(body, r#"<td class="wide">{cell}</td>"#),
                _ => write!(body, "<td>{cell}</td>"),
            };
        }
        body.push_str("</tr>");
    }
    if body.is_empty() {
        return String::new();
    }
    let head: String = match heads.iter().all(|head| head.is_empty()) {
        true => String::new(),
        false => {
            let cells = heads.iter().map(|head| format!(r#"<th scope="col">{head}</th>"#));
            format!("<thead><tr>{}</tr></thead>", cells.collect::<String>())
        }
    };
    let caption = match caption {
        "" => String::new(),
        _ => format!("<caption>{caption}</caption>"),
    };
    format!(
        r#"<section><h2>{title}</h2><div class="scroll" tabindex="0" role="region" aria-label="{title}"><table>{caption}{head}<tbody>{body}</tbody></table></div></section>"#
    )
}
