//! How long answers are kept.

use admitone_adapter_sqlite::{Options, SqliteStore};
use admitone_app::clock::HandClock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_conformance::sale::{self, operate};
use admitone_domain::command::operate::{Operate, SaveConcert};
use admitone_domain::id::BuyerId;
use admitone_domain::{Command, CommandId, Moment, StoredAnswer};
use std::sync::Arc;

const DAY_MS: u64 = 24 * 3_600 * 1_000;

fn concert(number: u64, expected: Option<u64>) -> Command {
    let concert = sale::concert();
    operate(number, Operate::SaveConcert(SaveConcert { concert, expected }))
}

fn charge(number: u64) -> Command {
    sale::charge(number, BuyerId(1), 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_made_something_is_answered_for_ever_and_does_not_keep_others_from_being_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(Moment(1_000)));
    let store = SqliteStore::open(directory.path(), clock.clone(), Options::default()).unwrap();
    let settler = sale::settler(Arc::new(store.clone()), Mode::Plain);
    let settler = Settler { clock: clock.clone(), ..settler };
    let settle = async |command: Command| {
        let replies = settler.settle(vec![command]).await;
        assert!(replies[0].is_ok());
        store.close().await.unwrap();
    };
    let kept = async |number: u64| -> Option<Arc<StoredAnswer>> {
        store.answer(CommandId(u128::from(number))).await.unwrap()
    };
    settle(concert(1, Some(0))).await;
    settle(concert(2, None)).await;
    settle(charge(3)).await;
    clock.advance_ms(2 * DAY_MS);
    settle(charge(4)).await;
    assert!(kept(2).await.is_none(), "a change is kept for a day");
    assert!(kept(3).await.is_some(), "money for fifteen");
    clock.advance_ms(20 * DAY_MS);
    settle(charge(5)).await;
    assert!(kept(3).await.is_none());
    let made = kept(1).await.unwrap();
    assert!(made.answer.is_ok());
}
