//! What the public routes answer.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::client::{ask, get, post};
use crate::support::instance::Instance;
use crate::support::playlists::promote;

fn titles(answer: &Value) -> Vec<&str> {
    answer["songs"].as_array().unwrap().iter().map(|title| title.as_str().unwrap()).collect()
}

#[test]
fn an_answer_has_exactly_songs_version_and_date() {
    let instance = Instance::ready();
    for path in ["/api/recommend", "/api/recommender"] {
        let answer = post(instance.address, path, r#"{"songs": ["Yesterday"]}"#);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let body = answer.json();
        let fields: BTreeSet<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, BTreeSet::from(["songs", "version", "model_date"]));
        assert_eq!(body["version"], segue_process::VERSION);
        assert_eq!(body["model_date"], "1970-01-01T00:00:01Z");
        assert_eq!(titles(&body)[..3], ["Let It Be", "Bohemian Rhapsody", "Hotel California"]);
    }
}

#[test]
fn wget_gets_its_answer_as_the_course_calls_it() {
    let instance = Instance::ready();
    let folder = tempfile::tempdir().unwrap();
    let response = folder.path().join("response.out");
    let call = |header: &[&str], path: &str| {
        let body = r#"{"songs": ["Yesterday", "Bohemian Rhapsody"]}"#;
        let ended = Command::new("wget")
            .args(["--server-response", "--output-document"])
            .arg(&response)
            .args(header)
            .args(["--post-data", body, &format!("http://{}{path}", instance.address)])
            .output();
        match ended {
            Ok(ended) => {
                let log = String::from_utf8_lossy(&ended.stderr).into_owned();
                assert!(ended.status.success() && log.contains("200 OK"), "{log}");
            }
            Err(error) => panic!("wget: {error}"),
        }
        let body: Value = serde_json::from_slice(&std::fs::read(&response).unwrap()).unwrap();
        let mut expected = vec!["Hotel California", "Let It Be"];
        expected.sort_unstable();
        let mut found = titles(&body)[..2].to_vec();
        found.sort_unstable();
        assert_eq!(found, expected);
    };
    for path in ["/api/recommender", "/api/recommend"] {
        call(&["--header=Content-Type: application/json"], path);
        call(&[], path);
    }
}

#[test]
fn songs_may_be_named_by_title_artist_or_uri() {
    let instance = Instance::ready();
    let first = |song: &str| {
        let body = json!({ "songs": [song], "limit": 1 }).to_string();
        titles(&post(instance.address, "/api/recommend", body).json())[0].to_owned()
    };
    for song in [
        "Uptown Funk",
        "uptown  FUNK!",
        "Mark Ronson - Uptown Funk",
        "Uptown Funk - Mark Ronson",
        "test:Mark Ronson - Uptown Funk",
    ] {
        assert_eq!(first(song), "Happy", "{song}");
    }
}

#[test]
fn no_song_of_the_question_is_recommended_and_popular_ones_fill_up() {
    let instance = Instance::ready();
    let body = r#"{"songs": ["Uptown Funk", "Nobody Knows This"], "explain": true}"#;
    let answer = post(instance.address, "/api/recommend", body).json();
    let songs = titles(&answer);
    assert_eq!(songs.len(), 6, "all songs but one: {songs:?}");
    assert_eq!(songs.iter().collect::<BTreeSet<_>>().len(), songs.len());
    assert!(!songs.contains(&"Uptown Funk"));
    let popular: Vec<bool> = answer["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| detail.get("popular").is_some_and(|popular| popular == true))
        .collect();
    assert_eq!(popular, [false, false, true, true, true, true]);
}

#[test]
fn nothing_known_gets_the_most_popular_songs() {
    let instance = Instance::ready();
    for body in [r#"{"songs": []}"#, r#"{"songs": ["", "Nobody Knows This"]}"#] {
        let answer = post(instance.address, "/api/recommend", body).json();
        assert_eq!(titles(&answer)[..2], ["Bohemian Rhapsody", "Yesterday"], "{body}");
    }
}

#[test]
fn an_explanation_gives_the_rules_and_the_unknown_songs() {
    let instance = Instance::ready();
    let body = r#"{"songs": ["Yesterday", "Upton Funk"], "explain": true, "limit": 2}"#;
    let answer = post(instance.address, "/api/recommend", body).json();
    let detail = &answer["details"][1];
    assert_eq!(detail["title"], "Bohemian Rhapsody");
    assert_eq!(detail["artist"], "Queen");
    assert_eq!(detail["uri"], "test:Queen - Bohemian Rhapsody");
    assert!(detail["score"].as_f64().unwrap() > 0.0);
    let reason = &detail["because"][0];
    assert_eq!(reason["songs"], json!(["Yesterday"]));
    assert_eq!((&reason["support"], &reason["of"]), (&json!(3), &json!(3)));
    assert_eq!((&reason["confidence"], &reason["lift"]), (&json!(1.0), &json!(1.5)));
    assert_eq!(answer["unknown"][0]["song"], "Upton Funk");
    assert_eq!(answer["unknown"][0]["near"][0]["title"], "Uptown Funk");
}

#[test]
fn a_reason_names_five_songs_of_an_artist_at_most() {
    let songs = ["A - 1", "A - 2", "A - 3", "A - 4", "A - 5", "A - 6", "B - Other"];
    let instance = Instance::prepared(|store| _ = promote(store, &[&songs, &songs], 1), |_| {});
    instance.wait_until_ready();
    let body = r#"{"songs": ["1", "2", "3", "4", "5", "6"], "explain": true, "limit": 1}"#;
    let answer = post(instance.address, "/api/recommend", body).json();
    let reasons = answer["details"][0]["because"].as_array().unwrap();
    let of_artist = reasons.iter().find(|reason| reason["artist"] == "A").unwrap();
    assert_eq!(of_artist["songs"].as_array().unwrap().len(), 5, "{answer}");
}

#[test]
fn titles_are_escaped() {
    let instance = Instance::ready();
    let answer = post(instance.address, "/api/recommend", r#"{"songs": ["Happy"], "limit": 2}"#);
    assert!(titles(&answer.json()).contains(&r#""Jóga" \ live"#));
}

#[test]
fn songs_are_found_by_prefix_and_near_match() {
    let instance = Instance::ready();
    let search = |query: &str| {
        let answer = get(instance.address, &format!("/api/songs?{query}"));
        assert_eq!(answer.status, 200);
        answer.json()["songs"].as_array().unwrap().clone()
    };
    assert_eq!(
        search("q=yest"),
        [json!({
            "title": "Yesterday", "artist": "The Beatles",
            "uri": "test:The Beatles - Yesterday", "support": 3
        })]
    );
    assert_eq!(search("q=beatles").len(), 2);
    assert_eq!(search("q=yesterdey")[0]["title"], "Yesterday");
    assert_eq!(search("q=j%C3%B3ga")[0]["artist"], "Björk");
    assert_eq!(search("limit=2").len(), 2);
    assert!(search("q=zzzzzz").is_empty());
}

#[test]
fn the_model_tells_what_it_is() {
    let instance = Instance::ready();
    let answer = get(instance.address, "/api/model").json();
    let current = instance.store.current().unwrap().unwrap();
    assert_eq!(answer["id"], current.to_string());
    let size = std::fs::metadata(instance.store.path(current)).unwrap().len();
    assert_eq!(answer["bytes"], size);
    assert_eq!(answer["transactions"], 6);
    assert_eq!(answer["model_date"], "1970-01-01T00:00:01Z");
    assert_eq!(answer["dataset"]["id"], "example");
}

#[test]
fn every_response_names_instance_and_model() {
    let instance = Instance::ready();
    let model = instance.store.current().unwrap().unwrap().to_string();
    for (method, path) in [
        ("POST", "/api/recommend"),
        ("GET", "/api/songs?q=a"),
        ("GET", "/api/model"),
        ("HEAD", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/nowhere"),
        ("DELETE", "/api/model"),
    ] {
        let answer = ask(instance.address, method, path, "{}");
        assert_eq!(answer.header("x-segue-instance"), Some("test-instance"), "{method} {path}");
        assert_eq!(answer.header("x-segue-model"), Some(&*model), "{method} {path}");
    }
}
