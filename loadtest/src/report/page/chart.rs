//! The page's charts, as inline SVG: drawn without text and stretched to the page's width, with their
//! labels laid over them, so that these stay readable at any width.

use std::fmt::Write;

use super::escape;
use super::mark::Mark;
use crate::report::Report;
use crate::report::unit::{count, percent, time};
use crate::series::{Bin, Series};
use crate::timeline::Facet;

mod strip;

/// The drawing's own units; the page stretches them.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 100.0;

/// The width at which a band can be seen on a small screen.
const NARROWEST_BAND: f64 = 3.0;

/// The charts, one above the other over the same time.
pub(super) fn charts(report: &Report, marks: &[Mark]) -> String {
    let frame = Frame { report, marks, length_ns: report.length_ns.max(1) };
    let mut html = String::new();
    html.push_str(&frame.requests());
    html.push_str(&frame.latency());
    for facet in [Facet::Version, Facet::Model] {
        html.push_str(&frame.shares(facet));
    }
    html.push_str(&frame.instances());
    html.push_str(&frame.axis());
    html
}

/// What the values under the pointer are taken from: for each bin its middle and end, as shares of the
/// run, and what to say of it.
pub(super) fn bins(report: &Report) -> serde_json::Value {
    let length_ns = report.length_ns.max(1) as f64;
    let bin_ns = report.series.bin_ns;
    let bins = report.series.bins.iter().enumerate().map(|(place, bin)| {
        let until = (bin.from_ns + bin_ns).min(report.length_ns);
        let at = (bin.from_ns + until) as f64 / 2.0 / length_ns;
        serde_json::json!({
            "at": at,
            "until": until as f64 / length_ns,
            "text": describe(bin, place, &report.series),
        })
    });
    bins.collect()
}

fn describe(bin: &Bin, place: usize, series: &Series) -> String {
    let from = bin.from_ns as f64 / 1e9;
    let mut text = format!(
        "{from:.2} to {:.2} s\n{} requests, {} failed",
        from + series.bin_ns as f64 / 1e9,
        count(bin.requests),
        count(bin.failed),
    );
    if bin.failed > 0 {
        let _ = write!(text, "\n{}", crate::report::text::causes(&bin.causes));
    }
    let latency = bin.latency;
    if latency.count > 0 {
        let _ = write!(
            text,
            "\np50 {}, p99 {}, longest {}",
            time(latency.p50_ns),
            time(latency.p99_ns),
            time(latency.max_ns)
        );
    }
    for share in series.shares.iter().filter(|share| share.answers[place] > 0) {
        if share.facet != Facet::ModelDate {
            let part = percent(share.answers[place], latency.count);
            let _ = write!(text, "\n{} {}: {part}", share.facet.name(), share.value);
        }
    }
    text
}

struct Frame<'a> {
    report: &'a Report,
    marks: &'a [Mark],
    length_ns: u64,
}

impl Frame<'_> {
    fn share(&self, at_ns: u64) -> f64 {
        (at_ns as f64 / self.length_ns as f64).clamp(0.0, 1.0)
    }

    fn x(&self, at_ns: u64) -> f64 {
        self.share(at_ns) * WIDTH
    }

    fn left(&self, at_ns: u64) -> String {
        format!("left:{:.2}%", self.share(at_ns) * 100.0)
    }

    /// The numbers of the marks, above the charts; two close to each other stand in two rows.
    fn numbers(&self) -> String {
        let mut spans = String::new();
        let mut last: Option<(f64, bool)> = None;
        let mut two = false;
        for (place, mark) in self.marks.iter().enumerate() {
            let at = self.share(mark.at_ns);
            let second = last.is_some_and(|(before, second)| at - before < 0.04 && !second);
            two |= second;
            last = Some((at, second));
            let class = if second { "number second" } else { "number" };
            let (left, number) = (self.left(mark.at_ns), place + 1);
            let _ = write!(spans, r#"<span class="{class}" style="{left}">{number}</span>"#);
        }
        match (spans.is_empty(), two) {
            (true, _) => String::new(),
            (false, true) => format!(r#"<div class="marks two" aria-hidden="true">{spans}</div>"#),
            (false, false) => format!(r#"<div class="marks" aria-hidden="true">{spans}</div>"#),
        }
    }

    /// Outages and marks, which cross every chart.
    fn crossing(&self) -> String {
        let mut svg = String::new();
        for (from, until) in self.outages() {
            let width = until - from;
            let _ = write!(
                svg,
                r#"<rect class="outage" x="{from:.2}" y="0" width="{width:.2}" height="{HEIGHT}"/>"#
            );
        }
        for mark in self.marks {
            let x = self.x(mark.at_ns);
            let _ =
                write!(svg, r#"<line class="mark" x1="{x:.2}" x2="{x:.2}" y1="0" y2="{HEIGHT}"/>"#);
        }
        svg.push_str(r#"<line class="cross" hidden="" x1="0" x2="0" y1="0" y2="100"/>"#);
        svg
    }

    /// Where there was no good answer; however short that was, it is seen, and what touches is one.
    fn outages(&self) -> Vec<(f64, f64)> {
        let mut bands: Vec<(f64, f64)> = Vec::new();
        for window in &self.report.outages {
            let from = self.x(window.from_ns);
            let until = self.x(window.until_ns).max(from + NARROWEST_BAND);
            match bands.last_mut() {
                Some((_, last)) if from <= *last => *last = last.max(until),
                _ => bands.push((from, until)),
            }
        }
        bands
    }

    fn panel(&self, panel: &Panel) -> String {
        let Panel { class, title, keys, above, label, drawing, labels } = panel;
        let crossing = self.crossing();
        format!(
            r#"<div class="panel"><div class="head"><h3>{title}</h3>{keys}</div>{above}<div class="plot {class}"><svg viewBox="0 0 1000 100" preserveAspectRatio="none" role="img" aria-label="{}">{drawing}{crossing}</svg>{labels}</div></div>"#,
            escape(label)
        )
    }

    fn requests(&self) -> String {
        let series = &self.report.series;
        let rates: Vec<_> = series.bins.iter().map(|bin| self.rates(bin)).collect();
        let highest = rates.iter().map(|(good, failed)| good + failed).fold(1.0, f64::max);
        let top = f64::from(self.report.setup.rate).max(highest) * 1.08;
        let y = |rate: f64| HEIGHT - rate / top * HEIGHT;
        let (mut good, mut bad) = (String::new(), String::new());
        for (bin, (ok, failed)) in series.bins.iter().zip(&rates) {
            let (from, until) = self.edges(bin);
            step(&mut good, from, until, y(*ok), HEIGHT);
            if *failed > 0.0 {
                step(&mut bad, from, until, y(ok + failed), y(*ok));
            }
        }
        let rate = f64::from(self.report.setup.rate);
        let grid = rule(y(rate));
        let mut keys = key(r#"<rect class="area" width="22" height="14"/>"#, "good");
        keys.push_str(&key(r#"<rect class="failed" width="22" height="14"/>"#, "failed"));
        if !self.report.outages.is_empty() {
            let swatch = r#"<rect class="outage" width="22" height="14"/>"#;
            keys.push_str(&key(swatch, "no good answer, in every chart below"));
        }
        self.panel(&Panel {
            class: "low",
            title: "Requests each second",
            keys,
            above: self.numbers(),
            label: &format!(
                "{} of {} requests failed; the rate was {} each second",
                count(self.report.failed),
                count(self.report.requests),
                count(self.report.setup.rate.into())
            ),
            drawing: format!(
                r#"{grid}<path class="area" d="{good}"/><path class="failed" d="{bad}"/>"#
            ),
            labels: y_label(y(rate), &count(self.report.setup.rate.into())) + &y_label(HEIGHT, "0"),
        })
    }

    /// Good and failed requests of a bin, each second.
    fn rates(&self, bin: &Bin) -> (f64, f64) {
        let until = (bin.from_ns + self.report.series.bin_ns).min(self.length_ns);
        let seconds = until.saturating_sub(bin.from_ns).max(1) as f64 / 1e9;
        ((bin.requests - bin.failed) as f64 / seconds, bin.failed as f64 / seconds)
    }

    fn edges(&self, bin: &Bin) -> (f64, f64) {
        (self.x(bin.from_ns), self.x(bin.from_ns + self.report.series.bin_ns))
    }

    fn latency(&self) -> String {
        let bins = &self.report.series.bins;
        let good = || bins.iter().filter(|bin| bin.latency.count > 0);
        let lowest = good().map(|bin| bin.latency.p50_ns).min().unwrap_or(1_000_000);
        let highest = good().map(|bin| bin.latency.max_ns).max().unwrap_or(1_000_000);
        let floor = (lowest.max(1) as f64).log10().floor();
        let ceiling = (highest.max(1) as f64).log10().ceil().max(floor + 1.0);
        let y = |ns: u64| {
            let height = ((ns.max(1) as f64).log10() - floor) / (ceiling - floor);
            HEIGHT - height.clamp(0.0, 1.0) * HEIGHT
        };
        let (mut drawing, mut labels) = (String::new(), String::new());
        for decade in floor as u32..=ceiling as u32 {
            let ns = 10_u64.pow(decade.min(19));
            drawing.push_str(&rule(y(ns)));
            labels.push_str(&y_label(y(ns), decade_label(ns)));
        }
        for (class, of) in LINES {
            let mut path = String::new();
            for bins in bins.chunk_by(|a, b| a.latency.count > 0 && b.latency.count > 0) {
                self.line(&mut path, bins, |bin| y(of(bin)));
            }
            let _ = write!(drawing, r#"<path class="line {class}" d="{path}"/>"#);
        }
        let line = |class, name| {
            key(&format!(r#"<line class="line {class}" x1="0" x2="22" y1="7" y2="7"/>"#), name)
        };
        let all = self.report.latency;
        self.panel(&Panel {
            class: "tall",
            title: "Latency of good answers",
            keys: line("p50", "half within (p50)")
                + &line("p99", "99 % within (p99)")
                + &line("longest", "longest"),
            above: String::new(),
            label: &format!(
                "Over the whole run p50 was {}, p99 {}, the longest {}",
                time(all.p50_ns),
                time(all.p99_ns),
                time(all.max_ns)
            ),
            drawing,
            labels,
        })
    }

    /// A line over bins that follow each other; one alone is a dash as long as it.
    fn line(&self, path: &mut String, bins: &[Bin], y: impl Fn(&Bin) -> f64) {
        let bins: Vec<_> = bins.iter().filter(|bin| bin.latency.count > 0).collect();
        if let [bin] = bins[..] {
            let (from, until) = self.edges(bin);
            let _ = write!(path, "M{from:.2} {:.2}H{until:.2}", y(bin));
            return;
        }
        for (place, bin) in bins.iter().enumerate() {
            let (from, until) = self.edges(bin);
            let command = if place == 0 { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.2} {:.2}", (from + until) / 2.0, y(bin));
        }
    }

    fn axis(&self) -> String {
        let step_ns = tick_length(self.length_ns);
        let ticks = (0..).map(|tick| tick * step_ns).take_while(|&at| at <= self.length_ns);
        let mut html = String::new();
        for (place, at) in ticks.enumerate() {
            let class = if place % 2 == 1 { " class=\"odd\"" } else { "" };
            let left = self.left(at);
            let _ = write!(html, r#"<span{class} style="{left}">{}</span>"#, tick_label(at));
        }
        format!(r#"<div class="axis" aria-hidden="true">{html}</div>"#)
    }
}

/// A chart and what stands around it. Texts are HTML, but for `label`, which is plain.
struct Panel<'a> {
    class: &'a str,
    title: &'a str,
    keys: String,
    /// What stands between title and chart.
    above: String,
    /// What a reader hears who does not see it.
    label: &'a str,
    drawing: String,
    labels: String,
}

type Of = fn(&Bin) -> u64;

const LINES: [(&str, Of); 3] = [
    ("longest", |bin| bin.latency.max_ns),
    ("p99", |bin| bin.latency.p99_ns),
    ("p50", |bin| bin.latency.p50_ns),
];

/// A rectangle of a path.
fn step(path: &mut String, from: f64, until: f64, top: f64, bottom: f64) {
    let _ = write!(path, "M{from:.2} {bottom:.2}V{top:.2}H{until:.2}V{bottom:.2}Z");
}

fn rule(y: f64) -> String {
    format!(r#"<line class="grid" x1="0" x2="{WIDTH}" y1="{y:.2}" y2="{y:.2}"/>"#)
}

fn y_label(y: f64, text: &str) -> String {
    format!(r#"<span class="y" style="top:{:.2}%">{text}</span>"#, y / HEIGHT * 100.0)
}

fn key(swatch: &str, name: &str) -> String {
    format!(
        r#"<span class="key"><svg viewBox="0 0 22 14" aria-hidden="true">{swatch}</svg>{name}</span>"#
    )
}

fn decade_label(ns: u64) -> &'static str {
    const LABELS: [&str; 12] = [
        "1 ns", "10 ns", "100 ns", "1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s",
        "10 s", "100 s",
    ];
    LABELS.get(ns.ilog10() as usize).copied().unwrap_or("")
}

/// The time between two ticks: a round one, about eight of which fit.
fn tick_length(length_ns: u64) -> u64 {
    const SECONDS: [f64; 15] = [
        0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0,
    ];
    let least = length_ns as f64 / 1e9 / 8.0;
    let seconds = SECONDS.into_iter().find(|&seconds| seconds >= least);
    (seconds.unwrap_or((least / 3_600.0).ceil() * 3_600.0) * 1e9) as u64
}

fn tick_label(at_ns: u64) -> String {
    let seconds = at_ns as f64 / 1e9;
    match seconds {
        ..120.0 => format!("{seconds} s"),
        ..7_200.0 => format!("{} min", seconds / 60.0),
        _ => format!("{} h", seconds / 3_600.0),
    }
}
