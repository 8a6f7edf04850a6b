//! Chromium and the process that drives it: found, started, and gone again with the test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

const INSTALL_BROWSER: &str =
    "the page is tested in Chromium: install it with `apt-get install chromium chromium-driver`";
const INSTALL_AXE: &str = "accessibility is checked by axe-core: install it with `make test-tools`";

/// A browser of its own, with a profile of its own.
pub(crate) struct Driver {
    process: Child,
    /// What it says is not read on, but it has somewhere to say it.
    _stdout: BufReader<ChildStdout>,
    profile: TempDir,
    url: String,
}

/// It takes a port that is free in IPv4, and ends where that is taken in IPv6.
const ATTEMPTS: usize = 5;

impl Driver {
    pub(crate) fn start() -> Self {
        (0..ATTEMPTS).find_map(|_| Self::try_start()).expect("chromedriver tells its port")
    }

    fn try_start() -> Option<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(INSTALL_BROWSER);
        let mut stdout = BufReader::new(process.stdout.take().expect("it is piped"));
        let port = stdout
            .by_ref()
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| {
                line.split_once("on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
            })
            // The port that it was told comes first, the one that it took next.
            .find(|&port| port != 0);
        let Some(port) = port else {
            process.wait().unwrap();
            return None;
        };
        Some(Self {
            process,
            _stdout: stdout,
            profile: TempDir::new().unwrap(),
            url: format!("http://127.0.0.1:{port}"),
        })
    }

    pub(crate) async fn connect(&self) -> Client {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--force-prefers-reduced-motion",
            "--lang=en-GB",
            "--window-size=1280,900",
            &profile,
        ];
        let capabilities = json!({
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let capabilities = capabilities.as_object().expect("it is one").clone();
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.url)
            .await
            .expect(INSTALL_BROWSER)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The browser itself has gone with its session.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The source of axe, from where `make test-tools` puts it: the target folder, which this is somewhere under.
pub(crate) fn axe() -> String {
    let above = Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors();
    let libraries = above.map(|folder| folder.join("axe/lib")).find(|folder| folder.is_dir());
    let python = libraries.expect(INSTALL_AXE).read_dir().expect(INSTALL_AXE).next();
    let python = python.expect(INSTALL_AXE).unwrap().path();
    let file = python.join("site-packages/axe_playwright_python/axe.min.js");
    std::fs::read_to_string(file).expect(INSTALL_AXE)
}
