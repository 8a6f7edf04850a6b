//! Reasons are true: every count in an answer is counted again in the dataset's file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::{Pod, ask, sample};

/// What stands for the URI of a song that has none anywhere.
fn key(title: &str, artist: &str) -> String {
    format!("{title} by {artist}")
}

/// A dataset as its rows say it.
struct Rows {
    /// The songs of each playlist, in its order, by their URIs.
    playlists: BTreeMap<String, Vec<String>>,
    title: BTreeMap<String, String>,
    artist: BTreeMap<String, String>,
}

impl Rows {
    fn new(dataset: &[u8]) -> Self {
        let mut rows =
            Self { playlists: BTreeMap::new(), title: BTreeMap::new(), artist: BTreeMap::new() };
        let parsed: Vec<BTreeMap<String, String>> =
            csv::Reader::from_reader(dataset).deserialize().map(Result::unwrap).collect();
        // A row without a URI has that of the first row with its title and artist.
        let named = |row: &BTreeMap<String, String>| {
            (row["track_name"].clone(), row["artist_name"].clone())
        };
        let mut uris = BTreeMap::new();
        for row in parsed.iter().filter(|row| !row["track_uri"].is_empty()) {
            uris.entry(named(row)).or_insert_with(|| row["track_uri"].clone());
        }
        for row in &parsed {
            let uri = match row["track_uri"].as_str() {
                "" => uris
                    .get(&named(row))
                    .cloned()
                    .unwrap_or_else(|| key(&row["track_name"], &row["artist_name"])),
                uri => uri.to_owned(),
            };
            rows.playlists.entry(row["pid"].clone()).or_default().push(uri.clone());
            rows.title.insert(uri.clone(), row["track_name"].clone());
            rows.artist.insert(uri.clone(), row["artist_name"].clone());
        }
        rows
    }

    /// The number of playlists that hold one of each of these groups of songs.
    fn count(&self, groups: &[&BTreeSet<&str>]) -> u64 {
        let holds = |songs: &Vec<String>, group: &BTreeSet<&str>| {
            songs.iter().any(|song| group.contains(song.as_str()))
        };
        let all = |songs: &&Vec<String>| groups.iter().all(|group| holds(songs, group));
        self.playlists.values().filter(all).count() as u64
    }

    /// Checks one reason for recommending the song of this URI to somebody who named these.
    fn check(&self, reason: &Value, given: &[String], consequent: &str) {
        let antecedent: BTreeSet<&str> = match reason["artist"].as_str() {
            Some(artist) => {
                let by_artist = self.artist.iter().filter(|(_, by)| *by == artist);
                by_artist.map(|(song, _)| song.as_str()).collect()
            }
            None => {
                let title = reason["songs"][0].as_str().unwrap();
                let named = given.iter().filter(|song| self.title[*song] == title);
                named.map(String::as_str).collect()
            }
        };
        let consequent = BTreeSet::from([consequent]);
        let of = self.count(&[&antecedent]);
        let support = self.count(&[&antecedent, &consequent]);
        assert_eq!((reason["support"].as_u64(), reason["of"].as_u64()), (Some(support), Some(of)));
        let confidence = support as f64 / of as f64;
        let expected = self.count(&[&consequent]) as f64 / self.playlists.len() as f64;
        for (name, value) in [("confidence", confidence), ("lift", confidence / expected)] {
            let found = reason[name].as_f64().unwrap();
            assert!((found - value).abs() <= 1e-9 * value, "{name} is {value}: {reason}");
        }
    }
}

#[test]
fn every_count_in_an_answer_is_that_of_the_file() {
    let dataset = sample(400, 7);
    let rows = Rows::new(&dataset);
    let pod = Pod::new();
    let file = pod.models().with_file_name("playlists.csv");
    std::fs::write(&file, &dataset).unwrap();
    pod.mine(file.to_str().unwrap());
    let (_api, address) = pod.api();
    Pod::model_after(&address, None);

    let (mut of_songs, mut of_artists) = (0, 0);
    for (number, playlist) in rows.playlists.values().step_by(20).enumerate() {
        let mut given: Vec<String> = playlist.iter().take(1 + number % 7).cloned().collect();
        // Two songs of one title would be told apart by nothing in a reason.
        let mut titles = BTreeSet::new();
        given.retain(|song| song.contains(':') && titles.insert(&rows.title[song]));
        let limit = if number % 2 == 0 { 10 } else { 40 };
        let question = json!({ "songs": given, "limit": limit, "explain": true });
        let answer = ask(&address, &question.to_string()).unwrap();
        assert_eq!(answer.status, 200);
        for detail in answer.body["details"].as_array().unwrap() {
            let reasons = detail["because"].as_array().unwrap();
            assert!(!reasons.is_empty() || detail["popular"] == true, "{detail}");
            let [title, artist, uri] =
                ["title", "artist", "uri"].map(|name| detail[name].as_str().unwrap());
            let consequent = if uri.is_empty() { key(title, artist) } else { uri.to_owned() };
            for reason in reasons {
                rows.check(reason, &given, &consequent);
                let count =
                    if reason["artist"].is_null() { &mut of_songs } else { &mut of_artists };
                *count += 1;
            }
        }
    }
    assert!(of_songs > 100 && of_artists > 100, "{of_songs} {of_artists}");
}
