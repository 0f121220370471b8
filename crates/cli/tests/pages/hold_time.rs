//! The time of a hold, on the screen: it is extended once, and ends by itself.

use crate::browser::{Browser, ENTER};
use crate::stage::{BRIEF, Stage, TOMORROW, WINTER};
use serde_json::json;

#[test]
fn a_hold_counts_down_is_extended_and_ends_on_the_screen() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 100_000);
    ann.go(&format!("/shows/{BRIEF}/seats"));
    ann.see_map();
    ann.choose("[name=best]", "2");
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    // Before the end it asks, in front of all else, and the way to more time is where the keyboard is.
    assert_eq!(ann.count("dialog[open]"), 0, "nobody is asked while there is time");
    ann.wait("document.querySelector('dialog[open]')");
    ann.read("Your time to pay is nearly over");
    assert_eq!(ann.run("return document.activeElement.id"), "extend-now");
    let held = "Number(document.getElementById('hold').dataset.expires)";
    let before = ann.run(&format!("return {held}")).as_f64().unwrap();
    ann.press(&[ENTER]);
    ann.read("The time cannot be extended any more.");
    let after = ann.run(&format!("return {held}")).as_f64().unwrap();
    assert!(after > before, "it was extended");

    // Asked again it offers nothing that is not to be had, and is put away.
    ann.wait("document.querySelector('dialog[open]')");
    assert_eq!(ann.run("return document.activeElement.id"), "go-on");
    ann.press(&[ENTER]);
    ann.wait("!document.querySelector('dialog[open]')");
    // Nobody touches it: the page itself says that it is over.
    ann.wait("document.querySelector('.hold.late')");
    ann.read("The time to pay is over");
    ann.read("Nothing was charged.");
    // It says so before it asks the server how things stand.
    ann.wait("!document.getElementById('pay')");
    ann.click_through("main .button");
    ann.arrive(&format!("/shows/{BRIEF}/seats"));
    ann.see_map();
    assert_eq!(ann.chosen().len(), 2, "the same seats are chosen again, for they are free");
    let free = "return document.getElementById('map').seats().every((seat) => seat.mark === 'f')";
    assert!(ann.run(free) == true, "the seats can be had again");
    drop(ann);
    stage.strike();
}

#[test]
fn a_browser_whose_clock_is_wrong_counts_as_the_server_does() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    // Two hours ahead: by this clock every hold is over.
    let wrong = "const real = Date.now; Date.now = () => real.call(Date) + 7200000;";
    ann.tell("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": wrong }));
    ann.sign_up("Ann", 100_000);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.choose("[name=best]", "2");
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    ann.wait("/^[0-9]+:[0-9][0-9]$/.test(document.getElementById('clock').textContent)");
    let by_the_browser =
        "return Number(document.getElementById('hold').dataset.expires) - Date.now()";
    let by_the_browser = ann.run(by_the_browser).as_f64().unwrap();
    assert!(by_the_browser < 0.0, "its clock is not wrong: {by_the_browser} ms");
    let left = ann.text("#clock");
    let (minutes, seconds) = left.split_once(':').unwrap();
    let left: u32 = minutes.parse::<u32>().unwrap() * 60 + seconds.parse::<u32>().unwrap();
    assert!((200..=300).contains(&left), "{left} s are shown of five minutes");
    ann.go(&format!("/shows/{TOMORROW}"));
    ann.read("On sale in");
}

#[test]
fn an_ordinary_hold_asks_forty_five_seconds_before_its_end() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    let early = "const real = performance.now.bind(performance); window.later = 0;
        performance.now = () => real() + window.later;";
    ann.run(early);
    ann.run("window.later = 250 * 1000");
    ann.wait("document.querySelector('dialog[open]')");
    let left = ann.text("#late-clock");
    let left: u32 = left.strip_prefix("0:").unwrap().parse().unwrap();
    assert!((20..=45).contains(&left), "{left} s are left to ask for more");
    ann.click_through("#extend-now");
    ann.read("(1 times left)");
    assert_eq!(ann.count("dialog[open]"), 0);
}

#[test]
fn a_browser_that_knows_no_dialog_asks_the_server_at_the_end_as_well() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    // What an old browser does not know has no properties.
    let old = "for (const what of ['open', 'show', 'showModal', 'close'])
            delete HTMLDialogElement.prototype[what];
        window.isBefore = true; window.later = 0;
        const real = performance.now.bind(performance); performance.now = () => real() + window.later;";
    ann.run(old);
    ann.run("window.later = 270 * 1000");
    ann.wait("document.getElementById('clock').textContent.startsWith('0:')");
    ann.run("window.later = 400 * 1000");
    ann.wait("!window.isBefore && document.getElementById('pay')");
}
