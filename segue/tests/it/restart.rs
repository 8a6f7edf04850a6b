//! The order in which parts start, die and come back does not matter.

use crate::support::{FileServer, Pod, ask, sample};

#[test]
fn the_api_may_come_last() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.configure(&server.url());
    let mut watcher = pod.watcher();
    pod.mine(&server.url());
    watcher.logs("waiting for the API");
    let (_api, address) = pod.api();
    let (first, _) = Pod::model_after(&address, None);
    server.replace(sample(60, 2));
    Pod::model_after(&address, Some(&first));
}

#[test]
fn the_miner_may_come_last() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    let (_api, address) = pod.api();
    let _watcher = pod.watcher();
    assert_eq!(ask(&address, r#"{"songs":["Wheel"]}"#).unwrap().status, 503);
    pod.mine(&server.url());
    Pod::model_after(&address, None);
}

#[test]
fn the_watcher_may_come_last_die_and_come_back() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.configure(&server.url());
    pod.mine(&server.url());
    let (_api, address) = pod.api();
    let (first, _) = Pod::model_after(&address, None);
    let mut watcher = pod.watcher();
    watcher.logs("watching a dataset");
    watcher.kill();
    server.replace(sample(60, 2));
    let _watcher = pod.watcher();
    Pod::model_after(&address, Some(&first));
}

#[test]
fn a_killed_api_serves_the_current_model_when_it_is_back() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.mine(&server.url());
    let (mut api, address) = pod.api();
    let (first, _) = Pod::model_after(&address, None);
    let _watcher = pod.watcher();
    api.kill();
    let other = FileServer::start(sample(60, 2));
    pod.mine(&other.url());
    let (_api, address) = pod.api();
    assert_ne!(Pod::model_after(&address, None).0, first);
}
