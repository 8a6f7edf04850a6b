//! Where the keyboard goes on when what had the focus is gone, or is drawn again.

use fantoccini::key::Key;

use crate::fixture;
use crate::page::{Page, play};
use crate::search::HOLD;

const MISSPELT: &str = "#song=Yesterday%09The%20Beatles&song=Bohemian%20Rapsody&song=Felling%20Good\
                        &song=Waterfal";

async fn focus(page: &Page, selector: &str) {
    page.run(&format!("document.querySelector('{selector}').focus()")).await;
}

async fn until_focused(page: &Page, selector: &str) {
    page.until(&format!("document.activeElement.matches('{selector}')")).await;
}

#[tokio::test]
async fn after_more_it_is_the_first_song_that_was_not_there() {
    play("", async |page, _| {
        page.until("document.querySelectorAll('#next li').length === 10").await;
        focus(page, "#more").await;
        page.press(Key::Enter).await;
        page.until("document.querySelectorAll('#next li').length === 21").await;
        until_focused(page, "#next li:nth-child(11) button").await;
    })
    .await;
}

#[tokio::test]
async fn after_more_of_many_it_is_so_to_the_end() {
    play("", async |page, _| {
        // The same song under as many titles as are wanted.
        page.run(
            "const ask = fetch;
             globalThis.fetch = async (path, request) => {
                 const answer = await ask(path, request);
                 if (path !== 'api/recommend') return answer;
                 const { details: [song], ...body } = await answer.json();
                 const { limit } = JSON.parse(request.body);
                 const details = Array.from({ length: limit }, (_, n) => ({ ...song, title: `No. ${n}` }));
                 return new Response(JSON.stringify({ ...body, details }), answer);
             };",
        )
        .await;
        for (shown, first) in [(25, 11), (50, 26), (100, 51)] {
            focus(page, "#more").await;
            page.press(Key::Enter).await;
            page.until(&format!("document.querySelectorAll('#next li').length === {shown}")).await;
            until_focused(page, &format!("#next li:nth-child({first}) button")).await;
        }
        assert_eq!(page.value("document.querySelector('#more').hidden").await, true);
    })
    .await;
}

#[tokio::test]
async fn a_recommendation_keeps_it_wherever_it_moves() {
    const TITLE: &str = "document.activeElement.querySelector('.title')?.textContent";
    play("", async |page, _| {
        page.until("document.querySelectorAll('#next li').length === 10").await;
        let last = page.texts("#next .title").await.remove(9);
        focus(page, "#next li:nth-child(5) button").await;
        let title = page.value(TITLE).await;
        page.run(
            "const ask = fetch;
             globalThis.fetch = async (path, request) => {
                 const answer = await ask(path, request);
                 if (path !== 'api/recommend') return answer;
                 const body = await answer.json();
                 body.details.reverse();
                 return new Response(JSON.stringify(body), answer);
             };
             dispatchEvent(new Event('online'));",
        )
        .await;
        page.until_text("#next .title", &last).await;
        assert_eq!(page.value(TITLE).await, title);
    })
    .await;
}

#[tokio::test]
async fn after_a_songs_name_is_learnt_it_is_that_song() {
    play("", async |page, _| {
        page.run(HOLD).await;
        page.paste("Help!\nChopin - Winter Wind\nWaterfall").await;
        page.chosen(3).await;
        focus(page, "#score li:nth-child(2) button").await;
        page.run("answer()").await;
        page.until("document.querySelector('#score .artist')").await;
        until_focused(page, "#score li:nth-child(2) button").await;
        assert_eq!(page.chosen(3).await, ["Help!", "Winter Wind", "Waterfall"]);
    })
    .await;
}

#[tokio::test]
async fn after_a_song_is_removed_it_is_the_next_or_the_one_before_or_the_search_field() {
    play("", async |page, _| {
        page.paste("Help!\nYesterday\nWaterfall").await;
        page.chosen(3).await;
        focus(page, "#score li:nth-child(2) button").await;
        for (left, focused) in [(2, "Remove Waterfall"), (1, "Remove Help!")] {
            page.press(Key::Enter).await;
            page.chosen(left).await;
            assert_eq!(page.attribute(":focus", "aria-label").await, focused);
        }
        page.press(Key::Enter).await;
        page.chosen(0).await;
        until_focused(page, "#search").await;
    })
    .await;
}

#[tokio::test]
async fn after_a_near_match_it_is_the_next_songs_and_at_last_the_search_field() {
    play(MISSPELT, async |page, site| {
        page.until("document.querySelectorAll('#unknown button').length === 3").await;
        focus(page, "#unknown p:nth-child(2) button").await;
        site.reload(&fixture::second_model()).await;
        page.until_text("#next .title", "Across the Universe").await;

        for (near, left) in [
            ("Feeling Good by Nina Simone", 2),
            ("Waterfall by Chopin", 1),
            ("Bohemian Rhapsody - Remastered 2011 by Queen", 0),
        ] {
            page.until(&format!("document.activeElement.textContent === '{near}'")).await;
            page.press(Key::Enter).await;
            page.until(&format!("document.querySelectorAll('#unknown p').length === {left}")).await;
        }
        until_focused(page, "#search").await;
        assert_eq!(page.texts("#score .unknown").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn many_near_matches_fold_and_unfold_around_it() {
    play(&format!("{MISSPELT}&song=Winter%20Wnd"), async |page, site| {
        page.until_text("#unknown summary", "4 of these are not known here").await;
        focus(page, "#unknown summary").await;
        site.reload(&fixture::second_model()).await;
        page.until_text("#next .title", "Across the Universe").await;
        until_focused(page, "summary").await;
        page.press(Key::Enter).await;
        page.until("document.querySelector('#unknown details').open").await;
        page.press(Key::Tab).await;
        until_focused(page, "#unknown p button").await;
        page.press(Key::Enter).await;
        page.until("!document.querySelector('#unknown details')").await;
        page.until_text("#unknown button", "Feeling Good by Nina Simone").await;
        until_focused(page, "#unknown p:first-child button").await;
    })
    .await;
}

#[tokio::test]
async fn after_a_message_it_is_where_it_was_before_or_the_search_field() {
    play("#song=Yesterday%09The%20Beatles", async |page, _| {
        page.chosen(1).await;
        page.click("#clear").await;
        focus(page, "#strip a").await;
        page.press(Key::Tab).await;
        page.press(Key::Tab).await;
        until_focused(page, "[aria-label=Dismiss]").await;
        page.press(Key::Enter).await;
        until_focused(page, "#strip a").await;

        page.paste("Help!\tThe Beatles\nWaterfall").await;
        page.chosen(2).await;
        page.click("#clear").await;
        page.paste("Yesterday\nFeeling Good").await;
        page.chosen(2).await;
        page.until_text("#next .title", "Help!").await;
        // This song's row will be gone.
        focus(page, "#next button").await;
        focus(page, "#news button").await;
        page.press(Key::Enter).await;
        page.until_text("#score .title", "Help!").await;
        until_focused(page, "#search").await;
    })
    .await;
}
