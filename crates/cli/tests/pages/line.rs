//! The waiting room with three hundred others in it, on a browser with a second tab, while an
//! operator opens, pauses and opens the door at another.

#[expect(clippy::disallowed_methods, reason = "they come when the room asked them to")]
mod others;
mod stream;

use crate::browser::Browser;
use crate::stage::{GATED, Stage};
use others::Others;
use serde_json::json;

const OTHERS: u64 = 300;

#[test]
fn a_line_of_three_hundred_stands_still_and_moves_as_the_operator_says() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(opal) = Browser::at(&stage.house) else { return };
    let others = Others::join(&stage.house, "room_1", OTHERS);
    ann.sign_up("Ann", 0);
    ann.go("/concerts/concert_3");
    ann.click_through(".dates form button");
    ann.arrive(&format!("/shows/{GATED}/line"));
    ann.read("people before you");
    ann.read("The line stands still for a moment");
    assert_eq!(ahead(&ann), OTHERS);
    assert_eq!(number(&ann), OTHERS + 1);

    place_is_kept(&ann);
    operator_moves_the_line(&ann, (&opal, &stage.key()));
    let let_in = others.leave();
    assert!(let_in > 200, "only {let_in} of the others came in");
    drop((ann, opal));
    stage.strike();
}

fn ahead(ann: &Browser) -> u64 {
    ann.text("#line .figure .number").replace(',', "").parse().unwrap()
}

/// The own number in the line.
fn number(ann: &Browser) -> u64 {
    ann.text("#line .facts dd").parse().unwrap()
}

/// A reload, a second tab and another device show the same place.
fn place_is_kept(ann: &Browser) {
    ann.reload();
    assert_eq!(number(ann), OTHERS + 1, "after a reload");
    let first = ann.open_tab();
    ann.go(&format!("/shows/{GATED}/line"));
    assert_eq!(number(ann), OTHERS + 1, "in a second tab");
    ann.tell("Page.close", &json!({}));
    ann.look_at(&first);
    // Who was signed in elsewhere and joins again has the same place, not another one.
    ann.tell("Network.deleteCookies", &json!({ "name": "place_1", "url": "http://127.0.0.1" }));
    ann.go("/concerts/concert_3");
    ann.click_through(".dates form button");
    ann.arrive(&format!("/shows/{GATED}/line"));
    assert_eq!(number(ann), OTHERS + 1, "on another device");
}

/// The operator lets people in, stops, and lets them in again; the one who waits sees each.
fn operator_moves_the_line(ann: &Browser, (opal, key): (&Browser, &str)) {
    opal.sign_in_with(key);
    opal.wait("document.querySelector('[data-value=\"room_1.waiting\"]')?.textContent > 300");
    opal.fill("[name=message]", "Doors at seven");
    opal.click_through(".dial button");
    ann.read("Doors at seven");

    opal.click_through("form[action$='/resume'] button");
    ann.wait("!document.body.innerText.includes('The line stands still')");
    ann.wait("Number(document.querySelector('#line .figure .number').textContent) < 280");
    opal.click_through("form[action$='/pause'] button");
    ann.read("The line stands still for a moment");
    let stands = ahead(ann);
    assert!(stands > 5, "paused too late to see anything: {stands}");
    // Whoever was called before the pause is inside; then nothing moves.
    opal.wait("document.querySelector('#charts svg polyline')");
    opal.read("paused");
    let before = opal.text("[data-value='room_1.admitted']");
    ann.reload();
    let stands = ahead(ann);
    opal.reload();
    assert_eq!(opal.text("[data-value='room_1.admitted']"), before, "somebody was let in");
    assert_eq!(ahead(ann), stands);

    opal.click_through("form[action$='/resume'] button");
    ann.read("It is your turn");
    ann.wait("document.activeElement.matches('#line a.button')");
    ann.click_through("#line a.button");
    ann.arrive(&format!("/shows/{GATED}/seats"));
    ann.see_map();
    ann.read("to choose and pay");
}
