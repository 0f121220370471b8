//! The clock of a Redis jumps: leases are over before their time, and a second holder may come. The
//! tokens of the store keep them apart.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::House;
use crate::redis::Redis;
use crate::redis_locks::figure;
use crate::shared_store::Server;
use crate::shopper::import;
use std::time::{Duration, Instant};

const HOUR_S: i64 = 3_600;
const BETWEEN: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn nothing_acknowledged_is_lost_when_the_clock_of_a_redis_jumps() {
    let nodes: Option<Vec<Redis>> = (0..3).map(|_| Redis::start_with_own_time()).collect();
    let (Some(nodes), Some(store)) = (nodes, Server::Postgres.fresh()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let addresses: Vec<String> = nodes.iter().map(Redis::address).collect();
    let redis = addresses.join(",");
    let flags = ["--store", &store, "--strategy", "redlock@show", "--redis", &redis];
    let houses = [(); 2].map(|()| instance(directory.path(), &flags, &[]));
    let load = Load::begin(&[&houses[0].address, &houses[1].address], 4);
    let lost =
        || -> u64 { houses.iter().map(|house| figure(house, "admitone_locks_lost_total")).sum() };
    let (begun, mut jumps) = (Instant::now(), 0);
    // One clock jumps, and then all of them: a majority forgets what it promised. Whoever held a
    // lock then finds out, at the latest by his token.
    while lost() == 0 || jumps < 40 {
        assert!(begun.elapsed() < PATIENCE, "after {jumps} jumps nobody had lost a lock");
        jumps += 1;
        // There and back, and an hour further each time.
        let hours = if jumps % 4 == 3 { -jumps } else { jumps };
        nodes[0].jump(hours * HOUR_S);
        std::thread::sleep(BETWEEN);
        for node in &nodes {
            node.jump(hours * HOUR_S);
        }
        std::thread::sleep(BETWEEN);
    }
    for_a_while(300);
    load.end(&format!("the clocks of three nodes jumped {jumps} times"), &store);
    println!("{} locks were lost by it, and nothing stale was saved", lost());
    assert!(houses.into_iter().all(House::stop));
}
