//! Downloads from servers that cut, stall, refuse, change their mind or send something else.

use std::io::Read;
use std::time::{Duration, Instant};

use segue_miner::dataset::{ReadOptions, Source, read};
use segue_miner::digest::ContentDigest;
use segue_miner::download::{Download, DownloadError, Downloader, Trouble};
use segue_miner::progress::Progress;
use tokio_util::sync::CancellationToken;

use crate::download_support::{Answer, Server, answer};

const BODY: &[u8] = b"pid,track_name\n1,a\n1,b\n2,a\n";

/// Patience for tests: the same steps, in thousandths of the time.
fn downloader() -> Downloader {
    Downloader {
        attempts: 3,
        first_pause: Duration::from_millis(1),
        max_silence: Duration::from_secs(30),
        max_time: Duration::from_secs(60),
        ..Downloader::default()
    }
}

fn fetch(server: &Server, downloader: &Downloader) -> Result<Download, DownloadError> {
    downloader.fetch(&server.url, None, Progress::Silent, &CancellationToken::new())
}

fn content(download: &mut Download) -> Vec<u8> {
    let mut content = Vec::new();
    download.file.read_to_end(&mut content).unwrap();
    content
}

fn whole() -> Vec<u8> {
    let length = format!("Content-Length: {}", BODY.len());
    answer("200 OK", &[&length, "ETag: \"v1\""], BODY)
}

/// An answer that announces all and sends only so much.
fn cut(headers: &[&str], sent: usize) -> Vec<u8> {
    let length = format!("Content-Length: {}", BODY.len());
    answer("200 OK", &[&[length.as_str()], headers].concat(), &BODY[..sent])
}

fn rest(from: usize) -> Vec<u8> {
    let range = format!("Content-Range: bytes {from}-{}/{}", BODY.len() - 1, BODY.len());
    let length = format!("Content-Length: {}", BODY.len() - from);
    answer("206 Partial Content", &[&range, &length], &BODY[from..])
}

#[test]
fn a_dataset_behind_a_url_is_read_with_its_provenance() {
    let length = format!("Content-Length: {}", BODY.len());
    let date = "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT";
    let ok = answer("200 OK", &[&length, "ETag: W/\"v1\"", date], BODY);
    let server = Server::with(vec![Answer::Close(ok)]);
    let source: Source = server.url.as_str().parse().unwrap();
    let dataset = read(&source, &ReadOptions::default(), Progress::Silent).unwrap();
    assert_eq!(dataset.rows, 3);
    assert_eq!(dataset.provenance.url, server.url.as_str());
    assert_eq!(dataset.provenance.sha256, ContentDigest::of(BODY));
    assert_eq!(dataset.provenance.bytes, BODY.len() as u64);
    assert_eq!(dataset.provenance.etag.as_deref(), Some("W/\"v1\""));
    assert_eq!(dataset.provenance.last_modified.as_deref(), Some("Wed, 21 Oct 2015 07:28:00 GMT"));
}

#[test]
fn a_cut_download_goes_on_where_it_was_cut() {
    let server = Server::with(vec![
        Answer::Close(cut(&["ETag: \"v1\""], 7)),
        Answer::Close(answer(
            "206 Partial Content",
            &["Content-Range: bytes 7-26/27", "Content-Length: 20"],
            &BODY[7..12],
        )),
        Answer::Close(rest(12)),
    ]);
    let mut download = fetch(&server, &downloader()).unwrap();
    assert_eq!(content(&mut download), BODY);
    assert_eq!(download.sha256, ContentDigest::of(BODY));
    assert_eq!(download.etag.as_deref(), Some("\"v1\""));
    let requests = server.requests();
    assert!(!requests[0].contains("range:"), "{}", requests[0]);
    assert!(requests[1].contains("\nrange: bytes=7-\n"), "{}", requests[1]);
    assert!(requests[1].contains("\nif-range: \"v1\""), "{}", requests[1]);
    assert!(requests[2].contains("\nrange: bytes=12-\n"), "{}", requests[2]);
}

#[test]
fn the_date_tells_the_version_where_no_strong_etag_does() {
    let date = "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT";
    let server = Server::with(vec![
        Answer::Close(cut(&["ETag: W/\"v1\"", date], 7)),
        Answer::Close(rest(7)),
    ]);
    assert_eq!(content(&mut fetch(&server, &downloader()).unwrap()), BODY);
    assert!(server.requests()[1].contains("\nif-range: wed, 21 oct 2015 07:28:00 gmt"));
}

#[test]
fn without_a_version_a_cut_download_starts_over() {
    let server = Server::with(vec![Answer::Close(cut(&[], 7)), Answer::Close(whole())]);
    let mut download = fetch(&server, &downloader()).unwrap();
    assert_eq!(content(&mut download), BODY);
    assert_eq!(download.sha256, ContentDigest::of(BODY));
    assert!(!server.requests()[1].contains("range:"));
}

#[test]
fn what_changed_meanwhile_is_fetched_anew() {
    let other = b"pid,track_name\n9,z\n";
    let length = format!("Content-Length: {}", other.len());
    let new = answer("200 OK", &[&length, "ETag: \"v2\""], other);
    let wrong_place = answer(
        "206 Partial Content",
        &["Content-Range: bytes 0-26/27", "Content-Length: 27"],
        BODY,
    );
    let gone = answer("416 Range Not Satisfiable", &["Content-Length: 0"], b"");
    for second in [None, Some(wrong_place), Some(gone)] {
        let script = [Some(cut(&["ETag: \"v1\""], 20)), second, Some(new.clone())];
        let server = Server::with(script.into_iter().flatten().map(Answer::Close).collect());
        let mut download = fetch(&server, &downloader()).unwrap();
        assert_eq!(content(&mut download), other);
        assert_eq!(download.sha256, ContentDigest::of(other));
        assert_eq!(download.etag.as_deref(), Some("\"v2\""));
    }
}

#[test]
fn transient_answers_are_tried_again_and_refusals_are_not() {
    for status in ["408 Request Timeout", "429 Too Many Requests", "500 Oops", "503 Busy"] {
        let busy = answer(status, &["Content-Length: 0"], b"");
        let server = Server::with(vec![Answer::Close(busy), Answer::Close(whole())]);
        assert!(fetch(&server, &downloader()).is_ok(), "{status}");
    }
    for status in ["401 Unauthorized", "404 Not Found", "410 Gone", "206 Partial Content"] {
        let refusal = answer(status, &["Content-Length: 0"], b"");
        let server = Server::with(vec![Answer::Close(refusal), Answer::Close(whole())]);
        let error = fetch(&server, &downloader()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: expected status 200, found {status}", server.url)
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_never_answers_well_is_given_up() {
    let busy = || Answer::Close(answer("503 Busy", &["Content-Length: 0"], b""));
    let server = Server::with(vec![busy(), busy(), busy(), Answer::Close(whole())]);
    let error = fetch(&server, &downloader()).unwrap_err();
    assert!(error.to_string().ends_with("gave up after 3 attempts in a row without progress"));
    let DownloadError::GaveUp { trouble: Trouble::Status { status, .. }, .. } = error else {
        panic!("another error: {error:?}");
    };
    assert_eq!(status.as_u16(), 503);
    // The script has ended: nobody listens.
    let nobody = Server::with(Vec::new());
    let error = fetch(&nobody, &downloader()).unwrap_err();
    assert!(
        matches!(error, DownloadError::GaveUp { trouble: Trouble::Connection(_), .. }),
        "{error:?}"
    );
}

#[test]
fn progress_renews_patience() {
    let mut script = vec![Answer::Close(cut(&["ETag: \"v1\""], 1))];
    script.extend((1..BODY.len()).map(|from| {
        let range = format!("Content-Range: bytes {from}-26/27");
        let length = format!("Content-Length: {}", BODY.len() - from);
        Answer::Close(answer("206 Partial Content", &[&range, &length], &BODY[from..=from]))
    }));
    let server = Server::with(script);
    assert_eq!(content(&mut fetch(&server, &downloader()).unwrap()), BODY);
}

#[test]
fn a_silent_server_is_left_for_another_attempt() {
    let server = Server::with(vec![
        Answer::Silence(Vec::new()),
        Answer::Silence(cut(&["ETag: \"v1\""], 5)),
        Answer::Close(rest(5)),
    ]);
    let impatient = Downloader { max_silence: Duration::from_secs(1), ..downloader() };
    assert_eq!(content(&mut fetch(&server, &impatient).unwrap()), BODY);
}

#[test]
fn a_server_that_asks_for_a_pause_gets_it() {
    let busy = answer("503 Busy", &["Retry-After: 1", "Content-Length: 0"], b"");
    let server = Server::with(vec![Answer::Close(busy), Answer::Close(whole())]);
    let started = Instant::now();
    assert!(fetch(&server, &downloader()).is_ok());
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_pause_longer_than_all_the_time_there_is_ends_the_download_at_once() {
    let busy = answer("503 Busy", &["Retry-After: 3600", "Content-Length: 0"], b"");
    let server = Server::with(vec![Answer::Close(busy), Answer::Close(whole())]);
    let error = fetch(&server, &downloader()).unwrap_err();
    assert!(
        matches!(error, DownloadError::TooSlow { bytes: 0, trouble: Some(_), .. }),
        "{error:?}"
    );
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn all_of_a_download_is_bounded_in_time() {
    let server = Server::with(vec![Answer::Silence(cut(&[], 5))]);
    let hurried = Downloader {
        max_time: Duration::from_secs(2),
        max_silence: Duration::from_secs(60),
        ..downloader()
    };
    let error = fetch(&server, &hurried).unwrap_err();
    assert!(matches!(error, DownloadError::TooSlow { bytes: 5, trouble: None, .. }), "{error:?}");
}

#[test]
fn a_download_is_bounded_in_size_announced_or_not() {
    let small = Downloader { max_bytes: 20, ..downloader() };
    let endless = answer("200 OK", &[], BODY);
    for bytes in [whole(), endless] {
        let server = Server::with(vec![Answer::Close(bytes), Answer::Close(whole())]);
        let error = fetch(&server, &small).unwrap_err();
        let expected = format!("{}: expected at most 20 bytes, found 27 or more", server.url);
        assert_eq!(error.to_string(), expected);
        assert_eq!(server.requests().len(), 1);
    }
    let exact = Downloader { max_bytes: 27, ..downloader() };
    assert!(fetch(&Server::with(vec![Answer::Close(whole())]), &exact).is_ok());
}

#[test]
fn other_content_than_expected_is_refused() {
    let expected = ContentDigest::of(b"something else");
    let server = Server::with(vec![Answer::Close(whole())]);
    let fetched = downloader().fetch(
        &server.url,
        Some(expected),
        Progress::Silent,
        &CancellationToken::new(),
    );
    let text = fetched.unwrap_err().to_string();
    let found = ContentDigest::of(BODY);
    let url = &server.url;
    assert_eq!(text, format!("{url}: expected content with SHA-256 {expected}, found {found}"));
}

#[test]
fn a_download_stops_when_it_is_cancelled() {
    let server = Server::with(vec![Answer::Silence(cut(&[], 5))]);
    let patient = Downloader { max_silence: Duration::from_secs(60), ..downloader() };
    let cancel = CancellationToken::new();
    let error = std::thread::scope(|scope| {
        let download = scope.spawn(|| patient.fetch(&server.url, None, Progress::Silent, &cancel));
        while server.requests().is_empty() {
            std::thread::yield_now();
        }
        cancel.cancel();
        download.join().unwrap().unwrap_err()
    });
    assert!(matches!(error, DownloadError::Cancelled { .. }), "{error:?}");
}

#[test]
fn nothing_is_left_in_the_folder_of_downloads() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::with(vec![Answer::Close(whole())]);
    let downloader = Downloader { folder: Some(folder.path().to_owned()), ..downloader() };
    let mut download = fetch(&server, &downloader).unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(content(&mut download), BODY);
    let nowhere = Downloader { folder: Some(folder.path().join("missing")), ..downloader };
    let error = fetch(&server, &nowhere).unwrap_err();
    assert!(matches!(error, DownloadError::Store { .. }), "{error:?}");
}

#[test]
fn a_login_in_a_url_is_used_and_never_shown() {
    let refusal = answer("403 Forbidden", &["Content-Length: 0"], b"");
    let mut server = Server::with(vec![Answer::Close(refusal)]);
    let shown = server.url.clone();
    server.url.set_username("ann").unwrap();
    server.url.set_password(Some("secret")).unwrap();
    let error = fetch(&server, &downloader()).unwrap_err().to_string();
    assert_eq!(error, format!("{shown}: expected status 200, found 403 Forbidden"));
    assert!(server.requests()[0].contains("\nauthorization: basic "));
}
