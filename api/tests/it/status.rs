//! Every status that a request can get, and what comes with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::client::{Connection, ask, get, post, request};
use crate::support::instance::Instance;
use crate::support::{SOON, wait_until};

#[test]
fn malformed_json_is_400_with_line_and_column() {
    let instance = Instance::ready();
    let answer = post(instance.address, "/api/recommend", "{\"songs\":\n [\"Yesterday\"");
    assert_eq!((answer.status, &*answer.error_code()), (400, "malformed_json"));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("line 2, column 13"), "{message}");
    assert_eq!(post(instance.address, "/api/recommend", "").status, 400);
    assert_eq!(post(instance.address, "/api/recommend", b"{\"songs\": [\"\xff\"]}").status, 400);
}

#[test]
fn wrong_types_and_bounds_are_422_and_named() {
    let instance = Instance::ready();
    let check = |body: &str, named: &str| {
        let answer = post(instance.address, "/api/recommend", body);
        assert_eq!((answer.status, &*answer.error_code()), (422, "unprocessable"), "{body}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(named), "{body}: {message}");
    };
    check("[]", "expected an object");
    check("{}", "missing field `songs`");
    check(r#"{"songs": "Yesterday"}"#, "expected `songs` to be a list of texts");
    check(r#"{"songs": [7]}"#, "integer `7`");
    check(r#"{"songs": [], "limit": 501}"#, "from 1 to 500");
    check(r#"{"songs": [], "explain": "yes"}"#, "`explain`");
    let many = json!({ "songs": vec!["a"; 1001] }).to_string();
    check(&many, "at most 1000 `songs`, found 1001");
    assert_eq!(get(instance.address, "/api/songs?q=a&limit=many").status, 422);

    // Long nonsense is not sent back as a whole.
    let long = format!("🎵{}", "9".repeat(50_000));
    check(&json!({ "songs": long }).to_string(), r#"🎵9999"#);
    let answer = post(instance.address, "/api/recommend", json!({ "songs": long }).to_string());
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.len() < 300 && message.contains("`songs` to be a list"), "{message}");
}

#[test]
fn a_body_that_is_not_read_ends_the_connection_which_the_answer_says() {
    let instance = Instance::ready();
    for (method, path, status) in
        [("POST", "/nowhere", 404), ("POST", "/api/songs", 405), ("PUT", "/api/recommend", 405)]
    {
        for (length, closes) in [(0, false), (1_000, true), (300_000, true)] {
            let mut connection = Connection::open(instance.address);
            connection.send(request(method, path, "x".repeat(length).as_bytes()));
            let answer = connection.receive();
            assert_eq!(answer.status, status);
            assert_eq!(answer.header("connection") == Some("close"), closes, "{path} {length}");
            if !closes {
                connection.send(request("GET", "/healthz", b""));
                assert_eq!(connection.receive().status, 200);
            }
        }
    }
}

#[test]
fn unknown_paths_are_404_and_wrong_methods_405_with_allow() {
    let instance = Instance::ready();
    for path in ["/nowhere", "/api", "/api/recommend/more", "//", "/api/songs/x"] {
        let answer = get(instance.address, path);
        assert_eq!((answer.status, &*answer.error_code()), (404, "not_found"), "{path}");
    }
    assert_eq!(post(instance.address, "/nowhere", "{}").status, 404);
    for (method, path, allow) in [
        ("GET", "/api/recommend", "POST"),
        ("PUT", "/api/recommender", "POST"),
        ("POST", "/api/songs", "GET, HEAD"),
        ("DELETE", "/api/model", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("PATCH", "/readyz", "GET, HEAD"),
    ] {
        let answer = ask(instance.address, method, path, "");
        assert_eq!((answer.status, &*answer.error_code()), (405, "method_not_allowed"), "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
}

#[test]
fn head_is_answered_where_get_is() {
    let instance = Instance::ready();
    for path in ["/api/songs?q=a", "/api/model", "/healthz", "/readyz"] {
        let head = ask(instance.address, "HEAD", path, "");
        let get = get(instance.address, path);
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
    }
}

#[test]
fn any_content_type_will_do() {
    let instance = Instance::ready();
    for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded", "?"]
    {
        let body = r#"{"songs": []}"#;
        let mut connection = Connection::open(instance.address);
        connection.send(format!(
            "POST /api/recommend HTTP/1.1\r\nhost: s\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
        assert_eq!(connection.receive().status, 200, "{content_type}");
    }
}

#[test]
fn too_large_a_body_is_413_with_or_without_a_length() {
    let instance = Instance::ready_with(|config| config.max_body = 1000);
    let songs = |length: usize| format!(r#"{{"songs": ["{}"]}}"#, "x".repeat(length - 15));
    assert_eq!(post(instance.address, "/api/recommend", songs(1000)).status, 200);
    // Also where it is so large that the client is still sending when it is refused.
    for length in [1001, 100_000] {
        let answer = post(instance.address, "/api/recommend", songs(length));
        assert_eq!((answer.status, &*answer.error_code()), (413, "body_too_large"));
        assert_eq!(answer.header("connection"), Some("close"));
    }
    let mut connection = Connection::open(instance.address);
    connection
        .send("POST /api/recommend HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n");
    for _ in 0..3 {
        connection.send(format!("190\r\n{}\r\n", "x".repeat(0x190)));
    }
    connection.send("0\r\n\r\n");
    assert_eq!(connection.receive().status, 413);
}

#[test]
fn before_the_first_model_everything_but_liveness_is_503() {
    let instance = Instance::empty();
    assert_eq!(get(instance.address, "/healthz").status, 200);
    for answer in [
        post(instance.address, "/api/recommend", r#"{"songs": ["Yesterday"]}"#),
        get(instance.address, "/api/songs?q=a"),
        get(instance.address, "/api/model"),
        get(instance.address, "/readyz"),
    ] {
        assert_eq!((answer.status, &*answer.error_code()), (503, "no_model"));
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert_eq!(answer.header("x-segue-instance"), Some("test-instance"));
        assert_eq!(answer.header("x-segue-model"), None);
    }
    // A question that can't be answered by any model says so even now.
    assert_eq!(post(instance.address, "/api/recommend", "{").status, 400);
}

#[test]
fn more_questions_than_are_worked_on_at_once_are_503() {
    let instance = Instance::ready_with(|config| {
        config.max_in_flight = 1.try_into().unwrap();
        config.max_delay = Duration::from_secs(600);
    });
    let address = instance.address;
    let metrics = || String::from_utf8(get(address, "/metrics").body).unwrap();
    let refused = AtomicBool::new(false);
    let seen = AtomicBool::new(false);
    // Answers that are worked out beside other requests, from both sides until they meet.
    let ask_until_refused = || {
        let deadline = Instant::now() + SOON;
        while !(refused.load(Ordering::Relaxed) && seen.load(Ordering::Relaxed)) {
            assert!(Instant::now() < deadline, "none was refused, or none seen under way");
            let answer = get(address, "/api/songs?q=nothing+like+it");
            if answer.status != 200 {
                assert_eq!((answer.status, &*answer.error_code()), (503, "overloaded"));
                assert_eq!(answer.header("retry-after"), Some("1"));
                refused.store(true, Ordering::Relaxed);
            }
        }
    };
    let look = || {
        let is_under_way = || metrics().lines().any(|line| line == "segue_http_in_flight 1");
        wait_until("one is seen under way", is_under_way);
        seen.store(true, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        (0..4).for_each(|_| _ = scope.spawn(ask_until_refused));
        look();
    });
    assert_eq!(get(address, "/readyz").status, 200);
    assert_eq!(post(address, "/api/recommend", r#"{"songs": []}"#).status, 200);
    let metrics = metrics();
    let shed = "segue_http_shed_total{reason=\"in_flight\"} ";
    let shed = metrics.lines().find_map(|line| line.strip_prefix(shed)).unwrap();
    assert!(shed.parse::<u32>().unwrap() > 0);
}

#[test]
fn bodies_that_do_not_come_cost_the_others_nothing() {
    let instance = Instance::ready_with(|config| {
        config.max_in_flight = 1.try_into().unwrap();
        config.max_body = 1000;
    });
    let body = r#"{"songs": ["Yesterday"]}"#;
    let question = request("POST", "/api/recommend", body.as_bytes());
    let mut slow: Vec<Connection> = (0..20).map(|_| Connection::open(instance.address)).collect();
    slow.iter_mut().for_each(|connection| connection.send(&question[..question.len() - 5]));
    assert_eq!(post(instance.address, "/api/recommend", body).status, 200);
    for connection in &mut slow {
        connection.send(&question[question.len() - 5..]);
        assert_eq!(connection.receive().status, 200);
    }
}

#[test]
fn bodies_in_pieces_have_so_much_memory_together() {
    let instance = Instance::ready_with(|config| {
        config.max_in_flight = 1.try_into().unwrap();
        config.max_body = 1000;
    });
    let start = "POST /api/recommend HTTP/1.1\r\nhost: s\r\ntransfer-encoding: chunked\r\n\r\n";
    let title = "x".repeat(600);
    let first = format!("{start}c\r\n{{\"songs\": [\"\r\n258\r\n{title}\r\n");
    let rest = "3\r\n\"]}\r\n0\r\n\r\n";
    let is_refused = || {
        let mut other = Connection::open(instance.address);
        other.send(first.clone() + rest);
        let answer = other.receive();
        if answer.status == 503 {
            assert_eq!(&*answer.error_code(), "overloaded");
            assert_eq!(answer.header("connection"), Some("close"));
        }
        answer.status != 200
    };
    assert!(!is_refused(), "nothing is taken yet");
    let deadline = Instant::now() + SOON;
    let mut held = loop {
        let mut held = Connection::open(instance.address);
        // Once the one before is answered, it is this one's turn.
        held.send(format!("GET /healthz HTTP/1.1\r\nhost: s\r\n\r\n{first}"));
        assert_eq!(held.receive().status, 200);
        if is_refused() {
            break held;
        }
        // The other one was quicker, and may have had this one refused.
        assert!(Instant::now() < deadline, "the memory is taken");
        drop(held);
        wait_until("all is given back", || !is_refused());
    };
    let body = format!(r#"{{"songs": ["{title}"]}}"#);
    assert_eq!(post(instance.address, "/api/recommend", body).status, 200, "in one piece");
    held.send(rest);
    assert_eq!(held.receive().status, 200);
    assert!(!is_refused(), "all is given back");
}

#[test]
fn a_request_names_one_host() {
    let instance = Instance::ready();
    for (hosts, status) in [("", 400), ("host: a\r\nhost: a\r\n", 400), ("host:\r\n", 200)] {
        let mut connection = Connection::open(instance.address);
        connection.send(format!("GET /healthz HTTP/1.1\r\n{hosts}\r\n"));
        let answer = connection.receive();
        assert_eq!(answer.status, status, "{hosts}");
        if status == 400 {
            assert_eq!(&*answer.error_code(), "host");
            assert_eq!(answer.header("x-segue-instance"), Some("test-instance"));
        }
    }
    let mut connection = Connection::open(instance.address);
    connection.send("GET /healthz HTTP/1.0\r\n\r\n");
    assert_eq!(connection.receive().status, 200);
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_comes() {
    let instance = Instance::ready();
    for (length, expect) in [(200_000, "expect: 100-continue\r\n"), (20_000_000, "")] {
        let mut connection = Connection::open(instance.address);
        connection.send(format!(
            "POST /api/recommend HTTP/1.1\r\nhost: s\r\n{expect}content-length: {length}\r\n\r\n"
        ));
        let answer = connection.receive();
        assert_eq!((answer.status, &*answer.error_code()), (413, "body_too_large"));
        assert!(connection.is_closed());
    }
    let mut connection = Connection::open(instance.address);
    let body = r#"{"songs": []}"#;
    connection.send(format!(
        "POST /api/recommend HTTP/1.1\r\nhost: s\r\nexpect: 100-continue\r\ncontent-length: {}\r\n\r\n",
        body.len()
    ));
    assert_eq!(connection.try_receive(false).unwrap().status, 100);
    connection.send(body);
    assert_eq!(connection.receive().status, 200);
}
