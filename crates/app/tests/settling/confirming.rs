//! What waits for a carrier's confirmation, and what does not.

use crate::steps::{answer, balance, charge, sale, settled, store};
use admitone_app::Trouble;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{Callers, Lookout, Sender, SenderLimits, SenderSetup};
use admitone_app::memory::{MemoryCarrier, MemoryStore};
use admitone_app::ports::carrier::{Abilities, Carrier, Consumer, Outgoing};
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::hints::NoHints;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Keeps jobs at once, and says so only while it is let to.
struct Slow {
    carrier: MemoryCarrier,
    confirms: watch::Receiver<bool>,
}

#[async_trait]
impl Carrier for Slow {
    fn abilities(&self) -> Abilities {
        self.carrier.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        let kept = self.carrier.publish(jobs).await;
        self.confirms.clone().wait_for(|confirms| *confirms).await.unwrap();
        kept
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        self.carrier.consumer().await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.carrier.check().await
    }
}

/// So long what shall come is waited for, however busy the machine is.
const PATIENCE: Duration = Duration::from_mins(1);
/// So long what shall not come.
const IN_VAIN: Duration = Duration::from_millis(200);

/// A sender before a carrier that confirms while it is let to.
struct Setting {
    store: MemoryStore,
    carrier: MemoryCarrier,
    callers: Arc<Callers>,
    sender: Arc<Sender>,
    lets: watch::Sender<bool>,
}

impl Setting {
    /// So many batches may be under way.
    async fn with(batches_max: usize) -> Self {
        let (store, _) = store();
        sale(&store, 1, 1).await;
        let clock = Arc::new(SystemClock::default());
        let carrier = MemoryCarrier::new(None, clock.clone());
        let (lets, confirms) = watch::channel(false);
        let callers: Arc<Callers> = Arc::default();
        let setup = SenderSetup {
            carrier: Arc::new(Slow { carrier: carrier.clone(), confirms }),
            reads: Arc::new(store.clone()),
            callers: Arc::clone(&callers),
            clock,
            limits: SenderLimits { batches_max, wait_ms: 60_000, ..SenderLimits::default() },
        };
        let sender = Arc::new(Sender::start(setup, &TaskTracker::new()));
        Self { store, carrier, callers, sender, lets }
    }

    /// Somebody wants to charge a wallet, and waits.
    fn wants(&self, number: u64) -> JoinHandle<Result<Reply, Trouble>> {
        let sender = Arc::clone(&self.sender);
        tokio::spawn(async move { sender.submit(charge(number)).await })
    }

    /// Whether the carrier has so many jobs within a time.
    async fn has(&self, jobs: usize, within: Duration) -> bool {
        let are_there = async {
            while self.carrier.open() != jobs {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(within, are_there).await.is_ok()
    }
}

#[tokio::test]
async fn while_the_carrier_confirms_the_next_batch_goes() {
    let setting = Setting::with(2).await;
    let first = setting.wants(1);
    assert!(setting.has(1, PATIENCE).await);
    let second = setting.wants(2);
    assert!(setting.has(2, PATIENCE).await, "the second waits for the first");
    assert!(!first.is_finished() && !second.is_finished(), "nobody has an answer");
}

#[tokio::test]
async fn one_batch_at_a_time_the_next_waits_for_the_confirmation() {
    let setting = Setting::with(1).await;
    let _first = setting.wants(1);
    assert!(setting.has(1, PATIENCE).await);
    let _second = setting.wants(2);
    assert!(!setting.has(2, IN_VAIN).await, "what is the bound good for?");
    setting.lets.send(true).unwrap();
    assert!(setting.has(2, PATIENCE).await);
}

#[tokio::test]
async fn an_answer_that_is_there_waits_for_no_confirmation() {
    let setting = Setting::with(1).await;
    let waits = setting.wants(1);
    assert!(setting.has(1, PATIENCE).await);
    assert!(settled(&setting.store, charge(1)).await.is_ok());
    let lookout = Lookout {
        callers: Arc::clone(&setting.callers),
        reads: Arc::new(setting.store.clone()),
        hints: Arc::new(NoHints),
        clock: Arc::new(SystemClock::default()),
    };
    lookout.look(&[charge(1).id]).await.unwrap();
    let reply = tokio::time::timeout(PATIENCE, waits).await;
    let reply = reply.expect("it waits for the carrier").unwrap().unwrap();
    assert!(answer(reply).is_ok());
    assert_eq!(balance(&setting.store, 1).await, 1);
}
