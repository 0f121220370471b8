//! A house in memory, and roads that lead out of it.

use admitone_app::clock::HandClock;
use admitone_app::events::{BusCarrier, Carrier, Envelope, Lookout, Relay, RelaySetup};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::event_bus::EventBus;
use admitone_app::ports::lanes::Lanes;
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_app::{Trouble, TroubleKind};
use admitone_conformance::sale::{NOW, answer, charge, settler};
use admitone_domain::id::BuyerId;
use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const ROAD: &str = "broker";

pub(crate) struct House {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<HandClock>,
    number: AtomicU64,
}

impl House {
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(HandClock::at(NOW));
        let store = Arc::new(MemoryStore::new(clock.clone()));
        store.open(ROAD, 0).await.unwrap();
        Self { store, clock, number: AtomicU64::new(0) }
    }

    /// One event: a wallet moves.
    pub(crate) async fn charge(&self, buyer: u128) {
        let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
        let settler = settler(self.store.clone(), Mode::Optimistic);
        let settler = Settler { clock: self.clock.clone(), ..settler };
        let reply = settler.settle(vec![charge(number, BuyerId(buyer), 1)]).await.remove(0);
        assert!(answer(reply).is_ok());
    }

    pub(crate) async fn instance(&self, id: u128, carrier: Arc<dyn Carrier>) -> Instance {
        let (outbox, clock) = (self.store.clone(), self.clock.clone());
        let lookout = Arc::new(Lookout::begin(outbox, clock.clone(), false).await.unwrap());
        let relay = Relay::new(RelaySetup {
            road: ROAD.into(),
            source: "/admitone/test".into(),
            lanes: self.store.clone(),
            sight: lookout.sight().await.unwrap(),
            carrier,
            clock,
            id,
            lanes_at_once: 8,
            begin: 0,
        });
        Instance { lookout, relay }
    }

    pub(crate) async fn publishing(&self, id: u128, bus: Arc<dyn EventBus>) -> Instance {
        self.instance(id, Arc::new(BusCarrier(bus))).await
    }
}

/// One instance's way out.
pub(crate) struct Instance {
    pub(crate) lookout: Arc<Lookout>,
    pub(crate) relay: Relay,
}

impl Instance {
    /// Looks and carries once; how many events were done.
    pub(crate) async fn round(&mut self) -> usize {
        self.lookout.look().await.unwrap();
        self.relay.round().await.unwrap()
    }
}

/// A broker that keeps what it is given.
#[derive(Default)]
pub(crate) struct Broker {
    pub(crate) got: Mutex<Vec<Envelope>>,
    /// So many calls are answered with trouble after the events have arrived.
    pub(crate) lies: AtomicU64,
}

impl Broker {
    pub(crate) fn got(&self) -> Vec<Envelope> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.got().iter().map(Envelope::to_bytes).collect()
    }
}

#[async_trait]
impl EventBus for Broker {
    fn name(&self) -> &'static str {
        ROAD
    }

    async fn publish(&self, lane: u8, events: &[Envelope]) -> Result<(), Trouble> {
        assert!(events.iter().all(|event| event.lane() == lane));
        self.got.lock().unwrap().extend_from_slice(events);
        let one_less = |left: u64| left.checked_sub(1);
        match self.lies.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less) {
            Ok(_) => Err(Trouble::new(TroubleKind::Unavailable, "publish", "no confirmation")),
            Err(_) => Ok(()),
        }
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
