//! `itemsets` and `rules` as one uses them in a shell.

use std::fmt::Write as _;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new() -> Self {
        let shell = Self { folder: tempfile::tempdir().unwrap() };
        let mut lines = String::new();
        for line in 0..2000 {
            writeln!(lines, "{} {} {} {}", line % 3, 3 + line % 5, 8 + line % 7, 15 + line % 2)
                .unwrap();
        }
        std::fs::write(shell.file(), lines).unwrap();
        shell
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("transactions.dat")
    }

    /// A command with `-` for the file, which comes by standard input.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        command.args([name, "-", "--support", "20", "--quiet"]);
        command.stdin(File::open(self.file()).unwrap());
        command
    }
}

#[test]
fn standard_input_is_read_like_a_file() {
    let shell = Shell::new();
    for name in ["itemsets", "rules"] {
        let piped = shell.command(name).output().unwrap();
        assert!(piped.status.success() && piped.stdout.len() > 1000, "{piped:?}");
        let mut named = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        named.arg(name).arg(shell.file()).args(["--support", "20", "--quiet"]);
        assert_eq!(named.output().unwrap().stdout, piped.stdout);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let shell = Shell::new();
    for name in ["itemsets", "rules"] {
        let mut command = shell.command(name);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure_that_names_the_output() {
    let shell = Shell::new();
    for name in ["itemsets", "rules"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = shell.command(name).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.starts_with("error: standard output: failed to write: No space"),
            "{errors}"
        );
    }
}
