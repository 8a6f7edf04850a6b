//! Whatever is sent gets an answer of the contract, and never a panic.

use std::sync::OnceLock;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::client::{Connection, get, post, request};
use crate::support::instance::Instance;

fn instance() -> &'static Instance {
    static INSTANCE: OnceLock<Instance> = OnceLock::new();
    INSTANCE.get_or_init(Instance::ready)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(Value::from("Yesterday")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("songs|limit|explain|\\PC{0,5}", inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn is_of_the_contract(status: u16, body: &Value) {
    match status {
        200 => assert!(body["songs"].is_array()),
        400 | 422 => assert!(body["error"]["code"].is_string()),
        other => panic!("status {other}: {body}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_get_an_answer(body in vec(any::<u8>(), 0..200)) {
        let answer = post(instance().address, "/api/recommend", body);
        is_of_the_contract(answer.status, &answer.json());
    }

    #[test]
    fn any_json_gets_an_answer(body in any_json()) {
        let answer = post(instance().address, "/api/recommend", body.to_string());
        is_of_the_contract(answer.status, &answer.json());
    }

    #[test]
    fn any_songs_are_answered(
        songs in vec(prop_oneof!["\\PC{0,40}", Just("Yesterday".to_owned()), "( - |Queen|[a-z]){0,9}"], 0..20),
        limit in 1..=500_usize,
        explain in any::<bool>(),
    ) {
        let body = json!({ "songs": songs, "limit": limit, "explain": explain }).to_string();
        let answer = post(instance().address, "/api/recommend", body);
        prop_assert_eq!(answer.status, 200);
        let answer = answer.json();
        let recommended = answer["songs"].as_array().unwrap();
        prop_assert!(recommended.len() <= limit);
        prop_assert!(!songs.contains(&"Yesterday".to_owned()) || !recommended.contains(&json!("Yesterday")));
        prop_assert_eq!(answer["details"].is_array(), explain);
    }

    #[test]
    fn any_search_is_answered(typed in "\\PC{0,30}") {
        let query: String = typed.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = get(instance().address, &format!("/api/songs?q={query}"));
        prop_assert_eq!(answer.status, 200);
        prop_assert!(answer.json()["songs"].is_array());
    }

    #[test]
    fn any_path_is_answered(path in "/[!-~]{0,30}") {
        let mut connection = Connection::open(instance().address);
        connection.send(request("GET", &path, b""));
        let answer = connection.try_receive(false);
        prop_assert!(answer.is_ok_and(|answer| answer.status < 500), "{}", path);
    }
}
