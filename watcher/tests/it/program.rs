//! The program itself: flags, exit codes, signals, figures.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::support::api::Api;
use crate::support::{World, eventually, made_from};

fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_segue-watcher"));
    program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    program.env_remove("RUST_LOG");
    program
}

/// Ends with the test, whatever its outcome.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn scrape(address: SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

#[test]
fn wrong_usage_exits_with_64_and_says_what_is_wrong() {
    for (flags, message) in [
        (&["--modles", "x"][..], "--modles"),
        (&[], "--models"),
        (&["--models", "x", "--on-dataset-change", "exec"], "--exec"),
        (&["--models", "x", "--exec", "true"], "--exec goes with"),
        (&["--models", "x", "--poll-models", "5"], "5s"),
    ] {
        let output = program().args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(64), "{flags:?}");
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(message), "{flags:?}: {stderr}");
    }
}

#[test]
fn an_address_that_is_taken_is_an_error_and_not_a_panic() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = program().args(["--models", "x", "--metrics-listen", &address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("failed to listen for metrics"), "{stderr}");
}

#[tokio::test]
async fn it_serves_figures_and_stops_at_a_signal() {
    let mut world = World::new();
    world.put("songs.csv", b"new");
    let path = world.path("songs.csv").display().to_string();
    world.publish_current(made_from("ds1", &path, b"old"));
    world.mount(&[("DATASET_ID", "ds1"), ("DATASET_URL", &path)]);
    let api = Api::start(&world.config.admin_socket, &world.store);
    // Free a moment ago; nothing else here takes ports by number.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut child = Running(
        program()
            .arg("--models")
            .arg(world.store.directory())
            .arg("--admin-socket")
            .arg(&world.config.admin_socket)
            .arg("--dataset-config")
            .arg(world.path("config"))
            .args(["--metrics-listen", &address.to_string(), "--log-format", "json"])
            .spawn()
            .unwrap(),
    );
    let model = world.publish_current(made_from("ds1", &path, b"older"));
    eventually("the model", || api.serves(model)).await;
    let mut answer = String::new();
    eventually("the drift among the figures", || {
        answer = scrape(address).unwrap_or_default();
        answer.contains("\nsegue_watcher_dataset_drift 1\n")
    })
    .await;
    for line in [
        "HTTP/1.1 200 OK\r\n",
        "\nsegue_watcher_api_up 1\n",
        "\nsegue_watcher_model_out_of_step 0\n",
        "\nsegue_watcher_dataset_looks_total{outcome=\"read\"} 1\n",
        "\nsegue_watcher_remines_total{outcome=\"failed\"} 0\n",
        "\n# EOF\n",
    ] {
        assert!(answer.contains(line), "{line}: {answer}");
    }
    world.mount(&[("DATASET_URL", "")]);
    eventually("nothing that is long ago", || {
        answer = scrape(address).unwrap_or_default();
        answer.contains("\nsegue_watcher_dataset_last_look_timestamp_seconds NaN\n")
    })
    .await;
    let terminated = Command::new("kill").arg(child.0.id().to_string()).status().unwrap();
    assert!(terminated.success());
    let mut status = None;
    eventually("its end", || {
        status = child.0.try_wait().unwrap();
        status.is_some()
    })
    .await;
    assert_eq!(status.unwrap().code(), Some(0));
    let mut stderr = String::new();
    child.0.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    for line in stderr.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(line["message"].is_string());
    }
}
