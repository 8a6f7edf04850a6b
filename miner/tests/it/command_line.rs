//! The commands as one uses them in a shell.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
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

    /// Commands that print, each in its own way.
    fn printing(&self) -> [Command; 3] {
        let mut evaluate = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        evaluate.args(["evaluate", "--json", "--quiet", "--min-songs", "2", "--seeds", "1"]);
        evaluate.arg("--dataset").arg(self.playlists(60));
        [self.command("itemsets"), self.command("rules"), evaluate]
    }

    /// A dataset of so many playlists of three songs.
    fn playlists(&self, count: usize) -> PathBuf {
        let path = self.folder.path().join("playlists.csv");
        let mut csv = "pid,track_name\n".to_owned();
        for pid in 0..count {
            (0..3).for_each(|song| writeln!(csv, "{pid},Song {}", (pid + song) % 9).unwrap());
        }
        std::fs::write(&path, csv).unwrap();
        path
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
fn an_empty_line_is_a_transaction_to_itemsets_and_rules() {
    let shell = Shell::new();
    std::fs::write(shell.file(), "1 2\n\n1 2\n\n\n1\n").unwrap();
    let printed = |name: &str, support: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        command.arg(name).arg(shell.file()).args(["--support", support, "--quiet"]);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    // Two of six, and three of six.
    assert_eq!(printed("itemsets", "30%"), "2 (2)\n2 1 (2)\n1 (3)\n");
    assert_eq!(printed("itemsets", "50%"), "1 (3)\n");
    let rules = printed("rules", "30%");
    let rule = rules.lines().find(|line| line.starts_with("2,1,")).unwrap();
    let measures: Vec<&str> = rule.split(',').skip(2).take(6).collect();
    assert_eq!(measures, ["2", "3", "2", "0.3333333333333333", "1", "2"], "{rules}");
    assert_eq!(printed("rules", "50%").lines().count(), 1);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_text() {
    let shell = Shell::new();
    let slice = "{\"playlists\": [{\"pid\": 1, \"tracks\": [{\"track_name\": \"Sol\"}]}]}";
    for content in ["1 2\n1 2\n", "1", "", "pid,track_name\n1,Sol\n", slice] {
        let printed = |content: &str| {
            std::fs::write(shell.file(), content).unwrap();
            ["itemsets", "rules"].map(|name| {
                let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
                command.arg(name).arg(shell.file()).args(["--support", "1", "--quiet"]);
                let printed = command.output().unwrap();
                (printed.status.code(), String::from_utf8(printed.stdout).unwrap())
            })
        };
        let plain = printed(content);
        assert_eq!(printed(&format!("\u{feff}{content}")), plain, "{content:?}");
        assert_eq!(plain[1].0, Some(0), "{content:?}");
    }
}

#[test]
fn wrong_usage_has_a_code_of_its_own_and_says_what_is_wrong() {
    let shell = Shell::new();
    let refused = |command: &mut Command| {
        let ended = command.output().unwrap();
        assert_eq!(ended.status.code(), Some(64), "{ended:?}");
        String::from_utf8(ended.stderr).unwrap()
    };
    let lengths = ["--min-len", "4", "--max-len", "3"];
    let error = refused(shell.command("itemsets").args(lengths));
    assert!(error.contains("--min-len 4") && error.contains("--max-len 3"), "{error}");
    let mut mine = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    mine.args(["mine", "--dataset", "-", "--models", "m", "--rules-per-antecedent", "0"]);
    let error = refused(&mut mine);
    assert!(error.contains("--rules-per-antecedent"), "{error}");
}

#[test]
fn transactions_that_can_not_be_read_are_told_with_their_place() {
    let shell = Shell::new();
    for (content, reason) in [
        (&b"1 2\r3 4\r"[..], "line 1, column 4: expected item numbers"),
        (b"1 2\r\n3 4\r5", "line 2, column 4: expected item numbers"),
    ] {
        std::fs::write(shell.file(), content).unwrap();
        for name in ["itemsets", "rules"] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
            command.arg(name).arg(shell.file()).args(["--support", "1", "--quiet"]);
            let said = failed(&mut command);
            assert!(said.contains(reason), "{name}: {said}");
        }
    }
}

#[test]
fn a_playlist_of_one_song_has_no_half_to_continue_it_from() {
    let shell = Shell::new();
    let lines: String = (0..200).map(|line| format!("{}\n", line % 9)).collect();
    std::fs::write(shell.file(), lines).unwrap();
    let of = |seeds: &str| {
        let mut evaluate = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        evaluate.args(["evaluate", "--quiet", "--min-songs", "1", "--seeds", seeds, "--dataset"]);
        failed(evaluate.arg(shell.file()))
    };
    assert_eq!(of("half"), of("1").replace("from 1 of", "from half of"));
}

#[test]
fn a_dataset_is_named_after_its_file_whatever_that_is_called() {
    let shell = Shell::new();
    let file = shell.folder.path().join("list#1.csv");
    std::fs::rename(shell.playlists(60), &file).unwrap();
    let models = shell.folder.path().join("models");
    let mut mine = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    mine.args(["mine", "--quiet", "--dataset"]).arg(&file).arg("--models").arg(&models);
    assert!(mine.status().unwrap().success());
    let store = segue_model::Store::new(models);
    let model = store.load(store.current().unwrap().unwrap()).unwrap();
    assert_eq!(model.metadata().dataset.id, "list#1");

    let mut dated = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    dated.args(["mine", "--quiet", "--models", "m", "--dataset"]).arg(&file);
    dated.current_dir(shell.folder.path());
    let said = failed(dated.env("SOURCE_DATE_EPOCH", OsStr::from_bytes(b"\xff")));
    assert!(said.contains("SOURCE_DATE_EPOCH"), "{said}");
}

#[test]
fn a_share_may_be_a_percentage() {
    let shell = Shell::new();
    let printed = |flags: &[&str]| shell.command("rules").args(flags).output().unwrap().stdout;
    let expected = printed(&["--min-confidence", "0.45"]);
    assert!(expected.len() < printed(&[]).len());
    assert!(printed(&["--min-confidence", "45%"]) == expected);
    assert!(printed(&["--min", "confidence=45%"]) == expected);
}

#[test]
fn songs_given_are_evaluated_once_however_often_they_are_asked_for() {
    let shell = Shell::new();
    let [.., mut evaluate] = shell.printing();
    let once = evaluate.output().unwrap();
    let twice = evaluate.args(["--seeds", "1,1"]).output().unwrap();
    assert!(once.status.success() && twice.status.success(), "{twice:?}");
    assert!(twice.stdout == once.stdout);
}

#[test]
fn help_names_flags_of_the_log_last_and_leaves_lines_to_the_terminal() {
    let indented = |line: &&str| line.starts_with("  ");
    for name in ["mine", "promote", "inspect", "rules", "itemsets", "evaluate"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        let help = command.args([name, "--help"]).env("COLUMNS", "100").output().unwrap().stdout;
        let help = String::from_utf8(help).unwrap();
        let (options, log) = help.split_once("\nLog:\n").expect("a heading");
        assert!(log.contains("--log-format <FORMAT>") && !log.contains("--help"), "{help}");
        assert!(options.contains("\n  -h, --help"), "{help}");
        // A line of a paragraph is as long as it can be: the next one's first word would not go on it.
        let lines: Vec<&str> = help.lines().collect();
        for pair in lines.windows(2).filter(|pair| !pair.iter().any(indented)) {
            let word = pair[1].split(' ').next().unwrap();
            let is_paragraph = !pair[0].is_empty() && !pair[0].ends_with(':') && !word.is_empty();
            assert!(!is_paragraph || pair[0].len() + 1 + word.len() > 100, "{name}: {pair:?}");
        }
    }
}

#[test]
fn nothing_has_no_itemsets_and_no_rules() {
    let shell = Shell::new();
    for content in ["", "\n\n"] {
        std::fs::write(shell.file(), content).unwrap();
        let itemsets = shell.command("itemsets").output().unwrap();
        assert!(itemsets.status.success() && itemsets.stdout.is_empty(), "{itemsets:?}");
    }
    for content in ["", "\n\n", "pid,track_name\n"] {
        std::fs::write(shell.file(), content).unwrap();
        let csv = shell.command("rules").output().unwrap();
        let header = String::from_utf8(csv.stdout).unwrap();
        assert!(csv.status.success() && csv.stderr.is_empty(), "{:?}", csv.status);
        assert!(header.starts_with("antecedent,") && header.lines().count() == 1, "{header}");
        let json = shell.command("rules").arg("--json").output().unwrap();
        assert!(json.status.success() && json.stdout.is_empty(), "{json:?}");
    }
    // A model of nothing would be of no use.
    let mut mine = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    mine.args(["mine", "--quiet", "--dataset"]).arg(shell.file()).arg("--models");
    let error = failed(mine.arg(shell.folder.path().join("models")));
    assert!(error.ends_with("expected rows, found none\n"), "{error}");
}

#[test]
fn transactions_are_read_compressed_and_an_archive_is_called_one() {
    let shell = Shell::new();
    let plain = std::fs::read(shell.file()).unwrap();
    let expected = shell.command("itemsets").output().unwrap().stdout;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let gzip = gzip.finish().unwrap();
    // A frame to skip comes first, as parallel compressors write it.
    let mut zstd = b"\x50\x2a\x4d\x18\x02\0\0\0hi".to_vec();
    zstd.extend(zstd::encode_all(&*plain, 1).unwrap());
    for packed in [&gzip, &zstd] {
        std::fs::write(shell.file(), packed).unwrap();
        assert_eq!(shell.command("itemsets").output().unwrap().stdout, expected);
    }
    std::fs::write(shell.file(), &gzip[..gzip.len() / 2]).unwrap();
    let error = failed(&mut shell.command("itemsets"));
    let expected = "expected a whole gzip stream, found its end too early: it is truncated";
    assert_eq!(error, format!("error: -: {expected}\n"));
    std::fs::write(shell.file(), "PK\x03\x04 and more").unwrap();
    let error = failed(&mut shell.command("itemsets"));
    assert_eq!(error, "error: -: expected plain text, gzip or zstd, found a zip archive\n");
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let shell = Shell::new();
    for mut command in shell.printing() {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn a_full_disk_is_a_failure_that_names_the_output() {
    let shell = Shell::new();
    for mut command in shell.printing() {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(
            errors.starts_with("error: standard output: failed to write: No space"),
            "{errors}"
        );
    }
}

fn failed(command: &mut Command) -> String {
    let ended = command.output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

#[test]
fn a_measure_is_taken_by_its_columns_name() {
    let shell = Shell::new();
    let ordered = |by: &str| {
        let args = ["--order-by", by, "--top-k", "1"];
        shell.command("rules").args(args).output().unwrap()
    };
    let by_column = ordered("imbalance_ratio");
    assert!(by_column.status.success(), "{by_column:?}");
    assert_eq!(by_column.stdout, ordered("imbalance-ratio").stdout);
}

/// The rules of songs of which two have the same names, one a URI with a space, and one none.
fn rules_of_songs(shell: &Shell, flags: &[&str]) -> String {
    let rows = [("u:1", "Sol"), ("u:2", "Sol"), ("u:a b", "Luz + Mar"), ("", "Sal")];
    let mut csv = "pid,track_uri,track_name,artist_name\n".to_owned();
    for pid in 0..2 {
        rows.iter().for_each(|(uri, title)| writeln!(csv, "{pid},{uri},{title},Ann").unwrap());
    }
    let path = shell.folder.path().join("songs.csv");
    std::fs::write(&path, csv).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    command.arg("rules").arg(path).args(["--support", "2", "--quiet"]).args(flags);
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

#[test]
fn rules_tell_songs_of_the_same_names_apart_by_their_uris() {
    let shell = Shell::new();
    let csv = rules_of_songs(&shell, &[]);
    let mut table = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<String> = table.headers().unwrap().iter().map(str::to_owned).collect();
    let uris = ["antecedent_uris", "consequent_uris"];
    assert_eq!(columns[columns.len() - 2..], uris);
    let in_csv: Vec<[Vec<String>; 2]> = table
        .records()
        .map(|row| {
            let row = row.unwrap();
            let side = |column: usize| row[column].split(' ').map(str::to_owned).collect();
            [columns.len() - 2, columns.len() - 1].map(side)
        })
        .collect();
    assert!(in_csv.contains(&[vec!["u:1".into()], vec!["u:2".into()]]), "{csv}");
    assert!(in_csv.contains(&[vec!["u:2".into(), "u:a%20b".into()], vec!["-".into()]]), "{csv}");

    let in_json = rules_of_songs(&shell, &["--json"]);
    let in_json: Vec<serde_json::Value> =
        in_json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(in_json.len(), in_csv.len());
    for (json, csv) in in_json.iter().zip(&in_csv) {
        let in_csv = |uri: &serde_json::Value| match uri.as_str() {
            Some(uri) => uri.replace(' ', "%20"),
            None => "-".to_owned(),
        };
        for (name, csv) in uris.iter().zip(csv) {
            let json: Vec<String> = json[name].as_array().unwrap().iter().map(in_csv).collect();
            assert_eq!(json, *csv);
        }
    }
}

#[test]
fn rules_of_what_has_no_uris_have_none() {
    let shell = Shell::new();
    for flags in [&[][..], &["--json"]] {
        let rules = shell.command("rules").args(flags).output().unwrap().stdout;
        assert!(!String::from_utf8(rules).unwrap().contains("_uris"));
    }
}

#[test]
fn what_there_is_nothing_of_is_said() {
    let shell = Shell::new();
    let program = || Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    let nowhere = shell.folder.path().join("nowhere");
    let error = failed(program().args(["promote", "--models"]).arg(&nowhere));
    assert!(error.contains("nowhere: no model has been promoted here"), "{error}");
    assert!(!nowhere.exists());

    let dataset = shell.playlists(60);
    let mut evaluate = program();
    evaluate.args(["evaluate", "--quiet", "--min-songs", "1", "--seeds", "50", "--dataset"]);
    let error = failed(evaluate.arg(dataset));
    assert!(error.contains("can be continued from 50 of its songs"), "{error}");
}

#[test]
fn a_pointer_that_is_damaged_is_told_of_beside_the_promotions_and_mended_by_one() {
    let shell = Shell::new();
    let models = shell.folder.path().join("models");
    let program = || Command::new(env!("CARGO_BIN_EXE_segue-miner"));
    let mut mine = program();
    mine.args(["mine", "--quiet", "--dataset"]).arg(shell.playlists(60));
    assert!(mine.arg("--models").arg(&models).status().unwrap().success());
    let promotions = || program().args(["promote", "--models"]).arg(&models).output().unwrap();
    let listed = promotions();
    assert!(listed.status.success() && !listed.stdout.is_empty(), "{listed:?}");
    let good = std::fs::read_to_string(models.join("CURRENT")).unwrap();
    std::fs::write(models.join("CURRENT"), "garbage\n").unwrap();
    let damaged = promotions();
    assert_eq!((damaged.status.code(), damaged.stdout), (Some(1), listed.stdout));
    assert!(String::from_utf8(damaged.stderr).unwrap().contains("CURRENT: line 1"));
    let promote = |models: &Path| {
        let mut promote = program();
        promote.args(["promote", good.trim(), "--models"]).arg(models).output().unwrap()
    };
    let mended = promote(&models);
    assert!(mended.status.success(), "{mended:?}");
    assert_eq!(std::fs::read_to_string(models.join("CURRENT")).unwrap(), good);

    let elsewhere = shell.folder.path().join("model");
    assert_eq!(promote(&elsewhere).status.code(), Some(1));
    assert!(!elsewhere.exists());
}
