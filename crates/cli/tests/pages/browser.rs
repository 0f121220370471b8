//! Somebody at a browser: goes to pages, clicks, types, and looks. What the browser complains of,
//! and what it asks of others than the house, fails the test when it ends.

use crate::driver::Driver;
use crate::process::House;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// Asked so often, with a pause in between: half a minute.
const LOOKS: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);
/// The protocol's name of the field that names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys, as the protocol writes them.
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const RIGHT: &str = "\u{E014}";
pub(crate) const DOWN: &str = "\u{E015}";

/// A browser that is open.
pub(crate) struct Browser {
    driver: Driver,
    house: String,
    /// Parts of complaints that the test expects.
    expected: RefCell<Vec<String>>,
    /// What was taken out of the logs before the end.
    seen: RefCell<Vec<Value>>,
    /// How many pages were marked before they were left.
    left: Cell<u64>,
}

impl Browser {
    /// Opens one; none where there is none and none is required.
    pub(crate) fn at(house: &House) -> Option<Self> {
        Self::at_address(&house.address, &[])
    }

    /// Opens one, with more flags, that is led to an address.
    pub(crate) fn at_address(address: &str, flags: &[&str]) -> Option<Self> {
        let (expected, seen, left) = Default::default();
        let house = format!("http://{address}");
        Some(Self { driver: Driver::start(flags)?, house, expected, seen, left })
    }

    /// A complaint with these words in it is what the test wants.
    pub(crate) fn expect(&self, complaint: &str) {
        self.expected.borrow_mut().push(complaint.to_owned());
    }

    pub(crate) fn go(&self, path: &str) {
        self.driver.post("/url", &json!({ "url": format!("{}{path}", self.house) })).unwrap();
    }

    pub(crate) fn reload(&self) {
        self.driver.post("/refresh", &json!({})).unwrap();
    }

    /// Path and query of the page.
    pub(crate) fn path(&self) -> String {
        let url = self.driver.get("/url").unwrap();
        let url = url.as_str().unwrap();
        url.strip_prefix(&self.house).unwrap_or(url).to_owned()
    }

    /// Waits until the page is this one, or one below it, and all of it is there. Where it may be this one
    /// already, [`Self::click_through`] is what tells the next from it.
    pub(crate) fn arrive(&self, path: &str) {
        wait(&format!("{path} is never shown"), || self.path().starts_with(path), || self.page());
        self.wait("true");
    }

    /// Clicks what leads to another page, and waits until that is there: what can be seen on both pages
    /// is never taken from the one before.
    pub(crate) fn click_through(&self, css: &str) {
        self.leave(|| self.click(css));
    }

    /// Does what leads to another page, and waits until that is there. The page before is marked, each with
    /// a mark of its own: one that is gone back to may come with the mark that it was left with.
    pub(crate) fn leave(&self, how: impl FnOnce()) {
        let mark = self.left.get() + 1;
        self.left.set(mark);
        self.run_with("window.leftAs = arguments[0]", &json!([mark]));
        how();
        self.wait(&format!("window.leftAs !== {mark}"));
    }

    /// Runs a function body in the page; what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.run_with(script, &json!([]))
    }

    pub(crate) fn run_with(&self, script: &str, arguments: &Value) -> Value {
        self.driver.post("/execute/sync", &json!({ "script": script, "args": arguments })).unwrap()
    }

    /// Runs a function body whose last argument is called with what it comes to.
    pub(crate) fn run_later(&self, script: &str, arguments: &Value) -> Value {
        self.driver.post("/execute/async", &json!({ "script": script, "args": arguments })).unwrap()
    }

    /// Waits until an expression is true in a page that is whole: of one that is on its way, everything is
    /// absent.
    pub(crate) fn wait(&self, expression: &str) {
        let script = format!("return document.readyState === 'complete' && Boolean({expression})");
        // A page that is being left has no answer.
        let is_true = || {
            let wish = json!({ "script": script, "args": [] });
            self.driver.post("/execute/sync", &wish).is_ok_and(|found| found == true)
        };
        wait(&format!("never: {expression}"), is_true, || self.page());
    }

    /// Waits until the page says something.
    pub(crate) fn read(&self, words: &str) {
        self.wait(&format!("document.body && document.body.innerText.includes({})", json!(words)));
    }

    /// All that can be read.
    pub(crate) fn page(&self) -> String {
        let text = self.run("return document.body.innerText");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// The text of an element.
    pub(crate) fn text(&self, css: &str) -> String {
        let script = "const at = document.querySelector(arguments[0]); return at && at.textContent";
        let text = self.run_with(script, &json!([css]));
        text.as_str().unwrap_or_else(|| panic!("no {css}: {}", self.page())).trim().to_owned()
    }

    pub(crate) fn count(&self, css: &str) -> u64 {
        let script = "return document.querySelectorAll(arguments[0]).length";
        self.run_with(script, &json!([css])).as_u64().unwrap()
    }

    pub(crate) fn click(&self, css: &str) {
        self.on(css, "click", &json!({}));
    }

    /// Types into an empty field.
    pub(crate) fn fill(&self, css: &str, text: &str) {
        self.on(css, "clear", &json!({}));
        self.on(css, "value", &json!({ "text": text }));
    }

    /// Chooses in a list, by what the choice says at its beginning.
    pub(crate) fn choose(&self, css: &str, begins: &str) {
        let script = "const [css, begins] = arguments; const list = document.querySelector(css);
            const one = [...list.options].find((one) => one.text.trim().startsWith(begins));
            list.value = one.value; list.dispatchEvent(new Event('change', { bubbles: true }));";
        self.run_with(script, &json!([css, begins]));
    }

    /// Does something with an element, as soon as it is there and can be used.
    fn on(&self, css: &str, what: &str, wish: &Value) {
        let last = RefCell::new(String::new());
        let done = || {
            let found = json!({ "using": "css selector", "value": css });
            let done = self.driver.post("/element", &found).and_then(|element| {
                let id = element[ELEMENT].as_str().unwrap_or_default().to_owned();
                self.driver.post(&format!("/element/{id}/{what}"), wish)
            });
            let why = done.as_ref().err().map(ToString::to_string);
            if let Some(why) = why {
                *last.borrow_mut() = why;
            }
            done.is_ok()
        };
        let seen = || format!("{}\n{}", last.borrow(), self.page());
        wait(&format!("{what}: {css}"), done, seen);
    }

    /// Presses keys, one after the other, where the focus is.
    pub(crate) fn press(&self, keys: &[&str]) {
        let stroke = |key: &&str| {
            [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })]
        };
        let strokes: Vec<Value> = keys.iter().flat_map(stroke).collect();
        let board = json!({ "type": "key", "id": "keys", "actions": strokes });
        self.driver.post("/actions", &json!({ "actions": [board] })).unwrap();
    }

    /// Clicks at a point of the window.
    pub(crate) fn click_at(&self, x: i64, y: i64) {
        let moves = json!([
            { "type": "pointerMove", "duration": 0, "x": x, "y": y },
            { "type": "pointerDown", "button": 0 },
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": moves });
        self.driver.post("/actions", &json!({ "actions": [mouse] })).unwrap();
    }

    /// Drags the mouse from one point of the window to another, by way of the middle.
    pub(crate) fn drag(&self, (x, y): (i64, i64), (to_x, to_y): (i64, i64)) {
        let go = |x: i64, y: i64| json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y });
        let moves = json!([
            go(x, y),
            { "type": "pointerDown", "button": 0 },
            go(i64::midpoint(x, to_x), i64::midpoint(y, to_y)),
            go(to_x, to_y),
            { "type": "pointerUp", "button": 0 },
        ]);
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": moves });
        self.driver.post("/actions", &json!({ "actions": [mouse] })).unwrap();
    }

    /// Opens a second tab and looks at it; the name of the first.
    pub(crate) fn open_tab(&self) -> Value {
        let first = self.driver.get("/window").unwrap();
        let opened = self.driver.post("/window/new", &json!({ "type": "tab" })).unwrap();
        self.look_at(&opened["handle"]);
        first
    }

    pub(crate) fn look_at(&self, tab: &Value) {
        self.driver.post("/window", &json!({ "handle": tab })).unwrap();
    }

    /// Says something to the browser in its own protocol.
    pub(crate) fn tell(&self, command: &str, parameters: &Value) -> Value {
        self.driver.tell(command, parameters)
    }

    /// What the network did since it was asked last: method and parameters of each event.
    pub(crate) fn network(&self) -> Vec<Value> {
        let log = self.driver.post("/se/log", &json!({ "type": "performance" })).unwrap();
        let events = log.as_array().unwrap().iter().filter_map(|entry| {
            let event: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            Some(event["message"].clone())
        });
        let events: Vec<Value> = events.collect();
        self.seen.borrow_mut().extend(events.iter().cloned());
        events
    }

    /// What is wrong: words of the browser, and what it asked of somebody else.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.network();
        let log = self.driver.post("/se/log", &json!({ "type": "browser" })).unwrap();
        let entries = log.as_array().unwrap().iter();
        let mut all: Vec<String> = entries
            .filter(|entry| entry["level"] != "INFO" && entry["level"] != "DEBUG")
            .map(|entry| format!("{}: {}", entry["source"], entry["message"]))
            .collect();
        for event in self.seen.borrow().iter() {
            let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
            let is_ours = url.starts_with(&self.house)
                || ["data:", "blob:", "about:"].iter().any(|own| url.starts_with(own));
            if event["method"] == "Network.requestWillBeSent" && !is_ours {
                all.push(format!("asked of others: {url}"));
            }
        }
        let expected = self.expected.borrow();
        all.retain(|said| !expected.iter().any(|part| said.contains(part)));
        all
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let complaints = self.complaints();
            assert!(complaints.is_empty(), "the browser complains: {complaints:#?}");
        }
    }
}

/// Waits until something is so; what is to be seen is said when it never is.
fn wait(what: &str, mut is_so: impl FnMut() -> bool, seen: impl Fn() -> String) {
    for _ in 0..LOOKS {
        if is_so() {
            return;
        }
        std::thread::sleep(PAUSE);
    }
    panic!("{what}; the page says:\n{}", seen());
}
