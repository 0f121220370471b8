//! Several instances on one store: each hears what the others commit, and one leads a room.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]
#![expect(clippy::disallowed_methods, reason = "leases are tested in the time of the server")]

mod schema;

use admitone_adapter_postgres::room_log::PostgresRoomLog;
use admitone_adapter_postgres::{Options, PostgresStore};
use admitone_app::TroubleKind;
use admitone_app::board::{Boards, SeatMark};
use admitone_app::clock::SystemClock;
use admitone_app::follower::Follower;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::outbox::Outbox;
use admitone_app::ports::room_log::RoomLog;
use admitone_app::ports::store::{Fences, Mode, Store, Transaction};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::{Choice, Hold};
use admitone_domain::id::{BuyerId, ConcertId, SeatId, ShowId};
use admitone_domain::pass::Admission;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::show::{Limits, SeatBlock, SeatPlan, Show};
use admitone_domain::{
    Action, Actor, Change, Command, CommandId, Currency, Delta, Event, Fingerprint, Guard,
    Happening, Moment, Money, Row, Verdict,
};
use schema::Schema;
use std::sync::Arc;
use std::time::Duration;

const SHOW: ShowId = ShowId(1);
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

/// A schema, unless there is no server.
async fn schema() -> Option<Schema> {
    if schema::server().is_some() {
        return Some(Schema::make().await);
    }
    let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
    assert!(!is_required, "{} is not set", schema::VARIABLE);
    eprintln!("NOT RUN: {} is not set", schema::VARIABLE);
    None
}

async fn instance(schema: &Schema) -> PostgresStore {
    PostgresStore::open(&schema.url, Options { connections_max: 4, ..Options::default() })
        .await
        .unwrap()
}

fn whole(seen: u64, row: Row) -> Change {
    Change { seen, guard: Guard::Unchanged, delta: Delta::Whole, row: Arc::new(row) }
}

/// A batch in hand: saved and not committed.
async fn save(store: &PostgresStore, changes: Vec<Change>) -> Box<dyn Transaction> {
    let happened = |change: &Change| Event {
        aggregate: change.key(),
        version: change.seen + 1,
        at: Moment(1),
        what: Happening::Changed { by: "house".into() },
    };
    let events = changes.iter().map(happened).collect();
    let verdict = Arc::new(Verdict { changes, events, ..Verdict::default() });
    let mut transaction = store.begin(Mode::Optimistic, &Fences::default()).await.unwrap();
    transaction.save(&verdict).await.unwrap();
    transaction
}

fn seat(id: u64, state: SeatState) -> Row {
    Row::Seat(Seat { id: SeatId(id), show: SHOW, price: Money(10), state })
}

/// A show with so many seats in a row, on sale.
async fn sale(store: &PostgresStore, seats: u32) {
    let show = Show {
        id: SHOW,
        concert: ConcertId(1),
        room: None,
        opens_at: Moment::MAX,
        closes_at: Moment::MAX,
        booking_opens_at: Moment(0),
        booking_closes_at: Moment::MAX,
        time_zone: "UTC".into(),
        currency: Currency::KRW,
        limits: Limits::default(),
    };
    let block = SeatBlock {
        section: "A".into(),
        row: "1".into(),
        first_number: 1,
        count: seats,
        first_seat: SeatId(1),
    };
    let plan = Row::Plan(SHOW, SeatPlan { blocks: vec![block] });
    let seats = (1..=u64::from(seats)).map(|id| whole(0, seat(id, SeatState::Free)));
    let changes = [whole(0, Row::Show(show)), whole(0, plan)].into_iter().chain(seats).collect();
    save(store, changes).await.commit().await.unwrap();
}

async fn follower(store: &PostgresStore) -> (Follower, Arc<Boards>) {
    let start = Follower::begin(Arc::new(store.clone())).await.unwrap();
    let boards = Arc::new(Boards::new(Arc::new(store.clone()), 1));
    let clock = Arc::new(SystemClock::default());
    (start.follow(Arc::new(store.clone()), vec![boards.clone()], clock), boards)
}

async fn marks(boards: &Boards) -> Vec<SeatMark> {
    let snapshot = boards.board(SHOW).await.unwrap().snapshot();
    snapshot.seats.iter().map(|seat| seat.mark).collect()
}

fn blocked(id: u64) -> Vec<Change> {
    vec![whole(1, seat(id, SeatState::Blocked))]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_board_shows_what_another_instance_sold() {
    let Some(schema) = schema().await else { return };
    let (one, other) = (instance(&schema).await, instance(&schema).await);
    sale(&one, 2).await;
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Free]);
    let settler = Settler {
        store: Arc::new(one.clone()),
        lock: Arc::new(NoLock),
        mode: Mode::Conditional,
        clock: Arc::new(SystemClock::default()),
        taps: Vec::new(),
        limits: SettleLimits::default(),
    };
    let choice = Choice::Items { seats: vec![SeatId(2)], tickets: Vec::new() };
    let hold = Command {
        id: CommandId(9),
        fingerprint: Fingerprint(0),
        fresh: 9,
        actor: Actor::Buyer(BuyerId(1)),
        admission: Admission::None,
        deadline: None,
        action: Action::Hold(Hold { show: SHOW, choice }),
    };
    let reply = settler.settle(vec![hold]).await.remove(0).unwrap();
    assert!(format!("{reply:?}").contains("Ok("), "{reply:?}");
    assert_eq!(marks(&boards).await[1], SeatMark::Free, "nobody has told it yet");
    assert!(follower.round().await.unwrap() > 0);
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Held]);
    assert_eq!(follower.round().await.unwrap(), 0, "what was told is not told again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_late_is_not_skipped() {
    let Some(schema) = schema().await else { return };
    let (one, other) = (instance(&schema).await, instance(&schema).await);
    sale(&one, 3).await;
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free; 3]);
    let late = save(&one, blocked(1)).await;
    let lost = save(&one, blocked(3)).await;
    save(&one, blocked(2)).await.commit().await.unwrap();
    assert_eq!(follower.round().await.unwrap(), 1);
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Blocked, SeatMark::Free]);
    // Many rounds go by while it is in hand.
    for _ in 0..5 {
        assert_eq!(follower.round().await.unwrap(), 0);
    }
    let before = other.end().await.unwrap();
    assert_eq!(before.gaps.iter().map(|gap| gap.last + 1 - gap.first).sum::<u64>(), 2);
    late.commit().await.unwrap();
    // A reader that has only a position never learns of it: the harm.
    let by_position_alone = other.news(before.newest, &[], 10).await.unwrap();
    assert_eq!(by_position_alone.events, []);
    assert_eq!(follower.round().await.unwrap(), 1);
    assert_eq!(marks(&boards).await, [SeatMark::Blocked, SeatMark::Blocked, SeatMark::Free]);
    // What is rolled back never appears, and is not looked for for ever.
    drop(lost);
    let noticed = before.gaps.iter().map(|gap| gap.noticed).max().unwrap();
    let mut is_settled = false;
    for _ in 0..100 {
        is_settled = other.news(before.newest, &before.gaps, 10).await.unwrap().settled >= noticed;
        if is_settled {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(is_settled, "the gap is watched for ever");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_starts_while_a_batch_is_in_hand_hears_of_it() {
    let Some(schema) = schema().await else { return };
    let (one, other) = (instance(&schema).await, instance(&schema).await);
    sale(&one, 2).await;
    let late = save(&one, blocked(1)).await;
    save(&one, blocked(2)).await.commit().await.unwrap();
    let (mut follower, boards) = follower(&other).await;
    assert_eq!(marks(&boards).await, [SeatMark::Free, SeatMark::Blocked]);
    late.commit().await.unwrap();
    assert_eq!(follower.round().await.unwrap(), 1);
    assert_eq!(marks(&boards).await, [SeatMark::Blocked, SeatMark::Blocked]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_is_led_by_one_instance_and_taken_over_when_it_falls_silent() {
    let Some(schema) = schema().await else { return };
    let lease = Duration::from_millis(400);
    let first = PostgresRoomLog::new(instance(&schema).await, lease);
    let second = PostgresRoomLog::new(instance(&schema).await, lease);
    first.load(1).await.unwrap();
    first.append(1, 1, b"one".to_vec()).await.unwrap();
    assert!(first.leads(1) && !second.leads(1));
    let refused = second.load(1).await.unwrap_err();
    assert_eq!(refused.kind, TroubleKind::Busy);
    assert!(refused.detail.contains("led by another instance"), "{refused}");

    // It sleeps longer than its lease, and the other takes over what it wrote.
    tokio::time::sleep(lease).await;
    assert!(!first.leads(1), "it must not answer for the room any more");
    assert_eq!(second.load(1).await.unwrap().batches, [b"one".to_vec()]);
    second.append(1, 2, b"two".to_vec()).await.unwrap();
    for stale in [
        first.append(1, 2, b"stale".to_vec()).await,
        first.append(1, 3, b"stale".to_vec()).await,
        first.checkpoint(1, 2, b"stale".to_vec()).await,
    ] {
        assert_eq!(stale.unwrap_err().kind, TroubleKind::Fenced);
    }
    second.release().await.unwrap();
    let history = first.load(1).await.unwrap();
    assert_eq!(history.batches, [b"one".to_vec(), b"two".to_vec()]);
    assert_eq!(history.checkpoint, None);

    // Without the token the stale leader writes into the room of another: the harm.
    let room = "INSERT INTO room_batch VALUES (1, 3, 'stale')";
    let (client, connection) =
        tokio_postgres::connect(&schema.url, tokio_postgres::NoTls).await.unwrap();
    tokio::select! {
        done = client.batch_execute(room) => done.unwrap(),
        ended = connection => panic!("{ended:?}"),
    }
    assert_eq!(first.load(1).await.unwrap().sequence, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_renewed_is_not_taken_over() {
    let Some(schema) = schema().await else { return };
    let lease = Duration::from_millis(400);
    let first = PostgresRoomLog::new(instance(&schema).await, lease);
    let second = PostgresRoomLog::new(instance(&schema).await, lease);
    first.load(1).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let renewing = tokio::spawn(first.clone().renew(stop.clone()));
    tokio::time::sleep(lease * 3).await;
    assert!(first.leads(1));
    assert_eq!(second.load(1).await.unwrap_err().kind, TroubleKind::Busy);
    stop.cancel();
    renewing.await.unwrap();
    tokio::time::sleep(lease).await;
    assert!(second.load(1).await.is_ok());
}
