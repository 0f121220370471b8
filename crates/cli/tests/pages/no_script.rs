//! The road without JavaScript: every step is a form.

use crate::browser::Browser;
use crate::stage::{GATED, Stage, WINTER};
use serde_json::json;

#[test]
fn a_browser_without_scripts_buys_all_the_same() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.tell("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    ann.sign_up("Ann", 500_000);
    ann.go("/concerts/concert_1");
    ann.click_through(".dates form button");
    ann.arrive(&format!("/shows/{WINTER}/seats"));
    assert_eq!(ann.count("#map[data-ready]"), 0, "a script ran");

    // Two seats of one section, and one of another, over a page between.
    ann.click("label:has([value=seat_1])");
    ann.click("label:has([value=seat_2])");
    ann.click_through("button[name=section][value=S]");
    ann.read("Section S, row 1");
    assert_eq!(ann.count("#chosen li"), 2, "what was chosen before is kept");
    ann.click("label:has([value=seat_81])");
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    let reservation = ann.path();
    ann.read("Held for you alone:");
    ann.click_through("#extend");
    ann.read("(1 times left)");
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    ann.click_through("a.button.big");
    ann.read("Section S, row 1, seat 1");
    assert_eq!(ann.count("svg.qr"), 3);
    ann.go(&format!("{reservation}/cancel"));
    ann.click_through("#cancel");
    ann.read("This was cancelled.");

    // The line asks again by itself where no script does.
    ann.go(&format!("/shows/{GATED}/line"));
    ann.click_through("main form button");
    ann.read("people before you");
    assert_eq!(ann.count("meta[http-equiv=refresh]"), 1);
    ann.click_through("form[action$='/leave'] button");
    ann.read("Get in line");
    drop(ann);
    stage.strike();
}
