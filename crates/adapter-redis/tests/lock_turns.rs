//! Lines of several instances that want the same lock. Where one is woken it is kept for him; where nobody is, it goes
//! from hand to hand, and then it is the others' turn.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;
mod nodes;

use admitone_adapter_redis::{LockOptions, RedisLock};
use admitone_app::ports::lock::Lock;
use admitone_conformance::redis_server;
use house::{House, both, keys_of, options, seats, short, take};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// The lock on a majority.
async fn redlock(house: &House) -> Option<RedisLock> {
    lock(house, "redlock").await
}

async fn lock(house: &House, name: &str) -> Option<RedisLock> {
    let locks = both(house).await?;
    locks.into_iter().find_map(|(its_name, lock)| (its_name == name).then_some(lock))
}

/// After so many turns both instances have met.
const MEETING: usize = 64;

/// Of each lock, how long the row is at most in which the middle one of all turns lies: of `redlock` eight, and as many
/// again where a look was missed; of `pubsub` one, and another where who was woken came too late. A busy machine makes
/// single rows as long as it likes, wherever it lets an instance stand for a while; it does not do so to half of all turns.
const ROWS_MAX: [(&str, usize); 2] = [("redlock", 16), ("pubsub", 2)];

/// How long the row of turns of one instance is in which the middle one of all turns lies, while two had twenty who
/// wanted one key.
async fn usual_row(name: &str, in_turn: bool) -> Option<usize> {
    let house = House::new(LockOptions { in_line: true, in_turn, ..options() });
    let instances = [lock(&house, name).await?, lock(&house, name).await?];
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut crowd = JoinSet::new();
    for (instance, lock) in instances.into_iter().enumerate() {
        let lock = Arc::new(lock);
        for _ in 0..20 {
            let (lock, order) = (Arc::clone(&lock), Arc::clone(&order));
            crowd.spawn(async move {
                for _ in 0..20 {
                    let turn = take(&lock, &[1], 60_000).await;
                    order.lock().unwrap().push(instance);
                    house::wait_ms(1).await;
                    turn.release().await;
                }
            });
        }
    }
    while let Some(ended) = crowd.join_next().await {
        ended.unwrap();
    }
    let order = order.lock().unwrap();
    let ended = [0, 1].map(|one| order.iter().rposition(|instance| *instance == one));
    let both_wanted = &order[..*ended.iter().flatten().min()?];
    // Nobody knows of the others before they have met.
    let both_have_met: Vec<_> = both_wanted.iter().skip(MEETING).collect();
    Some(of_the_middle(both_have_met.chunk_by(|a, b| a == b).map(<[_]>::len).collect()))
}

/// The row in which the middle one of all turns lies, the shortest first.
fn of_the_middle(mut rows: Vec<usize>) -> usize {
    rows.sort_unstable();
    let turns: usize = rows.iter().sum();
    assert!(turns > 0, "they never wanted it at the same time");
    let mut before = 0;
    let reaches_the_middle = |row: &usize| {
        before += row;
        before * 2 >= turns
    };
    rows.into_iter().find(reaches_the_middle).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_leaves_the_others_their_turn() {
    for (name, row_max) in ROWS_MAX {
        let Some(row) = usual_row(name, true).await else { return };
        assert!(row <= row_max, "{name}: {row} turns");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_that_chance_decides_which_instance_is_next() {
    let (name, row_max) = ROWS_MAX[0];
    let mut rows = Vec::new();
    while rows.iter().all(|row| *row <= row_max) {
        assert!(rows.len() < 20, "{name}, no harm: {rows:?} turns");
        let Some(row) = usual_row(name, false).await else { return };
        rows.push(row);
    }
}

/// Longer than any of it takes.
const PATIENCE_MS: u64 = 60_000;

/// What each of a line does.
#[derive(Clone, Copy)]
struct Holds {
    crowd: usize,
    held_ms: u64,
    /// Whether it says that all it did has ended.
    settles: bool,
}

/// As whom all of a line have a lock, and with which tokens.
async fn owners(
    options: LockOptions,
    Holds { crowd, held_ms, settles }: Holds,
) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let house = House::new(options);
    let (lock, prefix) = (Arc::new(redlock(&house).await?), house.options.prefix.clone());
    let first = take(&lock, &[1], PATIENCE_MS).await;
    let mut line = JoinSet::new();
    for _ in 0..crowd {
        let (lock, prefix) = (Arc::clone(&lock), prefix.clone());
        line.spawn(async move {
            let mut turn = take(&lock, &[1], PATIENCE_MS).await;
            if settles {
                turn.settled();
            }
            let had = (owner(&prefix).await, format!("{:?}", turn.fences()));
            house::wait_ms(held_ms).await;
            turn.release().await;
            had
        });
    }
    house::wait_ms(500).await;
    first.release().await;
    Some(line.join_all().await.into_iter().unzip())
}

/// Who has the one key there is, as most nodes know it.
async fn owner(prefix: &str) -> String {
    let addresses = redis_server::shared().unwrap();
    loop {
        let mut votes = BTreeMap::new();
        for address in &addresses {
            if let Some(owner) = owner_at(address, prefix).await {
                *votes.entry(owner).or_insert(0) += 1;
            }
        }
        // A node may be behind: it was not waited for.
        if let Some((owner, _)) = votes.into_iter().find(|(_, votes)| votes * 2 > addresses.len()) {
            return owner;
        }
    }
}

async fn owner_at(address: &str, prefix: &str) -> Option<String> {
    let key = keys_of(address, prefix).await.pop()?;
    let client = redis::Client::open(address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_goes_from_hand_to_hand_eight_times_with_its_tokens_where_all_is_settled() {
    let in_line = || LockOptions { in_line: true, ..options() };
    let holds = |settles| Holds { crowd: 16, held_ms: 0, settles };
    let Some((owners_of_all, tokens)) = owners(in_line(), holds(true)).await else { return };
    // The first had it before them. One more where somebody came into the line late.
    assert!((2..=4).contains(&owners_of_all.len()), "{owners_of_all:?}");
    // What the first did has not ended for all that the second knows.
    assert!((owners_of_all.len()..=5).contains(&tokens.len()), "{tokens:?}");
    let (_, tokens) = owners(in_line(), holds(false)).await.unwrap();
    assert_eq!(tokens.len(), 16, "each has one of his own");
    let without = LockOptions { in_turn: false, ..in_line() };
    let (owners_of_all, _) = owners(without, holds(true)).await.unwrap();
    assert_eq!(owners_of_all.len(), 16, "without that each asks all nodes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_which_little_is_left_is_not_handed_on() {
    let options = LockOptions { in_line: true, ..short(3_000) };
    let Some((owners, _)) =
        owners(options, Holds { crowd: 4, held_ms: 1_600, settles: true }).await
    else {
        return;
    };
    assert_eq!(owners.len(), 4, "each had more than half of it");
}

/// Somebody who stands in line for the one key there is, of an instance that does nothing when it is woken.
const GHOST: &str = "ghost/0";

/// A lock that was let go while the ghost stood in line for it.
struct Woken {
    lock: RedisLock,
    address: String,
    prefix: String,
    /// While it is there the ghost's instance can be reached.
    _ghost: redis::aio::PubSub,
}

async fn wake_the_ghost(options: LockOptions) -> Option<Woken> {
    let house = House::new(options);
    let lock = lock(&house, "pubsub").await?;
    let address = redis_server::shared().unwrap().swap_remove(0);
    let prefix = house.options.prefix.clone();
    let held = take(&lock, &[1], 0).await;
    let key = keys_of(&address, &prefix).await.pop().unwrap();
    let client = redis::Client::open(address.as_str()).unwrap();
    let mut ghost = client.get_async_pubsub().await.unwrap();
    ghost.subscribe(format!("{prefix}:wake:ghost")).await.unwrap();
    let line = key.replace(":lock:", ":line:");
    house::execute(&address, &["ZADD", &line, "1", GHOST]).await;
    held.release().await;
    Some(Woken { lock, address, prefix, _ghost: ghost })
}

/// Whether whoever comes after somebody was woken, and before that one has come, has the lock.
async fn overtakes(in_turn: bool) -> Option<bool> {
    let woken = wake_the_ghost(LockOptions { in_turn, ..options() }).await?;
    let taken = woken.lock.acquire(&seats(&[1]), 0).await;
    let overtakes = taken.is_ok();
    if let Ok(turn) = taken {
        turn.release().await;
    }
    Some(overtakes)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_while_somebody_is_woken_does_not_overtake_him() {
    for _ in 0..10 {
        let Some(overtakes) = overtakes(true).await else { return };
        if !overtakes {
            return;
        }
        // The moment was over before anybody came: the machine is busy.
    }
    panic!("overtaken each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keeping_it_who_comes_meanwhile_overtakes_him() {
    assert_ne!(overtakes(false).await, Some(false), "no harm");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_woken_and_does_not_come_is_not_waited_for_until_a_lease_is_over() {
    let Some(woken) = wake_the_ghost(options()).await else { return };
    let kept_for = owner_at(&woken.address, &woken.prefix).await;
    let whom = format!("next:{GHOST}");
    assert!(kept_for.is_none_or(|one| one == whom), "or the moment is over already");
    take(&woken.lock, &[1], 1_000).await.release().await;
}

/// Whether somebody who wants two keys has them both before his patience ends, while each has somebody who waits for it
/// all the time.
async fn has_both(keeps_after: u32, patience_ms: u64) -> Option<bool> {
    let house = House::new(LockOptions { keeps_after, ..options() });
    let lock = Arc::new(lock(&house, "pubsub").await?);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut crowd = JoinSet::new();
    for one in 0..8 {
        let (lock, is_over) = (Arc::clone(&lock), Arc::clone(&is_over));
        crowd.spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let turn = take(&lock, &[1 + one % 2], 60_000).await;
                house::wait_ms(1).await;
                turn.release().await;
            }
        });
    }
    house::wait_ms(100).await;
    let taken = lock.acquire(&seats(&[1, 2]), patience_ms).await;
    is_over.store(true, Ordering::Relaxed);
    let has_both = taken.is_ok();
    if let Ok(both) = taken {
        both.release().await;
    }
    while let Some(ended) = crowd.join_next().await {
        ended.unwrap();
    }
    Some(has_both)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_wants_two_keys_has_them_though_each_is_always_wanted() {
    let Some(has_both) = has_both(LockOptions::default().keeps_after, 10_000).await else { return };
    assert!(has_both);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keeping_one_while_the_other_is_taken_he_never_has_both() {
    for _ in 0..10 {
        let Some(has_both) = has_both(u32::MAX, 1_500).await else { return };
        if !has_both {
            return;
        }
    }
    panic!("no harm: he came in between each time");
}

/// Somebody is woken and goes without the lock before he could come; whether the next is woken by that. If not he sleeps until
/// a lease is over.
async fn next_is_woken(leaves: bool) -> Option<bool> {
    let house = House::new(LockOptions { poll_ms: 60_000, ..options() });
    let lock = Arc::new(lock(&house, "pubsub").await?);
    let held = take(&lock, &[1], 0).await;
    let keys = seats(&[1]);
    let mut first = lock.acquire(&keys, 60_000);
    let looked = tokio::time::timeout(Duration::from_millis(300), &mut first).await;
    assert!(looked.is_err(), "somebody has it");
    let (mut next, waits) = (JoinSet::new(), Arc::clone(&lock));
    next.spawn(async move { take(&waits, &[1], 60_000).await.release().await });
    house::wait_ms(300).await;
    held.release().await;
    if leaves {
        drop(first);
    } else {
        std::mem::forget(first);
    }
    Some(tokio::time::timeout(Duration::from_secs(2), next.join_next()).await.is_ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_for_who_goes_is_the_next_ones_and_without_his_word_nobodys() {
    let Some(is_woken) = next_is_woken(true).await else { return };
    assert!(is_woken);
    assert_eq!(next_is_woken(false).await, Some(false), "the harm: he sleeps on");
}
