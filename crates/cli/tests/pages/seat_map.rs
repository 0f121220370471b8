//! Finding a seat on a large map: section by section, by price, with the hall in a corner, and a card beside
//! the seat under the pointer; and the steps that are told on the way.

use crate::browser::{Browser, ENTER, RIGHT};
use crate::hall::great_hall;
use crate::stage::{GATED, Stage, WINTER};
use serde_json::json;

/// The middle of what is seen of the map.
pub(crate) fn middle(ann: &Browser) -> (i64, i64) {
    let at = ann.run(
        "const at = document.getElementById('canvas').getBoundingClientRect();
         return [Math.round(at.left + at.width / 2), Math.round(at.top + at.height / 2)]",
    );
    (at[0].as_i64().unwrap(), at[1].as_i64().unwrap())
}

#[test]
fn a_large_hall_is_walked_section_by_section_with_all_of_it_in_a_corner() {
    let stage = Stage::with(&great_hall());
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.go("/shows/show_1/seats");
    ann.see_map();
    assert!(ann.run("return document.getElementById('mini').hidden") == true, "all is seen");
    assert_eq!(ann.count("#jump option"), 21, "the hall and its sections");
    ann.choose("#jump", "7");
    assert_eq!(ann.text("#seat-said"), "7: 1000 free");
    ann.wait("!document.getElementById('mini').hidden");
    // The keyboard goes on in that section.
    ann.run("document.getElementById('canvas').focus()");
    ann.press(&[RIGHT]);
    assert!(
        ann.text("#seat-said").starts_with("Section 7, row 1, seat 2"),
        "{}",
        ann.text("#seat-said")
    );
    ann.press(&[ENTER]);
    assert_eq!(ann.chosen(), ["seat_6002"]);

    // Another place of the hall, by its small picture.
    let corner = ann.run(
        "const at = document.getElementById('mini').getBoundingClientRect();
         return [Math.round(at.left + at.width * 0.9), Math.round(at.top + at.height * 0.9)]",
    );
    ann.click_at(corner[0].as_i64().unwrap(), corner[1].as_i64().unwrap());
    let (x, y) = middle(&ann);
    // Some of these places are between the sections.
    for (dx, dy) in [(0, 0), (0, 40), (0, 80), (70, 0), (70, 80), (-70, -40)] {
        if ann.chosen().len() < 2 {
            ann.click_at(x + dx, y + dy);
        }
    }
    let chosen = ann.chosen();
    let last = chosen.last().unwrap().strip_prefix("seat_").unwrap().parse::<u32>().unwrap();
    assert!(chosen.len() == 2 && last > 12_000, "somewhere behind: {chosen:?}");
    ann.click("#whole");
    ann.wait("document.getElementById('mini').hidden");
    assert_eq!(ann.run("return document.getElementById('jump').value"), "");
}

#[test]
fn the_map_shows_one_price_alone_and_a_card_beside_the_seat() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    // Seat 85 is in section S, of the second price.
    ann.take(85);
    assert_eq!(ann.chosen(), ["seat_85"]);
    assert_eq!(ann.text("#card strong"), "Section S · Row 1 · Seat 5");
    assert_eq!(ann.text("#card"), "Section S · Row 1 · Seat 5₩99,000 · chosen by you");
    ann.take(85);
    assert_eq!(ann.text("#card"), "Section S · Row 1 · Seat 5₩99,000 · available");
    ann.choose("#only", "₩132,000");
    assert_eq!(ann.text("#seat-said"), "80 free", "the first price has so many");
    ann.take(85);
    assert_eq!(ann.chosen(), Vec::<String>::new(), "it has another price");
    ann.choose("#only", "All");
    ann.take(85);
    assert_eq!(ann.chosen(), ["seat_85"]);
    // The card can be put away, and stands in nobody's way.
    ann.run("document.getElementById('canvas').focus()");
    ann.press(&["\u{E00C}"]);
    assert!(ann.run("return document.getElementById('card').hidden") == true);
    ann.wait("matchMedia('(min-width: 1px)').matches");
    ann.tell(
        "Emulation.setDeviceMetricsOverride",
        &json!({ "width": 390, "height": 844,
        "deviceScaleFactor": 1, "mobile": true }),
    );
    ann.take(5);
    let inside = "const at = document.getElementById('card').getBoundingClientRect();
        return at.left >= 0 && at.right <= innerWidth && at.width > 50";
    assert!(ann.run(inside) == true, "it stays on the screen of a phone");
}

#[test]
fn the_card_goes_when_its_seat_is_moved_out_of_sight() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.take(85);
    assert!(ann.run("return document.getElementById('card').hidden") == false);
    drag(&ann, -2_000);
    ann.wait("document.getElementById('card').hidden");
    drag(&ann, 2_000);
    ann.wait("!document.getElementById('card').hidden");
}

/// A finger moves the map down or up by so many pixels.
fn drag(ann: &Browser, by: i64) {
    let (x, y) = middle(ann);
    let touch = |what: &str, points: serde_json::Value| {
        ann.tell("Input.dispatchTouchEvent", &json!({ "type": what, "touchPoints": points }));
    };
    touch("touchStart", json!([{ "x": x, "y": y }]));
    touch("touchMove", json!([{ "x": x, "y": y + by / 2 }]));
    touch("touchMove", json!([{ "x": x, "y": y + by }]));
    touch("touchEnd", json!([]));
}

#[test]
fn the_lists_of_prices_and_sections_are_those_of_the_map_that_is_shown() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    let keep = "const Real = window.EventSource; window.EventSource = class extends Real {
        constructor(...all) { super(...all); window.stream = this; } };";
    ann.tell("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": keep }));
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.choose("#jump", "Balcony");
    ann.choose("#only", "₩132,000");
    assert_eq!(ann.text("#seat-said"), "80 free");
    // The hall is sold otherwise now: another price for what is looked for, one section more before all.
    ann.run(
        "const really = window.fetch;
         window.fetch = async (...all) => {
             const map = await (await really(...all)).json();
             map.classes[0] = '₩140,000';
             map.sections.unshift({ name: 'Pit', rows: [{ name: '1', first: 1, id: 9001,
                 marks: 'ff', classes: '00' }] });
             return new Response(JSON.stringify(map));
         };
         window.stream.dispatchEvent(new Event('again'));",
    );
    ann.wait("document.querySelectorAll('#jump option').length === 5");
    let prices =
        "return [...document.getElementById('only').options].map((one) => one.text).slice(1)";
    assert_eq!(ann.run(prices), json!(["₩140,000", "₩99,000", "₩66,000", "₩55,000"]));
    let section = "return document.getElementById('jump').selectedOptions[0].text";
    assert_eq!(ann.run(section), "Balcony", "it is where it was");
    assert_eq!(ann.run("return document.getElementById('only').value"), "", "nobody sells that");
    ann.choose("#jump", "Pit");
    assert_eq!(ann.text("#seat-said"), "Pit: 2 free");
}

/// The step that is current, and how many are done.
fn step(ann: &Browser) -> (String, u64) {
    (ann.text(".steps [aria-current=step]"), ann.count(".steps .done"))
}

#[test]
fn every_page_of_a_purchase_says_at_which_step_it_is() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    // Where the hall is an hour or more away, its time is told in both zones.
    ann.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Europe/Berlin" }));
    ann.sign_up("Ann", 500_000);
    ann.go(&format!("/shows/{GATED}/line"));
    assert_eq!(step(&ann), ("Current: Waiting room".to_owned(), 0));
    assert_eq!(ann.count(".steps li"), 4);
    ann.go(&format!("/shows/{WINTER}/seats"));
    assert_eq!(step(&ann), ("Current: Choose".to_owned(), 0));
    assert_eq!(ann.count(".steps li"), 3, "nobody waits for this show");
    ann.see_map();
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    assert_eq!(step(&ann), ("Current: Pay".to_owned(), 1));
    assert!(ann.text(".steps .done").starts_with("Completed: "));
    ann.read("Fri 30 Jan 2099, 19:00 (your time: Jan 30, 2099, 11:00");
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    assert_eq!(step(&ann), ("Current: Tickets".to_owned(), 2));
    ann.click_through("a.button.big");
    ann.wait("document.querySelector('svg.qr')");
    assert_eq!(step(&ann), ("Current: Tickets".to_owned(), 2));
    ann.read("(your time: Jan 30, 2099, 11:00");
    ann.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Asia/Seoul" }));
    ann.reload();
    assert!(!ann.page().contains("your time"), "who is there has one time: {}", ann.page());
}
