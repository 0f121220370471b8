//! A whole sale on two instances with PostgreSQL and Redis: half as many buyers again as seats, to
//! the last seat, none twice, and how long that took. With `ADMITONE_LONG` it is 10,000 seats.

use crate::process::{House, admitone};
use crate::redis::shared;
use crate::shared_store::Server;
use crate::shopper::{Front, Shopper, import};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

/// So many buy at once; who comes after them comes at once when one of them is done.
const COUNTERS: usize = 250;

#[test]
fn two_instances_sell_to_one_and_a_half_times_as_many_buyers_as_there_are_seats() {
    let seats = if std::env::var_os("ADMITONE_LONG").is_some() { 10_000 } else { 500 };
    let buyers = seats * 3 / 2;
    let (Some(store), Some(redis)) = (Server::Postgres.fresh(), shared()) else { return };
    let directory = tempfile::tempdir().unwrap();
    import(directory.path(), &store, seats, None);
    let flags = ["--store", store.as_str(), "--redis", redis.as_str()];
    let houses = [House::start(directory.path(), &flags), House::start(directory.path(), &flags)];
    let front = Front::of(&[&houses[0], &houses[1]], seats);
    let begun = Instant::now();
    let counters: Vec<_> = (0..COUNTERS)
        .map(|counter| {
            let front = Arc::clone(&front);
            let thread = std::thread::Builder::new().stack_size(256 << 10);
            let buy = move || {
                let mine = (counter..buyers).step_by(COUNTERS);
                mine.flat_map(|number| Shopper::new(&front, number).buy()).collect::<Vec<_>>()
            };
            thread.spawn(buy).unwrap()
        })
        .collect();
    let tickets: Vec<String> =
        counters.into_iter().flat_map(|counter| counter.join().unwrap()).collect();
    let span = begun.elapsed();
    let distinct: BTreeSet<&String> = tickets.iter().collect();
    assert_eq!((tickets.len(), distinct.len()), (seats, seats), "all are sold, none twice");
    for house in houses {
        assert!(house.stop());
    }
    let (code, said) = admitone(&["verify", "--store", &store], directory.path());
    assert_eq!(code, 0, "{said}");
    println!("{seats} seats, {buyers} buyers, two instances: sold out after {span:.1?}; {said}");
}
