//! Money that goes back through a gateway, and what an operator decides where nobody knows.

use super::declined;
use crate::house::{ANN, BOB, HOLD_MS, House};
use admitone_domain::command::gateway::{Gateway, GiveUp, Reacquire, Repaid, Repay, Said};
use admitone_domain::command::{Cancel, Refund};
use admitone_domain::id::OperatorId;
use admitone_domain::payment::{PaymentState, RefundState, Standing};
use admitone_domain::reservation::{ItemState, ReservationState};
use admitone_domain::{Action, Actor, Deed, Happening, Money, Outcome, Refusal};

#[test]
fn cancelled_tickets_are_paid_back_through_the_gateway_each_once() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    let payment = house.begin(ANN, &held).unwrap().id;
    house.said(payment, Said::Approved).unwrap();
    let one = Action::Cancel(Cancel { reservation: held.id, items: Some(vec![0]) });
    let Ok(Outcome::Refunded { amount, balance, .. }) = house.act(Actor::Buyer(ANN), one) else {
        panic!("not cancelled")
    };
    assert_eq!((amount, balance), (Money(1_000), None));
    assert_eq!(house.payment(payment).state(), PaymentState::RefundOwed);
    house.act(Actor::Buyer(ANN), Action::Refund(Refund { payment, amount: None })).unwrap();
    let repay = |number| Gateway::Repay(Repay { payment, number, repaid: Repaid::Done });
    house.gateway(repay(1)).unwrap();
    assert_eq!(house.payment(payment).attempt().unwrap().owed().map(|(n, _)| n), Some(0));
    let back = house.gateway(repay(0)).unwrap();
    assert_eq!((back.state(), back.refundable()), (PaymentState::Refunded, Money::ZERO));
    assert_eq!(house.gateway(repay(0)), Ok(back), "a second time is no second refund");
    assert_eq!(house.gateway(repay(2)), Err(Refusal::UnknownPayment));
    let more = house.act(Actor::Buyer(ANN), Action::Refund(Refund { payment, amount: None }));
    assert!(matches!(more, Err(Refusal::NotRefundable { .. })));
    assert_eq!(house.balance(ANN), 0, "no wallet moved");
}

#[test]
fn a_payment_that_is_not_approved_has_nothing_to_refund() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap().id;
    let refund = house.act(Actor::Buyer(ANN), Action::Refund(Refund { payment, amount: None }));
    assert_eq!(refund, Err(Refusal::NotRefundable { refundable: Money::ZERO }));
}

#[test]
fn an_operator_gives_an_unknown_payment_up_and_its_money_goes_back() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap().id;
    let given_up = house.operator(Gateway::GiveUp(GiveUp { payment })).unwrap();
    assert_eq!(given_up.state(), PaymentState::RefundOwed);
    assert_eq!(house.reservation(held.id).state(), ReservationState::Released);
    assert!(house.hold(BOB, &[1]).is_ok());
    assert_eq!(house.said(payment, Said::Approved).unwrap().state(), PaymentState::RefundOwed);
}

#[test]
fn a_payment_that_was_given_up_owes_nothing_when_nothing_was_taken() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap().id;
    house.operator(Gateway::GiveUp(GiveUp { payment })).unwrap();
    let nothing = house.said(payment, declined()).unwrap();
    assert_eq!((nothing.state(), nothing.given_back()), (PaymentState::Declined, Money::ZERO));
}

#[test]
fn a_refund_that_the_gateway_refused_waits_for_an_operator() {
    let mut house = House::new();
    let (_, late) = house.late();
    let payment = late.id;
    let refused = Repaid::Refused { code: "NOT_CANCELABLE_PAYMENT".into() };
    let stuck = house.gateway(Gateway::Repay(Repay { payment, number: 0, repaid: refused }));
    let stuck = stuck.unwrap();
    assert!(stuck.attempt().unwrap().is_stuck());
    assert_eq!(stuck.ask_at(), Some(admitone_domain::Moment::MAX), "listed, and not asked");
    let again = house.operator(Gateway::GiveUp(GiveUp { payment })).unwrap();
    let states: Vec<_> = again.attempt().unwrap().refunds.iter().map(|r| r.state.clone()).collect();
    assert_eq!(states, [RefundState::Dropped, RefundState::Owed], "under a new number");
    assert_eq!(house.operator(Gateway::GiveUp(GiveUp { payment })), Err(Refusal::InvalidState));
}

#[test]
fn an_operator_gives_the_same_seats_for_money_that_cannot_go_back() {
    let mut house = House::new();
    let (held, late) = house.late();
    let (payment, show) = (late.id, held.show);
    let reacquire = || Gateway::Reacquire(Reacquire { payment, show });
    assert_eq!(house.operator(reacquire()), Err(Refusal::RefundOwed), "it may be on its way");
    let refused = Repaid::Refused { code: "EXCEED_MAX_REFUND_DUE".into() };
    house.gateway(Gateway::Repay(Repay { payment, number: 0, repaid: refused })).unwrap();
    assert_eq!(house.operator(reacquire()), Err(Refusal::HoldExpired), "somebody has a seat");
    house.advance_ms(HOLD_MS);
    let asked = house.command(Actor::Operator(OperatorId(1)), Action::Gateway(reacquire()));
    let told = house.verdict(&[asked]).events.into_iter().map(|event| event.what);
    let by = OperatorId(1).to_string();
    let acted = Happening::Acted { by, deed: Deed::Reacquired };
    assert!(told.into_iter().any(|what| what == acted), "the log tells who did it");
    let got = house.operator(reacquire()).unwrap();
    assert_eq!(got.attempt().unwrap().standing, Standing::Approved);
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 2);
}

#[test]
fn there_are_no_tickets_for_money_that_went_back() {
    let mut house = House::new();
    let (held, late) = house.late();
    let (payment, show) = (late.id, held.show);
    house.gateway(Gateway::Repay(Repay { payment, number: 0, repaid: Repaid::Done })).unwrap();
    house.advance_ms(HOLD_MS);
    let reacquire = Gateway::Reacquire(Reacquire { payment, show });
    assert_eq!(house.operator(reacquire), Err(Refusal::AlreadyRefunded), "the seats are free");
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 0);
}
