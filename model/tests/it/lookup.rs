//! How songs are found by what people write.

use segue_model::Model;

use crate::support::sample;

fn names(model: &Model, tracks: &[u32]) -> Vec<String> {
    tracks
        .iter()
        .map(|&track| {
            let track = model.catalog().track(track);
            format!("{} - {}", track.artist, track.title)
        })
        .collect()
}

#[test]
fn songs_are_found_by_title_artist_and_uri_in_any_spelling() {
    let model = sample().model(2);
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(names(&model, &model.catalog().find(text)), expected, "{text}");
    };
    let beatles = "The Beatles - Yesterday";
    let remastered = "Queen - Bohemian Rhapsody - Remastered 2011";
    check("Yesterday", &[beatles, "Boyz II Men - Yesterday"]);
    check("YESTERDAY!", &[beatles, "Boyz II Men - Yesterday"]);
    check("The Beatles - Yesterday", &[beatles]);
    check("beatles - yesterday", &[beatles]);
    check("Yesterday - The Beatles", &[beatles]);
    check("test:The Beatles - Yesterday", &[beatles]);
    check("Bohemian Rhapsody", &[remastered, "Queen - Bohemian Rhapsody"]);
    check("Bohemian Rhapsody - Remastered 2011", &[remastered]);
    check("Queen - Bohemian Rhapsody - Remastered 2011", &[remastered]);
    check("Queen - Bohemian Rhapsody", &[remastered, "Queen - Bohemian Rhapsody"]);
    check("Bohemian Rhapsody - Remastered 1999", &[remastered, "Queen - Bohemian Rhapsody"]);
    check("joga", &["Björk - Jóga"]);
    check("bjork - joga", &["Björk - Jóga"]);
    check("help", &["The Beatles - Help!"]);
    check("Queen - Yesterday", &[]);
    check("Nothing like it", &[]);
    check("", &[]);
    check(" - ", &[]);
}

#[test]
fn a_search_finds_titles_then_artists_then_near_matches() {
    let model = sample().model(2);
    let check = |text: &str, expected: &[&str]| {
        assert_eq!(names(&model, &model.catalog().search(text, 3)), expected, "{text}");
    };
    check("yes", &["The Beatles - Yesterday", "Boyz II Men - Yesterday"]);
    check("the beat", &["The Beatles - Yesterday", "The Beatles - Help!"]);
    check("beat", &["The Beatles - Yesterday", "The Beatles - Help!"]);
    check("bohemain rapsody", &["Queen - Bohemian Rhapsody - Remastered 2011"]);
    check("boyz ii men - yester day", &["The Beatles - Yesterday"]);
    check(" test:Boyz II Men - Yesterday", &["Boyz II Men - Yesterday"]);
    check("", &[]);
}

#[test]
fn a_near_match_is_a_matter_of_few_letters() {
    let model = sample().model(2);
    let near = |text: &str| names(&model, &model.catalog().near(text, 5));
    assert_eq!(near("Yesterdya"), ["The Beatles - Yesterday"]);
    assert_eq!(near("Air - Sexi Boy"), ["Air - Sexy Boy"]);
    assert_eq!(near("hlp"), ["The Beatles - Help!"]);
    assert!(near("Tomorrow never knows").is_empty());
    assert!(near(&"very long ".repeat(50)).is_empty());
}
