//! One connection: sends, waits, writes down.

use super::Stop;
use super::line::{Due, Line};
use crate::client::{Connection, KEEP_UNDER_LOAD};
use crate::history::{Event, Outcome};
use crate::time::{Stopwatch, pause};
use crate::workload::Workload;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const AFTER_A_BREAK: Duration = Duration::from_millis(10);

/// What the connections of a thread have in common.
pub(super) struct Shared {
    pub(super) workload: Arc<dyn Workload>,
    pub(super) stock: u64,
    pub(super) next: Arc<AtomicU64>,
    pub(super) exhausted_ns: Arc<AtomicU64>,
    pub(super) clock: Stopwatch,
    pub(super) end_ns: u64,
    pub(super) drain_ns: u64,
    pub(super) stop: Stop,
}

impl Shared {
    /// The number of the next request; nothing when all are used up or somebody wants an end.
    pub(super) fn number(&self, now: u64) -> Option<u64> {
        if self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number < self.stock {
            return Some(number);
        }
        self.exhausted_ns.fetch_min(now, Ordering::SeqCst);
        None
    }
}

pub(super) struct Driver {
    connection: Connection,
    events: Vec<Event>,
    /// What was sent and is not answered yet.
    under_way: Option<Event>,
}

impl Driver {
    pub(super) async fn connect(address: SocketAddr) -> std::io::Result<Self> {
        let connection = Connection::open(address, KEEP_UNDER_LOAD).await?;
        Ok(Self { connection, events: Vec::new(), under_way: None })
    }

    /// Sends until the end, with a line when it is told what is due, without one as fast as it is
    /// answered.
    pub(super) async fn drive(
        mut self,
        shared: Arc<Shared>,
        line: Option<Arc<Line>>,
    ) -> Vec<Event> {
        let until = shared.clock.moment(shared.drain_ns);
        let sending = async {
            match &line {
                Some(line) => self.open(&shared, line).await,
                None => self.closed(&shared).await,
            }
        };
        // A house that does not answer ends no run: what is under way stays unknown.
        let in_time = tokio::time::timeout_at(until, sending).await.is_ok();
        if let (false, Some(event)) = (in_time, self.under_way.take()) {
            self.events.push(Event { ended_ns: shared.clock.ns(), ..event });
        }
        self.events
    }

    async fn closed(&mut self, shared: &Shared) {
        let mut now = shared.clock.ns();
        while now < shared.end_ns {
            let Some(number) = shared.number(now) else { return };
            now = self.send(shared, Due { number, intended_ns: now }, now).await;
        }
    }

    async fn open(&mut self, shared: &Shared, line: &Line) {
        while let Some(due) = line.next().await {
            let now = shared.clock.ns();
            self.send(shared, due, now).await;
        }
    }

    /// Sends one and writes down what came of it; the time then.
    async fn send(&mut self, shared: &Shared, due: Due, now: u64) -> u64 {
        let Due { number, intended_ns } = due;
        let outcome = Outcome::Unknown;
        let event = Event { number, intended_ns, sent_ns: now, ended_ns: now, outcome };
        self.under_way = Some(event);
        self.connection.out.clear();
        shared.workload.ask(number, &mut self.connection.out);
        let outcome = match self.connection.exchange().await {
            Ok(answer) => shared.workload.hear(number, &answer),
            Err(_) => Outcome::Unknown,
        };
        if outcome == Outcome::Unknown {
            // A house that is gone is not asked a million times whether it is.
            pause(AFTER_A_BREAK).await;
        }
        let ended_ns = shared.clock.ns();
        if let Some(event) = self.under_way.take() {
            self.events.push(Event { ended_ns, outcome, ..event });
        }
        ended_ns
    }
}
