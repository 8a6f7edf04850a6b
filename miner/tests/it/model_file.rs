//! The model file that `segue-miner mine` writes.

use std::fmt::Write as _;
use std::process::Command;

use segue_model::{ModelId, Store};

/// Playlists in which all kinds of rules are found, and songs of all supports.
fn csv() -> String {
    let mut random = fastrand::Rng::with_seed(11);
    let mut csv = "pid,track_name,artist_name\n".to_owned();
    for pid in 0..700 {
        let circle = random.usize(..15);
        for _ in 0..8 + random.usize(..20) {
            let most = 3 << random.usize(..7);
            let song = random.usize(..most);
            writeln!(csv, "{pid},Song {circle}.{song},Artist {}", song % 7).unwrap();
        }
        writeln!(csv, "{pid},Everybody's song,Artist 1").unwrap();
    }
    csv
}

#[test]
fn a_model_file_is_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = folder.path().join("playlists.csv");
    std::fs::write(&dataset, csv()).unwrap();
    let mine = |threads: &str| -> ModelId {
        let store = Store::new(folder.path().join(threads));
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        command.arg("mine").arg("--dataset").arg(&dataset).arg("--models").arg(store.directory());
        command.args(["--threads", threads, "--implicit-support", "9", "--quiet"]);
        let mined = command.env("SOURCE_DATE_EPOCH", "1").output().unwrap();
        assert!(mined.status.success(), "{mined:?}");
        let model = store.load(store.current().unwrap().unwrap()).unwrap();
        let rules = model.metadata().rules;
        assert!(rules.explicit > 1000 && rules.artist > 0 && rules.learned > 0, "{rules:?}");
        assert!(model.metadata().itemsets.len() > 1);
        model.id()
    };
    let one = mine("1");
    for threads in ["2", "3", "7"] {
        assert_eq!(mine(threads), one, "{threads} threads");
    }
}
