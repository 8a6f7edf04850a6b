//! Made datasets of any size: playlists with the structure that real ones have, by artists there are not.
//!
//! Popularity follows Zipf's law with a flattened head, in genres, artists and tracks; playlists keep to
//! a genre or two and to a few favourites; lengths run from 5 to 250 with a mean of about 66. The bytes
//! depend on the number of playlists and the seed alone, and only whole numbers are computed with
//! (SplitMix64), so they are the same on any machine.
//!
//! Not here: what the columns mean to the miner (see `segue_miner::dataset`).

mod catalog;
mod name;
mod playlist;
mod row;
mod vocabulary;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use segue_process::exit::UNWRITTEN;

use catalog::Catalog;
use playlist::Playlist;
use row::{HEADER, Rows};

/// Playlists that one thread makes at a time: some hundred kilobytes.
const CHUNK_PLAYLISTS: u64 = 64;

/// Chunks that are made side by side before they are written: several for each of many cores, and some
/// tens of megabytes at most.
const BATCH_CHUNKS: u64 = 64;

/// Write a made dataset: playlists by artists there are not, with the structure of real ones
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The same numbers give the same bytes on any machine. A thousand playlists are about 66,000 rows.

Examples:
  segue sample --playlists 400 | head
  segue sample --playlists 240000 --seed 7 --output made.csv.zst
  segue up --dataset made.csv.zst")]
pub(crate) struct SampleArgs {
    /// How many playlists to make
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    playlists: u64,
    /// What sets one made dataset apart from another of the same size
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Where to write to, compressed where the name ends in .gz or .zst; standard output by default
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes a dataset as the flags say.
pub(crate) fn run(args: &SampleArgs) -> anyhow::Result<()> {
    let (playlists, seed) = (args.playlists, args.seed);
    let Some(path) = &args.output else {
        return write(playlists, seed, io::stdout().lock()).context(UNWRITTEN);
    };
    let failed = || format!("{}: failed to write", path.display());
    write_file(playlists, seed, path).with_context(failed)
}

fn write_file(playlists: u64, seed: u64, path: &Path) -> io::Result<()> {
    let file = File::create(path)?;
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gz") => {
            let mut encoder = GzEncoder::new(file, Compression::default());
            write(playlists, seed, &mut encoder)?;
            encoder.finish()?.flush()
        }
        Some("zst") => {
            let mut encoder = zstd::Encoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            write(playlists, seed, &mut encoder)?;
            encoder.finish()?.flush()
        }
        _ => write(playlists, seed, file),
    }
}

/// Writes a made dataset as CSV.
pub(crate) fn write(playlists: u64, seed: u64, mut out: impl Write) -> io::Result<()> {
    let catalog = Catalog::new(playlists, seed);
    out.write_all(HEADER.as_bytes())?;
    for start in (0..playlists).step_by((BATCH_CHUNKS * CHUNK_PLAYLISTS) as usize) {
        let chunks: Vec<String> = (0..BATCH_CHUNKS)
            .into_par_iter()
            .map(|chunk| {
                let start = start + chunk * CHUNK_PLAYLISTS;
                let mut rows = Rows::new(&catalog);
                for pid in start..(start + CHUNK_PLAYLISTS).min(playlists) {
                    rows.push(pid, &Playlist::new(&catalog, pid));
                }
                rows.text
            })
            .collect();
        chunks.iter().try_for_each(|chunk| out.write_all(chunk.as_bytes()))?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn made(playlists: u64, seed: u64) -> String {
        let mut bytes = Vec::new();
        write(playlists, seed, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn the_bundled_dataset_is_what_400_playlists_of_seed_1_are() {
        let bundled = include_bytes!("../../data/sample.csv.gz");
        let mut text = String::new();
        GzDecoder::new(&bundled[..]).read_to_string(&mut text).unwrap();
        let place = text.lines().zip(made(400, 1).lines()).position(|(old, new)| old != new);
        assert_eq!(place, None, "`segue sample --playlists 400 --seed 1` no longer gives it");
        assert!(text == made(400, 1));
    }

    #[test]
    fn playlists_are_the_same_in_any_number_of_threads() {
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let many = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
        // More than a batch, so that chunks and batches meet.
        let playlists = BATCH_CHUNKS * CHUNK_PLAYLISTS + CHUNK_PLAYLISTS / 2;
        assert!(alone.install(|| made(playlists, 3)) == many.install(|| made(playlists, 3)));
    }

    #[test]
    fn seeds_give_different_datasets() {
        assert_ne!(made(1, 1), made(1, 2));
    }

    #[test]
    fn fields_hold_what_parsers_trip_over() {
        let text = made(200, 1);
        for sample in ["\"\"", ",\"", "é", "ø", "(feat. ", " - Remastered 2011", ",\n"] {
            assert!(text.contains(sample), "{sample:?}");
        }
    }
}
