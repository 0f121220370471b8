//! Near the front the turn comes by a stream; when it breaks, or says nothing any more, the page asks.

use super::others::Others;
use crate::browser::Browser;
use crate::stage::{GATED, Stage};
use crate::wire::Wire;
use serde_json::json;

const OTHERS: u64 = 5;
const TURN: &str = "It is your turn";

/// Somebody waits behind a few others, at the end of a wire, and follows by a stream.
fn waits(stage: &Stage, name: &str) -> Option<(Browser, Wire)> {
    let wire = Wire::to(&stage.house);
    let ann = Browser::at_address(&wire.address, &[])?;
    // What breaks is said by the browser.
    ann.expect("/line/events");
    ann.sign_up(name, 0);
    ann.go(&format!("/shows/{GATED}/line"));
    ann.click_through("main form button");
    ann.read("people before you");
    ann.wait("document.querySelector('[data-near]')");
    until(|| wire.streams() == 1);
    Some((ann, wire))
}

/// From now on the page counts how often it asks before its turn is to be read.
const COUNT_ASKS: &str = "
    window.asked = 0;
    const really = window.fetch;
    window.fetch = (...all) => {
        if (!document.body.innerText.includes(arguments[0])) window.asked += 1;
        return really(...all);
    };";

/// The operator lets people in.
fn open(stage: &Stage) {
    let key = format!("Bearer {}", stage.key());
    let what = "POST /api/v1/operator/rooms/room_1/actions/resume";
    let headers = [("authorization", &*key), ("idempotency-key", "open")];
    let opened = stage.house.connect().send(what, &headers, "");
    assert!(opened.status < 300, "{}", opened.body);
}

fn until(is_so: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it never came to be");
}

#[test]
fn near_the_front_the_turn_comes_by_the_stream() {
    let stage = Stage::set();
    let others = Others::join(&stage.house, "room_1", OTHERS);
    let Some((ann, wire)) = waits(&stage, "Ann") else { return };
    assert_eq!(ann.text("#line .figure .number"), OTHERS.to_string());
    ann.run_with(COUNT_ASKS, &json!([TURN]));
    assert_eq!((wire.streams(), wire.asks()), (1, 0), "it did not ask while it waited");
    open(&stage);
    ann.read(TURN);
    assert_eq!(ann.run("return window.asked"), 0, "it was told, and did not ask");
    assert_eq!(wire.streams(), 1);
    // Inside it asks again: the time to buy may end.
    until(|| wire.asks() > 0);
    ann.read(TURN);
    drop(others);
}

#[test]
fn a_page_whose_stream_breaks_asks_and_has_its_turn_all_the_same() {
    let stage = Stage::set();
    let Some((ann, wire)) = waits(&stage, "Ann") else { return };
    let Some((bob, bobs_wire)) = waits(&stage, "Bob") else { return };
    bob.run("window.fetch = () => new Promise(() => {})");
    wire.cut_streams();
    bobs_wire.cut_streams();
    until(|| wire.asks() >= 3);
    assert!(
        wire.streams() <= 3,
        "a stream that breaks is tried ever more seldom: {}",
        wire.streams()
    );
    ann.read("people before you");
    open(&stage);
    ann.read(TURN);
    // A page that does not ask when its stream breaks stands still while its turn goes by.
    assert!(!bob.page().contains(TURN), "{}", bob.page());
    assert_eq!(bobs_wire.asks(), 0);
}

#[test]
fn a_stream_that_says_nothing_is_taken_for_dead() {
    let stage = Stage::set();
    let Some((ann, wire)) = waits(&stage, "Ann") else { return };
    // Longer than any pause of one that lives.
    std::thread::sleep(std::time::Duration::from_secs(12));
    assert_eq!((wire.streams(), wire.asks()), (1, 0), "one that lives is believed");
    wire.silence_streams();
    open(&stage);
    ann.read(TURN);
    assert!(wire.asks() > 0, "it asked");
}

/// Streams that say once how things stand and break, on a clock that stands until it is moved.
const BREAKING: &str = "
    window.clock = performance.now(); window.streams = window.broken = window.asked = 0;
    performance.now = () => window.clock;
    const really = window.fetch;
    window.fetch = (...all) => { window.asked += 1; return really(...all); };
    window.EventSource = class extends EventTarget {
        constructor() {
            super();
            window.streams += 1;
            setTimeout(() => this.breaks(), 50);
        }
        breaks() {
            const part = new Event('part');
            part.data = document.getElementById('line').innerHTML;
            this.dispatchEvent(part);
            this.onerror();
            window.broken += 1;
        }
        close() {}
    };";

#[test]
fn a_stream_that_breaks_after_its_first_words_is_tried_ever_more_seldom() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 0);
    ann.tell("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": BREAKING }));
    ann.go(&format!("/shows/{GATED}/line"));
    ann.click_through("main form button");
    ann.wait("window.broken === 1");
    ann.run("window.clock += 9000");
    ann.wait("window.broken === 2");
    // The third time it is given twice as long.
    ann.run("window.clock += 9000; window.asked = 0");
    ann.wait("window.asked > 2");
    assert_eq!(ann.run("return window.streams"), 2);
    ann.run("window.clock += 9000");
    ann.wait("window.broken === 3");
}
