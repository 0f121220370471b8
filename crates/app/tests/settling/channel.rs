//! The channel: nothing that it accepted is left unanswered.

use crate::gate::Gate;
use crate::steps::{answer, balance, charge, settler, store};
use admitone_app::TroubleKind;
use admitone_app::delivery::{Channel, ChannelLimits};
use admitone_app::ports::delivery::{Delivery, Reply};
use admitone_app::ports::queues::{QueueReport, Queues};
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_app::{Trouble, memory::MemoryStore};
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;

struct House {
    store: MemoryStore,
    gate: Gate,
    opener: watch::Sender<bool>,
    channel: Arc<Channel>,
    tasks: TaskTracker,
}

/// A house whose commits wait, one batch behind the other.
fn shut(depth_max: usize, batch_max: usize) -> House {
    shut_in(Mode::Plain, depth_max, batch_max)
}

fn shut_in(mode: Mode, depth_max: usize, batch_max: usize) -> House {
    let (store, _) = store();
    let (gate, opener) = Gate::before(&store, |_| None);
    opener.send_replace(false);
    let tasks = TaskTracker::new();
    let settler = Arc::new(Settler { mode, ..settler(gate.clone(), Vec::new()) });
    let limits = ChannelLimits { depth_max, batch_max, own_thread: false };
    let channel = Arc::new(Channel::start(settler, limits, &tasks));
    House { store, gate, opener, channel, tasks }
}

impl House {
    fn submit(&self, number: u64) -> JoinHandle<Result<Reply, Trouble>> {
        let channel = Arc::clone(&self.channel);
        self.tasks.spawn(async move { channel.submit(charge(number)).await })
    }

    /// Waits until so many batches have come to their commit.
    async fn until_tried(&self, batches: usize) {
        for _ in 0..10_000 {
            if self.gate.tried().len() >= batches {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("no batch came: {:?}", self.gate.tried());
    }
}

#[tokio::test]
async fn operators_see_what_waits_and_what_became_of_it() {
    let house = shut(10, 1);
    let queue = house.channel.queue("single-writer".to_owned());
    let until = async |is_so: fn(&QueueReport) -> bool| loop {
        let seen = queue.list().await.unwrap().remove(0);
        if is_so(&seen) {
            return seen;
        }
        tokio::task::yield_now().await;
    };
    let idle = until(|_| true).await;
    assert_eq!((idle.waiting, idle.running, idle.done, idle.oldest_ms), (0, 0, Some(0), None));
    let asked = [1, 2, 3].map(|number| house.submit(number));
    house.until_tried(1).await;
    let busy = until(|seen| seen.waiting == 2).await;
    assert_eq!((busy.running, busy.done, busy.lag), (1, Some(0), 3));
    assert!(busy.oldest_ms.is_some(), "{busy:?}");
    house.opener.send_replace(true);
    join_all(asked).await;
    let done = until(|seen| seen.done == Some(3)).await;
    assert_eq!((done.waiting, done.running, done.oldest_ms), (0, 0, None));
    let refused = queue.pause("single-writer", true).await.unwrap_err();
    assert!(done.lacks.contains(&refused.detail), "it says why: {refused}");
    // Who looks keeps no writer.
    drop(house.channel);
    house.tasks.close();
    house.tasks.wait().await;
    assert_eq!(queue.list().await.unwrap()[0].waiting, 0);
}

#[tokio::test]
async fn a_full_channel_refuses_as_busy_and_answers_what_it_took() {
    let house = shut(3, 8);
    let first = house.submit(1);
    house.until_tried(1).await;
    let waiting: Vec<_> = (2..=4).map(|number| house.submit(number)).collect();
    tokio::task::yield_now().await;
    let refused = house.channel.submit(charge(5)).await;
    assert_eq!(refused.map_err(|trouble| trouble.kind), Err(TroubleKind::Busy));
    house.opener.send_replace(true);
    for taken in std::iter::once(first).chain(waiting) {
        assert!(answer(taken.await.unwrap().unwrap()).is_ok());
    }
    assert_eq!(house.gate.tried(), [1, 3], "what waited was one batch");
    assert_eq!(balance(&house.store, 5).await, 0, "what was refused was not done");
}

#[tokio::test]
async fn a_batch_that_takes_too_long_holds_up_nobody_where_its_mode_protects() {
    // Four are left to themselves and a fifth is waited for, whoever comes behind it.
    for (mode, at_once) in [(Mode::Conditional, 5), (Mode::Optimistic, 5), (Mode::Plain, 1)] {
        let house = shut_in(mode, 100, 1);
        let all: Vec<_> = (1..=8).map(|number| house.submit(number)).collect();
        house.until_tried(at_once).await;
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        assert_eq!(house.gate.tried().len(), at_once, "{mode}");
        house.opener.send_replace(true);
        for one in all {
            assert!(answer(one.await.unwrap().unwrap()).is_ok());
        }
    }
}

#[tokio::test]
async fn what_was_accepted_is_answered_when_the_house_closes() {
    let house = shut(100, 8);
    let accepted: Vec<_> = (1..=50).map(|number| house.submit(number)).collect();
    house.until_tried(1).await;
    let House { channel, tasks, opener, store, .. } = house;
    drop(channel);
    tasks.close();
    opener.send_replace(true);
    tasks.wait().await;
    for (number, accepted) in (1..).zip(accepted) {
        assert!(answer(accepted.await.unwrap().unwrap()).is_ok());
        assert_eq!(balance(&store, number).await, 1);
    }
}

#[tokio::test]
async fn who_goes_away_leaves_a_command_that_is_done_and_answered_later() {
    let house = shut(10, 8);
    let gone = house.submit(1);
    house.until_tried(1).await;
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    house.opener.send_replace(true);
    let again = house.channel.submit(charge(1)).await.unwrap();
    assert!(matches!(again, Reply::Answered { replayed: true, .. }), "{again:?}");
    assert_eq!(balance(&house.store, 1).await, 1);
}

#[tokio::test]
async fn a_writer_that_a_bug_ended_is_known_to_have_ended() {
    for own_thread in [false, true] {
        let (store, _) = store();
        let (gate, _opener) = Gate::before(&store, |_| panic!("a bug in the store"));
        let settler = Arc::new(settler(gate, Vec::new()));
        let limits = ChannelLimits { own_thread, ..ChannelLimits::default() };
        let channel = Channel::start(settler, limits, &TaskTracker::new());
        assert_eq!(channel.check().await, Ok(()));
        let refused = channel.submit(charge(1)).await;
        assert_eq!(refused.map_err(|trouble| trouble.kind), Err(TroubleKind::Busy));
        channel.ended().await;
        let checked = channel.check().await.map_err(|trouble| trouble.kind);
        assert_eq!(checked, Err(TroubleKind::Unavailable));
    }
}

#[tokio::test]
async fn a_writer_with_a_thread_of_its_own_answers_all_and_ends_with_its_house() {
    let (store, _) = store();
    let (gate, _opener) = Gate::before(&store, |_| None);
    let tasks = TaskTracker::new();
    let settler = Arc::new(settler(gate, Vec::new()));
    let limits = ChannelLimits { own_thread: true, ..ChannelLimits::default() };
    let channel = Channel::start(settler, limits, &tasks);
    let replies = join_all((1..=50).map(|number| channel.submit(charge(number)))).await;
    assert!(replies.iter().all(|reply| matches!(reply, Ok(Reply::Answered { .. }))));
    for buyer in 1..=50 {
        assert_eq!(balance(&store, buyer).await, 1);
    }
    drop(channel);
    tasks.close();
    tasks.wait().await;
}
