//! What changes while the page is open: the model, the version, the server's being there at all.

use serde_json::json;

use crate::fixture;
use crate::page::{Page, play};

const YESTERDAY: &str = "#song=Yesterday%09The%20Beatles";

#[tokio::test]
async fn the_strip_says_which_version_model_and_dataset_answer() {
    play("", async |page, _| {
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        let strip = page.texts("#strip").await.remove(0);
        assert!(strip.contains(&format!("Segue {}", segue_process::VERSION)), "{strip}");
        assert!(strip.contains("dataset first, 7 playlists, 21 tracks"), "{strip}");
        assert_eq!(page.attribute("#strip time", "datetime").await, "2026-01-31T12:00:00Z");
        assert_eq!(page.attribute("#strip a", "href").await, "https://example.org/first.csv");
    })
    .await;
}

#[tokio::test]
async fn a_new_model_is_told_of_as_it_comes_and_what_is_shown_is_made_anew() {
    play(YESTERDAY, async |page, site| {
        page.until_text("#next .title", "Help!").await;
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        site.reload(&fixture::second_model()).await;
        page.until("document.querySelector('#news').textContent.startsWith('A new model')").await;
        page.until_text("#next .title", "Across the Universe").await;
        page.until_text("#next .why", "with Yesterday in 9 of 14 playlists").await;
        page.until("document.querySelector('#strip').textContent.includes('dataset second')").await;
        page.click("#news [aria-label=Dismiss]").await;
        page.until_text("#news", "").await;
    })
    .await;
}

#[tokio::test]
async fn an_instance_that_still_has_the_old_model_is_not_the_last_that_is_asked() {
    play(YESTERDAY, async |page, site| {
        page.until_text("#next .title", "Help!").await;
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        page.outcome(
            "(async () => {
                 const ask = fetch;
                 const body = JSON.stringify({ songs: ['The Beatles - Yesterday'], explain: true });
                 const headers = { 'content-type': 'application/json' };
                 const old = await ask('api/recommend', { method: 'POST', headers, body });
                 globalThis.behind = 2;
                 globalThis.fetch = async (path, request) =>
                     path === 'api/recommend' && behind-- > 0 ? old.clone() : ask(path, request);
             })()",
        )
        .await;
        site.reload(&fixture::second_model()).await;
        page.until("document.querySelector('#news').textContent.startsWith('A new model')").await;
        page.until_text("#next .title", "Across the Universe").await;
        assert_eq!(page.value("behind").await, -1);
    })
    .await;
}

#[tokio::test]
async fn an_answer_of_another_model_than_is_announced_first_is_asked_for_again() {
    play("", async |page, _| {
        page.chromium("Page.addScriptToEvaluateOnNewDocument", json!({ "source": OTHER })).await;
        page.open(YESTERDAY).await;
        let asked = "performance.getEntriesByType('resource')
                         .filter(({ name }) => name.endsWith('api/recommend')).length";
        assert_eq!(page.value(asked).await, 1);
        page.run("source.send('1.0.0')").await;
        page.until(&format!("{asked} >= 3")).await;
        assert_eq!(page.texts("#news").await, [""]);
    })
    .await;
}

/// `source.send(version)` announces what another instance would, with a model that is nowhere: two versions
/// do not fit into one process.
const OTHER: &str = "
    globalThis.EventSource = class extends EventTarget {
        constructor() { super(); globalThis.source = this; }
        close() {}
        send(version) {
            const data = JSON.stringify({ version, model: 'm', model_date: '2026-01-31T12:00:00Z' });
            this.dispatchEvent(new MessageEvent('update', { data }));
        }
    };";

#[tokio::test]
async fn a_new_version_is_told_of_with_a_way_to_its_page() {
    play("", async |page, _| {
        page.chromium("Page.addScriptToEvaluateOnNewDocument", json!({ "source": OTHER })).await;
        page.open(YESTERDAY).await;
        page.run("source.send('1.0.0'); source.send('1.0.0');").await;
        assert_eq!(page.texts("#news").await, [""], "nothing has changed");
        page.run("source.send('1.1.0'); document.body.dataset.old = 'yes';").await;
        page.until_text("#news span", "Segue 1.1.0 has taken over from 1.0.0.").await;
        page.click("#news button").await;
        page.until("!document.body.dataset.old && document.querySelector('#next li')").await;
        assert_eq!(page.chosen(1).await, ["Yesterday"]);
    })
    .await;
}

#[tokio::test]
async fn a_page_that_is_not_seen_holds_no_stream_and_catches_up_when_it_is() {
    play(YESTERDAY, async |page, site| {
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        page.run(
            "globalThis.said = [];
             new MutationObserver(() => said.push(document.querySelector('.live').textContent))
                 .observe(document.querySelector('.live'), { childList: true });",
        )
        .await;
        page.seen(false).await;
        streams(page, 0).await;
        site.reload(&fixture::second_model()).await;
        page.seen(true).await;
        page.until("document.querySelector('#news').textContent.startsWith('A new model')").await;
        page.until_text("#next .title", "Across the Universe").await;
        streams(page, 1).await;
        assert_eq!(page.value("said").await, json!(["live"]), "the line was never told to be cut");
        assert_eq!(page.texts("#trouble").await, [""]);
    })
    .await;
}

/// Waits until the server tells so many pages of changes.
async fn streams(page: &Page, count: usize) {
    let figure = format!("\\nsegue_event_streams {count}\\n");
    let metrics = "fetch('metrics').then((answer) => answer.text())";
    page.until(&format!("{metrics}.then((text) => text.includes('{figure}'))")).await;
}

#[tokio::test]
async fn a_page_that_one_comes_back_to_is_live_again() {
    play(YESTERDAY, async |page, site| {
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        page.run("globalThis.kept = true;").await;
        page.leave_and_return(async || site.reload(&fixture::second_model()).await).await;
        assert_eq!(page.value("globalThis.kept").await, true, "the browser kept the page");
        page.until("document.querySelector('#news').textContent.startsWith('A new model')").await;
        page.until_text("#next .title", "Across the Universe").await;
    })
    .await;
}

#[tokio::test]
async fn only_songs_that_were_asked_about_are_called_unknown() {
    const UNKNOWN: &str = "!document.querySelector('#next-note').hidden";
    play("", async |page, site| {
        page.until("document.querySelectorAll('#next li').length === 10").await;
        site.stop().await;
        page.click("#next li:first-child button").await;
        page.until("document.querySelector('#trouble').textContent.includes('cannot be reached')")
            .await;
        page.chosen(1).await;
        assert_eq!(page.value(UNKNOWN).await, false);
        for complaint in page.complaints().await {
            assert!(complaint.contains("net::ERR_"), "{complaint}");
        }
    })
    .await;
    play("#song=Nobody%20Plays%20This", async |page, _| {
        page.until(UNKNOWN).await;
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_away_is_borne_kindly_and_taken_up_again() {
    play(YESTERDAY, async |page, site| {
        page.until_text("#next .title", "Help!").await;
        site.stop().await;
        page.until("document.querySelector('#strip .live.off')").await;
        page.click("#next li:first-child button").await;
        page.until("document.querySelector('#trouble').textContent.includes('cannot be reached')")
            .await;
        assert_eq!(page.chosen(2).await, ["Yesterday", "Help!"]);
        page.write("#search", "help").await;
        page.click("#surprise").await;
        site.restart().await;
        page.until_text("#trouble", "").await;
        page.until("document.querySelector('#strip .live:not(.off)')").await;
        page.until("document.querySelector('#next .why').textContent.includes('Help!')").await;
        // Browsers note every failed request; of anything else there is nothing to say.
        for complaint in page.complaints().await {
            assert!(complaint.contains("net::ERR_") || complaint.contains("503"), "{complaint}");
        }
    })
    .await;
}
