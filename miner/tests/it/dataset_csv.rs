//! CSV in all shapes that are read, and what is said of those that are not.

use proptest::prelude::*;

use crate::dataset_support::{dataset, error, items, lenient, playlists};

fn names(uri: &str, title: &str, artist: &str) -> (String, String, String) {
    (uri.to_owned(), title.to_owned(), artist.to_owned())
}

#[test]
fn columns_come_in_any_order_among_others() {
    let text = "\
,track_uri,album_name,artist_name,duration_ms,pid,track_name
0,u:1,First,Ann,1000,7,Sol
1,u:2,First,Ann,1000,7,Mi
2,u:1,First,Ann,1000,9,Sol
";
    let dataset = dataset(text).unwrap();
    assert_eq!(items(&dataset), [names("u:1", "Sol", "Ann"), names("u:2", "Mi", "Ann")]);
    assert_eq!(playlists(&dataset), [("7".to_owned(), vec![0, 1]), ("9".to_owned(), vec![0])]);
    assert_eq!((dataset.rows, dataset.skipped), (3, 0));
    assert_eq!(dataset.items.artist_id(0), dataset.items.artist_id(1));
}

#[test]
fn pid_and_track_name_are_enough() {
    let dataset = dataset("track_name,pid\nSol,a\nMi,a\nSol,b\n").unwrap();
    assert_eq!(items(&dataset), [names("", "Sol", ""), names("", "Mi", "")]);
    assert_eq!(playlists(&dataset), [("a".to_owned(), vec![0, 1]), ("b".to_owned(), vec![0])]);
}

#[test]
fn delimiters_quotes_line_ends_and_a_byte_order_mark_make_no_difference() {
    let plain =
        dataset("pid,track_name,artist_name\n1,\"a, \"\"b\"\"\nc\",é\n1,d;e\tf,\n").unwrap();
    let expected = [names("", "a, \"b\"\nc", "é"), names("", "d;e\tf", "")];
    assert_eq!(items(&plain), expected);
    for text in [
        "\u{feff}pid,track_name,artist_name\r\n1,\"a, \"\"b\"\"\nc\",é\r\n1,d;e\tf,\r\n",
        "pid;track_name;artist_name\n1;\"a, \"\"b\"\"\nc\";é\n\n1;\"d;e\tf\";",
        "\"pid\"\t\"track_name\"\t\"artist_name\"\n1\t\"a, \"\"b\"\"\nc\"\té\n1\t\"d;e\tf\"\t\"\"",
    ] {
        let dataset = dataset(text).unwrap();
        assert_eq!(items(&dataset), expected, "{text:?}");
        assert_eq!(playlists(&dataset), playlists(&plain), "{text:?}");
    }
}

#[test]
fn rows_of_a_playlist_may_be_scattered_and_a_track_counts_once() {
    let dataset = dataset("pid,track_name\n2,a\n1,b\n2,b\n1,a\n2,a\n1,c\n3,c\n").unwrap();
    let expected = [("2", vec![0, 1]), ("1", vec![1, 0, 2]), ("3", vec![2])];
    assert_eq!(playlists(&dataset), expected.map(|(pid, items)| (pid.to_owned(), items)));
    assert_eq!(dataset.rows, 7);
}

#[test]
fn a_bad_row_is_named_with_its_line_and_column() {
    let header = "pid,track_name,artist_name\n1,a,b\n";
    for (row, expected) in [
        ("1,a\n", "line 3, column 3 (artist_name): expected 3 fields, found 2"),
        ("1,a,b,c\n", "line 3, column 4: expected 3 fields, found 4"),
        (",a,b\n", "line 3, column 1 (pid): expected a playlist's id, found nothing"),
        ("1,\"\",b\n", "line 3, column 2 (track_name): expected a track's title, found nothing"),
        (
            "\"1\"2,a,b\n",
            "line 3, column 1 (pid): expected a delimiter or the end of the line after the closing quote, found '2'",
        ),
        (
            "\"1\"é,a,b\n",
            "line 3, column 1 (pid): expected a delimiter or the end of the line after the closing quote, found the byte 0xc3",
        ),
        ("\n1,\"a\n\nb\"\n", "line 4, column 3 (artist_name): expected 3 fields, found 2"),
        (
            "1,a,\"b\n",
            "line 3, column 3 (artist_name): expected a closing quote, found none within a row's length",
        ),
    ] {
        assert_eq!(error(format!("{header}{row}")), expected, "{row:?}");
    }
}

#[test]
fn what_is_not_utf8_is_named_with_its_byte() {
    let text = b"pid,track_name,artist_name\n1,caf\xe9,b\n";
    let expected =
        "line 2, column 2 (track_name): expected UTF-8, found the byte 0xe9 after 3 bytes";
    assert_eq!(error(text), expected);
    let text = b"pid,track_name,artist_name\n1,a,b\n1,a,b\xff\n";
    let expected =
        "line 3, column 3 (artist_name): expected UTF-8, found the byte 0xff after 1 bytes";
    assert_eq!(error(text), expected);
    assert!(
        error(b"pid,track_name\n\xff,a\n").starts_with("line 2, column 1 (pid): expected UTF-8")
    );
}

#[test]
fn a_header_without_the_needed_names_is_shown() {
    let expected = "line 1: expected a header that names pid and track_name, separated by commas, \
                    semicolons or tabs, found ";
    for (text, found) in [
        ("artist_name,track_name\nx,y\n", "artist_name,track_name"),
        ("pid\n1\n", "pid"),
        ("hello world", "hello world"),
        ("pid|track_name\n", "pid|track_name"),
        ("pid,track_name\r1,x\r", "a line that ends with CR alone, without LF"),
    ] {
        assert_eq!(error(text), format!("{expected}{found}"));
    }
    let error = error("pid,track_name,pid\n1,a,2\n");
    assert_eq!(error, "line 1, column 3: expected each name once, found pid again");
}

#[test]
fn a_header_alone_is_no_dataset() {
    assert_eq!(error("pid,track_name\n"), "expected rows, found none");
    assert_eq!(error("pid,track_name"), "expected rows, found none");
}

/// A header, a hundred good rows for each bad one, and so many bad ones.
fn sprinkled(bad: &[&str], good: usize) -> String {
    let mut text = "pid,track_name\n".to_owned();
    for number in 0..good {
        text += &format!("{},t{}\n", number / 10, number % 17);
    }
    text + &bad.concat()
}

#[test]
fn few_bad_rows_can_be_skipped_and_are_counted() {
    let bad = ["1\n", ",a\n", "\"1\"x,a\n", "1,a,b\n"];
    let dataset = lenient(sprinkled(&bad, 396)).unwrap();
    assert_eq!((dataset.rows, dataset.skipped), (396, 4));
    assert_eq!(dataset.items.len(), 17);
}

#[test]
fn a_skipped_row_leaves_no_trace() {
    let mut text = sprinkled(&[], 400).into_bytes();
    text.extend_from_slice(b"new,\xff\n\xff,a\nother,\n");
    let dataset = lenient(text).unwrap();
    assert_eq!((dataset.rows, dataset.skipped), (400, 3));
    assert_eq!(dataset.playlist_ids.len(), 40);
    assert_eq!(dataset.items.len(), 17);
}

#[test]
fn too_many_bad_rows_fail_with_their_number_and_the_first_of_them() {
    let error = lenient(sprinkled(&["1\n", ",a\n", "1\n", "1\n"], 395)).unwrap_err().to_string();
    assert!(error.contains(": 4 of 399 rows are bad, more than the 1 % that may be"), "{error}");
    assert!(
        error.contains("line 397, column 2 (track_name): expected 2 fields, found 1"),
        "{error}"
    );
}

#[test]
fn an_open_quote_is_never_skipped() {
    let error = lenient(sprinkled(&["1,\"a\n1,b\n"], 1000)).unwrap_err().to_string();
    assert!(
        error.contains("line 1002, column 2 (track_name): expected a closing quote"),
        "{error}"
    );
}

proptest! {
    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = dataset(&bytes);
        let _ = dataset([b"pid,track_name\n".as_slice(), &bytes].concat());
        let _ = dataset([b"{\"playlists\": [".as_slice(), &bytes].concat());
    }

    #[test]
    fn text_of_a_csvs_alphabet_does_not_make_reading_panic(text in "[\"1a,;\n\r\t]{0,60}") {
        let _ = dataset(format!("pid,track_name\n{text}"));
        let _ = lenient(format!("\"pid\";track_name\n{text}"));
    }
}
