//! The way back from the gateway's page: whose payment is begun by it, and where none is.

use crate::house::House;
use admitone_domain::id::ReservationId;
use admitone_domain::reservation::ReservationState;
use admitone_domain::{Key, Row};
use axum::http::StatusCode;

async fn state(house: &House, id: ReservationId) -> ReservationState {
    match house.row(Key::Reservation(id)).await {
        Row::Reservation(reservation) => reservation.state(),
        other => panic!("{other:?}"),
    }
}

/// The order with which Ann's page of a reservation sends her to the bank.
async fn order(house: &House, id: ReservationId) -> String {
    let page = house.as_ann().get(&format!("/reservations/{id}")).await.body;
    let rest = page.split_once("orderId=").unwrap_or_else(|| panic!("no way there: {page}")).1;
    rest.split('&').next().unwrap().to_owned()
}

fn back(id: ReservationId, order: &str) -> String {
    format!("/reservations/{id}/agreed?paymentKey=key_1&orderId={order}&amount=1000")
}

#[tokio::test]
async fn without_a_gateway_nothing_is_begun_that_nobody_could_end() {
    // An instance that has one sent her there; the one she comes back to has none.
    let elsewhere = House::without_a_line().await;
    let order = order(&elsewhere, elsewhere.hold(&[1]).await).await;
    let house = House::without_a_gateway().await;
    let id = house.hold(&[1]).await;
    let mut ann = house.as_ann();
    let answer = ann.get(&back(id, &order)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert_eq!(state(&house, id).await, ReservationState::Held);
    assert!(!ann.get(&format!("/reservations/{id}")).await.has("bank.example"));
}

#[tokio::test]
async fn an_order_that_no_page_gave_this_buyer_begins_nothing() {
    let house = House::without_a_line().await;
    let (id, other) = (house.hold(&[1]).await, house.hold(&[2]).await);
    let (own, others) = (order(&house, id).await, order(&house, other).await);
    let mut ann = house.as_ann();
    // Whoever lures her here knows the number of her reservation, and may know an order of another.
    let tag = others.split_once('-').unwrap().1;
    for foreign in [format!("{id}-1"), format!("{id}-{tag}"), others.clone(), format!("{own}0")] {
        let answer = ann.get(&back(id, &foreign)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{foreign}: {}", answer.body);
        assert_eq!(state(&house, id).await, ReservationState::Held, "{foreign}");
    }
    let answer = ann.get(&back(id, &own)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert_eq!(state(&house, id).await, ReservationState::Confirming);
}

#[tokio::test]
async fn nobody_is_told_that_nothing_was_charged_while_that_is_not_known() {
    let house = House::without_a_line().await;
    let id = house.hold(&[1]).await;
    let mut ann = house.as_ann();
    let declined = format!("/reservations/{id}?problem=PAYMENT_DECLINED");
    assert!(ann.get(&declined).await.has("Nothing was charged"), "it is held, and was declined");
    let order = order(&house, id).await;
    ann.get(&back(id, &order)).await;
    assert_eq!(state(&house, id).await, ReservationState::Confirming);
    assert!(!ann.get(&declined).await.has("Nothing was charged"), "an address says what is over");
}
