//! Boards and gates: a commit that comes while one is loaded is not lost.

use crate::steps::{SHOW, answer, command, hold, sale, settler, store};
use admitone_app::board::{Boards, SeatMark};
use admitone_app::gates::Gates;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::tap::Tap;
use admitone_app::{Trouble, TroubleKind};
use admitone_conformance::between::{Between, Through};
use admitone_domain::command::operate::{Operate, SaveRoom, SaveShow};
use admitone_domain::id::{RoomId, SeatId, ShowId};
use admitone_domain::show::Show;
use admitone_domain::{Action, Actor, Key, Loaded, Row};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

const ROOM: RoomId = RoomId(1);

/// Reads that are slow on their way back: what they say of seats may be old by then.
struct SlowReads {
    store: MemoryStore,
    is_slow: fn(&Key) -> bool,
    /// How many slow loads have read, and not returned yet.
    has_read: Semaphore,
    may_return: Semaphore,
    loads: AtomicU32,
    failures: AtomicU32,
}

impl SlowReads {
    /// Slow with seats.
    fn new(store: &MemoryStore) -> Arc<Through<Self>> {
        Self::slow_with(store, |key| matches!(key, Key::Seat(_)))
    }

    fn slow_with(store: &MemoryStore, is_slow: fn(&Key) -> bool) -> Arc<Through<Self>> {
        Arc::new(Through(Self {
            store: store.clone(),
            is_slow,
            has_read: Semaphore::new(0),
            may_return: Semaphore::new(0),
            loads: AtomicU32::new(0),
            failures: AtomicU32::new(0),
        }))
    }
}

#[async_trait]
impl Between for SlowReads {
    fn behind(&self) -> &dyn Reads {
        &self.store
    }

    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let found = self.store.rows(keys).await;
        if keys.first().is_some_and(self.is_slow) {
            self.loads.fetch_add(1, Ordering::SeqCst);
            self.has_read.add_permits(1);
            self.may_return.acquire().await.unwrap().forget();
            let fails = |n: u32| n.checked_sub(1);
            if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fails).is_ok() {
                return Err(Trouble::new(TroubleKind::Unavailable, "rows", "told to fail"));
            }
        }
        found
    }
}

/// How seat 1 looks on a board that was loaded while somebody held it; `taps` follow the commit.
async fn mark_after_the_race(is_tapped: bool) -> SeatMark {
    let (store, _) = store();
    sale(&store, 4, 0).await;
    let reads = SlowReads::new(&store);
    let boards = Arc::new(Boards::new(reads.clone(), 1));
    let loading = TaskTracker::new().spawn({
        let boards = Arc::clone(&boards);
        async move { boards.board(SHOW).await.unwrap().snapshot() }
    });
    reads.has_read.acquire().await.unwrap().forget();
    let taps: Vec<Arc<dyn Tap>> = if is_tapped { vec![boards.clone()] } else { Vec::new() };
    let held = settler(store.clone(), taps).settle(vec![hold(1, &[1], 0)]).await.remove(0);
    assert!(held.is_ok());
    reads.may_return.add_permits(1);
    let snapshot = loading.await.unwrap();
    assert_eq!(snapshot.seats.len(), 4);
    snapshot.seats.iter().find(|seat| seat.id == SeatId(1)).unwrap().mark
}

#[tokio::test]
async fn a_commit_during_the_load_of_a_board_is_on_it() {
    assert_eq!(mark_after_the_race(true).await, SeatMark::Held);
}

#[tokio::test]
async fn a_board_that_is_not_told_of_the_commit_shows_what_is_gone() {
    assert_eq!(mark_after_the_race(false).await, SeatMark::Free, "the harm");
}

#[tokio::test]
async fn many_who_ask_at_once_load_a_board_once() {
    let (store, _) = store();
    sale(&store, 4, 0).await;
    let reads = SlowReads::new(&store);
    let boards = Arc::new(Boards::new(reads.clone(), 1));
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let boards = Arc::clone(&boards);
            TaskTracker::new()
                .spawn(async move { boards.board(SHOW).await.unwrap().snapshot().seats.len() })
        })
        .collect();
    reads.may_return.add_permits(20);
    for asked in asking {
        assert_eq!(asked.await.unwrap(), 4, "nobody sees half a board");
    }
    assert_eq!(reads.loads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_board_that_could_not_be_loaded_is_loaded_again() {
    let (store, _) = store();
    sale(&store, 4, 0).await;
    let reads = SlowReads::new(&store);
    reads.failures.store(1, Ordering::SeqCst);
    reads.may_return.add_permits(2);
    let boards = Boards::new(reads.clone(), 1);
    assert!(boards.board(SHOW).await.is_err_and(|trouble| trouble.is_temporary()));
    assert_eq!(boards.board(SHOW).await.unwrap().snapshot().seats.len(), 4);
}

/// Behind which room the show stands when it was put there while its gate was asked for the first
/// time; `taps` follow the commit.
async fn room_after_the_race(is_tapped: bool) -> Option<RoomId> {
    let (store, _) = store();
    sale(&store, 4, 0).await;
    let reads = SlowReads::slow_with(&store, |key| matches!(key, Key::Show(_)));
    let gates = Arc::new(Gates::new(reads.clone()));
    let asking = TaskTracker::new().spawn({
        let gates = Arc::clone(&gates);
        async move { gates.room(SHOW).await.unwrap() }
    });
    reads.has_read.acquire().await.unwrap().forget();
    let taps: Vec<Arc<dyn Tap>> = if is_tapped { vec![gates.clone()] } else { Vec::new() };
    let room = SaveRoom { id: ROOM, name: "Door".into(), settings: "{}".into(), expected: None };
    let made = command(8, Actor::House, Action::Operate(Operate::SaveRoom(room)));
    let found = store.rows(&[Key::Show(SHOW)]).await.unwrap().remove(0).unwrap().into_row();
    let Row::Show(show) = found else { panic!("{found:?}") };
    let show = Show { room: Some(ROOM), ..show };
    let save = Action::Operate(Operate::SaveShow(SaveShow { show, expected: None }));
    let commands = vec![made, command(9, Actor::House, save)];
    for reply in settler(store.clone(), taps).settle(commands).await {
        assert!(answer(reply.unwrap()).is_ok());
    }
    reads.may_return.add_permits(1);
    asking.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_show_that_gets_a_room_while_its_gate_is_asked_for_stands_behind_it() {
    assert_eq!(room_after_the_race(true).await, Some(ROOM));
    assert_eq!(room_after_the_race(false).await, None, "the harm");
}

#[tokio::test]
async fn a_gate_is_asked_for_once_and_none_is_there_without_a_show() {
    let (store, _) = store();
    sale(&store, 4, 0).await;
    let reads = SlowReads::slow_with(&store, |key| matches!(key, Key::Show(_)));
    reads.may_return.add_permits(9);
    let gates = Gates::new(reads.clone());
    for _ in 0..3 {
        assert_eq!(gates.room(SHOW).await.unwrap(), Some(None));
    }
    assert_eq!(reads.loads.load(Ordering::SeqCst), 1);
    assert_eq!(gates.room(ShowId(999)).await.unwrap(), None);
}
