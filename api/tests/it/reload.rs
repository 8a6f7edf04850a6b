//! One model takes another's place: by the admin socket, under load, and when files are bad.

use std::cell::Cell;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use segue_api::UnixSocket;
use segue_control::ClientError;
use segue_model::{ModelId, Store};

use crate::support::client::{Connection, get, post, request};
use crate::support::instance::Instance;
use crate::support::playlists::{ROCK_AND_POP, Song, encode, promote};
use crate::support::wait_until;

const OTHER: &[&[Song]] =
    &[&["The Beatles - Yesterday", "Nirvana - Lithium"], &["Nirvana - Lithium", "Blur - Song 2"]];
const QUESTION: &str = r#"{"songs": ["Yesterday"], "limit": 1}"#;

fn best(instance: &Instance) -> String {
    let answer = post(instance.address, "/api/recommend", QUESTION);
    assert_eq!(answer.status, 200);
    answer.json()["songs"][0].as_str().unwrap().to_owned()
}

#[test]
fn the_first_model_is_served_without_a_restart() {
    let instance = Instance::empty();
    assert_eq!(get(instance.address, "/readyz").status, 503);
    let status = instance.status();
    assert!(!status.ready && status.model.is_none());

    let model = instance.promote(OTHER, 7);
    let status = instance.reload(model).unwrap();
    assert!(status.ready);
    let served = status.model.unwrap();
    assert_eq!((served.id, &*served.model_date), (model.to_string(), "1970-01-01T00:00:07Z"));
    assert_eq!(get(instance.address, "/readyz").status, 200);
    assert_eq!(best(&instance), "Lithium");
}

#[test]
fn a_reload_changes_answers_and_the_date_and_is_idempotent() {
    let instance = Instance::ready();
    assert_eq!(best(&instance), "Let It Be");
    let model = instance.promote(OTHER, 9);
    for _ in 0..2 {
        assert_eq!(instance.reload(model).unwrap().model.unwrap().id, model.to_string());
        let answer = post(instance.address, "/api/recommend", QUESTION);
        assert_eq!(answer.json()["model_date"], "1970-01-01T00:00:09Z");
        assert_eq!(answer.header("x-segue-model"), Some(&*model.to_string()));
    }
    assert_eq!(best(&instance), "Lithium");
}

/// Tells clients to stop when it goes.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_request_fails_while_models_change() {
    let instance = Instance::ready();
    let models = [
        instance.store.current().unwrap().unwrap(),
        instance.store.publish(&encode(OTHER, 2)).unwrap().model,
    ];
    let done = AtomicBool::new(false);
    let answers = [const { AtomicUsize::new(0) }; 4];
    let question = request("POST", "/api/recommend", QUESTION.as_bytes());
    std::thread::scope(|scope| {
        for answers in &answers {
            scope.spawn(|| {
                let mut connection = Connection::open(instance.address);
                while !done.load(Ordering::Relaxed) {
                    connection.send(&question);
                    let answer = connection.receive();
                    assert_eq!(answer.status, 200);
                    // Header and body are of the same model.
                    let first = answer.header("x-segue-model") == Some(&models[0].to_string());
                    let expected = if first { "Let It Be" } else { "Lithium" };
                    assert_eq!(answer.json()["songs"][0], expected);
                    answers.fetch_add(1, Ordering::Relaxed);
                    // Clients without a pause would leave the thread that reads models no time.
                    std::thread::sleep(Duration::from_millis(1));
                }
            });
        }
        // They stop where a reload fails, too.
        let _stop = Stop(&done);
        let turns = Cell::new(0);
        wait_until("all have been answered often while models changed", || {
            instance.reload(models[turns.get() % 2]).unwrap();
            turns.set(turns.get() + 1);
            turns.get() >= 100
                && answers.iter().all(|answers| answers.load(Ordering::Relaxed) >= 100)
        });
    });
}

#[test]
fn a_corrupt_model_is_refused_and_the_last_good_one_serves_on() {
    let instance = Instance::ready();
    let good = instance.status().model.unwrap().id;
    let bytes = encode(OTHER, 3);
    let missing: ModelId = "0123456789abcdef".parse().unwrap();
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2] ^= 1;
    let truncated = &bytes[..bytes.len() - 1];
    let cases: [(&[u8], &str); 4] = [
        (b"", "expected"),
        (b"no model", "not a model"),
        (&flipped, "not a model that can be served"),
        (truncated, "expected"),
    ];
    let refused = |model: ModelId, words: &str| match instance.reload(model) {
        Err(ClientError::Refused { reason }) => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    };
    for (bytes, words) in cases {
        std::fs::write(instance.store.path(missing), bytes).unwrap();
        refused(missing, words);
    }
    // A good model under a wrong name is not the one that was asked for.
    std::fs::write(instance.store.path(missing), &bytes).unwrap();
    refused(missing, "not the model it is named after");
    std::fs::remove_file(instance.store.path(missing)).unwrap();
    match instance.reload(missing) {
        // It may be there the next time.
        Err(ClientError::Unavailable { reason }) => {
            assert!(reason.contains("failed to read"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(instance.status().model.unwrap().id, good);
    assert!(instance.status().ready);
    assert_eq!(best(&instance), "Let It Be");
}

fn corrupt(store: &Store, model: ModelId) {
    std::fs::write(store.path(model), b"corrupt").unwrap();
}

#[test]
fn a_corrupt_current_model_at_the_start_gives_way_to_the_newest_earlier_one_that_loads() {
    let instance = Instance::prepared(
        |store| {
            promote(store, ROCK_AND_POP, 1);
            let second = promote(store, OTHER, 2);
            let third = promote(store, OTHER, 3);
            corrupt(store, second);
            corrupt(store, third);
        },
        |_| {},
    );
    instance.wait_until_ready();
    assert_eq!(best(&instance), "Let It Be");
}

#[test]
fn a_pointer_that_names_nothing_at_the_start_gives_way_to_an_earlier_model() {
    let instance = Instance::prepared(
        |store| {
            promote(store, ROCK_AND_POP, 1);
            std::fs::write(store.pointer(), "nonsense\n").unwrap();
        },
        |_| {},
    );
    instance.wait_until_ready();
    assert_eq!(best(&instance), "Let It Be");
}

#[test]
fn nothing_that_loads_leaves_it_waiting_and_a_good_model_makes_it_ready() {
    let instance =
        Instance::prepared(|store| corrupt(store, promote(store, ROCK_AND_POP, 1)), |_| {});
    assert_eq!(get(instance.address, "/readyz").status, 503);
    let good = instance.promote(OTHER, 5);
    instance.reload(good).unwrap();
    assert_eq!(get(instance.address, "/readyz").status, 200);
}

/// A raw exchange over the admin socket, as `curl --unix-socket` does it.
fn admin(instance: &Instance, method: &str, path: &str, body: &str) -> (u16, String) {
    use std::io::Read;
    let mut stream = UnixStream::connect(&instance.socket).unwrap();
    let length = body.len();
    // In one piece: an answer that needs no body may come, and the end with it, before one is sent.
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: s\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn the_admin_socket_speaks_plain_http() {
    let instance = Instance::empty();
    let mode = std::fs::metadata(&instance.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let (status, body) = admin(&instance, "POST", "/reload", "");
    assert_eq!(status, 409);
    assert!(body.contains("no_model"), "{body}");
    let model = instance.promote(OTHER, 5);
    // Without a model's name, CURRENT decides.
    for body in ["", "{}"] {
        let (status, body) = admin(&instance, "POST", "/reload", body);
        assert_eq!(status, 200);
        assert!(body.contains(&model.to_string()), "{body}");
    }
    assert_eq!(admin(&instance, "GET", "/status", "").0, 200);
    assert_eq!(admin(&instance, "POST", "/reload", "{").0, 400);
    assert_eq!(admin(&instance, "POST", "/reload", r#"{"modell": "x"}"#).0, 422);
    assert_eq!(admin(&instance, "POST", "/reload", r#"{"model": "../../etc/passwd"}"#).0, 422);
    assert_eq!(admin(&instance, "GET", "/reload", "").0, 405);
    assert_eq!(admin(&instance, "DELETE", "/status", "").0, 405);
    assert_eq!(admin(&instance, "POST", "/api/recommend", "{}").0, 404);
    // And the network does not reach it.
    assert_eq!(post(instance.address, "/reload", "").status, 404);
}

#[test]
fn a_socket_left_by_the_dead_is_replaced_and_one_of_the_living_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _inside = runtime.enter();
    let living = UnixSocket::bind(&path).unwrap();
    let error = UnixSocket::bind(&path).unwrap_err().to_string();
    assert!(error.contains("another process listens"), "{error}");
    drop(living);
    assert!(!path.exists());
    std::fs::write(&path, "precious").unwrap();
    assert!(UnixSocket::bind(&path).is_err());
    assert!(path.exists());
}
