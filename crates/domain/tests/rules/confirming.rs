//! Confirming: an order that was paid elsewhere takes its tickets and keeps its payment.

use crate::house::{ANN, BOB, House, OPENS, SHOW, STANDING};
use admitone_domain::command::{Cancel, Confirm, Refund};
use admitone_domain::id::{BuyerId, TicketTypeId};
use admitone_domain::{Action, Actor, Answer, Moment, Money, Outcome, Refusal};

fn confirm(house: &mut House, buyer: BuyerId, quantity: u32, amount: i64) -> Answer {
    let confirm = Confirm {
        show: SHOW,
        ticket_type: STANDING,
        quantity,
        amount: Money(amount),
        key: "key".into(),
        order: "order".into(),
    };
    house.act(Actor::Buyer(buyer), Action::Confirm(confirm))
}

#[test]
fn a_confirmed_order_takes_from_the_stock_and_never_below_zero() {
    let mut house = House::new();
    for sold in 1..=5 {
        assert!(matches!(confirm(&mut house, ANN, 1, 500), Ok(Outcome::Confirmed { .. })));
        assert_eq!(house.stock(), (0, sold));
    }
    assert_eq!(confirm(&mut house, BOB, 1, 500), Err(Refusal::SoldOut { left: 0 }));
    assert_eq!(house.stock(), (0, 5));
}

#[test]
fn held_tickets_are_not_sold_to_somebody_else() {
    let mut house = House::new();
    house.hold_standing(ANN, 4).unwrap();
    assert!(confirm(&mut house, BOB, 1, 500).is_ok());
    assert_eq!(confirm(&mut house, BOB, 1, 500), Err(Refusal::AllHeld { left: 0 }));
}

#[test]
fn an_order_is_confirmed_only_while_the_sale_is_open() {
    let mut house = House::new();
    let shut = [(Moment(-1), Refusal::SaleNotOpen), (OPENS, Refusal::SaleClosed)];
    for (now, refusal) in shut {
        house.now = now;
        assert_eq!(confirm(&mut house, ANN, 1, 500), Err(refusal.clone()));
        assert_eq!(confirm(&mut house, ANN, 5, 1), Err(refusal), "whatever else is wrong with it");
    }
    assert_eq!(house.stock(), (0, 0));
    for now in [Moment(0), Moment(OPENS.0 - 1)] {
        house.now = now;
        assert!(confirm(&mut house, ANN, 1, 500).is_ok());
    }
}

#[test]
fn the_amount_is_computed_here_and_compared() {
    let mut house = House::new();
    let price = Money(1_000);
    assert_eq!(confirm(&mut house, ANN, 2, 999), Err(Refusal::AmountMismatch { price }));
    assert_eq!(confirm(&mut house, ANN, 0, 0), Err(Refusal::Empty));
    let too_many = Err(Refusal::LimitPerReservation { max: 4 });
    assert_eq!(confirm(&mut house, ANN, 5, 2_500), too_many);
    assert_eq!(confirm(&mut house, ANN, u32::MAX, 1), too_many, "and not that 5 are left");
    let unknown = Confirm {
        show: SHOW,
        ticket_type: TicketTypeId(7),
        quantity: 1,
        amount: Money(500),
        key: String::new(),
        order: String::new(),
    };
    let refused = house.act(Actor::Buyer(ANN), Action::Confirm(unknown));
    assert_eq!(refused, Err(Refusal::UnknownTicketType(TicketTypeId(7))));
    assert_eq!(house.stock(), (0, 0));
}

#[test]
fn money_that_was_taken_elsewhere_goes_back_from_there() {
    let mut house = House::new();
    let Ok(Outcome::Confirmed { payment, .. }) = confirm(&mut house, ANN, 1, 500) else {
        panic!("not confirmed")
    };
    let refund = Action::Refund(Refund { payment: payment.id, amount: None });
    assert_eq!(house.act(Actor::Buyer(ANN), refund), Err(Refusal::RefundedElsewhere));
    assert_eq!(house.balance(ANN), 0);
    assert_eq!(house.stock(), (0, 1), "the ticket stays");
}

#[test]
fn staff_takes_tickets_back_that_were_paid_elsewhere_and_no_money_moves() {
    let mut house = House::new();
    let Ok(Outcome::Confirmed { payment, reservation }) = confirm(&mut house, ANN, 2, 1_000) else {
        panic!("not confirmed");
    };
    let one = |items| Action::Cancel(Cancel { reservation: reservation.id, items });
    let refused = house.act(Actor::Buyer(ANN), one(Some(vec![0])));
    assert_eq!(refused, Err(Refusal::RefundedElsewhere));
    let taken = house.act(Actor::House, one(Some(vec![0])));
    let Ok(Outcome::Refunded { payment: Some(kept), amount, balance, .. }) = taken else {
        panic!("{taken:?}");
    };
    assert_eq!((kept, amount, balance), (payment.clone(), Money::ZERO, None));
    assert_eq!(house.stock(), (0, 1), "one is for sale again");
    let rest = Action::Refund(Refund { payment: payment.id, amount: None });
    assert!(house.act(Actor::House, rest).is_ok());
    assert_eq!((house.stock(), house.balance(ANN)), ((0, 0), 0));
    assert!(house.entries.is_empty(), "the money goes back from where it came");
}
