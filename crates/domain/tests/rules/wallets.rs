//! Wallets: the balance is the sum of the entries, never negative, never overflowing.

use crate::house::{ANN, House, charge};
use admitone_domain::command::{Charge, Spend, Withdraw};
use admitone_domain::id::OperatorId;
use admitone_domain::wallet::EntryKind;
use admitone_domain::{Action, Actor, Currency, Money, Outcome, Refusal};

fn spend(amount: i64) -> Action {
    Action::Spend(Spend { amount: Money(amount), currency: Currency::KRW })
}

#[test]
fn every_charge_and_use_of_a_batch_is_there_once() {
    let mut house = House::new();
    let actions = [charge(100), spend(30), charge(5), spend(70), spend(6)];
    let batch: Vec<_> =
        actions.into_iter().map(|action| house.command(Actor::Buyer(ANN), action)).collect();
    let answers = house.settle(&batch);
    let balances: Vec<i64> = answers
        .iter()
        .filter_map(|answer| match answer {
            Ok(Outcome::Moved { balance, .. }) => Some(balance.0),
            _ => None,
        })
        .collect();
    assert_eq!(balances, [100, 70, 75, 5], "each answer says the balance after it");
    let needed = Money(6);
    assert_eq!(answers[4], Err(Refusal::InsufficientFunds { balance: Money(5), needed }));
    assert_eq!(house.entries.iter().map(|entry| entry.signed_amount().0).sum::<i64>(), 5);
    assert_eq!(house.balance(ANN), 5);
}

#[test]
fn zero_and_negative_amounts_are_refused() {
    let mut house = House::new();
    for action in [charge(0), charge(-1), charge(i64::MIN), spend(0), spend(-1), spend(i64::MIN)] {
        assert_eq!(house.act(Actor::Buyer(ANN), action), Err(Refusal::InvalidAmount));
    }
    assert!(house.entries.is_empty());
}

#[test]
fn a_balance_that_does_not_fit_is_refused() {
    let mut house = House::new();
    house.charge(ANN, i64::MAX).unwrap();
    assert_eq!(house.charge(ANN, 1), Err(Refusal::AmountOverflow));
    assert_eq!(house.balance(ANN), i64::MAX);
}

#[test]
fn a_wallet_has_one_currency() {
    let mut house = House::new();
    house.charge(ANN, 1).unwrap();
    let dollars = Charge { amount: Money(1), currency: "USD".parse().unwrap() };
    let refused = house.act(Actor::Buyer(ANN), Action::Charge(dollars));
    assert_eq!(refused, Err(Refusal::CurrencyMismatch));
}

#[test]
fn two_charges_decided_on_the_same_balance_and_both_written_lose_one() {
    let mut house = House::new();
    house.charge(ANN, 100).unwrap();
    let first = house.command(Actor::Buyer(ANN), charge(10));
    let second = house.command(Actor::Buyer(ANN), charge(1));
    let verdicts = [house.verdict(&[first]), house.verdict(&[second])];
    for verdict in &verdicts {
        house.apply(verdict);
    }
    let sum: i64 = house.entries.iter().map(|entry| entry.signed_amount().0).sum();
    assert_eq!((house.balance(ANN), sum), (101, 111), "the harm that stores must keep away");
}

fn withdraw(amount: i64) -> Action {
    let currency = Currency::KRW;
    Action::Withdraw(Withdraw { buyer: ANN, amount: Money(amount), currency })
}

#[test]
fn staff_takes_out_what_is_there_and_never_more() {
    let mut house = House::new();
    let eve = Actor::Operator(OperatorId(3));
    house.charge(ANN, 100).unwrap();
    let Ok(Outcome::Moved { entry, balance }) = house.act(eve, withdraw(70)) else {
        panic!("refused");
    };
    assert_eq!((entry.kind, entry.amount.0, balance.0), (EntryKind::Withdrawal, 70, 30));
    assert_eq!((entry.buyer, entry.payment), (ANN, None), "nothing was bought for it");
    let (balance, needed) = (Money(30), Money(31));
    let refused = Err(Refusal::InsufficientFunds { balance, needed });
    assert_eq!(house.act(eve, withdraw(31)), refused);
    for amount in [0, -1, i64::MIN] {
        assert_eq!(house.act(eve, withdraw(amount)), Err(Refusal::InvalidAmount));
    }
    assert!(house.act(eve, withdraw(30)).is_ok());
    assert_eq!(house.entries.iter().map(|entry| entry.signed_amount().0).sum::<i64>(), 0);
}

#[test]
fn a_buyer_takes_nothing_out_and_a_wallet_that_is_not_there_has_nothing() {
    let mut house = House::new();
    let needed = Money(1);
    let empty = Err(Refusal::InsufficientFunds { balance: Money::ZERO, needed });
    assert_eq!(house.act(Actor::Operator(OperatorId(3)), withdraw(1)), empty);
    house.charge(ANN, 100).unwrap();
    assert_eq!(house.act(Actor::Buyer(ANN), withdraw(1)), Err(Refusal::UnknownParent));
    let dollars = Withdraw { buyer: ANN, amount: Money(1), currency: "USD".parse().unwrap() };
    let refused = house.act(Actor::House, Action::Withdraw(dollars));
    assert_eq!(refused, Err(Refusal::CurrencyMismatch));
}
