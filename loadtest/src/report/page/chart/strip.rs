//! Who answered, over time: shares of versions and models, and a row for each instance.

use std::fmt::Write;

use super::{Frame, HEIGHT, Panel, escape, key, step};
use crate::series::Share;
use crate::timeline::{Facet, Presence};

/// A label narrower than this share of the chart would not be readable.
const NARROWEST_LABEL: f64 = 0.08;

/// How many instances get a row of their own.
const MOST_ROWS: usize = 16;

/// How many colors there are for versions and models.
const COLORS: usize = 6;

impl Frame<'_> {
    /// Which versions or models the answers came from, as shares of all.
    pub(super) fn shares(&self, facet: Facet) -> String {
        let series = &self.report.series;
        let shares: Vec<_> = series.shares.iter().filter(|share| share.facet == facet).collect();
        if shares.is_empty() {
            return String::new();
        }
        let mut paths = vec![String::new(); shares.len()];
        for (place, bin) in series.bins.iter().enumerate() {
            let total: u64 = shares.iter().map(|share| share.answers[place]).sum();
            let (from, until) = self.edges(bin);
            let mut below = 0;
            for (path, share) in paths.iter_mut().zip(&shares) {
                let answers = share.answers[place];
                if answers > 0 {
                    let y = |sum: u64| HEIGHT - sum as f64 / total as f64 * HEIGHT;
                    step(path, from, until, y(below + answers), y(below));
                    below += answers;
                }
            }
        }
        let (mut drawing, mut keys, mut labels) = (String::new(), String::new(), String::new());
        for (place, (path, share)) in paths.iter().zip(&shares).enumerate() {
            let class = format!("share{}", place % COLORS);
            let _ = write!(drawing, r#"<path class="{class}" d="{path}"/>"#);
            let swatch = format!(r#"<rect class="{class}" width="22" height="14"/>"#);
            keys.push_str(&key(&swatch, &escape(&share.value)));
            labels.push_str(&self.strip_label(share, &shares));
        }
        let names: Vec<_> = shares.iter().map(|share| share.value.as_str()).collect();
        let (title, what) = match facet {
            Facet::Version => ("Version", "versions"),
            _ => ("Model", "models"),
        };
        self.panel(&Panel {
            class: "strip",
            title,
            keys,
            above: String::new(),
            label: &format!("Answers came from these {what}, in this order: {}", names.join(", ")),
            drawing,
            labels,
        })
    }

    /// A value's name over the longest stretch in which most answers had it, where that has room for it.
    fn strip_label(&self, share: &Share, all: &[&Share]) -> String {
        let most = |place: usize| {
            let total: u64 = all.iter().map(|share| share.answers[place]).sum();
            share.answers[place] * 2 > total
        };
        let (mut best, mut begin) = (0..0, 0);
        for place in 0..=share.answers.len() {
            if place == share.answers.len() || !most(place) {
                if place - begin > best.len() {
                    best = begin..place;
                }
                begin = place + 1;
            }
        }
        let bin_ns = self.report.series.bin_ns;
        let (from, until) = (best.start as u64 * bin_ns, best.end as u64 * bin_ns);
        if self.share(until) - self.share(from) < NARROWEST_LABEL {
            return String::new();
        }
        let (left, width) = (self.left(from), (self.share(until) - self.share(from)) * 100.0);
        let name = escape(&share.value);
        format!(r#"<span class="name" style="{left};width:{width:.2}%">{name}</span>"#)
    }

    pub(super) fn instances(&self) -> String {
        let of_instance = |presence: &&Presence| presence.facet == Facet::Instance;
        let presences: Vec<_> = self.report.presences.iter().filter(of_instance).collect();
        let mut names: Vec<&str> = Vec::new();
        for presence in &presences {
            if !names.contains(&presence.value.as_str()) {
                names.push(&presence.value);
            }
        }
        if names.is_empty() {
            return String::new();
        }
        let mut rows = String::new();
        for &name in names.iter().take(MOST_ROWS) {
            let _ = write!(rows, r#"<div class="row">"#);
            for presence in presences.iter().filter(|presence| presence.value == name) {
                let (from, until) = (presence.first.arrived_ns, presence.last.arrived_ns);
                let width = ((self.share(until) - self.share(from)) * 100.0).max(0.2);
                let _ = write!(rows, r#"<i style="{};width:{width:.2}%"></i>"#, self.left(from));
            }
            let _ = write!(rows, "<span>{}</span></div>", escape(name));
        }
        let more = match names.len().saturating_sub(MOST_ROWS) {
            0 => String::new(),
            more => format!(r#"<p class="soft">and {more} more, in the table below</p>"#),
        };
        format!(
            r#"<div class="panel"><div class="head"><h3>Instances that answered</h3></div><div class="plot rows">{rows}<svg viewBox="0 0 1000 100" preserveAspectRatio="none" aria-hidden="true">{}</svg></div>{more}</div>"#,
            self.crossing()
        )
    }
}
