//! What a million places cost, measured on a server of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

use admitone_adapter_redis::{Node, RedisRooms, RoomOptions};
use admitone_app::waiting_room::{Batch, Join, Place, RoomSettings, UserKey};
use admitone_conformance::redis_server::RedisServer as Server;
use admitone_conformance::room_stories as stories;
use std::time::{Duration, Instant};

const BATCH: u64 = 4_000;
const PLACES: u64 = 1_000_000;
const BYTES_MAX: u64 = 100_000_000;

/// As random as the ids of buyers are.
fn user(n: u64) -> UserKey {
    let mut chance = stories::Chance(n);
    let half = |number: u64| number.to_be_bytes();
    let (high, low) = (half(chance.below(u64::MAX)), half(chance.below(u64::MAX)));
    let mut key = [0; 16];
    key[..8].copy_from_slice(&high);
    key[8..].copy_from_slice(&low);
    UserKey(key)
}

/// A figure of the server.
async fn figure(address: &str, section: &str, name: &str) -> u64 {
    let client = redis::Client::open(address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let info: String = redis::cmd("INFO").arg(section).query_async(&mut connection).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_places_take_less_than_100_mb_and_a_tick_one_round_trip() {
    let Some(server) = Server::start() else { return };
    let address = server.address();
    let node = Node::new(&address, Duration::from_secs(20)).unwrap();
    let options = RoomOptions { born_after_ms: 0, ..RoomOptions::default() };
    let settings = RoomSettings { active_max: Some(1_000), ..RoomSettings::default() };
    let mut room = RedisRooms::new(node, options).open_room(1, &settings).await.unwrap();
    let before = figure(&address, "memory", "used_memory").await;
    let begun = Instant::now();
    for first in (0..PLACES).step_by(usize::try_from(BATCH).unwrap()) {
        let joins = (first..first + BATCH).map(|n| Join { user: user(n), renew: false }).collect();
        let told = room.exchange_once(&Batch { joins, ..Batch::default() }).await.unwrap();
        let last = told.outcome.joined.last().unwrap().unwrap();
        assert_eq!(last.position.place, Place(first + BATCH));
    }
    let took = begun.elapsed();
    let used = figure(&address, "memory", "used_memory").await - before;
    let (megabytes, each) = (used / 1_000_000, used / PLACES);
    println!("{PLACES} places: {megabytes} MB of used_memory, {each} bytes each, in {took:.1?}");
    assert!(used <= BYTES_MAX, "{used}");

    // A tick costs one round trip, whether one user waits or a million.
    let (asked, begun) = (calls_of(&address).await, Instant::now());
    for _ in 0..100 {
        room.exchange_once(&Batch::default()).await.unwrap();
    }
    let took = begun.elapsed() / 100;
    println!("a tick beside them: {took:?}");
    assert_eq!(calls_of(&address).await - asked, 100, "one call an exchange");
    assert!(took < Duration::from_millis(50), "{took:?}");
    let joins = vec![Join { user: user(77_776), renew: false }];
    let again = room.exchange_once(&Batch { joins, ..Batch::default() }).await.unwrap();
    let again = again.outcome.joined[0].unwrap();
    assert_eq!((again.position.place, again.existing), (Place(77_777), true));
}

/// How often scripts were called.
async fn calls_of(address: &str) -> u64 {
    let client = redis::Client::open(address).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let info: String =
        redis::cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    line.unwrap().split(',').next().unwrap().parse().unwrap()
}
