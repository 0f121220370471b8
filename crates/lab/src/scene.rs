//! A visit of several requests: what somebody does, one thing after the other, over a connection
//! that is his. Each request goes into the history, and the visit as a whole.

use crate::client::{Answer, Connection};
use crate::history::{Asked, Event, Op, Outcome};
use crate::load::{Live, Stop};
use crate::time::{Stopwatch, nanos, pause};
use async_trait::async_trait;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Visits by number. The same number is always the same visitor with the same wishes.
#[async_trait]
pub trait Script: Send + Sync {
    /// How many there are; a load ends when they are used up.
    fn stock(&self) -> u64 {
        u64::MAX
    }

    /// Whether visits begin before their visitors come: then what counts ends with the last of them,
    /// and not when all have begun.
    fn is_planned(&self) -> bool {
        false
    }

    /// What a visit is, in the history.
    fn asked(&self, _number: u64) -> Asked {
        Asked { op: Op::Flow, ..Asked::default() }
    }

    /// Plays a visit; what came of it.
    async fn play(&self, scene: &mut Scene<'_>) -> Outcome;
}

/// What a connection needs besides itself.
pub(crate) struct Desk {
    pub(crate) connection: Connection,
    pub(crate) events: Vec<Event>,
    /// What was begun and has not ended: the visit, a request of it.
    pub(crate) under_way: Vec<Event>,
    /// Where the house can be reached.
    pub(crate) addresses: Arc<[SocketAddr]>,
    /// Where of them this connection is.
    pub(crate) at: usize,
    pub(crate) live: Arc<Live>,
}

/// Where a visit takes place.
pub struct Scene<'a> {
    /// Which visit.
    pub number: u64,
    /// Whose connection: a virtual user has always the same.
    pub user: usize,
    pub(crate) desk: &'a mut Desk,
    pub(crate) clock: Stopwatch,
    pub(crate) stop: Stop,
    pub(crate) end_ns: u64,
}

impl Scene<'_> {
    /// Where the next request is written to.
    pub fn out(&mut self) -> &mut Vec<u8> {
        self.desk.connection.out.clear();
        &mut self.desk.connection.out
    }

    /// Sends what was written; what its answer means, and the seats that it names.
    pub async fn ask(
        &mut self,
        asked: Asked,
        hear: impl FnOnce(&Answer<'_>, &mut Vec<u64>) -> Outcome,
    ) -> Outcome {
        self.ask_by(asked, None, hear).await
    }

    /// The same, and gives the answer up when it is not there in time: then its outcome is unknown.
    pub async fn ask_by(
        &mut self,
        asked: Asked,
        patience: Option<Duration>,
        hear: impl FnOnce(&Answer<'_>, &mut Vec<u64>) -> Outcome,
    ) -> Outcome {
        self.desk.begin(self.number, asked, self.clock.ns());
        let outcome = self.desk.exchange(patience, hear).await;
        self.desk.end(outcome.clone(), self.clock.ns());
        if outcome == Outcome::Unknown || outcome == Outcome::NotSent {
            pause(AFTER_A_BREAK).await;
        }
        outcome
    }

    /// Sends what was written and hangs up: nobody hears what came of it.
    pub async fn drop_reply(&mut self, asked: Asked) {
        self.desk.begin(self.number, asked, self.clock.ns());
        let sent = self.desk.connection.send_only().await;
        // The house may be reading still.
        pause(Duration::from_micros(200)).await;
        self.desk.connection.hang_up();
        let outcome = if sent.is_ok() { Outcome::Unknown } else { Outcome::NotSent };
        self.desk.end(outcome, self.clock.ns());
    }

    /// Does nothing for a while.
    pub async fn think(&self, span: Duration) {
        if !span.is_zero() {
            pause(span).await;
        }
    }

    /// Comes so long after the load began, or at once if that is over, on a new connection: nobody
    /// keeps one open before. The visit counts from when it was to come: how late the generator lets it
    /// is a part of what it waited.
    pub async fn come_after(&mut self, since_start: Duration) {
        self.desk.connection.hang_up();
        self.rest(since_start.saturating_sub(Duration::from_nanos(self.clock.ns()))).await;
        if let Some(visit) = self.desk.under_way.last_mut() {
            let now = self.clock.ns();
            // A load that is over lets everybody come before the time.
            (visit.intended_ns, visit.sent_ns) = (nanos(since_start).min(now), now);
        }
    }

    /// Does nothing for a while, or until the load is over.
    pub async fn rest(&self, span: Duration) {
        let until = self.clock.ns().saturating_add(nanos(span));
        while self.clock.ns() < until && !self.is_over() {
            let left = Duration::from_nanos(until - self.clock.ns());
            pause(left.min(GLANCE)).await;
        }
    }

    /// Whether the load is over: whoever waits for something need not wait any more.
    pub fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.clock.ns() >= self.end_ns
    }
}

/// How often who rests looks whether there is still something to wait for.
const GLANCE: Duration = Duration::from_millis(500);
pub(crate) const AFTER_A_BREAK: Duration = Duration::from_millis(10);

impl Desk {
    pub(crate) fn begin(&mut self, number: u64, asked: Asked, now: u64) {
        let event = Event {
            number,
            asked,
            intended_ns: now,
            sent_ns: now,
            ended_ns: now,
            ..Event::default()
        };
        self.under_way.push(event);
    }

    pub(crate) fn end(&mut self, outcome: Outcome, now: u64) {
        if let Some(event) = self.under_way.pop() {
            let event = Event { ended_ns: now, outcome, ..event };
            self.live.ended(&event);
            self.events.push(event);
        }
    }

    /// Sends and hears; what is named goes to what is under way.
    pub(crate) async fn exchange(
        &mut self,
        patience: Option<Duration>,
        hear: impl FnOnce(&Answer<'_>, &mut Vec<u64>) -> Outcome,
    ) -> Outcome {
        let mut items = Vec::new();
        self.live.sent();
        let answered = match patience {
            None => self.connection.exchange().await,
            Some(patience) => {
                let asking = self.connection.exchange();
                let late = |_| ErrorKind::TimedOut.into();
                tokio::time::timeout(patience, asking).await.map_err(late).and_then(|done| done)
            }
        };
        self.live.answered();
        let outcome = match answered {
            Ok(answer) => hear(&answer, &mut items),
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                // Nobody listens there: perhaps somebody does elsewhere.
                self.at += 1;
                self.connection.turn_to(self.addresses[self.at % self.addresses.len()]);
                Outcome::NotSent
            }
            Err(_) => Outcome::Unknown,
        };
        if let (Some(event), false) = (self.under_way.last_mut(), items.is_empty()) {
            event.items = items.into();
        }
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::KEEP_UNDER_LOAD;

    #[tokio::test]
    async fn who_is_let_in_late_has_waited_since_he_was_to_come() {
        let house = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = house.local_addr().unwrap();
        let mut desk = Desk {
            connection: Connection::open(address, KEEP_UNDER_LOAD).await.unwrap(),
            events: Vec::new(),
            under_way: Vec::new(),
            addresses: [address].into(),
            at: 0,
            live: Arc::default(),
        };
        let clock = Stopwatch::start();
        desk.begin(0, Asked::default(), 0);
        std::thread::sleep(Duration::from_millis(30));
        let (stop, end_ns) = (Stop::default(), u64::MAX);
        let mut scene = Scene { number: 0, user: 0, desk: &mut desk, clock, stop, end_ns };
        scene.come_after(Duration::from_millis(10)).await;
        let visit = desk.under_way.last().unwrap();
        assert_eq!(visit.intended_ns, 10_000_000);
        assert!(visit.sent_ns >= 30_000_000, "{visit:?}");
    }
}
