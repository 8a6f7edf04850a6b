//! Re-mining by Kubernetes Jobs, against each answer that the Kubernetes API may give.

use hyper::Method;
use segue_watcher::Remine;
use serde_json::{Value, json};

use crate::support::api::Api;
use crate::support::cluster::{Cluster, Trouble};
use crate::support::{World, eventually, made_from, sha256};

/// A CronJob as Git has it and Argo CD applies it.
fn cronjob() -> Value {
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": { "name": "miner-refresh", "namespace": "segue", "uid": "1-2-3" },
        "spec": {
            "suspend": true,
            "schedule": "0 0 31 2 *",
            "jobTemplate": {
                "metadata": {
                    "labels": {
                        "app.kubernetes.io/name": "segue",
                        "app.kubernetes.io/instance": "segue-production",
                    },
                    "annotations": {
                        "argocd.argoproj.io/tracking-id": "segue:batch/CronJob:segue/miner-refresh",
                        "example.org/kept": "yes",
                    },
                },
                "spec": {
                    "backoffLimit": 4,
                    "aFieldOfTimesToCome": { "kept": true },
                    "template": { "spec": {
                        "restartPolicy": "Never",
                        "containers": [{
                            "name": "miner",
                            "image": "segue-miner:1",
                            "envFrom": [{ "configMapRef": { "name": "miner-ds1-abc" } }],
                            "env": [
                                { "name": "DATASET_SHA256", "value": "of another content" },
                                { "name": "RUST_LOG", "value": "info" },
                            ],
                        }],
                    }},
                },
            },
        },
    })
}

/// A world where the content behind an unchanged path has changed since the served model was made.
fn changed() -> (World, Api, Cluster) {
    let mut world = World::without_events();
    world.put("$songs.csv", b"new");
    let path = world.path("$songs.csv").display().to_string();
    world.publish_current(made_from("ds1", &path, b"old"));
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let api = Api::start(&world.config.admin_socket, &world.store);
    (world, api, Cluster::start(cronjob()))
}

fn watch(world: &mut World, cluster: &Cluster) {
    world.watch_with(Remine::Job(cluster.jobs()));
}

async fn asked_ten_times_more(cluster: &Cluster) {
    let before = cluster.state().requests.len();
    eventually("ten more requests", || cluster.state().requests.len() > before + 10).await;
}

/// So many more looks at the dataset ask the cluster nothing.
async fn left_alone(world: &World, cluster: &Cluster) {
    let before = cluster.state().requests.len();
    let looks = world.log.count("looked at the dataset");
    eventually("ten looks", || world.log.count("looked at the dataset") > looks + 10).await;
    assert_eq!(cluster.state().requests.len(), before);
}

#[tokio::test]
async fn a_job_is_created_once_and_seen_to_its_end() {
    let (mut world, api, cluster) = changed();
    watch(&mut world, &cluster);
    let line = world.log.line("created a Job that mines the dataset").await;
    asked_ten_times_more(&cluster).await;
    assert_eq!(cluster.answered(&Method::POST, 201), 1);
    let name = cluster.state().jobs.keys().next().unwrap().clone();
    assert_eq!(line["job"], name);
    assert!(name.starts_with(&format!("miner-refresh-ds1-{}-", &sha256(b"new")[..10])), "{name}");

    cluster.finish("Complete", "CompletionsReached");
    world.log.line("the Job is done: its model is awaited").await;
    left_alone(&world, &cluster).await;
    let path = world.path("$songs.csv").display().to_string();
    let model = world.publish_current(made_from("ds1", &path, b"new"));
    world.log.line("a model of the dataset is served").await;
    assert!(api.serves(model));
    left_alone(&world, &cluster).await;
    assert_eq!(world.log.count("created a Job"), 1);
    assert_eq!(world.log.count("a Job mines the dataset already"), 0);
}

#[tokio::test]
async fn a_job_is_its_template_with_what_was_found_and_nobody_elses() {
    let (mut world, _api, cluster) = changed();
    watch(&mut world, &cluster);
    world.log.line("created a Job that mines the dataset").await;
    let job = cluster.state().jobs.values().next().unwrap().clone();
    let path = world.path("$songs.csv").display().to_string();
    assert_eq!((&job["apiVersion"], &job["kind"]), (&json!("batch/v1"), &json!("Job")));
    assert_eq!(job["metadata"]["labels"], json!({ "app.kubernetes.io/name": "segue" }));
    let annotations = json!({
        "example.org/kept": "yes",
        "segue/dataset-url": path,
        "segue/dataset-sha256": sha256(b"new"),
    });
    assert_eq!(job["metadata"]["annotations"], annotations);
    let owner = json!([{
        "apiVersion": "batch/v1", "kind": "CronJob", "name": "miner-refresh", "uid": "1-2-3",
    }]);
    assert_eq!(job["metadata"]["ownerReferences"], owner);

    let spec = &job["spec"];
    assert_eq!(spec["backoffLimit"], 4);
    assert_eq!(spec["aFieldOfTimesToCome"], json!({ "kept": true }));
    assert_eq!(spec["ttlSecondsAfterFinished"], 24 * 3600);
    let container = &spec["template"]["spec"]["containers"][0];
    let env = json!([
        { "name": "RUST_LOG", "value": "info" },
        { "name": "DATASET_ID", "value": "ds1" },
        // As Kubernetes wants this sign written, where it is not to mean a variable.
        { "name": "DATASET_URL", "value": path.replace('$', "$$") },
        { "name": "DATASET_SHA256", "value": sha256(b"new") },
    ]);
    assert_eq!(container["env"], env);
    assert_eq!(container["envFrom"], json!([{ "configMapRef": { "name": "miner-ds1-abc" } }]));
}

#[tokio::test]
async fn replicas_create_one_job_between_them() {
    let (mut world, _api, cluster) = changed();
    for _ in 0..3 {
        watch(&mut world, &cluster);
    }
    world.log.nth(2, "a Job mines the dataset already").await;
    asked_ten_times_more(&cluster).await;
    assert_eq!(cluster.state().jobs.len(), 1);
    assert_eq!(cluster.answered(&Method::POST, 201), 1);
    assert_eq!(world.log.count("created a Job"), 1);
}

#[tokio::test]
async fn who_comes_second_finds_the_job_there() {
    let (mut world, _api, cluster) = changed();
    cluster.state().create_troubles.push_back(Trouble::Race);
    watch(&mut world, &cluster);
    world.log.line("a Job mines the dataset already").await;
    asked_ten_times_more(&cluster).await;
    assert_eq!(cluster.answered(&Method::POST, 409), 1);
    assert_eq!(cluster.answered(&Method::POST, 201), 0);
    assert_eq!(world.log.count("re-mining failed"), 0);
}

#[tokio::test]
async fn a_job_that_failed_for_good_is_told_and_not_made_again_for_that_content() {
    let (mut world, _api, cluster) = changed();
    watch(&mut world, &cluster);
    world.log.line("created a Job that mines the dataset").await;
    cluster.finish("Failed", "BackoffLimitExceeded");
    let line = world.log.line("the Job has failed for good").await;
    assert_eq!(line["reason"], "BackoffLimitExceeded: it says");
    asked_ten_times_more(&cluster).await;
    assert_eq!(world.log.count("the Job has failed for good"), 1);

    // Nor by a watcher that knows nothing of it yet.
    world.stop().await;
    watch(&mut world, &cluster);
    world.log.nth(2, "the Job has failed for good").await;
    asked_ten_times_more(&cluster).await;
    assert_eq!(cluster.answered(&Method::POST, 201), 1);

    world.put("$songs.csv", b"newer");
    world.log.nth(2, "created a Job that mines the dataset").await;
    assert_eq!(cluster.state().jobs.len(), 2);
}

#[tokio::test]
async fn a_failed_job_that_someone_deletes_is_made_again() {
    let (mut world, _api, cluster) = changed();
    watch(&mut world, &cluster);
    world.log.line("created a Job that mines the dataset").await;
    cluster.finish("Failed", "BackoffLimitExceeded");
    world.log.line("the Job has failed for good").await;
    cluster.state().jobs.clear();
    world.log.nth(2, "created a Job that mines the dataset").await;
}

#[tokio::test]
async fn refusals_and_trouble_are_told_and_tried_again() {
    for (trouble, told) in [
        (Trouble::Status(403, "Forbidden"), "403 Forbidden: the server says Forbidden"),
        (Trouble::Status(404, "NotFound"), "404 NotFound: the server says NotFound"),
        (Trouble::Status(410, "Gone"), "410 Gone: the server says Gone"),
        (Trouble::Status(500, "InternalError"), "500 InternalError"),
        (Trouble::Status(503, "ServiceUnavailable"), "503 ServiceUnavailable"),
        (Trouble::Cut, "connection cut"),
    ] {
        let (mut world, _api, cluster) = changed();
        cluster.state().create_troubles.extend([trouble, trouble]);
        watch(&mut world, &cluster);
        world.log.line("created a Job that mines the dataset").await;
        let lines = world.log.lines("re-mining failed");
        assert_eq!(lines.len(), 2, "{trouble:?}");
        let error = lines[0]["error"].as_str().unwrap();
        assert!(error.starts_with("failed to create Job miner-refresh-ds1-"), "{error}");
        assert!(error.contains(told), "{error}");
        assert_eq!(error.matches(told).count(), 1, "{error}");
        assert!(lines[0]["again_in_seconds"].is_number());
    }
}

#[tokio::test]
async fn a_job_that_was_created_on_a_connection_that_was_cut_is_found() {
    let (mut world, _api, cluster) = changed();
    cluster.state().create_troubles.push_back(Trouble::CutAfterwards);
    watch(&mut world, &cluster);
    world.log.line("a Job mines the dataset already").await;
    assert_eq!(world.log.count("re-mining failed"), 1);
    assert_eq!(cluster.state().jobs.len(), 1);
}

#[tokio::test]
async fn trouble_with_looking_at_a_job_makes_no_second_one() {
    let (mut world, _api, cluster) = changed();
    watch(&mut world, &cluster);
    world.log.line("created a Job that mines the dataset").await;
    let troubles = [Trouble::Status(403, "Forbidden"), Trouble::Status(500, "x"), Trouble::Cut];
    cluster.state().get_troubles.extend(troubles);
    world.log.nth(3, "re-mining failed").await;
    asked_ten_times_more(&cluster).await;
    assert_eq!(cluster.answered(&Method::POST, 201), 1);
}

#[tokio::test]
async fn without_a_cronjob_it_is_told_what_is_missing() {
    let (mut world, _api, cluster) = changed();
    let cronjob = cluster.state().cronjob.take();
    watch(&mut world, &cluster);
    let line = world.log.line("re-mining failed").await;
    let error = line["error"].as_str().unwrap();
    assert!(error.starts_with("failed to get CronJob miner-refresh: 404 NotFound"), "{error}");
    cluster.state().cronjob = Some(json!({ "spec": {}, "metadata": { "name": "miner-refresh" } }));
    let template = "CronJob miner-refresh: expected the template of a Job with containers";
    eventually("the template's fault", || {
        let lines = world.log.lines("re-mining failed");
        lines.iter().any(|line| line["error"].as_str().unwrap().starts_with(template))
    })
    .await;
    cluster.state().cronjob = cronjob;
    world.log.line("created a Job that mines the dataset").await;
}

#[tokio::test]
async fn a_job_that_someone_deletes_is_made_again() {
    let (mut world, _api, cluster) = changed();
    watch(&mut world, &cluster);
    world.log.line("created a Job that mines the dataset").await;
    cluster.state().jobs.clear();
    world.log.nth(2, "created a Job that mines the dataset").await;
    assert_eq!(cluster.state().jobs.len(), 1);
}

#[tokio::test]
async fn content_that_comes_back_later_is_mined_again() {
    let (mut world, _api, cluster) = changed();
    let path = world.path("$songs.csv").display().to_string();
    for (round, content) in [b"new", b"old", b"new"].into_iter().enumerate() {
        world.put("$songs.csv", content);
        if round == 0 {
            watch(&mut world, &cluster);
        }
        // The Jobs of the rounds before are still there, complete.
        world.log.nth(round + 1, "created a Job that mines the dataset").await;
        world.publish_current(made_from("ds1", &path, content));
        world.log.nth(round + 1, "a model of the dataset is served").await;
    }
    assert_eq!(cluster.state().jobs.len(), 3);
}
