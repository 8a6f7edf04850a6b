//! Changes worked out by hand, and presences against their definition.

use proptest::prelude::*;

use super::*;
use crate::recording::Recording;
use crate::sample::Outcome;

const SECOND: u64 = 1_000_000_000;
const LATENCY: u64 = 5_000_000;

/// A hundred requests a second, each answered after 5 ms by instance, version and model.
fn run(seconds: u64, who: impl Fn(u64) -> [&'static str; 3]) -> Recording {
    Recording::of(100, seconds * 100, |index| (Outcome::Ok, LATENCY, who(index)))
}

fn events_of(recording: &Recording, absence_ns: u64) -> Vec<Event> {
    Timeline::new(&recording.samples, &recording.identities, absence_ns).events()
}

/// When the answer to request `index` of such a run arrived.
fn arrival(index: u64) -> u64 {
    index * SECOND / 100 + LATENCY
}

#[test]
fn a_clean_switch_is_never_mixed() {
    let recording = run(6, |index| ["a", if index < 300 { "1" } else { "2" }, "m"]);
    let events = events_of(&recording, SECOND);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.facet, Facet::Version);
    assert_eq!((&event.from[..], &event.to[..]), (&["1".to_owned()][..], &["2".to_owned()][..]));
    assert_eq!(event.first_new.map(|s| s.arrived_ns), Some(arrival(300)));
    assert_eq!(event.last_old.map(|s| s.arrived_ns), Some(arrival(299)));
    assert_eq!(event.mixed_ns, 0);
    assert!(event.complete);
    assert_eq!((event.before.count, event.during.count, event.after.count), (300, 0, 300));
}

#[test]
fn a_rolling_replacement_is_a_mixed_change_of_version_and_of_the_set() {
    // a leaves for c at 3.00 s, b for d at 4.01 s.
    let recording = run(7, |index| match (index % 2, index) {
        (0, ..300) => ["a", "1", "m"],
        (0, _) => ["c", "2", "m"],
        (_, ..400) => ["b", "1", "m"],
        (_, _) => ["d", "2", "m"],
    });
    let events = events_of(&recording, 2 * SECOND);
    let [version, instances] = &events[..] else { panic!("{events:?}") };
    assert_eq!(version.facet, Facet::Version);
    assert_eq!(version.mixed_ns, arrival(399) - arrival(300));
    assert_eq!(version.instances.len(), 4);
    assert_eq!(instances.facet, Facet::Instance);
    assert_eq!(
        (&instances.from[..], &instances.to[..]),
        (&["a", "b"].map(str::to_owned)[..], &["c", "d"].map(str::to_owned)[..])
    );
    assert_eq!(instances.first_new.map(|s| s.arrived_ns), Some(arrival(300)));
    assert_eq!(instances.last_old.map(|s| s.arrived_ns), Some(arrival(399)));
    assert_eq!(instances.span_ns(), (arrival(300), arrival(399)));
}

#[test]
fn instances_that_only_leave_are_a_change_without_a_first_new() {
    let recording =
        run(6, |index| [if index < 250 && index % 2 == 0 { "a" } else { "b" }, "1", "m"]);
    let events = events_of(&recording, SECOND);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (&event.from[..], &event.to[..]),
        (&["a", "b"].map(str::to_owned)[..], &["b".to_owned()][..])
    );
    assert_eq!(event.first_new, None);
    assert_eq!(event.last_old.map(|s| s.arrived_ns), Some(arrival(248)));
    assert!(event.complete);
}

#[test]
fn going_back_to_an_old_version_is_a_change_like_any_other() {
    let recording = run(9, |index| ["a", if (300..600).contains(&index) { "2" } else { "1" }, "m"]);
    let events = events_of(&recording, SECOND);
    let [there, back] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&there.from[..], &there.to[..]), (&["1".to_owned()][..], &["2".to_owned()][..]));
    assert_eq!((&back.from[..], &back.to[..]), (&["2".to_owned()][..], &["1".to_owned()][..]));
    assert_eq!(back.last_old.map(|s| s.arrived_ns), Some(arrival(599)));
    assert_eq!(there.after.count, 300, "to the way back");
}

#[test]
fn a_time_in_which_nobody_answers_changes_nothing() {
    let recording = Recording::of(100, 900, |index| match index {
        300..600 => (Outcome::Refused, 1_000, ["", "", ""]),
        _ => (Outcome::Ok, LATENCY, ["a", "1", "m"]),
    });
    assert_eq!(events_of(&recording, SECOND), []);
}

#[test]
fn what_may_go_on_after_the_end_is_not_complete() {
    let recording =
        run(5, |index| ["a", if index >= 300 && index % 2 == 0 { "2" } else { "1" }, "m"]);
    let events = events_of(&recording, SECOND);
    let [event] = &events[..] else { panic!("{events:?}") };
    assert!(!event.complete);
    assert_eq!(event.mixed_ns, arrival(499) - arrival(300));
}

#[test]
fn what_is_met_in_the_first_second_was_there_before() {
    let recording = run(5, |index| {
        [["a", "b", "c"][(index % 3) as usize], if index == 50 { "2" } else { "1" }, "m"]
    });
    let events = events_of(&recording, 10 * SECOND);
    assert_eq!(events, []);
}

/// Time between two answers of those given, in which no pause was longer than `absence`.
fn lit(arrivals: &[u64], from: u64, until: u64, absence: u64) -> u64 {
    let gaps = arrivals.windows(2).filter(|pair| from <= pair[0] && pair[1] <= until);
    gaps.map(|pair| pair[1] - pair[0]).filter(|gap| *gap <= absence).sum()
}

proptest! {
    #[test]
    fn presences_are_the_longest_times_without_an_absence(
        steps in prop::collection::vec((0_usize..3, any::<bool>(), 0_u64..40_000_000, 0_u64..300_000_000), 1..150),
        absence in 1_u64..300_000_000,
    ) {
        // Outcomes, values, latencies and pauses as they come.
        let mut recording = Recording::of(100, steps.len() as u64, |index| {
            let (value, ok, latency, _) = steps[index as usize];
            let outcome = if ok { Outcome::Ok } else { Outcome::Reset };
            (outcome, latency, ["i", ["x", "y", "z"][value], "m"])
        });
        let mut at = 0;
        for (sample, step) in recording.samples.iter_mut().zip(&steps) {
            at += step.3;
            sample.intended_ns = at;
        }
        let timeline = Timeline::new(&recording.samples, &recording.identities, absence);
        let presences = timeline.presences(Facet::Version);

        let good = || recording.samples.iter().filter(|sample| sample.outcome.is_ok());
        let mut arrivals: Vec<u64> = good().map(Sample::arrived_ns).collect();
        arrivals.sort_unstable();
        let mut answers = 0;
        for value in ["x", "y", "z"] {
            let of_value = |s: &&Sample| recording.identities[s.identity.unwrap().index()].version.as_deref() == Some(value);
            let mut own: Vec<u64> = good().filter(of_value).map(Sample::arrived_ns).collect();
            own.sort_unstable();
            let mut expected: Vec<(u64, u64, u64)> = Vec::new();
            for at in own {
                match expected.last_mut() {
                    Some((_, last, n)) if lit(&arrivals, *last, at, absence) <= absence => (*last, *n) = (at, *n + 1),
                    _ => expected.push((at, at, 1)),
                }
            }
            let found: Vec<_> = presences
                .iter()
                .filter(|presence| presence.value == value)
                .map(|p| (p.first.arrived_ns, p.last.arrived_ns, p.answers))
                .collect();
            answers += found.iter().map(|found| found.2).sum::<u64>();
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(answers, arrivals.len() as u64);
        prop_assert!(presences.is_sorted_by_key(|presence| presence.first.arrived_ns));
    }

    #[test]
    fn every_good_answer_is_before_during_or_after_a_lone_change(
        change in 150_u64..700,
        mixed in 0_u64..200,
    ) {
        let recording = run(10, |index| {
            let new = index >= change + mixed || index >= change && index % 2 == 0;
            ["a", if new { "2" } else { "1" }, "m"]
        });
        let events = events_of(&recording, SECOND / 2);
        prop_assert_eq!(events.len(), 1);
        let event = &events[0];
        let counts = [event.before.count, event.during.count, event.after.count];
        prop_assert_eq!(counts.iter().sum::<u64>(), 1_000);
        let first = (change..1_000).find(|&index| index % 2 == 0 || index >= change + mixed);
        prop_assert_eq!(event.before.count, first.unwrap());
    }
}
