//! The inbox of payments: what is in it, and what is done about it.

use crate::house::House;
use admitone_domain::id::ReservationId;
use admitone_domain::reservation::ReservationState;
use admitone_domain::{Key, Row};
use axum::http::StatusCode;

const INBOX: &str = "/operator/payments";

async fn state(house: &House, id: ReservationId) -> ReservationState {
    match house.row(Key::Reservation(id)).await {
        Row::Reservation(reservation) => reservation.state(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_payment_of_which_nobody_knows_is_asked_about_again() {
    let house = House::open().await;
    let mut opal = house.staff().await;
    assert!(opal.get(INBOX).await.has("Nothing waits for anybody"));
    let id = house.hold(&[1, 2]).await;
    let payment = house.begin_to_pay(id).await;
    let inbox = opal.get(INBOX).await;
    assert!(inbox.has("being asked for") && inbox.has("₩2,000"), "{}", inbox.body);
    assert!(inbox.has("bank &#60;1&#62;") && !inbox.has("bank <1>"), "{}", inbox.body);
    assert!(inbox.has(&format!("/operator/reservations/{id}")), "{}", inbox.body);

    let requery = inbox.form(&format!("{INBOX}/{payment}/requery"));
    let after = opal.post_and_follow(&requery).await;
    assert!(after.has("Nothing waits for anybody"), "{}", after.body);
    assert_eq!(state(&house, id).await, ReservationState::Sold);
}

#[tokio::test]
async fn a_payment_that_is_given_up_frees_its_seats_and_money_goes_back() {
    let house = House::open().await;
    let id = house.hold(&[1]).await;
    let payment = house.begin_to_pay(id).await;
    let mut opal = house.staff().await;
    let refund = opal.form(INBOX, &format!("{INBOX}/{payment}/refund")).await;
    let after = opal.post_and_follow(&refund).await;
    assert!(after.has("taken too late: it goes back"), "{}", after.body);
    assert_ne!(state(&house, id).await, ReservationState::Confirming);
    house.hold(&[1]).await;
}

#[tokio::test]
async fn where_nobody_can_be_asked_asking_is_not_offered() {
    let house = House::without_a_gateway().await;
    let id = house.hold(&[1]).await;
    let payment = house.begin_to_pay(id).await;
    let mut opal = house.staff().await;
    let inbox = opal.get(INBOX).await;
    let requery = format!("{INBOX}/{payment}/requery");
    assert!(inbox.try_form(&requery).is_none(), "{}", inbox.body);
    let form = inbox.form(&format!("{INBOX}/{payment}/refund"));
    let answer = opal.post(&crate::browser::Form { action: requery, ..form }).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_acted_on() {
    let house = House::open().await;
    let id = house.hold(&[1]).await;
    let payment = house.begin_to_pay(id).await;
    let mut opal = house.staff().await;
    let form = opal.form(INBOX, &format!("{INBOX}/{payment}/refund")).await;
    for action in
        ["pay_99/requery", "pay_99/refund", "pay_99/reacquire", "pay_1/explode", "x/refund"]
    {
        let elsewhere =
            crate::browser::Form { action: format!("{INBOX}/{action}"), ..form.clone() };
        let answer = opal.post(&elsewhere).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}: {}", answer.body);
    }
}
