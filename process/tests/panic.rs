//! A panic is told like every other fact.

// In tests, a failed unwrap is the report.
#![allow(clippy::unwrap_used)]

use std::process::Command;

use segue_process::log::{self, LogArgs, LogFormat};
use serde_json::Value;

const CHILD: &str = "SEGUE_TEST_PANICS";

#[test]
fn a_panic_is_one_line_of_the_log() {
    if std::env::var_os(CHILD).is_some() {
        log::start(&LogArgs { log_format: LogFormat::Json }).unwrap();
        panic!("something {}", "unforeseen");
    }
    // This very test, in a process of its own.
    let panics = |filter: &str| {
        let ended = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_panic_is_one_line_of_the_log", "--nocapture"])
            .env(CHILD, "1")
            .env("RUST_BACKTRACE", "0")
            .env("RUST_LOG", filter)
            .output()
            .unwrap();
        assert!(!ended.status.success());
        String::from_utf8(ended.stderr).unwrap()
    };
    assert!(panics("segue_api=debug").contains("something unforeseen"), "whatever is filtered");
    let stderr = panics("");
    let line: Value = stderr.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap();
    assert_eq!(line["reason"], "something unforeseen", "{stderr}");
    assert_eq!(line["level"], "ERROR");
    assert!(line["place"].as_str().unwrap().contains("panic.rs:"), "{stderr}");
}
