//! One connection: sends, waits, writes down.

use super::line::{Due, Line};
use super::{Live, Stop};
use crate::Trouble;
use crate::client::{Connection, KEEP_UNDER_LOAD};
use crate::history::{Event, Outcome};
use crate::scene::{AFTER_A_BREAK, Desk, Scene, Script};
use crate::time::{Stopwatch, pause};
use crate::workload::{Work, Workload};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

/// What the connections of a thread have in common.
pub(super) struct Shared {
    pub(super) work: Work,
    pub(super) stock: u64,
    pub(super) next: Arc<AtomicU64>,
    pub(super) exhausted_ns: Arc<AtomicU64>,
    pub(super) clock: Stopwatch,
    pub(super) end_ns: u64,
    pub(super) drain_ns: u64,
    /// Of the closed loop: from an answer to the next request.
    pub(super) think: Duration,
    pub(super) stop: Stop,
    /// Whether nobody waits any more for what is under way.
    pub(super) given_up: watch::Receiver<bool>,
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
    desk: Desk,
    /// Which of all connections.
    user: usize,
}

impl Driver {
    pub(super) async fn connect(
        addresses: &Arc<[SocketAddr]>,
        user: usize,
        live: Arc<Live>,
    ) -> Result<Self, Trouble> {
        let address = addresses[user % addresses.len()];
        let connection = Connection::open(address, KEEP_UNDER_LOAD).await;
        let connection = connection.map_err(Trouble::system(format!("connecting to {address}")))?;
        let desk = Desk {
            connection,
            events: Vec::new(),
            under_way: Vec::new(),
            addresses: Arc::clone(addresses),
            at: user % addresses.len(),
            live,
        };
        Ok(Self { desk, user })
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
        let mut given_up = shared.given_up.clone();
        tokio::select! {
            _ = tokio::time::timeout_at(until, sending) => {}
            _ = given_up.wait_for(|is_given_up| *is_given_up) => {}
        }
        let now = shared.clock.ns();
        while !self.desk.under_way.is_empty() {
            self.desk.end(Outcome::Unknown, now);
        }
        self.desk.events
    }

    async fn closed(&mut self, shared: &Shared) {
        if !shared.think.is_zero() {
            // Nobody thinks in step with all others.
            let share = u32::try_from(self.user % 97).unwrap_or(0);
            pause(shared.think * share / 97).await;
        }
        let mut now = shared.clock.ns();
        while now < shared.end_ns {
            let Some(number) = shared.number(now) else { return };
            now = self.perform(shared, Due { number, intended_ns: now }, now).await;
            if !shared.think.is_zero() {
                pause(shared.think).await;
                now = shared.clock.ns();
            }
        }
    }

    async fn open(&mut self, shared: &Shared, line: &Line) {
        while let Some(due) = line.next().await {
            let now = shared.clock.ns();
            self.perform(shared, due, now).await;
        }
    }

    async fn perform(&mut self, shared: &Shared, due: Due, now: u64) -> u64 {
        match &shared.work {
            Work::Requests(workload) => self.send(shared, &**workload, due, now).await,
            Work::Visits(script) => self.visit(shared, &**script, due, now).await,
        }
    }

    /// Sends one and writes down what came of it; the time then.
    async fn send(&mut self, shared: &Shared, workload: &dyn Workload, due: Due, now: u64) -> u64 {
        self.begin(workload.asked(due.number), due, now);
        self.desk.connection.out.clear();
        workload.ask(due.number, &mut self.desk.connection.out);
        let outcome = self.desk.exchange(None, |answer, _| workload.hear(due.number, answer)).await;
        if matches!(outcome, Outcome::Unknown | Outcome::NotSent) {
            // A house that is gone is not asked a million times whether it is.
            pause(AFTER_A_BREAK).await;
        }
        let now = shared.clock.ns();
        self.desk.end(outcome, now);
        now
    }

    /// Plays a visit and writes down what came of it; the time then.
    async fn visit(&mut self, shared: &Shared, script: &dyn Script, due: Due, now: u64) -> u64 {
        self.begin(script.asked(due.number), due, now);
        let mut scene = Scene {
            number: due.number,
            user: self.user,
            desk: &mut self.desk,
            clock: shared.clock,
            stop: Arc::clone(&shared.stop),
            end_ns: shared.end_ns,
        };
        let outcome = script.play(&mut scene).await;
        let now = shared.clock.ns();
        self.desk.end(outcome, now);
        now
    }

    fn begin(&mut self, asked: crate::history::Asked, due: Due, now: u64) {
        self.desk.begin(due.number, asked, now);
        if let Some(event) = self.desk.under_way.last_mut() {
            event.intended_ns = due.intended_ns;
        }
    }
}
