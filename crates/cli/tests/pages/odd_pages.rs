//! The pages of a day on which not everything goes as it should, in both languages: each says what happened
//! and what to do, shuts nobody out, and keeps its words in their places.

use crate::browser::Browser;
use crate::outlook::Outlook;
use crate::process::serve;
use crate::stage::{Stage, concert, rows};
use serde_json::{Value, json};

/// Longer than any title that is good.
const LONG: &str = "The Nineteenth International Festival of Unaccompanied Chamber Music for Bassoon, \
                    Contrabassoon and Donaudampfschifffahrtsgesellschaftskapitänskajütenorgel";

/// Concerts by what they are for.
const LONG_SHOW: &str = "show_1";
const BRIEF: &str = "show_2";
const ONE_SEAT: &str = "show_3";
const GATED: &str = "show_5";
/// So many guesses are too many on the slowest machine.
const GUESSES_MAX: usize = 30;
/// By the page's clock half a minute is left of a hold, for as long as somebody looks.
const NEARLY_OVER: &str = "
    const left = document.getElementById('hold').dataset.expires - window.admitone.now();
    const late = performance.now() + left - 30000;
    performance.now = () => late;";

fn programme() -> Value {
    let small = rows("A", 2, 10, 10_000);
    let long = rows("Parterre, links von der kleinen Orgel", 2, 12, 1_320_000);
    let gate = json!({ "active_max": 5, "mode": "paused", "message": "Doors at seven",
        "poll_ceiling_ms": 3_000 });
    let over = json!({ "ticket_types": [{ "name": "Standing", "price": 1_000, "quantity": 5 }],
        "booking_closes_at": "2021-01-01T00:00:00Z" });
    json!({
        "rooms": [{ "name": "Main entrance", "settings": gate }],
        "concerts": [
            concert(LONG, "contemporary classical", &json!({ "seats": long })),
            concert("Brief Encounter", "jazz", &json!({ "seats": small })),
            concert("One Seat", "solo", &json!({ "seats": rows("A", 1, 1, 10_000) })),
            concert("Over", "past", &over),
            concert("Behind the Gate", "rock", &json!({ "seats": small, "room": "Main entrance" })),
            { "name": "Some Day", "category": "", "venue": "", "shows": [] },
        ],
    })
}

/// Those who are looked at, and what looks.
struct Round<'a> {
    ann: &'a Browser,
    outlook: &'a mut Outlook,
    language: &'a str,
}

impl Round<'_> {
    /// The page as it is.
    fn look(&mut self, page: &str) {
        self.outlook.look(self.ann, &format!("{}-{page}", self.language));
    }

    fn see(&mut self, page: &str, path: &str) {
        self.ann.go(path);
        self.look(page);
    }

    /// Somebody who is signed out: wrong words at the door.
    fn strangers(&mut self) {
        let ann = self.ann;
        self.see("no-account", "/reservations");
        ann.go("/sign-in");
        ann.fill("[name=name]", "Nobody of that name");
        ann.fill("[name=password]", "wrong horse");
        ann.click_through("main form button");
        ann.wait("document.getElementById('wrong')");
        self.look("wrong-password");
        ann.go("/sign-up");
        ann.fill("[name=name]", "Eve");
        ann.fill("[name=password]", "correct horse");
        ann.click_through("main form button");
        ann.wait("document.getElementById('wrong')");
        self.look("name-taken");
        // Eight guesses, and then one in a quarter of a minute: whoever guesses slowly is stopped later.
        ann.go("/sign-in");
        for _ in 0..GUESSES_MAX {
            ann.fill("[name=name]", &format!("guessed {}", self.language));
            ann.fill("[name=password]", "wrong horse");
            ann.click_through("main form button");
            // Of the guess before there is a word on the page as well: what counts is the next page.
            assert_eq!(ann.count("#wrong, main small"), 1, "{}", ann.page());
            if ann.count("main small") > 0 {
                break;
            }
        }
        assert_eq!(ann.text("main small"), "RATE_LIMITED");
        self.look("too-often");
    }

    /// Nothing yet, nothing here, nothing any more.
    fn nothing(&mut self) {
        for (page, path) in [
            ("no-reservations", "/reservations"),
            ("no-payments", "/payments"),
            ("empty-wallet", "/wallet"),
            ("not-found", "/nowhere"),
            ("not-mine", "/reservations/res_999"),
            ("operators-only", "/operator"),
            ("all", "/"),
            ("sale-over", "/concerts/concert_4"),
            ("no-date", "/concerts/concert_6"),
            ("long-concert", "/concerts/concert_1"),
        ] {
            self.see(page, path);
        }
    }

    /// A seat that somebody else has, a wallet that is empty, time that runs out.
    fn losses(&mut self) {
        let ann = self.ann;
        let gone = format!("/shows/{ONE_SEAT}/seats?seat=seat_45&problem=SEAT_TAKEN");
        self.see("all-held", "/concerts/concert_3");
        self.see("lost-the-only-seat", &gone);
        ann.go(&format!("/shows/{LONG_SHOW}/seats"));
        ann.see_map();
        for seat in [3, 4, 5] {
            ann.take(seat);
        }
        self.look("long-seats");
        ann.click_through(".basket button.big");
        ann.arrive("/reservations/res_");
        ann.click_through("#pay");
        ann.wait("document.querySelector('.alert')");
        self.look("no-money");
        ann.click_through("form[action$='/release'] button");
        ann.wait("!document.getElementById('hold')");
        self.look("released");
        ann.go(&format!("/shows/{BRIEF}/seats"));
        ann.see_map();
        ann.click_through(".best button");
        ann.arrive("/reservations/res_");
        ann.run(NEARLY_OVER);
        ann.wait("document.querySelector('dialog[open]')");
        self.look("nearly-over");
        ann.press(&["\u{E00C}"]);
        ann.click_through("form[action$='/release'] button");
        ann.wait("!document.getElementById('hold')");
        self.see("my-tickets", "/reservations");
    }

    /// The line in each of its states.
    fn line(&mut self, stage: &Stage) {
        let ann = self.ann;
        ann.go(&format!("/shows/{GATED}/line"));
        ann.click_through("main form button");
        ann.wait("document.querySelector('[data-near]')");
        self.look("line-paused");
        operator(stage, "resume", self.language);
        ann.wait("document.querySelector('#line .turn')");
        self.look("turn");
        ann.click_through("#line a.button");
        ann.see_map();
        self.look("inside");
        ann.go(&format!("/shows/{GATED}/line"));
        ann.click_through("form[action$='/leave'] button");
        ann.wait("document.querySelector('#line button.big')");
        operator(stage, "close", self.language);
        self.see("line-closed", &format!("/shows/{GATED}/line"));
        operator(stage, "pause", self.language);
    }
}

/// An operator turns the room.
fn operator(stage: &Stage, action: &str, language: &str) {
    let key = format!("Bearer {}", stage.key());
    let what = format!("POST /api/v1/operator/rooms/room_1/actions/{action}");
    // Another wish in each round.
    let wish = format!("{action}-{language}");
    let headers = [("authorization", &*key), ("idempotency-key", &*wish)];
    let turned = stage.house.connect().send(&what, &headers, "");
    assert!(turned.status < 300, "{}", turned.body);
}

#[test]
fn every_page_of_a_bad_day_says_what_to_do() {
    let stage = Stage::run(&programme(), |directory| serve(directory, &[]));
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(eve) = Browser::at(&stage.house) else { return };
    let Some(mut outlook) = Outlook::of("odd") else { return };
    // Each of these answers is what the page is about.
    for page in ["/sign-in", "/sign-up", "/nowhere", "/reservations", "/operator", "/map"] {
        ann.expect(page);
    }
    eve.sign_up("Eve", 0);
    eve.go(&format!("/shows/{ONE_SEAT}/seats"));
    eve.see_map();
    eve.choose("[name=best]", "1");
    eve.click_through(".best button");
    eve.arrive("/reservations/res_");
    for language in ["en", "ko"] {
        ann.go(&format!("/language/{language}?to=/"));
        let mut round = Round { ann: &ann, outlook: &mut outlook, language };
        round.strangers();
        ann.go("/sign-up");
        ann.fill("[name=name]", &format!("Ann {language}"));
        ann.fill("[name=password]", "correct horse");
        ann.click_through("main form button");
        ann.arrive("/");
        ann.wait("document.querySelector('form[action=\"/sign-out\"]')");
        round.nothing();
        round.losses();
        round.line(&stage);
        ann.click_through("form[action='/sign-out'] button");
        ann.wait("!document.querySelector('form[action=\"/sign-out\"]')");
    }
    outlook.is_clear();
}
