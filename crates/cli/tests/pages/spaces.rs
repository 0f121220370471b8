//! Spaces for wheelchairs and the seats beside them: on the map, in the list, and for whoever asks the house.

use crate::browser::Browser;
use crate::outlook::Outlook;
use crate::stage::{Stage, concert, rows};
use serde_json::{Value, json};

const SHOW: &str = "show_1";

/// In row 1 of A seat 9 is a companion's and seat 10 a space; in B something stands before the stage.
fn programme() -> Value {
    let mut hall = rows("A", 2, 8, 10_000);
    let said = |section: &str, number: u32, said: &str| {
        json!({ "section": section, "row": "1", "numbers": [number, number], "price": 10_000,
            "attribute": said })
    };
    hall.insert(1, said("A", 9, "companion"));
    hall.insert(2, said("A", 10, "wheelchair"));
    hall.push(said("B", 1, "restricted_view"));
    json!({ "concerts": [concert("For all", "ballad", &json!({ "seats": hall }))] })
}

/// The same, kept for who asks until a moment.
fn kept_until(until: &str) -> Value {
    let mut programme = programme();
    programme["concerts"][0]["shows"][0]["kept_until"] = json!(until);
    programme
}

fn at_the_seats() -> Option<(Stage, Browser)> {
    at_the_seats_of(&programme())
}

fn at_the_seats_of(programme: &Value) -> Option<(Stage, Browser)> {
    let stage = Stage::with(programme);
    let ann = Browser::at(&stage.house)?;
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{SHOW}/seats"));
    Some((stage, ann))
}

/// The id of the seat of a section, row and number.
fn seat(ann: &Browser, place: (&str, &str, u32)) -> u32 {
    let script = "const [section, row, number] = arguments;
        return document.getElementById('map').seats().find((one) =>
            one.section === section && one.row === row && one.number === number).id";
    let id = ann.run_with(script, &json!([place.0, place.1, place.2]));
    u32::try_from(id.as_u64().unwrap()).unwrap()
}

/// How many points in the middle of a seat have another colour than most of it.
fn drawn(ann: &Browser, id: u32) -> u64 {
    let script = "const box = document.getElementById('map'), canvas = document.getElementById('canvas');
        const done = arguments[1], [x, y] = box.point(arguments[0]);
        requestAnimationFrame(() => requestAnimationFrame(() => {
            const r = devicePixelRatio, side = 8, pen = canvas.getContext('2d');
            const { data } = pen.getImageData(Math.round((x - 4) * r), Math.round((y - 4) * r), side, side);
            const points = Array.from({ length: side * side }, (_, i) => [...data.slice(4 * i, 4 * i + 3)]);
            const count = new Map();
            points.forEach((p) => count.set(String(p), (count.get(String(p)) || 0) + 1));
            const most = [...count].sort((a, b) => b[1] - a[1])[0][0].split(',').map(Number);
            const far = (p) => Math.hypot(p[0] - most[0], p[1] - most[1], p[2] - most[2]) > 60;
            done(points.filter(far).length);
        }));";
    ann.run_later(script, &json!([id])).as_u64().unwrap()
}

#[test]
fn a_space_for_a_wheelchair_is_seen_named_and_found_on_the_map() {
    let Some((_stage, ann)) = at_the_seats() else { return };
    ann.see_map();
    let (space, beside) = (seat(&ann, ("A", "1", 10)), seat(&ann, ("A", "1", 9)));
    let (plain, behind) = (seat(&ann, ("A", "1", 4)), seat(&ann, ("B", "1", 1)));
    // Whoever reads so much of a picture is told that it could be faster.
    ann.expect("willReadFrequently");
    // Where seats are as small as this, their numbers are not written.
    while ann.run("return document.getElementById('map').view().z > 1.8") == true {
        ann.click("#out");
    }
    for said in [space, beside, behind] {
        assert!(drawn(&ann, said) > 4, "seat {said} looks as any other");
    }
    assert_eq!(drawn(&ann, plain), 0, "nothing is said of it");
    for said in ["wheelchair space", "companion seat", "restricted view"] {
        ann.read(said);
    }
    ann.take(space);
    let named = "Section A, row 1, seat 10, wheelchair space, ₩10,000, chosen by you";
    assert_eq!(ann.text("#seat-said"), named);
    assert!(ann.text("#card").contains("wheelchair space"), "{}", ann.text("#card"));
    assert!(ann.text("#chosen li").starts_with("Section A, row 1, seat 10, wheelchair space"));
    let label =
        format!("return document.querySelector('[value=seat_{space}]').getAttribute('aria-label')");
    let label = ann.run(&label);
    assert_eq!(label, "Section A, row 1, seat 10, wheelchair space, ₩10,000, available");

    ann.choose("#sign", "Wheelchair");
    assert_eq!(ann.text("#seat-said"), "2 free");
    ann.take(plain);
    assert_eq!(ann.chosen().len(), 1, "it is not what was looked for");
    ann.take(beside);
    assert_eq!(ann.chosen().len(), 2);
    ann.choose("#sign", "All");
    ann.take(plain);
    assert_eq!(ann.chosen().len(), 3);
    let Some(mut outlook) = Outlook::of("spaces") else { return };
    ann.click("#list summary");
    outlook.look(&ann, "seats");
    outlook.is_clear();
}

#[test]
fn the_house_gives_spaces_to_those_who_ask_for_them() {
    let Some((_stage, ann)) = at_the_seats() else { return };
    ann.see_map();
    ann.choose("[name=best]", "2");
    ann.choose("[name=best_wheelchairs]", "1");
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    ann.read("Section A, row 1, seat 9, companion seat");
    ann.read("Section A, row 1, seat 10, wheelchair space");

    // Whoever does not ask is given every other seat, and then none.
    let free = "return document.getElementById('map').seats().filter((one) =>
        one.mark === 'f' && 'wc'.includes(one.sign || '-')).length";
    ann.click_through("form[action$='/release'] button");
    for _ in 0..17 {
        ann.go(&format!("/shows/{SHOW}/seats"));
        ann.see_map();
        ann.choose("[name=best]", "1");
        ann.click_through(".best button");
        ann.arrive("/reservations/res_");
        assert!(!ann.page().contains("wheelchair") && !ann.page().contains("companion"));
    }
    ann.go(&format!("/shows/{SHOW}/seats"));
    ann.see_map();
    assert_eq!(ann.run(free), 2, "they are kept");
    ann.choose("[name=best]", "1");
    ann.click_through(".best button");
    ann.read("So many seats together were just taken");
}

/// What the map offers to who loses seat 8 of row 1 to somebody else.
fn offered_to_who_loses(programme: &Value) -> Option<Vec<String>> {
    let (stage, ann) = at_the_seats_of(programme)?;
    let bob = Browser::at(&stage.house)?;
    bob.sign_up("Bob", 0);
    bob.go(&format!("/shows/{SHOW}/seats"));
    for browser in [&ann, &bob] {
        browser.see_map();
        browser.take(seat(browser, ("A", "1", 8)));
    }
    bob.click_through(".basket button.big");
    bob.arrive("/reservations/res_");
    ann.read("Section A, row 1, seat 8 was just taken by somebody else.");
    let offers =
        "return [...document.querySelectorAll('button.offer')].map((one) => one.textContent)";
    let offers = serde_json::from_value(ann.run(offers)).unwrap();
    Some(offers)
}

#[test]
fn the_map_offers_spaces_to_everybody_once_they_are_kept_no_more() {
    let Some(kept) = offered_to_who_loses(&kept_until("2099-01-01T00:00:00Z")) else { return };
    let free = offered_to_who_loses(&kept_until("2020-01-01T00:00:00Z")).unwrap();
    assert_eq!((kept.len(), free.len()), (3, 3), "{kept:?} {free:?}");
    assert!(!kept.iter().any(|offer| offer.contains("wheelchair")), "{kept:?}");
    let beside = "Section A, row 1, seat 9, companion seat";
    assert!(free.iter().any(|offer| offer.starts_with(beside)), "{free:?}");
}

#[test]
fn the_list_finds_spaces_where_no_script_runs() {
    let Some((_stage, ann)) = at_the_seats() else { return };
    ann.tell("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    ann.go(&format!("/shows/{SHOW}/seats"));
    assert_eq!(ann.count(".seat"), 18, "section A");
    ann.click("label:has([value=seat_1])");
    assert!(ann.text("button[name=only][value=spaces]").ends_with("2 free"));
    ann.click_through("button[name=only][value=spaces]");
    ann.read("Section A, row 1");
    assert_eq!(ann.count(".seat"), 2);
    let labels = "return [...document.querySelectorAll('.seat input')].map(
        (one) => one.getAttribute('aria-label'))";
    let named = |number: u32, said: &str| {
        format!("Section A, row 1, seat {number}, {said}, ₩10,000, available")
    };
    let both = json!([named(9, "companion seat"), named(10, "wheelchair space")]);
    assert_eq!(ann.run(labels), both);
    assert_eq!(ann.count("#chosen li"), 1, "what was chosen before is kept");
    ann.click(".seat:last-of-type");
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    ann.read("Section A, row 1, seat 1");
    ann.read("Section A, row 1, seat 10, wheelchair space");
    ann.go(&format!("/shows/{SHOW}/seats?only=spaces"));
    ann.click_through("button[name=section][value=B]");
    assert_eq!(ann.count(".seat"), 1, "all of a section again");
    ann.read("restricted view");
}
