//! When the new came and the old went: versions, models and instances over the time of a run.
//!
//! Built from good answers only, by the time at which they arrived: what a user has in hand is what is
//! visible. A value that was not met for `absence` was gone; met again later, it came back. Time in which
//! nobody answered at all does not count as absence: nobody is gone because nothing could be seen.

use std::collections::{BTreeMap, BTreeSet};

use crate::latency::Quantiles;
use crate::sample::{Identity, Sample};

/// Values that are met in the first second, or by the first answers where those take longer, were there
/// before the run: with them, nothing has changed.
const FIRST_NS: u64 = 1_000_000_000;
const FIRST_ANSWERS: u64 = 100;

/// A part of an identity that can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    /// The running code.
    Version,
    /// The model's id.
    Model,
    /// The model's date.
    ModelDate,
    /// The processes or pods.
    Instance,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Version, Self::Model, Self::ModelDate, Self::Instance];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Model => "model",
            Self::ModelDate => "model date",
            Self::Instance => "instances",
        }
    }

    /// An identity's value of it.
    #[must_use]
    pub fn of(self, identity: &Identity) -> Option<&str> {
        match self {
            Self::Version => identity.version.as_deref(),
            Self::Model => identity.model.as_deref(),
            Self::ModelDate => identity.model_date.as_deref(),
            Self::Instance => identity.instance.as_deref(),
        }
    }
}

/// An answer in which something was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Sighting {
    /// When its request was due.
    pub intended_ns: u64,
    /// When it arrived.
    pub arrived_ns: u64,
}

impl From<&Sample> for Sighting {
    fn from(sample: &Sample) -> Self {
        Self { intended_ns: sample.intended_ns, arrived_ns: sample.arrived_ns() }
    }
}

/// A time during which a value was met without a break.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Presence {
    /// Of what.
    pub facet: Facet,
    /// The value.
    pub value: String,
    /// The first answer with it.
    pub first: Sighting,
    /// The last answer with it.
    pub last: Sighting,
    /// How many answers had it.
    pub answers: u64,
    /// Whether it was there from the start.
    pub initial: bool,
}

/// A change that users saw.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// What changed.
    pub facet: Facet,
    /// The values before.
    pub from: Vec<String>,
    /// The values after.
    pub to: Vec<String>,
    /// The first answer with the new; absent where instances only left.
    pub first_new: Option<Sighting>,
    /// The last answer with the old; absent where instances only came.
    pub last_old: Option<Sighting>,
    /// How long answers came from both.
    pub mixed_ns: u64,
    /// Whether the old was gone before the run ended.
    pub complete: bool,
    /// When each instance changed (not for the change of instances themselves).
    pub instances: Vec<Switch>,
    /// Latency from the change before this one to this one.
    pub before: Quantiles,
    /// Latency while old and new were mixed.
    pub during: Quantiles,
    /// Latency from this change to the next one.
    pub after: Quantiles,
}

impl Event {
    /// When it began and ended.
    #[must_use]
    pub fn span_ns(&self) -> (u64, u64) {
        let first = self.first_new.map(|sighting| sighting.arrived_ns);
        let last = self.last_old.map(|sighting| sighting.arrived_ns);
        let begin = first.or(last).unwrap_or(0);
        // A clean switch ends as it begins; instances may leave before others come.
        match last {
            Some(last) if self.facet == Facet::Instance => (begin.min(last), begin.max(last)),
            Some(last) => (begin, begin.max(last)),
            None => (begin, begin),
        }
    }
}

/// An instance's part in a change.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Switch {
    /// Which.
    pub instance: String,
    /// Its first answer with the new.
    pub first_new: Option<Sighting>,
    /// Its last answer with the old.
    pub last_old: Option<Sighting>,
}

/// The good answers of a run, in the order in which they arrived.
pub struct Timeline<'a> {
    answers: Vec<&'a Sample>,
    identities: &'a [Identity],
    absence_ns: u64,
    /// Pauses between answers that are longer than `absence`: from when, until when.
    dark: Vec<(u64, u64)>,
}

impl<'a> Timeline<'a> {
    /// The timeline of these samples, in which what is not met for `absence_ns` is gone.
    #[must_use]
    pub fn new(samples: &'a [Sample], identities: &'a [Identity], absence_ns: u64) -> Self {
        let mut answers: Vec<_> = samples.iter().filter(|sample| sample.outcome.is_ok()).collect();
        answers.sort_by_key(|sample| sample.arrived_ns());
        let dark = answers
            .windows(2)
            .map(|pair| (pair[0].arrived_ns(), pair[1].arrived_ns()))
            .filter(|(from, until)| until - from > absence_ns)
            .collect();
        Self { answers, identities, absence_ns, dark }
    }

    /// Whether something last met at one time was gone by a later one.
    fn is_gone_by(&self, last_ns: u64, now_ns: u64) -> bool {
        let unseen =
            |(from, until): &(u64, u64)| (*until).min(now_ns).saturating_sub((*from).max(last_ns));
        let dark: u64 = self.dark.iter().map(unseen).sum();
        now_ns.saturating_sub(last_ns) - dark > self.absence_ns
    }

    /// Whether something last met then was gone, rather than just not met again before the last answer.
    pub(crate) fn is_gone(&self, last_ns: u64) -> bool {
        let end = self.answers.last().map_or(0, |last| last.arrived_ns());
        self.is_gone_by(last_ns, end)
    }

    fn value(&self, facet: Facet, sample: &Sample) -> Option<&'a str> {
        facet.of(&self.identities[sample.identity?.index()])
    }

    /// When each value of the facet was there, in the order in which they came.
    #[must_use]
    pub fn presences(&self, facet: Facet) -> Vec<Presence> {
        let mut presences: Vec<Presence> = Vec::new();
        let mut latest = BTreeMap::<&str, usize>::new();
        let mut answers = 0;
        for &sample in &self.answers {
            answers += 1;
            let Some(value) = self.value(facet, sample) else {
                continue;
            };
            let sighting = Sighting::from(sample);
            let at = sighting.arrived_ns;
            let current = latest
                .get(value)
                .map(|&index| &mut presences[index])
                .filter(|presence| !self.is_gone_by(presence.last.arrived_ns, at));
            if let Some(presence) = current {
                presence.last = sighting;
                presence.answers += 1;
                continue;
            }
            latest.insert(value, presences.len());
            presences.push(Presence {
                facet,
                value: value.to_owned(),
                first: sighting,
                last: sighting,
                answers: 1,
                initial: presences.is_empty() || at <= FIRST_NS || answers <= FIRST_ANSWERS,
            });
        }
        presences
    }

    /// What changed, in the order in which it did.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for facet in Facet::ALL {
            let presences = self.presences(facet);
            let mut changes = match facet {
                Facet::Instance => self.instance_changes(&presences),
                _ => self.value_changes(facet, &presences),
            };
            self.add_latency(&mut changes);
            events.append(&mut changes);
        }
        events.sort_by_key(|event| (event.span_ns(), event.facet));
        events
    }

    /// Each value that came later is a change, from those that were there when it came.
    fn value_changes(&self, facet: Facet, presences: &[Presence]) -> Vec<Event> {
        let mut changes = Vec::new();
        for (index, new) in presences.iter().enumerate().filter(|(_, new)| !new.initial) {
            let came = new.first.arrived_ns;
            let others = || presences[..index].iter().filter(|old| old.value != new.value);
            let mut old: Vec<_> = others().filter(|old| old.last.arrived_ns >= came).collect();
            if old.is_empty() {
                old.extend(others().max_by_key(|old| old.last.arrived_ns));
            }
            let last = old.iter().max_by_key(|old| old.last.arrived_ns);
            let last_old = last.map(|old| old.last);
            let left = last_old.map_or(0, |last| last.arrived_ns);
            changes.push(Event {
                facet,
                from: names(old.iter().copied()),
                to: vec![new.value.clone()],
                first_new: Some(new.first),
                last_old,
                mixed_ns: left.saturating_sub(came),
                complete: self.is_gone(left),
                instances: self.switches(facet, new, &old),
                before: Quantiles::default(),
                during: Quantiles::default(),
                after: Quantiles::default(),
            });
        }
        changes
    }

    /// When each instance gave its last answer with the old and its first with the new.
    fn switches(&self, facet: Facet, new: &Presence, old: &[&Presence]) -> Vec<Switch> {
        let mut switches = BTreeMap::<&str, Switch>::new();
        for &sample in &self.answers {
            let (Some(value), Some(instance)) =
                (self.value(facet, sample), self.value(Facet::Instance, sample))
            else {
                continue;
            };
            let at = sample.arrived_ns();
            let within = |presence: &Presence| {
                presence.value == value
                    && (presence.first.arrived_ns..=presence.last.arrived_ns).contains(&at)
            };
            let is_new = within(new);
            if !is_new && !old.iter().any(|old| within(old)) {
                continue;
            }
            let switch = switches.entry(instance).or_insert_with(|| Switch {
                instance: instance.to_owned(),
                first_new: None,
                last_old: None,
            });
            if is_new {
                switch.first_new.get_or_insert(sample.into());
            } else {
                switch.last_old = Some(sample.into());
            }
        }
        switches.into_values().collect()
    }

    /// Instances come and go one by one; what happens with no pause of `absence` between is one change.
    fn instance_changes(&self, presences: &[Presence]) -> Vec<Event> {
        let came = presences.iter().filter(|presence| !presence.initial);
        let left = presences.iter().filter(|presence| self.is_gone(presence.last.arrived_ns));
        let mut moments: Vec<u64> = came
            .map(|presence| presence.first.arrived_ns)
            .chain(left.map(|presence| presence.last.arrived_ns))
            .collect();
        moments.sort_unstable();
        moments
            .chunk_by(|one, next| next - one <= self.absence_ns)
            .map(|change| self.instance_change(presences, change[0], change[change.len() - 1]))
            .collect()
    }

    fn instance_change(&self, presences: &[Presence], begin: u64, end: u64) -> Event {
        let came = |presence: &&Presence| {
            !presence.initial && (begin..=end).contains(&presence.first.arrived_ns)
        };
        let left = |presence: &&Presence| {
            let last = presence.last.arrived_ns;
            self.is_gone(last) && (begin..=end).contains(&last)
        };
        let there_before =
            |presence: &&Presence| presence.first.arrived_ns < begin || presence.initial;
        let from = presences
            .iter()
            .filter(there_before)
            .filter(|presence| presence.last.arrived_ns >= begin);
        let to = presences.iter().filter(|presence| presence.first.arrived_ns <= end).filter(
            |presence| !self.is_gone(presence.last.arrived_ns) || presence.last.arrived_ns > end,
        );
        let first_new = presences.iter().find(came).map(|presence| presence.first);
        let gone = presences.iter().filter(left).map(|presence| presence.last);
        let last_old = gone.max_by_key(|last| last.arrived_ns);
        let mixed = first_new
            .zip(last_old)
            .map_or(0, |(first, last)| last.arrived_ns.saturating_sub(first.arrived_ns));
        Event {
            facet: Facet::Instance,
            from: names(from),
            to: names(to),
            first_new,
            last_old,
            mixed_ns: mixed,
            complete: self.is_gone(end),
            instances: Vec::new(),
            before: Quantiles::default(),
            during: Quantiles::default(),
            after: Quantiles::default(),
        }
    }

    fn add_latency(&self, changes: &mut [Event]) {
        let spans: Vec<_> = changes.iter().map(Event::span_ns).collect();
        for (index, change) in changes.iter_mut().enumerate() {
            let (begin, end) = spans[index];
            let previous = spans[..index].last().map_or(0, |&(_, end)| end);
            let next = spans.get(index + 1).map_or(u64::MAX, |&(begin, _)| begin);
            change.before = self.latency(previous, begin);
            change.during = self.latency(begin, end);
            change.after = self.latency(end, next);
        }
    }

    /// The latency of answers that arrived from one time until just before another.
    fn latency(&self, from_ns: u64, until_ns: u64) -> Quantiles {
        let place = |at| self.answers.partition_point(|sample| sample.arrived_ns() < at);
        let answers = &self.answers[place(from_ns)..place(until_ns.max(from_ns))];
        Quantiles::of(answers.iter().map(|sample| sample.latency_ns))
    }
}

fn names<'a>(presences: impl Iterator<Item = &'a Presence>) -> Vec<String> {
    let names: BTreeSet<_> = presences.map(|presence| presence.value.clone()).collect();
    names.into_iter().collect()
}

#[cfg(test)]
mod tests;
