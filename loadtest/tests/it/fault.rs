//! Failures at known requests: the report must find exactly those.

use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use segue_loadtest::load::Mode;
use segue_loadtest::outage::{Count, Window};
use segue_loadtest::recording::Recording;
use segue_loadtest::sample::Outcome;

use crate::support::{Reply, Service, WHO, plan, record, report};

const MOMENT: Duration = Duration::from_millis(500);

fn at_once(reply: Reply) -> (Duration, Reply) {
    (Duration::ZERO, reply)
}

fn count(outcome: Outcome, requests: u64) -> Count {
    Count { outcome, requests }
}

/// The requests that did not end well, by number.
fn failed(recording: &Recording) -> Vec<u64> {
    let failed = |(index, sample): (usize, &segue_loadtest::sample::Sample)| {
        (!sample.outcome.is_ok()).then_some(index as u64)
    };
    recording.samples.iter().enumerate().filter_map(failed).collect()
}

#[tokio::test]
async fn every_kind_of_failure_is_found_at_its_requests_and_nowhere_else() {
    let service = Service::start(|index| {
        at_once(match index {
            100..120 => Reply::Status(503, WHO),
            200..230 => Reply::Reset,
            300..303 => Reply::Close,
            400..410 => Reply::Body(r#"{"songs":["a"],"version":"1.0.0"}"#),
            500 => Reply::Cut,
            501..504 => Reply::Noise,
            600..605 => Reply::Silence,
            605..608 => Reply::Status(404, WHO),
            699 => Reply::Reset,
            _ => Reply::Good(WHO),
        })
    });
    let recording = record(plan(&service, 1_000, 700).await, |_| {}).await;
    let window = |from: u64, until: u64, causes: &[Count]| Window {
        from_ns: from * 1_000_000,
        until_ns: until * 1_000_000,
        open: until == 700,
        requests: until - from,
        causes: causes.to_vec(),
    };
    let report = report(&recording, MOMENT, MOMENT);
    assert_eq!(
        report.outages,
        [
            window(100, 120, &[count(Outcome::Status(503), 20)]),
            window(200, 230, &[count(Outcome::Reset, 30)]),
            window(300, 303, &[count(Outcome::Closed, 3)]),
            window(400, 410, &[count(Outcome::BadBody, 10)]),
            window(500, 504, &[count(Outcome::BadBody, 3), count(Outcome::Closed, 1)]),
            window(600, 608, &[count(Outcome::Timeout, 5), count(Outcome::Status(404), 3)]),
            window(699, 700, &[count(Outcome::Reset, 1)]),
        ]
    );
    assert_eq!(report.requests, 700);
    assert_eq!(report.failed, 20 + 30 + 3 + 10 + 4 + 8 + 1);
    assert_eq!(report.longest_outage_ns, 30_000_000);
    assert_eq!(report.outcomes.iter().map(|count| count.requests).sum::<u64>(), 700);
    assert_eq!(report.series.bins.iter().map(|bin| bin.failed).sum::<u64>(), report.failed);
    // Of these the heads came, which name the instance: statuses, bad bodies and the one that was cut.
    assert_eq!(report.instances[0].failed, 23 + 10 + 1);
}

#[tokio::test]
async fn a_service_that_stands_still_for_a_second_makes_a_thousand_requests_late() {
    const STALL: Duration = Duration::from_secs(1);
    const SLOW: Duration = Duration::from_millis(50);
    let until = Arc::new(OnceLock::<Instant>::new());
    let stalled = until.clone();
    let service = Service::start(move |index| {
        if index >= 300 {
            stalled.get_or_init(|| Instant::now() + STALL);
        }
        let left = stalled
            .get()
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
        (left, Reply::Good(WHO))
    });
    let recording = record(plan(&service, 1_000, 1_800).await, |_| {}).await;
    let end = until.get().unwrap().duration_since(recording.start);
    let begin = end - STALL;

    // Nobody whose request was due while it stood still was answered before it went on.
    let due_in_stall = |ns: u64| (begin..end).contains(&Duration::from_nanos(ns));
    let stalled = recording.samples.iter().filter(|sample| due_in_stall(sample.intended_ns));
    let stalled: Vec<_> = stalled.collect();
    assert!((999..=1_001).contains(&stalled.len()), "{}", stalled.len());
    for sample in stalled {
        assert!(Duration::from_nanos(sample.arrived_ns()) >= end);
        assert_eq!(sample.outcome, Outcome::Ok);
    }
    let report = report(&recording, SLOW, MOMENT);
    assert_eq!(report.failed, 0);
    assert!(report.slow.requests >= 949, "{}", report.slow.requests);
    let longest = report.slow.windows.iter().max_by_key(|window| window.length_ns()).unwrap();
    assert!(longest.from_ns <= u64::try_from(begin.as_nanos()).unwrap() + 1_000_000);
    assert!(longest.length_ns() >= 949_000_000);
    assert!(report.latency.p50_ns >= 100_000_000, "half of all waited");
}

#[tokio::test]
async fn requests_that_found_nobody_listening_are_exactly_those_that_never_arrived() {
    let service = Service::start(|_| at_once(Reply::Good(WHO)));
    let listening = service.listening();
    let mut plan = plan(&service, 500, 600).await;
    plan.mode = Mode::NewConnection;
    let mut closed = false;
    let recording = record(plan, |recording| {
        let due = recording.samples.len();
        if !closed && due >= 200 {
            closed = listening.send(false).is_ok();
        }
        if closed && due >= 350 {
            // Once is enough; it is no change to be told so again.
            listening.send_if_modified(|listens| !std::mem::replace(listens, true));
        }
    })
    .await;
    let log = service.log();
    let missing: Vec<_> = (0..600).filter(|index| !log.contains_key(index)).collect();
    assert!(missing.len() > 50, "{missing:?}");
    assert_eq!(failed(&recording), missing);
    let report = report(&recording, MOMENT, MOMENT);
    let refused = report.outcomes.iter().find(|count| count.outcome == Outcome::Refused);
    assert!(refused.unwrap().requests > 50);
    // A connection that was accepted for the process that went is reset rather than refused.
    let known = |c: &Count| matches!(c.outcome, Outcome::Ok | Outcome::Refused | Outcome::Reset);
    assert!(report.outcomes.iter().all(known), "{:?}", report.outcomes);
    let first = report.outages.first().unwrap();
    assert_eq!(first.from_ns, missing[0] * 2_000_000);
    let last = report.outages.last().unwrap();
    assert_eq!(last.until_ns, (missing[missing.len() - 1] + 1) * 2_000_000);
}

#[tokio::test]
async fn no_request_is_sent_twice_or_lost_however_connections_end() {
    let service = Service::start(|index| {
        at_once(match index % 10 {
            3 => Reply::Reset,
            5 => Reply::Close,
            7 => Reply::GoodAndClose(WHO),
            _ => Reply::Good(WHO),
        })
    });
    let mut plan = plan(&service, 2_000, 1_000).await;
    plan.mode = Mode::KeepAlive {
        connections: NonZeroUsize::new(8).unwrap(),
        renew: Duration::from_millis(20),
    };
    let recording = record(plan, |_| {}).await;
    assert_eq!(recording.samples.len(), 1_000);
    let log = service.log();
    assert!(log.keys().copied().eq(0..1_000));
    assert!(log.values().all(|arrivals| arrivals.len() == 1));
    let expected: Vec<_> = (0..1_000).filter(|index| [3, 5].contains(&(index % 10))).collect();
    assert_eq!(failed(&recording), expected);
}

#[tokio::test]
async fn past_the_bound_requests_wait_and_the_wait_counts() {
    let service = Service::start(|_| (Duration::from_millis(100), Reply::Good(WHO)));
    let mut plan = plan(&service, 100, 60).await;
    plan.max_connections = NonZeroUsize::new(5).unwrap();
    let recording = record(plan, |recording| {
        assert!(recording.samples.len() <= 60);
    })
    .await;
    // Five connections at a tenth of a second each answer fifty a second; a hundred are due.
    assert_eq!(recording.samples.len(), 60);
    assert!(recording.samples.iter().all(|sample| sample.outcome.is_ok()));
    let report = report(&recording, MOMENT, MOMENT);
    assert!(report.schedule.queued >= 50, "{}", report.schedule.queued);
    let last = recording.samples.last().unwrap();
    // Request 59, due at 0.59 s, is in the twelfth five; none of those ends before 1.2 s.
    assert!(last.latency_ns >= 600_000_000, "{}", last.latency_ns);
    assert_eq!(service.log().len(), 60);
}

#[tokio::test]
async fn requests_that_wait_for_a_connection_until_their_time_is_over_have_failed() {
    let service = Service::start(|_| at_once(Reply::Silence));
    let mut plan = plan(&service, 100, 20).await;
    plan.max_connections = NonZeroUsize::new(2).unwrap();
    plan.timeout = Duration::from_millis(300);
    let recording = record(plan, |_| {}).await;
    assert_eq!(recording.samples.len(), 20);
    let timed_out = |outcome| outcome == Outcome::Timeout;
    assert!(recording.samples.iter().all(|sample| timed_out(sample.outcome)));
    assert!(recording.samples.iter().all(|sample| sample.latency_ns >= 300_000_000));
}

#[tokio::test]
async fn a_load_that_is_stopped_sends_nothing_more_and_waits_for_what_it_sent() {
    use segue_loadtest::load::Load;

    let service = Service::start(|_| (Duration::from_millis(200), Reply::Good(WHO)));
    let plan = plan(&service, 200, u64::MAX).await;
    let mut recording = Recording::new(plan.schedule, Instant::now());
    let mut load = Load::start(plan).unwrap();
    while let Some(batch) = load.next().await {
        recording.add(batch);
        if recording.samples.len() >= 20 && !load.is_stopped() {
            load.stop();
        }
    }
    let usage = load.finish().unwrap();
    let recording = recording.end(usage);
    assert!(recording.samples.iter().all(|sample| sample.outcome.is_ok()));
    let sent: Vec<_> = service.log().into_keys().collect();
    assert_eq!(sent.len(), recording.samples.len());
    assert!(sent.iter().copied().eq(0..sent.len() as u64));
}
