//! What only this store promises: guards, lost commits, round trips, placeholders, instances that
//! start together.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stderr, reason = "whoever runs tests must see what was not tested")]

mod database;
mod proxy;

use admitone_adapter_mysql::{Guards, MysqlStore, Options, Time};
use admitone_app::TroubleKind;
use admitone_app::clock::HandClock;
use admitone_app::ports::delivery::Reply;
use admitone_app::ports::lock::NoLock;
use admitone_app::ports::reads::{Page, Reads};
use admitone_app::ports::store::{Fences, Mode, Store, Wanted};
use admitone_app::settle::{SettleLimits, Settler};
use admitone_domain::command::Charge;
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::pass::Admission;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{
    Action, Actor, Change, Command, CommandId, Currency, Delta, Fingerprint, Guard, Key, Loaded,
    Moment, Money, Row, Rows, Verdict,
};
use database::Database;
use mysql_async::prelude::Queryable;
use proxy::{Cut, Proxy};
use std::sync::Arc;

const ANN: BuyerId = BuyerId(7);
const NOW: Moment = Moment(1_000);

/// Set where a test must not pass without its service; `CI` does the same.
const REQUIRED: [&str; 2] = ["ADMITONE_TEST_REQUIRED", "CI"];

impl Database {
    /// A database, unless there is no server: then the test says so, and fails where it must not
    /// pass without.
    async fn find() -> Option<Self> {
        if database::server().is_some() {
            return Some(Self::make().await);
        }
        let is_required = REQUIRED.iter().any(|name| std::env::var_os(name).is_some());
        assert!(!is_required, "{} is not set", database::VARIABLE);
        eprintln!("NOT RUN: {} is not set", database::VARIABLE);
        None
    }

    /// Runs a statement inside the database.
    async fn execute(&self, sql: &str) {
        let mut client = mysql_async::Conn::from_url(&self.url).await.unwrap();
        client.query_drop(sql).await.unwrap();
        client.disconnect().await.unwrap();
    }
}

fn options() -> Options {
    let time = Time::Of(Arc::new(HandClock::at(NOW)));
    Options { time, connections_max: 4, wait_ms: 5_000, ..Options::default() }
}

fn charge(number: u64) -> Command {
    let charge = Charge { amount: Money(1), currency: Currency::KRW };
    Command {
        id: CommandId(u128::from(number)),
        fingerprint: Fingerprint(0),
        fresh: number,
        actor: Actor::Buyer(ANN),
        admission: Admission::None,
        deadline: None,
        action: Action::Charge(charge),
    }
}

fn settler(store: &MysqlStore, mode: Mode) -> Settler {
    Settler {
        store: Arc::new(store.clone()),
        lock: Arc::new(NoLock),
        mode,
        clock: Arc::new(HandClock::at(NOW)),
        taps: Vec::new(),
        limits: SettleLimits::default(),
    }
}

async fn balance(store: &MysqlStore) -> i64 {
    match store.rows(&[Key::Wallet(ANN)]).await.unwrap().pop().flatten().map(Loaded::into_row) {
        Some(Row::Wallet(wallet)) => wallet.balance.0,
        None => 0,
        other => panic!("{other:?}"),
    }
}

/// Saves changes as they are, whatever rule they break.
async fn save(
    store: &MysqlStore,
    mode: Mode,
    changes: Vec<Change>,
) -> Result<(), admitone_app::Trouble> {
    let verdict = Arc::new(Verdict { changes, ..Verdict::default() });
    let mut transaction = store.begin(mode, &Fences::default()).await?;
    transaction.save(&verdict).await?;
    transaction.commit().await
}

fn stock(sold: u32) -> Change {
    let (id, show) = (TicketTypeId(1), ShowId(1));
    let stock =
        TicketType { id, show, name: "S".into(), price: Money(1), capacity: 1, held: 0, sold };
    let row = Row::TicketType(stock);
    Change { seen: 0, guard: Guard::Unchanged, delta: Delta::Whole, row: Arc::new(row) }
}

fn seat(seen: u64, price: i64, guard: Guard, state: SeatState) -> Change {
    let seat = Seat { id: SeatId(1), show: ShowId(1), price: Money(price), state };
    Change { seen, guard, delta: Delta::Whole, row: Arc::new(Row::Seat(seat)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_guards_the_store_refuses_what_the_rules_must_never_let_through() {
    let Some(database) = Database::find().await else { return };
    let store = MysqlStore::open(&database.url, options()).await.unwrap();
    assert!(store.is_guarded());
    let refused = save(&store, Mode::Plain, vec![stock(2)]).await.unwrap_err();
    assert_eq!(refused.kind, TroubleKind::Inconsistent);
    assert!(refused.detail.contains("guard_stock"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_guards_it_is_saved_and_the_store_remembers_that_they_were_left_out() {
    let Some(database) = Database::find().await else { return };
    let unguarded = Options { guards: Guards::LeftOut, ..options() };
    let store = MysqlStore::open(&database.url, unguarded.clone()).await.unwrap();
    assert!(!store.is_guarded());
    save(&store, Mode::Plain, vec![stock(2)]).await.unwrap();
    // They are not added to what they would forbid, and once they are there they stay.
    assert!(MysqlStore::open(&database.url, options()).await.is_err());
    database.execute("DELETE FROM ticket_type").await;
    assert!(MysqlStore::open(&database.url, options()).await.unwrap().is_guarded());
    assert!(MysqlStore::open(&database.url, unguarded).await.unwrap().is_guarded());
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_start_together_migrate_once() {
    let Some(database) = Database::find().await else { return };
    let opened = (0..4).map(|_| MysqlStore::open(&database.url, options()));
    for store in futures_util::future::join_all(opened).await {
        assert!(store.unwrap().is_guarded());
    }
}

/// The commit arrives and its answer does not, or the commit itself does not arrive: the buyer is
/// answered well either way, and the money is there once.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_unknown_outcome_is_found_out_and_done_once() {
    let Some(database) = Database::find().await else { return };
    let store = MysqlStore::open(&database.url, options()).await.unwrap();
    let mut number = 0;
    for mode in Mode::ALL {
        for cut in [Cut::AfterTheCommit, Cut::BeforeTheCommit] {
            let proxy = Proxy::start(&database.url).await;
            let behind = MysqlStore::open(&proxy.url, options()).await.unwrap();
            proxy.cut_once(cut);
            number += 1;
            let reply = settler(&behind, mode).settle(vec![charge(number)]).await.remove(0);
            assert!(matches!(reply, Ok(Reply::Answered { .. })), "{mode} {cut:?}: {reply:?}");
            assert!(proxy.has_cut(), "{mode} {cut:?}: nothing was cut");
            assert_eq!(balance(&store).await, number.cast_signed(), "{mode} {cut:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_thousand_costs_as_many_round_trips_as_a_batch_of_one() {
    let Some(database) = Database::find().await else { return };
    let proxy = Proxy::start(&database.url).await;
    let one = Options { connections_max: 1, ..options() };
    let store = MysqlStore::open(&proxy.url, one).await.unwrap();
    // Statements are prepared by the first batches.
    for (number, mode) in (1..).zip(Mode::ALL.repeat(2)) {
        assert!(settler(&store, mode).settle(vec![charge(number)]).await[0].is_ok());
    }
    proxy.count();
    for (base, mode) in [10_000, 20_000, 30_000, 40_000, 50_000].into_iter().zip(Mode::ALL) {
        let settler = settler(&store, mode);
        let before = proxy.round_trips();
        assert!(settler.settle(vec![charge(base)]).await[0].is_ok());
        let of_one = proxy.round_trips() - before;
        let batch = (base + 1..=base + 1_000).map(charge).collect();
        assert!(settler.settle(batch).await.iter().all(Result::is_ok));
        let of_thousand = proxy.round_trips() - before - of_one;
        println!("{mode}: {of_one} round trips for one command, {of_thousand} for a thousand");
        assert_eq!((of_one, of_thousand), (3, 3), "{mode}: load, save, commit");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_made_to_be_locked_is_no_row() {
    let Some(database) = Database::find().await else { return };
    let store = MysqlStore::open(&database.url, options()).await.unwrap();
    let keys = vec![Key::Quota(ShowId(1), ANN), Key::Wallet(ANN)];
    let mut transaction = store.begin(Mode::Pessimistic, &Fences::default()).await.unwrap();
    let mut rows = Rows::default();
    let wanted = Wanted { keys: keys.clone(), ..Wanted::default() };
    transaction.load(&wanted, &mut rows).await.unwrap();
    assert!(keys.iter().all(|key| rows.peek(*key).is_none()));
    // A batch that changes nothing of them, and leaves them behind.
    transaction.save(&Arc::new(Verdict::default())).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(store.rows(&keys).await.unwrap(), [None, None]);
    for (number, mode) in (1..).zip(Mode::ALL) {
        assert!(settler(&store, mode).settle(vec![charge(number)]).await[0].is_ok());
        assert_eq!(balance(&store).await, number.cast_signed(), "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_seat_keeps_the_price_that_an_operator_gave_it_meanwhile() {
    let Some(database) = Database::find().await else { return };
    let store = MysqlStore::open(&database.url, options()).await.unwrap();
    let price = |seen, price| seat(seen, price, Guard::Unchanged, SeatState::Free);
    save(&store, Mode::Conditional, vec![price(0, 10)]).await.unwrap();
    save(&store, Mode::Conditional, vec![price(1, 20)]).await.unwrap();
    let held = SeatState::Held { by: ReservationId(1), until: Moment(5_000) };
    let stale = save(&store, Mode::Conditional, vec![seat(1, 10, Guard::Takeable(NOW), held)]);
    assert_eq!(stale.await.unwrap_err().kind, TroubleKind::Conflict);
    // Whatever else happened to the seat since it was seen does not matter.
    let fresh = save(&store, Mode::Conditional, vec![seat(1, 20, Guard::Takeable(NOW), held)]);
    assert_eq!(fresh.await, Ok(()));
    let other = SeatState::Held { by: ReservationId(2), until: Moment(9_000) };
    let taken = save(&store, Mode::Conditional, vec![seat(3, 20, Guard::Takeable(NOW), other)]);
    assert_eq!(taken.await.unwrap_err().kind, TroubleKind::Conflict);
    let over = Guard::Takeable(Moment(5_000));
    assert_eq!(save(&store, Mode::Conditional, vec![seat(3, 20, over, other)]).await, Ok(()));
    // Plain writes over all of it.
    let blind = save(&store, Mode::Plain, vec![seat(1, 10, Guard::Takeable(NOW), held)]);
    assert_eq!(blind.await, Ok(()), "the harm: two have held the seat");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_connections_are_in_use_the_store_says_so_in_time() {
    let Some(database) = Database::find().await else { return };
    let narrow = Options { connections_max: 1, wait_ms: 1_000, ..options() };
    let store = MysqlStore::open(&database.url, narrow).await.unwrap();
    let open = store.begin(Mode::Pessimistic, &Fences::default()).await.unwrap();
    let page = Page { before: None, limit: 1 };
    assert_eq!(store.entries(ANN, page).await.unwrap_err().kind, TroubleKind::Busy);
    drop(open);
    assert_eq!(store.entries(ANN, page).await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn old_answers_are_dropped_and_those_about_money_later() {
    let Some(database) = Database::find().await else { return };
    let clock = Arc::new(HandClock::at(NOW));
    let timed = Options { time: Time::Of(clock.clone()), ..options() };
    let store = MysqlStore::open(&database.url, timed).await.unwrap();
    let replies = settler(&store, Mode::Optimistic).settle(vec![charge(1)]).await;
    assert!(replies[0].is_ok());
    let day_ms = 24 * 3_600 * 1_000;
    for (days, is_kept) in [(1, true), (14, false)] {
        clock.advance_ms(days * day_ms + 1);
        assert_eq!(store.prune().await, Ok(()));
        assert_eq!(store.answer(CommandId(1)).await.unwrap().is_some(), is_kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_finds_what_is_planted_and_nothing_else() {
    for (planted, found) in [
        ("SELECT 1", ""),
        ("UPDATE wallet SET balance = balance + 1", "a balance that is not the sum"),
        ("DELETE FROM wallet", "entries without a wallet"),
        ("UPDATE entry SET amount = 0 WHERE id = 1", "an entry that moves nothing"),
        (
            "INSERT INTO seat VALUES (1, 1, 1, 1, 2, 99, NULL)",
            "a seat of a reservation that does not exist",
        ),
        ("INSERT INTO seat VALUES (1, 1, 1, 1, 1, NULL, 5)", "a seat that says otherwise"),
        ("UPDATE ticket_type SET sold = 1", "a stock that is not the sum of its items"),
        ("INSERT INTO quota SELECT 1, buyer, 1, 3 FROM wallet", "a quota that is not the sum"),
    ] {
        let Some(database) = Database::find().await else { return };
        let unguarded = Options { guards: Guards::LeftOut, ..options() };
        let store = MysqlStore::open(&database.url, unguarded).await.unwrap();
        save(&store, Mode::Plain, vec![stock(0)]).await.unwrap();
        for number in 1..=3 {
            assert!(
                settler(&store, Mode::Optimistic).settle(vec![charge(number)]).await[0].is_ok()
            );
        }
        database.execute(planted).await;
        let report = store.verify(|_| ()).await.unwrap();
        assert_eq!(report.rows, if planted.starts_with("INSERT") { 2 } else { 1 }, "{planted}");
        let findings = report.findings;
        if found.is_empty() {
            assert_eq!(findings, Vec::<String>::new());
        } else {
            let is_found = findings.iter().any(|finding| finding.starts_with(found));
            assert!(is_found, "{planted}: {findings:?}");
        }
    }
}
