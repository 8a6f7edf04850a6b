//! Made-up names of artists, albums and tracks: each follows from the seed and from what it names.
//!
//! Some hold what parsers trip over, as real ones do: accents, quotes, commas.
//!
//! Not here: who has how many tracks (see `catalog`), and quoting (see `row`).

use super::catalog::{Artist, Catalog, GENRES, Manner, Track};
use super::vocabulary::{
    ADJECTIVES, ALBUM_KINDS, EDITIONS, IMPERATIVES, NOUNS, PLURALS, SYLLABLES,
};
use crate::random::Random;

/// What sets the random numbers behind one kind of name apart from those behind another.
#[derive(Clone, Copy)]
enum Kind {
    Artist = 1,
    Album,
    Track,
}

fn random(catalog: &Catalog, kind: Kind, artist: Artist, number: u64) -> Random {
    // Side by side: at most 16 genres, 96 tracks of an artist, and artists by the million.
    let named = (kind as u64) << 60 | (artist.genre as u64) << 56 | number << 48 | artist.index;
    Random::of(&[catalog.seed, named])
}

/// Writes an artist's name.
pub(super) fn artist(catalog: &Catalog, artist: Artist, out: &mut String) {
    let random = &mut random(catalog, Kind::Artist, artist, 0);
    match GENRES[artist.genre].manner {
        Manner::Singers => singer(random, out),
        Manner::Bands => band(random, out),
        Manner::Rappers => rapper(random, out),
        Manner::Producers => producer(random, out),
        Manner::Ensembles => ensemble(random, out),
    }
}

/// Writes the name of the album that a track is on.
pub(super) fn album(catalog: &Catalog, of: Track, out: &mut String) {
    let number = catalog.album(of);
    let random = &mut random(catalog, Kind::Album, of.artist, number);
    match random.below(10) {
        0 if number == 0 => return artist(catalog, of.artist, out),
        0..3 => out.push_str(noun(of.artist, random)),
        3..5 => parts(out, &["The ", random.pick(&ADJECTIVES), " ", noun(of.artist, random)]),
        5 => invented(random, 3, out),
        _ => parts(out, &[noun(of.artist, random), " & ", noun(of.artist, random)]),
    }
    if random.percent(12) {
        out.push_str(random.pick(&ALBUM_KINDS));
    }
}

/// Writes a track's title.
pub(super) fn title(catalog: &Catalog, track: Track, out: &mut String) {
    let random = &mut random(catalog, Kind::Track, track.artist, track.number);
    bare_title(track.artist, random, out);
    if random.percent(9) {
        out.push_str(" (feat. ");
        artist(catalog, catalog.any_artist(track.artist.genre, random), out);
        out.push(')');
    }
    if random.percent(6) {
        out.push_str(random.pick(&EDITIONS));
    }
}

fn bare_title(of: Artist, random: &mut Random, out: &mut String) {
    let adjective = random.pick(&ADJECTIVES);
    let (noun, other) = (noun(of, random), noun(of, random));
    match random.below(100) {
        0..18 => parts(out, &[adjective, " ", noun]),
        18..26 => out.push_str(noun),
        26..40 => parts(out, &[random.pick(&IMPERATIVES), " the ", noun]),
        40..48 => parts(out, &[random.pick(&IMPERATIVES), " My ", adjective, " ", noun]),
        48..58 => parts(out, &[noun, " of the ", other]),
        58..66 => parts(out, &["The ", noun, " and the ", other]),
        66..74 => parts(out, &[adjective, " ", noun, ", ", random.pick(&ADJECTIVES), " ", other]),
        74..82 => parts(out, &["When the ", adjective, " ", noun, " Comes"]),
        82..86 => parts(out, &["\"", noun, "\" (", other, ")"]),
        86..90 => parts(out, &["Don't ", random.pick(&IMPERATIVES), " Me, ", noun]),
        90..95 => {
            invented(random, 2, out);
            parts(out, &[" ", noun]);
        }
        _ => invented(random, 3, out),
    }
}

fn singer(random: &mut Random, out: &mut String) {
    invented(random, 2, out);
    out.push(' ');
    if random.percent(8) {
        parts(out, &["\"", random.pick(&PLURALS), "\" "]);
    }
    invented(random, 2, out);
    if random.percent(6) {
        out.push_str(" & ");
        invented(random, 3, out);
    }
}

fn band(random: &mut Random, out: &mut String) {
    let plural = random.pick(&PLURALS);
    match random.below(4) {
        0 => parts(out, &["The ", random.pick(&ADJECTIVES), " ", plural]),
        1 => {
            invented(random, 2, out);
            parts(out, &[" and the ", plural]);
        }
        2 => {
            invented(random, 2, out);
            parts(out, &[" ", plural]);
        }
        _ => {
            parts(out, &[random.pick(&ADJECTIVES), " "]);
            invented(random, 2, out);
        }
    }
}

fn rapper(random: &mut Random, out: &mut String) {
    match random.below(4) {
        0 => out.push_str("Young "),
        1 => out.push_str("MC "),
        2 => parts(out, &[random.pick(&ADJECTIVES), " "]),
        _ => {}
    }
    invented(random, 3, out);
}

fn producer(random: &mut Random, out: &mut String) {
    match random.below(3) {
        0 => out.push_str("DJ "),
        1 => parts(out, &[random.pick(&NOUNS[5]), " "]),
        _ => {}
    }
    invented(random, 3, out);
}

fn ensemble(random: &mut Random, out: &mut String) {
    invented(random, 2, out);
    match random.below(4) {
        0 => out.push_str(" Quartet"),
        1 => out.push_str(" Chamber Orchestra"),
        2 => {
            out.push_str(", ");
            invented(random, 2, out);
            out.push_str(" & ");
            invented(random, 2, out);
        }
        _ => {
            out.push(' ');
            invented(random, 2, out);
            out.push_str(" Trio");
        }
    }
}

/// A word that there is not, with a capital.
fn invented(random: &mut Random, syllables: usize, out: &mut String) {
    let start = out.len();
    for _ in 0..syllables {
        out.push_str(random.pick(&SYLLABLES));
    }
    out[start..=start].make_ascii_uppercase();
}

/// Something the artist's genre sings of, mostly.
fn noun(of: Artist, random: &mut Random) -> &'static str {
    let [first, second] = GENRES[of.genre].moods;
    let mood = match random.below(100) {
        0..45 => first,
        45..80 => second,
        _ => random.below(NOUNS.len() as u64) as usize,
    };
    random.pick(&NOUNS[mood])
}

fn parts(out: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| out.push_str(part));
}
