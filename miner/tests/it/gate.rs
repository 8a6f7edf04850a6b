//! A dataset that would make the recommendations much worse does not replace the current model.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use segue_model::{Model, ModelId, Store};
use tempfile::TempDir;

const PLAYLISTS: usize = 600;
const LENGTH: usize = 16;
/// Songs that go together.
const CIRCLE: usize = 40;
const CIRCLES: usize = 20;

type Playlists = Vec<BTreeSet<String>>;

/// Playlists that each keep to a circle of songs, named after the `world` they are from.
fn playlists(world: &str, count: usize) -> Playlists {
    let mut random = fastrand::Rng::with_seed(7);
    let mut playlist = |number: usize| -> BTreeSet<String> {
        let circle = number % CIRCLES;
        (0..LENGTH).map(|_| format!("{world} {circle}.{}", random.usize(..CIRCLE))).collect()
    };
    (0..count).map(&mut playlist).collect()
}

/// The same songs, as often, in playlists of the same lengths, but dealt out anew.
fn shuffled(playlists: &Playlists) -> Playlists {
    let mut songs: Vec<String> = playlists.iter().flatten().cloned().collect();
    fastrand::Rng::with_seed(8).shuffle(&mut songs);
    let mut songs = songs.into_iter();
    playlists.iter().map(|playlist| songs.by_ref().take(playlist.len()).collect()).collect()
}

struct World {
    folder: TempDir,
    store: Store,
}

impl World {
    /// A world whose current model is of `PLAYLISTS` sound playlists.
    fn new() -> Self {
        let world = Self::empty();
        let mined = world.mine(&playlists("Song", PLAYLISTS), &[]);
        assert!(mined.status.success(), "{mined:?}");
        world
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().join("models"));
        Self { folder, store }
    }

    fn mine(&self, playlists: &Playlists, flags: &[&str]) -> Output {
        let path = self.folder.path().join("playlists.csv");
        write(&path, playlists);
        self.mine_file(&path, flags)
    }

    fn mine_file(&self, dataset: &Path, flags: &[&str]) -> Output {
        self.command(dataset, flags).output().unwrap()
    }

    fn command(&self, dataset: &Path, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_segue-miner"));
        command.arg("mine").arg("--dataset").arg(dataset).args(flags);
        command.arg("--models").arg(self.store.directory()).arg("--quiet");
        command
    }

    /// Has a model of so many playlists mined, and the first one made current again.
    fn rival(&self, count: usize) -> ModelId {
        let first = self.store.current().unwrap().unwrap();
        assert!(self.mine(&playlists("Song", count), &[]).status.success());
        let rival = self.store.current().unwrap().unwrap();
        self.store.promote(first, Timestamp::UNIX_EPOCH).unwrap();
        rival
    }

    /// Runs a miner that finds the rival to be current once it has compared with the first model; gives its
    /// exit code and its log.
    fn overtaken_by(&self, rival: ModelId, miner: &mut Command) -> (Option<i32>, String) {
        let lock = File::create(self.store.directory().join("lock")).unwrap();
        lock.lock().unwrap();
        let mut miner = miner.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(miner.stderr.take().unwrap());
        let mut log = String::new();
        while !log.contains("dataset compared") {
            assert!(lines.read_line(&mut log).unwrap() > 0, "{log}");
        }
        std::fs::write(self.store.pointer(), format!("{rival}\n")).unwrap();
        drop(lock);
        lines.read_to_string(&mut log).unwrap();
        (miner.wait().unwrap().code(), log)
    }

    fn current(&self) -> Model {
        self.store.load(self.store.current().unwrap().unwrap()).unwrap()
    }

    /// Mines what is to be refused, and checks that nothing changes but the log.
    fn refuses(&self, playlists: &Playlists, reason: &str) {
        let before = self.store.current().unwrap();
        let mined = self.mine(playlists, &[]);
        let log = String::from_utf8_lossy(&mined.stderr).into_owned();
        assert_eq!(mined.status.code(), Some(3), "{log}");
        assert!(
            log.contains("not fit to replace the current model") && log.contains(reason),
            "{log}"
        );
        assert_eq!(self.store.current().unwrap(), before);
        assert_eq!(self.store.history().unwrap().len(), 1);
    }
}

fn write(path: &Path, playlists: &Playlists) {
    let mut csv = "pid,track_name,artist_name\n".to_owned();
    for (pid, playlist) in playlists.iter().enumerate() {
        for song in playlist {
            writeln!(csv, "{pid},{song},The {song}s").unwrap();
        }
    }
    std::fs::write(path, csv).unwrap();
}

#[test]
fn a_dataset_that_has_grown_passes_and_the_model_tells_its_figures() {
    let world = World::new();
    let first = world.current();
    let judged = first.metadata().evaluation.unwrap();
    assert_eq!(judged.playlists, (PLAYLISTS / 10) as u64);
    assert!(judged.hit_rate > 0.9 && judged.popular_hit_rate < 0.5, "{judged:?}");
    assert_eq!(first.metadata().comparison, None);

    let mined = world.mine(&playlists("Song", PLAYLISTS + 20), &[]);
    assert!(mined.status.success(), "{mined:?}");
    let second = world.current();
    let comparison = second.metadata().comparison.clone().unwrap();
    assert_eq!(comparison.model, first.id().to_string());
    assert_eq!(comparison.sample, judged.playlists);
    assert_eq!(comparison.current_hit_rate, judged.hit_rate);
    assert!(comparison.hit_rate > 0.9, "{comparison:?}");
    assert_eq!((comparison.current_playlists, comparison.playlists), (600, 620));
}

#[test]
fn the_same_dataset_has_the_same_figures_on_the_same_playlists() {
    let world = World::new();
    // Another row: the same playlists, but other bytes.
    let mut next = playlists("Song", PLAYLISTS);
    next[0].insert("Another".to_owned());
    assert!(world.mine(&next, &[]).status.success());
    let comparison = world.current().metadata().comparison.clone().unwrap();
    assert!((comparison.hit_rate - comparison.current_hit_rate).abs() < 0.02, "{comparison:?}");
}

#[test]
fn a_truncated_dataset_is_refused() {
    let world = World::new();
    world.refuses(&playlists("Song", PLAYLISTS / 2), "300 playlists: expected 420 at least");
}

#[test]
fn a_dataset_may_lose_all_of_the_share_that_may_be_lost() {
    let flags = ["--max-playlist-loss=42%", "--max-item-loss=1", "--max-hit-rate-loss=1"];
    for (playlist_count, code) in [(347, 3), (348, 0)] {
        let mined = World::new().mine(&playlists("Song", playlist_count), &flags);
        assert_eq!(mined.status.code(), Some(code), "{playlist_count}: {mined:?}");
    }
}

#[test]
fn a_dataset_with_fewer_songs_is_refused() {
    let mut few = playlists("Song", PLAYLISTS);
    few.iter_mut().for_each(|playlist| playlist.retain(|song| song.ends_with(['1', '2', '3'])));
    World::new().refuses(&few, "songs: expected");
}

#[test]
fn a_dataset_whose_rows_are_each_a_playlist_is_refused() {
    let alone = playlists("Song", PLAYLISTS);
    let alone = alone.into_iter().flatten().map(|song| BTreeSet::from([song])).collect();
    World::new().refuses(&alone, "1.000 songs in a playlist on average: expected");
}

#[test]
fn a_dataset_of_half_playlists_is_refused() {
    let mut half = playlists("Song", PLAYLISTS);
    half.iter_mut().for_each(|playlist| *playlist = playlist.iter().step_by(2).cloned().collect());
    World::new().refuses(&half, "songs in a playlist on average: expected");
}

#[test]
fn a_shuffled_dataset_is_refused() {
    let world = World::new();
    world.refuses(&shuffled(&playlists("Song", PLAYLISTS)), "hit rate");
}

#[test]
fn playlists_under_other_names_are_still_not_what_they_are_judged_by() {
    let renamed = |mut playlists: Playlists| {
        playlists.rotate_left(1);
        playlists
    };
    World::new().refuses(&renamed(shuffled(&playlists("Song", PLAYLISTS))), "hit rate");

    // Nothing goes together here: only who has seen a playlist can continue it.
    let world = World::empty();
    let noise = shuffled(&playlists("Song", PLAYLISTS));
    assert!(world.mine(&noise, &[]).status.success());
    assert!(world.mine(&renamed(noise), &[]).status.success());
    let comparison = world.current().metadata().comparison.clone().unwrap();
    assert!(comparison.hit_rate < comparison.current_hit_rate + 0.1, "{comparison:?}");
}

#[test]
fn a_foreign_dataset_is_refused() {
    World::new().refuses(&playlists("Ware", PLAYLISTS), "hit rate 0.000 on the 60 playlists");
}

#[test]
fn a_dataset_whose_names_have_come_apart_from_its_uris_is_refused() {
    // First the titles come apart, then the artists.
    for names in ["track_name,artist_name", "artist_name,track_name"] {
        let world = World::empty();
        let path = world.folder.path().join("playlists.csv");
        let mine = |shift: usize| {
            let mut csv = format!("pid,track_uri,{names}\n");
            let playlists = playlists("Song", PLAYLISTS);
            let mut others = playlists.iter().flatten().cycle().skip(shift);
            for (pid, playlist) in playlists.iter().enumerate() {
                for (song, other) in playlist.iter().zip(others.by_ref()) {
                    writeln!(csv, "{pid},test:{song},{other},Common").unwrap();
                }
            }
            std::fs::write(&path, csv).unwrap();
            world.mine_file(&path, &[])
        };
        assert!(mine(0).status.success());
        let refused = mine(7);
        let log = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(3), "{log}");
        assert!(log.contains("songs have the title and the artist"), "{log}");
    }
}

#[test]
fn a_dataset_that_begins_to_name_artists_passes() {
    let world = World::empty();
    let path = world.folder.path().join("playlists.csv");
    for (column, artist) in [("", ""), (",artist_name", ",Somebody"), ("", "")] {
        let mut csv = format!("pid,track_uri,track_name{column}\n");
        for (pid, playlist) in playlists("Song", PLAYLISTS).iter().enumerate() {
            playlist.iter().for_each(|song| {
                writeln!(csv, "{pid},test:{song},{song}{artist}").unwrap();
            });
        }
        std::fs::write(&path, csv).unwrap();
        let mined = world.mine_file(&path, &[]);
        assert!(mined.status.success(), "{column}: {mined:?}");
    }
}

#[test]
fn force_or_another_name_lets_any_dataset_pass() {
    for flags in [&["--force"][..], &["--dataset-id", "other"]] {
        let world = World::new();
        let mined = world.mine(&playlists("Ware", PLAYLISTS / 2), flags);
        assert!(mined.status.success(), "{flags:?}: {mined:?}");
        assert_eq!(world.store.history().unwrap().len(), 2);
    }
    // The current model's own name is no other one.
    let world = World::new();
    let flags = ["--dataset-id", "playlists"];
    assert_eq!(world.mine(&playlists("Ware", PLAYLISTS), &flags).status.code(), Some(3));
}

#[test]
fn the_newest_model_that_can_be_read_is_compared_with_in_place_of_a_damaged_one() {
    let truncated = playlists("Song", PLAYLISTS / 2);
    let world = World::new();
    std::fs::write(world.store.pointer(), "garbage\n").unwrap();
    assert_eq!(world.mine(&truncated, &[]).status.code(), Some(3));

    let world = World::new();
    assert!(world.mine(&playlists("Song", PLAYLISTS + 20), &[]).status.success());
    let current = world.store.path(world.store.current().unwrap().unwrap());
    let mut bytes = std::fs::read(&current).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&current, bytes).unwrap();
    let mined = world.mine(&truncated, &[]);
    assert_eq!(mined.status.code(), Some(3), "{mined:?}");
}

#[test]
fn a_dataset_is_compared_with_the_model_that_it_replaces() {
    let world = World::new();
    let path = world.folder.path().join("next.csv");
    write(&path, &playlists("Song", 500));
    // Enough beside 600 playlists, and not beside 1000.
    let rival = world.rival(1000);
    let (code, log) = world.overtaken_by(rival, &mut world.command(&path, &[]));
    assert_eq!(code, Some(3), "{log}");
    assert!(log.contains("500 playlists: expected 700 at least"), "{log}");
    assert_eq!(world.store.current().unwrap(), Some(rival));

    // Enough beside both.
    let world = World::new();
    let rival = world.rival(620);
    let (code, log) = world.overtaken_by(rival, &mut world.command(&path, &[]));
    assert_eq!(code, Some(0), "{log}");
    let comparison = world.current().metadata().comparison.clone().unwrap();
    assert_eq!((comparison.model, comparison.playlists), (rival.to_string(), 500));

    // What is forced need not be compared.
    let world = World::new();
    let rival = world.rival(1000);
    let (code, log) = world.overtaken_by(rival, &mut world.command(&path, &["--force"]));
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(world.current().metadata().transactions, 500);
}

#[test]
fn what_can_not_be_read_again_does_not_replace_a_model_that_it_was_not_compared_with() {
    let world = World::new();
    let path = world.folder.path().join("next.csv");
    write(&path, &playlists("Song", 620));
    let rival = world.rival(610);
    let mut cat = Command::new("cat").arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    let mut miner = world.command(Path::new("-"), &["--dataset-id", "playlists"]);
    let (code, log) = world.overtaken_by(rival, miner.stdin(cat.stdout.take().unwrap()));
    assert!(cat.wait().unwrap().success());
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("error: /dev/stdin: another model has become current"), "{log}");
    assert_eq!(world.store.current().unwrap(), Some(rival));
}

#[test]
fn a_few_playlists_always_pass() {
    let world = World::empty();
    for count in [90, 10] {
        assert!(world.mine(&playlists("Song", count), &[]).status.success());
    }
}
