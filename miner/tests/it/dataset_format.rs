//! Compression and formats are told by content, and a stream that is cut or damaged is told apart from
//! one that ends.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use segue_miner::dataset::{DatasetError, ReadOptions, Source, read};
use segue_miner::digest::ContentDigest;
use segue_miner::progress::Progress;
use tempfile::{TempDir, tempdir};
use tokio_util::sync::CancellationToken;

use crate::dataset_support::{dataset, error, file, items, playlists, with};

const CSV: &str = "pid,track_name\n1,a\n1,b\n2,a\n";

fn gzip(content: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: impl AsRef<[u8]>) -> Vec<u8> {
    zstd::encode_all(content.as_ref(), 0).unwrap()
}

/// A CSV of some blocks' size, so that threads have something to hand over.
fn long_csv() -> String {
    let mut text = "pid,track_name\n".to_owned();
    for number in 0..100_000u32 {
        text += &format!("{},track {}\n", number / 50, number.wrapping_mul(2_654_435_761) % 5000);
    }
    text
}

#[test]
fn compressed_is_read_like_plain_and_digested_as_stored() {
    let text = long_csv();
    let plain = dataset(&text).unwrap();
    assert_eq!(plain.provenance.sha256, ContentDigest::of(text.as_bytes()));
    assert_eq!(plain.provenance.bytes, text.len() as u64);
    let (head, tail) = text.as_bytes().split_at(text.len() / 3);
    for stored in [
        gzip(&text),
        [gzip(head), gzip(""), gzip(tail)].concat(),
        zstd(&text),
        [zstd(head), zstd(tail)].concat(),
        [b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(&text)].concat(),
    ] {
        let read = dataset(&stored).unwrap();
        assert_eq!(read.transactions, plain.transactions);
        assert_eq!(read.items, plain.items);
        assert_eq!(read.provenance.sha256, ContentDigest::of(&stored));
        assert_eq!(read.provenance.bytes, stored.len() as u64);
    }
}

#[test]
fn a_truncated_stream_is_called_truncated_wherever_it_is_cut() {
    let whole = gzip(CSV);
    for length in 10..whole.len() {
        let expected = "expected a whole gzip stream, found its end too early: it is truncated";
        assert_eq!(error(&whole[..length]), expected, "cut at {length} of {}", whole.len());
    }
    let whole = zstd(CSV);
    for length in 4..whole.len() {
        let expected = "expected a whole zstd stream, found its end too early: it is truncated";
        assert_eq!(error(&whole[..length]), expected, "cut at {length} of {}", whole.len());
    }
    let long = gzip(long_csv());
    assert!(error(&long[..long.len() - 9]).ends_with("it is truncated"));
}

#[test]
fn zeros_pad_a_gzip_stream_and_nothing_else_does() {
    let whole = gzip(CSV);
    let plain = dataset(CSV).unwrap();
    for zeros in [1, 9, 10, 512, 100_000] {
        let padded = [&whole[..], &vec![0; zeros]].concat();
        let read = dataset(&padded).unwrap();
        assert_eq!(read.transactions, plain.transactions);
        assert_eq!(read.provenance.sha256, ContentDigest::of(&padded));
    }
    for rest in [&b"x"[..], b"\0x", b"some text that follows", b"\x1e\x8b\x08"] {
        assert_eq!(
            error([&whole[..], rest].concat()),
            "expected a whole gzip stream, found damage: bytes after its end that are no other part of it"
        );
    }
}

#[test]
fn a_damaged_stream_is_called_damaged() {
    let mut long = gzip(long_csv());
    let middle = long.len() / 2;
    long[middle..middle + 64].fill(0xff);
    let error = error(&long);
    assert!(error.starts_with("expected a whole gzip stream, found damage: "), "{error}");
}

#[test]
fn what_is_no_dataset_is_called_what_it_is() {
    let expected = "expected a dataset: CSV, Million Playlist Dataset JSON or FIMI numbers, found ";
    for (content, found) in [
        (&b""[..], "nothing: it is empty"),
        (b"\n\n", "nothing: it is empty"),
        (
            b"<!DOCTYPE html><html><body>Not Found</body></html>",
            "markup, such as a web page or an error message of a server",
        ),
        (b"\x7fELF\x02\x01\x01\0\0", "binary data"),
        (b"\xff\xfep\0i\0d\0", "UTF-16 text"),
    ] {
        assert_eq!(error(content), format!("{expected}{found}"));
        assert_eq!(error(gzip(content)), format!("{expected}{found}"));
    }
    assert_eq!(error(b"PK\x03\x04rest"), "expected plain text, gzip or zstd, found a zip archive");
    assert!(error(b"\x89PNG\r\n\x1a\n\x01").ends_with("found binary data"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let missing = Source::Path("no/such/songs.csv".into());
    let error = read(&missing, &ReadOptions::default(), Progress::Silent).unwrap_err();
    assert_eq!(error.to_string(), "no/such/songs.csv: failed to open");
    assert!(matches!(error, DatasetError::Io { .. }));
}

#[test]
fn another_digest_than_the_one_given_is_refused() {
    let sha256 = ContentDigest::of(CSV.as_bytes());
    let options = ReadOptions { sha256: Some(sha256), ..ReadOptions::default() };
    assert!(with(CSV, &options).is_ok());
    let other = format!("{CSV}3,c\n");
    let error = with(&other, &options).unwrap_err().to_string();
    let found = ContentDigest::of(other.as_bytes());
    let expected = format!("expected content with SHA-256 {sha256}, found {found}");
    assert!(error.ends_with(&expected), "{error}");
}

#[test]
fn reading_stops_when_it_is_cancelled() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let options = ReadOptions { cancel, ..ReadOptions::default() };
    assert!(matches!(with(long_csv(), &options), Err(DatasetError::Cancelled { .. })));
}

const SLICE: &str = r#"{
    "info": {"slice": "0-999", "version": "v1"},
    "playlists": [
        {"name": "One", "pid": 5, "num_tracks": 2, "tracks": [
            {"pos": 0, "artist_name": "Ann", "track_uri": "u:1", "track_name": "Sol", "duration_ms": 1},
            {"pos": 1, "artist_name": "Ben", "track_uri": null, "track_name": "\u00c9t\u00e9"}
        ]},
        {"tracks": [{"track_name": "Sol", "track_uri": "u:1"}], "pid": "x", "name": "Two"},
        {"pid": 7, "tracks": []}
    ]
}"#;

#[test]
fn slices_of_the_million_playlist_dataset_are_read() {
    let dataset = dataset(gzip(SLICE)).unwrap();
    let names = |(uri, title, artist): (&str, &str, &str)| {
        (uri.to_owned(), title.to_owned(), artist.to_owned())
    };
    assert_eq!(items(&dataset), [("u:1", "Sol", "Ann"), ("", "Été", "Ben")].map(names));
    assert_eq!(playlists(&dataset), [("5".to_owned(), vec![0, 1]), ("x".to_owned(), vec![0])]);
    assert_eq!((dataset.rows, dataset.empty), (3, 1));
}

#[test]
fn a_playlist_without_tracks_counts_once_and_not_where_it_has_some_elsewhere() {
    let slice = |playlists: &str| format!("{{\"playlists\": [{playlists}]}}");
    let empty = r#"{"pid": 1, "tracks": []}, {"pid": 2, "tracks": []}"#;
    let one = r#"{"pid": 2, "tracks": [{"track_name": "Sol"}]}"#;
    let (first, second) = (slice(empty), slice(&format!("{empty}, {one}")));
    let folder = folder(&[("a.json", first.as_bytes()), ("b.json", second.as_bytes())]);
    let source = Source::Path(folder.path().to_owned());
    let dataset = read(&source, &ReadOptions::default(), Progress::Silent).unwrap();
    assert_eq!(playlists(&dataset), [("2".to_owned(), vec![0])]);
    assert_eq!((dataset.rows, dataset.empty), (1, 1));
}

#[test]
fn json_that_is_no_slice_is_named_with_its_place() {
    let expected = "expected {\"playlists\": [{\"pid\": ..., \"tracks\": [...]}]} as in the Million \
                    Playlist Dataset, found ";
    for (json, place, found) in [
        ("{}", "line 1, column 2", "missing field `playlists`"),
        ("{\"playlists\": [{\"tracks\": []}]}", "line 1, column 29", "missing field `pid`"),
        (
            "{\"playlists\": [{\"pid\": -1, \"tracks\": []}]}",
            "line 1, column 26",
            "a pid that is neither a whole number from 0 nor a string",
        ),
        ("{\"playlists\": [", "line 1, column 15", "EOF while parsing a list"),
        ("{\"playlists\": []} 1", "line 1, column 19", "trailing characters"),
    ] {
        assert_eq!(error(json), format!("{place}: {expected}{found}"), "{json}");
    }
    let nameless = SLICE.replace("\"Sol\"", "\"\"");
    let expected = "(playlist \"5\", track 1, track_name): expected a track's title, found nothing";
    let file = file(nameless);
    let source = Source::Path(file.path().to_owned());
    let error = read(&source, &ReadOptions::default(), Progress::Silent).unwrap_err();
    assert_eq!(error.to_string(), format!("{} {expected}", file.path().display()));
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn a_folder_of_slices_is_read_in_order_of_names() {
    let slice = |pid: u32, title: &str| {
        format!(
            "{{\"playlists\": [{{\"pid\": {pid}, \"tracks\": [{{\"track_name\": {title:?}}}]}}]}}"
        )
    };
    let (first, second) = (slice(1, "a"), gzip(slice(2, "b")));
    let folder = folder(&[
        ("mpd.slice.1000-1999.json.gz", &second),
        ("mpd.slice.0-999.json", first.as_bytes()),
        ("README.md", b"not a slice"),
        (".mpd.slice.0-999.json", b"left by an editor"),
    ]);
    let source = Source::Path(folder.path().to_owned());
    let dataset = read(&source, &ReadOptions::default(), Progress::Silent).unwrap();
    assert_eq!(playlists(&dataset), [("1".to_owned(), vec![0]), ("2".to_owned(), vec![1])]);
    assert_eq!(dataset.provenance.bytes, (first.len() + second.len()) as u64);
    // What `sha256sum * | sha256sum` would say.
    let listing = format!(
        "{}  mpd.slice.0-999.json\n{}  mpd.slice.1000-1999.json.gz\n",
        ContentDigest::of(first.as_bytes()),
        ContentDigest::of(&second),
    );
    assert_eq!(dataset.provenance.sha256, ContentDigest::of(listing.as_bytes()));
}

#[test]
fn a_folder_without_slices_is_refused() {
    let folder = folder(&[("songs.csv", CSV.as_bytes())]);
    let source = Source::Path(folder.path().to_owned());
    let error = read(&source, &ReadOptions::default(), Progress::Silent).unwrap_err().to_string();
    assert!(
        error.ends_with("expected slices, *.json, *.json.gz or *.json.zst, found none"),
        "{error}"
    );
}

#[test]
fn fimi_transactions_are_playlists_of_numbered_tracks() {
    let dataset = dataset("30 7 30 \n\n7 1\r\n12").unwrap();
    let names = |title: &str| (String::new(), title.to_owned(), String::new());
    assert_eq!(items(&dataset), ["30", "7", "1", "12"].map(names));
    let expected = [("1", vec![0, 1]), ("3", vec![1, 2]), ("4", vec![3])];
    assert_eq!(playlists(&dataset), expected.map(|(id, items)| (id.to_owned(), items)));
    assert_eq!(dataset.empty, 1);
    assert_eq!(error("1 2\n3 x 4\n"), "line 2, column 3: expected item numbers, found \"x\"");
}

proptest! {
    #[test]
    fn no_damage_to_a_compressed_file_makes_reading_panic(
        position in 0usize..200,
        byte in any::<u8>(),
        zipped in any::<bool>(),
    ) {
        let mut stored = if zipped { gzip(CSV.repeat(20)) } else { zstd(CSV.repeat(20)) };
        let position = position % stored.len();
        stored[position] = byte;
        let _ = dataset(stored);
    }
}
