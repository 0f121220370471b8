//! What people do with browsers: click twice, go back, and open a second tab.

use crate::browser::Browser;
use crate::stage::{Stage, WINTER};
use serde_json::json;

/// How many reservations the list has.
fn reservations(ann: &Browser) -> u64 {
    ann.go("/reservations");
    ann.count("ul.dates li")
}

fn seats(ann: &Browser) {
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
}

/// Posts the form of the page so often at once, as it is or each time as another wish, and ends when all are
/// answered.
const POSTS: &str = "const [css, how, anew, done] = arguments, form = document.querySelector(css);
    const wish = (nth) => { const body = new URLSearchParams(new FormData(form));
        if (how) body.set('how', how); if (anew) body.set('key', 'wish ' + nth);
        return fetch(form.action, { method: 'POST', body }).then((answer) => answer.url); };
    Promise.all([wish(1), wish(2), wish(3)]).then(done);";

#[test]
fn who_clicks_twice_holds_and_pays_once() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 700_000);
    seats(&ann);
    ann.run(
        "const button = document.querySelector('.best button');
         button.click(); button.click(); button.click();",
    );
    ann.arrive("/reservations/res_");
    let first = ann.path();
    assert_eq!(reservations(&ann), 1, "the page posts once");

    // Where no script stands in front, the house does: the form has a key of its own.
    seats(&ann);
    let ended = ann.run_later(POSTS, &json!(["#choice", "best", false]));
    assert!((1..3).all(|nth| ended[nth] == ended[0]), "{ended}");
    assert_eq!(reservations(&ann), 2, "three posts of one form");
    // Without that key each would hold seats of its own.
    seats(&ann);
    let ended = ann.run_later(POSTS, &json!(["#choice", "best", true]));
    assert!(ended[0] != ended[1], "{ended}");
    assert_eq!(reservations(&ann), 5);

    ann.go(&first);
    ann.run_later(POSTS, &json!(["form[action$='/pay']", "", false]));
    ann.go("/payments");
    assert_eq!(ann.count("tbody tr"), 1, "paid once");
    drop(ann);
    stage.strike();
}

#[test]
fn who_goes_back_or_has_two_tabs_sees_how_things_stand() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    ann.sign_up("Ann", 700_000);
    seats(&ann);
    for seat in [5, 6] {
        ann.take(seat);
    }
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    let held = ann.path();

    // Back where they were chosen, they are held: the map says so, and the same form holds nothing more.
    ann.leave(|| drop(ann.run("history.back()")));
    ann.arrive(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    let mark = "document.getElementById('map').seats().filter((one) => one.mark === 'h').length";
    ann.wait(&format!("{mark} === 2"));
    ann.go(&held);

    // The second tab pays; the first, which does not know, is told and pays nothing more.
    let first = ann.open_tab();
    ann.go(&held);
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    ann.look_at(&first);
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    assert_eq!(ann.count("#pay"), 0);
    // Back on the page from which it was paid there is nothing to pay.
    ann.leave(|| drop(ann.run("history.back()")));
    ann.go("/payments");
    assert_eq!(ann.count("tbody tr"), 1, "paid once");
    drop(ann);
    stage.strike();
}
