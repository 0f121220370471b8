//! A crowd that wants one key, in a time that only goes on when nobody has anything to do.

use super::*;
use crate::lock::{SimpleLock, SpinLock};
use crate::ports::lock::Lock;
use admitone_domain::Moment;
use admitone_domain::id::SeatId;
use async_trait::async_trait;
use futures_util::FutureExt;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Mutex;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const CROWD: u64 = 50;
const TURNS: u64 = 20;
const HOLD_MS: u64 = 3;
/// More than anybody does in a row before he sleeps.
const YIELDS: u32 = 200;

/// Goes on to the next moment at which somebody wakes; those of one moment wake in an order that chance decides,
/// the same one each time.
#[derive(Default)]
struct Stage(Mutex<State>);

#[derive(Default)]
struct State {
    now_ms: u64,
    asleep: Vec<(u64, u64, oneshot::Sender<()>)>,
    slept: u64,
}

impl Stage {
    fn go_on(&self) {
        let mut state = self.0.lock().unwrap();
        let Some(next_ms) = state.asleep.iter().map(|(at_ms, ..)| *at_ms).min() else { return };
        state.now_ms = next_ms;
        state.asleep.sort_by_key(|(at_ms, by_chance, _)| (*at_ms, *by_chance));
        let due = state.asleep.partition_point(|(at_ms, ..)| *at_ms <= next_ms);
        let woken: Vec<_> = state.asleep.drain(..due).collect();
        drop(state);
        for (.., wake) in woken {
            let _ = wake.send(());
        }
    }
}

#[async_trait]
impl Clock for Stage {
    fn now(&self) -> Moment {
        Moment(i64::try_from(self.0.lock().unwrap().now_ms).unwrap() * 1_000)
    }

    async fn sleep_ms(&self, span_ms: u64) {
        let (wake, woken) = oneshot::channel();
        {
            let mut state = self.0.lock().unwrap();
            state.slept += 1;
            let (at_ms, slept) = (state.now_ms + span_ms, state.slept);
            let by_chance = BuildHasherDefault::<DefaultHasher>::default().hash_one(slept);
            state.asleep.push((at_ms, by_chance, wake));
        }
        let _ = woken.await;
    }
}

/// Looks at intervals that are always the same.
struct Fixed {
    table: Arc<Table>,
    clock: Arc<dyn Clock>,
}

#[async_trait]
impl Lock for Fixed {
    async fn acquire(&self, keys: &BTreeSet<Key>, _: u64) -> Result<Box<dyn Guard>, Trouble> {
        loop {
            if let Some(taken) = self.table.try_take(keys) {
                return Ok(Box::new(taken));
            }
            self.clock.sleep_ms(10).await;
        }
    }
}

fn key() -> BTreeSet<Key> {
    [Key::Seat(SeatId(1))].into()
}

/// How long each turn of a crowd was waited for whose members come again a millisecond later, in ms, sorted.
async fn waits(lock: fn(Arc<dyn Clock>) -> Arc<dyn Lock>) -> Vec<i64> {
    let stage = Arc::new(Stage::default());
    let lock = lock(stage.clone());
    let mut crowd = JoinSet::new();
    for _ in 0..CROWD {
        let (lock, clock) = (Arc::clone(&lock), Arc::clone(&stage));
        crowd.spawn(async move {
            let mut waits = Vec::new();
            for _ in 0..TURNS {
                let came = clock.now();
                let turn = lock.acquire(&key(), 600_000).await.unwrap_or_else(|e| panic!("{e}"));
                waits.push((clock.now().0 - came.0) / 1_000);
                clock.sleep_ms(HOLD_MS).await;
                turn.release().await;
                clock.sleep_ms(1).await;
            }
            waits
        });
    }
    let mut all = Vec::new();
    while !crowd.is_empty() {
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        while let Some(waits) = crowd.try_join_next() {
            all.extend(waits.unwrap());
        }
        stage.go_on();
    }
    all.sort_unstable();
    all
}

/// The longest of them, as so many times what each would wait if all took turns.
fn longest(waits: &[i64]) -> i64 {
    let fair_ms = i64::try_from(CROWD * HOLD_MS).unwrap();
    waits.last().unwrap() / fair_ms
}

#[tokio::test]
async fn nobody_waits_much_longer_than_in_a_line() {
    let simple = waits(|clock| Arc::new(SimpleLock::new(clock))).await;
    assert!(longest(&simple) < 3, "simple: {simple:?}");
    let spin = waits(|clock| Arc::new(SpinLock::new(clock))).await;
    assert!(longest(&spin) < 3, "spin: {spin:?}");
}

#[tokio::test]
async fn where_all_look_equally_often_somebody_waits_many_times_as_long() {
    let fixed = waits(|clock| Arc::new(Fixed { table: Arc::default(), clock })).await;
    assert!(longest(&fixed) > 6, "the harm: {fixed:?}");
}

#[tokio::test]
async fn who_comes_where_others_look_leaves_the_first_look_to_them() {
    let stage = Arc::new(Stage::default());
    let (looks, keys) = (Looks::new(stage.clone(), 0), key());
    let held = looks.acquire(&keys, 0).await;
    let mut looking = Box::pin(looks.acquire(&keys, 1_000));
    assert!((&mut looking).now_or_never().is_none(), "somebody has it");
    drop(held);
    let mut newcomer = Box::pin(looks.acquire(&keys, 1_000));
    assert!((&mut newcomer).now_or_never().is_none(), "somebody looks at it");
    assert!(looks.table.try_take(&keys).is_some(), "it is free: without that he would have it");
    assert!(looks.acquire(&keys, 0).await.is_ok(), "who has no time takes what is there");
    stage.go_on();
    assert!(looking.now_or_never().is_some_and(|turn| turn.is_ok()));
}
