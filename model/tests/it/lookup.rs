//! How songs are found by what people write.

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
fn a_near_match_is_a_matter_of_few_letters() {
    let model = sample().model(2);
    let near = |text: &str| names(&model, &model.catalog().near(text, 5));
    assert_eq!(near("Yesterdya"), ["The Beatles - Yesterday"]);
    assert_eq!(near("Air - Sexi Boy"), ["Air - Sexy Boy"]);
    assert_eq!(near("hlp"), ["The Beatles - Help!"]);
    assert!(near("Tomorrow never knows").is_empty());
    assert!(near(&"very long ".repeat(50)).is_empty());
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
