//! Cancelling: tickets go back, whole or by item, and their price with them, once.

use crate::house::{ANN, BOB, House, OPENS};
use admitone_domain::command::{Cancel, Refund, Spend};
use admitone_domain::id::{PaymentId, ReservationId};
use admitone_domain::reservation::ReservationState;
use admitone_domain::{Action, Actor, Answer, Currency, Money, Outcome, Refusal};

fn paid(house: &mut House, seats: &[u64]) -> (ReservationId, PaymentId) {
    let held = house.hold(ANN, seats).unwrap();
    house.charge(ANN, 10_000).unwrap();
    match house.pay(ANN, held.id).unwrap() {
        Outcome::Paid { payment, .. } => (held.id, payment.id),
        other => panic!("{other:?}"),
    }
}

fn cancel(house: &mut House, reservation: ReservationId, items: Option<Vec<u32>>) -> Answer {
    house.act(Actor::Buyer(ANN), Action::Cancel(Cancel { reservation, items }))
}

fn refund(house: &mut House, payment: PaymentId, amount: Option<i64>) -> Answer {
    let amount = amount.map(Money);
    house.act(Actor::Buyer(ANN), Action::Refund(Refund { payment, amount }))
}

#[test]
fn one_seat_is_cancelled_and_the_others_stay() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1, 2, 3]);
    assert!(cancel(&mut house, id, Some(vec![1])).is_ok());
    assert_eq!(house.balance(ANN), 8_000);
    assert!(house.hold(BOB, &[2]).is_ok(), "it is for sale again");
    assert!(house.hold(BOB, &[1]).is_err());
    assert_eq!(cancel(&mut house, id, Some(vec![1])), Err(Refusal::InvalidState), "once");
    assert_eq!(cancel(&mut house, id, Some(vec![7])), Err(Refusal::UnknownItem));
    assert_eq!(house.balance(ANN), 8_000);
}

#[test]
fn the_same_item_named_twice_is_refunded_once() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1, 2]);
    assert!(cancel(&mut house, id, Some(vec![0, 0])).is_ok());
    assert_eq!(house.balance(ANN), 9_000);
}

#[test]
fn a_whole_reservation_is_cancelled_once() {
    let mut house = House::new();
    let (id, payment) = paid(&mut house, &[1, 2]);
    assert!(cancel(&mut house, id, None).is_ok());
    assert_eq!(house.balance(ANN), 10_000);
    assert_eq!(house.reservation(id).state(), ReservationState::Cancelled);
    assert_eq!(cancel(&mut house, id, None), Err(Refusal::InvalidState));
    assert_eq!(
        refund(&mut house, payment, None),
        Err(Refusal::NotRefundable { refundable: Money(0) })
    );
    assert_eq!(house.balance(ANN), 10_000);
}

#[test]
fn nothing_is_cancelled_once_the_show_has_begun() {
    let mut house = House::new();
    let (id, _) = paid(&mut house, &[1]);
    house.now = OPENS;
    assert_eq!(cancel(&mut house, id, None), Err(Refusal::SaleClosed));
}

#[test]
fn nobody_cancels_or_refunds_what_is_anothers_but_an_operator_may() {
    let mut house = House::new();
    let (reservation, payment) = paid(&mut house, &[1]);
    let cancel = Action::Cancel(Cancel { reservation, items: None });
    assert_eq!(house.act(Actor::Buyer(BOB), cancel.clone()), Err(Refusal::UnknownReservation));
    let refund = Action::Refund(Refund { payment, amount: None });
    assert_eq!(house.act(Actor::Buyer(BOB), refund), Err(Refusal::UnknownPayment));
    assert!(house.act(Actor::Operator(admitone_domain::id::OperatorId(1)), cancel).is_ok());
    assert_eq!(house.balance(ANN), 10_000, "the money goes to the buyer");
}

#[test]
fn a_payment_of_a_reservation_goes_back_whole_and_its_tickets_end() {
    let mut house = House::new();
    let (id, payment) = paid(&mut house, &[1, 2]);
    assert_eq!(
        refund(&mut house, payment, Some(500)),
        Err(Refusal::NotRefundable { refundable: Money(2_000) })
    );
    assert!(refund(&mut house, payment, None).is_ok());
    assert_eq!(house.reservation(id).state(), ReservationState::Cancelled);
    assert!(house.hold(BOB, &[1, 2]).is_ok());
}

#[test]
fn a_plain_use_is_refunded_in_parts_and_never_beyond_itself() {
    let mut house = House::new();
    house.charge(ANN, 1_000).unwrap();
    let spend = Spend { amount: Money(600), currency: Currency::KRW };
    let used = house.act(Actor::Buyer(ANN), Action::Spend(spend)).unwrap();
    let Outcome::Moved { entry, balance } = used else { panic!("{used:?}") };
    assert_eq!(balance, Money(400));
    let payment = entry.payment.unwrap();
    assert!(refund(&mut house, payment, Some(200)).is_ok());
    assert_eq!(refund(&mut house, payment, Some(0)), Err(Refusal::InvalidAmount));
    assert_eq!(
        refund(&mut house, payment, Some(401)),
        Err(Refusal::NotRefundable { refundable: Money(400) })
    );
    assert!(refund(&mut house, payment, None).is_ok());
    assert_eq!(house.balance(ANN), 1_000);
    assert_eq!(refund(&mut house, PaymentId(9_999), None), Err(Refusal::UnknownPayment));
}

#[test]
fn staff_takes_tickets_back_when_the_show_has_begun_and_a_buyer_cannot() {
    let mut house = House::new();
    let (id, payment) = paid(&mut house, &[1, 2]);
    house.now = OPENS;
    assert_eq!(cancel(&mut house, id, Some(vec![0])), Err(Refusal::SaleClosed));
    assert_eq!(refund(&mut house, payment, None), Err(Refusal::SaleClosed));
    let staff = Actor::Operator(admitone_domain::id::OperatorId(1));
    let first = Cancel { reservation: id, items: Some(vec![0]) };
    assert!(house.act(staff, Action::Cancel(first)).is_ok());
    let rest = Refund { payment, amount: None };
    assert!(house.act(Actor::House, Action::Refund(rest)).is_ok());
    assert_eq!(house.balance(ANN), 10_000);
    assert_eq!(house.reservation(id).state(), ReservationState::Cancelled);
}
