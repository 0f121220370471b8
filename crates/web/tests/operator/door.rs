//! The door: a ticket lets in once, whoever types or scans it how often.

use crate::browser::{Browser, Form};
use crate::house::House;
use admitone_domain::command::Cancel;
use admitone_domain::id::ReservationId;
use admitone_domain::{Action, Actor};
use axum::http::StatusCode;

const DOOR: &str = "/operator/door";
const SCAN: &str = "/operator/door/scan";

/// The codes as the buyer's page shows them.
pub(crate) async fn codes(house: &House, id: ReservationId) -> Vec<String> {
    let mut ann = house.as_ann();
    let page = ann.get(&format!("/reservations/{id}/tickets")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let found = page.body.split("<p class=\"code\">").skip(1);
    found.map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

async fn form(opal: &mut Browser, code: &str) -> Form {
    opal.form(DOOR, DOOR).await.with("code", code)
}

#[tokio::test]
async fn a_typed_code_lets_in_once_and_says_since_when_it_is_used() {
    let house = House::open().await;
    let id = house.buy(&[1, 2]).await;
    let codes = codes(&house, id).await;
    let mut opal = house.staff().await;
    let first = form(&mut opal, &codes[0].to_lowercase().replace('-', " ")).await;
    let come = opal.post(&first).await;
    assert_eq!(come.status, StatusCode::OK, "{}", come.body);
    assert!(come.has("✓ Come in") && come.has("Section A, row 1, seat 1"), "{}", come.body);

    house.clock.advance_ms(60_000);
    let second = form(&mut opal, &codes[0]).await;
    let used = opal.post(&second).await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    // In the zone of the hall.
    assert!(used.has("Already used since Thu 26 Nov 2026, 11:00"), "{}", used.body);
    let other = form(&mut opal, &codes[1]).await;
    assert!(opal.post(&other).await.has("✓ Come in"), "the other ticket is another one");

    let told = opal.get(&format!("/operator/reservations/{id}")).await;
    assert!(told.has("item 1 was let in at the door"), "{}", told.body);
    assert!(told.has("Opal &#60;the operator&#62; (op_1)"), "{}", told.body);
}

#[tokio::test]
async fn what_was_scanned_and_sent_again_is_one_scan() {
    let house = House::open().await;
    let id = house.buy(&[1]).await;
    let code = codes(&house, id).await.remove(0);
    let mut opal = house.staff().await;
    let typed = form(&mut opal, &code).await;
    let scan = Form { action: SCAN.into(), ..typed };
    for _ in 0..2 {
        let part = opal.post(&scan).await;
        assert!(part.has("Come in") && part.has("data-in=\"true\""), "{}", part.body);
        assert!(!part.has("<html"), "the part alone: {}", part.body);
    }
    let another = opal.post(&scan.with("key", "another")).await;
    assert!(another.has("Already used") && another.has("data-in=\"false\""), "{}", another.body);
}

#[tokio::test]
async fn what_is_no_ticket_or_none_any_more_lets_nobody_in() {
    let house = House::open().await;
    let id = house.buy(&[1]).await;
    let code = codes(&house, id).await.remove(0);
    let mut opal = house.staff().await;
    for forged in ["", "<script>alert(1)</script>", "ticket_1_0", &code.replace('-', "A")] {
        let answer = form(&mut opal, forged).await;
        let answer = opal.post(&answer).await;
        assert!(answer.has("no ticket of this house"), "{forged}: {}", answer.body);
        assert!(!answer.has("<script>alert"), "{}", answer.body);
    }
    let elsewhere = form(&mut opal, &code).await.with("show", "show_2");
    assert!(opal.post(&elsewhere).await.has("A ticket of another show"));

    let cancel = Cancel { reservation: id, items: None };
    house.submit(Actor::Buyer(house.ann), Action::Cancel(cancel)).await;
    let gone = form(&mut opal, &code).await;
    assert!(opal.post(&gone).await.has("Not valid"), "it was given back");
}

#[tokio::test]
async fn who_came_in_does_not_get_the_money_back() {
    let house = House::open().await;
    let id = house.buy(&[1, 2]).await;
    let code = codes(&house, id).await.remove(0);
    let mut opal = house.staff().await;
    let scan = form(&mut opal, &code).await;
    opal.post(&scan).await;
    let mut ann = house.as_ann();
    let cancel = format!("/reservations/{id}/cancel");
    let form = ann.form(&cancel, &cancel).await;
    let refused = ann.post_and_follow(&form).await;
    assert!(refused.has("This ticket was used at the door"), "{}", refused.body);
}
