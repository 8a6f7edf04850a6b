//! `segue recommend` and what goes wrong with it, as people type it.

use crate::support::{FileServer, Pod, program, run};

const DATASET: &str = "pid,track_name,artist_name\n\
    1,Yesterday,The Beatles\n1,Help!,The Beatles\n1,Layla,Derek\n\
    2,Yesterday,The Beatles\n2,Help!,The Beatles\n\
    3,Layla,Derek\n3,Alone,Nobody\n";

fn recommend(arguments: &[&str]) -> (i32, String, String) {
    run(program("segue").arg("recommend").args(arguments))
}

#[test]
fn songs_come_as_a_table_with_reasons_or_as_json() {
    let pod = Pod::new();
    pod.mine(&FileServer::start(DATASET.into()).url());
    let (_api, address) = pod.api();
    Pod::model_after(&address, None);
    let url = format!("http://{address}");

    let (code, table, _) = recommend(&["--url", &url, "--limit", "1", "Yesterday", "--explain"]);
    assert_eq!(code, 0);
    let reasons =
        "with songs by The Beatles in 2 of 2 playlists; with Yesterday in 2 of 2 playlists";
    assert!(table.contains(&format!("1  Help!  The Beatles  {reasons}")), "{table}");

    let (code, json, _) = recommend(&["--url", &url, "--json", "yesterday"]);
    assert_eq!(code, 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["songs"][0], "Help!");
    let mut fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["model_date", "songs", "version"]);

    let (code, _, said) = recommend(&["--url", &url, "Yesterdya"]);
    assert_eq!(code, 0);
    assert!(said.contains("did you mean \"Yesterday\" by The Beatles?"), "{said}");
}

#[test]
fn songs_come_from_files_standard_input_and_random_draws() {
    let pod = Pod::new();
    pod.mine(&FileServer::start(DATASET.into()).url());
    let (_api, address) = pod.api();
    Pod::model_after(&address, None);
    let url = format!("http://{address}");
    let list = pod.folder.path().join("songs.csv");
    std::fs::write(&list, "artist_name,track_name\nThe Beatles,Yesterday\nDerek,Layla\n").unwrap();
    let list = list.to_str().unwrap();

    let (_, table, _) = recommend(&["--url", &url, "--from", list]);
    assert!(table.contains("Help!") && !table.contains("Yesterday"), "{table}");
    let draw = ["--url", &url, "--random", "1", "--songs", list, "--seed", "3"];
    let (code, table, _) = recommend(&draw);
    assert_eq!(code, 0);
    assert_eq!(recommend(&draw).1, table);
    let (code, _, said) = recommend(&["--random", "3", "--songs", list]);
    assert_eq!(code, 1);
    assert!(said.contains("at most as many as the list has songs, 2"), "{said}");
}

#[test]
fn what_is_wrong_is_said_and_told_by_the_exit_code() {
    let (code, _, said) = recommend(&["--url", "http://127.0.0.1:9", "Yesterday"]);
    assert_eq!(code, 1);
    assert!(said.contains("is the service running?"), "{said}");
    assert_eq!(recommend(&[]).0, 64);
    assert_eq!(recommend(&["--url", "nowhere", "Yesterday"]).0, 64);
    assert_eq!(recommend(&["--from", "/no/such/file"]).0, 1);

    let pod = Pod::new();
    let (_api, address) = pod.api();
    let (code, _, said) = recommend(&["--url", &format!("http://{address}"), "Yesterday"]);
    assert_eq!(code, 1);
    assert!(said.contains("503") && said.contains("no model is loaded yet"), "{said}");
}
