//! Choosing on and on, many at once, by chance; and taking back.

use fantoccini::key::Key;

use crate::page::play;

const YESTERDAY: &str = "#song=Yesterday%09The%20Beatles";

#[tokio::test]
async fn a_tap_adds_a_song_and_goes_on_to_the_next() {
    play(YESTERDAY, async |page, _| {
        page.until_text("#next .title", "Help!").await;
        page.click("#next li:first-child button").await;
        assert_eq!(page.chosen(2).await, ["Yesterday", "Help!"]);
        // The next song has the focus, so that the same key goes on.
        page.until("document.activeElement.closest('#next li')").await;
        let next = page.value("document.activeElement.querySelector('.title').textContent").await;
        page.keys(" ").await;
        assert_eq!(page.chosen(3).await[2], next);
        let offered = page.texts("#next .title").await;
        assert!(!offered.contains(&"Help!".to_owned()), "a chosen song is offered: {offered:?}");
    })
    .await;
}

#[tokio::test]
async fn a_song_is_taken_back_and_all_are_and_that_is_undone() {
    play(
        &format!("{YESTERDAY}&song=Help!%09The%20Beatles&song=Winter%20Wind%09Chopin"),
        async |page, _| {
            page.chosen(3).await;
            page.click("[aria-label='Remove Help! by The Beatles']").await;
            assert_eq!(page.chosen(2).await, ["Yesterday", "Winter Wind"]);
            let focused = page.attribute(":focus", "aria-label").await;
            assert_eq!(focused, "Remove Winter Wind by Chopin");
            page.click("#clear").await;
            page.chosen(0).await;
            assert_eq!(page.value("location.hash").await, "");
            page.click("#news button").await;
            assert_eq!(page.chosen(2).await, ["Yesterday", "Winter Wind"]);
        },
    )
    .await;
}

#[tokio::test]
async fn starting_over_again_is_undone_to_what_was_there_last() {
    play(YESTERDAY, async |page, _| {
        page.chosen(1).await;
        page.click("#clear").await;
        page.chosen(0).await;
        page.paste("Help!\nFeeling Good").await;
        page.chosen(2).await;
        page.click("#clear").await;
        page.chosen(0).await;
        page.click("#news button").await;
        assert_eq!(page.chosen(2).await, ["Help!", "Feeling Good"]);
    })
    .await;
}

#[tokio::test]
async fn undoing_keeps_what_was_chosen_since_and_shows_as_many_as_before() {
    play(&format!("{YESTERDAY}&song=Winter%20Wind%09Chopin&show=25"), async |page, _| {
        page.chosen(2).await;
        page.click("#clear").await;
        page.chosen(0).await;
        page.write("#search", "help").await;
        page.press(Key::Enter).await;
        page.chosen(1).await;
        page.click("#news button").await;
        assert_eq!(page.chosen(3).await, ["Yesterday", "Winter Wind", "Help!"]);
        page.until("document.querySelectorAll('#next li').length === 18").await;
    })
    .await;
}

#[tokio::test]
async fn a_playlist_is_pasted_and_what_is_not_known_is_offered_near_matches() {
    play("", async |page, _| {
        page.click("#open-paste").await;
        page.write(
            "#paste-text",
            "1. Chopin - Winter Wind\n- Help!\n\nhttps://open.spotify.com/track/0?si=x\nYesteday\n",
        )
        .await;
        page.until_text("#paste-add", "Add 4 songs").await;
        page.click("#paste-add").await;
        page.until("document.querySelector('#unknown button')").await;
        // The track's link and the artist before the title have become what they stand for.
        page.until("document.querySelectorAll('#score .artist').length === 2").await;
        assert_eq!(page.chosen(4).await, ["Winter Wind", "Help!", "Yesterday", "Yesteday"]);
        assert_eq!(page.texts("#score .unknown .title").await, ["Yesteday"]);
        assert_eq!(
            page.texts("#unknown").await,
            ["Not known here: Yesteday. Perhaps Yesterday by The Beatles?"]
        );
        page.click("#unknown button").await;
        // It is there already.
        assert_eq!(page.chosen(3).await, ["Winter Wind", "Help!", "Yesterday"]);
        page.until("document.querySelector('#unknown').hidden").await;
    })
    .await;
}

#[tokio::test]
async fn several_lines_in_the_search_field_are_a_playlist() {
    play("", async |page, _| {
        page.paste("Yesterday\nHelp!\nFeeling Good").await;
        assert_eq!(page.chosen(3).await, ["Yesterday", "Help!", "Feeling Good"]);
        page.run(
            "const voice = document.querySelector('#voice');
             globalThis.said = [];
             new MutationObserver(() => said.push(voice.textContent))
                 .observe(voice, { childList: true });",
        )
        .await;
        page.paste("Waterfall\nHelp!").await;
        page.until("said.includes('Songs added: 1')").await;
    })
    .await;
}

#[tokio::test]
async fn a_surprise_is_another_song_each_time_and_more_can_be_seen() {
    play("", async |page, _| {
        for count in 1..=3 {
            page.click("#surprise").await;
            let mut chosen = page.chosen(count).await;
            chosen.sort();
            chosen.dedup();
            assert_eq!(chosen.len(), count);
        }
        page.until("document.querySelectorAll('#next li').length === 10").await;
        // The strip at the foot of the page does not lie over what has the focus.
        page.run("document.querySelector('#more').focus()").await;
        page.click("#more").await;
        page.until("document.querySelectorAll('#next li').length === 18").await;
    })
    .await;
}
