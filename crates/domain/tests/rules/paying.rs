//! Paying: money once, tickets for it, nothing without the other.

use crate::house::{ANN, BOB, House, pay};
use admitone_domain::command::Pay;
use admitone_domain::id::ReservationId;
use admitone_domain::reservation::{ItemState, ReservationState};
use admitone_domain::{Action, Actor, Money, Outcome, Refusal};

#[test]
fn a_payment_takes_the_money_and_gives_the_tickets_in_one_step() {
    let mut house = House::new();
    house.charge(ANN, 2_500).unwrap();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    let Outcome::Paid { payment, reservation, balance } = house.pay(ANN, held.id).unwrap() else {
        panic!("not paid")
    };
    assert_eq!((payment.amount, balance), (Money(2_000), Money(500)));
    assert_eq!(reservation.count_in(ItemState::Sold), 2);
    assert_eq!(reservation.payment, Some(payment.id));
    assert_eq!(house.pay(ANN, held.id), Err(Refusal::AlreadyPaid));
    assert_eq!(house.balance(ANN), 500, "taken once");
}

#[test]
fn too_little_money_changes_nothing() {
    let mut house = House::new();
    house.charge(ANN, 999).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    let needed = Money(1_000);
    assert_eq!(
        house.pay(ANN, held.id),
        Err(Refusal::InsufficientFunds { balance: Money(999), needed })
    );
    assert_eq!(house.reservation(held.id).state(), ReservationState::Held);
    assert_eq!(house.balance(ANN), 999);
    house.charge(ANN, 1).unwrap();
    assert!(house.pay(ANN, held.id).is_ok());
}

#[test]
fn nobody_pays_anothers_reservation_or_one_that_is_not_there() {
    let mut house = House::new();
    house.charge(BOB, 5_000).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    assert_eq!(house.pay(BOB, held.id), Err(Refusal::UnknownReservation));
    assert_eq!(house.pay(BOB, ReservationId(999)), Err(Refusal::UnknownReservation));
    assert_eq!(house.balance(BOB), 5_000);
}

#[test]
fn another_price_than_expected_is_not_charged() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    let expecting = Action::Pay(Pay { reservation: held.id, expected: Some(Money(900)) });
    let refused = house.act(Actor::Buyer(ANN), expecting);
    assert_eq!(refused, Err(Refusal::AmountMismatch { price: Money(1_000) }));
    assert_eq!(house.balance(ANN), 5_000);
}

#[test]
fn two_payments_of_one_reservation_in_one_batch_take_the_money_once() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    let batch = [
        house.command(Actor::Buyer(ANN), pay(held.id)),
        house.command(Actor::Buyer(ANN), pay(held.id)),
    ];
    let answers = house.settle(&batch);
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], Err(Refusal::AlreadyPaid));
    assert_eq!(house.balance(ANN), 4_000);
}
