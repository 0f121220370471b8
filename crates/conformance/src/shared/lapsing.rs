//! Holds of one show run out while others want the show: whoever locks rows must lock these in the order of
//! everybody.

use super::{Opening, Stage};
use crate::sale::{self, HOLD_MS, SHOW};
use admitone_app::clock::HandClock;
use admitone_app::ports::store::{Mode, Store};
use admitone_app::settle::SettleLimits;
use admitone_domain::id::BuyerId;
use std::sync::Arc;
use tokio::task::JoinSet;

/// So many want a seat each, all of which somebody had who let his hold run out.
const CROWD: u64 = 8;
/// So often nobody may meet by chance.
const ROUNDS: u64 = 20;
/// Each has a connection for what he begins, and one for what he let go.
const CONNECTIONS: usize = 2 * 8;

/// How many of the crowd met in a circle, of which the server let one go on by refusing another.
async fn refused(store: &Arc<dyn Store>, clock: &HandClock, round: u64, goes_back: bool) -> usize {
    let first = round * (CROWD + 2) + 1;
    let limits = SettleLimits { tries_max: 1, goes_back, ..SettleLimits::default() };
    let all: Vec<u64> = (1..=CROWD).collect();
    let idler = sale::hold(first, BuyerId(99), SHOW, &all, 0);
    let settler = sale::settler(Arc::clone(store), Mode::Optimistic);
    let answer = sale::answer(settler.settle(vec![idler]).await.remove(0));
    assert!(answer.is_ok(), "{answer:?}");
    clock.advance_ms(HOLD_MS + 1);
    let mut crowd = JoinSet::new();
    for one in 1..=CROWD {
        let mut settler = sale::settler(Arc::clone(store), Mode::Pessimistic);
        settler.limits = limits;
        let wish = sale::hold(first + one, BuyerId(one.into()), SHOW, &[one], 0);
        crowd.spawn(async move { settler.settle(vec![wish]).await.remove(0) });
    }
    let replies = crowd.join_all().await;
    // What they have runs out as well, and is the next round's.
    clock.advance_ms(HOLD_MS + 1);
    replies.iter().filter(|reply| reply.is_err()).count()
}

/// How many of how many rounds it took until somebody met in a circle, if anybody did.
async fn rounds_until_a_circle(stage: Stage, goes_back: bool) -> Option<u64> {
    let clock = Arc::new(HandClock::at(sale::NOW));
    let opening = Opening {
        connections_max: CONNECTIONS,
        wait_ms: 30_000,
        is_guarded: true,
        clock: Arc::clone(&clock),
    };
    let store = stage.fixture.open(&stage.url, opening).await.store;
    let seats = u32::try_from(CROWD).unwrap_or(u32::MAX);
    let settler = sale::settler(Arc::clone(&store), Mode::Optimistic);
    for command in sale::programme(seats, 1) {
        let answer = sale::answer(settler.settle(vec![command]).await.remove(0));
        assert!(answer.is_ok(), "{answer:?}");
    }
    for round in 1..=ROUNDS {
        if refused(&store, &clock, round, goes_back).await > 0 {
            return Some(round);
        }
    }
    None
}

pub(super) async fn who_locks_rows_waits_in_no_circle_where_holds_run_out(stage: Stage) {
    assert_eq!(rounds_until_a_circle(stage, true).await, None);
}

pub(super) async fn who_locks_them_as_he_learns_of_them_waits_in_a_circle(stage: Stage) {
    assert_ne!(rounds_until_a_circle(stage, false).await, None, "no harm");
}
