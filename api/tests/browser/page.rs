//! The page as a person handles it: a few gestures, and waiting for what they bring about.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

use fantoccini::key::Key;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, Locator};
use futures_util::FutureExt;
use serde_json::{Value, json};
use url::Url;
use warp::http::Method;

use crate::driver::Driver;
use crate::site::Site;

/// Nothing on the page takes longer, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// The page in its browser.
pub(crate) struct Page {
    client: Client,
    base: String,
}

/// Opens the page with this fragment, plays the scene, and checks that the browser found nothing wrong.
pub(crate) async fn play(fragment: &str, scene: impl AsyncFnOnce(&Page, &mut Site)) {
    let mut site = Site::start().await;
    let driver = Driver::start();
    let page = Page { client: driver.connect().await, base: site.url() };
    let scene = async {
        page.open(fragment).await;
        scene(&page, &mut site).await;
        assert_eq!(
            page.complaints().await,
            Vec::<String>::new(),
            "complaints in the browser's console"
        );
    };
    let outcome = AssertUnwindSafe(scene).catch_unwind().await;
    // A browser outlives the process that drives it, unless its session is closed.
    page.client.close().await.unwrap();
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

impl Page {
    /// Opens the page and waits for its first answer.
    pub(crate) async fn open(&self, fragment: &str) {
        // Only another document makes a browser load a page again for another fragment.
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(&format!("{}{fragment}", self.base)).await.unwrap();
        self.until("document.querySelector('#next li')").await;
        self.until("document.querySelector('#strip a')").await;
    }

    /// Puts the page where nobody sees it, or back.
    pub(crate) async fn seen(&self, seen: bool) {
        let window = self.chromium("Browser.getWindowForTarget", json!({})).await;
        let state = if seen { "normal" } else { "minimized" };
        let bounds = json!({ "windowId": window["windowId"], "bounds": { "windowState": state } });
        self.chromium("Browser.setWindowBounds", bounds).await;
        self.until(&format!("document.hidden === {}", !seen)).await;
    }

    /// Goes elsewhere, and comes back after something has happened.
    pub(crate) async fn leave_and_return(&self, meanwhile: impl AsyncFnOnce()) {
        self.client.goto("about:blank").await.unwrap();
        meanwhile().await;
        self.client.back().await.unwrap();
    }

    /// What an expression is worth on the page.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        self.client.execute(&format!("return ({expression})"), vec![]).await.unwrap()
    }

    /// What an expression that gives a promise comes to.
    pub(crate) async fn outcome(&self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[0]; Promise.resolve({expression}).then(done, (e) => done(`${{e}}`))"
        );
        self.client.execute_async(&script, vec![]).await.unwrap()
    }

    /// Runs a script.
    pub(crate) async fn run(&self, script: &str) {
        self.client.execute(script, vec![]).await.unwrap();
    }

    /// Waits until an expression is truthy, and gives its value.
    pub(crate) async fn until(&self, expression: &str) -> Value {
        let start = Instant::now();
        loop {
            let value = self.value(expression).await;
            if !matches!(value, Value::Null | Value::Bool(false))
                && value != json!(0)
                && value != json!("")
            {
                return value;
            }
            if start.elapsed() > PATIENCE {
                let mut report = format!("waited in vain until {expression}\n");
                let text = self.value("document.body.innerText").await;
                let _ = write!(report, "{}", text.as_str().unwrap_or_default());
                panic!("{report}");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until the first element that matches says so, its white space as it is read.
    pub(crate) async fn until_text(&self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        let said =
            format!("document.querySelector({selector})?.textContent.replace(/\\s+/g, ' ').trim()");
        self.until(&format!("{said} === {text}")).await;
    }

    /// An attribute of the first element that matches.
    pub(crate) async fn attribute(&self, selector: &str, name: &str) -> Value {
        let (selector, name) = (json!(selector), json!(name));
        self.value(&format!("document.querySelector({selector}).getAttribute({name})")).await
    }

    pub(crate) async fn click(&self, selector: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().click().await.unwrap();
    }

    /// Types into whatever has the focus.
    pub(crate) async fn keys(&self, keys: &str) {
        self.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
    }

    /// Presses a key of which there is no letter.
    pub(crate) async fn press(&self, key: Key) {
        self.keys(&char::from(key).to_string()).await;
    }

    /// Types into a field.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        self.client.find(Locator::Css(selector)).await.unwrap().send_keys(text).await.unwrap();
    }

    /// Pastes into the search field.
    pub(crate) async fn paste(&self, text: &str) {
        let text = json!(text);
        self.run(&format!(
            "const clipboardData = new DataTransfer();
             clipboardData.setData('text/plain', {text});
             const paste = new ClipboardEvent('paste', {{ clipboardData, cancelable: true }});
             document.querySelector('#search').dispatchEvent(paste);"
        ))
        .await;
    }

    /// What the person who looks at the page prefers.
    pub(crate) async fn prefer(&self, feature: &str, value: &str) {
        let features =
            json!({ "features": [{ "name": format!("prefers-{feature}"), "value": value }] });
        self.chromium("Emulation.setEmulatedMedia", features).await;
    }

    /// The texts of all elements that match, their white space as it is read.
    pub(crate) async fn texts(&self, selector: &str) -> Vec<String> {
        let expression = format!(
            "[...document.querySelectorAll({})].map((e) => e.textContent.replace(/\\s+/g, ' ').trim())",
            json!(selector)
        );
        serde_json::from_value(self.value(&expression).await).unwrap()
    }

    /// The titles of the chosen songs, once there are so many.
    pub(crate) async fn chosen(&self, count: usize) -> Vec<String> {
        self.until(&format!(
            "document.querySelectorAll('#score li:not(.open)').length === {count}"
        ))
        .await;
        self.texts("#score li:not(.open) .title").await
    }

    /// A command of Chromium's own protocol.
    pub(crate) async fn chromium(&self, command: &'static str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        self.client.issue_cmd(Post { path: "goog/cdp/execute", body }).await.unwrap()
    }

    /// What the browser has complained of since the last time.
    pub(crate) async fn complaints(&self) -> Vec<String> {
        let body = json!({ "type": "browser" });
        let log = self.client.issue_cmd(Post { path: "se/log", body }).await.unwrap();
        let entries = log.as_array().expect("a log is a list");
        entries.iter().filter_map(|entry| Some(entry["message"].as_str()?.to_owned())).collect()
    }
}

/// What Chromium's driver can do beyond the standard.
#[derive(Debug)]
struct Post {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.expect("there is a session"), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
