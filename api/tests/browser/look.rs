//! The page as it looks: on small and large screens, in light and dark, for everybody.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::driver::axe;
use crate::fixture::{LONG, MARKUP};
use crate::page::{Page, play};

/// A song of everything there is.
const MANY: &str = "#song=Yesterday%09The%20Beatles&song=Unheard&song=Winter%20Wind%09Chopin\
                    &song=Bohemian%20Rhapsody%20-%20Remastered%202011%09Queen";

#[tokio::test]
async fn everybody_can_use_it_by_the_rules_of_axe() {
    play(MANY, async |page, _| {
        page.until("document.querySelector('#score .unknown')").await;
        for scheme in ["light", "dark"] {
            page.prefer("color-scheme", scheme).await;
            check(page, scheme, "songs").await;
            page.write("#search", "chopin").await;
            page.until("!document.querySelector('#suggestions').hidden").await;
            page.press(Key::Down).await;
            check(page, scheme, "suggestions").await;
            page.press(Key::Escape).await;
            page.press(Key::Escape).await;
            for dialog in ["paste", "export"] {
                page.click(&format!("#open-{dialog}")).await;
                check(page, scheme, dialog).await;
                page.click(&format!("#{dialog} button[value='']")).await;
            }
            page.click("#clear").await;
            page.chosen(0).await;
            check(page, scheme, "nothing chosen").await;
            page.click("#news button").await;
            page.chosen(4).await;
        }
    })
    .await;
}

async fn check(page: &Page, scheme: &str, scene: &str) {
    if page.value("typeof axe").await == "undefined" {
        page.run(&axe()).await;
    }
    // What a scheme changes are the colours.
    let rules =
        if scheme == "light" { json!({}) } else { json!({ "runOnly": ["color-contrast"] }) };
    let report = "({ violations }) => violations.map(({ id, nodes }) => \
                  `${id}: ${nodes.map(({ target }) => target).join(', ')}`)";
    let found = page.outcome(&format!("axe.run({rules}).then({report})")).await;
    assert_eq!(found, json!([]), "{scene}, {scheme}");
}

#[tokio::test]
async fn it_fits_every_screen_from_320_pixels_on() {
    let long = [LONG, MARKUP].map(|title| format!("&song={}", percent(title))).concat();
    play(&format!("{MANY}{long}"), async |page, _| {
        page.chosen(6).await;
        for width in [320, 375, 768, 1024, 1280, 2560] {
            let size =
                json!({ "width": width, "height": 640, "deviceScaleFactor": 1, "mobile": false });
            page.chromium("Emulation.setDeviceMetricsOverride", size).await;
            page.until(&format!("innerWidth === {width}")).await;
            let root = "document.documentElement";
            let beyond = format!("{root}.scrollWidth - {root}.clientWidth");
            assert_eq!(page.value(&beyond).await, 0, "{width} pixels wide");
        }
    })
    .await;
}

#[tokio::test]
async fn it_moves_only_for_those_who_like_it_to() {
    play(MANY, async |page, _| {
        let moves = async || {
            page.run("globalThis.moves = 0; Element.prototype.animate = () => { moves += 1; };")
                .await;
            let before = page.texts("#score .title").await.len();
            page.click("#next li:first-child button").await;
            page.chosen(before + 1).await;
            page.value("moves").await
        };
        assert_eq!(moves().await, 0);
        page.prefer("reduced-motion", "no-preference").await;
        assert_ne!(moves().await, Value::from(0));
    })
    .await;
}

#[tokio::test]
async fn the_score_is_seen_where_people_choose_the_colours() {
    play(MANY, async |page, _| {
        page.chosen(4).await;
        let forced = json!({ "features": [{ "name": "forced-colors", "value": "active" }] });
        page.chromium("Emulation.setEmulatedMedia", forced).await;
        page.until("matchMedia('(forced-colors: active)').matches").await;
        let style = async |selector: &str, property: &str| {
            let element = format!("document.querySelector('{selector}')");
            page.value(&format!("getComputedStyle({element}).{property}")).await
        };
        let paper = style("html", "backgroundColor").await;
        assert_ne!(style(".bar .head", "backgroundColor").await, paper);
        assert_ne!(style("#score", "backgroundImage").await, "none");
    })
    .await;
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
