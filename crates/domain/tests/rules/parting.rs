//! Paying and giving back in parts: each part writes stock or a wallet, never both, and what a wallet
//! did for a payment it does once.

use crate::gateway::step;
use crate::house::{ANN, BOB, HOLD_MS, House, SHOW, charge, pay};
use admitone_domain::command::gateway::{Gateway, GiveUp, Repaid, Repay, Said};
use admitone_domain::command::operate::{CloseAccount, Operate, SaveSeats, SeatChange};
use admitone_domain::command::part::{Part, PutBack, Take};
use admitone_domain::command::{Cancel, Refund, Spend};
use admitone_domain::id::{BuyerId, OperatorId, PaymentId, ReservationId, SeatId};
use admitone_domain::pass::PassKey;
use admitone_domain::payment::{Method, Payment, PaymentState};
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::seat::SeatState;
use admitone_domain::wallet::EntryKind;
use admitone_domain::{
    Action, Actor, Answer, Currency, Key, Loaded, Money, Outcome, Refusal, Row, Rows,
};
use std::sync::Arc;

const WAIT_MS: u64 = 10_000;

fn take(payment: &Payment) -> Action {
    let Payment { id, buyer, amount, currency, .. } = *payment;
    Action::Part(Part::Take(Take { payment: id, buyer, amount, currency }))
}

fn put_back(payment: &Payment, number: u32, was_taken: bool) -> Action {
    let Payment { id, buyer, currency, .. } = *payment;
    let refund = &payment.attempt().unwrap().refunds[number as usize];
    let amount = refund.amount;
    let back = PutBack { payment: id, number, buyer, amount, currency, was_taken };
    Action::Part(Part::PutBack(back))
}

fn cancel(held: &Reservation, items: Option<Vec<u32>>) -> Action {
    Action::Cancel(Cancel { reservation: held.id, items }).apart(WAIT_MS)
}

impl House {
    /// Ann has money and pins what she holds.
    fn pinned(&mut self, money: i64, seats: &[u64]) -> (Reservation, Payment) {
        self.charge(ANN, money).unwrap();
        let held = self.hold(ANN, seats).unwrap();
        let payment = step(self.act(Actor::Buyer(ANN), pay(held.id).apart(WAIT_MS))).unwrap();
        (held, payment)
    }

    /// The same, taken and sold.
    fn bought(&mut self, seats: &[u64]) -> (Reservation, Payment) {
        let (held, payment) = self.pinned(10_000, seats);
        self.act(Actor::House, take(&payment)).unwrap();
        let payment = self.said(payment.id, Said::Approved).unwrap();
        (held, payment)
    }

    /// An operator waits no longer for it.
    fn given_up(&mut self, payment: PaymentId) -> Payment {
        let give_up = Gateway::GiveUp(GiveUp { payment });
        step(self.act(Actor::Operator(OperatorId(1)), Action::Gateway(give_up))).unwrap()
    }

    fn repaid(&mut self, payment: PaymentId, number: u32) -> Payment {
        let repay = Repay { payment, number, repaid: Repaid::Done };
        step(self.act(Actor::House, Action::Gateway(Gateway::Repay(repay)))).unwrap()
    }

    fn as_buyer(&mut self, action: Action) -> Answer {
        self.act(Actor::Buyer(ANN), action)
    }
}

#[test]
fn a_payment_in_parts_pins_takes_and_sells() {
    let mut house = House::new();
    let (held, payment) = house.pinned(5_000, &[1, 2]);
    assert_eq!((payment.state(), house.balance(ANN)), (PaymentState::Requested, 5_000));
    house.advance_ms(100 * HOLD_MS);
    assert!(matches!(house.hold(BOB, &[1]), Err(Refusal::SeatTaken(_))), "it is pinned");
    house.act(Actor::House, take(&payment)).unwrap();
    assert_eq!(house.balance(ANN), 3_000);
    assert_eq!(house.reservation(held.id).state(), ReservationState::Confirming);
    let payment = house.said(payment.id, Said::Approved).unwrap();
    assert!(matches!(payment.method, Method::Apart(_)));
    assert_eq!((payment.state(), payment.refundable()), (PaymentState::Approved, Money(2_000)));
    assert_eq!(house.reservation(held.id).count_in(ItemState::Sold), 2);
    let entry = house.entries.last().unwrap();
    assert_eq!((entry.kind, entry.payment), (EntryKind::Use, Some(payment.id)));
}

#[test]
fn the_money_of_a_payment_is_taken_once_whoever_asks_and_how_often() {
    let mut house = House::new();
    let (_, payment) = house.pinned(5_000, &[1]);
    for _ in 0..3 {
        // Another name each time, as if the first answer had been forgotten.
        assert!(house.act(Actor::House, take(&payment)).is_ok());
    }
    assert_eq!(house.balance(ANN), 4_000);
    assert_eq!(house.as_buyer(take(&payment)), Err(Refusal::UnknownPayment));
    let operator = Actor::Operator(OperatorId(1));
    assert_eq!(house.act(operator, take(&payment)), Err(Refusal::UnknownPayment));
}

#[test]
fn who_has_too_little_keeps_the_hold_and_the_money() {
    let mut house = House::new();
    let (held, payment) = house.pinned(900, &[1]);
    let closed = Key::Pass(PassKey::closed(payment.id));
    let answered = house.act(Actor::House, take(&payment));
    assert!(matches!(answered, Ok(Outcome::Saved { key, .. }) if key == closed), "{answered:?}");
    let code = "INSUFFICIENT_FUNDS".to_owned();
    house.said(payment.id, Said::Declined { code }).unwrap();
    assert_eq!(house.balance(ANN), 900);
    assert_eq!(house.reservation(held.id).state(), ReservationState::Held);
    house.as_buyer(charge(100)).unwrap();
    assert!(house.as_buyer(pay(held.id).apart(WAIT_MS)).is_ok(), "another payment may go well");
}

#[test]
fn what_cannot_be_paid_is_refused_before_anything_is_pinned() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let held = house.hold(ANN, &[1]).unwrap();
    let wrong = admitone_domain::command::Pay { reservation: held.id, expected: Some(Money(1)) };
    let mismatch = Refusal::AmountMismatch { price: Money(1_000) };
    assert_eq!(house.as_buyer(Action::Pay(wrong).apart(WAIT_MS)), Err(mismatch));
    let other = house.act(Actor::Buyer(BOB), pay(held.id).apart(WAIT_MS));
    assert_eq!(other, Err(Refusal::UnknownReservation));
    house.advance_ms(HOLD_MS);
    assert_eq!(house.as_buyer(pay(held.id).apart(WAIT_MS)), Err(Refusal::HoldExpired));
}

#[test]
fn cancelled_tickets_are_owed_and_put_back_once() {
    let mut house = House::new();
    let (held, payment) = house.bought(&[1, 2, 3]);
    let Ok(Outcome::Refunded { payment: Some(owing), amount, balance, .. }) =
        house.as_buyer(cancel(&held, Some(vec![1])))
    else {
        panic!("it is not cancelled");
    };
    assert_eq!((amount, balance, house.balance(ANN)), (Money(1_000), None, 7_000));
    assert_eq!(owing.state(), PaymentState::RefundOwed);
    assert!(house.hold(BOB, &[2]).is_ok(), "it is for sale again");
    for _ in 0..2 {
        assert!(house.act(Actor::House, put_back(&owing, 0, true)).is_ok());
    }
    assert_eq!(house.balance(ANN), 8_000);
    let repaid = house.repaid(payment.id, 0);
    assert_eq!((repaid.refunded, repaid.state()), (Money(1_000), PaymentState::Approved));
    // The rest, as a refund of the payment.
    let refund = Action::Refund(Refund { payment: payment.id, amount: None }).apart(WAIT_MS);
    let Ok(Outcome::Refunded { payment: Some(owing), .. }) = house.as_buyer(refund) else {
        panic!("it is not refunded");
    };
    house.act(Actor::House, put_back(&owing, 1, true)).unwrap();
    let repaid = house.repaid(payment.id, 1);
    assert_eq!((repaid.refunded, repaid.state()), (Money(3_000), PaymentState::Refunded));
    assert_eq!(house.balance(ANN), 10_000);
}

#[test]
fn what_gives_back_in_parts_takes_no_name_from_others_of_its_batch() {
    let mut house = House::new();
    let (held, _) = house.bought(&[1]);
    let wishes = [charge(5), cancel(&held, None)];
    let batch = wishes.map(|wish| house.command(Actor::Buyer(ANN), wish));
    let answers = house.settle(&batch);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
}

#[test]
fn what_was_paid_in_one_step_is_given_back_in_parts() {
    let mut house = House::new();
    house.charge(ANN, 10_000).unwrap();
    let held = house.hold(ANN, &[1, 2, 3]).unwrap();
    let Ok(Outcome::Paid { payment, .. }) = house.pay(ANN, held.id) else { panic!("not paid") };
    // One ticket went back in one step, while nothing was taken apart.
    let first = Action::Cancel(Cancel { reservation: held.id, items: Some(vec![0]) });
    house.as_buyer(first).unwrap();
    assert_eq!(house.balance(ANN), 8_000);
    let Ok(Outcome::Refunded { payment: Some(owing), amount, .. }) =
        house.as_buyer(cancel(&held, None))
    else {
        panic!("it is not cancelled");
    };
    assert_eq!((amount, owing.given_back()), (Money(2_000), Money(3_000)));
    assert_eq!(house.balance(ANN), 8_000, "the wallet is another part");
    house.act(Actor::House, put_back(&owing, 1, true)).unwrap();
    let repaid = house.repaid(payment.id, 1);
    assert_eq!((repaid.refunded, house.balance(ANN)), (Money(3_000), 10_000));
    assert_eq!(repaid.state(), PaymentState::Refunded);
}

#[test]
fn what_was_given_up_before_it_was_taken_never_is() {
    let mut house = House::new();
    let (_, payment) = house.pinned(5_000, &[1]);
    let late = house.given_up(payment.id);
    let answered = house.act(Actor::House, put_back(&late, 0, false));
    let closed = PassKey::closed(payment.id);
    assert!(matches!(answered, Ok(Outcome::Saved { key, .. }) if key == Key::Pass(closed)));
    assert_eq!(house.balance(ANN), 5_000, "no money is made");
    assert_eq!(house.act(Actor::House, take(&payment)), Err(Refusal::InvalidState));
    let said = Said::Declined { code: "NOTHING_TAKEN".into() };
    assert_eq!(house.said(payment.id, said).unwrap().state(), PaymentState::Declined);
}

#[test]
fn what_there_was_no_money_for_is_not_taken_when_there_is() {
    let mut house = House::new();
    let (_, payment) = house.pinned(900, &[1]);
    let closed = Key::Pass(PassKey::closed(payment.id));
    let answered = house.act(Actor::House, take(&payment));
    assert!(matches!(answered, Ok(Outcome::Saved { key, .. }) if key == closed), "{answered:?}");
    house.charge(ANN, 5_000).unwrap();
    assert_eq!(house.act(Actor::House, take(&payment)), Err(Refusal::InvalidState));
    assert_eq!(house.balance(ANN), 5_900);
}

#[test]
fn what_was_given_up_after_it_was_taken_goes_back() {
    let mut house = House::new();
    let (_, payment) = house.pinned(5_000, &[1]);
    house.act(Actor::House, take(&payment)).unwrap();
    let late = house.given_up(payment.id);
    house.act(Actor::House, put_back(&late, 0, false)).unwrap();
    assert_eq!(house.balance(ANN), 5_000);
}

/// Where no lane keeps them apart, a store that checks what it writes over lets one of them through.
#[test]
fn who_takes_and_who_gives_up_write_a_row_in_common() {
    let mut house = House::new();
    let (_, payment) = house.pinned(5_000, &[1]);
    let late = house.given_up(payment.id);
    let [taken, closed] = [take(&payment), put_back(&late, 0, false)].map(|action| {
        let command = house.command(Actor::House, action);
        let verdict = house.verdict(&[command]);
        verdict.changes.iter().map(admitone_domain::Change::key).collect::<Vec<_>>()
    });
    assert!(taken.iter().any(|key| closed.contains(key)), "{taken:?}, {closed:?}");
}

/// What is saved without being checked: each decides without the other's mark.
#[test]
fn what_was_taken_while_it_was_given_up_goes_back_once() {
    let mut house = House::new();
    let (_, payment) = house.pinned(5_000, &[1]);
    let late = house.given_up(payment.id);
    let commands = [take(&payment), put_back(&late, 0, false)]
        .map(|action| house.command(Actor::House, action));
    let verdicts = commands.map(|command| house.verdict(&[command]));
    for verdict in &verdicts {
        assert!(verdict.answers[0].answer.is_ok(), "each alone may be done");
        house.apply(verdict);
    }
    assert_eq!(house.balance(ANN), 4_000);
    for was_taken in [false, true] {
        house.act(Actor::House, put_back(&late, 0, was_taken)).unwrap();
        assert_eq!(house.balance(ANN), 5_000, "once, whatever was known of it");
    }
}

#[test]
fn what_costs_nothing_is_not_sold_once_its_seat_is_somebody_elses() {
    let mut house = House::new();
    let (seats, change) = (vec![SeatId(1), SeatId(2)], SeatChange::Price(Money::ZERO));
    house.operate(Operate::SaveSeats(SaveSeats { show: SHOW, seats, change })).unwrap();
    let held = [1, 2].map(|seat| house.hold(ANN, &[seat]).unwrap());
    // A store that lost an update: the first seat points to another reservation.
    let Row::Seat(mut seat) = house.row(Key::Seat(SeatId(1))).clone() else { panic!("no seat") };
    seat.state = SeatState::Sold { by: ReservationId(99) };
    let lost = Loaded { version: 9, row: Arc::new(Row::Seat(seat)) };
    house.rows.insert(Key::Seat(SeatId(1)), lost);
    let answers = held.map(|held| house.as_buyer(pay(held.id).apart(WAIT_MS)));
    assert_eq!(answers[0], Err(Refusal::HoldExpired));
    assert!(answers[1].is_ok(), "{:?}", answers[1]);
}

#[test]
fn a_use_of_a_wallet_is_refunded_in_one_step_all_the_same() {
    let mut house = House::new();
    house.charge(ANN, 5_000).unwrap();
    let spend = Action::Spend(Spend { amount: Money(700), currency: Currency::KRW });
    let Ok(Outcome::Moved { entry, .. }) = house.as_buyer(spend) else { panic!("not used") };
    let payment = entry.payment.unwrap();
    let refund = Action::Refund(Refund { payment, amount: Some(Money(200)) }).apart(WAIT_MS);
    assert!(house.as_buyer(refund).is_ok());
    assert_eq!(house.balance(ANN), 4_500);
}

#[test]
fn an_account_is_not_closed_while_money_is_on_its_way() {
    let close = |payments: &[PaymentId]| {
        let payments = payments.to_vec();
        Action::Operate(Operate::CloseAccount(CloseAccount { buyer: ANN, payments }))
    };
    let mut house = House::new();
    let (held, payment) = house.pinned(1_000, &[1]);
    house.act(Actor::House, take(&payment)).unwrap();
    let of_ann = [payment.id];
    assert_eq!(house.as_buyer(close(&of_ann)), Err(Refusal::PaymentInProgress));
    house.said(payment.id, Said::Approved).unwrap();
    house.as_buyer(cancel(&held, None)).unwrap();
    assert_eq!(house.as_buyer(close(&of_ann)), Err(Refusal::RefundOwed));
    let Row::Payment(owing) = house.row(Key::Payment(payment.id)).clone() else { panic!() };
    // The twin: who does not look at the payments closes it, and what comes back opens it again.
    let mut unlooked = house.clone();
    assert!(unlooked.as_buyer(close(&[])).is_ok());
    let is_closed = |house: &House| match house.row(Key::Buyer(ANN)) {
        Row::Buyer(account) => account.disabled,
        other => panic!("{other:?}"),
    };
    assert!(is_closed(&unlooked));
    unlooked.act(Actor::House, put_back(&owing, 0, true)).unwrap();
    assert_eq!((unlooked.balance(ANN), is_closed(&unlooked)), (1_000, false));
    house.act(Actor::House, put_back(&owing, 0, true)).unwrap();
    house.repaid(payment.id, 0);
    let not_empty = Refusal::WalletNotEmpty { balance: Money(1_000) };
    assert_eq!(house.as_buyer(close(&of_ann)), Err(not_empty));
    let spend = Action::Spend(Spend { amount: Money(1_000), currency: Currency::KRW });
    house.as_buyer(spend).unwrap();
    // Somebody else's payment stands in nobody's way.
    house.charge(BOB, 1_000).unwrap();
    let of_bob = house.hold(BOB, &[2]).unwrap();
    let bobs = step(house.act(Actor::Buyer(BOB), pay(of_bob.id).apart(WAIT_MS))).unwrap();
    assert!(house.as_buyer(close(&[payment.id, bobs.id])).is_ok());
}

/// Every row that the commands of a story write, by the side to which it belongs.
#[test]
fn no_part_writes_stock_and_a_wallet() {
    let mut house = House::new();
    let (held, payment) = house.bought(&[1, 2]);
    let owing = match house.as_buyer(cancel(&held, Some(vec![0]))) {
        Ok(Outcome::Refunded { payment: Some(owing), .. }) => owing,
        other => panic!("{other:?}"),
    };
    let fresh = house.hold(ANN, &[5]).unwrap();
    for (actor, action) in [
        (Actor::Buyer(ANN), pay(fresh.id).apart(WAIT_MS)),
        (Actor::Buyer(ANN), cancel(&held, None)),
        (
            Actor::Buyer(ANN),
            Action::Refund(Refund { payment: payment.id, amount: None }).apart(WAIT_MS),
        ),
        (Actor::House, put_back(&owing, 0, true)),
    ] {
        let (stock, money) = written(&mut house, actor, action.clone());
        assert!(stock != money, "{action:?} writes stock: {stock}, a wallet: {money}");
    }
    // The twin: in one step both are written.
    assert_eq!(written(&mut house, Actor::Buyer(ANN), pay(fresh.id)), (true, true));
    let whole = Action::Cancel(Cancel { reservation: held.id, items: None });
    house.charge(BOB, 5_000).unwrap();
    let held = house.hold(BOB, &[7]).unwrap();
    house.pay(BOB, held.id).unwrap();
    let of_bob = Action::Cancel(Cancel { reservation: held.id, items: None });
    assert_eq!(written(&mut house, Actor::Buyer(BOB), of_bob), (true, true));
    assert_eq!(written(&mut house, Actor::Buyer(ANN), whole), (true, false), "it is owed");
}

fn written(house: &mut House, actor: Actor, action: Action) -> (bool, bool) {
    let command = house.command(actor, action);
    let verdict = house.verdict(&[command]);
    assert!(verdict.answers[0].answer.is_ok(), "{:?}", verdict.answers[0]);
    let is_money = |key: Key| match key {
        Key::Wallet(_) => true,
        Key::Pass(pass) => pass.room == admitone_domain::pass::PassKey::PURSE,
        _ => false,
    };
    let keys: Vec<Key> = verdict.changes.iter().map(admitone_domain::Change::key).collect();
    (keys.iter().any(|key| !is_money(*key)), keys.iter().any(|key| is_money(*key)))
}

#[test]
fn a_part_names_no_row_of_the_other_side() {
    let mut house = House::new();
    let (held, _) = house.bought(&[1]);
    let command = house.command(Actor::Buyer(ANN), cancel(&held, None));
    let mut rows = Rows::default();
    for (key, loaded) in &house.rows {
        rows.insert(*key, Some(loaded.clone()));
    }
    let mut want = Vec::new();
    command.keys(&rows, &mut want);
    assert!(!want.iter().any(|key| matches!(key, Key::Wallet(BuyerId(_)))), "{want:?}");
}
