//! The one place that tries again, and whom it tells.

use crate::gate::{Gate, against};
use crate::steps::{
    SHOW, answer, balance, charge, command, hold, sale, seat, settled, settler, store,
};
use admitone_app::memory::MemoryStore;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::{Guard, Lock};
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode};
use admitone_app::ports::tap::Tap;
use admitone_app::settle::Settler;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::command::Release;
use admitone_domain::id::{BuyerId, ReservationId};
use admitone_domain::seat::SeatState;
use admitone_domain::{Action, Actor, Command, Key, Loaded, Row, Verdict};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

#[tokio::test]
async fn after_two_conflicts_a_batch_is_halved_and_only_its_cause_is_not_settled() {
    let (store, _) = store();
    let (gate, _opener) = Gate::before(&store, against(3, TroubleKind::Conflict));
    let batch = (1..=8).map(charge).collect();
    let replies = settler(gate.clone(), Vec::new()).settle(batch).await;
    for (number, reply) in (1..).zip(replies) {
        if number == 3 {
            assert_eq!(reply.map_err(|trouble| trouble.kind), Err(TroubleKind::Conflict));
        } else {
            assert!(answer(reply.unwrap()).is_ok(), "{number}");
        }
        assert_eq!(balance(&store, number).await, i64::from(number != 3), "in their order");
    }
    assert_eq!(gate.tried(), [8, 8, 4, 4, 2, 2, 2, 1, 1, 1, 1, 4]);
}

#[tokio::test]
async fn a_conflict_that_passes_is_nobodys_business() {
    let (store, _) = store();
    let left = AtomicU32::new(2);
    let twice = move |_: &Verdict| {
        let is_left = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        is_left.is_ok().then_some(TroubleKind::Conflict)
    };
    let (gate, _opener) = Gate::before(&store, twice);
    let reply = settler(gate.clone(), Vec::new()).settle(vec![charge(1)]).await.remove(0);
    assert!(answer(reply.unwrap()).is_ok());
    assert_eq!((gate.tried(), balance(&store, 1).await), (vec![1, 1, 1], 1));
}

/// A store that holds a seat for a buyer, and a gate before it through which his quota is torn so
/// often: it stands at nothing, though the hold counts.
async fn torn(times: u32) -> (MemoryStore, Gate) {
    let (store, _) = store();
    sale(&store, 1, 0).await;
    assert!(settled(&store, hold(1, &[1], 0)).await.is_ok());
    let left = AtomicU32::new(times);
    let (gate, _opener) = Gate::before(&store, |_| None);
    let gate = gate.tearing(move |rows| {
        let key = Key::Quota(SHOW, BuyerId(1));
        let Some(loaded) = rows.peek(key).cloned() else { return };
        let is_left = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        if is_left.is_ok() {
            let row = Arc::new(Row::Quota { show: SHOW, buyer: BuyerId(1), taken: 0 });
            rows.insert(key, Some(Loaded { row, ..loaded }));
        }
    });
    (store, gate)
}

fn release() -> Command {
    command(2, Actor::Buyer(BuyerId(1)), Action::Release(Release { reservation: ReservationId(1) }))
}

#[tokio::test]
async fn rows_that_were_read_while_others_committed_are_read_anew() {
    let (store, gate) = torn(1).await;
    let reply = settler(gate, Vec::new()).settle(vec![release()]).await.remove(0);
    assert!(answer(reply.unwrap()).is_ok());
    assert_eq!(seat(&store, 1).await, SeatState::Free);
}

#[tokio::test]
async fn a_rule_that_breaks_every_time_is_a_bug() {
    let (store, gate) = torn(u32::MAX).await;
    let reply = settler(gate, Vec::new()).settle(vec![release()]).await.remove(0);
    assert_eq!(reply.map_err(|trouble| trouble.kind), Err(TroubleKind::Inconsistent));
    assert_ne!(seat(&store, 1).await, SeatState::Free, "nothing was done");
}

#[tokio::test]
async fn where_rows_cannot_be_torn_a_rule_that_breaks_once_is_a_bug() {
    let (_store, gate) = torn(1).await;
    let plain = Settler { mode: Mode::Plain, ..settler(gate, Vec::new()) };
    let reply = plain.settle(vec![release()]).await.remove(0);
    assert_eq!(reply.map_err(|trouble| trouble.kind), Err(TroubleKind::Inconsistent));
}

/// A lock whose server is away: the batch is settled without it, in a mode that protects by itself.
struct Away(Mode);

#[async_trait]
impl Lock for Away {
    async fn acquire(
        &self,
        _keys: &BTreeSet<Key>,
        _patience_ms: u64,
    ) -> Result<Box<dyn Guard>, Trouble> {
        Ok(Box::new(Self(self.0)))
    }

    /// So that the rows are read once: a first round for more keys would use the torn read up.
    fn wants_keys(&self) -> bool {
        false
    }
}

#[async_trait]
impl Guard for Away {
    fn fences(&self) -> Fences {
        Fences::default()
    }

    fn mode(&self, _usual: Mode) -> Mode {
        self.0
    }

    async fn release(self: Box<Self>) {}
}

#[tokio::test]
async fn in_a_fallback_it_is_its_mode_that_says_whether_rows_may_be_torn() {
    for (usual, fallback, is_read_anew) in [
        (Mode::Plain, Mode::Conditional, true),
        (Mode::Plain, Mode::Optimistic, true),
        (Mode::Conditional, Mode::Pessimistic, false),
    ] {
        let (_store, gate) = torn(1).await;
        let lock = Arc::new(Away(fallback));
        let settler = Settler { mode: usual, lock, ..settler(gate, Vec::new()) };
        let reply = settler.settle(vec![release()]).await.remove(0);
        assert_eq!(reply.is_ok(), is_read_anew, "{usual} {fallback}: {:?}", reply.err());
    }
}

#[tokio::test]
async fn an_outage_is_told_to_the_whole_batch_and_not_tried_again() {
    let (store, _) = store();
    let (gate, _opener) = Gate::before(&store, against(3, TroubleKind::Unavailable));
    let replies = settler(gate.clone(), Vec::new()).settle((1..=4).map(charge).collect()).await;
    assert_eq!((replies.len(), gate.tried()), (4, vec![4]));
    assert!(replies.iter().all(|r| r.as_ref().is_err_and(|t| t.kind == TroubleKind::Unavailable)));
}

/// Notes how many answers it was told, and that none of them was told too early.
struct Witness {
    store: admitone_app::memory::MemoryStore,
    told: Mutex<Vec<usize>>,
}

impl Tap for Witness {
    fn committed(&self, verdict: &Arc<Verdict>) {
        for told in &verdict.answers {
            let kept = futures_now(self.store.answer(told.id));
            assert_eq!(kept, Ok(Some(told.clone())), "told before it was committed");
        }
        self.told.lock().unwrap().push(verdict.answers.len());
    }
}

/// The in-memory store never waits: its futures are ready at once.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the in-memory store waited"),
    }
}

#[tokio::test]
async fn taps_are_told_after_the_commit_and_only_of_what_was_committed() {
    let (store, _) = store();
    let witness = Arc::new(Witness { store: store.clone(), told: Mutex::default() });
    let (gate, opener) = Gate::before(&store, against(4, TroubleKind::Unavailable));
    let taps: Vec<Arc<dyn Tap>> = vec![witness.clone()];
    let settler = Arc::new(settler(gate.clone(), taps));

    opener.send_replace(false);
    let settling = {
        let settler = Arc::clone(&settler);
        async move { settler.settle(vec![charge(1), charge(2)]).await }
    };
    let mut settling = Box::pin(settling);
    while gate.tried().is_empty() {
        tokio::select! {
            biased;
            _ = &mut settling => panic!("the gate is shut"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(witness.told.lock().unwrap().is_empty(), "nobody is told while it commits");
    opener.send_replace(true);
    assert_eq!(settling.await.len(), 2);
    assert_eq!(*witness.told.lock().unwrap(), [2]);

    assert!(settler.settle(vec![charge(4)]).await.remove(0).is_err());
    let again = settler.settle(vec![charge(1)]).await.remove(0).unwrap();
    assert!(matches!(again, Reply::Answered { replayed: true, .. }));
    assert_eq!(*witness.told.lock().unwrap(), [2], "neither of a failure nor of a repetition");
    let nobody = Key::Wallet(admitone_domain::id::BuyerId(4));
    assert_eq!(store.rows(&[nobody]).await, Ok(vec![None]));
}
