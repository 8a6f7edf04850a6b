//! Taking the songs along: as text, as CSV, as a link that brings the page back as it was.

use fantoccini::key::Key;
use serde_json::json;

use crate::fixture::{LONG, MARKUP, RIGHT_TO_LEFT};
use crate::page::play;

#[tokio::test]
async fn a_link_reproduces_the_state() {
    let odd = [MARKUP, RIGHT_TO_LEFT, LONG, "100 % & #1 = + song\u{1f3b5}"];
    play("", async |page, _| {
        page.paste(&odd.join("\n")).await;
        assert_eq!(page.chosen(4).await, odd);
        page.click("#open-export").await;
        page.click("[name=format][value=link]").await;
        let link = page.until("document.querySelector('#export-text').value").await;
        let (_, fragment) = link.as_str().unwrap().split_once('#').expect("the link holds songs");
        page.open(&format!("#{fragment}")).await;
        assert_eq!(page.chosen(4).await, odd);
        assert_eq!(page.value("location.href").await, link);
    })
    .await;
}

#[tokio::test]
async fn a_link_keeps_which_track_a_song_is() {
    play("", async |page, _| {
        page.write("#search", "yesterday").await;
        page.until_text("#suggestions .title", "Yesterday").await;
        page.click("#suggestions li").await;
        page.chosen(1).await;
        let fragment = page.value("location.hash").await;
        assert_eq!(fragment, "#song=Yesterday%09The%20Beatles%09spotify:track:0");
        page.open(fragment.as_str().unwrap()).await;
        page.chosen(1).await;
        assert_eq!(page.value("location.hash").await, fragment);
        page.click("#open-export").await;
        page.click("#export-next").await;
        page.until("document.querySelector('#export-text').value === 'The Beatles - Yesterday\\n'")
            .await;
        page.click("[name=format][value=csv]").await;
        let csv = "track_name,artist_name,track_uri\nYesterday,The Beatles,spotify:track:0\n";
        assert_eq!(page.value("document.querySelector('#export-text').value").await, csv);
    })
    .await;
}

#[tokio::test]
async fn a_link_from_another_dataset_finds_the_songs_by_their_names() {
    play("#song=Yesterday%09The%20Beatles%09other:track:7", async |page, _| {
        page.until_text("#next .title", "Help!").await;
        page.until_text("#next .why", "with Yesterday in 3 of 5 playlists").await;
        assert_eq!(page.texts("#score .unknown").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_length_that_is_none_is_the_shortest() {
    play("#song=Yesterday%09The%20Beatles&show=abc", async |page, _| {
        page.until_text("#next .title", "Help!").await;
        let shown = page.value("document.querySelectorAll('#next .title').length").await;
        assert_eq!(shown, 10);
    })
    .await;
}

#[tokio::test]
async fn the_songs_are_taken_along_as_text_and_as_csv_with_or_without_what_comes_next() {
    play("#song=Yesterday%09The%20Beatles", async |page, _| {
        page.until_text("#next .title", "Help!").await;
        page.write("#search", "a \"quoted\", title").await;
        page.press(Key::Enter).await;
        page.chosen(2).await;
        page.until("document.querySelector('#score .unknown')").await;
        page.run(
            "const make = URL.createObjectURL;
             URL.createObjectURL = (blob) => make(globalThis.saved = blob);",
        )
        .await;
        page.click("#open-export").await;
        let text = page.until("document.querySelector('#export-text').value").await;
        let text = text.as_str().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let first = ["The Beatles - Yesterday", "a \"quoted\", title", "The Beatles - Help!"];
        assert_eq!((&lines[..3], lines.len()), (&first[..], 12));

        page.click("#export-next").await;
        page.click("[name=format][value=csv]").await;
        let csv = "track_name,artist_name,track_uri\r\nYesterday,The Beatles,\r\n\
                   \"a \"\"quoted\"\", title\",,\r\n";
        let shown = page.value("document.querySelector('#export-text').value").await;
        assert_eq!(shown, csv.replace("\r\n", "\n"));
        assert_eq!(page.attribute("#export-save", "download").await, "segue.csv");
        assert_eq!(page.outcome("saved.text()").await, csv);
    })
    .await;
}

#[tokio::test]
async fn pasted_lines_are_read_as_songs_however_they_were_copied() {
    play("", async |page, _| {
        let check = async |text: &str, songs: &[(&str, &str)]| {
            let read = format!("import('/song.js').then((song) => song.songsOf({}))", json!(text));
            let read = page.outcome(&read).await;
            let read: Vec<_> = read
                .as_array()
                .unwrap_or_else(|| panic!("{read}"))
                .iter()
                .map(|song| (song["title"].as_str().unwrap(), song["artist"].as_str().unwrap()))
                .collect();
            assert_eq!(read, songs, "{text}");
        };
        check("", &[]).await;
        check(" \n\r\n\t\n", &[]).await;
        check("A\r\nB\rC\nD", &[("A", ""), ("B", ""), ("C", ""), ("D", "")]).await;
        check("  Yesterday  ", &[("Yesterday", "")]).await;
        check(
            "12. Help!\n3) Help\n* x\n\u{2022} y\n- z",
            &[("Help!", ""), ("Help", ""), ("x", ""), ("y", ""), ("z", "")],
        )
        .await;
        check("7 rings\n99\n1999\n1.5", &[("7 rings", ""), ("99", ""), ("1999", ""), ("1.5", "")])
            .await;
        check("Yesterday\tThe Beatles\t1965", &[("Yesterday", "The Beatles")]).await;
        check("https://open.spotify.com/intl-de/track/1AbC?si=2", &[("spotify:track:1AbC", "")])
            .await;
        check("spotify:track:1AbC", &[("spotify:track:1AbC", "")]).await;
    })
    .await;
}
