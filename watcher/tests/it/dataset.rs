//! The dataset loop: what it finds, and that it asks for mining when it should and only then.

use std::fs;
use std::time::Duration;

use segue_model::{DatasetMetadata, ModelId};
use segue_watcher::Mined;

use crate::support::api::Api;
use crate::support::dataset_server::{DatasetServer, Trouble};
use crate::support::{OFTEN, World, eventually, made_from, sha256};

const OLD: &[u8] = b"pid,track_name\n1,Yesterday\n";
const NEW: &[u8] = b"pid,track_name\n1,Yesterday\n1,Help!\n";

/// A model of the old content behind the URL is served, and the dataset is polled often.
async fn watching_a_url() -> (World, DatasetServer, Api) {
    let mut world = World::new();
    world.config.poll_dataset = OFTEN;
    let server = DatasetServer::start(OLD).await;
    server.state().etag = Some("\"1\"".to_owned());
    let etag = Some("\"1\"".to_owned());
    world.publish_current(DatasetMetadata { etag, ..made_from("ds1", server.url(), OLD) });
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", server.url())]);
    let api = Api::start(&world.config.admin_socket, &world.store);
    (world, server, api)
}

/// A model of the old content of a file is served.
fn watching_a_file(mut world: World) -> (World, Api) {
    world.put("songs.csv", OLD);
    let path = world.path("songs.csv").display().to_string();
    world.publish_current(made_from("ds1", &path, OLD));
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let api = Api::start(&world.config.admin_socket, &world.store);
    (world, api)
}

/// The dataset has changed since, and its model is served; before it, an older one was.
async fn gone_on(world: &mut World, server: &DatasetServer, api: &Api) -> ModelId {
    let old = world.store.current().unwrap().unwrap();
    change(server, NEW, Some(2));
    let new = world.publish_current(made_from("ds1", server.url(), NEW));
    world.watch();
    world.log.line("the model served is of this dataset").await;
    assert!(api.serves(new));
    old
}

/// Other content, of a version that the server tells or not.
fn change(server: &DatasetServer, body: &[u8], version: Option<u32>) {
    let mut state = server.state();
    state.body = body.to_owned();
    state.etag = version.map(|version| format!("\"{version}\""));
}

/// So many more polls of the server change nothing.
async fn nothing_happens(world: &mut World, server: &DatasetServer) {
    let polls = server.state().requests.len();
    eventually("ten more polls", || server.state().requests.len() > polls + 10).await;
    assert!(world.requests.try_recv().is_err());
}

#[tokio::test]
async fn what_a_model_knows_of_its_dataset_spares_the_first_download() {
    let (mut world, server, _api) = watching_a_url().await;
    world.watch();
    let line = world.log.line("the model served is of this dataset").await;
    assert_eq!(line["sha256"], sha256(OLD));
    nothing_happens(&mut world, &server).await;
    assert_eq!(server.answered(200), 0);
    assert_eq!(world.log.count("the model served is of this dataset"), 1);
    assert!(server.state().requests[0].1.contains("accept-encoding: identity"));
}

#[tokio::test]
async fn new_content_behind_the_url_is_mined_once_and_served() {
    let (mut world, server, api) = watching_a_url().await;
    world.watch();
    world.log.line("the model served is of this dataset").await;
    {
        let mut state = server.state();
        state.body = NEW.to_owned();
        state.etag = Some("\"2\"".to_owned());
    }
    let request = world.order().await;
    assert_eq!(request.order.id.as_deref(), Some("ds1"));
    assert_eq!(request.order.url, server.url());
    assert_eq!(request.order.sha256, sha256(NEW));
    let line = world.log.line("the dataset is another than the model served was made from").await;
    assert_eq!(line["why"], "content");
    assert_eq!(line["from_sha256"], sha256(OLD));
    assert_eq!(line["sha256"], sha256(NEW));

    let model = world.publish_current(made_from("ds1", server.url(), NEW));
    request.done.send(Ok(Mined::Published)).unwrap();
    eventually("the new model", || api.serves(model)).await;
    let line = world.log.line("a model of the dataset is served").await;
    assert_eq!(line["model"], model.to_string());
    nothing_happens(&mut world, &server).await;
    assert_eq!(server.answered(200), 1);
}

#[tokio::test]
async fn what_is_done_but_not_served_is_not_asked_for_again() {
    let (mut world, server, _api) = watching_a_url().await;
    change(&server, NEW, None);
    world.watch();
    world.order().await.done.send(Ok(Mined::Published)).unwrap();
    nothing_happens(&mut world, &server).await;
    server.state().body = [NEW, NEW].concat();
    assert_eq!(world.order().await.order.sha256, sha256(&[NEW, NEW].concat()));
}

#[tokio::test]
async fn a_new_etag_of_the_same_bytes_is_no_change() {
    let (mut world, server, _api) = watching_a_url().await;
    server.state().etag = Some("\"2\"".to_owned());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    nothing_happens(&mut world, &server).await;
    // It was read once to find out; the new tag is known then.
    assert_eq!(server.answered(200), 1);
}

#[tokio::test]
async fn a_date_serves_where_there_is_no_tag() {
    let (mut world, server, _api) = watching_a_url().await;
    server.state().etag = None;
    server.state().last_modified = Some("Sat, 31 Jan 2026 12:00:00 GMT".to_owned());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    nothing_happens(&mut world, &server).await;
    // A file that is put in its place may be an older one.
    server.state().body = NEW.to_owned();
    server.state().last_modified = Some("Sat, 31 Jan 2026 11:59:59 GMT".to_owned());
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn a_server_without_tags_and_dates_is_read_each_time() {
    let (mut world, server, _api) = watching_a_url().await;
    server.state().etag = None;
    world.watch();
    world.log.line("the model served is of this dataset").await;
    nothing_happens(&mut world, &server).await;
    assert!(server.answered(200) > 10);
    server.state().body = NEW.to_owned();
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn a_server_that_heeds_no_conditions_is_not_read_while_its_tag_stays() {
    let (mut world, server, _api) = watching_a_url().await;
    server.state().heedless = true;
    world.watch();
    world.log.line("the model served is of this dataset").await;
    nothing_happens(&mut world, &server).await;
    for line in world.log.lines("looked at the dataset") {
        assert_eq!(line["read"], false);
    }
}

#[tokio::test]
async fn trouble_with_the_server_is_told_once_and_harms_nothing() {
    let (mut world, server, _api) = watching_a_url().await;
    change(&server, NEW, Some(2));
    server.state().trouble = Some(Trouble::Cut);
    world.watch();
    let line = world.log.line("the dataset can't be read").await;
    assert!(line["error"].as_str().unwrap().contains("failed to read all of it"), "{line}");
    assert!(line["again_in_seconds"].is_number());
    nothing_happens(&mut world, &server).await;
    for trouble in [Trouble::Status(500), Trouble::Status(404), Trouble::Hangup] {
        server.state().trouble = Some(trouble);
        nothing_happens(&mut world, &server).await;
    }
    assert_eq!(world.log.count("the dataset can't be read"), 1);
    server.state().trouble = None;
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
    assert_eq!(world.log.count("the dataset can be read again"), 1);
}

#[tokio::test]
async fn a_dataset_larger_than_the_bound_is_not_read() {
    let (mut world, server, _api) = watching_a_url().await;
    world.config.bounds.bytes = NEW.len() as u64 - 1;
    change(&server, NEW, None);
    world.watch();
    let line = world.log.line("the dataset can't be read").await;
    let expected = format!("{}: larger than {} bytes", server.url(), NEW.len() - 1);
    assert_eq!(line["error"], expected);
}

#[tokio::test]
async fn a_swapped_configuration_is_followed() {
    let (mut world, server, api) = watching_a_url().await;
    world.watch();
    world.log.line("the model served is of this dataset").await;
    let other = DatasetServer::start(NEW).await;
    world.mount(&[("DATASET_ID", "ds2"), ("DATASET_URL", other.url())]);
    let request = world.order().await;
    assert_eq!(request.order.id.as_deref(), Some("ds2"));
    assert_eq!(request.order.url, other.url());
    let line = world.log.line("the dataset is another than the model served was made from").await;
    assert_eq!((&line["why"], &line["from_id"]), (&"configuration".into(), &"ds1".into()));
    let model = world.publish_current(made_from("ds2", other.url(), NEW));
    request.done.send(Ok(Mined::Published)).unwrap();
    world.log.line("a model of the dataset is served").await;
    assert!(api.serves(model));
    let polls = server.state().requests.len();
    nothing_happens(&mut world, &other).await;
    assert_eq!(server.state().requests.len(), polls, "the old server is left alone");
}

#[tokio::test]
async fn a_server_that_hangs_does_not_keep_a_corrected_configuration_waiting() {
    let (mut world, server, _api) = watching_a_url().await;
    world.config.poll_models = OFTEN;
    server.state().etag = None;
    server.state().trouble = Some(Trouble::Hang);
    world.watch();
    eventually("a look", || server.answered(200) == 1).await;
    let other = DatasetServer::start(NEW).await;
    world.mount(&[("DATASET_URL", other.url())]);
    assert_eq!(world.order().await.order.url, other.url());
}

#[tokio::test]
async fn a_configuration_on_a_volume_without_events_is_followed() {
    let (mut world, _api) = watching_a_file(World::without_events());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    let path = world.path("songs.csv").display().to_string();
    world.mount(&[("DATASET_ID", "ds2"), ("DATASET_URL", &path)]);
    assert_eq!(world.order().await.order.id.as_deref(), Some("ds2"));
}

#[tokio::test]
async fn content_without_the_prescribed_digest_is_told_and_not_mined() {
    let (mut world, server, _api) = watching_a_url().await;
    change(&server, NEW, Some(2));
    let digest = sha256(OLD).to_uppercase();
    world.mount(&[("DATASET_URL", server.url()), ("DATASET_SHA256", &digest)]);
    world.watch();
    let line = world.log.line("the dataset does not have the digest").await;
    assert_eq!((&line["expected"], &line["found"]), (&sha256(OLD).into(), &sha256(NEW).into()));
    nothing_happens(&mut world, &server).await;
    assert_eq!(world.log.count("the dataset does not have the digest"), 1);
    let wrong = "0".repeat(64);
    world.mount(&[("DATASET_URL", server.url()), ("DATASET_SHA256", &wrong)]);
    let line = world.log.nth(2, "the dataset does not have the digest").await;
    assert_eq!((&line["expected"], &line["found"]), (&wrong.into(), &sha256(NEW).into()));
    world.mount(&[("DATASET_URL", server.url()), ("DATASET_SHA256", &sha256(NEW))]);
    let request = world.order().await;
    assert_eq!((request.order.id, request.order.sha256), (None, sha256(NEW)));
    let line = world.log.line("the dataset is another than the model served was made from").await;
    assert_eq!(line["why"], "configuration");
}

#[tokio::test]
async fn a_wrong_configuration_is_told_once_and_what_was_right_stays() {
    let (mut world, _server, _api) = watching_a_url().await;
    world.watch();
    world.log.line("the model served is of this dataset").await;
    world.mount(&[("DATASET_URL", "gopher://example.org")]);
    let line = world.log.line("the dataset's configuration is wrong").await;
    assert!(line["error"].as_str().unwrap().starts_with("DATASET_URL: expected"), "{line}");
    world.mount(&[("DATASET_URL", "ftp://example.org")]);
    let line = world.log.nth(2, "the dataset's configuration is wrong").await;
    assert!(line["error"].as_str().unwrap().contains("ftp"), "{line}");
    world.mount(&[("DATASET_URL", "")]);
    world.log.line("no dataset is configured").await;
    assert!(world.requests.try_recv().is_err());
    assert_eq!(world.log.count("the dataset's configuration is wrong"), 2);
}

#[tokio::test]
async fn a_file_that_is_replaced_is_mined_and_one_that_is_touched_is_not() {
    let (mut world, _api) = watching_a_file(World::new());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    world.put("songs.csv", OLD);
    eventually("a second look", || world.log.count("looked at the dataset") == 2).await;
    assert!(world.requests.try_recv().is_err());
    world.put("songs.csv", NEW);
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn a_file_is_followed_without_events() {
    let (mut world, _api) = watching_a_file(World::without_events());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    world.put("songs.csv", NEW);
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn a_file_that_is_being_written_is_left_until_it_has_settled() {
    let (mut world, _api) = watching_a_file(World::without_events());
    world.watch();
    world.log.line("the model served is of this dataset").await;
    fs::write(world.path("songs.csv"), NEW).unwrap();
    world.log.line("the dataset is not settled").await;
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
    assert_eq!(world.log.count("the dataset can't be read"), 0);
}

#[tokio::test]
async fn a_folder_of_slices_has_the_digest_of_their_list() {
    let mut world = World::new();
    fs::create_dir(world.path("slices")).unwrap();
    for (name, content) in [("b.json", "2"), ("a.json", "1"), ("c.json.gz", "3")] {
        world.put(&format!("slices/{name}"), content.as_bytes());
    }
    for name in [".hidden.json", "stats.txt"] {
        world.put(&format!("slices/{name}"), b"4");
    }
    let list = [("1", "a.json"), ("2", "b.json"), ("3", "c.json.gz")];
    let list = list.map(|(content, name)| format!("{}  {name}\n", sha256(content.as_bytes())));
    let path = format!("file://{}", world.path("slices").display());
    let shown = world.path("slices").display().to_string();
    world.publish_current(made_from("ds1", &shown, list.concat().as_bytes()));
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let _api = Api::start(&world.config.admin_socket, &world.store);
    world.watch();
    world.log.line("the model served is of this dataset").await;
    world.put("slices/d.json", b"5");
    let order = world.order().await.order;
    let list = list.concat() + &format!("{}  d.json\n", sha256(b"5"));
    assert_eq!((order.url, order.sha256), (path, sha256(list.as_bytes())));
}

#[tokio::test]
async fn nothing_is_mined_while_it_is_not_known_what_is_served() {
    let (mut world, server, api) = watching_a_url().await;
    change(&server, NEW, None);
    drop(api);
    world.watch();
    world.log.line("waiting for the API").await;
    world.log.line("watching a dataset").await;
    // An API that has yet to take the current model has none: that is no reason to mine, either.
    let current = world.publish_current(made_from("ds1", server.url(), NEW));
    let api = Api::start_with(&world.config.admin_socket, &world.store, None);
    world.log.line("the model served is of this dataset").await;
    assert!(api.serves(current));
    nothing_happens(&mut world, &server).await;
}

#[tokio::test]
async fn a_rollback_is_left_alone_until_the_dataset_changes() {
    let (mut world, server, api) = watching_a_url().await;
    let old = gone_on(&mut world, &server, &api).await;
    world.promote(old);
    world.log.line("a model of another dataset took its place").await;
    nothing_happens(&mut world, &server).await;
    assert_eq!(world.log.count("a model of another dataset took its place"), 1);
    change(&server, &[OLD, NEW].concat(), Some(3));
    assert_eq!(world.order().await.order.sha256, sha256(&[OLD, NEW].concat()));
}

#[tokio::test]
async fn a_late_model_of_the_dataset_before_is_no_rollback() {
    let (mut world, server, api) = watching_a_url().await;
    gone_on(&mut world, &server, &api).await;
    let late = world.publish_current(made_from("ds1", server.url(), OLD));
    eventually("the late model", || api.serves(late)).await;
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
    assert_eq!(world.log.count("a model of another dataset took its place"), 0);
}

#[tokio::test]
async fn a_dataset_that_is_mended_after_a_rollback_is_mined() {
    let (mut world, server, api) = watching_a_url().await;
    let old = gone_on(&mut world, &server, &api).await;
    change(&server, b"broken", Some(3));
    let refused = world.order().await;
    assert_eq!(refused.order.sha256, sha256(b"broken"));
    refused.done.send(Ok(Mined::Refused("exit code 3".to_owned()))).unwrap();
    world.promote(old);
    eventually("the rollback", || api.serves(old)).await;
    change(&server, NEW, Some(4));
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn content_that_comes_back_is_that_of_the_model_served() {
    let (mut world, server, _api) = watching_a_url().await;
    change(&server, NEW, Some(2));
    world.watch();
    world.order().await.done.send(Ok(Mined::Published)).unwrap();
    world.log.line("re-mining is done").await;
    change(&server, OLD, Some(3));
    world.log.line("the dataset is again that of the model served").await;
    change(&server, NEW, Some(4));
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}

#[tokio::test]
async fn a_first_model_is_left_to_others_as_long_as_told() {
    let mut world = World::without_events();
    let server = DatasetServer::start(NEW).await;
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", server.url())]);
    let _api = Api::start(&world.config.admin_socket, &world.store);
    world.config.grace = Duration::from_secs(3600);
    world.watch();
    let line = world.log.line("the dataset is another than the model served was made from").await;
    assert_eq!((&line["why"], &line["in_seconds"]), (&"no_model".into(), &3600.0.into()));
    nothing_happens(&mut world, &server).await;
    world.stop().await;

    world.config.grace = Duration::ZERO;
    world.watch();
    assert_eq!(world.order().await.order.sha256, sha256(NEW));
}
