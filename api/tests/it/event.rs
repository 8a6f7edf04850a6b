//! The stream that tells of changes.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::client::{Connection, get, request};
use crate::support::instance::Instance;
use crate::support::playlists::Song;
use crate::support::{SOON, wait_until};

const OTHER: &[&[Song]] = &[&["The Beatles - Yesterday", "Nirvana - Lithium"]];

/// A client that listens.
struct Listener {
    lines: std::io::Lines<BufReader<TcpStream>>,
}

impl Listener {
    fn open(instance: &Instance) -> Self {
        let mut stream = TcpStream::connect(instance.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream.write_all(b"GET /api/events HTTP/1.1\r\nhost: segue\r\n\r\n").unwrap();
        let mut lines = BufReader::new(stream).lines();
        let head: Vec<String> =
            lines.by_ref().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        assert!(head[0].contains("200"), "{head:?}");
        assert!(head.iter().any(|line| line == "content-type: text/event-stream"), "{head:?}");
        Self { lines }
    }

    /// The next update; none where the stream has ended.
    fn next(&mut self) -> Option<Value> {
        let mut is_update = false;
        loop {
            let line = self.lines.next()?.unwrap();
            is_update |= line == "event:update";
            if let Some(data) = line.strip_prefix("data:") {
                assert!(is_update);
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }
}

#[test]
fn listeners_hear_what_is_served_and_every_change() {
    let instance = Instance::ready();
    let mut listeners = [Listener::open(&instance), Listener::open(&instance)];
    let first = instance.store.current().unwrap().unwrap().to_string();
    for listener in &mut listeners {
        let update = listener.next().unwrap();
        assert_eq!(update["model"], first);
        assert_eq!(update["version"], segue_process::VERSION);
        assert_eq!(update["model_date"], "1970-01-01T00:00:01Z");
    }
    let second = instance.promote(OTHER, 2);
    instance.reload(second).unwrap();
    for listener in &mut listeners {
        assert_eq!(listener.next().unwrap()["model"], second.to_string());
    }
}

#[test]
fn a_listener_may_come_before_the_first_model() {
    let instance = Instance::empty();
    let mut listener = Listener::open(&instance);
    let model = instance.promote(OTHER, 2);
    instance.reload(model).unwrap();
    assert_eq!(listener.next().unwrap()["model"], model.to_string());
}

#[test]
fn more_listeners_than_are_allowed_are_503() {
    let instance = Instance::ready_with(|config| config.max_event_streams = 1);
    let mut listener = Listener::open(&instance);
    assert!(listener.next().is_some());
    let refused = get(instance.address, "/api/events");
    assert_eq!((refused.status, &*refused.error_code()), (503, "overloaded"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    drop(listener);
    wait_until("there is a place again", || {
        let mut connection = Connection::open(instance.address);
        connection.send(request("GET", "/api/events", b""));
        connection.try_receive(false).unwrap().status == 200
    });
}

#[test]
fn streams_end_when_the_instance_stops_and_are_counted() {
    let mut instance = Instance::ready();
    let mut listener = Listener::open(&instance);
    assert!(listener.next().is_some());
    let streams = |instance: &Instance, count: u32| {
        let metrics = String::from_utf8(get(instance.address, "/metrics").body).unwrap();
        metrics.lines().any(|line| line == format!("segue_event_streams {count}"))
    };
    assert!(streams(&instance, 1));
    let gone = Listener::open(&instance);
    assert!(streams(&instance, 2));
    drop(gone);
    wait_until("the one that left is not counted", || streams(&instance, 1));
    instance.tell_to_stop();
    assert!(listener.next().is_none());
    instance.wait_until_stopped();
}
