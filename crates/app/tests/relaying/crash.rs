//! A relay that is killed between publishing and writing that down: the events come again, and what
//! our own consumer makes of them is there once; without its inbox it is there twice.

use crate::house::{Broker, House, ROAD};
use admitone_app::Trouble;
use admitone_app::events::{Envelope, Intake};
use admitone_app::ports::event_bus::{Consumer, EventBus};
use admitone_app::ports::lanes::{Claim, Lanes};
use admitone_app::ports::store::Mode;
use admitone_conformance::sale::{answer, balance, charge, settler};
use admitone_domain::id::BuyerId;
use admitone_domain::{Command, CommandId, Fingerprint, Happening, Key};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const GUEST: BuyerId = BuyerId(77);

/// Gives a guest one for every charge of somebody else.
struct Generous {
    house: Arc<House>,
    has_inbox: bool,
    next: AtomicU64,
}

#[async_trait]
impl Consumer for Generous {
    fn name(&self) -> &'static str {
        "generous"
    }

    async fn take(&self, events: &[Envelope]) -> Result<(), Trouble> {
        let settler = settler(self.house.store.clone(), Mode::Optimistic);
        for event in events {
            let is_own = event.event.aggregate == Key::Wallet(GUEST);
            if is_own || !matches!(event.event.what, Happening::Moved { .. }) {
                continue;
            }
            let fresh = self.next.fetch_add(1, Ordering::Relaxed);
            let id = if self.has_inbox {
                event.command(self.name())
            } else {
                CommandId(u128::from(fresh))
            };
            let fingerprint = Fingerprint(0);
            let command = Command { id, fingerprint, ..charge(fresh, GUEST, 1) };
            assert!(answer(settler.settle(vec![command]).await.remove(0)).is_ok());
        }
        Ok(())
    }
}

/// What the guest has after ten charges and a relay that was killed in the middle, and how many
/// messages there were.
async fn after_a_kill(has_inbox: bool) -> (i64, usize) {
    let house = Arc::new(House::new().await);
    let broker = Arc::new(Broker::default());
    for buyer in 0..10 {
        house.charge(buyer).await;
    }
    // Killed between the two: everything is published, and nothing is written down.
    let claim = Claim { road: ROAD, relay: 1, lease_ms: 10_000 };
    let held = house.store.claim(&claim).await.unwrap();
    let all: Vec<(u8, u64)> = held.iter().map(|held| (held.lane, 0)).collect();
    for (number, event) in house.store.waiting(&all, 100).await.unwrap() {
        let event = Envelope { source: "/admitone/test".into(), number, event };
        broker.publish(event.lane(), std::slice::from_ref(&event)).await.unwrap();
    }
    // Another takes the lanes over when the lease is over, and not before.
    let mut next = house.publishing(2, broker.clone()).await;
    assert_eq!(next.round().await, 0);
    house.clock.advance_ms(10_000);
    assert_eq!(next.round().await, 10);
    let consumer = Generous { house: house.clone(), has_inbox, next: AtomicU64::new(1_000) };
    let intake = Intake { source: "/admitone/test".into(), consumers: vec![Arc::new(consumer)] };
    intake.take(&broker.bodies()).await.unwrap();
    (balance(&*house.store, GUEST).await, broker.got().len())
}

#[tokio::test]
async fn events_come_twice_and_what_is_made_of_them_is_there_once() {
    assert_eq!(after_a_kill(true).await, (10, 20));
}

#[tokio::test]
async fn without_the_inbox_it_is_there_twice() {
    assert_eq!(after_a_kill(false).await, (20, 20));
}

#[tokio::test]
async fn what_another_house_left_behind_is_passed_over() {
    let house = Arc::new(House::new().await);
    house.charge(1).await;
    let broker = Arc::new(Broker::default());
    house.publishing(1, broker.clone()).await.round().await;
    let mut bodies = broker.bodies();
    bodies.push(b"no event at all".to_vec());
    let consumer = |next| Generous { house: house.clone(), has_inbox: true, next };
    for (source, expected) in [("/admitone/other", 0), ("/admitone/test", 1)] {
        let consumers: Vec<Arc<dyn Consumer>> = vec![Arc::new(consumer(AtomicU64::new(1_000)))];
        Intake { source: source.into(), consumers }.take(&bodies).await.unwrap();
        assert_eq!(balance(&*house.store, GUEST).await, expected);
    }
}
