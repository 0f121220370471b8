//! The search for an order beside somebody else's: the same verdict on thousands of small random
//! histories of a wallet, good ones and bad ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_lab::audit::linear::{Call, Model, Verdict, check};
use admitone_lab::chance::Chance;
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

/// An amount came, and the balance was told.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Move {
    amount: i64,
    told: i64,
}

struct Wallet;

impl Model for Wallet {
    type Op = Move;
    type State = i64;

    fn first(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, op: &Move) -> Option<i64> {
        (state + op.amount == op.told).then_some(op.told)
    }
}

struct Theirs;

impl Specification for Theirs {
    type State = i64;
    type Operation = Move;

    fn init() -> i64 {
        0
    }

    fn apply(op: &Move, state: &i64) -> (bool, i64) {
        if state + op.amount == op.told { (true, op.told) } else { (false, *state) }
    }
}

/// Movements at random times with the balances of some order, of which now and then one is wrong.
fn calls(seed: u64) -> Vec<Call<Move>> {
    let mut chance = Chance::new(seed);
    let count = 2 + chance.below(7);
    let mut points: Vec<(u64, u64, u64)> = (0..count)
        .map(|_| {
            let begin = 1 + chance.below(40);
            let point = begin + chance.below(12);
            (begin, point, point + 1 + chance.below(12))
        })
        .collect();
    points.sort_by_key(|(_, point, _)| *point);
    let mut balance = 0;
    let mut calls = Vec::new();
    for (number, (begin, _, end)) in (0..).zip(points) {
        // Up and down, and nothing: the same balances come again, and the same calls.
        let amount = i64::try_from(chance.below(4)).unwrap() - 1;
        balance += amount;
        let wrong = i64::from(chance.below(8) == 0);
        calls.push(Call {
            op: Move { amount, told: balance + wrong },
            // No two moments are the same: theirs knows an order of actions, no times.
            invoked_ns: begin * 100 + number * 2,
            returned_ns: Some(end * 100 + number * 2 + 1),
            request: number,
            // Good ones and bad ones: no verdict may depend on them.
            hint: chance.below(9),
        });
    }
    calls
}

fn is_good_by_theirs(calls: &[Call<Move>]) -> bool {
    let mut actions: Vec<(u64, usize, Action<Move>)> = Vec::new();
    for (process, call) in calls.iter().enumerate() {
        actions.push((call.invoked_ns, process, Action::Call(call.op)));
        actions.push((call.returned_ns.unwrap(), process, Action::Response(call.op)));
    }
    actions.sort_by_key(|(at, ..)| *at);
    let actions = actions.into_iter().map(|(_, process, action)| (process, action)).collect();
    WGLChecker::<Theirs>::is_linearizable(History::from_actions(actions))
}

#[test]
fn two_searches_that_know_nothing_of_each_other_agree() {
    let (mut good, mut bad) = (0_u32, 0_u32);
    for seed in 0..4_000 {
        let calls = calls(seed);
        let ours = check(&Wallet, &calls, 100_000);
        assert_ne!(ours, Verdict::GaveUp, "seed {seed}");
        let is_good = ours == Verdict::Linear;
        assert_eq!(is_good, is_good_by_theirs(&calls), "seed {seed}: {ours:?}, {calls:?}");
        if is_good {
            good += 1;
        } else {
            bad += 1;
        }
    }
    assert!(good > 500 && bad > 500, "{good} good, {bad} bad");
}

#[test]
fn thirty_thousand_movements_of_one_wallet_have_their_order() {
    let calls: Vec<Call<Move>> = (0..30_000_u64)
        .map(|number| {
            let told = i64::try_from(number + 1).unwrap();
            // A hundred of them are always under way.
            Call {
                op: Move { amount: 1, told },
                invoked_ns: number * 10,
                returned_ns: Some(number * 10 + 1_000),
                request: number,
                hint: 0,
            }
        })
        .collect();
    assert_eq!(check(&Wallet, &calls, 100_000), Verdict::Linear);
}

/// Fifty are always under way, of amounts of which many are the same. A balance comes again and again
/// meanwhile, and an order that goes on from it by another call than the house did comes to an end
/// only far behind that.
fn waves(count: u64) -> Vec<Call<Move>> {
    let mut chance = Chance::new(1);
    let mut told = 0;
    let call = |number: u64| {
        let amount = 1 + i64::try_from(chance.below(20)).unwrap();
        let amount = if number.is_multiple_of(2) { amount } else { -amount };
        told += amount;
        Call {
            op: Move { amount, told },
            invoked_ns: number / 50 * 1_000 + number % 50,
            returned_ns: Some((number / 50 + 1) * 1_000 - 1 - number % 7),
            request: number,
            hint: number + 1,
        }
    };
    (0..count).map(call).collect()
}

#[test]
fn a_wallet_whose_balances_come_again_is_decided_by_the_order_of_its_entries() {
    let mut calls = waves(5_000);
    assert_eq!(check(&Wallet, &calls, 20_000), Verdict::Linear);
    for call in &mut calls {
        call.hint = 0;
    }
    assert_eq!(check(&Wallet, &calls, 20_000), Verdict::GaveUp);
}

#[test]
fn instances_that_count_for_themselves_lead_by_their_pieces() {
    let mut calls = waves(5_000);
    let (mut chance, mut left, mut here) = (Chance::new(2), 0, 0);
    let mut counts = [1_u64, 1_000_000];
    for call in &mut calls {
        if left == 0 {
            (left, here) = (1 + chance.below(20), 1 - here);
        }
        left -= 1;
        counts[here] += 1;
        call.hint = counts[here];
    }
    assert_eq!(check(&Wallet, &calls, 20_000), Verdict::Linear);
}

#[test]
fn hints_that_lead_astray_cost_a_second_search_and_nothing_else() {
    let mut calls = waves(200);
    for call in &mut calls {
        call.hint = 1_000 - call.request;
    }
    assert_eq!(check(&Wallet, &calls, 1_000_000), Verdict::Linear);
}
