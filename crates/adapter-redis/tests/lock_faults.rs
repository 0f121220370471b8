//! Locks on bad days: paused holders, nodes that are killed, stopped, or whose time jumps.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

mod house;
mod nodes;

use admitone_adapter_redis::{LockOptions, Node, RedisLock};
use admitone_app::TroubleKind;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::lock::Lock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction, Wanted};
use admitone_conformance::redis_server::{self, RedisServer as Server};
use admitone_domain::command::Charge;
use admitone_domain::id::BuyerId;
use admitone_domain::pass::Admission;
use admitone_domain::{
    Action, Actor, Command, CommandId, Currency, Fingerprint, Key, Money, Row, Rows, Verdict,
    decide,
};
use house::{House, execute, keys_of, lock_of, options, refused, seats, short, take};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ANN: BuyerId = BuyerId(7);

/// Long enough to take a lock on a busy machine: a majority must answer within it.
const LEASE_MS: u64 = 500;
/// Whoever shall have a lock may try so long.
const PATIENCE_MS: u64 = 10_000;
/// What a busy machine may add to a wait.
const LATE: Duration = Duration::from_secs(4);

fn charge(number: u64, amount: i64) -> Command {
    let charge = Charge { amount: Money(amount), currency: Currency::KRW };
    Command {
        id: CommandId(u128::from(number)),
        fingerprint: Fingerprint(number),
        fresh: number,
        actor: Actor::Buyer(ANN),
        admission: Admission::None,
        deadline: None,
        action: Action::Charge(charge),
    }
}

/// Loads and decides a charge in plain mode; what is left to be saved.
async fn begin(
    store: &MemoryStore,
    fences: &Fences,
    command: Command,
) -> (Box<dyn Transaction>, Verdict) {
    let mut transaction = store.begin(Mode::Plain, fences).await.unwrap();
    let mut rows = Rows::default();
    let mut keys = Vec::new();
    command.keys(&rows, &mut keys);
    let wanted = Wanted { keys, ..Wanted::default() };
    transaction.load(&wanted, &mut rows).await.unwrap();
    (transaction, decide(&rows, &[command]))
}

async fn finish(begun: (Box<dyn Transaction>, Verdict)) -> Result<(), TroubleKind> {
    let (mut transaction, verdict) = begun;
    transaction.save(&Arc::new(verdict)).await.map_err(|trouble| trouble.kind)?;
    transaction.commit().await.map_err(|trouble| trouble.kind)
}

async fn balance(store: &MemoryStore) -> i64 {
    let row = store.rows(&[Key::Wallet(ANN)]).await.unwrap().remove(0).unwrap();
    let Row::Wallet(wallet) = row.into_row() else { panic!("a wallet") };
    wallet.balance.0
}

/// A holder loads and is paused beyond his lease; the next one charges 5; then the first one
/// wakes up and saves his charge of 10. What the first is told, and the balance.
async fn paused_holder(house: &House, lock: &RedisLock) -> (Result<(), TroubleKind>, i64) {
    let stale = take(lock, &[1], PATIENCE_MS).await;
    let first = begin(&house.store, &stale.fences(), charge(1, 10)).await;
    let next = take(lock, &[1], PATIENCE_MS).await;
    finish(begin(&house.store, &next.fences(), charge(2, 5)).await).await.unwrap();
    next.release().await;
    let told = finish(first).await;
    stale.release().await;
    (told, balance(&house.store).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_who_wakes_up_too_late_is_refused_by_the_store() {
    let Some(addresses) = redis_server::shared() else { return };
    for is_redlock in [false, true] {
        let house = House::new(short(LEASE_MS));
        let lock = lock_of(&house, &addresses, is_redlock).await;
        assert_eq!(paused_holder(&house, &lock).await, (Err(TroubleKind::Fenced), 5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_fencing_he_undoes_what_was_saved_meanwhile() {
    let Some(addresses) = redis_server::shared() else { return };
    for is_redlock in [false, true] {
        let house = House::new(LockOptions { fencing: false, ..short(LEASE_MS) });
        let lock = lock_of(&house, &addresses, is_redlock).await;
        assert_eq!(paused_holder(&house, &lock).await, (Ok(()), 10), "the harm: 5 are gone");
    }
}

/// A holder's commit is under way when he lets go, and nobody knows what becomes of it; the next one has the lock from his
/// hand and charges 5; then the commit of 10 arrives. What it is told, and the balance.
async fn late_commit(
    house: &House,
    redlock: RedisLock,
    says_settled: bool,
) -> (Result<(), TroubleKind>, i64) {
    let redlock = Arc::new(redlock);
    let mut earlier = take(&redlock, &[1], PATIENCE_MS).await;
    let late = begin(&house.store, &earlier.fences(), charge(1, 10)).await;
    let (lock, store) = (Arc::clone(&redlock), house.store.clone());
    let next = tokio::spawn(async move {
        let next = take(&lock, &[1], PATIENCE_MS).await;
        finish(begin(&store, &next.fences(), charge(2, 5)).await).await.unwrap();
        next.release().await;
    });
    house::wait_ms(200).await;
    if says_settled {
        earlier.settled();
    }
    earlier.release().await;
    next.await.unwrap();
    (finish(late).await, balance(&house.store).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_arrives_when_the_lock_went_on_is_refused_unless_it_was_said_to_have_ended() {
    let Some(addresses) = redis_server::shared() else { return };
    let house = || House::new(LockOptions { in_line: true, ..options() });
    let one = house();
    let lock = lock_of(&one, &addresses, true).await;
    assert_eq!(late_commit(&one, lock, false).await, (Err(TroubleKind::Fenced), 5));
    let one = house();
    let lock = lock_of(&one, &addresses, true).await;
    assert_eq!(late_commit(&one, lock, true).await, (Ok(()), 10), "the harm: 5 are gone");
}

/// Somebody else has it. A node that a busy machine keeps from answering in time says nothing of that.
async fn busy(lock: &RedisLock, numbers: &[u64]) {
    for _ in 0..50 {
        if refused(lock, numbers, 100).await == TroubleKind::Busy {
            return;
        }
    }
    panic!("nobody says who has it");
}

fn five() -> Option<Vec<Server>> {
    (0..5).map(|_| Server::start()).collect()
}

fn nodes_of(servers: &[Server]) -> Vec<Node> {
    servers.iter().map(|server| nodes::node(&server.address())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn redlock_goes_on_while_a_majority_of_nodes_is_left() {
    let Some(mut servers) = five() else { return };
    let house = House::new(options());
    let lock = house.redlock(nodes_of(&servers));
    take(&lock, &[1], PATIENCE_MS).await.release().await;
    for server in &mut servers[..2] {
        server.kill();
        let guard = take(&lock, &[1], PATIENCE_MS).await;
        busy(&lock, &[1]).await;
        guard.release().await;
    }
    servers[2].kill();
    let begun = Instant::now();
    assert_eq!(refused(&lock, &[1], 1_000).await, TroubleKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(1) + LATE, "{:?}", begun.elapsed());
    println!("three of five killed: refused after {:?}", begun.elapsed());
    servers[2].restart();
    // The first call finds the broken connection, a later one the new.
    let mut taken = None;
    for _ in 0..100 {
        if let Ok(guard) = lock.acquire(&seats(&[1]), 500).await {
            taken = Some(guard);
            break;
        }
        house::wait_ms(50).await;
    }
    taken.expect("the majority is back").release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redlock_goes_on_while_nodes_are_stopped_and_lets_go_of_lost_answers() {
    let Some(servers) = five() else { return };
    let house = House::new(options());
    let lock = house.redlock(nodes_of(&servers));
    take(&lock, &[1], PATIENCE_MS).await.release().await;
    servers[0].pause();
    servers[1].pause();
    let begun = Instant::now();
    let guard = take(&lock, &[1], PATIENCE_MS).await;
    println!("two of five stopped: taken after {:?}", begun.elapsed());
    assert!(begun.elapsed() < LATE);
    guard.release().await;
    servers[2].pause();
    let begun = Instant::now();
    assert_eq!(refused(&lock, &[1], 1_000).await, TroubleKind::Unavailable);
    println!("three of five stopped: refused after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(1) + LATE);
    // Two had said yes and three heard the question when they woke up: nobody keeps the key.
    servers[..3].iter().for_each(Server::resume);
    let mut left = Vec::new();
    for _ in 0..500 {
        house::wait_ms(20).await;
        left.clear();
        for server in &servers {
            left.extend(keys_of(&server.address(), &house.options.prefix).await);
        }
        if left.is_empty() {
            break;
        }
    }
    assert_eq!(left, Vec::<String>::new());
    take(&lock, &[1], PATIENCE_MS).await.release().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_node_whose_time_jumps_gives_the_lock_to_nobody_else() {
    let Some(addresses) = redis_server::shared() else { return };
    // Nobody makes it new: by that he would find out.
    let house = House::new(LockOptions { renew_every_ms: None, lease_ms: 60_000, ..options() });
    let lock = house.redlock(addresses.iter().map(|address| nodes::node(address)).collect());
    let guard = take(&lock, &[1], PATIENCE_MS).await;
    let forget = async |count: usize| {
        for address in &addresses[..count] {
            for key in keys_of(address, &house.options.prefix).await {
                execute(address, &["DEL", &key]).await;
            }
        }
    };
    forget(1).await;
    busy(&lock, &[1]).await;
    // The twin: three of five jump, and a second holder believes that he has it.
    forget(3).await;
    let second = take(&lock, &[1], PATIENCE_MS).await;
    assert!(!guard.is_lost() && !second.is_lost(), "the harm");
    let (old, new) = (guard.fences(), second.fences());
    assert!(old.0[0].token < new.0[0].token, "and the tokens tell them apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_away_is_said_in_bounded_time_and_comes_back() {
    let Some(mut server) = Server::start() else { return };
    let house = House::new(options());
    let lock = house.pubsub(nodes::node(&server.address())).await;
    take(&lock, &[1], PATIENCE_MS).await.release().await;
    server.pause();
    let begun = Instant::now();
    assert_eq!(refused(&lock, &[1], 1_000).await, TroubleKind::Unavailable);
    println!("stopped: refused after {:?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(1) + LATE);
    server.kill();
    let begun = Instant::now();
    assert_eq!(refused(&lock, &[1], 1_000).await, TroubleKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(1) + LATE);
    server.restart();
    for _ in 0..100 {
        if let Ok(guard) = lock.acquire(&seats(&[1]), 500).await {
            return guard.release().await;
        }
        house::wait_ms(50).await;
    }
    panic!("it did not come back");
}

/// One holds the lock and loads. Another cannot reach it, goes on without, and charges 5. Then the
/// first saves a charge of 10. What the first is told, and the balance.
async fn beside_a_fallback(fencing: bool, addresses: &[String]) -> (Result<(), TroubleKind>, i64) {
    let house = House::new(LockOptions { fencing, ..options() });
    let lock = lock_of(&house, addresses, false).await;
    let options = LockOptions { fallback: Some(Mode::Optimistic), ..house.options.clone() };
    let cut_off = House { store: house.store.clone(), options, stop: house.stop.clone() };
    let nobody = nodes::node("redis://127.0.0.1:1");
    let without = cut_off.pubsub(nobody).await;
    let held = take(&lock, &[1], PATIENCE_MS).await;
    let first = begin(&house.store, &held.fences(), charge(1, 10)).await;
    let fallen_back = take(&without, &[1], 50).await;
    assert_eq!(fallen_back.mode(Mode::Plain), Mode::Optimistic);
    finish(begin(&house.store, &fallen_back.fences(), charge(2, 5)).await).await.unwrap();
    let told = finish(first).await;
    held.release().await;
    (told, balance(&house.store).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_on_without_a_lock_is_not_overwritten_by_who_has_it() {
    let Some(addresses) = redis_server::shared() else { return };
    assert_eq!(beside_a_fallback(true, &addresses).await, (Err(TroubleKind::Fenced), 5));
    assert_eq!(
        beside_a_fallback(false, &addresses).await,
        (Ok(()), 10),
        "5 is lost without tokens"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_is_waited_for_by_one_and_ends_by_itself() {
    let Some(mut server) = Server::start() else { return };
    let house = House::new(options());
    let lock = house.pubsub(nodes::node(&server.address())).await;
    take(&lock, &[1], PATIENCE_MS).await.release().await;
    server.kill();
    assert_eq!(refused(&lock, &[1], 400).await, TroubleKind::Unavailable);
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(refused(&lock, &[1], 400).await, TroubleKind::Unavailable);
    }
    // Had each of them waited, it were twice as long.
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    server.restart();
    let begun = Instant::now();
    while lock.acquire(&seats(&[1]), 400).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is there again");
        house::wait_ms(20).await;
    }
}
