//! What holds whatever a gateway says and in whatever order: nobody is charged without a ticket,
//! and nothing is given or given back twice.

use crate::gateway::{begin, declined, settle};
use crate::house::{House, SHOW, STANDING, hold, pay, tickets};
use admitone_domain::command::gateway::{
    Ask, Gateway, GiveUp, Reacquire, Repaid, Repay, Said, Unanswered,
};
use admitone_domain::command::{Cancel, Expire, Refund, Release};
use admitone_domain::id::{BuyerId, OperatorId, PaymentId, ReservationId, SeatId};
use admitone_domain::payment::{Attempt, Payment, RefundState, Standing};
use admitone_domain::reservation::{ItemState, Reservation, ReservationState, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{Action, Actor, Answer, Key, Money, Outcome, Row};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Something that may happen. Reservations and payments are counted back from the newest.
#[derive(Debug, Clone)]
enum Step {
    Hold(u8, Vec<u64>),
    Tickets(u8, u32),
    Begin(usize),
    Pay(usize),
    Approved(usize),
    Declined(usize),
    Ask(usize),
    Repaid(usize, u32, bool),
    GiveUp(usize),
    Reacquire(usize),
    Release(usize),
    Expire(usize),
    Cancel(usize, Option<u32>),
    Refund(usize),
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let buyer = 1..=3_u8;
    let back = 0..5_usize;
    let step = prop_oneof![
        3 => (buyer.clone(), prop::collection::vec(1..=5_u64, 1..3))
            .prop_map(|(b, s)| Step::Hold(b, s)),
        2 => (buyer, 1..=3_u32).prop_map(|(b, n)| Step::Tickets(b, n)),
        6 => back.clone().prop_map(Step::Begin),
        1 => back.clone().prop_map(Step::Pay),
        4 => back.clone().prop_map(Step::Approved),
        4 => back.clone().prop_map(Step::Declined),
        1 => back.clone().prop_map(Step::Ask),
        3 => (back.clone(), 0..3_u32, any::<bool>()).prop_map(|(p, n, d)| Step::Repaid(p, n, d)),
        1 => back.clone().prop_map(Step::GiveUp),
        2 => back.clone().prop_map(Step::Reacquire),
        1 => back.clone().prop_map(Step::Release),
        2 => back.clone().prop_map(Step::Expire),
        2 => (back.clone(), prop::option::of(0..2_u32)).prop_map(|(r, i)| Step::Cancel(r, i)),
        1 => back.prop_map(Step::Refund),
        2 => (1..=400_000_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// A house with the reservations and payments that were made so far.
struct World {
    house: House,
    held: Vec<Reservation>,
    payments: Vec<PaymentId>,
    /// What the gateway said last of each payment: whether it has the money.
    took: BTreeMap<PaymentId, bool>,
    /// Refunds that went back, each so often.
    repaid: BTreeMap<(PaymentId, u32), u32>,
}

impl World {
    fn run(steps: &[Step]) -> Self {
        let mut world = Self {
            house: House::new(),
            held: Vec::new(),
            payments: Vec::new(),
            took: BTreeMap::new(),
            repaid: BTreeMap::new(),
        };
        for step in steps {
            world.step(step);
            world.check();
        }
        world
    }

    fn step(&mut self, step: &Step) {
        if let Step::Wait(span_ms) = step {
            self.house.advance_ms(*span_ms);
            return;
        }
        let Some((actor, action)) = self.action(step) else { return };
        let answer = self.house.act(actor, action);
        self.note(step, answer);
    }

    fn reservation(&self, back: usize) -> Option<Reservation> {
        self.held.iter().rev().nth(back).cloned()
    }

    fn payment(&self, back: usize) -> Option<PaymentId> {
        self.payments.iter().rev().nth(back).copied()
    }

    fn action(&self, step: &Step) -> Option<(Actor, Action)> {
        let buyer = |number: u8| Actor::Buyer(BuyerId(u128::from(number)));
        let staff = Actor::Operator(OperatorId(1));
        Some(match step {
            Step::Hold(number, seats) => (buyer(*number), hold(SHOW, seats)),
            Step::Tickets(number, count) => (buyer(*number), tickets(&[(STANDING, *count)])),
            Step::Begin(back) => {
                let held = self.reservation(*back)?;
                let price = Money::sum(held.items.iter().map(|item| item.price))?;
                (Actor::Buyer(held.buyer), begin(&held, price.0))
            }
            Step::Pay(back) => {
                let held = self.reservation(*back)?;
                (Actor::Buyer(held.buyer), pay(held.id))
            }
            Step::Approved(back) => (Actor::House, settle(self.payment(*back)?, Said::Approved)),
            Step::Declined(back) => {
                let payment = self.payment(*back)?;
                // A gateway that has taken the money does not say that it has not.
                let took = self.took.get(&payment).copied().unwrap_or(false);
                (Actor::House, if took { return None } else { settle(payment, declined()) })
            }
            Step::Ask(back) => {
                let ask = Ask {
                    payment: self.payment(*back)?,
                    asked: 1,
                    wait_ms: 1_000,
                    unanswered: Some(Unanswered::default()),
                };
                (Actor::House, Action::Gateway(Gateway::Ask(ask)))
            }
            Step::Repaid(back, number, done) => {
                let code = "NOT_CANCELABLE_AMOUNT".to_owned();
                let repaid = if *done { Repaid::Done } else { Repaid::Refused { code } };
                let repay = Repay { payment: self.payment(*back)?, number: *number, repaid };
                (Actor::House, Action::Gateway(Gateway::Repay(repay)))
            }
            Step::GiveUp(back) => {
                let payment = self.payment(*back)?;
                (staff, Action::Gateway(Gateway::GiveUp(GiveUp { payment })))
            }
            Step::Reacquire(back) => {
                let payment = self.payment(*back)?;
                (staff, Action::Gateway(Gateway::Reacquire(Reacquire { payment, show: SHOW })))
            }
            Step::Release(back) => {
                let held = self.reservation(*back)?;
                (Actor::Buyer(held.buyer), Action::Release(Release { reservation: held.id }))
            }
            Step::Expire(back) => {
                let reservation = self.reservation(*back)?.id;
                (Actor::House, Action::Expire(Expire { reservation }))
            }
            Step::Cancel(back, item) => {
                let reservation = self.reservation(*back)?.id;
                (staff, Action::Cancel(Cancel { reservation, items: item.map(|item| vec![item]) }))
            }
            Step::Refund(back) => {
                let payment = self.payment(*back)?;
                (staff, Action::Refund(Refund { payment, amount: None }))
            }
            Step::Wait(_) => return None,
        })
    }

    fn note(&mut self, step: &Step, answer: Answer) {
        match (step, answer) {
            (_, Ok(Outcome::Reserved(held))) if self.held.iter().all(|h| h.id != held.id) => {
                self.held.push(held);
            }
            (Step::Begin(_), Ok(Outcome::Gateway { payment, .. })) => {
                self.payments.push(payment.id);
            }
            (Step::Approved(_), Ok(Outcome::Gateway { payment, .. })) => {
                self.took.insert(payment.id, true);
            }
            // That it gives nothing back is noted of a gateway once it has said that it took it.
            (Step::Repaid(..), Ok(Outcome::Gateway { payment, .. }))
                if payment.attempt().is_some_and(Attempt::is_stuck) =>
            {
                self.took.insert(payment.id, true);
            }
            _ => {}
        }
    }

    /// Counts refunds whose state became done, so that one that is done again shows.
    fn check(&mut self) {
        let rows: Vec<Row> = self.house.rows.values().map(|l| (*l.row).clone()).collect();
        let mut pinning: BTreeMap<ReservationId, u32> = BTreeMap::new();
        let mut paying: BTreeMap<ReservationId, u32> = BTreeMap::new();
        for row in &rows {
            let Row::Payment(payment) = row else { continue };
            if let Some(reservation) = payment.pays() {
                *paying.entry(reservation).or_default() += 1;
            }
            let Some(attempt) = payment.attempt() else { continue };
            if attempt.is_pending() {
                *pinning.entry(payment.reservation.unwrap()).or_default() += 1;
            }
            self.check_money(payment, attempt);
        }
        for row in &rows {
            let Row::Reservation(held) = row else { continue };
            let is_confirming = held.state() == ReservationState::Confirming;
            let pins = pinning.get(&held.id).copied().unwrap_or(0);
            assert_eq!(pins, u32::from(is_confirming), "{held:?}");
            assert!(paying.get(&held.id).copied().unwrap_or(0) <= 1, "paid twice: {held:?}");
            self.check_seats(held);
        }
    }

    /// Charged is what the gateway took, less what goes back: exactly what the tickets cost.
    fn check_money(&mut self, payment: &Payment, attempt: &Attempt) {
        let id = payment.reservation.unwrap();
        let reservation = self.house.reservation(id);
        let owns = reservation.payment == Some(payment.id);
        let tickets =
            if owns { reservation.total_in(ItemState::Sold).unwrap() } else { Money::ZERO };
        if self.took.contains_key(&payment.id) {
            let kept = Money(payment.amount.0 - attempt.given_back().0);
            assert_eq!(kept, tickets, "charged without a ticket: {payment:?}");
        }
        if attempt.standing == Standing::Approved {
            assert!(self.took.contains_key(&payment.id), "a ticket for nothing: {payment:?}");
        }
        assert_eq!(payment.refundable(), tickets, "{payment:?}");
        for (number, refund) in (0..).zip(&attempt.refunds) {
            let count = self.repaid.entry((payment.id, number)).or_default();
            let is_done = refund.state == RefundState::Done;
            assert!(is_done || *count == 0, "a refund that was done is not any more");
            *count = u32::from(is_done);
        }
    }

    fn check_seats(&self, held: &Reservation) {
        for item in &held.items {
            let Ware::Seat(id) = item.what else { continue };
            let seat = self.seat(id);
            match item.state {
                ItemState::Sold => assert_eq!(seat, SeatState::Sold { by: held.id }),
                ItemState::Confirming => {
                    let until = held.held_until;
                    assert_eq!(seat, SeatState::Held { by: held.id, until });
                }
                ItemState::Held
                | ItemState::Cancelled
                | ItemState::Released
                | ItemState::Expired => {}
            }
        }
    }

    fn seat(&self, id: SeatId) -> SeatState {
        match self.house.row(Key::Seat(id)) {
            Row::Seat(seat) => seat.state,
            other => panic!("{other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn nobody_is_charged_without_a_ticket_and_nothing_is_given_twice(steps in steps()) {
        let world = World::run(&steps);
        let stock = world.house.stock();
        prop_assert!(stock.0 + stock.1 <= 5);
    }
}
