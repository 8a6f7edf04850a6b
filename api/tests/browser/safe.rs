//! What must never happen: a title taken for markup, a script that is not ours, a request to elsewhere.

use std::path::Path;

use serde_json::{Value, json};

use crate::fixture::{LONG, MARKUP, RIGHT_TO_LEFT};
use crate::page::play;

/// What the page may weigh: it comes whole with the first visit.
const MOST_BYTES: u64 = 60_000;

#[tokio::test]
async fn titles_are_text_whatever_they_hold() {
    play("", async |page, _| {
        for (typed, title) in [("img", MARKUP), ("أغنية", RIGHT_TO_LEFT), ("donau", LONG)] {
            page.write("#search", typed).await;
            page.until_text("#suggestions .title", title).await;
            page.click("#suggestions li").await;
        }
        assert_eq!(page.chosen(3).await, [MARKUP, RIGHT_TO_LEFT, LONG]);
        page.until_text("#next .title", "Help!").await;
        let why = page.texts("#next li:first-child .why").await.remove(0);
        assert!(why.starts_with("with "), "{why}");
        assert_eq!(page.value("document.querySelectorAll('img, main b').length").await, 0);
        assert_ne!(page.value("document.title").await, "owned");
    })
    .await;
}

#[tokio::test]
async fn nothing_runs_but_the_pages_own_modules_and_nothing_comes_from_elsewhere() {
    play("", async |page, _| {
        // Every way there is to make a text run, or to have it parsed.
        let script = "Object.assign(document.createElement('script')";
        for attempt in [
            &format!("body.append({script}, {{ textContent: 'intruder = 1' }}))"),
            &format!("body.append({script}, {{ src: 'data:,intruder=1' }}))"),
            "body.insertAdjacentHTML('beforeend', '<i>')",
            "body.innerHTML = '<i>'",
            "body.setAttribute('onclick', 'intruder = 1')",
            "defaultView.trustedTypes.createPolicy('default', { createHTML: String })",
        ] {
            let refused = format!("try {{ document.{attempt} }} catch {{ return 'refused' }}");
            let outcome = page.value(&format!("(() => {{ {refused} }})()")).await;
            assert_eq!(outcome, "refused", "{attempt}");
        }
        assert_eq!(page.value("globalThis.intruder").await, Value::Null);
        let refusals = page.complaints().await;
        let by_policy = ["Content Security Policy", "Trusted"];
        for line in refusals {
            assert!(by_policy.iter().any(|policy| line.contains(policy)), "{line}");
        }
        let loaded = "performance.getEntriesByType('resource').map(({ name }) => name)";
        let elsewhere = format!("{loaded}.filter((name) => !name.startsWith(location.origin))");
        assert_eq!(page.value(&elsewhere).await, json!([]));
    })
    .await;
}

#[test]
fn the_page_is_light() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let files = std::fs::read_dir(web).unwrap();
    let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
}
