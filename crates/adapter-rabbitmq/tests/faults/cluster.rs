//! Three nodes, of which the one that leads the lanes is killed while commands travel: all are decided, each once, in
//! the order of their lane. And the control: what a classic queue has nobody reaches until its node is back.

use crate::{PATIENCE, carrier, consumer_of, job, now, numbers};
use admitone_adapter_rabbitmq::{QueueKind, RabbitCarrier, RabbitOptions};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Job;
use admitone_app::memory::MemoryStore;
use admitone_app::ports::carrier::{Arrival, Carrier, Heard, Lane, Outgoing, Urgency};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::reads::Reads;
use admitone_app::ports::store::Mode;
use admitone_app::settle::Settler;
use admitone_conformance::own_broker::{OwnRabbits, Standing, kinds, publish, take};
use admitone_conformance::sale::{NOW, answer, balance, charge, settler};
use admitone_domain::CommandId;
use admitone_domain::id::BuyerId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LANES: u64 = 2;

/// So many commands are handed over together.
const BATCH: u64 = 20;
/// So many before the leader is killed, and from then on.
const BEFORE: u64 = 400;
const AFTER: u64 = 1_200;

/// Commands on their way, and what became of them.
struct House {
    carrier: RabbitCarrier,
    store: Arc<MemoryStore>,
    settler: Settler,
    /// By lane in the order of coming; some may come again.
    came: Mutex<BTreeMap<Option<Lane>, Vec<u64>>>,
    is_over: AtomicBool,
}

/// One for the wallet whose lane it is.
fn command(number: u64) -> Outgoing {
    let lane = number % LANES;
    let command = charge(number, BuyerId((1 + lane).into()), 1);
    let body = Job { command, sent_at: NOW }.encode().unwrap();
    let lane = Lane(u16::try_from(lane).unwrap());
    Outgoing { body, lane, urgency: Urgency::Usual, delay_ms: 0 }
}

impl House {
    fn new(options: RabbitOptions) -> Self {
        let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::default())));
        let settler = settler(store.clone(), Mode::Optimistic);
        let (came, is_over) = (Mutex::default(), AtomicBool::new(false));
        Self { carrier: carrier(options), store, settler, came, is_over }
    }

    /// As a sender does: what is not known to be there is handed over again.
    async fn send(&self, numbers: std::ops::Range<u64>) {
        for first in numbers.step_by(usize::try_from(BATCH).unwrap()) {
            publish(&self.carrier, (first..first + BATCH).map(command).collect()).await;
        }
    }

    /// As a worker does: what came is settled, then acknowledged.
    async fn work(&self) {
        let mut consumer = consumer_of(&self.carrier).await;
        while !self.is_over.load(Ordering::SeqCst) {
            let Ok(Heard::Jobs(jobs)) = consumer.next(16).await else { continue };
            if jobs.is_empty() {
                continue;
            }
            self.settle(&jobs).await;
            let tags: Vec<_> = jobs.iter().map(|job| job.tag).collect();
            // Where the broker does not hear of it they come again.
            let _ = consumer.acknowledge(&tags).await;
        }
        consumer.leave().await;
    }

    async fn settle(&self, jobs: &[Arrival]) {
        let commands = jobs.iter().map(|job| Job::decode(&job.body).unwrap().command);
        let commands: Vec<_> = commands.collect();
        for (job, command) in jobs.iter().zip(&commands) {
            self.came.lock().unwrap().entry(job.lane).or_default().push(command.fresh);
        }
        for reply in self.settler.settle(commands).await {
            answer(reply).unwrap();
        }
    }

    /// Waits until all commands up to one have their answers, and ends the workers.
    async fn end(&self, count: u64) {
        let until = now() + PATIENCE;
        for number in 0..count {
            let name = CommandId(number.into());
            while self.store.answer(name).await.unwrap().is_none() {
                assert!(now() < until, "{number} of {count} is lost");
                SystemClock::default().sleep_ms(20).await;
            }
        }
        self.is_over.store(true, Ordering::SeqCst);
    }
}

/// How a queue stands once so many nodes have it.
fn standing(nodes: &OwnRabbits, asked: usize, queue: &str, online: usize) -> Standing {
    let until = now() + PATIENCE;
    loop {
        match nodes.standing(asked, queue) {
            Some(standing) if standing.online == online => return standing,
            other => assert!(now() < until, "{queue}: {other:?}"),
        }
        // Each question starts a whole Erlang machine, beside those that are waited for.
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// One cluster for both: three nodes take a while to start.
#[tokio::test(flavor = "multi_thread")]
async fn of_three_nodes_the_leader_is_killed_while_commands_travel_and_each_is_decided_once() {
    let Some(mut nodes) = OwnRabbits::start() else { return };
    let killed = leader_killed_under_load(&mut nodes).await;
    nodes.restart(killed);
    what_one_node_has_is_not_reached_until_it_is_back(&mut nodes).await;
}

/// Which was it.
async fn leader_killed_under_load(nodes: &mut OwnRabbits) -> usize {
    let options = RabbitOptions::new(&nodes.address(), "kept", Some(2));
    let options = RabbitOptions { prefetch: 20, patience: Duration::from_secs(5), ..options };
    let house = House::new(options);
    house.send(0..BATCH).await;
    let killed = standing(nodes, 0, "kept.lane.0", 3).leader;
    assert_eq!(standing(nodes, 0, "kept.lane.1", 3).leader, killed, "it leads both lanes");
    let all = BEFORE + AFTER;
    let sending = async {
        house.send(BATCH..BEFORE).await;
        tokio::join!(house.send(BEFORE..all), async {
            SystemClock::default().sleep_ms(50).await;
            nodes.kill(killed);
        });
        house.end(all).await;
    };
    tokio::join!(sending, house.work(), house.work());
    let next = standing(nodes, (killed + 1) % 3, "kept.lane.0", 2).leader;
    assert_ne!(next, killed, "another leads");
    for buyer in 1..=LANES {
        let wanted = i64::try_from(all / LANES).unwrap();
        assert_eq!(balance(&*house.store, BuyerId(buyer.into())).await, wanted, "each once");
    }
    for (lane, came) in &*house.came.lock().unwrap() {
        let mut seen = BTreeSet::new();
        let firsts: Vec<_> = came.iter().filter(|number| seen.insert(**number)).collect();
        assert!(firsts.is_sorted() && firsts.len() as u64 == all / LANES, "{lane:?}: {firsts:?}");
    }
    killed
}

/// The node at which both queues were made is killed. A quorum queue is reached by the others.
async fn what_one_node_has_is_not_reached_until_it_is_back(nodes: &mut OwnRabbits) {
    let address = nodes.address_from(1);
    let patience = Duration::from_secs(5);
    let of = |address: &str, name, kind| {
        let options = RabbitOptions::new(address, name, Some(1));
        carrier(RabbitOptions { kind, patience, prefetch: 10, ..options })
    };
    let kinds_of = [("copied", QueueKind::Quorum), ("alone", QueueKind::Classic)];
    let [copied, alone] = kinds_of.map(|(name, kind)| of(&address, name, kind));
    let first = address.split(',').next().unwrap();
    for (name, kind) in kinds_of {
        publish(&of(first, name, kind), (0..5).map(job).collect()).await;
    }
    standing(nodes, 1, "copied.lane.0", 3);
    nodes.kill(1);
    let mut consumer = consumer_of(&copied).await;
    assert_eq!(numbers(&take(&mut *consumer, 5).await), [0, 1, 2, 3, 4], "the others have it");
    consumer.leave().await;
    publish(&copied, vec![job(5)]).await;
    let away = Some(TroubleKind::Unavailable);
    assert_eq!(kinds(&alone.publish(vec![job(5)]).await), [away], "nobody takes it");
    let said = alone.consumer().await.err().unwrap();
    assert_eq!(Some(said.kind), away, "and nobody gets what was there: {said}");
    nodes.restart(1);
    let mut consumer = consumer_of(&alone).await;
    assert_eq!(numbers(&take(&mut *consumer, 5).await), [0, 1, 2, 3, 4], "it is there again");
    consumer.leave().await;
}
