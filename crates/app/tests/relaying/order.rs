//! The order of each aggregate holds, whoever carries; nothing is left.

use crate::house::{Broker, House};
use admitone_app::Trouble;
use admitone_app::events::{Carrier, Envelope, Fate, Parcel};
use admitone_domain::{Key, Moment};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// The versions of each aggregate in the order in which they came.
fn versions(got: &[Envelope]) -> BTreeMap<Key, Vec<u64>> {
    let mut versions: BTreeMap<Key, Vec<u64>> = BTreeMap::new();
    for Envelope { event, .. } in got {
        versions.entry(event.aggregate).or_default().push(event.version);
    }
    versions
}

#[tokio::test]
async fn two_relays_share_the_lanes_and_the_order_of_each_aggregate_holds() {
    let house = House::new().await;
    let broker = Arc::new(Broker::default());
    let mut one = house.publishing(1, broker.clone()).await;
    let mut two = house.publishing(2, broker.clone()).await;
    let (mut by_one, mut by_two) = (0, 0);
    for turn in 0..30 {
        for buyer in 0..20 {
            house.charge(buyer).await;
        }
        by_one += one.round().await;
        by_two += two.round().await;
        // Time for the one who came first to give up his surplus.
        if turn == 10 {
            house.clock.advance_ms(3_000);
        }
    }
    assert_eq!(by_one + by_two, 600);
    assert!(by_one > 0 && by_two > 0, "{by_one} and {by_two}");
    for (key, versions) in versions(&broker.got()) {
        assert_eq!(versions, (1..=30).collect::<Vec<u64>>(), "{key:?}");
    }
}

#[tokio::test]
async fn what_was_not_confirmed_is_published_again_in_its_order() {
    let house = House::new().await;
    let broker = Arc::new(Broker::default());
    let mut relay = house.publishing(1, broker.clone()).await;
    for _ in 0..5 {
        house.charge(7).await;
    }
    broker.lies.store(2, Ordering::Relaxed);
    assert_eq!(relay.round().await, 0);
    assert_eq!(relay.round().await, 0, "it waits a moment");
    house.clock.advance_ms(100);
    assert_eq!(relay.round().await, 0);
    house.clock.advance_ms(200);
    assert_eq!(relay.round().await, 5);
    let all = versions(&broker.got()).into_values().next().unwrap();
    assert_eq!(all, [1, 2, 3, 4, 5].repeat(3));
}

/// A destination that cannot take what happened to one aggregate.
struct Picky {
    refuses: Key,
    until: Moment,
    got: Mutex<Vec<(Key, u64, u32)>>,
}

#[async_trait]
impl Carrier for Picky {
    async fn carry(&self, _lane: u8, parcels: Vec<Parcel>) -> Result<Vec<Fate>, Trouble> {
        let mut fates = Vec::new();
        for Parcel { envelope, attempts, since } in parcels {
            let event = &envelope.event;
            let is_refused =
                event.aggregate == self.refuses && since.is_none_or(|at| at < self.until);
            let failed = fates.iter().any(|fate| *fate != Fate::Done);
            fates.push(match (is_refused && attempts < 2, failed) {
                (true, false) => Fate::Later(Moment(self.until.0 * i64::from(attempts + 1))),
                (_, true) => Fate::Untried,
                (false, false) => {
                    self.got.lock().unwrap().push((event.aggregate, event.version, attempts));
                    Fate::Done
                }
            });
        }
        Ok(fates)
    }
}

#[tokio::test]
async fn what_cannot_be_delivered_stops_its_aggregate_and_nobody_else() {
    let house = House::new().await;
    let lane =
        |buyer: u128| admitone_app::events::lane(Key::Wallet(admitone_domain::id::BuyerId(buyer)));
    // Two wallets of one lane.
    let other = (2..10_000).find(|buyer| lane(*buyer) == lane(1)).unwrap();
    let refuses = Key::Wallet(admitone_domain::id::BuyerId(1));
    let until = Moment(60_000_000);
    let picky = Arc::new(Picky { refuses, until, got: Mutex::default() });
    let mut relay = house.instance(1, picky.clone()).await;
    for buyer in [1, other, 1, other] {
        house.charge(buyer).await;
    }
    let mut done = 0;
    for _ in 0..4 {
        done += relay.round().await;
    }
    assert_eq!(done, 2, "those of the other wallet");
    // A new relay takes the lane over: what was tried and how often is known to it.
    drop(relay);
    house.clock.advance_ms(10_000);
    let mut next = house.instance(2, picky.clone()).await;
    for _ in 0..40 {
        done += next.round().await;
        house.clock.advance_ms(5_000);
    }
    assert_eq!(done, 4);
    let got = picky.got.lock().unwrap();
    let of_refused: Vec<_> = got.iter().filter(|(key, ..)| *key == refuses).collect();
    assert_eq!(of_refused, [&(refuses, 1, 2), &(refuses, 2, 1)], "each in its turn");
}
