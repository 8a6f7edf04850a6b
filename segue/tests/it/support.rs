//! Real processes, a dataset behind a real HTTP server, and clients of a real API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Far more than anything here takes, on a machine that is busy with other things, too.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A program of the workspace. Cargo builds them beside the tests; `make test` sees to it.
pub(crate) fn program(name: &str) -> Command {
    let path = Path::new(env!("CARGO_BIN_EXE_segue")).with_file_name(name);
    assert!(path.exists(), "{}: build it with `cargo build --workspace`", path.display());
    let mut command = Command::new(path);
    for variable in ["DATASET_ID", "DATASET_URL", "DATASET_SHA256", "RUST_LOG", "POD_NAME"] {
        command.env_remove(variable);
    }
    command
}

/// Waits until something is there.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A running program and what it has logged so far, as JSON lines.
pub(crate) struct Process {
    child: Child,
    lines: Arc<Mutex<Vec<Value>>>,
    seen: usize,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Self {
        command.args(["--log-format", "json"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let written = BufReader::new(child.stderr.take().unwrap());
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in written.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, lines, seen: 0 }
    }

    /// The next line whose message begins so.
    pub(crate) fn logs(&mut self, message: &str) -> Value {
        let lines = Arc::clone(&self.lines);
        let mut seen = self.seen;
        let found = wait_for(&format!("the log line {message:?}"), || {
            let lines = lines.lock().unwrap();
            let is_it = |line: &Value| line["message"].as_str().unwrap_or("").starts_with(message);
            let at = lines[seen..].iter().position(is_it);
            match at {
                Some(at) => {
                    seen += at + 1;
                    Some(lines[seen - 1].clone())
                }
                None => None,
            }
        });
        self.seen = seen;
        found
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, and gives its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        wait_for("the process to end", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end: exit code, standard output, standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

/// A made dataset.
pub(crate) fn sample(playlists: u32, seed: u32) -> Vec<u8> {
    let (playlists, seed) = (playlists.to_string(), seed.to_string());
    let mut command = program("segue");
    command.args(["sample", "--playlists", &playlists, "--seed", &seed]);
    command.output().unwrap().stdout
}

/// One HTTP/1.1 server for one file, which may be replaced; it knows conditional requests.
pub(crate) struct FileServer {
    address: SocketAddr,
    content: Arc<Mutex<Vec<u8>>>,
}

impl FileServer {
    pub(crate) fn start(content: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let content = Arc::new(Mutex::new(content));
        let served = Arc::clone(&content);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let content = served.lock().unwrap().clone();
                std::thread::spawn(move || serve(&stream, &content));
            }
        });
        Self { address, content }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/playlists.csv", self.address)
    }

    pub(crate) fn replace(&self, content: Vec<u8>) {
        *self.content.lock().unwrap() = content;
    }
}

fn serve(mut stream: &TcpStream, content: &[u8]) -> Option<()> {
    let mut head = String::new();
    let mut reader = BufReader::new(stream);
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let etag =
        format!("\"{}-{}\"", content.len(), content.iter().map(|&b| u64::from(b)).sum::<u64>());
    let known = head.lines().any(|line| {
        line.to_ascii_lowercase().starts_with("if-none-match:") && line.contains(&etag)
    });
    let (status, body) = if known { ("304 Not Modified", &[][..]) } else { ("200 OK", content) };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nETag: {etag}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()
}

/// An answer of the API.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) model: Option<String>,
    pub(crate) body: Value,
}

/// Asks the API on a connection of its own; none where nobody listens.
pub(crate) fn ask(address: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /api/recommend HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        model: head
            .lines()
            .find_map(|line| line.strip_prefix("x-segue-model: "))
            .map(str::to_owned),
        body: serde_json::from_str(body).unwrap_or(Value::Null),
    })
}

/// A client that never stops asking, and counts what it gets.
pub(crate) struct Listener {
    stop: Arc<AtomicBool>,
    good: Arc<AtomicUsize>,
    thread: Option<std::thread::JoinHandle<Vec<String>>>,
}

impl Listener {
    pub(crate) fn start(address: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let good = Arc::new(AtomicUsize::new(0));
        let (stopped, counted, address) = (stop.clone(), good.clone(), address.to_owned());
        let thread = std::thread::spawn(move || {
            let mut bad = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match ask(&address, r#"{"songs":["Wheel","Yesterday"]}"#) {
                    Some(answer) if answer.status == 200 => {
                        counted.fetch_add(1, Ordering::Relaxed);
                    }
                    other => bad.push(format!("{other:?}")),
                }
            }
            bad
        });
        Self { stop, good, thread: Some(thread) }
    }

    /// Waits for some more good answers, so that what just happened has been asked about.
    pub(crate) fn hears_on(&self) {
        let enough = self.good.load(Ordering::Relaxed) + 20;
        wait_for("more answers", || (self.good.load(Ordering::Relaxed) >= enough).then_some(()));
    }

    /// Ends it: every answer has been good.
    pub(crate) fn had_no_failure(mut self) {
        self.hears_on();
        self.stop.store(true, Ordering::Relaxed);
        let bad = self.thread.take().unwrap().join().unwrap();
        assert!(bad.is_empty(), "{} requests failed, the first: {}", bad.len(), bad[0]);
    }
}

/// A pod's folders and programs: model directory, socket, dataset configuration.
pub(crate) struct Pod {
    pub(crate) folder: tempfile::TempDir,
}

impl Pod {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("dataset")).unwrap();
        Self { folder }
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("api.sock")
    }

    pub(crate) fn configure(&self, url: &str) {
        let dataset = self.folder.path().join("dataset");
        std::fs::write(dataset.join("DATASET_ID"), "made").unwrap();
        std::fs::write(dataset.join("DATASET_URL"), url).unwrap();
    }

    /// The API, and where it listens.
    pub(crate) fn api(&self) -> (Process, String) {
        let mut command = program("segue-api");
        command.arg("--models").arg(self.models()).arg("--admin-socket").arg(self.socket());
        command.args(["--listen", "127.0.0.1:0", "--lame-duck", "0s"]);
        let mut api = Process::start(command);
        let address = api.logs("listening")["address"].as_str().unwrap().to_owned();
        (api, address)
    }

    /// The watcher, which has changed datasets mined by `segue-miner`.
    pub(crate) fn watcher(&self) -> Process {
        let mut command = program("segue-watcher");
        command.arg("--models").arg(self.models()).arg("--admin-socket").arg(self.socket());
        command.arg("--dataset-config").arg(self.folder.path().join("dataset"));
        command.args(["--poll-models", "100ms", "--poll-dataset", "100ms"]);
        let miner = program("segue-miner").get_program().to_owned();
        command.args([
            "--on-dataset-change",
            "exec",
            "--exec",
            r#""$MINER" mine --quiet --models "$MODELS""#,
        ]);
        command.env("MINER", miner).env("MODELS", self.models());
        Process::start(command)
    }

    /// Mines once, to the end.
    pub(crate) fn mine(&self, source: &str) {
        let mut command = program("segue-miner");
        command.arg("mine").arg("--quiet").arg("--models").arg(self.models());
        let (code, _, log) = run(command.args(["--dataset", source]));
        assert_eq!(code, 0, "{log}");
    }

    /// Waits until the API answers with another model than this one, and gives that.
    pub(crate) fn model_after(address: &str, before: Option<&str>) -> (String, Value) {
        wait_for("another model", || {
            let answer = ask(address, r#"{"songs":["Wheel"]}"#)?;
            let model = answer.model?;
            (answer.status == 200 && Some(model.as_str()) != before).then_some((model, answer.body))
        })
    }
}
