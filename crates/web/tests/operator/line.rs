//! The waiting room's page is kept for all who wait, and yet everybody sees his own.

use crate::browser::{Answer, Browser};
use crate::house::House;
use axum::http::StatusCode;

const LINE: &str = "/shows/show_1/line";

/// Lets somebody in line; the page that is shown there.
async fn join(browser: &mut Browser) -> Answer {
    let form = browser.form(LINE, "/shows/show_1/enter").await;
    let page = browser.post_and_follow(&form).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(waits(&page), "{}", page.body);
    page
}

/// Few are there: who waits is near the front.
fn waits(page: &Answer) -> bool {
    page.has("data-status=\"on_deck\"")
}

/// The facts of a page: place, time, chance.
fn facts(page: &Answer) -> Vec<&str> {
    let facts = page.body.split("<dd>").skip(1);
    facts.filter_map(|rest| rest.split("</dd>").next()).collect()
}

fn token(page: &Answer) -> String {
    let form = page.form("/shows/show_1/leave");
    form.fields.into_iter().find(|(name, _)| name == "form_token").unwrap().1
}

/// A house whose line stands still.
async fn standing_still() -> House {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator", "/operator/rooms/room_1/pause").await;
    opal.post_and_follow(&form).await;
    house
}

#[tokio::test]
async fn each_is_shown_the_own_place_and_can_leave_it() {
    let house = standing_still().await;
    let (mut ann, mut bob) = (house.as_ann(), house.buyer().await);
    let of_ann = join(&mut ann).await;
    let of_bob = join(&mut bob).await;
    assert_eq!(facts(&of_ann)[0], "1");
    assert_eq!(facts(&of_bob)[0], "2");
    assert!(of_bob.has("<span class=\"number\">1</span>"), "{}", of_bob.body);
    assert!(of_bob.has("<progress max=\"2\" value=\"0\""), "{}", of_bob.body);

    // Seen again, and as the script asks for it, everybody is still who he is.
    for (browser, place, before) in [(&mut ann, "1", &of_ann), (&mut bob, "2", &of_bob)] {
        let again = browser.get(LINE).await;
        assert_eq!(facts(&again)[0], place);
        assert_eq!(token(&again), token(before));
        let part = browser.get("/shows/show_1/line/part").await;
        assert_eq!(facts(&part)[0], place);
        assert!(!part.has("<html"), "{}", part.body);
    }
    assert_ne!(token(&of_ann), token(&of_bob));
    let foreign = of_bob.form("/shows/show_1/leave").with("form_token", &token(&of_ann));
    assert_eq!(bob.post(&foreign).await.status, StatusCode::FORBIDDEN);
    let left = bob.post_and_follow(&of_bob.form("/shows/show_1/leave")).await;
    assert!(left.has("data-status=\"outside\""), "{}", left.body);
    assert!(waits(&ann.get(LINE).await));
}

#[tokio::test]
async fn the_page_reloads_itself_when_the_room_promised_without_a_script() {
    let house = standing_still().await;
    let mut ann = house.as_ann();
    let page = join(&mut ann).await;
    let number = |begin: &str| -> u64 {
        let rest = page.body.split_once(begin).unwrap_or_else(|| panic!("no {begin}")).1;
        rest.split('"').next().unwrap().parse().unwrap()
    };
    let next_ms = number("data-next=\"");
    let refresh_s = number("http-equiv=\"refresh\" content=\"");
    assert!((1..=next_ms / 1_000).contains(&refresh_s), "{refresh_s} s of {next_ms} ms");
    let now_ms = house.office.clock.now().0.unsigned_abs() / 1_000;
    assert_eq!(number("<html lang=\"en\" data-now=\""), now_ms);
}

#[tokio::test]
async fn what_changes_is_on_the_page_at_once_and_is_no_markup() {
    let house = standing_still().await;
    let (mut ann, mut opal) = (house.as_ann(), house.staff().await);
    let page = join(&mut ann).await;
    assert!(page.has("stands still") && page.has("Winter &#60;Lights&#62;"), "{}", page.body);
    let form = opal.form("/operator", "/operator/rooms/room_1/dial").await;
    opal.post_and_follow(&form.with("message", "<b>Soon</b>")).await;
    let page = ann.get(LINE).await;
    assert!(page.has("&#60;b&#62;Soon&#60;/b&#62;"), "{}", page.body);
    assert!(!page.has("<b>Soon"), "{}", page.body);

    // The same page is kept for each language.
    ann.get("/language/ko").await;
    let korean = ann.get(LINE).await;
    assert!(korean.has("<html lang=\"ko\""), "{}", korean.body);
    ann.get("/language/en").await;
    assert!(ann.get(LINE).await.has("<html lang=\"en\""));
}

#[tokio::test]
async fn what_is_left_is_a_second_old_at_most() {
    let house = standing_still().await;
    let mut ann = house.as_ann();
    let page = join(&mut ann).await;
    assert!(page.has("class=\"state free\""), "{}", page.body);
    assert!(!page.has("class=\"state all_held\""), "{}", page.body);
    house.hold(&[11, 12, 13, 14, 15, 16, 17, 18, 19, 20]).await;
    house.clock.advance_ms(1_001);
    // Whoever finds it old reads it anew.
    let page = ann.get(LINE).await;
    assert!(page.has("class=\"state all_held\""), "{}", page.body);
}

#[tokio::test]
async fn a_stranger_is_shown_the_way_in_and_nobody_elses_place() {
    let house = standing_still().await;
    join(&mut house.as_ann()).await;
    let page = house.nobody().get(LINE).await;
    assert!(page.has("data-status=\"outside\"") && facts(&page).is_empty(), "{}", page.body);
    assert!(page.try_form("/shows/show_1/enter").is_some());
    assert!(page.try_form("/shows/show_1/leave").is_none());
}
