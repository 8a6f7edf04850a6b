//! What is asked: songs drawn from a list, as many a request as a distribution says, from a seed.
//!
//! All bodies are written before the run starts; during it, a request costs a reference to one.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use anyhow::{Context, ensure};
use bytes::Bytes;

/// Songs to ask with where no list is given: known to most catalogs.
const SONGS: [&str; 32] = [
    "Yesterday",
    "Bohemian Rhapsody",
    "Hotel California",
    "Billie Jean",
    "Smells Like Teen Spirit",
    "Wonderwall",
    "Imagine",
    "Let It Be",
    "Superstition",
    "Mr. Brightside",
    "HUMBLE.",
    "One Dance",
    "Closer",
    "Hotline Bling",
    "Sorry",
    "Stronger",
    "Gold Digger",
    "Redbone",
    "White Iverson",
    "Panda",
    "Roses",
    "Hello",
    "Viva La Vida",
    "Don't Stop Believin'",
    "Sweet Child O' Mine",
    "Summer Of '69",
    "Brown Eyed Girl",
    "Africa",
    "Take On Me",
    "Riptide",
    "Ho Hey",
    "Pumped Up Kicks",
];

/// How many different bodies a run sends in turn: enough that no cache can know them all, few enough to
/// lie in memory unnoticed.
const BODIES: usize = 1_024;

/// The request bodies of a run.
#[derive(Clone, Debug)]
pub struct Bodies(Vec<Bytes>);

impl Bodies {
    /// Bodies with songs from the list and lengths from the distribution; the same seed gives the same
    /// bodies.
    ///
    /// # Errors
    /// A size is larger than the number of different songs.
    pub fn draw(songs: &Songs, sizes: &Sizes, seed: u64) -> anyhow::Result<Self> {
        let different = songs.0.iter().collect::<HashSet<_>>().len();
        let most = sizes.largest();
        ensure!(
            most <= different,
            "a request of {most} songs needs as many different ones: the list has {different}"
        );
        let mut random = fastrand::Rng::with_seed(seed);
        let bodies = (0..BODIES).map(|_| body(songs, sizes.draw(&mut random), &mut random));
        Ok(Self(bodies.collect()))
    }

    /// The body of request `index`.
    #[must_use]
    pub fn get(&self, index: u64) -> Bytes {
        let place = index % self.0.len() as u64;
        self.0[usize::try_from(place).expect("a place in a vector fits")].clone()
    }
}

fn body(songs: &Songs, size: usize, random: &mut fastrand::Rng) -> Bytes {
    let mut chosen: Vec<&str> = Vec::with_capacity(size);
    while chosen.len() < size {
        let song = songs.0[random.usize(..songs.0.len())].as_str();
        if !chosen.contains(&song) {
            chosen.push(song);
        }
    }
    let body = serde_json::json!({ "songs": chosen });
    Bytes::from(body.to_string())
}

/// The songs that requests name.
#[derive(Clone, Debug)]
pub struct Songs(Vec<String>);

impl Songs {
    /// A small list of well-known titles.
    #[must_use]
    pub fn known() -> Self {
        Self(SONGS.map(str::to_owned).to_vec())
    }

    /// Reads a list: CSV with a column `track_name` (with `artist_name`, songs are asked for as
    /// "Artist - Title"), or plain lines, a song each. A song that stands there more often is asked for
    /// more often.
    ///
    /// # Errors
    /// The file can't be read, is not UTF-8, or names no song.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let mut text = String::new();
        File::open(path)
            .and_then(|mut file| file.read_to_string(&mut text))
            .with_context(|| format!("{}: failed to read the songs", path.display()))?;
        let songs =
            Self::parse(&text).with_context(|| format!("{}: failed to read", path.display()))?;
        ensure!(!songs.0.is_empty(), "{}: no song in it", path.display());
        Ok(songs)
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader =
            csv::ReaderBuilder::new().delimiter(delimiter(text)).from_reader(text.as_bytes());
        let headers = reader.headers()?.clone();
        let column = |name: &str| headers.iter().position(|header| header.trim() == name);
        let Some(title) = column("track_name") else {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            return Ok(Self(lines.map(str::to_owned).collect()));
        };
        let artist = column("artist_name");
        let mut songs = Vec::new();
        for record in reader.records() {
            let record = record?;
            let field = |column: usize| record.get(column).map_or("", str::trim);
            match (artist.map_or("", field), field(title)) {
                (_, "") => {}
                ("", title) => songs.push(title.to_owned()),
                (artist, title) => songs.push(format!("{artist} - {title}")),
            }
        }
        Ok(Self(songs))
    }
}

/// The separator that the first line has most of.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|&byte| byte == separator).count();
    [b',', b';', b'\t']
        .into_iter()
        .max_by_key(|&separator| (count(separator), separator == b','))
        .expect("there are three separators")
}

/// How many songs a request names: sizes with their weights, as in `1:50,5:40,20:10`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizes(Vec<(usize, u32)>);

impl Sizes {
    /// The API answers requests of any size, but nobody's playlist is longer than this.
    const LARGEST: usize = 1_000;

    fn largest(&self) -> usize {
        self.0.iter().map(|&(size, _)| size).max().unwrap_or(0)
    }

    fn draw(&self, random: &mut fastrand::Rng) -> usize {
        let total: u64 = self.0.iter().map(|&(_, weight)| u64::from(weight)).sum();
        let mut left = random.u64(..total);
        for &(size, weight) in &self.0 {
            match left.checked_sub(weight.into()) {
                Some(rest) => left = rest,
                None => return size,
            }
        }
        unreachable!("the draw is below the sum of the weights")
    }
}

impl FromStr for Sizes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let (size, weight) = part.split_once(':').unwrap_or((part, "1"));
            let size: usize = size.trim().parse().ok()?;
            let weight: u32 = weight.trim().parse().ok()?;
            ((1..=Self::LARGEST).contains(&size) && weight > 0).then_some((size, weight))
        };
        let sizes: Option<Vec<_>> = text.split(',').map(part).collect();
        sizes.map(Self).ok_or_else(|| {
            let most = Self::LARGEST;
            format!("expected numbers of songs (1 to {most}) with weights, such as 1:50,5:40,20:10")
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn songs_of(body: &Bytes) -> Vec<String> {
        let value: serde_json::Value = serde_json::from_slice(body).unwrap();
        serde_json::from_value(value["songs"].clone()).unwrap()
    }

    #[test]
    fn songs_are_read_from_csv_by_column_and_from_plain_lines() {
        let read = |text: &str| Songs::parse(text).unwrap().0;
        assert_eq!(
            read("artist_name,track_name\nA,\"T, 1\"\n,Only title\nB,\n"),
            ["A - T, 1", "Only title"]
        );
        assert_eq!(read("\u{feff}track_name;artist_name\nT;A\n"), ["A - T"]);
        assert_eq!(read("Yesterday\n\n  Let It Be \n"), ["Yesterday", "Let It Be"]);
        assert_eq!(read("Me, Myself and I\n"), ["Me, Myself and I"]);
    }

    #[test]
    fn a_list_without_songs_is_refused_with_its_path() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Songs::read(file.path()).unwrap_err();
        assert!(error.to_string().ends_with("no song in it"), "{error}");
    }

    #[test]
    fn sizes_read_as_written_and_refuse_what_is_not_one() {
        assert_eq!("1:50,5:40".parse(), Ok(Sizes(vec![(1, 50), (5, 40)])));
        assert_eq!("3".parse(), Ok(Sizes(vec![(3, 1)])));
        for wrong in ["", "0", "1:0", "1:2:3", "-1", "1001", "5,"] {
            assert!(wrong.parse::<Sizes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn more_songs_than_the_list_has_are_refused() {
        let sizes = "500".parse().unwrap();
        assert!(Bodies::draw(&Songs::known(), &sizes, 1).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn bodies_follow_seed_and_sizes_and_name_no_song_twice(seed: u64) {
            let sizes: Sizes = "1:50,5:40,20:10".parse().unwrap();
            let bodies = Bodies::draw(&Songs::known(), &sizes, seed).unwrap();
            let again = Bodies::draw(&Songs::known(), &sizes, seed).unwrap();
            prop_assert_eq!(&bodies.0, &again.0);
            let mut count = BTreeMap::<usize, usize>::new();
            for body in &bodies.0 {
                let songs = songs_of(body);
                let different: HashSet<_> = songs.iter().collect();
                prop_assert_eq!(different.len(), songs.len());
                *count.entry(songs.len()).or_default() += 1;
            }
            // Six standard deviations around 512, 410 and 102 of 1,024.
            prop_assert!(count.keys().copied().eq([1, 5, 20]));
            prop_assert!((416..=608).contains(&count[&1]));
            prop_assert!((316..=504).contains(&count[&5]));
            prop_assert!((45..=160).contains(&count[&20]));
        }
    }
}
