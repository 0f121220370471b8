//! A kill between a commit and the room's being told: what the room missed it learns when it is
//! opened again.

use crate::house::{ANN, BOB, HOLD_MS, House, ROOM, standing};
use crate::messages::until;
use admitone_app::box_office::Request;
use admitone_app::rooms::Visit;
use admitone_domain::command::{Charge, Pay};
use admitone_domain::id::ReservationId;
use admitone_domain::{Action, Actor, Currency, Money, Outcome};

/// One slot, whose pass lasts a minute; a hold lasts five.
const NARROW: &str =
    r#"{"active_max":1,"rate":null,"presence":false,"pass_ttl_ms":60000,"claim_ms":60000}"#;

/// Ann is inside and Bob waits.
async fn with_ann_inside() -> (House, Visit, Visit) {
    let house = House::open().await;
    house.save_room(NARROW).await;
    house.gate_show().await;
    let ann = house.rooms.join(ROOM, ANN).await.unwrap();
    let bob = house.rooms.join(ROOM, BOB).await.unwrap();
    assert_eq!((ann.status, bob.status), ("active", "waiting"));
    (house, ann, bob)
}

async fn request(house: &House, ann: &Visit) -> Request {
    let admission = house.rooms.admission(ROOM, Some(&ann.token), ANN).await.unwrap();
    Request { admission, ..house.named(Actor::Buyer(ANN)) }
}

async fn hold(house: &House, ann: &Visit) -> ReservationId {
    match house.submit(&request(house, ann).await, standing()).await {
        Ok(Outcome::Reserved(reservation)) => reservation.id,
        other => panic!("{other:?}"),
    }
}

/// Ann pays what she holds, once she has the money.
async fn pay(house: &House, ann: &Visit) {
    let reservation = hold(house, ann).await;
    let charge = Charge { amount: Money(500), currency: Currency::KRW };
    house.submit(&house.named(Actor::Buyer(ANN)), Action::Charge(charge)).await.unwrap();
    let pay = Pay { reservation, expected: None };
    house.submit(&request(house, ann).await, Action::Pay(pay)).await.unwrap();
}

#[tokio::test]
async fn who_has_paid_and_joins_at_once_is_not_given_the_place_that_is_over() {
    let house = House::with_slow_messages().await;
    house.save_room("{}").await;
    house.gate_show().await;
    let before = house.rooms.join(ROOM, ANN).await.unwrap();
    assert_eq!(before.status, "active");
    pay(&house, &before).await;
    let again = house.rooms.join(ROOM, ANN).await.unwrap();
    assert_ne!(again.place, before.place);
    let admission = house.rooms.admission(ROOM, Some(&again.token), ANN).await.unwrap();
    assert_ne!(admission, request(&house, &before).await.admission);
}

#[tokio::test]
async fn a_pass_that_ended_unheard_gives_its_slot_to_the_next() {
    let (house, ann, bob) = with_ann_inside().await;
    let reservation = hold(&house, &ann).await;
    let charge = Charge { amount: Money(500), currency: Currency::KRW };
    house.submit(&house.named(Actor::Buyer(ANN)), Action::Charge(charge)).await.unwrap();
    let paying = request(&house, &ann).await;
    house.deafen_rooms();
    let pay = Pay { reservation, expected: None };
    house.submit(&paying, Action::Pay(pay)).await.unwrap();
    assert_eq!(house.rooms.document(ROOM).unwrap().active, 1, "nobody told the room");

    let rooms = house.reopen_rooms().await;
    assert!(rooms.poll(ROOM, &ann.token, None).await.is_err(), "her place is over");
    // With the slot free, he is inside as soon as the room has taken a breath.
    for _ in 0..100 {
        house.clock.advance_ms(1_000);
        if rooms.poll(ROOM, &bob.token, None).await.unwrap().status == "active" {
            return;
        }
    }
    panic!("her slot is still taken");
}

#[tokio::test]
async fn a_hold_that_nobody_told_of_keeps_its_pass_good() {
    let (house, ann, _) = with_ann_inside().await;
    let holding = request(&house, &ann).await;
    house.deafen_rooms();
    house.submit(&holding, standing()).await.unwrap();
    // The pass would have run out by now, and the hold has not.
    house.clock.advance_ms(HOLD_MS - 1);

    let rooms = house.reopen_rooms().await;
    assert!(until(|| rooms.document(ROOM).is_some_and(|room| room.active == 1)).await);
    assert_eq!(rooms.poll(ROOM, &ann.token, None).await.unwrap().status, "active");
}

#[tokio::test]
async fn a_pass_without_a_hold_is_not_kept_good() {
    let (house, ann, _) = with_ann_inside().await;
    house.deafen_rooms();
    house.clock.advance_ms(HOLD_MS - 1);
    let rooms = house.reopen_rooms().await;
    assert!(rooms.poll(ROOM, &ann.token, None).await.is_err());
}
