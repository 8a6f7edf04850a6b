//! The program as people and pipelines start it: arguments in, report and exit code out.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Reply, Service, WHO, Who};

fn loadtest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_segue-loadtest"))
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Checks that it went well; a machine that was too busy to keep the schedule may say so.
fn assert_held(output: &Output) {
    let lost = text(&output.stdout).contains("LOST");
    let expected = if lost { 3 } else { 0 };
    assert_eq!(code(output), expected, "{}{}", text(&output.stdout), text(&output.stderr));
}

fn steady() -> Service {
    Service::start(|_| (Duration::ZERO, Reply::Good(WHO)))
}

#[test]
fn a_run_ends_with_a_report_for_people_machines_and_browsers() {
    let service = steady();
    let folder = tempfile::tempdir().unwrap();
    let (json, html) = (folder.path().join("report.json"), folder.path().join("report.html"));
    let run = ["run", &service.url(), "--rate", "200", "--duration", "500ms"];
    let (json_flag, html_flag) = (json.to_str().unwrap(), html.to_str().unwrap());
    let files = ["--json", json_flag, "--html", html_flag, "--max-failed", "0"];
    let output = loadtest(&[&run[..], &files[..]].concat());
    assert_held(&output);
    let shown = text(&output.stdout);
    assert!(shown.contains("requests   100: 100 good, 0 failed"), "{shown}");
    let report: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(report["schema"], "segue-loadtest/1");
    assert_eq!(report["requests"], 100);
    assert_eq!(report["length_ns"], 500_000_000);
    assert_eq!(report["instances"][0]["instance"], "api-0");
    assert!(std::fs::read_to_string(&html).unwrap().contains("100 requests, none failed"));
}

#[test]
fn a_limit_holds_where_nobody_reads_the_report() {
    for json in [&[][..], &["--json", "-"]] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_segue-loadtest"));
        // Nobody listens there.
        run.args(["run", "http://127.0.0.1:9", "--rate", "20", "--duration", "200ms"]).args(json);
        let mut run = run.args(["--max-failed", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        drop(run.stdout.take());
        assert_eq!(run.wait().unwrap().code(), Some(2), "{json:?}");
    }
}

#[test]
fn the_documented_json_is_the_one_that_is_written() {
    let service = steady();
    let run = ["run", &service.url(), "--rate", "100", "--duration", "100ms", "--json", "-"];
    let report: Value = serde_json::from_slice(&loadtest(&run).stdout).unwrap();
    let documentation = include_str!("../../REPORT.md");
    for name in report.as_object().unwrap().keys() {
        assert!(documentation.contains(&format!("| `{name}` |")), "{name} is not documented");
    }
}

#[test]
fn a_limit_that_is_exceeded_and_wrong_usage_have_their_own_codes() {
    let service = Service::start(|index| match index {
        3 => (Duration::ZERO, Reply::Reset),
        _ => (Duration::ZERO, Reply::Good(WHO)),
    });
    let run = ["run", &service.url(), "--rate", "100", "--duration", "100ms"];
    let few = ["--max-failed", "0", "--connections", "10", "--max-connections", "2"];
    let output = loadtest(&[&run[..], &few].concat());
    assert_eq!(code(&output), 2);
    assert!(text(&output.stdout).contains(", 2 kept-alive connections"));
    assert!(text(&output.stdout).contains("EXCEEDED failed requests: 1 (at most 0)"));
    for wrong in [
        &["run"][..],
        &["run", "https://service.example"],
        &["run", "http://localhost", "--rate", "0"],
        &["run", "http://localhost", "--duration", "0s"],
        &["run", "http://localhost", "--timeout", "0s"],
        &["update", "http://localhost", "--on-cue", "true", "--max-p99-ratio", "nan"],
        &["run", "http://localhost", "--new-connection", "--connections", "3"],
        &["update", "http://localhost"],
        &["update", "http://localhost", "--edit", "replicas=3"],
        &["update", "http://localhost", "--on-cue", "true", "--push"],
    ] {
        assert_eq!(code(&loadtest(wrong)), 64, "{wrong:?}");
    }
    let unreadable = loadtest(&["run", &service.url(), "--songs", "/does/not/exist.csv"]);
    assert_eq!(code(&unreadable), 1);
    assert!(text(&unreadable.stderr).contains("/does/not/exist.csv: failed to read"));
}

/// A service whose instances are as many as the overlay says, and whose code is the overlay's tag.
fn of_overlay(overlay: &Path) -> Service {
    let applied = overlay.join("applied");
    Service::start(move |index| {
        let state = std::fs::read_to_string(&applied).unwrap_or_default();
        let number = if state.contains("count: 3") { 3 } else { 2 };
        let version = if state.contains("newTag: 1.1.0") { "1.1.0" } else { "1.0.0" };
        let instance = ["api-0", "api-1", "api-2"][usize::try_from(index % number).unwrap()];
        (Duration::ZERO, Reply::Good(Who { version, instance, ..WHO }))
    })
}

fn overlay() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let text = "images:\n  - name: segue-api\n    newTag: 1.0.0 # the release\n\
                replicas:\n  - name: api\n    count: 2\n";
    std::fs::write(folder.path().join("kustomization.yaml"), text).unwrap();
    folder
}

fn update(service: &Service, overlay: &Path, edit: &str, more: &[&str]) -> (Output, Value) {
    let json = overlay.join("report.json");
    let load = ["update", &service.url(), "--rate", "200", "--before", "1200ms"];
    let (settle, overlay) = (["--settle", "1s"], overlay.to_str().unwrap());
    let apply = ["--apply", "cp $OVERLAY/kustomization.yaml $OVERLAY/applied"];
    let what = ["--edit", edit, "--overlay", overlay, "--json", json.to_str().unwrap()];
    let output = loadtest(&[&load[..], &settle, &what, &apply, more].concat());
    let report = std::fs::read(&json).unwrap_or_default();
    (output, serde_json::from_slice(&report).unwrap_or_default())
}

#[test]
fn an_update_is_edited_applied_and_watched_until_all_see_it() {
    let folder = overlay();
    let service = of_overlay(folder.path());
    let (output, report) = update(&service, folder.path(), "replicas=3", &[]);
    assert_held(&output);
    let edited = std::fs::read_to_string(folder.path().join("kustomization.yaml")).unwrap();
    assert!(edited.contains("newTag: 1.0.0 # the release") && edited.contains("count: 3"));
    let change = &report["change"];
    assert_eq!(change["goal"], "3 instances answer");
    let (first, all) = (change["first_new_ns"].as_u64(), change["all_new_ns"].as_u64());
    assert!(first.is_some() && all >= first, "{change}");
    assert!(change["cue_ns"].as_u64() >= Some(1_200_000_000));
    assert_eq!(report["failed"], 0);
    let phases = ["before", "during", "after"].map(|phase| change[phase]["requests"].as_u64());
    assert_eq!(phases.into_iter().sum::<Option<u64>>(), report["requests"].as_u64());

    let (output, report) = update(&service, folder.path(), "image=1.1.0", &["--max-outage", "0s"]);
    assert_held(&output);
    assert!(text(&output.stdout).contains("all answers from version 1.1.0"));
    let event = report["events"].as_array().unwrap().iter().find(|e| e["facet"] == "version");
    assert_eq!(event.unwrap()["to"][0], "1.1.0");

    let (output, _) = update(&service, folder.path(), "image=1.1.0", &[]);
    assert_eq!(code(&output), 1, "nothing to change is an error");
}

#[test]
fn a_change_that_nobody_sees_before_the_deadline_exceeds_it() {
    let service = steady();
    let load = ["update", &service.url(), "--rate", "100", "--before", "1s"];
    let cue = ["--on-cue", "true", "--deadline", "400ms", "--settle", "100ms"];
    let output = loadtest(&[&load[..], &cue].concat());
    assert_eq!(code(&output), 2, "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("not in time"));
}

#[test]
fn a_change_is_not_made_where_nobody_answers_and_a_failed_one_is_an_error() {
    let silent = Service::start(|_| (Duration::ZERO, Reply::Reset));
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let touch = format!("touch {}", made.display());
    let update =
        ["update", &silent.url(), "--rate", "100", "--before", "500ms", "--on-cue", &touch];
    let output = loadtest(&update);
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("no good answer before the change"));
    assert!(!made.exists());

    let service = steady();
    let failing = ["update", &service.url(), "--rate", "100", "--before", "1s"];
    let output = loadtest(&[&failing[..], &["--on-cue", "echo broken >&2; false"]].concat());
    assert_eq!(code(&output), 1);
    assert!(text(&output.stderr).contains("broken"));
    let output = loadtest(&[&failing[..], &["--on-cue", "false"]].concat());
    let said = "false: failed with exit status: 1, and said nothing\n";
    assert!(text(&output.stderr).ends_with(said), "{}", text(&output.stderr));
}
