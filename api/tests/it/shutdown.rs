//! From being told to stop to having stopped.

use std::time::{Duration, Instant};

use crate::support::client::{Connection, get, post, request};
use crate::support::instance::Instance;
use crate::support::wait_until;

const QUESTION: &str = r#"{"songs": ["Yesterday"]}"#;

#[test]
fn a_lame_duck_is_unready_but_answers_old_and_new_connections_and_closes_them() {
    let mut instance = Instance::ready_with(|config| config.lame_duck = Duration::from_secs(2));
    let mut old = Connection::open(instance.address);
    old.send(request("GET", "/readyz", b""));
    assert_eq!(old.receive().status, 200);

    instance.tell_to_stop();
    wait_until("it is unready", || !instance.status().ready);
    let unready = get(instance.address, "/readyz");
    assert_eq!((unready.status, &*unready.error_code()), (503, "stopping"));
    assert_eq!(get(instance.address, "/healthz").status, 200);
    old.send(request("POST", "/api/recommend", QUESTION.as_bytes()));
    let answer = old.receive();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert!(old.is_closed());
    let answer = post(instance.address, "/api/recommend", QUESTION);
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));

    instance.wait_until_stopped();
    assert!(Connection::try_open(instance.address).is_err());
    assert!(!instance.socket.exists());
}

/// A connection on which a question has been begun and read, and the rest of the question.
fn under_way(instance: &Instance) -> (Connection, Vec<u8>) {
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    let (start, rest) = question.split_at(question.len() - 3);
    let mut connection = Connection::open(instance.address);
    // In one piece with a request before it: that one's answer shows that all of it has come.
    connection.send([&request("GET", "/healthz", b"")[..], start].concat());
    assert_eq!(connection.receive().status, 200);
    (connection, rest.to_vec())
}

#[test]
fn what_is_under_way_is_answered_before_it_stops() {
    let mut instance = Instance::ready();
    let (mut connection, rest) = under_way(&instance);
    instance.tell_to_stop();
    wait_until("it takes no more connections", || Connection::try_open(instance.address).is_err());
    assert!(!instance.has_stopped());
    connection.send(rest);
    assert_eq!(connection.receive().status, 200);
    instance.wait_until_stopped();
}

#[test]
fn a_body_that_is_still_missing_at_the_deadline_is_cut_off() {
    let mut instance = Instance::ready_with(|config| config.drain = Duration::from_millis(400));
    let (mut connection, _) = under_way(&instance);
    let told = Instant::now();
    instance.tell_to_stop();
    instance.wait_until_stopped();
    assert!(told.elapsed() >= Duration::from_millis(400), "it was given its time");
    assert!(connection.is_closed());
}

#[test]
fn an_idle_instance_stops_at_once() {
    let mut instance = Instance::ready_with(|config| config.drain = Duration::from_secs(3600));
    let mut idle = Connection::open(instance.address);
    idle.send(request("GET", "/healthz", b""));
    assert_eq!(idle.receive().status, 200);
    instance.tell_to_stop();
    instance.wait_until_stopped();
    assert!(idle.is_closed());
}
