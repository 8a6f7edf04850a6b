//! How songs are found by what people write.

use proptest::collection::vec;
use proptest::prelude::*;
use segue_model::Model;

use crate::support::{Dataset, sample};

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
    check("The Beatles – Yesterday", &[beatles]);
    check("Air — Sexy Boy", &["Air - Sexy Boy"]);
    check("Nothing like it", &[]);
    check(&" - ".repeat(100_000), &[]);
    check("", &[]);
    check(" - ", &[]);
}

/// Titles of frequent songs are looked up as they are written, all others by their keys.
#[test]
fn a_title_means_the_same_tracks_as_it_is_written_and_in_other_letters() {
    let twice = [
        &["A - Song", "B - Song", "C - Song - Remastered 2011", "D - Rare", "A -  Space "][..],
        &["A - Song", "B - Song", "C - Song - Remastered 2011", "D - Alone", "A -  Space "][..],
        &["A - Song", "D - song", "E - Song - remastered 2011", "E - test:A - Song"][..],
        &["D - song", "E - Song - Live", "C - Song (feat. F)", "E - test:A - Song"][..],
    ];
    let model = Dataset::new(&twice).model(2);
    let catalog = model.catalog();
    let titles: Vec<&str> = (0..catalog.len() as u32).map(|track| catalog.title(track)).collect();
    let together = catalog.find_all(&titles);
    for (title, found) in titles.iter().zip(together) {
        assert_eq!(catalog.find(title), found, "{title}");
        if *title != "test:A - Song" {
            assert_eq!(names(&model, &found), names(&model, &catalog.find(&title.to_uppercase())));
        }
    }
    let named = |text: &str| names(&model, &catalog.find(text)).len();
    assert_eq!((named("Song"), named("song"), named("Song - Remastered 2011")), (6, 6, 2));
    assert_eq!(names(&model, &catalog.find("test:A - Song")), ["A - Song"], "a URI comes first");
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
fn a_search_finds_a_title_by_all_that_it_begins_with() {
    let songs = [
        "Guetta - Dangerous (feat. Sam Martin)",
        "Guetta - Dangerous (feat. Sam Martin) - Robin Schulz Remix",
        "Other - Dangerous",
        "Goulding - Tessellate - Bonus Track",
        "Rihanna - Stay (Live) - Album Version (Edited)",
        "Guest - Home feat. Someone",
    ];
    let model = Dataset::new(&[&songs[..], &songs[..1]]).model(2);
    for song in songs {
        let (_, title) = song.split_once(" - ").unwrap();
        for (end, _) in title.char_indices().skip(1) {
            let found = names(&model, &model.catalog().search(&title[..end], 100));
            assert!(found.contains(&song.to_owned()), "{}: {found:?}", &title[..end]);
        }
    }
    for typed in ["dangerous feat sam", "Dangerous\u{a0}(feat", "dangerous(feat. s"] {
        assert_eq!(names(&model, &model.catalog().search(typed, 1)), songs[..1], "{typed}");
    }
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

/// How many letters have to be added, left out, changed or swapped with their neighbours to get from one
/// text to the other, none of them twice (optimal string alignment): the definition, row by row.
fn edits(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut table = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            table[i][j] = match (i, j) {
                (0, _) | (_, 0) => i + j,
                _ => {
                    let changed = usize::from(one[i - 1] != other[j - 1]);
                    let least = (table[i - 1][j] + 1).min(table[i][j - 1] + 1);
                    let least = least.min(table[i - 1][j - 1] + changed);
                    let is_swapped =
                        i > 1 && j > 1 && (one[i - 1], one[i - 2]) == (other[j - 2], other[j - 1]);
                    if is_swapped { least.min(table[i - 2][j - 2] + 1) } else { least }
                }
            };
        }
    }
    table[one.len()][other.len()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Up to 64 letters and not beyond, and not for more than four edits, however long the text is.
    #[test]
    fn near_is_as_many_edits_as_it_says(
        title in "[a-dж]{2,80}",
        changes in vec((any::<prop::sample::Index>(), prop::option::of("[a-eж]")), 0..8),
    ) {
        let mut typed: Vec<char> = title.chars().collect();
        for (place, letter) in &changes {
            let place = place.index(typed.len());
            match letter {
                Some(letter) => typed.splice(place..place, letter.chars()).for_each(drop),
                None if place + 1 < typed.len() => typed.swap(place, place + 1),
                None if typed.len() > 1 => drop(typed.remove(place)),
                None => {}
            }
        }
        let typed: String = typed.into_iter().collect();
        let song: &'static str = Box::leak(format!("X - {title}").into());
        let model = crate::support::Dataset::new(&[&[song]]).model(0);

        let letters = typed.chars().count();
        let is_near = (3..=64).contains(&letters)
            && edits(&title, &typed) <= (letters / 4).clamp(1, 4);
        prop_assert_eq!(!model.catalog().near(&typed, 1).is_empty(), is_near);
    }
}

/// Songs that people ask for, as playlists write them, and what they may be called.
#[test]
fn real_songs_are_found_by_what_people_type() {
    let songs: &[&'static str] = &[
        "Beyoncé - Sweet Dreams",
        "The Beatles - Don't Let Me Down - Remastered",
        "The Notorious B.I.G. - Ten Crack Commandments - 2014 Remastered Version",
        "Tiësto - Let’s Go",
        "Mötley Crüe - Wild Side",
        "MØ - Nights With You",
        "Daryl Hall & John Oates - Kiss on My List - Remastered",
        "Future - Who (feat. Young Thug)",
        "Wale - Colombia Heights (Te Llamo) [feat. J Balvin]",
        "A-Trak - Ray Ban Vision ft. Cyhi Da Prynce",
        "E-40 - U And Dat (feat. T. Pain & Kandi Girl)",
        "K'NAAN - Wavin' Flag - Coca-Cola® Celebration Mix",
        "Jennifer Lopez - Ain't It Funny - Murder Remix",
        "Pink Floyd - Breathe (In the Air)",
        "Faith Hill - Breathe - Remastered",
        "Katy Perry - Bon appétit",
        "A$AP Rocky - Praise the Lord",
    ];
    let model = crate::support::Dataset::new(&[songs]).model(9);
    let check = |text: &str, expected: &'static str| {
        assert_eq!(names(&model, &model.catalog().find(text)), [expected], "{text}");
    };
    check("sweet dreams", "Beyoncé - Sweet Dreams");
    check("BEYONCE - SWEET DREAMS", "Beyoncé - Sweet Dreams");
    check("dont let me down", songs[1]);
    check("Beatles - Don’t Let Me Down", songs[1]);
    check("Don't Let Me Down - Remastered 2009 - The Beatles", songs[1]);
    check("Notorious BIG - Ten Crack Commandments", songs[2]);
    check("Let's Go - Tiesto", songs[3]);
    check("motley crue - wild side", songs[4]);
    check("mo - nights with you", songs[5]);
    check("Kiss on My List - Daryl Hall and John Oates", songs[6]);
    check("Who", songs[7]);
    check("Who - Future", songs[7]);
    check("colombia heights (te llamo)", songs[8]);
    check("A-Trak - Ray Ban Vision", songs[9]);
    check("E-40 - U and Dat (feat. T-Pain)", songs[10]);
    check("Wavin Flag - Coca-Cola Celebration Mix", songs[11]);
    check("Jennifer Lopez - Ain't It Funny - Murder Remix", songs[12]);
    check("Breathe (In the Air)", songs[13]);
    check("Breathe", songs[14]);
    check("bon appetit", songs[15]);
    check("ASAP Rocky - Praise The Lord", songs[16]);
}

#[test]
fn an_unknown_songs_artist_is_found() {
    let model = sample().model(2);
    let check = |text: &str, expected: Option<&str>| {
        let artist = model.catalog().find_artist(text);
        assert_eq!(artist.map(|artist| model.catalog().artist_name(artist)), expected, "{text}");
    };
    check("beatles - No Such Song", Some("The Beatles"));
    check("No Such Song - The Beatles", Some("The Beatles"));
    check("The Beatles", None);
    check("Nobody Else - No Such Song", None);
    check(" - ", None);
}
