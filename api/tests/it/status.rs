//! Every status that a request can get, and what comes with it.

use serde_json::json;

use crate::support::client::{Connection, ask, get, post, request};
use crate::support::instance::Instance;
use crate::support::wait_until;

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
    let instance = Instance::ready_with(|config| config.max_in_flight = 1.try_into().unwrap());
    let body = r#"{"songs": []}"#;
    let question = request("POST", "/api/recommend", body.as_bytes());
    let (start, rest) = question.split_at(question.len() - 5);
    let mut first = Connection::open(instance.address);
    first.send(start);
    wait_until("the first question is being read", || {
        let metrics = String::from_utf8(get(instance.address, "/metrics").body).unwrap();
        metrics.lines().any(|line| line == "segue_http_in_flight 1")
    });
    let answer = post(instance.address, "/api/recommend", body);
    assert_eq!((answer.status, &*answer.error_code()), (503, "overloaded"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(get(instance.address, "/readyz").status, 200);
    first.send(rest);
    assert_eq!(first.receive().status, 200);
    assert_eq!(post(instance.address, "/api/recommend", body).status, 200);
}
