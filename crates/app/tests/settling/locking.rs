//! What is locked around a batch: all that it names once its rows are loaded, and nothing longer
//! than it takes.

use crate::gate::{Gate, against};
use crate::steps::{STANDING, answer, charge, command, hold, sale, settled, settler, store};
use admitone_app::lock::LockScope;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::lock::{Guard, Lock};
use admitone_app::ports::store::{Fences, Store};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::command::{Charge, Pay};
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId};
use admitone_domain::{Action, Actor, Command, Currency, Key, Money};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Writes down what it was asked for, and that all was let go before it was asked again. Its
/// guards have the tokens it was given, the last ones first.
#[derive(Clone, Default)]
struct Recorder {
    said: Arc<Mutex<Vec<BTreeSet<Key>>>>,
    fences: Arc<Mutex<Vec<Fences>>>,
    /// Of how many guards it turns out that they are lost.
    lost: Arc<AtomicUsize>,
    is_held: Arc<AtomicBool>,
    /// How many guards were told that all has ended.
    settled: Arc<AtomicUsize>,
}

struct Recorded {
    fences: Fences,
    is_lost: bool,
    is_held: Arc<AtomicBool>,
    settled: Arc<AtomicUsize>,
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.is_held.store(false, Ordering::SeqCst);
    }
}

#[async_trait]
impl Lock for Recorder {
    async fn acquire(
        &self,
        keys: &BTreeSet<Key>,
        _patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        assert!(!self.is_held.swap(true, Ordering::SeqCst), "it holds a smaller set still");
        self.said.lock().unwrap().push(keys.clone());
        let fences = self.fences.lock().unwrap().pop().unwrap_or_default();
        let one_less = |lost: usize| lost.checked_sub(1);
        let is_lost = self.lost.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
        let (is_held, settled) = (Arc::clone(&self.is_held), Arc::clone(&self.settled));
        Ok(Box::new(Recorded { fences, is_lost, is_held, settled }))
    }
}

#[async_trait]
impl Guard for Recorded {
    fn fences(&self) -> Fences {
        self.fences.clone()
    }

    fn is_lost(&self) -> bool {
        self.is_lost
    }

    fn settled(&mut self) {
        self.settled.fetch_add(1, Ordering::SeqCst);
    }

    async fn release(self: Box<Self>) {}
}

fn locked(store: &MemoryStore, lock: &Recorder, lock_scope: LockScope) -> Settler {
    let limits = SettleLimits { lock_scope, tries_max: 3, ..SettleLimits::default() };
    Settler { lock: Arc::new(lock.clone()), limits, ..settler(store.clone(), Vec::new()) }
}

async fn a_hold_of_two_seats_and_a_ticket() -> MemoryStore {
    let (store, _) = store();
    sale(&store, 4, 9).await;
    assert!(settled(&store, hold(1, &[1, 2], 1)).await.is_ok());
    let amount = Charge { amount: Money(10), currency: Currency::KRW };
    let rich = command(1_000, Actor::Buyer(BuyerId(1)), Action::Charge(amount));
    assert!(settled(&store, rich).await.is_ok());
    store
}

fn pay() -> Command {
    let pay = Pay { reservation: ReservationId(1), expected: None };
    command(2, Actor::Buyer(BuyerId(1)), Action::Pay(pay))
}

#[tokio::test]
async fn a_payment_locks_the_seats_of_its_reservation() {
    let store = a_hold_of_two_seats_and_a_ticket().await;
    let lock = Recorder::default();
    let reply = locked(&store, &lock, LockScope::Seat).settle(vec![pay()]).await.remove(0);
    assert!(answer(reply.unwrap()).is_ok());
    let said = lock.said.lock().unwrap().clone();
    assert_eq!(said.len(), 2, "{said:?}");
    let stock = [Key::Seat(SeatId(1)), Key::Seat(SeatId(2)), Key::TicketType(STANDING)];
    assert!(stock.iter().all(|key| !said[0].contains(key)), "nobody knows them before");
    assert!(stock.iter().all(|key| said[1].contains(key)), "{:?}", said[1]);
    assert!(said[1].is_superset(&said[0]));
}

#[tokio::test]
async fn a_payment_locks_its_show_and_its_wallet() {
    let store = a_hold_of_two_seats_and_a_ticket().await;
    let lock = Recorder::default();
    locked(&store, &lock, LockScope::Show).settle(vec![pay()]).await;
    let said = lock.said.lock().unwrap().clone();
    let wallet = Key::Wallet(BuyerId(1));
    assert_eq!(said, [BTreeSet::from([wallet]), BTreeSet::from([wallet, Key::Show(ShowId(1))])]);
}

#[tokio::test]
async fn a_hold_locks_the_seats_of_holds_that_are_over_too() {
    let (store, clock) = store();
    sale(&store, 4, 9).await;
    assert!(settled(&store, hold(1, &[1], 1)).await.is_ok());
    clock.advance_ms(crate::steps::HOLD_MS);
    let lock = Recorder::default();
    let reply = locked(&store, &lock, LockScope::Seat).settle(vec![hold(2, &[3], 0)]).await;
    assert!(answer(reply[0].clone().unwrap()).is_ok());
    let said = lock.said.lock().unwrap().clone();
    assert!(said[1].contains(&Key::Seat(SeatId(1))), "{said:?}");
}

#[tokio::test]
async fn a_batch_that_names_all_at_once_is_locked_once() {
    let (store, _) = store();
    let lock = Recorder::default();
    locked(&store, &lock, LockScope::Seat).settle(vec![charge(1), charge(2)]).await;
    let wallets = [Key::Wallet(BuyerId(1)), Key::Wallet(BuyerId(2))];
    assert_eq!(*lock.said.lock().unwrap(), [BTreeSet::from(wallets)]);
}

#[tokio::test]
async fn of_a_commit_whose_answer_was_lost_nobody_says_that_it_has_ended() {
    let (store, _) = store();
    let lock = Recorder::default();
    let (gate, _opener) = Gate::before(&store, against(2, TroubleKind::Unavailable));
    let settler = Settler { store: Arc::new(gate), ..locked(&store, &lock, LockScope::Seat) };
    assert!(settler.settle(vec![charge(1)]).await[0].is_ok());
    assert_eq!(lock.settled.load(Ordering::SeqCst), 1);
    assert!(settler.settle(vec![charge(2)]).await[0].is_err());
    assert_eq!((lock.settled.load(Ordering::SeqCst), lock.said.lock().unwrap().len()), (1, 2));
}

#[tokio::test]
async fn a_lock_that_was_lost_is_taken_again_and_the_batch_decided_anew() {
    let (store, _) = store();
    let stale = store.draw_fence("wallet").await.unwrap();
    let newest = store.draw_fence("wallet").await.unwrap();
    let lock = Recorder::default();
    *lock.fences.lock().unwrap() = vec![Fences(vec![newest]), Fences(vec![stale])];
    let reply = locked(&store, &lock, LockScope::Seat).settle(vec![charge(1)]).await.remove(0);
    assert!(answer(reply.unwrap()).is_ok());
    assert_eq!(lock.said.lock().unwrap().len(), 2);
    assert_eq!(crate::steps::balance(&store, 1).await, 1);
}

#[tokio::test]
async fn what_is_known_to_be_lost_before_the_commit_is_not_committed() {
    let (store, _) = store();
    let lock = Recorder::default();
    lock.lost.store(1, Ordering::SeqCst);
    let reply = locked(&store, &lock, LockScope::Seat).settle(vec![charge(1)]).await.remove(0);
    assert!(answer(reply.unwrap()).is_ok(), "it is settled under the next lock");
    assert_eq!(lock.said.lock().unwrap().len(), 2);
    assert_eq!(crate::steps::balance(&store, 1).await, 1, "and only there");
    // Always lost: never committed.
    lock.lost.store(usize::MAX, Ordering::SeqCst);
    let reply = locked(&store, &lock, LockScope::Seat).settle(vec![charge(2)]).await.remove(0);
    assert!(reply.is_err());
    assert_eq!(crate::steps::balance(&store, 2).await, 0);
}
