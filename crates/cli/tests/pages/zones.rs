//! Times of the venue and of the visitor: which comes first is switched and remembered.

use crate::browser::Browser;
use crate::outlook::Outlook;
use crate::stage::Stage;
use serde_json::json;

const AT_THE_VENUE: &str = "Fri 30 Jan 2099, 19:00 (your time: Jan 30, 2099, 11:00";

#[test]
fn whoever_is_elsewhere_says_whose_time_comes_first() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Europe/Berlin" }));
    ann.go("/concerts/concert_1");
    ann.read(AT_THE_VENUE);
    let pressed = |ann: &Browser| ann.text("#zones [aria-pressed=true]");
    assert_eq!(pressed(&ann), "of the venue first");
    ann.click("#zones [value=mine]");
    assert_eq!(pressed(&ann), "mine first (Europe/Berlin)");
    let time = ann.text("time[data-here]");
    assert!(time.starts_with("Jan 30, 2099, 11:00"), "{time}");
    ann.read("(at the venue: Fri 30 Jan 2099, 19:00)");

    if let Some(mut outlook) = Outlook::of("zones") {
        outlook.look(&ann, "mine");
        outlook.is_clear();
    }

    // On the next page, and tomorrow, it is as it was chosen.
    ann.go("/concerts/concert_2");
    ann.go("/");
    ann.read("(at the venue: Fri 30 Jan 2099, 19:00)");
    assert_eq!(pressed(&ann), "mine first (Europe/Berlin)");
    ann.click("#zones [value=hall]");
    ann.read(AT_THE_VENUE);
    ann.reload();
    ann.read(AT_THE_VENUE);

    // In Korean as well, and who is at the venue has one time and no switch.
    ann.go("/language/ko?to=/");
    ann.click("#zones [value=mine]");
    ann.read("(공연장 시각: 2099년 1월 30일 (금) 19:00)");
    ann.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Asia/Seoul" }));
    ann.reload();
    assert_eq!(ann.count("#zones:not([hidden])"), 0);
    assert!(!ann.page().contains("공연장 시각"), "{}", ann.page());
}

#[test]
fn a_browser_that_may_remember_nothing_or_runs_no_script_shows_the_time_of_the_venue() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.tell("Emulation.setTimezoneOverride", &json!({ "timezoneId": "Europe/Berlin" }));
    let forbidden = "Object.defineProperty(window, 'localStorage', {
        get() { throw new DOMException('not allowed', 'SecurityError'); } });";
    let added = ann.tell("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": forbidden }));
    ann.go("/");
    ann.read(AT_THE_VENUE);
    ann.click("#zones [value=mine]");
    ann.read("(at the venue: Fri 30 Jan 2099, 19:00)");
    ann.reload();
    ann.read(AT_THE_VENUE);
    ann.tell("Page.removeScriptToEvaluateOnNewDocument", &added);
    ann.tell("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    ann.go("/");
    ann.read("Fri 30 Jan 2099, 19:00");
    assert!(!ann.page().contains("your time"), "{}", ann.page());
    assert_eq!(ann.count("#zones:not([hidden])"), 0, "nothing is offered that does nothing");
}
