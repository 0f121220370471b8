//! Lines of several instances that want the same lock, where nobody is woken: it goes from hand to hand, and then it is
//! the others' turn.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod house;
mod nodes;

use admitone_adapter_redis::{LockOptions, RedisLock};
use admitone_conformance::redis_server;
use house::{House, both, keys_of, options, short, take};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use tokio::task::JoinSet;

/// The lock on a majority.
async fn redlock(house: &House) -> Option<RedisLock> {
    both(house).await?.pop().map(|(_, redlock)| redlock)
}

/// After so many turns both instances have met.
const MEETING: usize = 64;

/// Eight turns each, and as many again where a look was missed five times: the machine may be busy.
const ROW_MAX: usize = 48;

/// How many turns of one of two instances came in a row at most, while both had twenty who wanted one key.
async fn longest_row(in_turn: bool) -> Option<usize> {
    let house = House::new(LockOptions { in_line: true, in_turn, ..options() });
    let instances = [redlock(&house).await?, redlock(&house).await?];
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut crowd = JoinSet::new();
    for (instance, redlock) in instances.into_iter().enumerate() {
        let redlock = Arc::new(redlock);
        for _ in 0..20 {
            let (redlock, order) = (Arc::clone(&redlock), Arc::clone(&order));
            crowd.spawn(async move {
                for _ in 0..10 {
                    let turn = take(&redlock, &[1], 60_000).await;
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
    let both_have_met = both_wanted.iter().skip(MEETING);
    let both_have_met: Vec<_> = both_have_met.collect();
    Some(both_have_met.chunk_by(|a, b| a == b).map(<[_]>::len).max().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_leaves_the_others_a_look() {
    let Some(row) = longest_row(true).await else { return };
    assert!(row <= ROW_MAX, "{row} turns");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_that_chance_decides_which_instance_is_next() {
    let mut rows = Vec::new();
    for _ in 0..20 {
        let Some(row) = longest_row(false).await else { return };
        if row > ROW_MAX {
            return;
        }
        rows.push(row);
    }
    panic!("no harm: {rows:?} turns");
}

/// Longer than any of it takes.
const PATIENCE_MS: u64 = 60_000;

/// As whom so many who stand in line have a lock, and with which tokens; each has it for so long.
async fn owners(
    options: LockOptions,
    (crowd, held_ms): (usize, u64),
) -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let house = House::new(options);
    let (lock, prefix) = (Arc::new(redlock(&house).await?), house.options.prefix.clone());
    let first = take(&lock, &[1], PATIENCE_MS).await;
    let mut line = JoinSet::new();
    for _ in 0..crowd {
        let (lock, prefix) = (Arc::clone(&lock), prefix.clone());
        line.spawn(async move {
            let turn = take(&lock, &[1], PATIENCE_MS).await;
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
async fn a_lock_goes_from_hand_to_hand_eight_times_and_each_has_a_token_of_his_own() {
    let in_line = || LockOptions { in_line: true, ..options() };
    let Some((owners_of_all, tokens)) = owners(in_line(), (16, 0)).await else { return };
    // The first had it before them. One more where somebody came into the line late.
    assert!((2..=4).contains(&owners_of_all.len()), "{owners_of_all:?}");
    assert_eq!(tokens.len(), 16);
    let without = LockOptions { in_turn: false, ..in_line() };
    let (owners_of_all, _) = owners(without, (16, 0)).await.unwrap();
    assert_eq!(owners_of_all.len(), 16, "without that each asks all nodes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_of_which_little_is_left_is_not_handed_on() {
    let options = LockOptions { in_line: true, ..short(3_000) };
    let Some((owners, _)) = owners(options, (4, 1_600)).await else { return };
    assert_eq!(owners.len(), 4, "each had more than half of it");
}
