//! What staff does to a buyer's things is told with who did it; what the buyer does himself is not.

use crate::house::{ANN, House, charge, pay};
use admitone_domain::command::{Cancel, Charge, ChargeFor, Refund, Release, Withdraw};
use admitone_domain::id::{BuyerId, OperatorId, ReservationId};
use admitone_domain::{
    Action, Actor, Currency, Deed, Event, Happening, Key, Money, Outcome, Refusal,
};

const EVE: Actor = Actor::Operator(OperatorId(3));

/// The deeds that a command tells, and does.
fn deeds(house: &mut House, actor: Actor, action: Action) -> Vec<(Key, String, Deed)> {
    let command = house.command(actor, action);
    let verdict = house.verdict(&[command]);
    house.apply(&verdict);
    assert!(verdict.answers[0].answer.is_ok(), "{:?}", verdict.answers);
    let deed = |event: &Event| match &event.what {
        Happening::Acted { by, deed } => Some((event.aggregate, by.clone(), *deed)),
        _ => None,
    };
    verdict.events.iter().filter_map(deed).collect()
}

fn charge_for(buyer: BuyerId, amount: i64) -> Action {
    let charge = Charge { amount: Money(amount), currency: Currency::KRW };
    Action::ChargeFor(ChargeFor { buyer, charge })
}

fn cancel(reservation: ReservationId) -> Action {
    Action::Cancel(Cancel { reservation, items: None })
}

#[test]
fn who_of_the_staff_released_cancelled_and_refunded_is_told() {
    let mut house = House::new();
    house.charge(ANN, 2_000).unwrap();
    let held = house.hold_standing(ANN, 1).unwrap().id;
    let release = |reservation| Action::Release(Release { reservation });
    let eve = || "op_3".to_owned();
    let told = deeds(&mut house, EVE, release(held));
    assert_eq!(told, [(Key::Reservation(held), eve(), Deed::Released)]);

    let sold = house.hold_standing(ANN, 1).unwrap().id;
    let Ok(Outcome::Paid { payment, .. }) = house.pay(ANN, sold) else { panic!("not paid") };
    let told = deeds(&mut house, EVE, cancel(sold));
    let refunded = (Key::Payment(payment.id), eve(), Deed::Refunded);
    assert_eq!(told, [refunded, (Key::Reservation(sold), eve(), Deed::Cancelled)]);

    let again = house.hold_standing(ANN, 1).unwrap().id;
    let Ok(Outcome::Paid { payment, .. }) = house.pay(ANN, again) else { panic!("not paid") };
    let told = deeds(&mut house, EVE, Action::Refund(Refund { payment: payment.id, amount: None }));
    assert!(told.contains(&(Key::Payment(payment.id), eve(), Deed::Refunded)), "{told:?}");
}

#[test]
fn what_a_buyer_does_is_no_deed() {
    let mut house = House::new();
    let ann = Actor::Buyer(ANN);
    assert_eq!(deeds(&mut house, ann, charge(2_000)), []);
    let held = house.hold_standing(ANN, 1).unwrap().id;
    let release = Action::Release(Release { reservation: held });
    assert_eq!(deeds(&mut house, ann, release), []);
    let sold = house.hold_standing(ANN, 1).unwrap().id;
    assert_eq!(deeds(&mut house, ann, pay(sold)), []);
    assert_eq!(deeds(&mut house, ann, cancel(sold)), []);
}

#[test]
fn only_staff_charges_the_wallet_of_somebody_and_takes_out_of_it() {
    let mut house = House::new();
    let told = deeds(&mut house, EVE, charge_for(ANN, 7));
    assert_eq!(told, [(Key::Wallet(ANN), "op_3".to_owned(), Deed::Charged)]);
    assert_eq!(house.balance(ANN), 7);
    let refused = house.act(Actor::Buyer(ANN), charge_for(ANN, 7));
    assert_eq!(refused, Err(Refusal::UnknownParent));
    assert_eq!(house.act(EVE, charge_for(ANN, 0)), Err(Refusal::InvalidAmount));
    assert_eq!(house.balance(ANN), 7);
    let (buyer, amount, currency) = (ANN, Money(3), Currency::KRW);
    let told = deeds(&mut house, EVE, Action::Withdraw(Withdraw { buyer, amount, currency }));
    assert_eq!(told, [(Key::Wallet(ANN), "op_3".to_owned(), Deed::Withdrew)]);
    assert_eq!(house.balance(ANN), 4);
}
