//! The model directory: publishing, promoting, going back, clearing away; several miners at once.

use std::collections::BTreeSet;
use std::fs;

use jiff::Timestamp;
use segue_model::{ModelId, Store};

use crate::support::Dataset;

const NAMES: [&str; 8] = ["A - 1", "A - 2", "A - 3", "A - 4", "A - 5", "A - 6", "A - 7", "A - 8"];

/// The bytes of a model that differs from the others.
fn bytes(number: usize) -> Vec<u8> {
    Dataset::new(&[&NAMES[..number + 2]]).encode(0)
}

fn date(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn files(store: &Store) -> BTreeSet<String> {
    fs::read_dir(store.directory().join("models"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn what_is_not_promoted_is_not_current() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path().join("not/there/yet"));
    assert_eq!(store.current().unwrap(), None);
    assert!(store.history().unwrap().is_empty());
    let published = store.publish(&bytes(0)).unwrap();
    assert_eq!(store.current().unwrap(), None);
    store.promote(published.model, date(1)).unwrap();
    assert_eq!(store.current().unwrap(), Some(published.model));
    assert_eq!(store.load(published.model).unwrap().id(), published.model);
    assert_eq!(store.history().unwrap()[0].date, date(1));
}

#[test]
fn the_last_three_promoted_models_are_kept_and_one_can_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let mut ids = Vec::new();
    for number in 0..5 {
        let published = store.publish(&bytes(number)).unwrap();
        store.promote(published.model, date(number as i64)).unwrap();
        ids.push(published.model);
    }
    let kept: BTreeSet<String> = ids[2..].iter().map(|id| format!("{id}.segue")).collect();
    assert_eq!(files(&store), kept);
    store.promote(ids[2], date(9)).unwrap();
    assert_eq!(store.current().unwrap(), Some(ids[2]));
    assert_eq!(files(&store), kept);
    assert_eq!(store.history().unwrap().len(), 6);
}

#[test]
fn models_are_kept_however_often_another_is_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let promoted = |number| {
        let model = store.publish(&bytes(number)).unwrap().model;
        store.promote(model, date(1)).unwrap();
        model
    };
    let ids: Vec<ModelId> = (0..3).map(promoted).collect();
    for second in 2..120 {
        store.promote(ids[2], date(second)).unwrap();
    }
    assert_eq!(store.promoted().unwrap(), [ids[2], ids[1], ids[0]]);
    assert_eq!(files(&store).len(), 3);
    let history = store.history().unwrap();
    assert_eq!((history.len(), history[0].model, history[2].date), (102, ids[0], date(20)));
    store.promote(ids[0], date(200)).unwrap();
}

#[test]
fn what_can_not_be_cleared_away_keeps_no_model_from_becoming_current() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let published = store.publish(&bytes(0)).unwrap();
    fs::create_dir(folder.path().join("models/0123456789abcdef.segue")).unwrap();
    store.promote(published.model, date(1)).unwrap();
    assert_eq!(store.current().unwrap(), Some(published.model));
}

#[test]
fn a_damaged_line_of_the_history_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let published = store.publish(&bytes(0)).unwrap();
    store.promote(published.model, date(1)).unwrap();
    let history = folder.path().join("history");
    let damaged = [&b"\xff\n"[..], &fs::read(&history).unwrap()].concat();
    fs::write(&history, damaged).unwrap();
    store.promote(published.model, date(2)).unwrap();
    assert_eq!(store.history().unwrap().len(), 2);
}

#[test]
fn a_promotion_that_fails_is_not_in_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let published = store.publish(&bytes(0)).unwrap();
    // A folder in the pointer's place can't be replaced by a file.
    fs::create_dir(store.pointer()).unwrap();
    let error = store.promote(published.model, date(1)).unwrap_err().to_string();
    assert!(error.contains("CURRENT: failed to write"), "{error}");
    assert!(store.history().unwrap().is_empty());
}

#[test]
fn a_model_that_is_damaged_or_gone_is_not_promoted() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let good = store.publish(&bytes(0)).unwrap().model;
    store.promote(good, date(1)).unwrap();
    let bad = store.publish(&bytes(1)).unwrap().model;
    let mut damaged = fs::read(store.path(bad)).unwrap();
    damaged[100] ^= 1;
    fs::write(store.path(bad), damaged).unwrap();
    let error = store.promote(bad, date(2)).unwrap_err().to_string();
    assert!(error.contains(&format!("{bad}.segue: not a model that can be served")), "{error}");
    fs::remove_file(store.path(bad)).unwrap();
    assert!(store.promote(bad, date(2)).is_err());
    assert_eq!(store.current().unwrap(), Some(good));
    assert_eq!(store.history().unwrap().len(), 1);
}

#[test]
fn what_can_not_be_served_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let mut damaged = bytes(0);
    damaged[100] ^= 1;
    let error = store.publish(&damaged).unwrap_err().to_string();
    assert!(error.contains("not a model that can be served"), "{error}");
    assert!(files(&store).is_empty());
}

#[test]
fn a_model_that_was_just_published_is_promoted_as_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let published = store.publish(&bytes(0)).unwrap();
    store.promote_published(&published, date(1)).unwrap();
    assert_eq!(store.current().unwrap(), Some(published.model));
    assert_eq!(store.history().unwrap().len(), 1);
    assert_eq!(store.load(published.model).unwrap().id(), published.model);
}

#[test]
fn a_model_takes_the_place_of_the_one_that_it_is_to_replace_and_of_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let [first, second] = [0, 1].map(|number| store.publish(&bytes(number)).unwrap());
    let replace =
        |before, published| store.promote_in_place_of(before, published, date(1)).unwrap();
    assert!(!replace(Some(second.model), &first));
    assert_eq!(store.current().unwrap(), None);
    assert!(replace(None, &first));
    assert!(!replace(None, &second));
    assert_eq!(store.current().unwrap(), Some(first.model));
    assert!(replace(Some(first.model), &second));
    fs::write(store.pointer(), "garbage\n").unwrap();
    assert!(!replace(Some(second.model), &first));
    assert!(replace(None, &first));
    assert_eq!(store.history().unwrap().len(), 3);
}

#[test]
fn what_a_dead_writer_left_is_cleared_away_and_what_a_living_one_needs_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let waiting = store.publish(&bytes(0)).unwrap();
    let abandoned = store.publish(&bytes(1)).unwrap().model;
    fs::write(folder.path().join("models/.x.segue.1.tmp"), "half a mod").unwrap();
    let promoted = store.publish(&bytes(2)).unwrap();
    store.promote(promoted.model, date(1)).unwrap();
    let expected = [waiting.model, promoted.model].map(|id| format!("{id}.segue"));
    assert_eq!(files(&store), expected.into_iter().collect());
    assert!(!store.path(abandoned).exists());
}

#[test]
fn a_pointer_that_holds_no_id_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    for content in
        ["", "0123", "0123456789ABCDEF\n", "+123456789abcdef\n", "0123456789abcdef\n\n\n0"]
    {
        fs::write(store.pointer(), content).unwrap();
        let error = store.current().unwrap_err().to_string();
        assert!(error.contains("CURRENT: line 1"), "{error}");
    }
    fs::write(store.pointer(), "0123456789abcdef").unwrap();
    assert_eq!(
        store.current().unwrap().map(|id| id.to_string()).as_deref(),
        Some("0123456789abcdef")
    );
}

#[test]
fn a_folder_that_can_not_be_written_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("models"), "a file where a folder should be").unwrap();
    let store = Store::new(folder.path());
    let error = store.publish(&bytes(0)).unwrap_err().to_string();
    assert!(error.contains("models: failed to create the folder"), "{error}");
}

#[test]
fn a_model_that_two_miners_published_stays_until_both_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let slow = store.publish(&bytes(0)).unwrap();
    let quick = store.publish(&bytes(0)).unwrap();
    store.promote(quick.model, date(0)).unwrap();
    drop(quick);
    for round in 1..6 {
        let other = store.publish(&bytes(round)).unwrap();
        store.promote(other.model, date(round as i64)).unwrap();
    }
    store.promote(slow.model, date(6)).unwrap();
    assert_eq!(store.current().unwrap(), Some(slow.model));
}

#[test]
fn readers_see_whole_models_only_while_many_miners_publish() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(folder.path());
    let first = store.publish(&bytes(0)).unwrap();
    store.promote(first.model, date(0)).unwrap();
    std::thread::scope(|scope| {
        let miners: Vec<_> = (0..4)
            .map(|miner| {
                let store = store.clone();
                scope.spawn(move || {
                    for round in 0..10 {
                        let published = store.publish(&bytes((miner + round) % 6)).unwrap();
                        store.promote(published.model, date(round as i64)).unwrap();
                    }
                })
            })
            .collect();
        while !miners.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let promotions = store.history().unwrap().len();
            let current: ModelId = store.current().unwrap().unwrap();
            // Between reading the pointer and the file, three more promotions may have passed.
            if let Err(error) = store.load(current) {
                assert!(store.history().unwrap().len() > promotions, "{error}");
            }
        }
    });
    let temporary = |name: &String| name.starts_with('.');
    assert!(!files(&store).iter().any(temporary));
    assert!(store.history().unwrap().len() >= 41);
}
