//! Which rows are the same track: by the rule's words, against the rule written the slow way.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::dataset_support::{Names, dataset, items, playlists};

type Row = (String, String, String, String);

/// The rule as written, key by key; rows are (pid, uri, title, artist).
fn by_the_rule(rows: &[Row]) -> (Vec<Names>, Vec<(String, Vec<u32>)>) {
    let mut first_uri = HashMap::new();
    for (_, uri, title, artist) in rows.iter().filter(|row| !row.1.is_empty()) {
        first_uri.entry((title, artist)).or_insert(uri);
    }
    let mut ids: HashMap<(String, String, String), u32> = HashMap::new();
    let mut items = Vec::new();
    let mut playlists: Vec<(String, Vec<u32>)> = Vec::new();
    for (pid, uri, title, artist) in rows {
        let found =
            if uri.is_empty() { first_uri.get(&(title, artist)).copied() } else { Some(uri) };
        let key = match found {
            Some(uri) => (uri.clone(), String::new(), String::new()),
            None => (String::new(), title.clone(), artist.clone()),
        };
        let next = ids.len() as u32;
        let id = *ids.entry(key).or_insert_with(|| {
            items.push((found.cloned().unwrap_or_default(), title.clone(), artist.clone()));
            next
        });
        let position = playlists.iter().position(|playlist| playlist.0 == *pid);
        let position = position.unwrap_or_else(|| {
            playlists.push((pid.clone(), Vec::new()));
            playlists.len() - 1
        });
        if !playlists[position].1.contains(&id) {
            playlists[position].1.push(id);
        }
    }
    (items, playlists)
}

fn csv(rows: &[Row]) -> String {
    let mut text = "pid,track_uri,track_name,artist_name\n".to_owned();
    for (pid, uri, title, artist) in rows {
        text += &format!("{pid},{uri},{title},{artist}\n");
    }
    text
}

#[test]
fn a_row_without_a_uri_is_the_first_track_of_its_names_that_has_one_even_a_later_one() {
    let text = "\
pid,track_name,artist_name,track_uri
1,Sol,Ann,
1,Mi,Ann,u:mi
2,Sol,Ann,u:sol1
2,Sol,Ann,u:sol2
3,Sol,Ben,
3,Sol,Ann,
3,Sol,Ann,u:sol1
";
    let dataset = dataset(text).unwrap();
    let names = |uri: &str, title: &str, artist: &str| {
        (uri.to_owned(), title.to_owned(), artist.to_owned())
    };
    let expected = [
        names("u:sol1", "Sol", "Ann"),
        names("u:mi", "Mi", "Ann"),
        names("u:sol2", "Sol", "Ann"),
        names("", "Sol", "Ben"),
    ];
    assert_eq!(items(&dataset), expected);
    let held: Vec<Vec<u32>> = playlists(&dataset).into_iter().map(|(_, items)| items).collect();
    assert_eq!(held, [vec![0, 1], vec![0, 2], vec![3, 0]]);
}

#[test]
fn a_track_under_two_names_is_found_by_either_and_called_by_the_first() {
    let text = "\
pid,track_name,artist_name,track_uri
1,Sol (Live),Ann,u:1
1,Sol,Ann,u:1
1,Sol,Ann,u:2
2,Sol,Ann,
2,Sol (Live),Ann,
";
    let dataset = dataset(text).unwrap();
    assert_eq!(playlists(&dataset)[1].1, [0]);
    assert_eq!(dataset.items.get(0).title, "Sol (Live)");
}

proptest! {
    #[test]
    fn items_and_playlists_are_those_of_the_rule(
        rows in prop::collection::vec(
            ("[123]", prop_oneof![Just(String::new()), "u:[1-4]"], "[abc]", "[xy]?"),
            1..40,
        ),
    ) {
        let dataset = dataset(csv(&rows)).unwrap();
        let (expected_items, expected_playlists) = by_the_rule(&rows);
        prop_assert_eq!(items(&dataset), expected_items);
        prop_assert_eq!(playlists(&dataset), expected_playlists);
        prop_assert_eq!(dataset.rows, rows.len() as u64);
    }
}
