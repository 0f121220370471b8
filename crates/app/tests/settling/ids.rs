//! Numbers of records: nobody has another's, and many who need a block at once draw one.

use crate::gate::Gate;
use crate::steps::store;
use admitone_app::ids::Ids;
use admitone_app::ports::store::{Sequence, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio_util::task::TaskTracker;

const BLOCK: u64 = 10_000;

#[tokio::test]
async fn many_who_come_at_once_draw_one_block_and_have_numbers_of_their_own() {
    let (store, _) = store();
    let (gate, opener) = Gate::before(&store, |_| None);
    opener.send_replace(false);
    let ids = Arc::new(Ids::new(Arc::new(gate)));
    let tasks = TaskTracker::new();
    let asked: Vec<_> = (0..300)
        .map(|_| {
            let ids = Arc::clone(&ids);
            tasks.spawn(async move { ids.record().await.unwrap() })
        })
        .collect();
    tokio::task::yield_now().await;
    opener.send_replace(true);
    let mut numbers = BTreeSet::new();
    for one in asked {
        assert!(numbers.insert(one.await.unwrap()), "nobody else has it");
    }
    assert_eq!(numbers, (1..=300).collect());
    assert_eq!(store.reserve(Sequence::Record, 1).await.unwrap(), BLOCK + 1, "one draw for all");
}

#[tokio::test]
async fn the_next_block_is_drawn_before_the_last_number_is_taken() {
    let (store, _) = store();
    let (gate, opener) = Gate::before(&store, |_| None);
    let ids = Ids::new(Arc::new(gate));
    for number in 1..BLOCK {
        assert_eq!(ids.record().await.unwrap(), number);
    }
    opener.send_replace(false);
    assert_eq!(ids.record().await.unwrap(), BLOCK);
    assert_eq!(ids.record().await.unwrap(), BLOCK + 1, "nobody waits for the store");
}

#[tokio::test]
async fn who_goes_away_while_a_block_is_drawn_stops_nobody() {
    let (store, _) = store();
    let (gate, opener) = Gate::before(&store, |_| None);
    opener.send_replace(false);
    let ids = Arc::new(Ids::new(Arc::new(gate)));
    let gone = TaskTracker::new().spawn({
        let ids = Arc::clone(&ids);
        async move { ids.record().await }
    });
    tokio::task::yield_now().await;
    gone.abort();
    opener.send_replace(true);
    assert_eq!(ids.record().await.unwrap(), 1);
}
