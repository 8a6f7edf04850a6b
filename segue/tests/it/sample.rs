//! Made datasets, as the program writes them and the miner reads them.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use flate2::read::GzDecoder;
use segue_miner::dataset::{Dataset, ReadOptions, Source, read};
use segue_miner::progress::Progress;

fn sample(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue"));
    command.arg("sample").args(arguments);
    command
}

fn standard_output(arguments: &[&str]) -> Vec<u8> {
    let output = sample(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn mined(path: &Path) -> Dataset {
    let source = Source::Path(path.to_owned());
    read(&source, &ReadOptions::default(), Progress::Silent).unwrap()
}

#[test]
fn a_made_dataset_is_read_whole_and_shaped_like_real_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made.csv");
    standard_output(&["--playlists", "2000", "--seed", "5", "--output", path.to_str().unwrap()]);
    let dataset = mined(&path);
    assert_eq!(dataset.transactions.len(), 2000);
    let mean = dataset.rows as f64 / 2000.0;
    assert!((60.0..72.0).contains(&mean), "{mean}");
    assert!(dataset.transactions.iter().all(|items| (4..=250).contains(&items.len())));
    // Hits are in a few playlists of a hundred, and many tracks are in one only.
    let mut supports = vec![0u32; dataset.items.len()];
    for items in &dataset.transactions {
        items.iter().for_each(|&item| supports[item as usize] += 1);
    }
    let (most, once) = (supports.iter().max(), supports.iter().filter(|&&support| support == 1));
    assert!((40..240).contains(most.unwrap()), "{most:?}");
    assert!(once.count() * 5 > dataset.items.len());
}

#[test]
fn compression_is_by_the_files_name_and_changes_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let plain = standard_output(&["--playlists", "50", "--seed", "9"]);
    let written = |name: &str| {
        let path = folder.path().join(name);
        standard_output(&["--playlists", "50", "--seed", "9", "-o", path.to_str().unwrap()]);
        std::fs::read(path).unwrap()
    };
    assert_eq!(written("made.csv"), plain);
    let mut unzipped = Vec::new();
    GzDecoder::new(&*written("made.csv.gz")).read_to_end(&mut unzipped).unwrap();
    assert_eq!(unzipped, plain);
    assert_eq!(zstd::decode_all(&*written("made.csv.zst")).unwrap(), plain);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let mut process = sample(&["--playlists", "100000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "pid,track_name,artist_name,album_name,track_uri\n");
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn what_can_not_be_made_or_written_is_said() {
    let output = sample(&["--playlists", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(64), "{output:?}");
    let output = sample(&["--playlists", "1", "-o", "no/such/folder.csv"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("no/such/folder.csv: failed to write: No such file"), "{error}");
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = sample(&["--playlists", "1"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("standard output: failed to write: No space left"), "{error}");
}
