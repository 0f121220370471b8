//! Each instance hears what the others commit, whatever the order of their commits.

use super::{Instance, Stage, in_hand, seat, whole};
use crate::sale::{self, SHOW, row_of_seats};
use admitone_app::board::{Boards, SeatMark};
use admitone_app::clock::SystemClock;
use admitone_app::follower::Follower;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::store::{Mode, Transaction};
use admitone_domain::command::operate::{Operate, Reseat};
use admitone_domain::id::{BuyerId, ReservationId, SeatId};
use admitone_domain::seat::SeatState;
use admitone_domain::show::SeatPlan;
use admitone_domain::{Change, Event, Guard, Happening, Moment, Row, Verdict};
use std::sync::Arc;

fn unwrapped<T>(result: Result<T, admitone_app::Trouble>) -> T {
    result.unwrap_or_else(|trouble| panic!("{trouble}"))
}

/// A batch in hand, with the events that tell of it.
async fn told(instance: &Instance, changes: Vec<Change>) -> Box<dyn Transaction> {
    let happened = |change: &Change| Event {
        aggregate: change.key(),
        version: change.seen + 1,
        at: Moment(1),
        what: Happening::Changed { by: "house".into() },
    };
    let events = changes.iter().map(happened).collect();
    let verdict = Verdict { changes, events, ..Verdict::default() };
    unwrapped(in_hand(instance, Mode::Optimistic, verdict).await)
}

/// A show with so many seats in a row, on sale.
async fn on_sale(instance: &Instance, seats: u32) {
    let plan =
        Row::Plan(SHOW, SeatPlan { blocks: vec![row_of_seats(1, seats)], ..SeatPlan::default() });
    let free = (1..=u64::from(seats)).map(|id| seat(id, 10, SeatState::Free));
    let rows = [Row::Show(sale::show(SHOW)), plan].into_iter().chain(free);
    let changes = rows.map(|row| whole(0, Guard::Unchanged, row)).collect();
    unwrapped(told(instance, changes).await.commit().await);
}

async fn follower(instance: &Instance) -> (Follower, Arc<Boards>) {
    let start = unwrapped(Follower::begin(Arc::clone(&instance.outbox)).await);
    let boards = Arc::new(Boards::new(Arc::clone(&instance.reads), 1));
    let clock = Arc::new(SystemClock::default());
    (start.follow(Arc::clone(&instance.reads), vec![boards.clone()], clock), boards)
}

async fn marks(boards: &Boards) -> Vec<SeatMark> {
    let snapshot = unwrapped(boards.board(SHOW).await).snapshot();
    snapshot.seats.iter().map(|seat| seat.mark).collect()
}

fn blocked(id: u64) -> Vec<Change> {
    vec![whole(1, Guard::Unchanged, seat(id, 10, SeatState::Blocked))]
}

pub(super) async fn a_board_shows_what_another_instance_sold(stage: Stage) {
    let (one, other) = (stage.open().await, stage.open().await);
    on_sale(&one, 2).await;
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Free]);
    let hold = sale::hold(9, BuyerId(1), SHOW, &[2], 0);
    let settler = sale::settler(Arc::clone(&one.store), Mode::Conditional);
    let answer = sale::answer(settler.settle(vec![hold]).await.remove(0));
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(marks(&boards).await[1], SeatMark::Free, "nobody has told it yet");
    assert!(unwrapped(follower.round().await) > 0);
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Held]);
    assert_eq!(follower.round().await, Ok(0), "what was told is not told again");
}

/// The reservation names it no more: only the event does.
pub(super) async fn a_board_shows_which_seat_was_left(stage: Stage) {
    let (one, other) = (stage.open().await, stage.open().await);
    on_sale(&one, 3).await;
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free; 3]);
    let settler = sale::settler(Arc::clone(&one.store), Mode::Conditional);
    let reservation = ReservationId(9);
    let hold = sale::hold(9, BuyerId(1), SHOW, &[1], 0);
    let reseat = |number, seat| {
        let reseat = Reseat { reservation, item: 0, seat: SeatId(seat) };
        sale::operate(number, Operate::Reseat(reseat))
    };
    for command in [hold, reseat(10, 2)] {
        let answer = sale::answer(settler.settle(vec![command]).await.remove(0));
        assert!(answer.is_ok(), "{answer:?}");
        assert!(unwrapped(follower.round().await) > 0);
    }
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Held, SeatMark::Free]);
    // Twice between two looks.
    for command in [reseat(11, 1), reseat(12, 3)] {
        let answer = sale::answer(settler.settle(vec![command]).await.remove(0));
        assert!(answer.is_ok(), "{answer:?}");
    }
    assert!(unwrapped(follower.round().await) > 0);
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Free, SeatMark::Held]);
}

pub(super) async fn a_commit_that_is_late_is_not_skipped(stage: Stage) {
    let (one, other) = (stage.open().await, stage.open().await);
    on_sale(&one, 3).await;
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free; 3]);
    let late = told(&one, blocked(1)).await;
    let lost = told(&one, blocked(3)).await;
    unwrapped(told(&one, blocked(2)).await.commit().await);
    assert_eq!(follower.round().await, Ok(1));
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Blocked, SeatMark::Free]);
    // Many rounds go by while it is in hand.
    for _ in 0..5 {
        assert_eq!(follower.round().await, Ok(0));
    }
    let before = unwrapped(other.outbox.end().await);
    assert_eq!(before.gaps.iter().map(|gap| gap.last + 1 - gap.first).sum::<u64>(), 2);
    unwrapped(late.commit().await);
    // A reader that has only a position never learns of it: the harm.
    let by_position_alone = unwrapped(other.outbox.news(before.newest, &[], 10).await);
    assert_eq!(by_position_alone.events, []);
    assert_eq!(follower.round().await, Ok(1));
    assert_eq!(marks(&boards).await, [SeatMark::Blocked, SeatMark::Blocked, SeatMark::Free]);
    // What is rolled back never appears, and is not looked for for ever.
    drop(lost);
    let noticed = before.gaps.iter().map(|gap| gap.noticed).max();
    let clock = SystemClock::default();
    for _ in 0..200 {
        let news = unwrapped(other.outbox.news(before.newest, &before.gaps, 10).await);
        if Some(news.settled) >= noticed {
            return;
        }
        clock.sleep_ms(100).await;
    }
    panic!("the gap is watched for ever");
}

pub(super) async fn an_instance_that_starts_while_a_batch_is_in_hand_hears_of_it(stage: Stage) {
    let (one, other) = (stage.open().await, stage.open().await);
    on_sale(&one, 2).await;
    let late = told(&one, blocked(1)).await;
    unwrapped(told(&one, blocked(2)).await.commit().await);
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Blocked]);
    unwrapped(late.commit().await);
    assert_eq!(follower.round().await, Ok(1));
    assert_eq!(marks(&boards).await, [SeatMark::Blocked, SeatMark::Blocked]);
}
