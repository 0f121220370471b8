//! What only this store promises: how guards are added to a live table, what is pruned, hot rows.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

mod rooms;

use admitone_adapter_postgres::{Guards, Options, PostgresStore, Time};
use admitone_app::clock::HandClock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::{Fences, Mode, Store};
use admitone_conformance::sale::{NOW, SHOW, STANDING, charge, settler};
use admitone_conformance::servers::{Server, number};
use admitone_domain::id::BuyerId;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Change, CommandId, Delta, Guard, Money, Row, Verdict};
use std::sync::Arc;

const ANN: BuyerId = BuyerId(7);

fn options() -> Options {
    let time = Time::Of(Arc::new(HandClock::at(NOW)));
    Options { time, connections_max: 4, wait_ms: 5_000, ..Options::default() }
}

/// Two tickets sold of one.
fn oversold() -> Change {
    let (name, price) = ("S".into(), Money(1));
    let stock = TicketType { id: STANDING, show: SHOW, name, price, capacity: 1, held: 0, sold: 2 };
    let row = Arc::new(Row::TicketType(stock));
    Change { seen: 0, guard: Guard::Unchanged, delta: Delta::Whole, row }
}

/// Saves a change as it is, whatever rule it breaks.
async fn save(store: &PostgresStore, change: Change) {
    let verdict = Arc::new(Verdict { changes: vec![change], ..Verdict::default() });
    let mut transaction = store.begin(Mode::Plain, &Fences::default()).await.unwrap();
    transaction.save(&verdict).await.unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_guards_it_is_saved_and_the_store_remembers_that_they_were_left_out() {
    let Some(url) = Server::Postgres.fresh().await else { return };
    let unguarded = Options { guards: Guards::LeftOut, ..options() };
    let store = PostgresStore::open(&url, unguarded.clone()).await.unwrap();
    assert!(!store.is_guarded());
    save(&store, oversold()).await;
    let as_it_is = Options { guards: Guards::AsRecorded, ..options() };
    assert!(!PostgresStore::open(&url, as_it_is.clone()).await.unwrap().is_guarded());
    // Added to a live table they ask nothing of the rows that are there, and stay.
    assert!(PostgresStore::open(&url, options()).await.unwrap().is_guarded());
    assert!(PostgresStore::open(&url, unguarded).await.unwrap().is_guarded());
}

#[tokio::test(flavor = "multi_thread")]
async fn old_answers_are_dropped_and_those_about_money_later() {
    let Some(url) = Server::Postgres.fresh().await else { return };
    let clock = Arc::new(HandClock::at(NOW));
    let timed = Options { time: Time::Of(clock.clone()), ..options() };
    let store = PostgresStore::open(&url, timed).await.unwrap();
    let replies =
        settler(Arc::new(store.clone()), Mode::Optimistic).settle(vec![charge(1, ANN, 1)]).await;
    assert!(replies[0].is_ok());
    let day_ms = 24 * 3_600 * 1_000;
    for (days, dropped) in [(1, 0), (14, 1)] {
        clock.advance_ms(days * day_ms + 1);
        assert_eq!(store.prune().await, Ok(dropped));
    }
    assert_eq!(store.answer(CommandId(1)).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_row_is_updated_on_its_page_without_touching_an_index() {
    let Some(url) = Server::Postgres.fresh().await else { return };
    let store = PostgresStore::open(&url, options()).await.unwrap();
    let settler = settler(Arc::new(store.clone()), Mode::Conditional);
    for number in 1..=200 {
        assert!(settler.settle(vec![charge(number, ANN, 1)]).await[0].is_ok());
    }
    // A connection that ends counts what it did; it may take a moment.
    drop(settler);
    store.close();
    let updated = "SELECT pg_stat_get_tuples_updated('wallet'::regclass)";
    let hot = "SELECT pg_stat_get_tuples_hot_updated('wallet'::regclass)";
    for _ in 0..500 {
        if number(&url, updated).await >= 199.0 {
            break;
        }
    }
    let (hot, updated) = (number(&url, hot).await, number(&url, updated).await);
    assert!(updated >= 199.0 && hot > 0.9 * updated, "{hot} of {updated} updates were hot");
}
