//! The whole road of a buyer, with two browsers that want one seat.

use crate::browser::Browser;
use crate::stage::{Stage, WINTER};
use serde_json::json;

#[test]
fn two_browsers_want_one_seat_and_the_loser_keeps_the_rest() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(bob) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    bob.sign_up("Bob", 500_000);

    // From the list to the seats, as people go.
    bob.go("/");
    bob.fill("[name=q]", "winter");
    bob.click_through(".search button");
    bob.read("Winter Lights");
    bob.click_through("a.cover");
    bob.arrive("/concerts/concert_1");
    bob.click_through(".dates form button");
    bob.arrive(&format!("/shows/{WINTER}/seats"));
    bob.see_map();
    for seat in [5, 6, 7] {
        bob.take(seat);
    }
    assert_eq!(bob.chosen(), ["seat_5", "seat_6", "seat_7"]);

    // Seen while it happens: the map follows, without a reload.
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.take(6);
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    bob.read("Section R, row 1, seat 6 was just taken by somebody else.");
    assert_eq!(bob.chosen(), ["seat_5", "seat_7"], "the rest is kept");
    assert_eq!(bob.count("#basket-lost button.offer"), 3);
    bob.click("#basket-lost button.offer");
    assert_eq!(bob.chosen(), ["seat_5", "seat_7", "seat_4"], "the nearest that is free");

    seen_only_by_the_form(&ann, &bob);
    pays_and_gives_one_back(&bob);
    lacks_money_and_charges(&ann);
    drop((ann, bob));
    stage.strike();
}

/// Bob hears nothing of Ann's seat until he posts: the page that answers says it.
fn seen_only_by_the_form(ann: &Browser, bob: &Browser) {
    bob.expect("/map");
    bob.tell("Network.setBlockedURLs", &json!({ "urls": ["*/map*"] }));
    bob.go(&format!("/shows/{WINTER}/seats"));
    let list = "#list summary";
    bob.wait("document.querySelector('#list[open]')");
    assert_eq!(bob.text(list), "The same seats as a list");
    for seat in [25, 26, 27] {
        bob.click(&format!("label:has([value=seat_{seat}])"));
    }
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.take(26);
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    bob.click_through(".basket button.big");
    bob.read("Section R, row 2, seat 6 was just taken by somebody else.");
    bob.read("Nothing was charged.");
    assert_eq!(bob.chosen(), ["seat_25", "seat_27"]);
    assert_eq!(bob.count("a.offer"), 3);
    bob.tell("Network.setBlockedURLs", &json!({ "urls": [] }));
    bob.click_through("a.offer");
    bob.wait("document.querySelectorAll('#chosen li').length === 3");
    bob.click_through(".basket button.big");
    bob.arrive("/reservations/res_");
}

/// Bob pays, sees his tickets, and cancels one of three.
fn pays_and_gives_one_back(bob: &Browser) {
    bob.read("Held for you alone:");
    bob.wait("/^[0-9]+:[0-9][0-9]$/.test(document.getElementById('clock').textContent)");
    bob.click_through("#pay");
    bob.read("Paid. The tickets are yours.");
    let reservation = bob.path();
    bob.click_through("a.button.big");
    bob.arrive(&format!("{reservation}/tickets"));
    assert_eq!(bob.count("svg.qr"), 3);
    bob.go(&format!("{reservation}/cancel"));
    bob.read("You get back");
    bob.click("main form[method=get] label:nth-of-type(2)");
    bob.click("main form[method=get] label:nth-of-type(3)");
    bob.click_through("main form[method=get] button");
    bob.read("You get back ₩132,000.");
    bob.click_through("#cancel");
    bob.read("₩132,000 are back in your wallet.");
    bob.go("/payments");
    bob.read("₩132,000");
    bob.go("/wallet");
    assert_eq!(bob.text(".figure .number"), "₩236,000");
}

/// Ann's wallet is empty: she is told so, nothing is charged, and the seat is still hers.
fn lacks_money_and_charges(ann: &Browser) {
    let reservation = ann.path();
    ann.click_through("#pay");
    ann.read("The wallet has ₩0, and ₩132,000 are needed");
    ann.read("Nothing was charged.");
    ann.click_through("#charge");
    ann.arrive(&reservation);
    ann.wait("document.querySelector('#charge') === null");
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    ann.go("/reservations");
    ann.read("To be paid");
    ann.read("To come");
}
