//! The program itself: flags, exit codes, signals, log.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use rustix::process::{Pid, Signal, kill_process};
use segue_model::Store;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::SOON;
use crate::support::client::{Connection, get};
use crate::support::playlists::{ROCK_AND_POP, promote};
use crate::support::wait_until;

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_segue-api"));
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    program.env_remove("RUST_LOG").env_remove("POD_NAME");
    program
}

/// The program with a model, and what it logs. It ends with the test, whatever its outcome.
struct Running {
    child: Child,
    log: Receiver<Value>,
    folder: TempDir,
}

impl Running {
    fn start(flags: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let models = folder.path().join("models");
        promote(&Store::new(&models), ROCK_AND_POP, 1);
        let mut program = program();
        program.args(["--listen", "127.0.0.1:0", "--lame-duck", "0s", "--log-format", "json"]);
        program.arg("--models").arg(models).args(flags);
        let mut child = program.arg("--admin-socket").arg(folder.path().join("s")).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (note, log) = channel();
        std::thread::spawn(move || {
            let mut lines = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap());
            lines.try_for_each(|line: Value| note.send(line))
        });
        Self { child, log, folder }
    }

    /// The next line of this message.
    fn logs(&mut self, message: &str) -> Value {
        loop {
            let line = self.log.recv_timeout(SOON);
            let line = line.unwrap_or_else(|error| panic!("no line {message:?}: {error}"));
            if line["message"] == message {
                return line;
            }
        }
    }

    /// Where it listens once its model is there.
    fn address(&mut self) -> SocketAddr {
        let listening = self.logs("listening");
        self.logs("serving a model");
        listening["address"].as_str().unwrap().parse().unwrap()
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn wrong_usage_exits_with_64_and_says_what_is_wrong() {
    for (flags, message) in [
        (&["--modles", "x"][..], "--modles"),
        (&[], "--models"),
        (&["--models", "x", "--access-log", "2"], "--access-log"),
        (&["--models", "x", "--drain", "5"], "5s"),
        (&["--models", "x", "--max-connections", "18446744073709551615"], "--max-connections"),
    ] {
        let output = program().args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{flags:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(message), "{flags:?}: {stderr}");
    }
}

#[test]
fn an_address_that_is_taken_is_an_error_that_names_it() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    let mut program = program();
    program.args(["--models", "x", "--listen", &address]);
    let output = program.arg("--admin-socket").arg(folder.path().join("s")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains(&address), "{stderr}");
}

#[test]
fn a_line_for_every_request_names_the_trace_that_it_belongs_to() {
    let mut api = Running::start(&["--access-log", "1"]);
    let address = api.address();
    let mut connection = Connection::open(address);
    connection.send(
        "GET /api/songs?q=yesterday HTTP/1.1\r\nhost: x\r\nuser-agent: test/1\r\n\
         traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n",
    );
    assert_eq!(connection.receive().status, 200);
    let line = api.logs("request");
    for (field, expected) in [
        ("method", "GET"),
        ("path", "/api/songs"),
        ("route", "songs"),
        ("user_agent", "test/1"),
        ("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("parent_id", "00f067aa0ba902b7"),
    ] {
        assert_eq!(line[field], expected, "{line}");
    }
    assert_eq!(line["status"], 200);
    assert!(line["took_us"].as_u64().is_some_and(|took| took < 60_000_000), "{line}");

    assert_eq!(get(address, "/nowhere").status, 404);
    let line = api.logs("request");
    assert_eq!((&line["status"], &line["route"]), (&404.into(), &"none".into()));
    assert!(line.get("trace_id").is_none() && line.get("user_agent").is_none(), "{line}");

    let mut connection = Connection::open(address);
    connection.send("GET /healthz HTTP/1.1\r\n\r\n");
    assert_eq!(connection.receive().status, 400);
    let line = api.logs("request");
    assert_eq!((&line["status"], &line["route"]), (&400.into(), &"healthz".into()));
}

#[test]
fn one_of_so_many_requests_gets_a_line_and_without_the_flag_none() {
    for (flags, expected) in [(&["--access-log", "0.25"][..], 3), (&[], 0)] {
        let mut api = Running::start(flags);
        let address = api.address();
        (0..12).for_each(|_| assert_eq!(get(address, "/healthz").status, 200));
        api.send(Signal::TERM);
        assert!(api.child.wait().unwrap().success());
        let count = api.log.iter().filter(|line| line["message"] == "request").count();
        assert_eq!(count, expected, "{flags:?}");
    }
}

#[test]
fn sighup_asks_for_the_model_that_is_now_current() {
    let mut api = Running::start(&[]);
    let address = api.address();
    let first = get(address, "/api/model").json()["id"].clone();
    let store = Store::new(api.folder.path().join("models"));
    let second = promote(&store, ROCK_AND_POP, 2);
    api.send(Signal::HUP);
    api.logs("serving a model");
    let served = get(address, "/api/model").json()["id"].clone();
    assert_ne!(served, first);
    assert_eq!(served, second.to_string());
}

#[test]
fn an_old_model_is_freed() {
    let mut api = Running::start(&[]);
    api.address();
    let store = Store::new(api.folder.path().join("models"));
    let statm = format!("/proc/{}/statm", api.child.id());
    let resident_pages = || {
        let statm = std::fs::read_to_string(&statm).unwrap();
        statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap()
    };
    let mut reload = |turn: i64| {
        promote(&store, ROCK_AND_POP, 2 + turn % 2);
        api.send(Signal::HUP);
        api.logs("serving a model");
    };
    (0..20).for_each(&mut reload);
    let before = resident_pages();
    (20..100).for_each(&mut reload);
    wait_until("memory is what it was", || resident_pages() < before + 128);
}
