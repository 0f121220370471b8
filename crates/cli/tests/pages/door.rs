//! The door while the network stutters: what was scanned waits, is sent by itself, and lets in once.

use crate::browser::Browser;
use crate::stage::{Stage, WINTER};
use serde_json::json;

pub(crate) const DOOR: &str = "/operator/door";

/// The network of a browser goes, or comes back.
fn network(opal: &Browser, is_there: bool) {
    let conditions = json!({
        "offline": !is_there, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
    opal.tell("Network.enable", &json!({}));
    opal.tell("Network.emulateNetworkConditions", &conditions);
}

/// Ann buys so many seats; the codes of her tickets, and where an operator reads of them.
pub(crate) fn tickets(ann: &Browser, count: u64) -> (Vec<String>, String) {
    ann.sign_up("Ann", 700_000);
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.choose("[name=best]", &count.to_string());
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    let reservation = ann.path();
    ann.go(&format!("{reservation}/tickets"));
    let codes =
        ann.run("return [...document.querySelectorAll('.code')].map((one) => one.innerText)");
    let codes: Vec<String> =
        codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len() as u64, count);
    (codes, format!("/operator{reservation}"))
}

fn scan(opal: &Browser, code: &str) {
    opal.fill("#code", code);
    opal.click("#door button.big");
}

/// What the page says of each scan, the newest first.
pub(crate) fn verdicts(opal: &Browser) -> Vec<String> {
    let said = opal
        .run("return [...document.querySelectorAll('#results p')].map((one) => one.dataset.said)");
    said.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// How often the history says that somebody was let in.
pub(crate) fn entries(opal: &Browser, history: &str) -> usize {
    opal.go(history);
    opal.page().matches("was let in at the door").count()
}

#[test]
fn scans_wait_for_the_network_and_let_in_once() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(opal) = Browser::at(&stage.house) else { return };
    let (codes, history) = tickets(&ann, 2);
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    opal.expect("/operator/door/scan");

    network(&opal, false);
    scan(&opal, &codes[0]);
    opal.read("Waiting for the network: 1");
    // Somebody is not sure and scans it again; then the next person comes.
    scan(&opal, &codes[0]);
    scan(&opal, &codes[1]);
    opal.read("Waiting for the network: 3");
    assert_eq!(verdicts(&opal), Vec::<String>::new(), "nobody is told anything that is not known");
    network(&opal, true);
    opal.wait("document.querySelectorAll('#results p').length === 3");
    let said = verdicts(&opal);
    assert_eq!((said[0].as_str(), said[2].as_str()), ("Come in", "Come in"), "{said:?}");
    assert!(said[1].starts_with("Already used since"), "{said:?}");
    opal.wait("document.getElementById('waiting').hidden");
    assert_eq!(entries(&opal, &history), 2, "each of them once");
}

#[test]
fn a_scan_whose_answer_is_lost_is_the_same_scan_when_it_is_sent_again() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(opal) = Browser::at(&stage.house) else { return };
    let (codes, history) = tickets(&ann, 3);
    opal.sign_in_with(&stage.key());
    opal.go(DOOR);
    // The house hears it and lets in; its answer does not arrive.
    let lost = "const real = window.fetch; window.lost = 0;
        window.fetch = async (where, what) => { await real(where, what); window.fetch = real;
            window.lost += 1; throw new TypeError('lost'); };";
    opal.run(lost);
    scan(&opal, &codes[0]);
    opal.read("Come in");
    assert_eq!(opal.run("return window.lost"), 1);
    assert_eq!(verdicts(&opal), ["Come in"]);

    // Without its key it would be another scan, and whoever was let in would be turned away.
    opal.run(lost);
    let keyless = "const once = window.fetch; let nth = 0;
        const anew = (inner) => (where, what) => { what.body.set('key', 'scan ' + nth++);
            return inner(where, what); };
        window.fetch = anew(async (where, what) => {
            try { return await once(where, what); } finally { window.fetch = anew(window.fetch); } });";
    opal.run(keyless);
    scan(&opal, &codes[1]);
    opal.wait("document.querySelectorAll('#results p').length === 2");
    assert!(verdicts(&opal)[0].starts_with("Already used since"), "{:?}", verdicts(&opal));

    // What was scanned survives a page that is loaded anew.
    opal.run("window.fetch = async () => { throw new TypeError('gone'); }");
    scan(&opal, &codes[2]);
    opal.read("Waiting for the network: 1");
    opal.reload();
    opal.wait("document.querySelectorAll('#results p').length === 1");
    assert_eq!(verdicts(&opal), ["Come in"]);
    assert_eq!(entries(&opal, &history), 3);
}
