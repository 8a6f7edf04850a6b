//! Songs to ask with: from a file or standard input, and a random draw from them.
//!
//! A list is a CSV with the columns `artist_name` and `track_name`, in any order and among others, or
//! else a song a line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};

use crate::random::Random;

/// The songs of a list; `-` is standard input.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<String>> {
    let songs = if path == Path::new("-") {
        parse(std::io::stdin().lock())
    } else {
        File::open(path).map_err(anyhow::Error::from).and_then(|file| parse(BufReader::new(file)))
    };
    let songs = songs.with_context(|| format!("{}: failed to read songs", path.display()))?;
    if songs.is_empty() {
        bail!("{}: expected songs, found none", path.display());
    }
    Ok(songs)
}

fn parse(mut source: impl BufRead) -> anyhow::Result<Vec<String>> {
    let mut first = String::new();
    source.read_line(&mut first)?;
    let first = first.trim_start_matches('\u{feff}');
    let header: Vec<&str> =
        first.trim_end().split(',').map(|name| name.trim_matches('"')).collect();
    if header.contains(&"track_name") {
        return parse_csv(first.as_bytes().chain(source));
    }
    let mut songs = Vec::new();
    for line in std::iter::once(Ok(first.to_owned())).chain(source.lines()) {
        let line = line?;
        if !line.trim().is_empty() {
            songs.push(line.trim().to_owned());
        }
    }
    Ok(songs)
}

fn parse_csv(source: impl Read) -> anyhow::Result<Vec<String>> {
    let mut reader = csv::Reader::from_reader(source);
    let column = |name: &str, reader: &mut csv::Reader<_>| -> anyhow::Result<Option<usize>> {
        Ok(reader.headers()?.iter().position(|header| header == name))
    };
    let artist = column("artist_name", &mut reader)?;
    let title = column("track_name", &mut reader)?.context("expected a column track_name")?;
    let mut songs = Vec::new();
    for record in reader.records() {
        let record = record?;
        let field = |column: usize| record.get(column).unwrap_or_default().trim();
        let song = match artist.map(field) {
            Some(artist) if !artist.is_empty() => format!("{artist} - {}", field(title)),
            _ => field(title).to_owned(),
        };
        if !song.is_empty() {
            songs.push(song);
        }
    }
    Ok(songs)
}

/// `number` different songs of the list, in the order drawn: the same for the same seed.
pub(crate) fn draw(
    mut songs: Vec<String>,
    number: usize,
    seed: u64,
) -> anyhow::Result<Vec<String>> {
    if number > songs.len() {
        bail!("--random {number}: expected at most as many as the list has songs, {}", songs.len());
    }
    let mut random = Random::new(seed);
    // A shuffle (Fisher, Yates) that stops when enough are drawn.
    for drawn in 0..number {
        let left = songs.len() - drawn;
        songs.swap(drawn, drawn + random.below(left as u64) as usize);
    }
    songs.truncate(number);
    Ok(songs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_csv_or_as_lines() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(parse(text.as_bytes()).unwrap(), expected, "{text:?}");
        };
        check(
            "artist_name,track_name\nQueen,\"One, two\"\n,Alone\n",
            &["Queen - One, two", "Alone"],
        );
        check("n,track_name,artist_name\n1,Help!,The Beatles\n", &["The Beatles - Help!"]);
        check("\u{feff}track_name\nHelp!\n", &["Help!"]);
        check("Yesterday\n\n  Help!  \n", &["Yesterday", "Help!"]);
        check("", &[]);
        assert!(parse("track_name,x\na\n".as_bytes()).is_err());
    }

    #[test]
    fn a_draw_is_the_same_for_the_same_seed_and_has_no_song_twice() {
        let songs: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        let drawn = draw(songs.clone(), 20, 7).unwrap();
        assert_eq!(drawn, draw(songs.clone(), 20, 7).unwrap());
        assert_ne!(drawn, draw(songs.clone(), 20, 8).unwrap());
        let mut all = draw(songs.clone(), 50, 7).unwrap();
        all.sort_unstable_by_key(|song| song.parse::<u32>().unwrap());
        assert_eq!(all, songs);
        assert!(draw(songs, 51, 7).is_err());
    }
}
