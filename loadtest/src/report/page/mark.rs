//! The moments that the page's charts are marked at.

use crate::report::Report;
use crate::report::text::{changed_to, values};
use crate::report::unit::{moment, time};
use crate::timeline::Facet;

/// More would be a fence; the tables have all.
const MOST: usize = 9;

/// A moment worth a line through the charts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) at_ns: u64,
    pub(super) text: String,
}

/// The moments of a change that was made, or of those that were seen.
pub(super) fn marks(report: &Report) -> Vec<Mark> {
    let mut marks = match &report.change {
        Some(_) => of_change(report),
        None => of_events(report),
    };
    marks.sort_by_key(|mark| mark.at_ns);
    marks.truncate(MOST);
    marks
}

fn of_change(report: &Report) -> Vec<Mark> {
    let Some(change) = &report.change else {
        return Vec::new();
    };
    let after = |what: &str, since_ns: u64| Mark {
        at_ns: change.cue_ns + since_ns,
        text: format!("{what}, {} after the change was begun", time(since_ns)),
    };
    let mut marks = vec![Mark {
        at_ns: change.cue_ns,
        text: format!("the change is begun, at {}", moment(change.cue_ns)),
    }];
    // Done as soon as begun is one moment.
    if change.cue_length_ns > report.length_ns / 200 {
        marks.push(after("the change is made", change.cue_length_ns));
    }
    marks.extend(change.first_new_ns.map(|since| after("the first user sees it", since)));
    marks.extend(change.all_new_ns.map(|since| after("every user sees it", since)));
    marks
}

fn of_events(report: &Report) -> Vec<Mark> {
    let mut marks = Vec::new();
    for event in report.events.iter().filter(|event| event.facet != Facet::ModelDate) {
        let name = event.facet.name();
        let (begin, end) = event.span_ns();
        marks.push(Mark {
            at_ns: begin,
            text: format!(
                "{name} {} → {}, at {}",
                values(&event.from),
                changed_to(event),
                moment(begin)
            ),
        });
        if event.mixed_ns > report.length_ns / 200 {
            marks.push(Mark {
                at_ns: end,
                text: format!(
                    "the last answer from {name} {}, at {}",
                    values(&event.from),
                    moment(end)
                ),
            });
        }
    }
    marks
}
