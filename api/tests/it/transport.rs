//! What clients do to connections: slowly, in pieces, halfway, too many at once.

use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use segue_api::{Api, Config, UnixSocket};
use tokio_util::sync::CancellationToken;

use crate::support::client::{Connection, get, post, request};
use crate::support::instance::Instance;
use crate::support::{SOON, wait_until};

const QUESTION: &str = r#"{"songs": ["Yesterday"], "limit": 1}"#;

#[test]
fn a_chunked_body_is_read_however_it_is_cut() {
    let instance = Instance::ready();
    for size in [1, 7, 1000] {
        let mut connection = Connection::open(instance.address);
        connection
            .send("POST /api/recommend HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n");
        for piece in QUESTION.as_bytes().chunks(size) {
            connection.send(format!("{:x}\r\n", piece.len()));
            connection.send(piece);
            connection.send("\r\n");
        }
        connection.send("0\r\n\r\n");
        let answer = connection.receive();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["songs"][0], "Let It Be");
    }
}

#[test]
fn a_question_that_is_refused_ends_its_connection_where_its_body_has_not_come() {
    let instance = Instance::ready_with(|config| config.max_delay = Duration::from_nanos(1));
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    let head = &question[..question.len() - QUESTION.len()];
    // Work always waits longer than that, once any has been seen to wait.
    wait_until("questions are refused", || {
        post(instance.address, "/api/recommend", QUESTION).status == 503
    });
    let mut connection = Connection::open(instance.address);
    for _ in 0..2 {
        connection.send(&question);
        let answer = connection.receive();
        assert_eq!((answer.status, answer.header("connection")), (503, None));
    }
    connection.send(head);
    let answer = connection.receive();
    assert_eq!((answer.status, answer.header("connection")), (503, Some("close")));
}

#[test]
fn a_request_that_comes_byte_by_byte_is_answered() {
    let instance = Instance::ready();
    let mut connection = Connection::open(instance.address);
    for byte in request("POST", "/api/recommender", QUESTION.as_bytes()) {
        connection.send([byte]);
    }
    assert_eq!(connection.receive().status, 200);
}

#[test]
fn many_requests_go_over_one_connection_and_several_at_once() {
    let instance = Instance::ready();
    let mut connection = Connection::open(instance.address);
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    for _ in 0..3 {
        connection.send(question.repeat(4));
        for _ in 0..4 {
            assert_eq!(connection.receive().status, 200);
        }
    }
}

#[test]
fn a_wrong_request_does_not_cost_the_connection() {
    let instance = Instance::ready();
    let mut connection = Connection::open(instance.address);
    for (method, path, body, status) in [
        ("POST", "/api/recommend", "{", 400),
        ("POST", "/api/recommend", "[]", 422),
        ("PUT", "/api/recommend", "", 405),
        ("POST", "/nowhere", "", 404),
        ("POST", "/api/recommend", QUESTION, 200),
    ] {
        connection.send(request(method, path, body.as_bytes()));
        assert_eq!(connection.receive().status, status, "{method} {path} {body}");
    }
}

#[test]
fn a_head_that_does_not_end_is_not_read_for_ever() {
    let instance = Instance::ready();
    let mut endless = Connection::open(instance.address);
    let start = "GET /healthz HTTP/1.1\r\nhost: segue\r\nx-endless: ";
    endless.send(start.to_owned() + &"x".repeat((64 << 10) - start.len()));
    assert_eq!(endless.try_receive(false).unwrap().status, 431);
    assert!(endless.is_closed());
}

#[test]
fn a_head_that_does_not_come_in_time_costs_the_connection() {
    let instance = Instance::ready_with(|config| config.header_timeout = Duration::from_secs(1));
    let mut slow = Connection::open(instance.address);
    slow.send("POST /api/recommend HTTP/1.1\r\nhost: s");
    let mut silent = Connection::open(instance.address);
    let mut idle = Connection::open(instance.address);
    idle.send(request("GET", "/healthz", b""));
    assert_eq!(idle.receive().status, 200);
    assert!(slow.is_closed() && silent.is_closed() && idle.is_closed());
}

#[test]
fn a_body_that_does_not_come_in_time_is_408() {
    let instance = Instance::ready_with(|config| config.body_timeout = Duration::from_millis(200));
    let mut connection = Connection::open(instance.address);
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    connection.send(&question[..question.len() - 1]);
    let answer = connection.receive();
    assert_eq!((answer.status, &*answer.error_code()), (408, "body_too_slow"));
    assert!(connection.is_closed());
}

#[test]
fn a_client_that_does_not_read_is_given_up_at_a_unix_socket_too() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("s");
    let mut config = Config::new(folder.path().join("models"));
    config.send_timeout = Duration::from_millis(200);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.spawn({
        let _inside = runtime.enter();
        let socket = UnixSocket::bind(&path).unwrap();
        Api::new(config).run(socket, None, CancellationToken::new())
    });
    let mut deaf = UnixStream::connect(&path).unwrap();
    deaf.set_write_timeout(Some(SOON)).unwrap();
    let question = request("GET", "/openapi.json", b"");
    let ended = loop {
        if let Err(error) = deaf.write_all(&question) {
            break error.kind();
        }
    };
    assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&ended), "{ended}");
}

#[test]
fn a_client_that_leaves_in_the_middle_hurts_nobody() {
    let instance = Instance::ready();
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    for length in 1..question.len() {
        Connection::open(instance.address).send(&question[..length]);
    }
    assert_eq!(post(instance.address, "/api/recommend", QUESTION).status, 200);
}

#[test]
fn connections_above_the_bound_wait_their_turn() {
    let instance = Instance::ready_with(|config| config.max_connections = 2.try_into().unwrap());
    let mut held: Vec<Connection> = (0..2).map(|_| Connection::open(instance.address)).collect();
    for connection in &mut held {
        connection.send(request("GET", "/healthz", b""));
        assert_eq!(connection.receive().status, 200);
    }
    // The system takes it in; its request waits.
    let mut waiting = Connection::open(instance.address);
    waiting.send(request("GET", "/healthz", b""));
    for _ in 0..200 {
        held[0].send(request("GET", "/metrics", b""));
        let figures = String::from_utf8(held[0].receive().body).unwrap();
        assert!(figures.contains("\nsegue_connections 2\n"), "there is no place for it: {figures}");
    }
    drop(held);
    assert_eq!(waiting.receive().status, 200);
}

#[test]
fn what_proxies_are_asked_is_404() {
    let instance = Instance::ready();
    for target in ["CONNECT s:1", "GET s:1", "POST s:1", "OPTIONS *", "GET http://s/nowhere"] {
        let mut connection = Connection::open(instance.address);
        connection.send(format!("{target} HTTP/1.1\r\nhost: s\r\n\r\n"));
        let answer = connection.receive();
        assert_eq!((answer.status, &*answer.error_code()), (404, "not_found"), "{target}");
    }
    assert_eq!(get(instance.address, "/healthz").status, 200);
}

#[test]
fn what_is_no_http_is_refused() {
    let instance = Instance::ready();
    for nonsense in ["\x16\x03\x01\x02\x00\x01", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n"] {
        let mut connection = Connection::open(instance.address);
        connection.send(nonsense);
        let refused = connection.try_receive(false).is_ok_and(|answer| answer.status >= 400);
        assert!(refused || connection.is_closed(), "{nonsense:?}");
    }
    assert_eq!(get(instance.address, "/healthz").status, 200);
}
