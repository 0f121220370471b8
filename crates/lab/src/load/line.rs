//! Requests that are due and wait for a free connection. The line is bounded.

use super::arrivals::Schedule;
use super::driver::Shared;
use super::tick::Tick;
use crate::history::{Event, Outcome};
use crate::workload::Work;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Nobody is woken for less.
const QUANTUM: Duration = Duration::from_micros(50);

/// A request that is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    pub(super) number: u64,
    pub(super) intended_ns: u64,
}

#[derive(Debug)]
pub(super) struct Line {
    /// One permit for each that waits; at the end one more for each connection, to go home.
    ready: Semaphore,
    waiting: Mutex<Waiting>,
    waiting_max: usize,
    connections: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    due: VecDeque<Due>,
    turned_away: Vec<Due>,
}

impl Line {
    pub(super) fn new(waiting_max: usize, connections: usize) -> Self {
        let waiting = Mutex::default();
        Self { ready: Semaphore::new(0), waiting, waiting_max, connections }
    }

    /// Lets requests come as the schedule says, until the end.
    pub(super) async fn fill(
        &self,
        mut schedule: Schedule,
        tick: &Tick,
        shared: &Shared,
    ) -> std::io::Result<()> {
        while schedule.next_ns() < shared.end_ns {
            let now = shared.clock.ns();
            let mut come = 0;
            while schedule.next_ns() <= now.min(shared.end_ns - 1) {
                let Some(number) = shared.number(now) else {
                    self.close();
                    return Ok(());
                };
                come += self.arrive(Due { number, intended_ns: schedule.next_ns() });
                schedule.advance();
            }
            self.ready.add_permits(come);
            let left = schedule.next_ns().saturating_sub(shared.clock.ns());
            tick.wait(Duration::from_nanos(left).max(QUANTUM)).await?;
        }
        self.close();
        Ok(())
    }

    /// How many more wait than before.
    fn arrive(&self, due: Due) -> usize {
        let mut waiting = self.waiting();
        let has_room = waiting.due.len() < self.waiting_max;
        if has_room {
            waiting.due.push_back(due);
        } else {
            waiting.turned_away.push(due);
        }
        usize::from(has_room)
    }

    fn close(&self) {
        let unsignalled = self.waiting().due.len();
        self.ready.add_permits(unsignalled + self.connections);
    }

    /// The next one that is due; nothing when the load is over.
    pub(super) async fn next(&self) -> Option<Due> {
        let permit = self.ready.acquire().await.ok()?;
        permit.forget();
        self.waiting().due.pop_front()
    }

    /// What was never sent.
    pub(super) fn not_sent(&self, now: u64, work: &Work) -> Vec<Event> {
        let mut waiting = self.waiting();
        let mut left: Vec<Due> = waiting.due.drain(..).collect();
        left.append(&mut waiting.turned_away);
        let event = |due: Due| Event {
            number: due.number,
            asked: work.asked(due.number),
            intended_ns: due.intended_ns,
            sent_ns: now,
            ended_ns: now,
            outcome: Outcome::NotSent,
            ..Event::default()
        };
        left.into_iter().map(event).collect()
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
