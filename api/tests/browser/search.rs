//! Searching: suggestions by keyboard and by hand, and what a screen reader is told of them.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::page::play;

#[tokio::test]
async fn a_suggestion_is_chosen_by_keyboard() {
    play("", async |page, _| {
        page.write("#search", "yest").await;
        page.until("document.querySelector('#search[aria-expanded=true]')").await;
        assert_eq!(page.texts("#suggestions .title").await, ["Yesterday"]);
        assert_eq!(page.attribute("#search", "aria-activedescendant").await, Value::Null);

        page.press(Key::Down).await;
        page.until_text("#suggestions [aria-selected=true]", "Yesterday by The Beatles").await;
        let active = page.attribute("#search", "aria-activedescendant").await;
        assert_eq!(active, page.attribute("#suggestions [aria-selected=true]", "id").await);

        page.press(Key::Enter).await;
        assert_eq!(page.chosen(1).await, ["Yesterday"]);
        assert_eq!(page.value("document.querySelector('#search').value").await, "");
        assert_eq!(page.attribute("#search", "aria-expanded").await, "false");
        page.until_text("#next .title", "Help!").await;
        page.until_text("#next .why", "with Yesterday in 3 of 5 playlists").await;
        page.until_text("#voice", "Next: Help! by The Beatles.").await;
    })
    .await;
}

#[tokio::test]
async fn enter_takes_what_begins_like_the_text_and_escape_wants_the_text_itself() {
    play("", async |page, _| {
        page.write("#search", "étude no 12").await;
        page.press(Key::Enter).await;
        assert_eq!(page.chosen(1).await, ["Étude No. 12"]);
        page.write("#search", "Beatles - Yesterday").await;
        page.press(Key::Enter).await;
        page.chosen(2).await;

        page.write("#search", "yes").await;
        page.until("document.querySelector('#search[aria-expanded=true]')").await;
        page.press(Key::Escape).await;
        page.until("document.querySelector('#suggestions').hidden").await;
        page.press(Key::Enter).await;
        assert_eq!(page.chosen(3).await[2], "yes");

        page.write("#search", "gone").await;
        page.press(Key::Escape).await;
        page.press(Key::Escape).await;
        page.until("document.querySelector('#search').value === ''").await;
    })
    .await;
}

#[tokio::test]
async fn a_suggestion_is_chosen_by_hand() {
    play("", async |page, _| {
        page.write("#search", "chopin").await;
        page.until("document.querySelectorAll('#suggestions li').length === 8").await;
        page.click("#suggestions li:nth-child(3)").await;
        page.chosen(1).await;
        assert_eq!(page.value("document.activeElement.id").await, "search");
    })
    .await;
}

#[tokio::test]
async fn what_was_marked_is_forgotten_as_soon_as_one_types_on() {
    play("", async |page, _| {
        page.write("#search", "étude no 1").await;
        page.until("!document.querySelector('#suggestions').hidden").await;
        page.press(Key::Down).await;
        page.until_text("#suggestions [aria-selected=true] .title", "Étude No. 1").await;
        page.run(HOLD).await;
        page.write("#search", "2").await;
        assert_eq!(page.attribute("#search", "aria-activedescendant").await, Value::Null);
        page.press(Key::Enter).await;
        page.run("answer()").await;
        assert_eq!(page.chosen(1).await, ["Étude No. 12"]);
    })
    .await;
}

#[tokio::test]
async fn suggestions_are_told_of_where_they_are_seen_only() {
    play("", async |page, _| {
        page.write("#search", "donau").await;
        page.until_text("#voice", "Suggestions: 1").await;
        page.press(Key::Escape).await;
        page.press(Key::Escape).await;

        page.run(HOLD).await;
        page.write("#search", "chopin").await;
        page.until("asked.length").await;
        page.press(Key::Tab).await;
        page.run("answer()").await;
        page.until("document.querySelectorAll('#suggestions li').length === 8").await;
        assert_eq!(page.value("document.querySelector('#suggestions').hidden").await, true);
        assert_eq!(page.texts("#voice").await, ["Suggestions: 1"]);
    })
    .await;
}

/// Keeps the answers to searches back until `answer()` is called; `asked` holds the questions' signals.
pub(crate) const HOLD: &str = "
    const ask = fetch;
    globalThis.asked = [];
    const held = new Promise((resolve) => { globalThis.answer = resolve; });
    globalThis.fetch = async (path, request) => {
        if (path.startsWith('api/songs')) {
            asked.push(request.signal);
            await held;
        }
        return ask(path, request);
    };";

#[tokio::test]
async fn after_escape_no_suggestions_come_from_what_was_typed_before() {
    play("", async |page, _| {
        page.run(HOLD).await;
        page.write("#search", "yes").await;
        page.until("asked.length").await;
        page.press(Key::Escape).await;
        assert_eq!(page.value("asked.every(({ aborted }) => aborted)").await, true);
        // The same with the pause after typing, which may be over before the key comes: one that begins
        // later ends later.
        page.write("#search", &format!("hel{}", char::from(Key::Escape))).await;
        page.outcome("new Promise((resolve) => setTimeout(resolve, 120))").await;
        assert_eq!(page.value("asked.every(({ aborted }) => aborted)").await, true);
        page.run("answer()").await;
        page.write("#search", "donau").await;
        page.until("document.querySelectorAll('#suggestions li').length === 1").await;
    })
    .await;
}

#[tokio::test]
async fn enter_asks_once_at_a_time_and_escape_takes_it_back() {
    play("", async |page, _| {
        page.run(HOLD).await;
        page.write("#search", "yest").await;
        page.until("asked.length === 1").await;
        page.press(Key::Enter).await;
        page.until("asked.length === 2").await;
        page.press(Key::Enter).await;
        page.until("asked.length === 3").await;
        assert_eq!(
            page.value("asked.map(({ aborted }) => aborted)").await,
            json!([true, true, false])
        );
        page.run("answer()").await;
        assert_eq!(page.chosen(1).await, ["Yesterday"]);

        page.run(HOLD).await;
        page.write("#search", "help").await;
        page.press(Key::Enter).await;
        page.until("asked.length").await;
        page.press(Key::Escape).await;
        page.run("answer()").await;
        page.write("#search", "feeling").await;
        page.until("!document.querySelector('#suggestions').hidden").await;
        page.press(Key::Enter).await;
        assert_eq!(page.chosen(2).await, ["Yesterday", "Feeling Good"]);
    })
    .await;
}
