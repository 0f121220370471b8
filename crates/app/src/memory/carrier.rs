//! The in-memory carrier: with lanes, each of which has one consumer, or without.

mod queues;

use crate::Trouble;
use crate::ports::carrier::{
    Abilities, Arrival, Carrier, Consumer, Dead, Heard, Lane, Outgoing, Return, Tag, Urgency,
};
use crate::ports::clock::Clock;
use admitone_domain::Moment;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A consumer hears that nothing came after so long.
const QUIET_MS: u64 = 200;
/// How often a consumer that waits looks.
const LOOK_MS: u64 = 5;

/// Carries inside one process.
#[derive(Clone)]
pub struct MemoryCarrier {
    lanes: Option<u16>,
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    next: u64,
    /// What waits, in the order in which it is taken.
    waiting: VecDeque<Item>,
    running: BTreeMap<Tag, (u64, Item)>,
    dead: Vec<(Item, String)>,
    done: u64,
    retries: u64,
    is_paused: bool,
    consumers: BTreeSet<u64>,
    owners: BTreeMap<Lane, u64>,
}

#[derive(Clone)]
struct Item {
    number: u64,
    body: Vec<u8>,
    lane: Lane,
    urgency: Urgency,
    since: Moment,
    not_before: Moment,
    attempts: u32,
}

impl MemoryCarrier {
    /// Nothing is carried yet. With lanes order is kept; without, what is urgent overtakes.
    pub fn new(lanes: Option<u16>, clock: Arc<dyn Clock>) -> Self {
        Self { lanes, clock, state: Arc::default() }
    }

    /// How many jobs have no end yet.
    pub fn open(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.running.len()
    }

    /// Takes all consumers for dead, as a broker does that has not heard of them for a while. They
    /// may live all the same.
    pub fn forget_consumers(&self) {
        let mut state = self.state();
        let all: Vec<u64> = std::mem::take(&mut state.consumers).into_iter().collect();
        for consumer in all {
            state.leave(consumer, 1, self.lanes.is_some());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Carrier for MemoryCarrier {
    fn abilities(&self) -> Abilities {
        Abilities {
            lanes: self.lanes,
            has_urgency: self.lanes.is_none(),
            has_delay: true,
            body_max: 1 << 20,
        }
    }

    async fn publish(&self, jobs: Vec<Outgoing>) -> Vec<Result<(), Trouble>> {
        let now = self.clock.now();
        let mut state = self.state();
        jobs.into_iter()
            .map(|Outgoing { body, lane, urgency, delay_ms }| {
                let (number, not_before) = (state.draw(), now.plus_ms(delay_ms));
                let item =
                    Item { number, body, lane, urgency, since: now, not_before, attempts: 0 };
                state.put(item, self.lanes.is_some());
                Ok(())
            })
            .collect()
    }

    async fn consumer(&self) -> Result<Box<dyn Consumer>, Trouble> {
        let mut state = self.state();
        let number = state.draw();
        state.consumers.insert(number);
        Ok(Box::new(MemoryConsumer { carrier: self.clone(), number, mine: BTreeSet::new() }))
    }

    async fn check(&self) -> Result<(), Trouble> {
        Ok(())
    }
}

impl State {
    fn draw(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn put(&mut self, item: Item, in_order: bool) {
        let behind = |other: &Item| {
            let urgency = if in_order { Urgency::Usual } else { item.urgency };
            let others = if in_order { Urgency::Usual } else { other.urgency };
            (others, other.number) > (urgency, item.number)
        };
        let place = self.waiting.iter().position(behind).unwrap_or(self.waiting.len());
        self.waiting.insert(place, item);
    }

    /// What a consumer had comes again, to others.
    fn leave(&mut self, consumer: u64, attempts: u32, in_order: bool) {
        self.consumers.remove(&consumer);
        self.owners.retain(|_, owner| *owner != consumer);
        let tags: Vec<Tag> = self
            .running
            .iter()
            .filter(|(_, (of, _))| *of == consumer)
            .map(|(tag, _)| *tag)
            .collect();
        for tag in tags {
            self.come_again(tag, attempts, Moment::MIN, in_order);
        }
    }

    fn come_again(&mut self, tag: Tag, attempts: u32, not_before: Moment, in_order: bool) {
        if let Some((_, item)) = self.running.remove(&tag) {
            let attempts = item.attempts + attempts;
            self.put(Item { not_before, attempts, ..item }, in_order);
        }
    }

    /// Takes what is due and may be taken; a lane whose first job waits for its time waits with it.
    fn take(
        &mut self,
        consumer: u64,
        lanes: Option<&BTreeSet<Lane>>,
        now: Moment,
        most: usize,
    ) -> Vec<Item> {
        if self.is_paused {
            return Vec::new();
        }
        let mut stopped = BTreeSet::new();
        let (mut taken, mut rest) = (Vec::new(), VecDeque::new());
        for item in std::mem::take(&mut self.waiting) {
            let is_mine =
                lanes.is_none_or(|mine| mine.contains(&item.lane) && !stopped.contains(&item.lane));
            if is_mine && item.not_before <= now && taken.len() < most {
                taken.push(item);
            } else {
                stopped.insert(item.lane);
                rest.push_back(item);
            }
        }
        self.waiting = rest;
        for item in &taken {
            self.running.insert(Tag(item.number), (consumer, item.clone()));
        }
        taken
    }

    /// The lanes that a consumer shall have: they are dealt out in turn.
    fn share(&self, consumer: u64, lanes: u16) -> BTreeSet<Lane> {
        let all: Vec<u64> = self.consumers.iter().copied().collect();
        let of = |lane: &u16| all.get(usize::from(*lane) % all.len().max(1)) == Some(&consumer);
        (0..lanes).filter(of).map(Lane).collect()
    }
}

struct MemoryConsumer {
    carrier: MemoryCarrier,
    number: u64,
    mine: BTreeSet<Lane>,
}

impl MemoryConsumer {
    /// What it hears now, if anything.
    fn hear(&mut self, most: usize) -> Option<Heard> {
        let now = self.carrier.clock.now();
        let mut state = self.carrier.state();
        let lanes = match self.carrier.lanes {
            None => None,
            Some(count) => {
                let share = state.share(self.number, count);
                let lost: Vec<Lane> = self.mine.difference(&share).copied().collect();
                if !lost.is_empty() {
                    state
                        .owners
                        .retain(|lane, owner| *owner != self.number || !lost.contains(lane));
                    self.mine.retain(|lane| !lost.contains(lane));
                    return Some(Heard::Revoked(lost));
                }
                let free = |lane: &&Lane| !state.owners.contains_key(*lane);
                let won: Vec<Lane> = share.iter().filter(free).copied().collect();
                if !won.is_empty() {
                    state.owners.extend(won.iter().map(|lane| (*lane, self.number)));
                    self.mine.extend(won.iter().copied());
                    return Some(Heard::Assigned(won));
                }
                Some(&self.mine)
            }
        };
        let with_lane = lanes.is_some();
        let taken = state.take(self.number, lanes, now, most);
        let arrival = |item: Item| Arrival {
            tag: Tag(item.number),
            body: item.body,
            lane: with_lane.then_some(item.lane),
            attempts: item.attempts,
        };
        (!taken.is_empty()).then(|| Heard::Jobs(taken.into_iter().map(arrival).collect()))
    }

    /// Whether it has this job still.
    fn has(&self, state: &State, tag: Tag) -> bool {
        state.running.get(&tag).is_some_and(|(consumer, _)| *consumer == self.number)
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self, jobs_max: usize) -> Result<Heard, Trouble> {
        for _ in 0..QUIET_MS / LOOK_MS {
            if let Some(heard) = self.hear(jobs_max) {
                return Ok(heard);
            }
            self.carrier.clock.sleep_ms(LOOK_MS).await;
        }
        Ok(Heard::Jobs(Vec::new()))
    }

    async fn acknowledge(&mut self, tags: &[Tag]) -> Result<(), Trouble> {
        let mut state = self.carrier.state();
        for tag in tags {
            if self.has(&state, *tag) {
                state.running.remove(tag);
                state.done += 1;
            }
        }
        Ok(())
    }

    async fn give_back(&mut self, jobs: Vec<Return>) -> Result<(), Trouble> {
        let now = self.carrier.clock.now();
        let in_order = self.carrier.lanes.is_some();
        let mut state = self.carrier.state();
        for Return { tag, delay_ms, is_counted } in jobs {
            if self.has(&state, tag) {
                state.retries += 1;
                state.come_again(tag, u32::from(is_counted), now.plus_ms(delay_ms), in_order);
            }
        }
        Ok(())
    }

    async fn put_away(&mut self, jobs: Vec<Dead>) -> Result<(), Trouble> {
        let mut state = self.carrier.state();
        for Dead { tag, reason } in jobs {
            if self.has(&state, tag)
                && let Some((_, item)) = state.running.remove(&tag)
            {
                state.dead.push((item, reason));
            }
        }
        Ok(())
    }

    async fn leave(self: Box<Self>) {
        let in_order = self.carrier.lanes.is_some();
        self.carrier.state().leave(self.number, 0, in_order);
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        let in_order = self.carrier.lanes.is_some();
        self.carrier.state().leave(self.number, 1, in_order);
    }
}
