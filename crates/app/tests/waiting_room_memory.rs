//! What a million waiting users cost, in memory and in time. A process of its own, so that nothing
//! else moves the numbers.

use admitone_app::waiting_room::{Batch, Join, Room, RoomSettings, UserKey, encode};
use std::time::{Duration, Instant};

const USERS: u64 = 1_000_000;
const BATCH: usize = 1_000;
const PAGE_BYTES: u64 = 4_096;

fn resident_bytes() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}

/// Spread as a keyed hash spreads them.
fn user(n: u64) -> UserKey {
    let low = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let high = (low ^ (low >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    UserKey(((u128::from(high) << 64) | u128::from(low)).to_le_bytes())
}

#[expect(clippy::disallowed_methods, reason = "it measures the machine, not the product")]
fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = act();
    (result, started.elapsed())
}

#[test]
fn a_million_waiting_users_cost_less_than_forty_bytes_each() {
    let mut room = Room::new(1, RoomSettings::default(), 0).unwrap();
    let before = resident_bytes().unwrap();
    let (mut all, mut slowest, mut log_bytes) = (Duration::ZERO, Duration::ZERO, 0);
    for first in (0..USERS).step_by(BATCH) {
        let joins =
            (0..1_000).map(|n| Join { user: user(first + n), renew: false }).collect::<Vec<_>>();
        let batch = Batch { joins, ..Batch::default() };
        let now_us = i64::try_from(first).unwrap() * 10;
        let (outcome, took) = timed(|| room.exchange(now_us, &batch));
        (all, slowest) = (all + took, slowest.max(took));
        log_bytes += encode(&outcome.records).len();
    }
    let grown = resident_bytes().unwrap().saturating_sub(before);
    // The least of some: the machine may have stood still in one.
    let checkpoints = (0..5).map(|_| timed(|| room.checkpoint()));
    let (checkpoint, taken) = checkpoints.min_by_key(|(_, took)| *took).unwrap();
    println!(
        "{USERS} joins: {} ns each, slowest batch of {BATCH} {slowest:?}; {} bytes each; \
         {log_bytes} bytes of log; checkpoint of {} bytes taken in {taken:?}",
        all.as_nanos() / u128::from(USERS),
        grown / USERS,
        checkpoint.encode().len(),
    );
    assert_eq!(room.snapshot().issued, USERS);
    assert!(grown < 40 * USERS, "{grown} bytes");
    assert!(taken < Duration::from_millis(50), "{taken:?}");
}
