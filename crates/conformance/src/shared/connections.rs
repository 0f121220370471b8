//! Connections are few, slow and mortal.

use super::{Opening, Stage};
use crate::proxy::{Cut, Proxy};
use crate::sale::{answer, balance, charge, settler};
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::reads::Page;
use admitone_app::ports::store::{Fences, Mode};
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::BuyerId;
use std::sync::Arc;

const ANN: BuyerId = BuyerId(7);
/// So often the machine may be in the way of counting.
const TRIES: u32 = 8;

/// The commit arrives and its answer does not, or the commit itself does not arrive: the buyer is
/// answered well either way, and the money is there once.
pub(super) async fn a_commit_of_unknown_outcome_is_found_out_and_done_once(stage: Stage) {
    let direct = stage.open().await;
    let mut number = 0;
    for mode in Mode::ALL {
        for cut in [Cut::AfterTheCommit, Cut::BeforeTheCommit] {
            let proxy = Proxy::start(&stage.url);
            let behind = stage.open_behind(&proxy, Opening::default()).await;
            proxy.cut_once(cut);
            number += 1;
            let settler = settler(Arc::clone(&behind.store), mode);
            let charge = charge(number, ANN, 1);
            assert!(answer(settler.settle(vec![charge]).await.remove(0)).is_ok(), "{mode} {cut:?}");
            assert!(proxy.has_cut(), "{mode} {cut:?}: nothing was cut");
            let has = balance(&*direct.reads, ANN).await;
            assert_eq!(has, number.cast_signed(), "{mode} {cut:?}");
        }
    }
}

#[expect(clippy::print_stdout, reason = "it measures and says so")]
pub(super) async fn a_batch_of_a_thousand_costs_as_many_round_trips_as_a_batch_of_one(
    stage: Stage,
) {
    let proxy = Proxy::start(&stage.url);
    let one = Opening { connections_max: 1, ..Opening::default() };
    let behind = stage.open_behind(&proxy, one).await;
    let settler = |mode| settler(Arc::clone(&behind.store), mode);
    // Statements are prepared by the first batches.
    for (number, mode) in (1..).zip(Mode::ALL.repeat(2)) {
        assert!(settler(mode).settle(vec![charge(number, ANN, 1)]).await[0].is_ok());
    }
    proxy.count();
    let mut next = 10_000;
    let mut round_trips = async |mode, count: u64| {
        let before = proxy.round_trips();
        let batch = (next..next + count).map(|number| charge(number, ANN, 1)).collect();
        next += count;
        let replies = settler(mode).settle(batch).await;
        assert_eq!(replies.into_iter().find_map(Result::err), None, "{mode}");
        proxy.round_trips() - before
    };
    for mode in Mode::ALL {
        let few = stage.fixture.round_trips(mode);
        // A machine that pauses within a question makes two of it: the least of several is true.
        let (mut of_one, mut of_thousand) = (u32::MAX, u32::MAX);
        for _ in 0..TRIES {
            of_one = of_one.min(round_trips(mode, 1).await);
            of_thousand = of_thousand.min(round_trips(mode, 1_000).await);
            if (of_one, of_thousand) == (few, few) {
                break;
            }
        }
        println!("{mode}: {of_one} round trips for one command, {of_thousand} for a thousand");
        assert_eq!((of_one, of_thousand), (few, few), "{mode}");
    }
}

pub(super) async fn when_all_connections_are_in_use_the_store_says_so_in_time(stage: Stage) {
    let narrow = Opening { connections_max: 1, wait_ms: 1_000, ..Opening::default() };
    let instance = stage.fixture.open(&stage.url, narrow).await;
    let open = instance.store.begin(Mode::Pessimistic, &Fences::default()).await;
    assert!(open.is_ok());
    let page = Page { before: None, limit: 1 };
    let kind = |trouble: Trouble| trouble.kind;
    let entries = async || instance.reads.entries(ANN, page).await.map_err(kind);
    assert_eq!(entries().await, Err(TroubleKind::Busy));
    drop(open);
    assert_eq!(entries().await, Ok(Vec::new()));
}

/// Something on the way has forgotten the connection, and TCP does not mind: without a bound of its
/// own the store would wait for ever.
#[expect(clippy::print_stdout, reason = "it measures and says so")]
pub(super) async fn a_connection_on_which_nothing_is_said_is_given_up_in_time(stage: Stage) {
    let proxy = Proxy::start(&stage.url);
    let narrow = Opening { connections_max: 1, wait_ms: 1_000, ..Opening::default() };
    let behind = stage.open_behind(&proxy, narrow).await;
    let settler = settler(Arc::clone(&behind.store), Mode::Conditional);
    assert!(settler.settle(vec![charge(1, ANN, 1)]).await[0].is_ok());
    proxy.forget();
    let clock = SystemClock::default();
    let begun = clock.now();
    let told = settler.settle(vec![charge(2, ANN, 1)]).await.remove(0);
    let span_ms = (clock.now().0 - begun.0) / 1_000;
    assert_eq!(told.map_err(|trouble| trouble.kind).err(), Some(TroubleKind::Unavailable));
    println!("nothing was said for {span_ms} ms: given up");
    assert!((3_000..6_000).contains(&span_ms), "{span_ms} ms");
    assert!(settler.settle(vec![charge(2, ANN, 1)]).await[0].is_ok(), "by a new connection");
    assert_eq!(balance(&*behind.reads, ANN).await, 2);
}
