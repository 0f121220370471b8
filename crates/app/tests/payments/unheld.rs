//! While a gateway is asked nothing is held: no lock, and no transaction whose rows are locked.

use crate::gateway::Line;
use crate::world::{ANN, BOB, Fuse, Process, World};
use admitone_app::BoxOffice;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Direct;
use admitone_app::lock::{LockScope, MutexLock};
use admitone_app::payments::{PaymentLimits, Payments};
use admitone_app::ports::gateway::{BackWord, Charge, Gateway, GiveBack, Word};
use admitone_app::ports::store::{Fences, Mode, Store, Wanted};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_conformance::sale::{self, SHOW};
use admitone_domain::payment::PaymentState;
use admitone_domain::{Key, Rows};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// So long somebody waits for a lock that is free, and twice as long for a transaction, however busy the machine
/// is.
const PATIENCE_MS: u64 = 30_000;
/// So long where it is held.
const IN_VAIN_MS: u64 = 200;

/// A gateway that, whenever it is asked, has somebody else buy of the same show.
struct Meanwhile {
    line: Line,
    settler: Settler,
    next: AtomicU64,
    /// What each of them met.
    came_through: Arc<Mutex<Vec<bool>>>,
}

impl Meanwhile {
    async fn look(&self) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let came_through = comes_through(&self.settler, number).await;
        self.came_through.lock().unwrap().push(came_through);
    }
}

#[async_trait]
impl Gateway for Meanwhile {
    async fn confirm(&self, charge: &Charge) -> Word {
        self.look().await;
        self.line.confirm(charge).await
    }

    async fn find(&self, charge: &Charge) -> Word {
        self.look().await;
        self.line.find(charge).await
    }

    async fn give_back(&self, charge: &Charge, back: &GiveBack) -> BackWord {
        self.look().await;
        self.line.give_back(charge, back).await
    }
}

/// One lock for all of a show, and a mode that locks every row from load to commit.
fn locking(world: &World, lock_wait_ms: u64) -> Settler {
    let usual = sale::settler(Arc::new(world.store.clone()), Mode::Pessimistic);
    let limits = SettleLimits {
        lock_scope: LockScope::Show,
        lock_wait_ms,
        keeps_journeys: true,
        goes_back: true,
        ..usual.limits
    };
    let lock = Arc::new(MutexLock::new(Arc::new(SystemClock::default())));
    Settler { clock: world.clock.clone(), lock, limits, ..usual }
}

/// Whether Bob gets a seat of the show.
async fn comes_through(settler: &Settler, number: u64) -> bool {
    let hold = sale::hold((1 << 50) + number, BOB, SHOW, &[5 + number], 0);
    let patience = Duration::from_millis(2 * settler.limits.lock_wait_ms);
    let settled = tokio::time::timeout(patience, settler.settle(vec![hold])).await;
    settled.is_ok_and(|replies| replies[0].is_ok())
}

#[tokio::test]
async fn while_a_gateway_is_asked_nobody_waits_for_what_the_payment_wrote() {
    let world = World::open().await;
    let settler = locking(&world, PATIENCE_MS);
    let (fuse, came_through) = (Fuse::of(u32::MAX), Arc::default());
    let usual = world.process(&fuse).office;
    let delivery = Arc::new(Direct::new(Arc::new(settler.clone())));
    let office = BoxOffice { delivery, ..usual };
    let gateway = Meanwhile {
        line: Line { accounts: world.accounts.clone(), fuse: Arc::clone(&fuse) },
        settler,
        next: AtomicU64::new(0),
        came_through: Arc::clone(&came_through),
    };
    let limits = PaymentLimits::default();
    let payments = Payments::new(office.clone(), Some(Arc::new(gateway)), limits, Arc::default());
    let process = Process { payments, office, fuse };
    let held = process.hold(&world, ANN, &[1]).await;
    let payment = process.begin(&world, &held, "key").await.unwrap();
    process.deliver(&world).await;
    assert_eq!(world.state(payment).await, PaymentState::Approved);
    let met = came_through.lock().unwrap().clone();
    assert!(!met.is_empty() && met.iter().all(|came_through| *came_through), "{met:?}");
    assert_eq!(world.audit().await, Ok(()));
}

/// The twin: who held them while he asks would keep others out.
#[tokio::test]
async fn with_a_lock_or_a_transaction_held_they_would_wait() {
    let world = World::open().await;
    let settler = locking(&world, IN_VAIN_MS);
    let show = BTreeSet::from([Key::Show(SHOW)]);
    let guard = settler.lock.acquire(&show, PATIENCE_MS).await.unwrap();
    assert!(!comes_through(&settler, 0).await, "the lock");
    guard.release().await;
    let mut open = world.store.begin(Mode::Pessimistic, &Fences::default()).await.unwrap();
    let wanted = Wanted { keys: show.into_iter().collect(), ..Wanted::default() };
    open.load(&wanted, &mut Rows::default()).await.unwrap();
    assert!(!comes_through(&settler, 1).await, "the transaction");
    drop(open);
    let limits = SettleLimits { lock_wait_ms: PATIENCE_MS, ..settler.limits };
    assert!(comes_through(&Settler { limits, ..settler }, 2).await);
}
