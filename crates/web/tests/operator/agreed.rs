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
    let elsewhere = House::open().await;
    let order = order(&elsewhere, elsewhere.hold(&[1]).await).await;
    let house = House::without_a_gateway().await;
    let id = house.hold(&[1]).await;
    let mut ann = house.as_ann();
    let answer = ann.get(&back(id, &order)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.body);
    assert_eq!(state(&house, id).await, ReservationState::Held);
    assert!(!ann.get(&format!("/reservations/{id}")).await.has("bank.example"));
}
