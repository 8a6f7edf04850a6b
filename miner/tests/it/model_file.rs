//! The model file that `segue-miner mine` writes.

use std::fmt::Write as _;
use std::process::Command;

use segue_miner::dataset::{ReadOptions, Source};
use segue_miner::miner::Support;
use segue_miner::progress::Progress;
use segue_miner::publish::{Plan, publish};
use segue_miner::recipe::{Kind, Recipe};
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

#[test]
fn inspect_tells_rules_that_are_written_out_from_those_that_are_not_and_from_none() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = folder.path().join("playlists.csv");
    // A frequent song with others, one alone, and a rare one.
    let mut csv = "pid,track_name,artist_name\n".to_owned();
    for pid in 0..140 {
        let songs = if pid % 2 == 0 { &["Sol", "Mar"][..] } else { &["Alone"] };
        songs.iter().for_each(|song| writeln!(csv, "{pid},{song},Ann").unwrap());
    }
    writeln!(csv, "0,Rare,Ann").unwrap();
    std::fs::write(&dataset, csv).unwrap();
    let inspected = |most: usize, song: &str| {
        let models = folder.path().join(most.to_string());
        let recipe = Recipe {
            min_support: Some(Support::Count(5)),
            min_confidence: 0.3,
            max_length: std::num::NonZeroUsize::MIN,
            implicit_support: 64,
            rules_per_antecedent: Some(most),
            without: vec![Kind::Learned],
        };
        let plan = Plan {
            source: Source::Path(dataset.clone()),
            dataset_id: "playlists".to_owned(),
            options: ReadOptions::default(),
            recipe,
            models: models.clone(),
            gate: None,
            named: false,
        };
        publish(&plan, Progress::Silent).unwrap();
        let mut inspect = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        let shown = inspect.arg("inspect").arg(models).args(["--song", song]).output().unwrap();
        String::from_utf8(shown.stdout).unwrap()
    };
    let shown = inspected(1, "Sol");
    assert!(shown.starts_with("Ann - Sol (in 70); rules written out\n"), "{shown}");
    assert_eq!(shown.lines().count(), 2, "{shown}");
    // None is written out of any.
    let shown = inspected(0, "Sol");
    assert!(shown.starts_with("Ann - Sol (in 70); rules made from its playlists\n"), "{shown}");
    assert_eq!(shown.lines().count(), 3, "{shown}");
    let shown = inspected(1, "Rare");
    assert!(shown.starts_with("Ann - Rare (in 1); rules made from its playlists\n"), "{shown}");
    assert_eq!(inspected(1, "Alone"), "Ann - Alone (in 70); no rules\n");
}
