//! The road with the keyboard alone: no click from the list to the ticket.

use crate::browser::{Browser, DOWN, ENTER, RIGHT, TAB};
use crate::stage::{Stage, WINTER};
use serde_json::json;

/// More steps than any page has.
const STEPS_MAX: usize = 120;

impl Browser {
    /// Goes on with the tab key until something is in focus; it must be seen to be.
    fn tab_to(&self, css: &str) {
        for _ in 0..STEPS_MAX {
            self.press(&[TAB]);
            let script = "return document.activeElement.matches(arguments[0])";
            if self.run_with(script, &json!([css])) == true {
                let seen = "const style = getComputedStyle(document.activeElement);
                    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2";
                assert!(self.run(seen) == true, "nobody sees that {css} is in focus");
                return;
            }
        }
        panic!("the keyboard never comes to {css}: {}", self.page());
    }

    fn enter(&self, css: &str) {
        self.tab_to(css);
        self.press(&[ENTER]);
    }
}

#[test]
fn somebody_without_a_mouse_buys_a_seat() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.go("/sign-up");
    ann.tab_to("[name=name]");
    ann.press(&["A", "n", "n"]);
    ann.tab_to("[name=password]");
    ann.press(&["l", "o", "n", "g", "w", "o", "r", "d"]);
    ann.press(&[ENTER]);
    ann.read("My tickets");

    ann.go("/");
    ann.press(&[TAB]);
    assert_eq!(ann.run("return document.activeElement.className"), "skip", "the way past the menu");
    ann.enter("a.cover[href$=concert_1]");
    ann.arrive("/concerts/concert_1");
    ann.enter(".dates form button");
    ann.arrive(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    ann.tab_to("#canvas");
    ann.press(&[DOWN, RIGHT, RIGHT, DOWN]);
    assert_eq!(ann.text("#seat-said"), "Section R, row 2, seat 3, ₩132,000, available");
    ann.press(&[ENTER]);
    assert_eq!(ann.text("#seat-said"), "Section R, row 2, seat 3, ₩132,000, chosen by you");
    ann.press(&[RIGHT, " "]);
    assert_eq!(ann.chosen(), ["seat_23", "seat_24"]);
    ann.enter(".basket button.big");
    ann.arrive("/reservations/res_");
    ann.enter("#charge");
    ann.wait("document.querySelector('#charge') === null && document.querySelector('#pay')");
    ann.enter("#pay");
    ann.read("Paid. The tickets are yours.");
    ann.enter("a.button.big");
    ann.wait("document.querySelectorAll('svg.qr').length === 2");
    drop(ann);
    stage.strike();
}
