//! What holds whatever happens: random commands in random batches while time passes.

use crate::house::{ANN, BOB, House, SHOW, STANDING, charge, hold, pay, tickets};
use admitone_domain::command::operate::{Admit, Operate, Reseat};
use admitone_domain::command::{Cancel, Expire, Extend, Refund, Release, Spend, Withdraw};
use admitone_domain::id::{
    BuyerId, OperatorId, PaymentId, ReservationId, SeatId, TicketId, TicketTypeId,
};
use admitone_domain::reservation::{ItemState, Ware};
use admitone_domain::seat::SeatState;
use admitone_domain::{Action, Actor, Answer, Command, Currency, Key, Moment, Money, Outcome, Row};
use proptest::prelude::*;
use std::collections::BTreeMap;

const EVE: Actor = Actor::Operator(OperatorId(3));

/// Something that may happen. References to reservations are counted back from the newest.
#[derive(Debug, Clone)]
enum Step {
    Hold(u8, Vec<u64>),
    Tickets(u8, u32),
    Pay(u8, u64),
    Extend(u8, u64),
    Release(u8, u64),
    Expire(u64),
    Cancel(u8, u64, Option<u32>),
    Refund(u8, u64),
    Charge(u8, i64),
    Spend(u8, i64),
    Withdraw(u8, i64),
    Admit(u64, u32),
    Reseat(u64, u32, u64),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let buyer = 1..=3_u8;
    let back = 0..12_u64;
    prop_oneof![
        (buyer.clone(), prop::collection::vec(1..=6_u64, 1..3)).prop_map(|(b, s)| Step::Hold(b, s)),
        (buyer.clone(), 1..=3_u32).prop_map(|(b, n)| Step::Tickets(b, n)),
        (buyer.clone(), back.clone()).prop_map(|(b, r)| Step::Pay(b, r)),
        (buyer.clone(), back.clone()).prop_map(|(b, r)| Step::Extend(b, r)),
        (buyer.clone(), back.clone()).prop_map(|(b, r)| Step::Release(b, r)),
        back.clone().prop_map(Step::Expire),
        (buyer.clone(), back.clone(), prop::option::of(0..2_u32))
            .prop_map(|(b, r, i)| Step::Cancel(b, r, i)),
        (buyer.clone(), back.clone()).prop_map(|(b, r)| Step::Refund(b, r)),
        (back.clone(), 0..2_u32).prop_map(|(r, i)| Step::Admit(r, i)),
        (back, 0..2_u32, 1..=8_u64).prop_map(|(r, i, s)| Step::Reseat(r, i, s)),
        (buyer.clone(), 1..=3_000_i64).prop_map(|(b, n)| Step::Charge(b, n)),
        (buyer.clone(), 1..=3_000_i64).prop_map(|(b, n)| Step::Spend(b, n)),
        (buyer, 1..=3_000_i64).prop_map(|(b, n)| Step::Withdraw(b, n)),
        (1..=200_000_u64).prop_map(Step::Wait),
    ]
}

fn action(step: &Step, newest: u64) -> Option<(Actor, Action)> {
    let buyer = |b: u8| Actor::Buyer(BuyerId(u128::from(b)));
    let reservation = |back: u64| ReservationId(newest.saturating_sub(back));
    Some(match step {
        Step::Hold(b, seats) => (buyer(*b), hold(SHOW, seats)),
        Step::Tickets(b, count) => (buyer(*b), tickets(&[(STANDING, *count)])),
        Step::Pay(b, back) => (buyer(*b), pay(reservation(*back))),
        Step::Extend(b, back) => {
            (buyer(*b), Action::Extend(Extend { reservation: reservation(*back) }))
        }
        Step::Release(b, back) => {
            (buyer(*b), Action::Release(Release { reservation: reservation(*back) }))
        }
        Step::Expire(back) => {
            (Actor::House, Action::Expire(Expire { reservation: reservation(*back) }))
        }
        Step::Cancel(b, back, item) => {
            let items = item.map(|item| vec![item]);
            (buyer(*b), Action::Cancel(Cancel { reservation: reservation(*back), items }))
        }
        Step::Refund(b, back) => {
            let payment = PaymentId(newest.saturating_sub(*back));
            (buyer(*b), Action::Refund(Refund { payment, amount: None }))
        }
        Step::Charge(b, amount) => (buyer(*b), charge(*amount)),
        Step::Spend(b, amount) => {
            let spend = Spend { amount: Money(*amount), currency: Currency::KRW };
            (buyer(*b), Action::Spend(spend))
        }
        Step::Withdraw(b, amount) => {
            let (buyer, amount) = (BuyerId(u128::from(*b)), Money(*amount));
            (EVE, Action::Withdraw(Withdraw { buyer, amount, currency: Currency::KRW }))
        }
        Step::Admit(back, item) => {
            let ticket = TicketId { reservation: reservation(*back), item: *item };
            (EVE, Action::Operate(Operate::Admit(Admit { ticket })))
        }
        Step::Reseat(back, item, seat) => {
            let (reservation, seat) = (reservation(*back), SeatId(*seat));
            (EVE, Action::Operate(Operate::Reseat(Reseat { reservation, item: *item, seat })))
        }
        Step::Wait(_) => return None,
    })
}

/// Runs steps in batches that end at every `cut`th step and whenever time passes.
fn run(steps: &[Step], cut: usize) -> (House, Vec<Answer>) {
    let mut house = House::new();
    let (mut batch, mut answers, mut newest) = (Vec::new(), Vec::new(), 0);
    for step in steps {
        if let Some((actor, action)) = action(step, newest) {
            let command = house.command(actor, action);
            newest = command.fresh;
            batch.push(command);
        } else {
            answers.extend(settle(&mut house, &std::mem::take(&mut batch)));
            if let Step::Wait(span_ms) = step {
                house.advance_ms(*span_ms);
            }
        }
        if batch.len() >= cut {
            answers.extend(settle(&mut house, &std::mem::take(&mut batch)));
        }
    }
    answers.extend(settle(&mut house, &batch));
    (house, answers)
}

/// Settles a batch. A version that is told is the one that the store has then: who changes the row
/// next names it.
fn settle(house: &mut House, batch: &[Command]) -> Vec<Answer> {
    let answers = house.settle(batch);
    for answer in &answers {
        if let Ok(Outcome::Saved { key, version }) = answer {
            assert_eq!(house.rows[key].version, *version, "told of {key:?}");
        }
    }
    answers
}

/// An answer without the version of a row. That counts how often the row was written, which is once for
/// a batch, however many of its commands changed it.
fn unversioned(answer: Answer) -> Answer {
    match answer {
        Ok(Outcome::Saved { key, .. }) => Ok(Outcome::Saved { key, version: 0 }),
        other => other,
    }
}

/// The same commands, each alone and all that happen at one moment together, are answered alike.
fn assert_cuts_change_nothing(steps: &[Step]) {
    let (alone, one_by_one) = run(steps, 1);
    let (_, together) = run(steps, 100);
    let plain = |answers: Vec<Answer>| answers.into_iter().map(unversioned).collect::<Vec<_>>();
    assert_eq!(plain(one_by_one), plain(together));
    assert!(alone.rows.contains_key(&Key::TicketType(STANDING)));
}

#[test]
fn a_ticket_that_is_bought_and_used_in_one_batch_has_the_version_of_one_writing() {
    let steps = [Step::Tickets(2, 1), Step::Charge(2, 500), Step::Pay(2, 1), Step::Admit(2, 0)];
    let told = |cut| match run(&steps, cut).1.pop() {
        Some(Ok(Outcome::Saved { version, .. })) => version,
        other => panic!("not admitted: {other:?}"),
    };
    assert_eq!((told(1), told(100)), (3, 1), "held, paid, admitted; or all at once");
    assert_cuts_change_nothing(&steps);
}

/// Everything that must be true of a house, computed from its reservations and entries.
fn check(house: &House) {
    let mut owners: BTreeMap<SeatId, Vec<(ReservationId, ItemState)>> = BTreeMap::new();
    let mut stocks: BTreeMap<TicketTypeId, (u32, u32)> = BTreeMap::new();
    let mut quotas: BTreeMap<BuyerId, u32> = BTreeMap::new();
    for loaded in house.rows.values() {
        let Row::Reservation(reservation) = &*loaded.row else { continue };
        for item in &reservation.items {
            if !matches!(item.state, ItemState::Held | ItemState::Sold) {
                continue;
            }
            *quotas.entry(reservation.buyer).or_default() += 1;
            match item.what {
                Ware::Seat(id) => owners.entry(id).or_default().push((reservation.id, item.state)),
                Ware::Ticket(id) => {
                    let stock = stocks.entry(id).or_default();
                    let counted =
                        if item.state == ItemState::Held { &mut stock.0 } else { &mut stock.1 };
                    *counted += 1;
                }
            }
        }
    }
    for loaded in house.rows.values() {
        match &*loaded.row {
            Row::Seat(seat) => check_seat(seat, owners.get(&seat.id).map_or(&[], Vec::as_slice)),
            Row::TicketType(stock) => {
                assert!(stock.held + stock.sold <= stock.capacity, "oversold: {stock:?}");
                let counted = stocks.get(&stock.id).copied().unwrap_or_default();
                assert_eq!(counted, (stock.held, stock.sold), "stock against items");
            }
            Row::Wallet(wallet) => {
                let own = house.entries.iter().filter(|entry| entry.buyer == wallet.buyer);
                let sum: i64 = own.map(|entry| entry.signed_amount().0).sum();
                assert!(
                    wallet.balance.0 >= 0 && wallet.balance.0 == sum,
                    "{wallet:?} against {sum}"
                );
            }
            Row::Quota { buyer, taken, .. } => {
                assert_eq!(quotas.get(buyer).copied().unwrap_or(0), *taken, "quota against items");
            }
            Row::Payment(payment) => assert!(payment.refunded <= payment.amount, "{payment:?}"),
            _ => {}
        }
    }
}

fn check_seat(seat: &admitone_domain::seat::Seat, owners: &[(ReservationId, ItemState)]) {
    let sold: Vec<_> = owners.iter().filter(|(_, state)| *state == ItemState::Sold).collect();
    assert!(sold.len() <= 1, "sold twice: {seat:?} {owners:?}");
    match seat.state {
        SeatState::Sold { by } => assert_eq!(sold.first().map(|(id, _)| *id), Some(by)),
        SeatState::Held { by, .. } => {
            assert!(
                sold.is_empty() && owners.iter().any(|(id, _)| *id == by),
                "{seat:?} {owners:?}"
            );
        }
        // A hold that was taken over and given back may still stand in its old reservation.
        SeatState::Free | SeatState::Blocked => assert!(sold.is_empty(), "{seat:?} {owners:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_the_books_are_right(steps in prop::collection::vec(step(), 1..60), cut in 1..8_usize) {
        let (house, _) = run(&steps, cut);
        check(&house);
    }

    #[test]
    fn a_payment_and_the_expiry_of_its_hold_have_one_winner(
        late_us in -2..3_i64,
        // Ann pays, the house sweeps, Bob wants the seat: in any order, any of it several times.
        who in prop::collection::vec(0..3_u8, 1..9),
        cut in 1..9_usize,
    ) {
        let mut house = House::new();
        house.charge(ANN, 1_000).unwrap();
        let held = house.hold(ANN, &[1]).unwrap();
        house.now = Moment(held.held_until.0 + late_us);
        let commands: Vec<_> = who.iter().map(|who| match who {
            0 => house.command(Actor::Buyer(ANN), pay(held.id)),
            1 => house.command(Actor::House, Action::Expire(Expire { reservation: held.id })),
            _ => house.command(Actor::Buyer(BOB), hold(SHOW, &[1])),
        }).collect();
        let answers: Vec<_> =
            commands.chunks(cut).flat_map(|batch| house.settle(batch)).collect();
        let won = |wanted: u8| {
            who.iter().zip(&answers).filter(|(who, answer)| **who == wanted && answer.is_ok()).count()
        };
        let tried = |wanted: u8| usize::from(who.contains(&wanted));
        let is_late = late_us >= 0;
        prop_assert_eq!(won(0), if is_late { 0 } else { tried(0) }, "paid");
        prop_assert_eq!(won(1), if is_late { tried(1) } else { 0 }, "swept");
        prop_assert_eq!(won(2), if is_late { tried(2) } else { 0 }, "taken over");
        prop_assert_eq!(house.balance(ANN), if won(0) == 1 { 0 } else { 1_000 });
        check(&house);
    }

    #[test]
    fn how_commands_are_cut_into_batches_changes_no_answer(steps in prop::collection::vec(step(), 1..40)) {
        assert_cuts_change_nothing(&steps);
    }
}
