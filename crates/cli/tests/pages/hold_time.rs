//! The time of a hold, on the screen: it is extended once, and ends by itself.

use crate::browser::Browser;
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
    ann.click(".best button");
    ann.arrive("/reservations/res_");
    let seconds = "document.getElementById('clock').textContent.split(':')[1] | 0";
    ann.wait(&format!("({seconds}) <= 4"));
    ann.click("#extend");
    ann.read("The time cannot be extended any more.");
    assert!(ann.run(&format!("return ({seconds}) > 4")) == true, "it was extended");

    // Nobody touches it: the page itself says that it is over.
    ann.wait("document.querySelector('.hold.late')");
    ann.read("The time to pay is over");
    ann.read("Nothing was charged.");
    assert_eq!(ann.count("#pay"), 0);
    ann.click("main .button");
    ann.arrive(&format!("/shows/{BRIEF}/seats"));
    ann.see_map();
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
    ann.click(".best button");
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
