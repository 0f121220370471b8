//! The worker: takes jobs from a carrier, settles what came together as one batch, and ends them
//! once they are durable.
//!
//! A batch may hold commands of many shows and buyers; each has its own answer. What fails because
//! the store is away or a lock is busy is given back as often as it takes: its deadline ends it, by
//! a refusal. What fails by itself, cannot be read, or has ended its consumers again and again is
//! put away, and stops nobody. What only looks as if it had done that is tried alone first.

mod onward;
mod suspects;

use super::callers::Callers;
use super::job::Job;
use super::leaf::Leaf;
use crate::delivery::journey;
use crate::lock::{CameBy, LaneLock};
use crate::ports::carrier::{Arrival, Carrier, Consumer, Dead, Heard, Lane, Return, Tag};
use crate::ports::delivery::Reply;
use crate::ports::hints::Hints;
use crate::ports::store::{Fence, Fences};
use crate::settle::Settler;
use crate::{Trouble, TroubleKind};
use admitone_domain::{Command, CommandId};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What bounds a worker.
#[derive(Debug, Clone, Copy)]
pub struct WorkerLimits {
    /// Most jobs of one batch.
    pub batch_max: usize,
    /// So often a job is delivered without an end before it is put away; where a book is kept, before it is tried
    /// alone and put away if that too has no end.
    pub attempts_max: u32,
    /// How long the first pause after a failure is, in milliseconds; each next one is twice as long.
    pub pause_ms: u64,
    /// The longest pause, in milliseconds.
    pub pause_max_ms: u64,
    /// Whether the lane of a command is looked at once more, with the rows that it is decided on. Off only to show
    /// what happens then.
    pub looks_again: bool,
}

impl Default for WorkerLimits {
    /// 256 at once, six attempts, pauses from 50 ms to 5 s, and lanes are looked at.
    fn default() -> Self {
        let (pause_ms, pause_max_ms) = (50, 5_000);
        Self { batch_max: 256, attempts_max: 6, pause_ms, pause_max_ms, looks_again: true }
    }
}

/// Settles what a carrier brings.
///
/// # Behavior
/// - `nothing_is_acknowledged_before_it_is_durable`: a worker that dies in the middle of a batch
///   leaves it to the next.
/// - `acknowledged_too_early_a_command_is_lost`: the same, acknowledged when it comes.
/// - `who_dies_between_commit_and_acknowledgement_has_booked_once`: it comes again, and its answer is there.
/// - `delivered_twice_is_decided_once`: whatever it was answered, and answered alike.
/// - `what_lay_in_workers_that_were_stopped_is_tried_and_not_put_away`: however often the broker counted it.
/// - `without_a_book_what_lay_too_often_is_put_away_untried`: the same, with the broker's count alone.
/// - `what_ends_whoever_tries_it_is_put_away_and_its_neighbours_are_settled`: it is found out by trying it alone.
/// - `what_comes_late_is_refused`: its answer says so, and nothing is booked.
/// - `without_a_deadline_what_comes_late_is_booked`: behind the back of who wanted it long ago.
/// - `poison_is_put_away_and_stops_nobody`: what cannot be read, and what fails by itself.
/// - `trouble_that_passes_drops_nothing`: while a lock is busy or the store is away, jobs come again
///   until they are settled, more often than poison would.
/// - `wherever_a_process_dies_the_money_is_where_the_tickets_are`: a payment in steps that was handed over,
///   taken, settled, acknowledged, or asked about outside, goes on in another process and comes to its end.
/// - `with_nobody_who_takes_over_money_is_where_no_tickets_are`: the same, and it ends there.
/// - `a_charge_that_is_booked_twice_is_found`: by the audit that those two end with.
/// - `a_paused_queue_stays_paused_though_consumers_come_and_go`: whoever joins looks into the book before
///   it takes anything.
/// - `whoever_does_not_know_the_book_takes_from_a_paused_queue`: a worker without it.
/// - `who_lost_its_lane_saves_nothing_any_more`: though it does not know that the broker took it for dead.
/// - `without_a_token_who_lost_its_lane_undoes_what_came_since`: the same, without the token of the lane.
/// - `what_belongs_into_another_lane_is_handed_over_to_it`: and settled there, once.
/// - `what_cannot_be_handed_over_yet_is_tried_again`: it stays in the lane by which it came until another has it.
/// - `looked_at_once_it_is_written_beside_its_lane`: the same, settled where it came.
/// - `each_command_of_a_batch_has_its_own_answer`: a refusal beside outcomes disturbs none.
#[derive(Clone)]
pub struct Worker {
    /// What brings jobs.
    pub carrier: Arc<dyn Carrier>,
    /// Settles them.
    pub settler: Settler,
    /// The name of the queue: lanes have their tokens under it.
    pub queue: String,
    /// Whether a lane is saved under its token.
    pub fencing: bool,
    /// Who waits in this process.
    pub callers: Arc<Callers>,
    /// Tells who waits elsewhere.
    pub hints: Arc<dyn Hints>,
    /// Whether it may take, and what it counts.
    pub leaf: Arc<Leaf>,
    /// What bounds it.
    pub limits: WorkerLimits,
}

/// What one consumer has: its lanes with their tokens, and how often in a row all went wrong.
#[derive(Default)]
struct Shift {
    lanes: BTreeMap<Lane, Fence>,
    troubles: u32,
}

/// What becomes of the jobs of a batch.
#[derive(Default)]
struct Ends {
    answered: Vec<CommandId>,
    done: Vec<Tag>,
    back: Vec<Return>,
    dead: Vec<Dead>,
    /// What another lane has now.
    moved: Vec<Tag>,
}

impl Worker {
    /// Works until `stop`; a consumer that is lost is made anew. While its queue is paused there is none:
    /// whatever it had taken and not ended is the broker's again.
    pub async fn run(self, stop: CancellationToken) {
        let mut troubles = 0;
        while !stop.is_cancelled() {
            if !self.leaf.may_take() {
                self.pause(1, &stop).await;
                continue;
            }
            match self.consume(&stop).await {
                Ok(()) => troubles = 0,
                Err(trouble) => {
                    troubles += 1;
                    tracing::warn!(%trouble, queue = self.queue, "a consumer ended, another begins");
                    self.pause(troubles, &stop).await;
                }
            }
        }
    }

    async fn pause(&self, troubles: u32, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.settler.clock.sleep_ms(self.pause_ms(troubles)) => {}
        }
    }

    /// Twice as long with every failure.
    fn pause_ms(&self, failures: u32) -> u64 {
        let doubled = self.limits.pause_ms << failures.saturating_sub(1).min(20);
        doubled.min(self.limits.pause_max_ms)
    }

    /// One consumer's life.
    async fn consume(&self, stop: &CancellationToken) -> Result<(), Trouble> {
        let mut consumer = self.carrier.consumer().await?;
        let mut shift = Shift::default();
        loop {
            if !self.leaf.may_take() {
                consumer.leave().await;
                return Ok(());
            }
            let heard = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    consumer.leave().await;
                    return Ok(());
                }
                heard = consumer.next(self.limits.batch_max) => heard?,
            };
            match heard {
                Heard::Assigned(lanes) => self.assign(&mut shift, lanes).await?,
                Heard::Revoked(lanes) => shift.lanes.retain(|lane, _| !lanes.contains(lane)),
                Heard::Jobs(jobs) if jobs.is_empty() => {}
                Heard::Jobs(jobs) => {
                    self.settle_all(consumer.as_mut(), &mut shift, jobs).await?;
                    if shift.troubles > 0 {
                        self.pause(shift.troubles, stop).await;
                    }
                }
            }
        }
    }

    /// Draws the token of each lane: whoever had it before saves nothing any more.
    async fn assign(&self, shift: &mut Shift, lanes: Vec<Lane>) -> Result<(), Trouble> {
        for lane in lanes.into_iter().filter(|_| self.fencing) {
            let name = format!("lane {} of {}", lane.0, self.queue);
            shift.lanes.insert(lane, self.settler.store.draw_fence(&name).await?);
        }
        Ok(())
    }

    /// Settles a batch; whether none of it was given back.
    async fn settle(
        &self,
        consumer: &mut dyn Consumer,
        shift: &mut Shift,
        jobs: Vec<Arrival>,
    ) -> Result<bool, Trouble> {
        let mut ends = Ends::default();
        let (arrivals, commands) = read(jobs, &mut ends);
        if !commands.is_empty() {
            metrics::histogram!("admitone_batch_commands").record(size(commands.len()));
            let replies = self.settler_of(shift, &arrivals).settle(commands.clone()).await;
            let mut is_shared = false;
            let mut onward = Vec::new();
            for ((arrival, command), reply) in arrivals.iter().zip(&commands).zip(replies) {
                match reply {
                    Ok(reply) => self.end(&mut ends, arrival, command, &reply),
                    // The lane is somebody else's: so is whatever came by it.
                    Err(trouble) if trouble.kind == TroubleKind::Fenced => return Err(trouble),
                    Err(Trouble { kind: TroubleKind::Astray(lane), .. }) => {
                        onward.push(onward::outgoing(arrival, command, lane));
                    }
                    Err(trouble) => is_shared |= self.fail(&mut ends, arrival, shift, &trouble),
                }
            }
            is_shared |= self.hand_onward(&mut ends, onward, shift.troubles + 1).await;
            shift.troubles = if is_shared { shift.troubles.saturating_add(1) } else { 0 };
        }
        let goes_on = ends.back.is_empty();
        self.finish(consumer, ends).await.map(|()| goes_on)
    }

    /// The settler, with the tokens of the lanes by which this batch came.
    fn settler_of(&self, shift: &Shift, arrivals: &[Arrival]) -> Settler {
        let mut lanes: Vec<Lane> = arrivals.iter().filter_map(|arrival| arrival.lane).collect();
        lanes.sort_unstable();
        lanes.dedup();
        let fences = lanes.iter().filter_map(|lane| shift.lanes.get(lane).cloned()).collect();
        let count = self.carrier.abilities().lanes.filter(|_| self.limits.looks_again);
        let came_by = count.map(|count| CameBy { lanes: lanes.into(), count });
        let lock = Arc::clone(&self.settler.lock);
        let lock = LaneLock { lock, fences: Fences(fences), came_by };
        Settler { lock: Arc::new(lock), ..self.settler.clone() }
    }

    /// It is durable: whoever waits is told before the broker is.
    fn end(&self, ends: &mut Ends, arrival: &Arrival, command: &Command, reply: &Reply) {
        if let Reply::Answered { answer, .. } = reply {
            self.callers.answered(answer, false);
        }
        self.callers.settled(command, reply);
        ends.answered.extend([command.id, journey(command)]);
        ends.done.push(arrival.tag);
    }

    /// Whether the trouble is everybody's.
    fn fail(&self, ends: &mut Ends, arrival: &Arrival, shift: &Shift, trouble: &Trouble) -> bool {
        let tag = arrival.tag;
        let is_shared = match trouble.kind {
            TroubleKind::Unavailable | TroubleKind::Busy => true,
            TroubleKind::Conflict
            | TroubleKind::Inconsistent
            | TroubleKind::Fenced
            | TroubleKind::Astray(_) => false,
        };
        if is_shared {
            let delay_ms = self.pause_ms(shift.troubles + 1);
            ends.back.push(Return { tag, delay_ms, is_counted: false });
        } else if arrival.attempts + 1 >= self.limits.attempts_max {
            ends.dead.push(Dead { tag, reason: trouble.to_string() });
        } else {
            let delay_ms = self.pause_ms(arrival.attempts + 1);
            ends.back.push(Return { tag, delay_ms, is_counted: true });
        }
        is_shared
    }

    async fn finish(&self, consumer: &mut dyn Consumer, ends: Ends) -> Result<(), Trouble> {
        let Ends { answered, done, back, dead, moved } = ends;
        let queue = self.queue.clone();
        let count = |name: &'static str, count: usize| {
            metrics::counter!(name, "queue" => queue.clone()).increment(count as u64);
        };
        count("admitone_jobs_done_total", done.len());
        count("admitone_jobs_given_back_total", back.len());
        if !answered.is_empty()
            && let Err(trouble) = self.hints.tell(&answered).await
        {
            tracing::debug!(%trouble, "nobody is told of answers: they are looked for");
        }
        let ended = [&done[..], &moved].concat();
        if !ended.is_empty() {
            consumer.acknowledge(&ended).await?;
        }
        self.leaf.count(done.len(), back.len());
        self.put_away(consumer, dead).await?;
        if !back.is_empty() {
            consumer.give_back(back).await?;
        }
        Ok(())
    }

    async fn put_away(&self, consumer: &mut dyn Consumer, dead: Vec<Dead>) -> Result<(), Trouble> {
        let counter = metrics::counter!("admitone_jobs_dead_total", "queue" => self.queue.clone());
        counter.increment(dead.len() as u64);
        if dead.is_empty() {
            return Ok(());
        }
        for one in &dead {
            tracing::error!(queue = self.queue, reason = one.reason, "a job is put away");
        }
        consumer.put_away(dead).await
    }
}

/// What can be read of what came; the rest is put away.
fn read(jobs: Vec<Arrival>, ends: &mut Ends) -> (Vec<Arrival>, Vec<Command>) {
    let mut arrivals = Vec::with_capacity(jobs.len());
    let mut commands = Vec::with_capacity(jobs.len());
    for arrival in jobs {
        match Job::decode(&arrival.body) {
            Ok(job) => {
                commands.push(job.command);
                arrivals.push(arrival);
            }
            Err(error) => {
                ends.dead.push(Dead { tag: arrival.tag, reason: error.to_string() });
            }
        }
    }
    (arrivals, commands)
}

fn size(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
