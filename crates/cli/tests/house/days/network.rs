//! The network between a house and what it stands on delays, cuts, half-closes and resets connections,
//! the same way for the same seed.

use super::load::{Load, SEATS};
use super::{for_a_while, instance, is_long};
use crate::process::House;
use crate::redis::Redis;
use crate::shared_store::Server;
use crate::shopper::import;
use admitone_conformance::proxy::Proxy;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

/// As long as it is bad, and until each proxy has ended a connection: a busy machine says little.
fn weather(proxies: &[&Proxy]) {
    let begun = Instant::now();
    for_a_while(4_000);
    let has_ended = |proxy: &&Proxy| {
        let faults = proxy.faults();
        faults.cut + faults.half_closed + faults.reset > 0
    };
    while !proxies.iter().all(has_ended) {
        assert!(begun.elapsed() < PATIENCE, "the weather was good");
        for_a_while(100);
    }
}

fn seeds() -> std::ops::RangeInclusive<u64> {
    if is_long() { 1..=10 } else { 1..=1 }
}

#[test]
fn nothing_acknowledged_is_lost_in_a_storm_before_postgres() {
    storm_before_the_store(Server::Postgres);
}

#[test]
fn nothing_acknowledged_is_lost_in_a_storm_before_mariadb() {
    storm_before_the_store(Server::Mariadb);
}

fn storm_before_the_store(server: Server) {
    for seed in seeds() {
        let Some(store) = server.fresh() else { return };
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), &store, SEATS, None);
        let proxy = Proxy::start(&store);
        let house = instance(directory.path(), &["--store", &proxy.url], &[]);
        let load = Load::begin(&[&house.address], 6);
        for_a_while(300);
        proxy.storm(seed);
        weather(&[&proxy]);
        proxy.calm();
        for_a_while(300);
        let faults = proxy.faults();
        load.end(&format!("a storm before {server:?}, seed {seed}: {faults:?}"), &store);
        assert!(House::stop(house));
    }
}

#[test]
fn nothing_acknowledged_is_lost_in_a_storm_before_redis() {
    for seed in seeds() {
        let (Some(store), Some(redis)) = (Server::Postgres.fresh(), Redis::start()) else { return };
        let directory = tempfile::tempdir().unwrap();
        import(directory.path(), &store, SEATS, None);
        let proxies = [(); 2].map(|()| Proxy::start(&redis.address()));
        let houses = proxies.each_ref().map(|proxy| {
            let flags = ["--store", &store, "--strategy", "pubsub-lock", "--redis", &proxy.url];
            instance(directory.path(), &flags, &[])
        });
        let load = Load::begin(&[&houses[0].address, &houses[1].address], 4);
        for_a_while(300);
        for proxy in &proxies {
            proxy.storm(seed);
        }
        weather(&proxies.each_ref());
        proxies.iter().for_each(Proxy::calm);
        for_a_while(300);
        let faults = proxies.each_ref().map(Proxy::faults);
        load.end(&format!("a storm before Redis, seed {seed}: {faults:?}"), &store);
        assert!(houses.into_iter().all(House::stop));
    }
}
