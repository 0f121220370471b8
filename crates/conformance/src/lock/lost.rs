//! A lock that is taken away while its holder sleeps: the store must know.

use super::{Stage, seats};
use crate::steps::{ANN, Open, charge};
use admitone_app::TroubleKind;
use admitone_app::ports::store::{Fences, Mode};

pub(super) async fn a_lost_lock_is_found_out_by_its_fence(stage: Stage) {
    let saved = race(&stage, true).await;
    assert_eq!(saved, Err(TroubleKind::Fenced));
    assert_eq!(balance(&stage).await, 1, "the new holder's charge stands");
}

pub(super) async fn without_the_fence_a_lost_lock_does_harm(stage: Stage) {
    assert_eq!(race(&stage, false).await, Ok(()));
    assert_eq!(balance(&stage).await, 10, "the harm: the new holder's charge is gone");
}

/// The holder loads, sleeps, and loses the lock to another, who loads and saves. Then the first
/// one wakes and saves: what that comes to.
async fn race(stage: &Stage, is_fenced: bool) -> Result<(), TroubleKind> {
    let fences = |drawn: Fences| if is_fenced { drawn } else { Fences::default() };
    let sleeper = stage.take(0, &[1]).await;
    let early = begin(stage, &fences(sleeper.fences()), 1, 10).await;
    stage.fixture.lose(&stage.lock, &seats(&[1])).await;
    let next = stage.take(1, &[1]).await;
    let late = begin(stage, &fences(next.fences()), 2, 1).await;
    late.finish().await.unwrap_or_else(|trouble| panic!("{trouble}"));
    let saved = early.finish().await.map_err(|trouble| trouble.kind);
    next.release().await;
    sleeper.release().await;
    saved
}

async fn begin(stage: &Stage, fences: &Fences, number: u64, amount: i64) -> Open {
    Open::begin(&stage.store, Mode::Plain, fences, &[charge(number, ANN, amount)]).await
}

async fn balance(stage: &Stage) -> i64 {
    crate::sale::balance(&stage.store, ANN).await
}
