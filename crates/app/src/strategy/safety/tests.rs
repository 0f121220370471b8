//! Every rule of safety, each beside its twin in which the protection is missing.

use super::*;
use crate::strategy::{DeliveryKind, LockKind, NAMED};

fn way(text: &str) -> Strategy {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A map from its first way and what differs from it.
fn map(first: &str, others: &[(Operation, &str)]) -> StrategyMap {
    let all = StrategyMap::all(way(first));
    others.iter().fold(all, |map, (operation, text)| map.with(*operation, way(text)))
}

#[track_caller]
fn check(map: &StrategyMap, stock: Safety, wallet: Safety) {
    let judged = map.judge();
    let found: Vec<Safety> = judged.iter().map(|one| one.safety).collect();
    assert_eq!(found, [stock, wallet], "{map}: {judged:?}");
    assert!(judged.iter().all(|one| !one.reason.is_empty()));
}

#[track_caller]
fn check_reason(map: &StrategyMap, class: Class, parts: &[&str]) {
    let judged = map.judge().into_iter().find(|one| one.class == class);
    let reason = judged.map(|one| one.reason).unwrap_or_default();
    for part in parts {
        assert!(reason.contains(part), "{map}: `{reason}` lacks `{part}`");
    }
}

use Operation::{Charge, Expire, Hold, Operate, Pay, Refund, Use};
use Safety::{Alone, Safe, Unsafe};

#[test]
fn each_name_is_as_safe_as_it_says() {
    let expected = [
        ("unsafe", Unsafe),
        ("simple-lock", Alone),
        ("spin-lock", Alone),
        ("pessimistic", Safe),
        ("optimistic", Safe),
        ("conditional", Safe),
        ("serializable", Safe),
        ("pubsub-lock", Safe),
        ("redlock", Safe),
        ("double-lock", Safe),
        ("job-queue", Safe),
        ("rabbitmq-lock", Safe),
        ("kafka", Safe),
        ("kafka-batch", Safe),
        ("single-writer", Alone),
        ("batched", Safe),
    ];
    for ((name, safety), named) in expected.into_iter().zip(NAMED) {
        assert_eq!(named.name, name);
        let map = StrategyMap::all(named.strategy);
        assert_eq!(map.safety(), safety, "{name}: {:?}", map.judge());
    }
}

#[test]
fn modes_that_protect_may_be_mixed_and_plain_beside_them_may_not() {
    check(&map("optimistic", &[(Pay, "pessimistic"), (Expire, "batched")]), Safe, Safe);
    check(&map("optimistic", &[(Expire, "unsafe")]), Unsafe, Safe);
    check(&map("optimistic", &[(Use, "unsafe")]), Safe, Unsafe);
    check(&map("optimistic", &[(Pay, "unsafe")]), Unsafe, Unsafe);
    check_reason(
        &map("optimistic", &[(Expire, "unsafe"), (Hold, "unsafe")]),
        Class::Stock,
        &["hold and expire are plain", "nobody holds a lock", "nothing comes by a lane"],
    );
}

#[test]
fn serializable_protects_only_among_its_own() {
    check(&map("serializable", &[]), Safe, Safe);
    check(&map("serializable", &[(Operate, "conditional")]), Unsafe, Safe);
    check(&map("conditional", &[(Charge, "serializable")]), Safe, Unsafe);
    let two = map(
        "conditional",
        &[
            (Charge, "serializable"),
            (Use, "serializable"),
            (Refund, "serializable"),
            (Pay, "serializable"),
            (Operation::Cancel, "serializable"),
        ],
    );
    check(&two, Unsafe, Safe);
    check_reason(&two, Class::Stock, &["pay, cancel and refund are serializable"]);
}

#[test]
fn one_lock_covers_all_who_hold_it_and_nobody_else() {
    check(&map("redlock", &[(Pay, "double-lock"), (Hold, "rabbitmq-lock")]), Safe, Safe);
    check(&map("redlock", &[(Pay, "unsafe")]), Unsafe, Unsafe);
    check(&map("redlock", &[(Charge, "optimistic")]), Safe, Unsafe);
    check_reason(
        &map("redlock", &[(Charge, "optimistic")]),
        Class::Wallet,
        &["charge is outside the lock of the others"],
    );
}

#[test]
fn two_locks_exclude_nobody_from_anything() {
    check(&map("redlock", &[(Hold, "pubsub-lock")]), Unsafe, Safe);
    check(&map("redlock@show", &[]), Safe, Safe);
    check(&map("redlock@show", &[(Expire, "redlock")]), Unsafe, Safe);
    check_reason(
        &map("redlock@show", &[(Expire, "redlock")]),
        Class::Stock,
        &["hold and expire hold different locks"],
    );
}

#[test]
fn a_lock_on_wallets_covers_wallets() {
    check(&map("redlock@wallet", &[]), Unsafe, Safe);
    check_reason(&map("redlock@wallet", &[]), Class::Stock, &["covers no stock"]);
}

#[test]
fn a_lock_in_the_process_is_safe_only_alone_and_beside_a_mode_that_protects_anywhere() {
    for lock in ["mutex", "spin", "simple"] {
        check(&map(&format!("direct/{lock}/plain"), &[]), Alone, Alone);
        check(&map(&format!("direct/{lock}/optimistic"), &[]), Safe, Safe);
    }
}

#[test]
fn a_lock_that_can_be_lost_needs_its_token() {
    let mut redlock = map("redlock", &[]);
    check(&redlock, Safe, Safe);
    redlock.fencing = false;
    check(&redlock, Unsafe, Unsafe);
    check_reason(&redlock, Class::Stock, &["can be lost without notice"]);
    let mut double = map("double-lock", &[]);
    double.fencing = false;
    check(&double, Safe, Safe);
}

#[test]
fn one_lane_settles_all_that_comes_by_it_and_nothing_else() {
    check(&map("single-writer", &[]), Alone, Alone);
    check(&map("single-writer", &[(Expire, "unsafe")]), Unsafe, Alone);
    // Another strategy is another lane, even if it is a channel too.
    check(&map("single-writer", &[(Charge, "batched")]), Alone, Unsafe);
    check_reason(
        &map("single-writer", &[(Charge, "batched")]),
        Class::Wallet,
        &["charge does not come by the lane of pay"],
    );
}

#[test]
fn what_is_taken_apart_leaves_each_part_to_its_lane() {
    check(&map("kafka", &[]), Safe, Safe);
    check_reason(&map("kafka", &[]), Class::Wallet, &["what would cross them is taken apart"]);
    let mut stale = map("kafka", &[]);
    stale.fencing = false;
    check(&stale, Unsafe, Unsafe);
    // Neither a lock in the process nor a lane of another strategy covers both.
    check(&map("kafka/mutex/plain", &[]), Safe, Safe);
    check(&map("kafka", &[(Charge, "batched")]), Safe, Unsafe);
}

#[test]
fn a_lane_of_a_show_is_none_of_the_wallet() {
    let mut whole = map("kafka", &[]);
    whole.parting = false;
    check(&whole, Safe, Unsafe);
    check_reason(&whole, Class::Wallet, &["pay, cancel and refund come by the lane of"]);
    let only_wallets =
        [(Pay, "optimistic"), (Operation::Cancel, "optimistic"), (Refund, "optimistic")];
    check(&map("kafka", &only_wallets), Unsafe, Unsafe);
}

#[test]
fn a_part_is_judged_by_the_way_that_it_goes() {
    use Operation::{Cancel, Confirm, Extend, Release};
    // Wallets go another way than everything that writes stock: payments move them by that way.
    let stock = [Hold, Extend, Release, Expire, Pay, Confirm, Cancel, Operate];
    let lanes = stock.map(|operation| (operation, "kafka"));
    check(&map("conditional", &[&lanes[..], &[(Refund, "kafka")]].concat()), Safe, Unsafe);
    let wallets = [(Charge, "kafka"), (Use, "kafka"), (Refund, "kafka")];
    check(&map("conditional", &wallets), Unsafe, Unsafe);
    let mut whole = map("conditional", &lanes);
    check(&whole, Unsafe, Safe);
    whole.parting = false;
    check(&whole, Unsafe, Unsafe);
    // Where the mode protects, nothing is taken apart.
    let optimistic = map("kafka/none/optimistic", &[]);
    check(&optimistic, Safe, Safe);
    assert!(!optimistic.parts(Pay) && map("kafka", &[]).parts(Pay));
    assert!(!map("kafka/redlock/plain", &[]).parts(Pay) && !map("kafka", &[]).parts(Charge));
}

#[test]
fn every_point_is_judged_and_plain_alone_is_never_safe() {
    for delivery in DeliveryKind::ALL {
        for lock in LockKind::ALL {
            for mode in Mode::ALL {
                let strategy = Strategy::new(delivery, lock, mode);
                let safety = StrategyMap::all(strategy).safety();
                if mode != Mode::Plain {
                    assert_eq!(safety, Safe, "{strategy}");
                } else if lock == LockKind::None && delivery.lane() == Reach::Nowhere {
                    assert_eq!(safety, Unsafe, "{strategy}");
                }
            }
        }
    }
}

#[test]
fn equal_maps_are_written_alike_and_others_are_not() {
    let with = map("redlock", &[(Pay, "double-lock")]);
    assert_eq!(with.to_string(), "redlock pay=double-lock");
    let mut without = with.clone();
    without.fencing = false;
    assert_eq!(without.to_string(), "redlock pay=double-lock fencing=false");
    assert_eq!(map("batched", &[]).to_string(), "batched");
}
