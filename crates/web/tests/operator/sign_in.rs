//! Who comes in, who does not, and how a session ends.

use crate::browser::{Browser, Form};
use crate::house::{House, KEY};
use admitone_domain::party::Operator;
use axum::http::StatusCode;

/// Every page, and every form, that only operators may see and post.
const PAGES: [&str; 19] = [
    "/operator",
    "/operator/live/part",
    "/operator/reservations",
    "/operator/reservations.csv",
    "/operator/reservations/res_1",
    "/operator/reservations/res_1/cancel",
    "/operator/concerts",
    "/operator/concerts/concert_1",
    "/operator/shows/show_1",
    "/operator/import",
    "/operator/payments",
    "/operator/queues",
    "/operator/door",
    "/operator/log",
    "/operator/staff",
    "/operator/webhooks",
    "/operator/webhooks/endpoint_1",
    "/operator/drill",
    "/operator/drill/drill_1",
];
const FORMS: [&str; 30] = [
    "/operator/rooms",
    "/operator/rooms/room_1/pause",
    "/operator/rooms/room_1/dial",
    "/operator/reservations/res_1/release",
    "/operator/reservations/res_1/cancel",
    "/operator/reservations/res_1/refund",
    "/operator/reservations/res_1/resend",
    "/operator/concerts",
    "/operator/concerts/concert_1",
    "/operator/concerts/concert_1/shows",
    "/operator/import",
    "/operator/shows/show_1",
    "/operator/shows/show_1/seats",
    "/operator/shows/show_1/seats/change",
    "/operator/shows/show_1/types",
    "/operator/types/type_1",
    "/operator/payments/pay_1/requery",
    "/operator/payments/pay_1/reacquire",
    "/operator/payments/pay_1/refund",
    "/operator/queues",
    "/operator/door",
    "/operator/door/scan",
    "/operator/staff",
    "/operator/staff/op_1/refuse",
    "/operator/webhooks",
    "/operator/webhooks/endpoint_1",
    "/operator/webhooks/endpoint_1/test",
    "/operator/webhooks/endpoint_1/messages/1",
    "/operator/drill",
    "/operator/drill/drill_1/stop",
];

#[tokio::test]
async fn nobody_and_no_buyer_sees_or_does_anything() {
    let house = House::open().await;
    for (mut browser, status) in
        [(house.nobody(), StatusCode::UNAUTHORIZED), (house.buyer().await, StatusCode::FORBIDDEN)]
    {
        for page in PAGES {
            let answer = browser.get(page).await;
            assert_eq!(answer.status, status, "{page}");
            assert!(answer.has("This is a page for operators"), "{}", answer.body);
            assert!(answer.has("/operator/sign-in?to="), "{}", answer.body);
        }
        let token = token(&mut browser, "/operator/sign-in").await;
        for action in FORMS {
            let answer = browser.post(&form(action, &token)).await;
            assert_eq!(answer.status, status, "{action}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_form_with_a_forged_token_is_refused() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let mut other = house.staff().await;
    let foreign = token(&mut other, "/operator").await;
    for action in FORMS.into_iter().chain(["/operator/sign-out"]) {
        for token in ["", "AAAA", &foreign] {
            let answer = opal.post(&form(action, token)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{action}: {}", answer.body);
            assert!(answer.has("This page was too old"), "{}", answer.body);
        }
    }
    assert_eq!(opal.get("/operator").await.status, StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn a_form_that_another_site_posts_is_refused() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let good = opal.form("/operator", "/operator/sign-out").await;
    opal.headers = vec![("sec-fetch-site", "cross-site".into())];
    assert_eq!(opal.post(&good).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_key_opens_a_session_that_no_script_reads_and_that_ends_by_itself() {
    let house = House::open().await;
    let mut browser = house.nobody();
    browser.headers = vec![("x-forwarded-proto", "https".into())];
    let refused = browser.get("/operator").await;
    let path = "/operator/sign-in?to=%2Foperator";
    assert!(refused.has(path), "{}", refused.body);
    let form = browser.form(path, "/operator/sign-in").await;
    let wrong = browser.post(&form.clone().with("key", "amo_guessed")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.has("no key of an operator") && wrong.set_cookies.is_empty());
    let right = browser.post(&form.with("key", KEY)).await;
    assert_eq!((right.status, right.location.as_str()), (StatusCode::SEE_OTHER, "/operator"));
    let cookie = right.set_cookies.iter().find(|cookie| cookie.starts_with("staff=")).unwrap();
    for part in ["HttpOnly", "SameSite=", "Secure", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(browser.get("/operator").await.status, StatusCode::OK);
    house.clock.advance_ms(12 * 3_600 * 1_000);
    assert_eq!(browser.get("/operator").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_signs_out_or_whose_key_is_refused_is_no_operator_any_more() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    let form = opal.form("/operator", "/operator/sign-out").await;
    assert_eq!(opal.post(&form).await.location, "/operator/sign-in");
    assert_eq!(opal.get("/operator").await.status, StatusCode::UNAUTHORIZED);

    let mut opal = house.staff().await;
    assert_eq!(opal.get("/operator").await.status, StatusCode::OK);
    let known = house.operator().await;
    house.save_operator(Operator { disabled: true, ..known }).await;
    assert_eq!(opal.get("/operator").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_signs_in_is_sent_to_no_other_house() {
    let house = House::open().await;
    for to in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2Fwallet"] {
        let mut browser = house.nobody();
        let page = format!("/operator/sign-in?to={to}");
        let form = browser.form(&page, "/operator/sign-in").await;
        assert_eq!(browser.post(&form.with("key", KEY)).await.location, "/operator", "{to}");
    }
}

fn form(action: &str, token: &str) -> Form {
    let fields = vec![("form_token".to_owned(), token.to_owned())];
    Form { action: action.to_owned(), fields }
}

/// A token that is good for this browser.
async fn token(browser: &mut Browser, page: &str) -> String {
    let answer = browser.get(page).await;
    let rest = answer.body.split_once("name=\"form_token\" value=\"").unwrap().1;
    rest.split('"').next().unwrap().to_owned()
}
