//! The README's examples of clients do what it says they do.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::instance::Instance;
use crate::support::readme::examples;

/// What goes with the songs that every example asks with, by the playlists of the tests.
const RECOMMENDED: &str = "Let It Be";

/// Runs an example where it may leave files, and gives back what it printed or left.
fn run(program: &str, options: &[&str], example: &str) -> String {
    let folder = TempDir::new().unwrap();
    let ended = Command::new(program)
        .args(options)
        .arg(example)
        .current_dir(&folder)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}; the README's examples need it"));
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{example}\n{}\n{out}{err}", ended.status);
    let left = std::fs::read_dir(&folder).unwrap();
    let left = left.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    out.into_owned() + &left.collect::<String>()
}

#[test]
fn those_for_a_shell_answer_with_the_three_fields() {
    let instance = Instance::ready();
    let found = examples("sh", instance.address);
    for tool in ["curl", "wget"] {
        assert!(found.iter().any(|example| example.contains(tool)), "an example with {tool}");
    }
    for example in found {
        let answer: Value = serde_json::from_str(&run("sh", &["-euc"], &example)).unwrap();
        let fields: Vec<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["model_date", "songs", "version"], "{example}");
        assert_eq!(answer["songs"][0], RECOMMENDED, "{example}");
    }
}

#[test]
fn those_in_python_print_what_to_play_next() {
    let instance = Instance::ready();
    for example in examples("python", instance.address) {
        let printed = run("python3", &["-c"], &example);
        assert_eq!(printed.lines().next(), Some(RECOMMENDED), "{example}");
    }
}
