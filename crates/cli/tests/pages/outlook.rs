//! How a page looks and who is shut out of it: pictures in both themes, wide and on a phone, and
//! what axe-core finds.

use crate::browser::Browser;
use crate::driver::given;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;

/// Name, width, height, theme.
const LOOKS: [(&str, u32, u32, &str); 4] = [
    ("wide-light", 1_280, 900, "light"),
    ("wide-dark", 1_280, 900, "dark"),
    ("phone-light", 390, 844, "light"),
    ("phone-dark", 390, 844, "dark"),
];
/// A picture is cut there: twenty thousand pixels say no more than six.
const HEIGHT_MAX: f64 = 6_000.0;

/// Looks at pages, one after the other.
pub(crate) struct Outlook {
    axe: String,
    /// What was found on all pages.
    findings: Vec<String>,
    /// Part of the name of every picture.
    who: &'static str,
}

impl Outlook {
    /// None where there is no axe-core and none is required.
    pub(crate) fn of(who: &'static str) -> Option<Self> {
        let axe = std::fs::read_to_string(given("ADMITONE_TEST_AXE")?).unwrap();
        Some(Self { axe, findings: Vec::new(), who })
    }

    /// Takes every picture of the page that is shown, and asks who is shut out of it.
    pub(crate) fn look(&mut self, browser: &Browser, page: &str) {
        for (look, width, height, theme) in LOOKS {
            let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                "mobile": look.starts_with("phone") });
            browser.tell("Emulation.setDeviceMetricsOverride", &size);
            let theme = json!([{ "name": "prefers-color-scheme", "value": theme }]);
            browser.tell("Emulation.setEmulatedMedia", &json!({ "features": theme }));
            // Twice: what answers to the new size is drawn in the first.
            let drawn = "const done = arguments[0];
                requestAnimationFrame(() => requestAnimationFrame(() => done()))";
            browser.run_later(drawn, &json!([]));
            self.no_wider_than_the_window(browser, &format!("{page}, {look}"));
            self.ask_axe(browser, &format!("{page}, {look}"));
            photograph(browser, &format!("{}-{page}-{look}", self.who));
        }
        browser.tell("Emulation.clearDeviceMetricsOverride", &json!({}));
        browser.tell("Emulation.setEmulatedMedia", &json!({ "features": [] }));
    }

    /// Nobody has to move a page sideways to read it.
    fn no_wider_than_the_window(&mut self, browser: &Browser, page: &str) {
        let script = "return document.documentElement.scrollWidth - innerWidth";
        let over = browser.run(script).as_i64().unwrap();
        if over > 0 {
            self.findings.push(format!("{page}: {over} pixels wider than the window"));
        }
    }

    fn ask_axe(&mut self, browser: &Browser, page: &str) {
        if browser.run("return !window.axe") == true {
            browser.run(&self.axe);
        }
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] })
                .then((found) => done(found.violations.map((one) => [one.impact, one.id,
                    one.nodes.map((node) => node.target.join(' ') + ': ' + node.failureSummary)])),
                (error) => done(String(error)));";
        let found = browser.run_later(script, &json!([]));
        let found = found.as_array().unwrap_or_else(|| panic!("{page}: {found}"));
        let counts = |one: &&Value| one[0] == "serious" || one[0] == "critical";
        self.findings.extend(found.iter().filter(counts).map(|one| format!("{page}: {one}")));
    }

    /// What was found on all pages must be nothing.
    pub(crate) fn is_clear(&self) {
        assert!(self.findings.is_empty(), "{:#?}", self.findings);
    }

    pub(crate) fn findings(&self) -> &[String] {
        &self.findings
    }
}

/// Keeps a picture of the whole page.
pub(crate) fn photograph(browser: &Browser, name: &str) {
    let layout = browser.tell("Page.getLayoutMetrics", &json!({}));
    let size = &layout["cssContentSize"];
    let height = size["height"].as_f64().unwrap().min(HEIGHT_MAX);
    let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1 });
    let wish = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    let taken = browser.tell("Page.captureScreenshot", &wish);
    let bytes = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join(format!("{name}.png")), bytes).unwrap();
}
