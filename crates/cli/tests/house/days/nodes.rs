//! Nodes of Redis are killed, and stopped for longer than a lock's lease: the single one, and one, two
//! and three of five.

use super::load::{Load, SEATS};
use super::{for_a_while, instance};
use crate::process::House;
use crate::redis::Redis;
use crate::shared_store::Server;
use crate::shopper::import;

/// A lock's lease, how often it is made new, and what is longer than it.
const LEASE: [(&str, &str); 2] =
    [("ADMITONE_REDIS_LEASE_MS", "1000"), ("ADMITONE_REDIS_RENEW_MS", "300")];
const STOPPED_MS: u64 = 1_500;

const BUYERS: usize = 4;

/// What is done to a node, and what ends it.
type Harm = (&'static str, fn(&mut Redis), fn(&mut Redis));

const HARMS: [Harm; 2] = [
    ("killed", Redis::kill, Redis::restart),
    ("stopped", |node| node.pause(), |node| node.resume()),
];

#[test]
fn nothing_acknowledged_is_lost_when_the_single_redis_is_killed_and_stopped() {
    let Some(redis) = Redis::start() else { return };
    a_day("pubsub-lock", &mut [redis]);
}

#[test]
fn nothing_acknowledged_is_lost_when_nodes_of_redlock_are_killed_and_stopped() {
    let five: Option<Vec<Redis>> = (0..5).map(|_| Redis::start()).collect();
    let Some(mut five) = five else { return };
    a_day("redlock", &mut five);
}

/// Two instances under a lock, some of whose nodes are harmed for a while, then more of them. While
/// a majority is left the sale goes on. Without one nobody gets a lock: whoever had one may finish,
/// wishes for a seat, and waits, or is asked to come back.
fn a_day(map: &str, nodes: &mut [Redis]) {
    let Some(store) = Server::Postgres.fresh() else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, SEATS, None);
    let addresses: Vec<String> = nodes.iter().map(Redis::address).collect();
    let redis = addresses.join(",");
    let flags = ["--store", &store, "--strategy", map, "--redis", &redis];
    let houses = [(); 2].map(|()| instance(directory.path(), &flags, &LEASE));
    let minority = nodes.len() / 2;
    for (what, harm, end) in HARMS {
        let load = Load::begin(&[&houses[0].address, &houses[1].address], BUYERS);
        for_a_while(400);
        for harmed in 1..=minority + 1 {
            nodes[..harmed].iter_mut().for_each(harm);
            let before = load.counter.wished();
            for_a_while(STOPPED_MS);
            let wishes = load.counter.wished() - before;
            nodes[..harmed].iter_mut().for_each(end);
            println!("{map}, {harmed} of {} nodes {what}: {wishes} wishes meanwhile", nodes.len());
            if harmed <= minority {
                assert!(wishes > 0, "a majority is left, and nobody went on");
            } else {
                assert!(wishes <= BUYERS, "without a majority somebody had a lock");
            }
            for_a_while(400);
        }
        load.end(&format!("{map}, nodes {what} for {STOPPED_MS} ms"), &store);
    }
    assert!(houses.into_iter().all(House::stop));
}
