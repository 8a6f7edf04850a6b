//! The actions: what they are given, and what becomes of their outcome.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::anyhow;
use segue_watcher::{Mined, Remine};

use crate::support::api::Api;
use crate::support::{World, eventually, in_time, made_from, sha256};

/// A world where the dataset has changed since the served model was made.
fn changed() -> (World, Api) {
    let mut world = World::without_events();
    world.put("songs.csv", b"new");
    let path = world.path("songs.csv").display().to_string();
    world.publish_current(made_from("ds1", &path, b"old"));
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let api = Api::start(&world.config.admin_socket, &world.store);
    (world, api)
}

fn exec(command: String) -> Remine {
    Remine::Exec(command)
}

#[tokio::test]
async fn logging_is_all_that_log_does() {
    let (mut world, _api) = changed();
    world.watch_with(Remine::Log);
    let line = world.log.line("the dataset is another than the model served was made from").await;
    assert_eq!(line["action"], "log");
    let looks = world.log.count("looked at the dataset");
    eventually("ten more looks", || world.log.count("looked at the dataset") > looks + 10).await;
    assert_eq!(world.log.count("the dataset is another"), 1);
    assert_eq!(world.log.count("re-mining"), 0);
}

#[tokio::test]
async fn a_command_gets_the_dataset_in_its_environment() {
    let (mut world, _api) = changed();
    let out = world.path("out");
    let variables = "$DATASET_ID $DATASET_URL $DATASET_SHA256";
    world.watch_with(exec(format!("echo {variables} > '{}'", out.display())));
    world.log.line("re-mining is done").await;
    let path = world.path("songs.csv");
    let expected = format!("ds1 {} {}\n", path.display(), sha256(b"new"));
    assert_eq!(fs::read_to_string(out).unwrap(), expected);
}

#[tokio::test]
async fn a_command_that_fails_is_run_again_until_it_does_not() {
    let (mut world, _api) = changed();
    let out = world.path("out");
    let out = out.display();
    world.watch_with(exec(format!("echo run >> '{out}'; test $(wc -l < '{out}') -ge 3 || exit 7")));
    world.log.line("re-mining is done").await;
    let line = world.log.line("re-mining failed").await;
    assert_eq!(line["error"], "the command ended with exit status: 7");
    assert!(line["again_in_seconds"].is_number());
    assert_eq!(world.log.count("re-mining failed"), 2);
    assert_eq!(fs::read_to_string(world.path("out")).unwrap(), "run\nrun\nrun\n");
}

#[tokio::test]
async fn a_dataset_that_is_refused_is_left_alone_until_it_changes() {
    let (mut world, _api) = changed();
    let out = world.path("out");
    let count = format!("echo run >> '{}'", out.display());
    world.watch_with(exec(format!("{count}; test $(wc -l < '{}') -ge 2 || exit 3", out.display())));
    let line = world.log.line("the dataset is refused").await;
    assert_eq!(line["reason"], "exit code 3");
    world.put("songs.csv", b"mended");
    world.log.line("re-mining is done").await;
    assert_eq!(fs::read_to_string(out).unwrap(), "run\nrun\n");
    assert_eq!(world.log.count("re-mining failed"), 0);
}

#[tokio::test]
async fn a_command_that_hangs_counts_as_failed() {
    let (mut world, _api) = changed();
    world.config.remine_timeout = Duration::from_millis(50);
    world.watch_with(exec("exec sleep 600".to_owned()));
    let line = world.log.line("re-mining failed").await;
    assert_eq!(line["error"], "not done within 50ms");
}

#[tokio::test]
async fn a_command_for_another_configuration_is_not_waited_for() {
    let (mut world, _api) = changed();
    let out = world.path("out");
    let record = format!("echo $DATASET_ID >> '{}'", out.display());
    world.watch_with(exec(format!("{record}; test $DATASET_ID = ds2 || exec sleep 600")));
    eventually("the first command", || out.exists()).await;
    let path = world.path("songs.csv").display().to_string();
    world.mount(&[("DATASET_ID", "ds2"), ("DATASET_URL", &path)]);
    world.log.line("re-mining is done").await;
    assert_eq!(fs::read_to_string(out).unwrap(), "ds1\nds2\n");
}

#[tokio::test]
async fn stopping_does_not_wait_for_a_command() {
    let (mut world, _api) = changed();
    let started = world.path("started");
    world.watch_with(exec(format!("touch '{}'; exec sleep 600", started.display())));
    eventually("the command", || started.exists()).await;
    world.stop().await;
}

#[tokio::test]
async fn whatever_a_command_runs_ends_with_it() {
    let (mut world, _api) = changed();
    world.config.remine_timeout = Duration::from_secs(3);
    let id = world.path("id");
    // The shell waits for another process.
    let command =
        format!("sleep 600 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait", id.display());
    world.watch_with(exec(command));
    world.log.line("re-mining failed").await;
    let id = fs::read_to_string(id).unwrap();
    let process = Path::new("/proc").join(id.trim());
    let is_gone = || {
        // Killed, but nobody has asked how it ended.
        let status = fs::read_to_string(process.join("status")).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    };
    eventually("its end", is_gone).await;
}

#[tokio::test]
async fn a_call_that_fails_or_is_dropped_is_made_again() {
    let (mut world, _api) = changed();
    world.watch();
    world.order().await.done.send(Err(anyhow!("the disk is full"))).unwrap();
    let line = world.log.line("re-mining failed").await;
    assert_eq!(line["error"], "re-mining failed: the disk is full");
    drop(world.order().await);
    world.log.nth(2, "re-mining failed").await;
    world.order().await.done.send(Ok(Mined::Published)).unwrap();
    world.log.line("re-mining is done").await;
}

#[tokio::test]
async fn the_model_loop_goes_on_while_a_dataset_is_mined() {
    let (mut world, api) = changed();
    world.watch();
    let request = world.order().await;
    let model = world.publish_current(made_from("ds1", &request.order.url, b"new"));
    eventually("the model", || api.serves(model)).await;
    request.done.send(Ok(Mined::Published)).unwrap();
    in_time("the outcome", world.log.line("a model of the dataset is served")).await;
}
