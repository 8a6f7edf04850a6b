//! The model loop.

use std::fs;

use segue_model::DatasetMetadata;

use crate::support::api::Api;
use crate::support::{OFTEN, World, eventually, made_from, sha256};

fn songs() -> DatasetMetadata {
    made_from("ds1", "/songs.csv", b"songs")
}

#[tokio::test]
async fn a_promoted_model_is_served_at_once() {
    let mut world = World::new();
    let first = world.publish_current(songs());
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("found the API").await;
    let second = world.publish_current(songs());
    eventually("the second model", || api.serves(second)).await;
    let line = world.log.line("the API serves a new model").await;
    assert_eq!(line["from"], first.to_string());
    assert_eq!(line["to"], second.to_string());
    assert!(line["seconds"].as_f64().unwrap() < 20.0);
}

#[tokio::test]
async fn the_first_model_is_served_though_the_folder_was_not_there() {
    let mut world = World::without_events();
    fs::remove_dir(world.store.directory()).unwrap();
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("no model has been published yet").await;
    let model = world.publish_current(songs());
    eventually("the first model", || api.serves(model)).await;
    assert_eq!(world.log.line("the API serves a new model").await["from"], "none");
    assert_eq!(world.log.count("no model has been published yet"), 1);
}

#[tokio::test]
async fn polls_find_what_no_event_tells() {
    let mut world = World::without_events();
    world.publish_current(songs());
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    for _ in 0..3 {
        let model = world.publish_current(songs());
        eventually("the next model", || api.serves(model)).await;
    }
}

#[tokio::test]
async fn a_rollback_is_followed() {
    let mut world = World::new();
    let (first, second) = (world.publish_current(songs()), world.publish_current(songs()));
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("found the API").await;
    world.promote(first);
    eventually("the first model", || api.serves(first)).await;
    world.promote(second);
    eventually("the second model", || api.serves(second)).await;
}

#[tokio::test]
async fn an_api_that_was_told_something_else_is_corrected() {
    let mut world = World::new();
    world.config.poll_models = OFTEN;
    let (first, second) = (world.publish_current(songs()), world.publish_current(songs()));
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("found the API").await;
    api.state().serve(first).unwrap();
    eventually("a correction", || api.state().reloads == 1).await;
    assert!(api.serves(second));
    assert_eq!(world.log.line("not by this watcher").await["to"], first.to_string());
}

#[tokio::test]
async fn an_api_may_come_later_go_and_come_back_with_an_old_model() {
    let mut world = World::new();
    let old = world.publish_current(songs());
    world.watch();
    world.log.line("waiting for the API").await;
    let api = Api::start(&world.config.admin_socket, &world.store);
    assert_eq!(world.log.line("found the API").await["model"], old.to_string());
    drop(api);
    world.log.line("the API does not answer").await;
    let new = world.publish_current(songs());
    let api = Api::start_with(&world.config.admin_socket, &world.store, Some(old));
    eventually("the new model", || api.serves(new)).await;
    world.log.line("the API answers again").await;
    // However often it was tried: told once each time it changed.
    assert_eq!(world.log.count("waiting for the API"), 1);
    assert_eq!(world.log.count("the API does not answer"), 1);
}

#[tokio::test]
async fn a_model_that_is_refused_is_asked_for_once_until_something_changes() {
    let mut world = World::new();
    world.config.poll_models = OFTEN;
    let good = world.publish_current(songs());
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    let bad = world.publish(songs());
    fs::write(world.store.path(bad), "no model").unwrap();
    fs::write(world.store.pointer(), format!("{bad}\n")).unwrap();
    let line = world.log.line("the API refuses a model").await;
    assert_eq!(line["model"], bad.to_string());
    assert_eq!(line["serving"], good.to_string());
    assert!(line["reason"].as_str().unwrap().contains("not a model that can be served"), "{line}");
    let looks = api.state().looks;
    eventually("ten more rounds", || api.state().looks > looks + 10).await;
    assert_eq!(api.state().reloads, 1);
    assert!(api.serves(good));

    // A restarted API is asked again, once.
    drop(api);
    let api = Api::start_with(&world.config.admin_socket, &world.store, Some(good));
    world.log.nth(2, "the API refuses a model").await;
    let looks = api.state().looks;
    eventually("ten more rounds", || api.state().looks > looks + 10).await;
    assert_eq!(api.state().reloads, 1);

    // And so is any API once the pointer has moved.
    let better = world.publish_current(songs());
    eventually("the better model", || api.serves(better)).await;
    assert_eq!(api.state().reloads, 2);
}

#[tokio::test]
async fn an_api_in_trouble_is_asked_again_until_it_takes_the_model() {
    let mut world = World::new();
    world.publish_current(songs());
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("found the API").await;
    api.state().failures = 3;
    let model = world.publish_current(songs());
    eventually("the model", || api.serves(model)).await;
    assert_eq!(world.log.count("the API did not take a model"), 3);
    assert!(world.log.line("the API did not take a model").await["again_in_seconds"].is_number());
    assert_eq!(api.state().reloads, 4);
}

#[tokio::test]
async fn a_model_that_can_not_be_read_is_asked_for_until_it_can_and_holds_nothing_up() {
    let mut world = World::new();
    world.config.poll_models = OFTEN;
    world.put("songs.csv", b"new");
    let path = world.path("songs.csv").display().to_string();
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let good = world.publish_current(made_from("ds1", &path, b"old"));
    let api = Api::start(&world.config.admin_socket, &world.store);
    let lost = world.publish(made_from("ds1", &path, b"older"));
    let file = world.store.path(lost);
    let away = file.with_extension("away");
    fs::rename(&file, &away).unwrap();
    fs::write(world.store.pointer(), format!("{lost}\n")).unwrap();
    world.watch();
    let line = world.log.line("the API can't read a model").await;
    assert_eq!(
        (&line["model"], &line["serving"]),
        (&lost.to_string().into(), &good.to_string().into())
    );
    // The dataset is looked at meanwhile, and mined.
    assert_eq!(world.order().await.order.sha256, sha256(b"new"));
    let reloads = api.state().reloads;
    eventually("more tries", || api.state().reloads > reloads + 2).await;
    assert_eq!(world.log.count("the API can't read a model"), 1);

    fs::rename(&away, &file).unwrap();
    eventually("the model that is there again", || api.serves(lost)).await;
}

#[tokio::test]
async fn a_pointer_that_names_nothing_changes_nothing() {
    let mut world = World::new();
    let good = world.publish_current(songs());
    let api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("found the API").await;
    for _ in 0..3 {
        fs::write(world.store.pointer(), "half an i").unwrap();
        world.log.line("CURRENT can't be read").await;
    }
    assert!(api.serves(good));
    let next = world.publish_current(songs());
    eventually("the next model", || api.serves(next)).await;
    assert_eq!(world.log.count("CURRENT can't be read again"), 0);
    assert_eq!(world.log.count("CURRENT can be read again"), 1);
}
