//! The protocol by which a browser is driven: JSON over HTTP to a chromedriver, one session for
//! each browser.

use crate::process::Connection;
use serde_json::{Value, json};

const VARIABLE: &str = "ADMITONE_TEST_CHROMIUM";
/// What every browser is started with.
const FLAGS: [&str; 12] = [
    "--headless=new",
    // It sees no page but ours, and its own walls do not stand where tests run as root.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--hide-scrollbars",
    "--lang=en",
    "--window-size=1280,900",
];

/// The session of one browser. Dropped, the browser ends.
pub(crate) struct Driver {
    address: String,
    session: String,
}

/// What the browser could not do, in its words.
pub(crate) type Trouble = String;

impl Driver {
    /// Starts a browser with more flags; none where there is none and none is required.
    pub(crate) fn start(more: &[&str]) -> Option<Self> {
        let address = given(VARIABLE)?;
        let flags = [&FLAGS[..], more].concat();
        let options = json!({ "args": flags });
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        let wish = json!({
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": logs,
            "timeouts": { "script": 20_000, "pageLoad": 20_000 },
        });
        let wish = json!({ "capabilities": { "alwaysMatch": wish } });
        let begun = ask(&address, "POST /session", &wish).unwrap();
        let session = begun["sessionId"].as_str().unwrap().to_owned();
        Some(Self { address, session })
    }

    /// Has the browser do something.
    pub(crate) fn post(&self, what: &str, wish: &Value) -> Result<Value, Trouble> {
        ask(&self.address, &format!("POST /session/{}{what}", self.session), wish)
    }

    pub(crate) fn get(&self, what: &str) -> Result<Value, Trouble> {
        ask(&self.address, &format!("GET /session/{}{what}", self.session), &Value::Null)
    }

    /// Says something to the browser in its own protocol.
    pub(crate) fn tell(&self, command: &str, parameters: &Value) -> Value {
        let wish = json!({ "cmd": command, "params": parameters });
        self.post("/goog/cdp/execute", &wish).unwrap()
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = ask(&self.address, &format!("DELETE /session/{}", self.session), &Value::Null);
    }
}

/// What a variable says; nothing where it is not set and the tests may do without.
pub(crate) fn given(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok();
    if found.is_none() {
        let is_required =
            ["ADMITONE_TEST_REQUIRED", "CI"].iter().any(|name| std::env::var_os(name).is_some());
        assert!(!is_required, "{variable} is not set");
        say_not_run(variable);
    }
    found
}

#[expect(clippy::print_stdout, reason = "whoever runs tests must see what was not tested")]
fn say_not_run(variable: &str) {
    println!("NOT RUN: {variable} is not set");
}

/// One request on a connection of its own: a slow browser keeps nobody else waiting.
fn ask(address: &str, what: &str, wish: &Value) -> Result<Value, Trouble> {
    let body = if wish.is_null() { String::new() } else { wish.to_string() };
    let headers = [("content-type", "application/json; charset=utf-8")];
    let mut connection = Connection::try_to(address).unwrap();
    let answer = connection.send(what, &headers, &body);
    let mut said = answer.json();
    let value = said["value"].take();
    if answer.status == 200 {
        return Ok(value);
    }
    Err(format!("{}: {}", value["error"], value["message"]))
}
