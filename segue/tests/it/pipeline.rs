//! Dataset, miner, model directory, API and watcher as separate processes, as in a pod.

use std::time::Duration;

use crate::support::{FileServer, Listener, Pod, ask, sample};

#[test]
fn a_changed_dataset_reaches_the_answers_and_no_request_fails() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.configure(&server.url());
    let (_api, address) = pod.api();
    assert_eq!(ask(&address, r#"{"songs":["Wheel"]}"#).unwrap().status, 503);

    let mut watcher = pod.watcher();
    let (first, body) = Pod::model_after(&address, None);
    let listener = Listener::start(&address);
    listener.hears_on();

    // Model dates are whole seconds.
    let second: jiff::Timestamp = body["model_date"].as_str().unwrap().parse().unwrap();
    crate::support::wait_for("the next second", || {
        (jiff::Timestamp::now().as_second() > second.as_second()).then_some(())
    });
    server.replace(sample(80, 2));
    let (next, changed) = Pod::model_after(&address, Some(&first));
    assert!(changed["model_date"].as_str() > body["model_date"].as_str());
    listener.had_no_failure();

    let line = watcher.logs("a model of the dataset is served");
    assert!(line["model"] == first || line["model"] == next, "{line}");
}

#[test]
fn a_dataset_that_goes_bad_is_told_of_and_the_last_model_serves_on() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.configure(&server.url());
    let (_api, address) = pod.api();
    let mut watcher = pod.watcher();
    let (first, _) = Pod::model_after(&address, None);
    let listener = Listener::start(&address);

    server.replace(b"<html>not found</html>".to_vec());
    watcher.logs("re-mining failed");
    listener.hears_on();
    assert_eq!(Pod::model_after(&address, None).0, first);

    server.replace(sample(60, 3));
    Pod::model_after(&address, Some(&first));
    listener.had_no_failure();
}

#[test]
fn another_dataset_in_the_configuration_is_mined_without_a_restart() {
    let pod = Pod::new();
    let (one, other) = (FileServer::start(sample(60, 1)), FileServer::start(sample(60, 2)));
    pod.configure(&one.url());
    let (_api, address) = pod.api();
    let _watcher = pod.watcher();
    let (first, _) = Pod::model_after(&address, None);
    let listener = Listener::start(&address);
    pod.configure(&other.url());
    Pod::model_after(&address, Some(&first));
    listener.had_no_failure();
}

#[test]
fn a_damaged_model_is_refused_and_the_last_one_serves_on() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.mine(&server.url());
    let (_api, address) = pod.api();
    let mut watcher = pod.watcher();
    let (first, _) = Pod::model_after(&address, None);
    let listener = Listener::start(&address);

    let bad = "0123456789abcdef";
    std::fs::write(pod.models().join(format!("models/{bad}.segue")), "damaged").unwrap();
    std::fs::write(pod.models().join("CURRENT"), format!("{bad}\n")).unwrap();
    let line = watcher.logs("the API refuses a model");
    assert_eq!(line["model"], bad, "{line}");
    listener.hears_on();
    assert_eq!(Pod::model_after(&address, None).0, first);
    listener.had_no_failure();
}

#[test]
fn a_stopped_api_ends_well_and_takes_no_more_connections() {
    let pod = Pod::new();
    let server = FileServer::start(sample(60, 1));
    pod.mine(&server.url());
    let (api, address) = pod.api();
    Pod::model_after(&address, None);
    assert_eq!(api.terminate(), Some(0));
    assert!(
        std::net::TcpStream::connect_timeout(&address.parse().unwrap(), Duration::from_secs(1))
            .is_err()
    );
}
