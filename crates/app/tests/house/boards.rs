//! Boards: seats that are added while a board is opened are on it.

use crate::house::{House, SHOW};
use admitone_app::Trouble;
use admitone_app::board::{Boards, Rendered, Snapshot, Wish};
use admitone_app::ports::reads::Reads;
use admitone_app::ports::tap::Tap;
use admitone_conformance::between::{Between, Through};
use admitone_domain::id::ShowId;
use admitone_domain::show::{Attribute, SeatPlan};
use admitone_domain::{Change, Delta, Guard, Key, Loaded, Moment, Row, Verdict};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

/// Reads of a show that stop on their way back, and a count of the seats that were read.
pub(crate) struct Paused {
    pub(crate) inner: Arc<dyn Reads>,
    pub(crate) has_read: Arc<Semaphore>,
    pub(crate) may_return: Arc<Semaphore>,
    pub(crate) seats: Arc<AtomicU32>,
}

#[async_trait]
impl Between for Paused {
    fn behind(&self) -> &dyn Reads {
        &*self.inner
    }

    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let found = self.inner.rows(keys).await;
        let seats = keys.iter().filter(|key| matches!(key, Key::Seat(_))).count();
        self.seats.fetch_add(u32::try_from(seats).unwrap(), Ordering::SeqCst);
        if keys.contains(&Key::Plan(SHOW)) {
            self.has_read.add_permits(1);
            self.may_return.acquire().await.unwrap().forget();
        }
        found
    }
}

#[tokio::test]
async fn seats_that_are_added_while_a_board_reads_the_plan_are_on_it() {
    let (has_read, may_return) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let through = |inner| {
        let (has_read, may_return) = (Arc::clone(&has_read), Arc::clone(&may_return));
        let reads: Arc<dyn Reads> =
            Arc::new(Through(Paused { inner, has_read, may_return, seats: Arc::default() }));
        reads
    };
    let house = House::reading(through).await;
    house.add_seats("1", 1).await;
    let opening = TaskTracker::new().spawn({
        let boards = Arc::clone(&house.office.boards);
        async move { boards.board(SHOW).await.unwrap().snapshot().seats.len() }
    });
    has_read.acquire().await.unwrap().forget();
    house.add_seats("2", 11).await;
    may_return.add_permits(100);
    assert_eq!(opening.await.unwrap(), 20);
    let later = house.office.boards.board(SHOW).await.unwrap().snapshot();
    assert_eq!((later.seats.len(), later.plan.blocks.len()), (20, 2));
}

/// As when another process added seats: their plan is told here, the seats are not.
#[tokio::test]
async fn a_plan_with_seats_that_are_not_known_is_read_anew() {
    let house = House::open().await;
    house.add_seats("1", 1).await;
    let boards = Boards::new(Arc::clone(&house.office.reads), 7);
    let first = boards.board(SHOW).await.unwrap();
    let news = first.follow();
    house.add_seats("2", 11).await;
    let plan = house.office.row(Key::Plan(SHOW)).await.unwrap().unwrap();
    let (seen, row) = (plan.version - 1, plan.row);
    let change = Change { seen, guard: Guard::Unchanged, delta: Delta::Whole, row };
    boards.committed(&Arc::new(Verdict { changes: vec![change], ..Verdict::default() }));
    let again = boards.board(SHOW).await.unwrap();
    assert_eq!(again.snapshot().seats.len(), 20);
    assert!(Arc::ptr_eq(&first, &again) && news.has_changed().unwrap(), "its followers see it too");
}

/// A plan of the show that differs in this from the one there is, as another instance commits it.
async fn planned(house: &House, change: impl FnOnce(&mut SeatPlan)) {
    let known = house.office.row(Key::Plan(SHOW)).await.unwrap().unwrap();
    let seen = known.version;
    let Row::Plan(show, mut plan) = (*known.row).clone() else { panic!("{:?}", known.row) };
    change(&mut plan);
    let row = Arc::new(Row::Plan(show, plan));
    let (guard, delta) = (Guard::Unchanged, Delta::Whole);
    let told = Change { seen, guard, delta, row };
    house.office.boards.committed(&Arc::new(Verdict { changes: vec![told], ..Verdict::default() }));
}

#[tokio::test]
async fn who_follows_changes_asks_for_the_whole_when_something_is_said_of_a_seat() {
    let house = House::open().await;
    house.add_seats("1", 1).await;
    let board = house.office.boards.board(SHOW).await.unwrap();
    let before = board.snapshot();
    assert!(board.since(before.epoch, before.version).is_some());
    let seat = before.seats[0].id;
    planned(&house, |plan| {
        plan.attributes.insert(seat, Attribute::Wheelchair);
    })
    .await;
    assert!(board.since(before.epoch, before.version).is_none(), "an old version is not enough");
    let now = board.snapshot();
    assert_eq!(now.plan.attribute(seat), Some(Attribute::Wheelchair));
    assert!(board.since(now.epoch, now.version).is_some(), "who has the whole follows on");
}

#[tokio::test]
async fn who_follows_changes_asks_for_the_whole_when_seats_are_kept_for_another_time() {
    let house = House::open().await;
    house.add_seats("1", 1).await;
    let board = house.office.boards.board(SHOW).await.unwrap();
    let before = board.snapshot();
    planned(&house, |plan| plan.kept_until = Some(Moment(7))).await;
    assert!(board.since(before.epoch, before.version).is_none(), "it does not say until when");
    let now = board.snapshot();
    assert_eq!(now.plan.kept_until, Some(Moment(7)));
    assert!(board.since(now.epoch, now.version).is_some(), "who has the whole follows on");
}

#[tokio::test]
async fn who_follows_changes_needs_no_whole_where_only_operators_are_told_more() {
    let house = House::open().await;
    house.add_seats("1", 1).await;
    let board = house.office.boards.board(SHOW).await.unwrap();
    let before = board.snapshot();
    planned(&house, |plan| {
        plan.labels.insert(before.seats[0].id, "the press".to_owned());
    })
    .await;
    assert!(board.since(before.epoch, before.version).is_some());
}

#[tokio::test]
async fn a_show_that_does_not_exist_leaves_no_board() {
    let house = House::open().await;
    let boards = &house.office.boards;
    let (one, other) = (boards.board(ShowId(99)).await, boards.board(ShowId(99)).await);
    assert!(!Arc::ptr_eq(&one.unwrap(), &other.unwrap()));
    let unknown = boards.board(ShowId(99)).await.unwrap().snapshot();
    assert_eq!(*unknown.plan, SeatPlan::default());
}

/// Renders the board of the show; how many seats were free, told by a counter of renderings.
async fn rendered(house: &House, count: &Arc<AtomicU32>) -> Arc<Rendered> {
    let board = house.office.boards.board(SHOW).await.unwrap();
    let (now, count) = (house.office.clock.now(), Arc::clone(count));
    let render = move |snapshot: &Snapshot| {
        count.fetch_add(1, Ordering::SeqCst);
        snapshot.version.to_string().into_bytes()
    };
    board.rendered(now, render).await.unwrap()
}

#[tokio::test]
async fn a_board_that_changes_all_the_time_is_rendered_a_few_times_a_second() {
    let house = House::open().await;
    let count = Arc::default();
    house.add_seats("0", 1).await;
    let mut last = rendered(&house, &count).await;
    for row in 1..30 {
        house.add_seats(&row.to_string(), row * 10 + 1).await;
        let next = rendered(&house, &count).await;
        assert!(next.version >= last.version);
        assert_eq!(next.body, next.version.to_string(), "old or new, it says its version");
        last = next;
    }
    assert_eq!(count.load(Ordering::SeqCst), 5);
    house.clock.advance_ms(100);
    let newest = rendered(&house, &count).await;
    assert!(newest.version > last.version);
    assert_eq!(count.load(Ordering::SeqCst), 6);
    assert!(Arc::ptr_eq(&newest, &rendered(&house, &count).await), "nothing has changed");
    assert_eq!(count.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn a_crowd_that_asks_at_once_is_given_one_rendering() {
    let house = Arc::new(House::open().await);
    house.add_seats("0", 1).await;
    let count: Arc<AtomicU32> = Arc::default();
    let asking: Vec<_> = (0..50)
        .map(|_| {
            let (house, count) = (Arc::clone(&house), Arc::clone(&count));
            TaskTracker::new().spawn(async move { rendered(&house, &count).await.version })
        })
        .collect();
    let mut versions = Vec::new();
    for asked in asking {
        versions.push(asked.await.unwrap());
    }
    assert!(versions.iter().all(|version| *version == versions[0]));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn the_best_seats_are_found_across_what_is_looked_at_at_once() {
    let house = House::open().await;
    house.add_block("1", 1, 3_000).await;
    let board = house.office.boards.board(SHOW).await.unwrap();
    let now = Moment(0);
    let groups =
        board.best_groups(Wish { count: 1_500, wheelchairs: 0, section: None, now, spread: 0 });
    let ends: Vec<_> = groups.iter().map(|group| (group[0].0, group[1_499].0)).collect();
    assert_eq!(ends, [(1, 1_500), (1_501, 3_000)]);
}
