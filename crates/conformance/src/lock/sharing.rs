//! Who has a key, and how the others fare.

use super::{Stage, is_busy, seats};
use admitone_app::TroubleKind;
use admitone_app::ports::lock::Lock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

const TASKS: u64 = 8;
const TURNS: u64 = 10;

pub(super) async fn two_never_hold_one_key(stage: Stage) {
    let counted = race(&stage.lock.ways, stage.patience_ms()).await;
    assert_eq!(counted, TASKS * TURNS, "updates were lost");
}

/// Many count on one counter: each reads it, lets the others run, and writes what it makes of it.
async fn race(ways: &[Arc<dyn Lock>; 2], patience_ms: u64) -> u64 {
    let counter = Arc::new(AtomicU64::new(0));
    let mut counting = JoinSet::new();
    for (_, way) in (0..TASKS).zip(ways.iter().cycle()) {
        let (lock, counter) = (Arc::clone(way), Arc::clone(&counter));
        counting.spawn(async move {
            for _ in 0..TURNS {
                let guard = lock.acquire(&seats(&[1]), patience_ms).await;
                let guard = guard.unwrap_or_else(|trouble| panic!("{trouble}"));
                let seen = counter.load(Ordering::SeqCst);
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                }
                counter.store(seen + 1, Ordering::SeqCst);
                guard.release().await;
            }
        });
    }
    joined(counting).await;
    counter.load(Ordering::SeqCst)
}

async fn joined(mut tasks: JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
}

pub(super) async fn different_keys_are_held_at_once(stage: Stage) {
    let one = stage.take(0, &[1]).await;
    let other = stage.take(1, &[2]).await;
    let none = stage.take(1, &[]).await;
    for guard in [one, other, none] {
        guard.release().await;
    }
}

pub(super) async fn all_keys_are_taken_or_none(stage: Stage) {
    let held = stage.take(0, &[2]).await;
    assert!(stage.is_busy(1, &[1, 2, 3], 50).await);
    let others = stage.take(0, &[1, 3]).await;
    others.release().await;
    held.release().await;
    stage.take(1, &[1, 2, 3]).await.release().await;
}

pub(super) async fn overlapping_wishes_do_not_deadlock(stage: Stage) {
    // Named in other orders and over other ways: the first two want the same pair.
    let wishes: [&[u64]; 6] = [&[1, 2], &[2, 1], &[2, 3], &[3, 1], &[4, 1, 3], &[3, 4]];
    let patience_ms = stage.patience_ms();
    let mut wanting = JoinSet::new();
    for (number, wish) in wishes.into_iter().enumerate() {
        let lock = stage.way(number);
        wanting.spawn(async move {
            for _ in 0..TURNS {
                let taken = lock.acquire(&seats(wish), patience_ms).await;
                let guard = taken.unwrap_or_else(|trouble| panic!("{wish:?}: {trouble}"));
                tokio::task::yield_now().await;
                guard.release().await;
            }
        });
    }
    joined(wanting).await;
}

pub(super) async fn patience_ends_as_busy(stage: Stage) {
    const PATIENCE_MS: u64 = 100;
    let held = stage.take(0, &[1]).await;
    let began = stage.clock.now();
    let refused = stage.way(1).acquire(&seats(&[1]), PATIENCE_MS).await;
    let waited_us = stage.clock.now().0 - began.0;
    let kind = refused.err().map(|trouble| trouble.kind);
    assert_eq!(kind, Some(TroubleKind::Busy));
    assert!((90_000..5_000_000).contains(&waited_us), "it waited {waited_us} µs");
    held.release().await;
}

pub(super) async fn a_released_key_is_free(stage: Stage) {
    for turn in 0..20 {
        let taken = stage.way(turn).acquire(&seats(&[1, 2]), 1_000).await;
        let guard = taken.unwrap_or_else(|trouble| panic!("turn {turn}: {trouble}"));
        guard.release().await;
    }
}

pub(super) async fn a_dropped_guard_ends_by_itself(stage: Stage) {
    drop(stage.take(0, &[1, 2]).await);
    stage.take(1, &[1, 2]).await.release().await;
    drop(stage.take(1, &[2]).await);
    stage.take(1, &[2]).await.release().await;
}

pub(super) async fn who_stops_waiting_leaves_no_trace(stage: Stage) {
    let held = stage.take(0, &[2]).await;
    let mut waiting = JoinSet::new();
    for way in 0..4 {
        let (lock, patience_ms) = (stage.way(way), stage.patience_ms());
        waiting.spawn(async move {
            assert!(is_busy(&lock.acquire(&seats(&[1, 2, 3]), patience_ms).await));
        });
    }
    stage.clock.sleep_ms(50).await;
    waiting.shutdown().await;
    held.release().await;
    stage.take(1, &[1, 2, 3]).await.release().await;
}

pub(super) async fn a_live_holder_keeps_it(stage: Stage) {
    let held = stage.take(0, &[1]).await;
    let long_ms = 3 * stage.fixture.lease_ms();
    assert!(stage.is_busy(1, &[1], long_ms).await, "a holder lost what he had");
    held.release().await;
    stage.take(1, &[1]).await.release().await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_app::ports::lock::NoLock;

    #[tokio::test(flavor = "multi_thread")]
    async fn without_a_lock_the_same_race_loses_updates() {
        let counted = race(&[Arc::new(NoLock), Arc::new(NoLock)], 1_000).await;
        assert!(counted < TASKS * TURNS, "the harm: {counted} counted");
    }
}
