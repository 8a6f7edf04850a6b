//! The page in a real browser: whole, without an error, without a request to anybody, light and dark.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use segue_loadtest::report::{Report, page};

use crate::support::{Reply, Service, WHO, Who, plan, record, report};

/// Names under which distributions install it.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A run with a rolling update and an outage in it.
async fn eventful() -> Report {
    let service = Service::start(|index| {
        let instance = if index % 2 == 0 { "api-<0>" } else { "api-1" };
        let who = match index {
            ..1_200 => Who { instance, ..WHO },
            1_200..1_300 if index % 2 == 0 => Who { instance, ..WHO },
            _ => Who { version: "1.1.0", model: "bbbb", instance },
        };
        let reply = match index {
            1_400..1_430 => Reply::Status(503, who),
            _ => Reply::Good(who),
        };
        (Duration::ZERO, reply)
    });
    let recording = record(plan(&service, 1_000, 1_800).await, |_| {}).await;
    report(&recording, Duration::from_secs(1), Duration::from_secs(2))
}

fn browser() -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| BROWSERS.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    found.expect("this test needs Chromium: apt-get install chromium fonts-dejavu-core")
}

/// What the browser prints with these flags for the page, and its log.
fn browse(page: &Path, flags: &[&str]) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(browser())
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--hide-scrollbars"])
        // Whatever it wanted to fetch it would not find; and it must not want to.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(flags)
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, log) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{log}");
    (out, log)
}

/// The page, with a script that reads it as a user would and writes down what it found.
fn with_probe(html: &str) -> String {
    const PROBE: &str = r#"<script>
addEventListener("error", (e) => { document.body.dataset.error = e.message; });
addEventListener("load", () => {
  const charts = document.getElementById("charts");
  charts.focus();
  charts.dispatchEvent(new KeyboardEvent("keydown", { key: "End", bubbles: true }));
  const seen = document.body.dataset;
  seen.tip = document.getElementById("tip").textContent;
  seen.fetched = performance.getEntriesByType("resource").map((r) => r.name).join(" ");
  seen.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  seen.ground = getComputedStyle(document.body).backgroundColor;
  const named = [...document.querySelectorAll("[role=img]")];
  seen.drawings = named.length;
  seen.unnamed = named.filter((d) => !d.getAttribute("aria-label")).length;
  const boxes = [...document.querySelectorAll(".plot > svg")].map((d) => d.getBoundingClientRect());
  seen.flat = boxes.filter((box) => box.width < 100 || box.height < 10).length;
});
</script></head>"#;
    html.replacen("</head>", PROBE, 1)
}

/// An attribute that the probe has written.
fn seen<'a>(dom: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = dom.split_once(&format!(" data-{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test]
async fn the_page_is_whole_in_a_browser_light_and_dark_wide_and_narrow() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let html = page::render(&eventful().await);
    std::fs::write(&path, with_probe(&html)).unwrap();
    let mut grounds = Vec::new();
    for (size, scheme) in [("1280,900", None), ("400,900", Some("--force-dark-mode"))] {
        let window = format!("--window-size={size}");
        let flags: Vec<_> = ["--dump-dom", &window].into_iter().chain(scheme).collect();
        let (dom, log) = browse(&path, &flags);
        assert!(!log.contains("CONSOLE"), "{log}");
        assert_eq!(seen(&dom, "error"), None);
        assert_eq!(seen(&dom, "fetched"), Some(""), "the page asked somebody for something");
        assert_eq!(
            seen(&dom, "overflow"),
            Some("0"),
            "at {size} the page is wider than the window"
        );
        assert_eq!(seen(&dom, "drawings"), Some("4"));
        assert_eq!(seen(&dom, "unnamed"), Some("0"));
        assert_eq!(seen(&dom, "flat"), Some("0"));
        let tip = seen(&dom, "tip").unwrap();
        assert!(
            tip.contains("requests, 0 failed") && tip.contains("version 1.1.0: 100 %"),
            "{tip}"
        );
        for text in [
            "30 of 1,800 requests failed, the longest outage lasted 30.0 ms",
            "30 status 503",
            "version 1.0.0 → 1.1.0",
            "api-&lt;0&gt;",
            "How to read this",
        ] {
            assert!(dom.contains(text), "{text} is not on the page");
        }
        grounds.extend(seen(&dom, "ground").map(str::to_owned));
    }
    assert_ne!(grounds[0], grounds[1], "dark is as light");
}

#[tokio::test]
async fn the_page_shows_something_without_its_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let html = page::render(&eventful().await);
    let without = html.replace("<script>", "<script type=\"text/plain\">");
    std::fs::write(&path, &without).unwrap();
    let picture = folder.path().join("page.png");
    let screenshot = format!("--screenshot={}", picture.display());
    browse(&path, &[&screenshot, "--window-size=1000,1400"]);
    let drawn = std::fs::metadata(&picture).unwrap().len();
    // An empty page of this size takes about 6 kB.
    assert!(drawn > 40_000, "{drawn} bytes");
    for tag in ["src=\"http", "href=\"http", "url(http", "@import"] {
        assert!(!html.contains(tag), "{tag}");
    }
}
