//! The pulse of a sale: how long holds and payments take and how many fail, over the last minute.
//!
//! For people who look at the sale, on this instance; the figures for machines are elsewhere.

use crate::Trouble;
use crate::ports::clock::Clock;
use crate::ports::delivery::{Delivery, Reply};
use admitone_domain::command::gateway::Gateway;
use admitone_domain::{Action, Command, Moment};
use async_trait::async_trait;
use hdrhistogram::Histogram;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The window is so many parts: the oldest is forgotten as a whole.
const PARTS: usize = 6;
/// How long a part is.
const PART_MS: u64 = 10_000;
/// Nothing is measured as longer than a minute.
const LONGEST_US: u64 = 60_000_000;

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Holds.
    Hold,
    /// Payments.
    Pay,
}

/// How an operation went in the last minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beat {
    /// How many were done.
    pub done: u64,
    /// How many a rule refused: sold out, too late.
    pub refused: u64,
    /// How many met trouble, or had no answer yet.
    pub failed: u64,
    /// Half of all took at most so long, in microseconds.
    pub p50_us: u64,
    /// All but one in a hundred took at most so long, in microseconds.
    pub p99_us: u64,
}

/// Watches holds and payments.
pub struct Pulse {
    clock: Arc<dyn Clock>,
    parts: Mutex<Vec<Part>>,
}

/// Ten seconds.
struct Part {
    /// Which ten seconds since 1970.
    number: i64,
    tallies: [Tally; 2],
}

#[derive(Clone)]
struct Tally {
    done: u64,
    refused: u64,
    failed: u64,
    took_us: Histogram<u32>,
}

impl Pulse {
    /// Nothing was watched yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, parts: Mutex::default() }
    }

    /// How an operation went in the last minute.
    pub fn beat(&self, watched: Watched) -> Beat {
        let newest = number(self.clock.now());
        let mut whole = Tally::default();
        for part in self.lock().iter().filter(|part| is_fresh(part.number, newest)) {
            whole.add(&part.tallies[watched as usize]);
        }
        let Tally { done, refused, failed, took_us } = whole;
        let (p50_us, p99_us) = (took_us.value_at_quantile(0.5), took_us.value_at_quantile(0.99));
        Beat { done, refused, failed, p50_us, p99_us }
    }

    fn record(&self, watched: Watched, begun: Moment, reply: &Result<Reply, Trouble>) {
        let now = self.clock.now();
        let took_us = u64::try_from(now.0.saturating_sub(begun.0)).unwrap_or(0);
        let mut parts = self.lock();
        parts.retain(|part| is_fresh(part.number, number(now)));
        if parts.last().is_none_or(|part| part.number != number(now)) {
            let tallies = [Tally::default(), Tally::default()];
            parts.push(Part { number: number(now), tallies });
        }
        let Some(part) = parts.last_mut() else { return };
        let tally = &mut part.tallies[watched as usize];
        match reply {
            Ok(Reply::Answered { answer, .. }) if answer.answer.is_ok() => tally.done += 1,
            Ok(Reply::Answered { .. } | Reply::KeyReused) => tally.refused += 1,
            Ok(Reply::Accepted(_)) | Err(_) => tally.failed += 1,
        }
        tally.took_us.saturating_record(took_us.clamp(1, LONGEST_US));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.refused += other.refused;
        self.failed += other.failed;
        // Of the same bounds: this cannot fail.
        let _ = self.took_us.add(&other.took_us);
    }
}

impl Default for Tally {
    #[expect(clippy::expect_used, reason = "the bounds are constants that are good")]
    fn default() -> Self {
        let took_us = Histogram::new_with_bounds(1, LONGEST_US, 2).expect("these are good bounds");
        Self { done: 0, refused: 0, failed: 0, took_us }
    }
}

fn number(at: Moment) -> i64 {
    let part_us = i64::try_from(PART_MS * 1_000).unwrap_or(i64::MAX);
    at.0.div_euclid(part_us)
}

fn is_fresh(part: i64, newest: i64) -> bool {
    usize::try_from(newest.saturating_sub(part)).is_ok_and(|age| age < PARTS)
}

/// What is watched of an action, if it is.
fn watched(action: &Action) -> Option<Watched> {
    match action {
        Action::Hold(_) => Some(Watched::Hold),
        Action::Pay(_) | Action::Confirm(_) | Action::Gateway(Gateway::Begin(_)) => {
            Some(Watched::Pay)
        }
        _ => None,
    }
}

/// A delivery whose holds and payments are watched.
pub struct Measured {
    /// What brings commands to where they are settled.
    pub delivery: Arc<dyn Delivery>,
    /// Who watches.
    pub pulse: Arc<Pulse>,
}

#[async_trait]
impl Delivery for Measured {
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let Some(watched) = watched(&command.action) else {
            return self.delivery.submit(command).await;
        };
        let begun = self.pulse.clock.now();
        let reply = self.delivery.submit(command).await;
        self.pulse.record(watched, begun, &reply);
        reply
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        self.delivery.hand_over(command).await
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.delivery.check().await
    }

    async fn ended(&self) {
        self.delivery.ended().await;
    }

    fn waiting(&self) -> usize {
        self.delivery.waiting()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TroubleKind;
    use crate::clock::HandClock;

    #[test]
    fn what_is_older_than_a_minute_is_forgotten() {
        let clock = Arc::new(HandClock::at(Moment(5_000_000)));
        let pulse = Pulse::new(clock.clone());
        let begun = clock.now();
        clock.advance_ms(20);
        pulse.record(Watched::Hold, begun, &Ok(Reply::KeyReused));
        let trouble = Trouble::new(TroubleKind::Busy, "hold", "too many");
        for _ in 0..99 {
            pulse.record(Watched::Hold, clock.now(), &Err(trouble.clone()));
        }
        let beat = pulse.beat(Watched::Hold);
        assert_eq!((beat.done, beat.refused, beat.failed), (0, 1, 99));
        assert_eq!(beat.p50_us, 1);
        assert!(beat.p99_us < 20_000, "{beat:?}");
        assert_eq!(pulse.beat(Watched::Pay), Beat::default());
        clock.advance_ms(45_000);
        assert_eq!(pulse.beat(Watched::Hold).failed, 99);
        clock.advance_ms(15_000);
        assert_eq!(pulse.beat(Watched::Hold), Beat::default());
    }
}
