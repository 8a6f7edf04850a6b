//! What Prometheus reads.

use std::collections::BTreeMap;

use crate::support::client::{Connection, get, post, request};
use crate::support::instance::Instance;
use crate::support::wait_until;

/// Reads the text format strictly: every sample by its name and labels.
fn read(instance: &Instance) -> BTreeMap<String, f64> {
    let answer = get(instance.address, "/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = String::from_utf8(answer.body).unwrap();
    let mut family = String::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            family = help.split_once(' ').expect("a help text").0.to_owned();
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family);
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
        } else {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with(&family), "{line} among {family}");
            let previous = samples.insert(name.to_owned(), value.parse().unwrap());
            assert!(previous.is_none(), "{name} is there twice");
        }
    }
    samples
}

#[test]
fn requests_are_counted_by_route_and_status_class() {
    let instance = Instance::ready();
    for (path, body) in [
        ("/api/recommend", r#"{"songs": ["Yesterday"]}"#),
        ("/api/recommender", r#"{"songs": ["Yesterday", "Nobody Knows", "Nor This"]}"#),
        ("/api/recommend", "{"),
        ("/nowhere", ""),
    ] {
        post(instance.address, path, body);
    }
    let samples = read(&instance);
    let count = |labels: &str| {
        let name = "segue_http_request_duration_seconds";
        let count = samples[&format!("{name}_count{{{labels}}}")];
        let all = labels.to_owned() + r#",le="+Inf""#;
        assert_eq!(samples[&format!("{name}_bucket{{{all}}}")], count);
        count
    };
    assert_eq!(count(r#"route="recommend",status="2xx""#), 2.0);
    assert_eq!(count(r#"route="recommend",status="4xx""#), 1.0);
    assert_eq!(count(r#"route="none",status="4xx""#), 1.0);
    assert_eq!(count(r#"route="songs",status="2xx""#), 0.0);
    assert_eq!(samples["segue_recommend_songs_total"], 4.0);
    assert_eq!(samples["segue_recommend_unknown_songs_total"], 2.0);
    // The small model can't fill ten places by rules.
    assert_eq!(samples["segue_recommend_fallbacks_total"], 2.0);
}

#[test]
fn model_and_reloads_are_told() {
    let instance = Instance::ready();
    let current = instance.store.current().unwrap().unwrap();
    instance.reload(current).unwrap();
    instance.reload("0123456789abcdef".parse().unwrap()).unwrap_err();
    let samples = read(&instance);
    let reloads =
        |result: &str| samples[&format!("segue_model_reloads_total{{result=\"{result}\"}}")];
    assert_eq!((reloads("served"), reloads("unchanged"), reloads("refused")), (1.0, 1.0, 1.0));
    let info = samples.keys().find(|name| name.starts_with("segue_model_info")).unwrap();
    assert!(info.contains(&format!("id=\"{current}\"")) && info.contains("dataset=\"example\""));
    assert!(samples["segue_model_age_seconds"] > 1e9, "it is as old as the epoch");
    assert!(samples["segue_model_load_seconds"] > 0.0);
    assert_eq!(samples["segue_model_judged_playlists"], 500.0);
    assert_eq!(samples["segue_model_hit_rate"], 0.75);
    assert_eq!(samples["segue_model_previous_hit_rate"], 0.5);
    assert_eq!(samples["segue_ready"], 1.0);
    assert!(
        samples
            .contains_key(&format!("segue_build_info{{version=\"{}\"}}", segue_process::VERSION))
    );
}

#[test]
fn an_instance_without_a_model_tells_so() {
    let samples = read(&Instance::empty());
    assert_eq!(samples["segue_ready"], 0.0);
    let refused = samples[r#"segue_model_reloads_total{result="refused"}"#];
    assert_eq!(refused, 0.0, "there was none to refuse");
    assert!(!samples.keys().any(|name| name.starts_with("segue_model_info")));
}

#[test]
fn open_connections_are_counted_and_no_other() {
    let instance = Instance::ready();
    let mut held = Connection::open(instance.address);
    held.send(request("GET", "/healthz", b""));
    assert_eq!(held.receive().status, 200);
    // This one, and the one that asks.
    wait_until("they are two", || read(&instance)["segue_connections"] == 2.0);
    drop(held);
    wait_until("it has gone", || read(&instance)["segue_connections"] == 1.0);
    assert_eq!(read(&instance)["segue_http_in_flight"], 0.0);
}

#[test]
fn the_operations_manual_names_every_metric() {
    let manual = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let metrics = get(Instance::ready().address, "/metrics").body;
    for line in String::from_utf8(metrics).unwrap().lines() {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let name = family.split(' ').next().unwrap();
            assert!(manual.contains(&format!("`{name}`")), "{name} is not in the manual");
        }
    }
}
