//! Every page, looked at: in both themes, wide and on a phone, with axe-core, and once in Korean.

use crate::browser::Browser;
use crate::outlook::Outlook;
use crate::stage::{BRIEF, DAY, GATED, Stage, TOMORROW, WINTER};

#[test]
fn every_page_of_buyers_shuts_nobody_out() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(mut outlook) = Outlook::of("buyer") else { return };
    ann.expect("/nowhere");
    let mut see = |page: &str, path: &str| {
        ann.go(path);
        outlook.look(&ann, page);
    };
    see("concerts", "/");
    see("no-concert", "/?q=nothing+of+that+name");
    see("concert", "/concerts/concert_1");
    see("countdown", &format!("/shows/{TOMORROW}"));
    see("sign-in", "/sign-in");
    see("sign-up", "/sign-up");
    see("nothing-here", "/nowhere");
    ann.sign_up("Ann", 700_000);

    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    for seat in [12, 13, 14] {
        ann.take(seat);
    }
    outlook.look(&ann, "seats");
    ann.click("#list summary");
    outlook.look(&ann, "seats-list");
    ann.click_through(".basket button.big");
    ann.arrive("/reservations/res_");
    let sold = ann.path();
    outlook.look(&ann, "held");
    ann.click_through("#pay");
    ann.read("Paid. The tickets are yours.");
    outlook.look(&ann, "paid");
    let mut see = |page: &str, path: &str| {
        ann.go(path);
        outlook.look(&ann, page);
    };
    see("tickets", &format!("{sold}/tickets"));
    see("cancel", &format!("{sold}/cancel"));
    see("reservations", "/reservations");
    see("wallet", "/wallet");
    see("payments", "/payments");
    see("tickets-without-seat", &format!("/shows/{DAY}/seats"));
    see("join", &format!("/shows/{GATED}/line"));
    ann.click_through("main form button");
    ann.read("people before you");
    outlook.look(&ann, "line");
    ann.go(&format!("/shows/{BRIEF}/seats"));
    ann.see_map();
    ann.click_through(".best button");
    ann.arrive("/reservations/res_");
    ann.read("The time to pay is over");
    // It says so before it asks the server how things stand: what is looked at is the answer.
    ann.wait("!document.getElementById('hold')");
    outlook.look(&ann, "expired");
    outlook.is_clear();

    // Longer words, and others: nothing falls out of its place.
    let Some(mut outlook) = Outlook::of("korean") else { return };
    ann.go("/language/ko?to=/");
    outlook.look(&ann, "concerts");
    ann.go(&format!("/shows/{WINTER}/seats"));
    ann.see_map();
    outlook.look(&ann, "seats");
    ann.go(&sold);
    outlook.look(&ann, "paid");
    outlook.is_clear();
}

/// One reservation that is paid, one that is held (their pages for operators), and one who waits.
fn something_to_see(ann: &Browser) -> [String; 2] {
    ann.sign_up("Ann <b>Lee</b>", 700_000);
    let made = [("2", true), ("3", false)].map(|(best, pays)| {
        ann.go(&format!("/shows/{WINTER}/seats"));
        ann.see_map();
        ann.choose("[name=best]", best);
        ann.click_through(".best button");
        ann.arrive("/reservations/res_");
        let page = format!("/operator{}", ann.path());
        if pays {
            ann.click_through("#pay");
            ann.read("Paid. The tickets are yours.");
        }
        page
    });
    ann.go(&format!("/shows/{GATED}/line"));
    ann.click_through("main form button");
    ann.read("people before you");
    made
}

#[test]
fn every_page_of_operators_shuts_nobody_out() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(mut outlook) = Outlook::of("operator") else { return };
    let [paid, held] = &something_to_see(&ann);
    ann.expect("/operator");
    ann.go("/operator");
    outlook.look(&ann, "not-signed-in");
    ann.go("/operator/sign-in");
    outlook.look(&ann, "sign-in");
    ann.sign_in_with(&stage.key());
    // The charts have something to show after a while.
    ann.wait("document.querySelectorAll('#charts polyline').length > 3");
    ann.wait("performance.now() > 4000");
    outlook.look(&ann, "live");
    let deeds = [("cancel", paid), ("refund", paid), ("release", held), ("reseat", held)];
    for (deed, of) in deeds {
        ann.go(&format!("{of}/{deed}"));
        outlook.look(&ann, deed);
    }
    ann.go(paid);
    outlook.look(&ann, "reservation");
    ann.click_through("a[href^='/operator/wallets/']");
    ann.arrive("/operator/wallets/buyer_");
    ann.fill("[name=amount]", "12,000");
    ann.fill("[name=why]", "Cash at the <b>office</b>");
    ann.click_through("form[action$='/charge'] button");
    ann.read("Why operators moved money");
    ann.read("₩12,000");
    outlook.look(&ann, "wallet");
    let pages = [
        ("reservations", "/operator/reservations"),
        ("programme", "/operator/concerts"),
        ("concert", "/operator/concerts/concert_1"),
        ("show", "/operator/shows/show_1"),
        ("import", "/operator/import"),
        ("payments", "/operator/payments"),
        ("queues", "/operator/queues"),
        ("door", "/operator/door"),
        ("drill", "/operator/drill"),
        ("log", "/operator/log"),
        ("staff", "/operator/staff"),
        ("webhooks", "/operator/webhooks"),
    ];
    for (page, path) in pages {
        ann.go(path);
        outlook.look(&ann, page);
    }
    assert!(ann.run("return document.querySelector('b') === null") == true);
    ann.go("/operator/webhooks");
    ann.fill("[name=url]", "https://tickets.example/hooks");
    ann.click_through("form[action='/operator/webhooks'] button");
    ann.read("It is shown this once");
    ann.click_through("form[action$='/test'] button");
    ann.read("endpoint.tested");
    outlook.look(&ann, "webhook");
    outlook.is_clear();
}

#[test]
fn who_looks_sees_what_is_wrong() {
    let stage = Stage::set();
    let Some(ann) = Browser::at(&stage.house) else { return };
    let Some(mut outlook) = Outlook::of("spoilt") else { return };
    ann.go("/");
    ann.run(
        "const main = document.querySelector('main');
         const picture = main.appendChild(document.createElement('img'));
         picture.src = '/favicon.ico';
         const wide = main.appendChild(document.createElement('div'));
         wide.style.cssText = 'width:3000px;color:#bbb;background:#fff';
         wide.textContent = 'pale';",
    );
    outlook.look(&ann, "concerts");
    let found = outlook.findings().join("\n");
    for wrong in ["image-alt", "color-contrast", "pixels wider than the window"] {
        assert!(found.contains(wrong), "{wrong}: {found}");
    }
    ann.run("fetch('https://elsewhere.example/').catch(() => {}); setTimeout(() => broken())");
    let port = stage.house.address.rsplit(':').next().unwrap();
    ann.run(&format!("location.href = 'http://localhost:{port}/'"));
    ann.wait("location.hostname === 'localhost' && document.readyState === 'complete'");
    let said = ann.complaints().join("\n");
    for wrong in ["Content Security Policy", "broken is not defined", "asked of others"] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
    ann.expect("localhost");
}
