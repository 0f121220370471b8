//! Locks on real servers. Every guard has a twin in which it is off.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

mod house;
mod nodes;

use admitone_adapter_redis::{LockOptions, RedisLock};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::lock::LineLock;
use admitone_app::ports::lock::Lock;
use admitone_conformance::redis_server;
use house::{House, both, execute, keys_of, options, refused, seats, short, take};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Five turns with two keys each; how many were inside at once at most.
async fn turns(lock: &RedisLock, n: u64, inside: &AtomicUsize, most: &AtomicUsize) {
    for round in 0..5 {
        let guard = take(lock, &[1, 2 + (n + round) % 3], 30_000).await;
        most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        inside.fetch_sub(1, Ordering::SeqCst);
        guard.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_has_a_key_that_is_held() {
    let house = House::new(options());
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let lock = Arc::new(lock);
        let (inside, most, done) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicUsize::new(0)),
        );
        let begun = Instant::now();
        let mut waiting = tokio::task::JoinSet::new();
        for n in 0..16_u64 {
            let (lock, inside, most, done) =
                (lock.clone(), inside.clone(), most.clone(), done.clone());
            waiting.spawn(async move {
                turns(&lock, n, &inside, &most).await;
                done.fetch_add(5, Ordering::SeqCst);
            });
        }
        while let Some(ended) = waiting.join_next().await {
            ended.unwrap();
        }
        assert_eq!((most.load(Ordering::SeqCst), done.load(Ordering::SeqCst)), (1, 80), "{name}");
        println!("{name}: 80 turns of 16 waiters in {:?}", begun.elapsed());
    }
}

/// In which order ten had their turn who came one after the other while a key was held.
async fn order_of_turns(lock: &Arc<RedisLock>) -> Vec<u64> {
    let order = Arc::new(Mutex::new(Vec::new()));
    let held = take(lock, &[1], 0).await;
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (lock, order) = (Arc::clone(lock), Arc::clone(&order));
        waiting.spawn(async move {
            let turn = take(&lock, &[1], 30_000).await;
            order.lock().unwrap().push(number);
            turn.release().await;
        });
        house::wait_ms(5).await;
    }
    held.release().await;
    while let Some(ended) = waiting.join_next().await {
        ended.unwrap();
    }
    let order = order.lock().unwrap();
    order.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn those_of_one_instance_have_their_turn_as_they_came() {
    let house = House::new(LockOptions { in_line: true, ..options() });
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let (lock, mut orders) = (Arc::new(lock), Vec::new());
        // Where the machine stands still, one who was sent later comes before another. Without the line ten are in
        // their order once in millions of times.
        while !orders.last().is_some_and(|order: &Vec<u64>| order.is_sorted()) {
            assert!(orders.len() < 5, "{name}: {orders:?}");
            orders.push(order_of_turns(&lock).await);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_line_who_tries_at_the_right_moment_is_first() {
    let house = House::new(options());
    let Some(locks) = both(&house).await else { return };
    let (_, redlock) = locks.into_iter().next_back().unwrap();
    let order = order_of_turns(&Arc::new(redlock)).await;
    assert!(!order.is_sorted(), "nobody was overtaken: {order:?}");
}

/// The nodes forget who has what.
async fn forget(prefix: &str) {
    for address in redis_server::shared().unwrap() {
        for key in keys_of(&address, prefix).await {
            execute(&address, &["DEL", &key]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_it_holds_up_nobody_in_the_line() {
    for renew_every_ms in [None, Some(50)] {
        let lease_ms = if renew_every_ms.is_some() { 2_000 } else { 200 };
        let house = House::new(LockOptions { in_line: true, renew_every_ms, ..short(lease_ms) });
        let Some(locks) = both(&house).await else { return };
        for (name, lock) in locks {
            let lost = take(&lock, &[1], 0).await;
            forget(&house.options.prefix).await;
            take(&lock, &[1], 1_500).await.release().await;
            assert!(lost.is_lost(), "{name}");
            lost.release().await;
        }
    }
}

/// A line whose place is the holder's until he lets go, whatever became of his lease.
#[tokio::test(flavor = "multi_thread")]
async fn with_a_place_that_outlives_the_lease_whoever_lost_it_holds_up_all_behind_him() {
    let house = House::new(short(200));
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let line = LineLock::new(Arc::new(SystemClock::default()));
        let _place = line.acquire(&seats(&[1]), 0).await.unwrap_or_else(|error| panic!("{error}"));
        let lost = take(&lock, &[1], 0).await;
        forget(&house.options.prefix).await;
        let next = line.acquire(&seats(&[1]), 1_500).await.map(|_| ()).map_err(|error| error.kind);
        assert_eq!(next, Err(TroubleKind::Busy), "{name}");
        assert!(lost.is_lost(), "{name}");
        // It is the line alone that kept him out.
        take(&lock, &[1], 1_500).await.release().await;
        lost.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_keys_are_taken_all_or_none() {
    let house = House::new(options());
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let second = take(&lock, &[2], 0).await;
        assert_eq!(refused(&lock, &[1, 2, 3], 50).await, TroubleKind::Busy, "{name}");
        let others = take(&lock, &[1, 3], 500).await;
        others.release().await;
        second.release().await;
        take(&lock, &[1, 2, 3], 500).await.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_woken_does_not_wait_for_the_poll() {
    let house = House::new(LockOptions { poll_ms: 20_000, ..options() });
    let Some(addresses) = redis_server::shared() else { return };
    let lock = Arc::new(house.pubsub(nodes::node(&addresses[0])).await);
    // Another instance holds: the waker crosses the wire.
    let other = house.pubsub(nodes::node(&addresses[0])).await;
    let guard = take(&other, &[1], 0).await;
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let lock = Arc::clone(&lock);
            tokio::spawn(async move { take(&lock, &[1], 10_000).await.release().await })
        })
        .collect();
    house::wait_ms(200).await;
    let begun = Instant::now();
    guard.release().await;
    for waiter in waiting {
        waiter.await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    println!("three waiters, one after the other, in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiter_who_is_woken_for_one_key_and_stopped_by_another_passes_it_on() {
    let house = House::new(LockOptions { poll_ms: 20_000, ..options() });
    let Some(addresses) = redis_server::shared() else { return };
    let lock = Arc::new(house.pubsub(nodes::node(&addresses[0])).await);
    let (one, two) = (take(&lock, &[1], 0).await, take(&lock, &[2], 0).await);
    let spawn = |numbers: &'static [u64]| {
        let lock = Arc::clone(&lock);
        tokio::spawn(async move { take(&lock, numbers, 10_000).await })
    };
    let wants_both = spawn(&[1, 2]);
    house::wait_ms(150).await;
    let wants_one = spawn(&[1]);
    house::wait_ms(150).await;
    one.release().await;
    let bounded = tokio::time::timeout(Duration::from_secs(5), wants_one).await;
    bounded.expect("the second in line sleeps on").unwrap().release().await;
    two.release().await;
    wants_both.await.unwrap().release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_release_does_nothing() {
    let house = House::new(short(200));
    let patient = house.beside(10_000);
    let Some(locks) = both(&house).await else { return };
    for ((name, lock), (_, others)) in locks.into_iter().zip(both(&patient).await.unwrap()) {
        let slow = take(&lock, &[1], 0).await;
        // Its lease runs out and somebody else takes the key; then the slow one lets go.
        let next = take(&others, &[1], 2_000).await;
        assert!(slow.is_lost(), "{name}");
        slow.release().await;
        assert_eq!(refused(&others, &[1], 0).await, TroubleKind::Busy, "{name}: it was not his");
        next.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_owner_check_a_foreign_release_lets_a_third_in() {
    let house = House::new(short(200));
    let Some(addresses) = redis_server::shared() else { return };
    let patient = house.beside(10_000);
    let lock = house.pubsub(nodes::node(&addresses[0])).await;
    let others = patient.pubsub(nodes::node(&addresses[0])).await;
    let slow = take(&lock, &[1], 0).await;
    let next = take(&others, &[1], 2_000).await;
    for key in keys_of(&addresses[0], &house.options.prefix).await {
        execute(&addresses[0], &["DEL", &key]).await;
    }
    drop(slow);
    let third = take(&others, &[1], 0).await;
    assert!(!third.is_lost() && !next.is_lost(), "the harm: two believe that they have it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_made_new_as_long_as_it_is_held() {
    let renewing = LockOptions { lease_ms: 300, renew_every_ms: Some(80), ..options() };
    let house = House::new(renewing);
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let guard = take(&lock, &[1], 0).await;
        assert_eq!(refused(&lock, &[1], 900).await, TroubleKind::Busy, "{name}: three leases long");
        assert!(!guard.is_lost(), "{name}");
        guard.release().await;
        let dropped = take(&lock, &[1], 500).await;
        drop(dropped);
        take(&lock, &[1], 2_000).await.release().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_could_not_be_renewed_is_reported_lost() {
    let renewing = LockOptions { lease_ms: 2_000, renew_every_ms: Some(50), ..options() };
    let house = House::new(renewing);
    let Some(locks) = both(&house).await else { return };
    for (name, lock) in locks {
        let guard = take(&lock, &[1], 0).await;
        // The time of the nodes jumps beyond the lease: the key is gone.
        forget(&house.options.prefix).await;
        let begun = Instant::now();
        while !guard.is_lost() && begun.elapsed() < Duration::from_secs(1) {
            house::wait_ms(10).await;
        }
        assert!(guard.is_lost(), "{name}");
    }
}
