//! Paying through a gateway: pinned while it is asked, tickets and money in one step, and money
//! that comes too late gets the same seats or goes back.

mod refunds;

use crate::house::{ANN, BOB, GATED, HOLD_MS, House, ROOM, STANDING, hold, reservation, standing};
use admitone_domain::command::gateway::{Ask, Begin, Gateway, Said, Settle, Unanswered};
use admitone_domain::command::operate::Operate;
use admitone_domain::command::{Cancel, Extend, Release};
use admitone_domain::id::{BuyerId, OperatorId, PaymentId, ReservationId};
use admitone_domain::pass::{Admission, PassKey};
use admitone_domain::payment::{Payment, PaymentState};
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::{Action, Actor, Answer, Key, Money, Outcome, Refusal, Row};

pub(crate) const WAIT_MS: u64 = 15_000;

pub(crate) fn begin(held: &Reservation, amount: i64) -> Action {
    Action::Gateway(Gateway::Begin(Begin {
        reservation: held.id,
        show: held.show,
        key: "key".into(),
        order: format!("{}-1", held.id),
        amount: Money(amount),
        wait_ms: WAIT_MS,
    }))
}

pub(crate) fn settle(payment: PaymentId, said: Said) -> Action {
    Action::Gateway(Gateway::Settle(Settle { payment, show: None, said }))
}

pub(crate) fn declined() -> Said {
    Said::Declined { code: "REJECT_CARD_COMPANY".into() }
}

pub(crate) fn step(answer: Answer) -> Result<Payment, Refusal> {
    answer.map(|outcome| match outcome {
        Outcome::Gateway { payment, .. } => payment,
        other => panic!("{other:?}"),
    })
}

impl House {
    pub(crate) fn begin(&mut self, buyer: BuyerId, held: &Reservation) -> Result<Payment, Refusal> {
        let price = Money::sum(held.items.iter().map(|item| item.price)).unwrap();
        step(self.act(Actor::Buyer(buyer), begin(held, price.0)))
    }

    pub(crate) fn said(&mut self, payment: PaymentId, said: Said) -> Result<Payment, Refusal> {
        step(self.act(Actor::House, settle(payment, said)))
    }

    fn gateway(&mut self, step_of: Gateway) -> Result<Payment, Refusal> {
        step(self.act(Actor::House, Action::Gateway(step_of)))
    }

    fn operator(&mut self, step_of: Gateway) -> Result<Payment, Refusal> {
        step(self.act(Actor::Operator(OperatorId(1)), Action::Gateway(step_of)))
    }

    fn payment(&self, id: PaymentId) -> &Payment {
        match self.row(Key::Payment(id)) {
            Row::Payment(payment) => payment,
            other => panic!("{other:?}"),
        }
    }

    /// A hold that was declined when its time was over, and whose seats are free again.
    fn declined_and_free(&mut self) -> (Reservation, Payment) {
        let held = self.hold(ANN, &[1, 2]).unwrap();
        let payment = self.begin(ANN, &held).unwrap();
        self.advance_ms(HOLD_MS);
        let payment = self.said(payment.id, declined()).unwrap();
        (held, payment)
    }

    /// Money that came too late: somebody else has a seat.
    fn late(&mut self) -> (Reservation, Payment) {
        let (held, payment) = self.declined_and_free();
        self.hold(BOB, &[2]).unwrap();
        let payment = self.said(payment.id, Said::Approved).unwrap();
        (held, payment)
    }
}

#[test]
fn a_payment_pins_the_hold_beyond_its_time_and_the_sweeper_leaves_it_alone() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap();
    assert_eq!((payment.state(), payment.amount), (PaymentState::Requested, Money(1_000)));
    house.advance_ms(100 * HOLD_MS);
    assert_eq!(house.expire(held.id), Err(Refusal::InvalidState));
    assert!(matches!(house.hold(BOB, &[1]), Err(Refusal::SeatTaken(_))));
    assert_eq!(house.reservation(held.id).state_at(house.now), ReservationState::Confirming);
    house.said(payment.id, Said::Approved).unwrap();
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 1);
}

#[test]
fn without_the_pin_somebody_else_would_have_the_seat() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    house.advance_ms(HOLD_MS);
    assert!(house.hold(BOB, &[1]).is_ok());
    assert_eq!(house.begin(ANN, &held), Err(Refusal::HoldExpired), "and no gateway is asked");
}

#[test]
fn what_is_approved_is_sold_with_its_payment_in_one_step() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    let payment = house.begin(ANN, &held).unwrap();
    assert_eq!(house.reservation(held.id).payment, None);
    let payment = house.said(payment.id, Said::Approved).unwrap();
    assert_eq!((payment.state(), payment.refundable()), (PaymentState::Approved, Money(2_000)));
    assert_eq!(payment.pays(), Some(held.id));
    assert_eq!(house.reservation(held.id).payment, Some(payment.id));
    assert_eq!(house.begin(ANN, &held), Err(Refusal::AlreadyPaid));
}

#[test]
fn an_approval_that_comes_twice_changes_nothing() {
    let mut house = House::new();
    let held = house.hold_standing(ANN, 2).unwrap();
    let payment = house.begin(ANN, &held).unwrap();
    let first = house.said(payment.id, Said::Approved).unwrap();
    let rows = house.rows.len();
    assert_eq!(house.said(payment.id, Said::Approved), Ok(first));
    assert_eq!((house.stock(), house.rows.len()), ((0, 2), rows));
    assert_eq!(house.said(payment.id, declined()), Err(Refusal::InvalidState));
}

#[test]
fn another_amount_than_the_price_asks_no_gateway() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1, 2]).unwrap();
    let refused = house.act(Actor::Buyer(ANN), begin(&held, 1_999));
    assert_eq!(refused, Err(Refusal::AmountMismatch { price: Money(2_000) }));
    assert_eq!(house.reservation(held.id).state(), ReservationState::Held);
}

#[test]
fn a_reservation_that_costs_nothing_needs_no_gateway() {
    let mut house = House::new();
    let free = admitone_domain::command::operate::SaveTicketType {
        price: Money::ZERO,
        expected: Some(1),
        ..standing(5)
    };
    house.operate(Operate::SaveTicketType(free)).unwrap();
    let held = house.hold_standing(ANN, 1).unwrap();
    assert_eq!(house.begin(ANN, &held), Err(Refusal::InvalidAmount));
}

#[test]
fn what_is_declined_is_held_for_what_is_left_of_its_time() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap();
    house.advance_ms(HOLD_MS / 2);
    let payment = house.said(payment.id, declined()).unwrap();
    assert_eq!((payment.state(), payment.pays()), (PaymentState::Declined, None));
    let again = house.reservation(held.id);
    assert_eq!((again.state(), again.held_until), (ReservationState::Held, held.held_until));
    assert!(house.hold(BOB, &[1]).is_err());
    let other_card = house.begin(ANN, &held).unwrap();
    assert!(house.said(other_card.id, Said::Approved).is_ok());
}

#[test]
fn what_is_declined_after_its_time_is_free() {
    let mut house = House::new();
    let (held, _) = house.declined_and_free();
    assert_eq!(house.reservation(held.id).state(), ReservationState::Expired);
    assert!(house.hold(BOB, &[1, 2]).is_ok());
}

#[test]
fn while_it_is_being_paid_nothing_else_is_done_with_it() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    house.begin(ANN, &held).unwrap();
    assert_eq!(house.begin(ANN, &held), Err(Refusal::PaymentInProgress));
    assert_eq!(house.pay(ANN, held.id), Err(Refusal::PaymentInProgress));
    for action in [
        Action::Release(Release { reservation: held.id }),
        Action::Extend(Extend { reservation: held.id }),
        Action::Cancel(Cancel { reservation: held.id, items: None }),
    ] {
        assert_eq!(house.act(Actor::Buyer(ANN), action), Err(Refusal::InvalidState));
    }
    assert_eq!(house.balance(ANN), 5_000);
}

#[test]
fn nobody_pays_anothers_reservation_and_no_buyer_says_what_a_gateway_said() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    assert_eq!(house.begin(BOB, &held), Err(Refusal::UnknownReservation));
    let payment = house.begin(ANN, &held).unwrap();
    let said = house.act(Actor::Buyer(ANN), settle(payment.id, Said::Approved));
    assert_eq!(said, Err(Refusal::UnknownPayment));
    assert_eq!(house.said(PaymentId(999), Said::Approved), Err(Refusal::UnknownPayment));
}

#[test]
fn a_hold_that_ran_out_is_pinned_again_while_its_seats_are_free() {
    for is_swept in [false, true] {
        let mut house = House::new();
        let seats = house.hold(ANN, &[1, 2]).unwrap();
        let tickets = house.hold_standing(ANN, 2).unwrap();
        house.advance_ms(HOLD_MS);
        for held in [seats, tickets] {
            if is_swept {
                house.expire(held.id).unwrap();
            }
            let payment = house.begin(ANN, &held).unwrap();
            assert!(matches!(house.hold(BOB, &[1]), Err(Refusal::SeatTaken(_))), "{is_swept}");
            house.said(payment.id, Said::Approved).unwrap();
        }
        assert_eq!(house.stock(), (0, 2), "{is_swept}");
    }
}

#[test]
fn a_hold_that_ran_out_is_not_pinned_again_when_one_seat_is_taken_or_too_few_are_left() {
    let mut house = House::new();
    let seats = house.hold(ANN, &[1, 2]).unwrap();
    let tickets = house.hold_standing(ANN, 3).unwrap();
    house.advance_ms(HOLD_MS);
    house.expire(seats.id).unwrap();
    house.expire(tickets.id).unwrap();
    house.hold(BOB, &[2]).unwrap();
    house.hold_standing(BOB, 3).unwrap();
    assert_eq!(house.begin(ANN, &seats), Err(Refusal::HoldExpired));
    assert_eq!(house.begin(ANN, &tickets), Err(Refusal::HoldExpired));
    assert_eq!(house.stock(), (3, 0));
    assert!(house.hold(BOB, &[1]).is_ok(), "a refusal takes no seat");
}

#[test]
fn a_hold_that_ran_out_is_not_pinned_again_when_the_sale_is_over() {
    let mut house = House::new();
    house.now = admitone_domain::Moment(crate::house::OPENS.0 - 1_000);
    let held = house.hold(ANN, &[1]).unwrap();
    house.advance_ms(HOLD_MS);
    assert_eq!(house.begin(ANN, &held), Err(Refusal::SaleClosed));
}

#[test]
fn money_that_comes_too_late_gets_the_same_seats_if_they_are_free() {
    let mut house = House::new();
    let (held, payment) = house.declined_and_free();
    let payment = house.said(payment.id, Said::Approved).unwrap();
    assert_eq!(payment.state(), PaymentState::Approved);
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 2);
}

#[test]
fn money_that_comes_too_late_goes_back_if_one_seat_is_taken() {
    let mut house = House::new();
    let (held, payment) = house.late();
    assert_eq!(payment.state(), PaymentState::RefundOwed);
    assert_eq!((payment.given_back(), payment.refundable()), (Money(2_000), Money::ZERO));
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 0);
    assert!(house.hold(BOB, &[1]).is_ok(), "the other seat is not kept for it");
}

#[test]
fn money_for_what_another_payment_bought_goes_back() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let first = house.begin(ANN, &held).unwrap();
    house.said(first.id, declined()).unwrap();
    let second = house.begin(ANN, &held).unwrap();
    let late = house.said(first.id, Said::Approved).unwrap();
    assert_eq!(late.state(), PaymentState::RefundOwed, "while the second is being paid");
    house.said(second.id, Said::Approved).unwrap();
    assert_eq!(house.reservation(held.id).payment, Some(second.id));
    assert_eq!(house.payment(first.id).pays(), None);
}

#[test]
fn of_several_who_would_ask_one_does() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let payment = house.begin(ANN, &held).unwrap();
    let ask = |asked, unanswered| {
        Gateway::Ask(Ask { payment: payment.id, asked, wait_ms: 30_000, unanswered })
    };
    let asked = house.gateway(ask(1, None)).unwrap();
    assert_eq!(asked.ask_at(), Some(house.now.plus_ms(30_000)));
    assert_eq!(asked.state(), PaymentState::Requested);
    assert_eq!(house.gateway(ask(1, None)), Err(Refusal::InvalidState), "the second sees it");
    let code = Some("PROVIDER_ERROR".to_owned());
    let unknown = house.gateway(ask(2, Some(Unanswered { code: code.clone() }))).unwrap();
    assert_eq!(unknown.state(), PaymentState::Unknown);
    assert_eq!(unknown.attempt().unwrap().said, code);
    house.said(payment.id, Said::Approved).unwrap();
    assert_eq!(house.gateway(ask(3, None)), Err(Refusal::InvalidState), "nothing is to be asked");
    assert_eq!(house.payment(payment.id).ask_at(), None);
}

#[test]
fn an_approval_ends_the_pass_in_the_same_step_and_a_decline_does_not() {
    let mut house = House::new();
    let key = PassKey { room: ROOM, epoch: 1, place: 7 };
    let admission = Admission::Pass { key, good_until: house.now.plus_ms(HOLD_MS) };
    let command = house.command(Actor::Buyer(ANN), hold(GATED, &[11]));
    let command = admitone_domain::Command { admission, ..command };
    let held = reservation(house.settle(&[command]).remove(0)).unwrap();
    for (said, ends) in [(declined(), false), (Said::Approved, true)] {
        let command = house.command(Actor::Buyer(ANN), begin(&held, 1_000));
        let command = admitone_domain::Command { admission, ..command };
        let payment = step(house.settle(&[command]).remove(0)).unwrap();
        house.said(payment.id, said).unwrap();
        assert_eq!(house.rows.contains_key(&Key::Pass(key)), ends);
    }
}

#[test]
fn without_a_pass_nothing_is_pinned_behind_a_room() {
    let mut house = House::new();
    let key = PassKey { room: ROOM, epoch: 1, place: 7 };
    let admission = Admission::Pass { key, good_until: house.now.plus_ms(HOLD_MS) };
    let command = house.command(Actor::Buyer(ANN), hold(GATED, &[11]));
    let command = admitone_domain::Command { admission, ..command };
    let held = reservation(house.settle(&[command]).remove(0)).unwrap();
    assert_eq!(house.begin(ANN, &held), Err(Refusal::AdmissionRequired));
    assert_eq!(house.reservation(held.id).state(), ReservationState::Held);
}

#[test]
fn a_payment_of_a_reservation_that_is_not_there_is_refused() {
    let mut house = House::new();
    let held = house.hold(ANN, &[1]).unwrap();
    let nowhere = Reservation { id: ReservationId(999), ..held };
    assert_eq!(house.begin(ANN, &nowhere), Err(Refusal::UnknownReservation));
    assert!(house.rows.contains_key(&Key::TicketType(STANDING)));
}
