//! What pages weigh when somebody comes for the first time, as it goes over the wire, and how often
//! the browser has to ask before it can show them.

use crate::browser::Browser;
use crate::stage::{GATED, Stage, WINTER};
use serde_json::{Value, json};

/// Bytes of any page of buyers, with everything that it loads.
pub(crate) const PAGE_MAX: u64 = 100_000;
/// Bytes of the waiting room.
const LINE_MAX: u64 = 30_000;

/// What one load came to.
#[derive(Debug)]
pub(crate) struct Load {
    pub(crate) bytes: u64,
    /// What has to be there before anything is shown, and is asked for after the page.
    blocking: Vec<String>,
    /// Of those the ones that are asked for because another was read.
    late: Vec<String>,
}

pub(crate) fn load(browser: &Browser, path: &str) -> Load {
    browser.tell("Network.clearBrowserCache", &json!({}));
    browser.network();
    browser.go(path);
    browser.wait("document.readyState === 'complete'");
    // The map comes behind the page.
    if browser.count("#map") > 0 {
        browser.see_map();
    }
    let events = browser.network();
    let is = |event: &&Value, method: &str| event["method"] == method;
    let bytes = events.iter().filter(|event| is(event, "Network.loadingFinished"));
    let bytes = bytes.map(|event| event["params"]["encodedDataLength"].as_f64().unwrap_or(0.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes")]
    let bytes = bytes.sum::<f64>() as u64;
    let asked = events.iter().filter(|event| is(event, "Network.requestWillBeSent"));
    let blocks = |event: &&Value| {
        // Scripts that wait for the page hold nothing up.
        event["params"]["request"]["initialPriority"] == "VeryHigh"
            && event["params"]["type"] != "Document"
    };
    let url = |event: &Value| event["params"]["request"]["url"].as_str().unwrap().to_owned();
    let blocking: Vec<&Value> = asked.filter(blocks).collect();
    let is_late = |event: &&&Value| event["params"]["initiator"]["type"] != "parser";
    let late = blocking.iter().filter(is_late).map(|event| url(event)).collect();
    Load { bytes, blocking: blocking.iter().map(|event| url(event)).collect(), late }
}

#[test]
fn every_first_load_is_light_and_shown_after_one_round_trip() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 500_000);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.choose("[name=best]", "4");
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    let held = ann.path();
    let (seats, line) = (format!("/shows/{WINTER}/seats"), format!("/shows/{GATED}/line"));
    ann.go(&line);
    ann.click_through("main form button");
    ann.read("people before you");
    let pages = [
        ("/", PAGE_MAX),
        ("/concerts/concert_1", PAGE_MAX),
        (&line, LINE_MAX),
        (&seats, PAGE_MAX),
        (&held, PAGE_MAX),
        ("/reservations", PAGE_MAX),
        ("/wallet", PAGE_MAX),
        ("/payments", PAGE_MAX),
    ];
    for (path, most) in pages {
        let load = load(&ann, path);
        println!("{path}: {} bytes", load.bytes);
        assert!(load.bytes > 1_000, "nothing was counted: {load:?}");
        assert!(load.bytes < most, "{path}: {load:?}");
        assert_eq!(load.blocking.len(), 1, "{path}: the style alone: {load:?}");
        assert_eq!(load.late, Vec::<String>::new(), "{path}: a second round trip");
    }
}
