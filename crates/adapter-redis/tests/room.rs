//! The room in Redis against the embedded one: the same random stories, the same answers, the
//! same admissions, the same gauges. The embedded room is the model.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "a test measures how long it took")]

mod nodes;
mod stories;

use admitone_adapter_redis::{RedisRooms, RoomOptions};
use admitone_app::waiting_room::{Batch, Gone, Place, Room};
use admitone_conformance::redis_server;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use stories::{Chance, Story, TestClock, settings};

/// Commands in all; a million when there is time.
fn commands() -> u64 {
    if std::env::var_os("ADMITONE_LONG").is_some() { 1_000_000 } else { 100_000 }
}

/// What happened in a story, so that nothing is compared that never happens.
#[derive(Debug, Default)]
struct Happened {
    commands: u64,
    admitted: u64,
    epochs: u64,
    no_shows: u64,
    passed: u64,
    shown: u64,
    stretched: u64,
}

/// Tells one story to both, and compares after every word.
async fn compare(address: &str, seed: u64, commands: u64) -> Happened {
    let clock = Arc::new(TestClock::at(1_700_000_000_000_000));
    let options = RoomOptions {
        prefix: redis_server::own_prefix(),
        born_after_ms: 0,
        time: Some(clock.clone()),
    };
    let mut chance = Chance(seed);
    let first = settings(&mut chance);
    let mut model = Room::new(7, first.clone(), clock.now_us()).unwrap();
    let rooms = RedisRooms::new(nodes::node(address), options);
    let mut redis = rooms.open_room(7, &first).await.unwrap();
    let mut story = Story::new(seed);
    let mut inside = BTreeMap::new();
    let mut happened = Happened::default();
    for word in 0.. {
        if happened.commands >= commands {
            break;
        }
        let batch = story.next(&mut chance, &clock, &model);
        // Nothing to say is a tick, which is a command too.
        happened.commands += stories::size(&batch).max(1);
        let mut expected = model.exchange(clock.now_us(), &batch);
        expected.records.clear();
        let told = redis.exchange_once(&batch).await.unwrap();
        assert_eq!(told.outcome, expected, "seed {seed}, word {word}: {batch:?}");
        assert_eq!(told.gauges, model.gauges(), "seed {seed}, word {word}: {batch:?}");
        assert_eq!(&told.settings, model.settings(), "seed {seed}, word {word}");
        if told.passes.is_whole {
            inside.clear();
        }
        for (place, pass) in told.passes.changed {
            match pass {
                Some(pass) => inside.insert(place, pass),
                None => inside.remove(&place),
            };
        }
        check_inside(&inside, &model, word);
        let snapshot = &told.outcome.snapshot;
        happened.shown += u64::from(snapshot.show_permille.is_some());
        happened.stretched += u64::from(snapshot.stretch.is_some());
        let passed = told.outcome.touched.iter().filter(|told| **told == Err(Gone::Passed));
        happened.passed += passed.count() as u64;
    }
    let totals = model.gauges().totals;
    happened.epochs = u64::from(model.snapshot().epoch) - 1;
    (happened.admitted, happened.no_shows) = (totals.admitted_total, totals.no_show_total);
    happened
}

/// The passes as told over time are those of the model.
fn check_inside(
    inside: &BTreeMap<Place, admitone_app::ports::shared_room::SharedPass>,
    model: &Room,
    word: usize,
) {
    let counted = model.gauges().active_called + model.gauges().active_claimed;
    assert_eq!(inside.len() as u64, counted, "word {word}");
    for (place, pass) in inside {
        assert_eq!(model.pass(*place), Some((pass.deadline_us, pass.is_claimed)), "word {word}");
        assert_eq!(model.member(*place), Some((pass.user, pass.generation)), "word {word}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_and_redis_tell_the_same_story() {
    let Some(addresses) = redis_server::shared() else { return };
    let begun = Instant::now();
    let each = commands() / 20;
    let mut stories = tokio::task::JoinSet::new();
    for seed in 0..20 {
        let address = addresses[usize::try_from(seed).unwrap() % addresses.len()].clone();
        stories.spawn(async move { compare(&address, seed, each).await });
    }
    let mut all = Happened::default();
    while let Some(told) = stories.join_next().await {
        let one = told.unwrap();
        all.commands += one.commands;
        all.admitted += one.admitted;
        all.epochs += one.epochs;
        all.no_shows += one.no_shows;
        all.passed += one.passed;
        all.shown += one.shown;
        all.stretched += one.stretched;
    }
    println!("no difference in {:?}: {all:?}", begun.elapsed());
    let counts = [all.admitted, all.epochs, all.no_shows, all.passed, all.shown, all.stretched];
    assert!(counts.iter().all(|count| *count > 0), "what never happens was not compared: {all:?}");
}

/// The comparison is not blind: a room that is told something else answers something else.
#[tokio::test]
async fn a_difference_is_seen() {
    let Some(addresses) = redis_server::shared() else { return };
    let clock = Arc::new(TestClock::at(1_700_000_000_000_000));
    let options = RoomOptions {
        prefix: redis_server::own_prefix(),
        born_after_ms: 0,
        time: Some(clock.clone()),
    };
    let first = stories::one_inside();
    let rooms = RedisRooms::new(nodes::node(&addresses[0]), options);
    let mut redis = rooms.open_room(7, &first).await.unwrap();
    let mut model = Room::new(7, first, clock.now_us()).unwrap();
    for n in 1..3 {
        model.exchange(clock.now_us(), &stories::join(n));
    }
    redis.exchange_once(&stories::join(1)).await.unwrap();
    let expected = model.exchange(clock.now_us(), &Batch::default());
    let told = redis.exchange_once(&Batch::default()).await.unwrap();
    assert_ne!(told.outcome.snapshot, expected.snapshot);
}
