//! Changes at known requests: the report must say when users saw them.

use std::time::Duration;

use segue_loadtest::timeline::{Event, Facet};

use crate::support::{Reply, Service, WHO, Who, plan, record, report};

const SLOW: Duration = Duration::from_secs(1);
// Longer than a busy machine makes anything wait.
const SETTLE: Duration = Duration::from_secs(2);
const MS: u64 = 1_000_000;

fn event(events: &[Event], facet: Facet) -> &Event {
    let mut found = events.iter().filter(|event| event.facet == facet);
    let event = found.next().unwrap();
    assert_eq!(found.next(), None);
    event
}

#[tokio::test]
async fn a_change_of_model_is_seen_per_instance_with_its_mixed_time() {
    let new = Who { model: "bbbb", ..WHO };
    // Two instances take turns; one changes at 1.2 s, the other at 1.4 s.
    let service = Service::start(move |index| {
        let (instance, change) = if index % 2 == 0 { ("api-0", 600) } else { ("api-1", 700) };
        let who = if index < change { WHO } else { new };
        (Duration::ZERO, Reply::Good(Who { instance, ..who }))
    });
    let recording = record(plan(&service, 500, 2_000).await, |_| {}).await;
    let report = report(&recording, SLOW, SETTLE);
    let change = event(&report.events, Facet::Model);
    assert_eq!((&change.from[..], &change.to[..]), (&["aaaa".into()][..], &["bbbb".into()][..]));
    let (first_new, last_old) = (change.first_new.unwrap(), change.last_old.unwrap());
    let last_arrival = |indices: std::ops::Range<usize>, remainder: usize| {
        let of_instance = indices.filter(|index| index % 2 == remainder);
        of_instance.map(|index| recording.samples[index].arrived_ns()).max().unwrap()
    };
    assert_eq!(last_old.arrived_ns, last_arrival(0..700, 1));
    assert_eq!(change.mixed_ns, last_old.arrived_ns - first_new.arrived_ns);
    assert!(change.complete);
    // By arrivals, whose order the network may change within a delay of its own.
    assert!(first_new.intended_ns >= 1_200 * MS && last_old.intended_ns < 1_400 * MS);
    let [zero, one] = &change.instances[..] else { panic!("{:?}", change.instances) };
    assert_eq!((zero.instance.as_str(), one.instance.as_str()), ("api-0", "api-1"));
    assert_eq!(zero.last_old.unwrap().arrived_ns, last_arrival(0..600, 0));
    assert_eq!(one.last_old.unwrap().arrived_ns, last_arrival(0..700, 1));
    assert!(zero.first_new.unwrap().intended_ns >= 1_200 * MS);
    assert!(one.first_new.unwrap().intended_ns >= 1_400 * MS);
    let phases = [change.before.count, change.during.count, change.after.count];
    assert_eq!(phases.iter().sum::<u64>(), 2_000);
    // The same answers had another date.
    let date = event(&report.events, Facet::ModelDate);
    assert_eq!(date.to, ["date of bbbb"]);
    assert!(report.events.iter().all(|event| event.facet != Facet::Version));
}

#[tokio::test]
async fn instances_that_come_and_go_are_one_change_of_the_set() {
    // At 1.2 s a third joins two; from 1.5 s the first is no more asked.
    let service = Service::start(|index| {
        let instance = match (index, index % 3) {
            (..600, 2) | (..750, 0) => "api-0",
            (..600, _) | (_, 1) => "api-1",
            _ => "api-2",
        };
        (Duration::ZERO, Reply::Good(Who { instance, ..WHO }))
    });
    let recording = record(plan(&service, 500, 2_200).await, |_| {}).await;
    let report = report(&recording, SLOW, SETTLE);
    let change = event(&report.events, Facet::Instance);
    assert_eq!(change.from, ["api-0", "api-1"]);
    assert_eq!(change.to, ["api-1", "api-2"]);
    // By arrivals, whose order the network may change within a delay of its own.
    assert!(change.first_new.unwrap().intended_ns >= 1_204 * MS);
    assert!(change.last_old.unwrap().intended_ns < 1_500 * MS);
    assert_eq!(report.instances.len(), 3);
    let answers: u64 = report.instances.iter().map(|instance| instance.ok).sum();
    assert_eq!(answers, 2_200);
}
