//! `/openapi.json` is complete and true: what it says is what is answered.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::client::{Answer, Connection, ask, get, request};
use crate::support::instance::Instance;
use crate::support::playlists::{ROCK_AND_POP, promote};

/// The instance that the contract's examples come from.
fn example() -> Instance {
    let date = jiff::Timestamp::constant(1_769_860_800, 0);
    let instance =
        Instance::prepared(|store| _ = promote(store, ROCK_AND_POP, date.as_second()), |_| {});
    instance.wait_until_ready();
    instance
}

/// The contract as it is served.
struct Contract {
    document: Value,
}

impl Contract {
    fn of(instance: &Instance) -> Self {
        Self { document: get(instance.address, "/openapi.json").json() }
    }

    /// What stands in the place of a reference.
    fn resolve<'c>(&'c self, value: &'c Value) -> &'c Value {
        match value["$ref"].as_str() {
            Some(pointer) => self.document.pointer(&pointer[1..]).expect(pointer),
            None => value,
        }
    }

    fn response(&self, path: &str, method: &str, status: u16) -> &Value {
        let responses = &self.document["paths"][path][method.to_lowercase()]["responses"];
        let response = &responses[status.to_string()];
        assert!(response.is_object(), "{method} {path} does not know of status {status}");
        self.resolve(response)
    }

    /// Whether an answer is what the contract says of it.
    fn check(&self, path: &str, method: &str, answer: &Answer) {
        let response = self.response(path, method, answer.status);
        for (name, header) in response["headers"].as_object().unwrap() {
            let is_required = self.resolve(header)["required"] == true;
            let is_there = answer.header(name).is_some();
            assert!(is_there || !is_required, "{method} {path}: {name} is missing");
        }
        let Some(content) = response["content"].as_object() else { return };
        let (media_type, content) = content.iter().next().unwrap();
        let found = answer.header("content-type").unwrap();
        assert_eq!(found.split(';').next().unwrap(), media_type, "{method} {path}");
        if media_type == "application/json" {
            let mut schema = content["schema"].clone();
            schema["components"] = self.document["components"].clone();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let body = answer.json();
            let errors: Vec<String> = validator
                .iter_errors(&body)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{method} {path}: {errors:?} in {body}");
        }
    }
}

#[test]
fn every_status_of_every_route_is_as_the_contract_has_it() {
    let instance = example();
    let contract = Contract::of(&instance);
    let paths = contract.document["paths"].as_object().unwrap();
    for (path, operations) in paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let is_known = operations.get(method.to_lowercase()).is_some();
            if path == "/api/events" && is_known {
                let mut connection = Connection::open(instance.address);
                connection.send(request(method, path, b""));
                contract.check(path, method, &connection.try_receive(false).unwrap());
                continue;
            }
            let answer = ask(instance.address, method, path, r#"{"songs": ["Yesterday"]}"#);
            let documented = operations.as_object().unwrap().keys().next().unwrap();
            assert_eq!(answer.status, if is_known { 200 } else { 405 }, "{method} {path}");
            contract.check(path, if is_known { method } else { documented }, &answer);
        }
    }
    for body in [
        r#"{"songs": ["Yesterday", "Nobody"], "explain": true, "limit": 500}"#,
        r#"{"songs": []}"#,
        r#"{"songs": 1}"#,
        "{",
        &json!({ "songs": ["x".repeat(200_000)] }).to_string(),
    ] {
        let answer = ask(instance.address, "POST", "/api/recommend", body);
        contract.check("/api/recommend", "POST", &answer);
    }
    for path in ["/api/songs?q=the&limit=3", "/api/songs?limit=x"] {
        contract.check("/api/songs", "GET", &get(instance.address, path));
    }
    let empty = Instance::empty();
    for path in ["/api/songs", "/api/model", "/readyz"] {
        contract.check(path, "GET", &get(empty.address, path));
    }
}

#[test]
fn the_contract_knows_every_route() {
    let instance = example();
    let contract = Contract::of(&instance);
    for path in contract.document["paths"].as_object().unwrap().keys() {
        ask(instance.address, "OPTIONS", path, "");
    }
    let metrics = String::from_utf8(get(instance.address, "/metrics").body).unwrap();
    let asked: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("segue_http_request_duration_seconds_count{route=\""))
        .filter(|rest| rest.contains("status=\"4xx\"") && !rest.ends_with(" 0"))
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let counted: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("segue_http_request_duration_seconds_count{route=\""))
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|route| *route != "none")
        .collect();
    assert_eq!(asked, counted);
}

#[test]
fn examples_are_real_answers() {
    let instance = example();
    let contract = Contract::of(&instance);
    let mut wrong = Vec::new();
    let mut compare = |what: String, example: &Value, answer: Value| {
        if *example != answer {
            wrong.push(format!("{what}: the answer is really\n{answer}\n"));
        }
    };
    for path in ["/api/recommend", "/api/recommender"] {
        let operation = &contract.document["paths"][path]["post"];
        let questions = &operation["requestBody"]["content"]["application/json"]["examples"];
        let answers = &operation["responses"]["200"]["content"]["application/json"]["examples"];
        for (name, question) in questions.as_object().unwrap() {
            let answer = ask(instance.address, "POST", path, question["value"].to_string());
            compare(format!("{path} {name}"), &answers[name]["value"], answer.json());
        }
    }
    for path in ["/api/songs?q=yest&limit=3", "/api/model", "/healthz", "/readyz"] {
        let response = contract.response(path.split('?').next().unwrap(), "GET", 200);
        let example = &response["content"]["application/json"]["example"];
        compare(path.to_owned(), example, get(instance.address, path).json());
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn schemathesis_finds_nothing() {
    let instance = example();
    let url = format!("http://{}/openapi.json", instance.address);
    let ended = Command::new(schemathesis())
        .args(["run", &url, "--checks=all", "--max-examples=40", "--seed=1", "--no-color"])
        // A stream without end: its route is walked above.
        .args(["--exclude-path=/api/events", "--generation-database=none"])
        // It writes down what it found where it runs.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{report}");
}

/// Where `make test-tools` puts it: in the target folder, which this is somewhere under.
fn schemathesis() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
        .ancestors()
        .map(|folder| folder.join("python/bin/schemathesis"))
        .find(|program| program.exists())
        .expect("the contract is tested with schemathesis: install it with `make test-tools`")
}
