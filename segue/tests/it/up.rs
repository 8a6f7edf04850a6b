//! `segue up`: the whole pipeline in one process.

use crate::support::{Listener, Pod, Process, program, sample};

fn up(arguments: &[&str]) -> (Process, String) {
    let mut command = program("segue");
    command.arg("up").args(["--listen", "127.0.0.1:0"]).args(arguments);
    let mut up = Process::start(command);
    let address = up.logs("listening")["address"].as_str().unwrap().to_owned();
    (up, address)
}

#[test]
fn the_bundled_dataset_is_served_without_any_flag() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    let (up, address) = up(&["--models", models.to_str().unwrap()]);
    let (_, body) = Pod::model_after(&address, None);
    assert_eq!(body["songs"].as_array().unwrap().len(), 10);
    assert_eq!(up.terminate(), Some(0));
    assert!(models.join("CURRENT").exists());
}

#[test]
fn a_replaced_file_is_mined_in_place_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = folder.path().join("playlists.csv");
    std::fs::write(&dataset, sample(60, 1)).unwrap();
    let models = folder.path().join("models");
    let arguments = ["--dataset", dataset.to_str().unwrap(), "--models", models.to_str().unwrap()];
    let (mut process, address) = up(&arguments);
    let (first, _) = Pod::model_after(&address, None);
    let listener = Listener::start(&address);

    let next = folder.path().join("next.csv");
    std::fs::write(&next, sample(60, 2)).unwrap();
    std::fs::rename(&next, &dataset).unwrap();
    let (second, _) = Pod::model_after(&address, Some(&first));
    listener.had_no_failure();
    process.kill();

    // What was mined is there at the next start, before anything is read again.
    let (_again, address) = up(&arguments);
    assert_eq!(Pod::model_after(&address, None).0, second);
}

#[test]
fn stopping_does_not_wait_for_a_model_in_the_making() {
    let folder = tempfile::tempdir().unwrap();
    let (dataset, models) = (folder.path().join("playlists.csv"), folder.path().join("models"));
    std::fs::write(&dataset, sample(3000, 1)).unwrap();
    let (mut process, _) =
        up(&["--dataset", dataset.to_str().unwrap(), "--models", models.to_str().unwrap()]);
    process.logs("dataset read");
    assert_eq!(process.terminate(), Some(0));
    assert!(!models.join("CURRENT").exists(), "it was mined to the end");
}

#[test]
fn ones_own_playlists_take_the_place_of_the_bundled_ones() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    let models = models.to_str().unwrap();
    let (process, address) = up(&["--models", models]);
    let (bundled, _) = Pod::model_after(&address, None);
    assert_eq!(process.terminate(), Some(0));

    let dataset = folder.path().join("own.csv");
    std::fs::write(&dataset, sample(120, 2)).unwrap();
    let (_process, address) = up(&["--models", models, "--dataset", dataset.to_str().unwrap()]);
    Pod::model_after(&address, Some(&bundled));
}
