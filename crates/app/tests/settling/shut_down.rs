//! A sender that is shut down while several batches are on their way: all of them arrive, because whoever
//! ends the process waits for it; and what is lost where nobody waits.

use crate::steps::{charge, sale, store};
use admitone_app::Trouble;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::{Sender, SenderLimits, SenderSetup};
use admitone_app::memory::MemoryCarrier;
use admitone_app::ports::carrier::{Abilities, Carrier, Consumer, Outgoing};
use admitone_app::ports::delivery::{Delivery, Reply};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

/// Nothing gathers: all of it goes at once, two together at most.
const LIMITS: SenderLimits =
    SenderLimits { wait_ms: 1, deadline_ms: 60_000, depth_max: 100, batch_max: 2, batches_max: 8 };
const COMMANDS: usize = 7;

/// A broker that keeps nothing before it is let.
struct Slow {
    inner: MemoryCarrier,
    may_keep: watch::Sender<bool>,
    under_way: AtomicUsize,
}

#[async_trait]
impl Carrier for Slow {
    fn abilities(&self) -> Abilities {
        self.inner.abilities()
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        self.under_way.fetch_add(jobs.len(), Ordering::SeqCst);
        self.may_keep.subscribe().wait_for(|may_keep| *may_keep).await.unwrap();
        self.inner.publish(jobs).await
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        self.inner.consumer().await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.inner.check().await
    }
}

/// Who waits until a command was handed over.
type Handed = JoinHandle<Result<Reply, Trouble>>;

/// A sender with all of this on its way, which ends when nobody waits for it any more.
async fn under_way() -> (Arc<Slow>, TaskTracker, Vec<Handed>) {
    let (store, _) = store();
    sale(&store, 3, 2).await;
    let clock = Arc::new(SystemClock::default());
    let inner = MemoryCarrier::new(None, clock.clone());
    let slow = Slow { inner, may_keep: watch::Sender::new(false), under_way: AtomicUsize::new(0) };
    let (slow, tasks) = (Arc::new(slow), TaskTracker::new());
    let setup = SenderSetup {
        carrier: slow.clone(),
        reads: Arc::new(store),
        callers: Arc::default(),
        clock,
        limits: LIMITS,
    };
    let sender = Arc::new(Sender::start(setup, &tasks));
    let hand_over = |number| {
        let sender = Arc::clone(&sender);
        tokio::spawn(async move { sender.hand_over(charge(number as u64)).await })
    };
    let handed = (1..=COMMANDS).map(hand_over).collect();
    while slow.under_way.load(Ordering::SeqCst) < COMMANDS {
        tokio::task::yield_now().await;
    }
    (slow, tasks, handed)
}

#[tokio::test]
async fn a_sender_that_is_shut_down_with_batches_under_way_loses_nothing() {
    let (slow, tasks, handed) = under_way().await;
    for waiting in handed {
        waiting.abort();
        assert!(waiting.await.is_err());
    }
    tasks.close();
    // It has noticed by now that nobody sends anything more.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!((slow.inner.open(), tasks.is_empty()), (0, false));
    slow.may_keep.send_replace(true);
    tasks.wait().await;
    assert_eq!(slow.inner.open(), COMMANDS);
}

#[test]
fn of_a_sender_that_nobody_waits_for_what_was_under_way_is_lost() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (slow, _, _) = runtime.block_on(under_way());
    slow.may_keep.send_replace(true);
    drop(runtime);
    assert_eq!(slow.inner.open(), 0);
}
