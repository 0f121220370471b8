//! The road of a buyer without scripts, and what protects whoever goes it: cookies that no script reads,
//! pages that run nothing of their own, addresses that give nothing away.

use crate::browser::{Answer, Browser};
use crate::house::House;
use axum::http::StatusCode;

const SEATS: &str = "/shows/show_1/seats";

/// Signs up, charges the wallet, holds two seats, pays, and looks at everything on the way; each page
/// with its address.
async fn road(browser: &mut Browser) -> Vec<(String, Answer)> {
    let mut seen = Vec::new();
    for path in ["/", "/?q=winter&price=5000", "/concerts/concert_1", "/sign-in", "/sign-up"] {
        seen.push((path.to_owned(), browser.get(path).await));
    }
    let form = browser.form("/sign-up", "/sign-up").await;
    let form = form.with("name", "Dora").with("password", "a long password");
    seen.push(("POST /sign-up".into(), browser.post(&form).await));
    let form = browser.form("/wallet", "/wallet/charge").await.with("amount", "5000");
    seen.push(("POST /wallet/charge".into(), browser.post(&form).await));
    let form = browser.form(SEATS, "/shows/show_1/hold").await;
    let held = browser.post(&form.with("how", "items").with("seat", "seat_2")).await;
    let reservation = held.location.clone();
    seen.push(("POST hold".into(), held));
    let page = browser.get(&reservation).await;
    let pay = page.form(&format!("{reservation}/pay"));
    seen.push((reservation.clone(), page));
    seen.push(("POST pay".into(), browser.post(&pay).await));
    for path in [
        SEATS.to_owned(),
        reservation.clone(),
        format!("{reservation}/tickets"),
        format!("{reservation}/cancel"),
        "/reservations".into(),
        "/wallet".into(),
        "/payments".into(),
        "/nowhere".into(),
    ] {
        let page = browser.get(&path).await;
        seen.push((path, page));
    }
    seen
}

/// What stands in an attribute, everywhere on a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    page.split(&begin).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[tokio::test]
async fn cookies_are_read_by_no_script_and_come_back_from_no_other_site() {
    for (scheme, is_secure) in [("https", true), ("http", false)] {
        let house = House::without_a_line().await;
        let mut dora = house.nobody();
        dora.headers = vec![("x-forwarded-proto", scheme.into())];
        let cookies: Vec<String> =
            road(&mut dora).await.into_iter().flat_map(|(_, page)| page.set_cookies).collect();
        for name in ["visit=", "session="] {
            assert!(cookies.iter().any(|cookie| cookie.starts_with(name)), "{name}: {cookies:?}");
        }
        for cookie in &cookies {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite="), "{cookie}");
            assert_eq!(cookie.contains("Secure"), is_secure, "{cookie}");
        }
    }
}

#[tokio::test]
async fn no_page_runs_or_shows_anything_that_is_not_a_file_of_this_house() {
    let house = House::without_a_line().await;
    for (path, page) in road(&mut house.nobody()).await {
        assert!(page.policy.starts_with("default-src 'none'"), "{path}: {}", page.policy);
        assert!(!page.policy.contains("unsafe"), "{path}: {}", page.policy);
        let body = &page.body;
        assert_eq!(
            body.matches("<script").count(),
            body.matches("<script src=\"/").count(),
            "{path}"
        );
        assert!(!body.contains("<style") && attributes(body, "style").is_empty(), "{path}: {body}");
        for event in ["onclick", "onload", "onerror", "onsubmit", "onchange"] {
            assert_eq!(attributes(body, event), Vec::<&str>::new(), "{path}");
        }
        for name in ["src", "href", "action"] {
            let mut elsewhere = attributes(body, name);
            let is_here = |to: &&str| to.starts_with('/') || to.starts_with('#');
            // Whoever pays at the bank goes there, and nobody else.
            elsewhere.retain(|to| !is_here(to) && !to.starts_with("https://bank.example/"));
            assert_eq!(elsewhere, Vec::<&str>::new(), "{path}");
        }
    }
}

#[tokio::test]
async fn no_address_gives_a_cookie_or_the_token_of_a_form_away() {
    let house = House::without_a_line().await;
    let mut dora = house.nobody();
    let seen = road(&mut dora).await;
    let mut secrets: Vec<String> = dora.cookies().values().cloned().collect();
    for (_, page) in &seen {
        let tokens = page.body.split("name=\"form_token\" value=\"").skip(1);
        secrets.extend(tokens.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    secrets.retain(|secret| secret.len() > 8);
    secrets.sort_unstable();
    secrets.dedup();
    assert!(secrets.len() >= 3, "a visit, a session, a form: {secrets:?}");
    for (path, page) in &seen {
        let addresses =
            ["href", "src", "action", "formaction"].map(|name| attributes(&page.body, name));
        let addresses = addresses.into_iter().flatten().chain([page.location.as_str()]);
        for address in addresses {
            let given = secrets.iter().find(|secret| address.contains(secret.as_str()));
            assert_eq!(given, None, "{path}: {address}");
        }
    }
}

#[tokio::test]
async fn tickets_without_a_seat_are_held_as_many_as_were_chosen() {
    let house = House::without_a_line().await;
    let mut ann = house.as_ann();
    let form = ann.form(SEATS, "/shows/show_1/hold").await;
    let held = ann.post_and_follow(&form.with("how", "items").with("type_1", "3")).await;
    assert_eq!(held.body.matches("<td>Standing").count(), 3, "{}", held.body);
    assert!(held.has("₩900"), "{}", held.body);
}

#[tokio::test]
async fn who_hears_the_page_is_told_minutes_and_no_ticking_clock() {
    let house = House::without_a_line().await;
    let id = house.hold(&[1]).await;
    let page = house.as_ann().get(&format!("/reservations/{id}")).await;
    let clock = page.body.split_once("id=\"clock\"").unwrap().1;
    assert!(clock.split('>').next().unwrap().contains("aria-hidden=\"true\""), "{}", page.body);
    let said = page.body.split_once("id=\"hold-said\"").unwrap().1;
    assert!(said.split('>').next().unwrap().contains("role=\"status\""), "{}", page.body);
    let said = said.split_once('>').unwrap().1.split('<').next().unwrap();
    assert!(said.contains('5') && !said.contains(':'), "minutes alone: {said}");
}

#[tokio::test]
async fn in_a_demonstration_nobody_is_asked_for_a_password() {
    let house = House::demonstration().await;
    let mut guest = house.nobody();
    let first = guest.get("/reservations").await;
    assert_eq!((first.status, first.location.as_str()), (StatusCode::SEE_OTHER, "/reservations"));
    for path in ["/reservations", "/wallet", SEATS, "/"] {
        let page = guest.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.body);
        assert!(!page.has("type=\"password\""), "{path}: {}", page.body);
    }
    // Elsewhere it is asked for.
    let house = House::open().await;
    let asked = house.nobody().get("/reservations").await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(house.nobody().get("/sign-in").await.has("type=\"password\""));
}

#[tokio::test]
async fn the_map_says_until_when_spaces_are_kept() {
    let programme = |kept: &str| {
        format!(
            r#"{{ "concerts": [{{ "name": "For all", "category": "folk", "shows": [{{
                "opens_at": "2026-12-24T19:00:00Z", "closes_at": "2026-12-24T22:00:00Z",
                "booking_opens_at": "2026-11-01T00:00:00Z", "booking_closes_at": "2026-12-24T18:00:00Z",
                {kept} "seats": [{{ "section": "A", "row": "1", "numbers": [1, 2], "price": 1000,
                "attribute": "wheelchair" }}] }}] }}] }}"#
        )
    };
    for (kept, said) in [
        (r#""kept_until": "2026-12-01T00:00:00Z","#, Some("\"kept_until\":1796083200000,")),
        ("", None),
    ] {
        let house = House::of(&programme(kept)).await;
        let map = house.as_ann().get("/shows/show_1/map").await;
        assert!(map.has("\"signs\":\"ww\""), "{}", map.body);
        assert_eq!(map.has("kept_until"), said.is_some(), "{}", map.body);
        assert!(map.has(said.unwrap_or_default()), "{}", map.body);
    }
}
