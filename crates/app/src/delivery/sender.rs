//! The sender: hands commands to a carrier and waits, bounded, for the stored answer.
//!
//! One task takes all that waits, looks in one question which of it was answered before, finds the
//! lanes and hands the rest over together. While the broker confirms, the next batches follow, up
//! to a bound; what comes beyond gathers.
//!
//! Batches that are under way at the same time may overtake each other. Whoever wants an order
//! waits: a command that was handed over is in its lane before the next of the same caller is sent.

use super::callers::{Call, Callers};
use super::job::Job;
use super::lanes::Lanes;
use crate::ports::carrier::{Carrier, Lane, Outgoing, Urgency};
use crate::ports::clock::Clock;
use crate::ports::delivery::{Delivery, Receipt, Reply};
use crate::ports::reads::Reads;
use crate::{Trouble, TroubleKind};
use admitone_domain::{Action, Command};
use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

/// What bounds a sender.
#[derive(Debug, Clone, Copy)]
pub struct SenderLimits {
    /// How long the durable answer is waited for, in milliseconds.
    pub wait_ms: u64,
    /// How long a command is good, in milliseconds: settled later it is refused.
    pub deadline_ms: u64,
    /// Most commands that wait to be handed over; one more is refused as busy.
    pub depth_max: usize,
    /// Most commands that are handed over at once.
    pub batch_max: usize,
    /// Most batches that are being handed over at the same time.
    pub batches_max: usize,
}

impl Default for SenderLimits {
    /// Answers are waited for 5 s, commands are good for 30 s; 20,000 may wait, 1,024 go at once,
    /// and three times so many are under way.
    fn default() -> Self {
        let (wait_ms, deadline_ms) = (5_000, 30_000);
        Self { wait_ms, deadline_ms, depth_max: 20_000, batch_max: 1_024, batches_max: 3 }
    }
}

/// What a sender is made of.
pub struct SenderSetup {
    /// What carries.
    pub carrier: Arc<dyn Carrier>,
    /// Where answers and rows are read.
    pub reads: Arc<dyn Reads>,
    /// Who waits in this process.
    pub callers: Arc<Callers>,
    /// Waits.
    pub clock: Arc<dyn Clock>,
    /// What bounds it.
    pub limits: SenderLimits,
}

/// Hands commands over.
pub struct Sender {
    mailbox: mpsc::Sender<Posted>,
    setup: Arc<SenderSetup>,
}

struct Posted {
    command: Command,
    handed: oneshot::Sender<Result<(), Trouble>>,
}

/// A command that is on its way to the carrier.
struct Leaving {
    call: Call,
    receipt: Receipt,
    handed: oneshot::Receiver<Result<(), Trouble>>,
}

impl Leaving {
    /// Waits until the carrier keeps the command, or until its answer is there, which is as good.
    async fn kept(&mut self) -> Result<Option<Reply>, Trouble> {
        tokio::select! {
            biased;
            Some(reply) = self.call.reply() => Ok(Some(reply)),
            handed = &mut self.handed => {
                handed.unwrap_or_else(|_| Err(busy("the sender ended"))).map(|()| None)
            }
        }
    }
}

impl Sender {
    /// Starts the task. It ends when the sender is dropped and all that waited is handed over.
    pub fn start(setup: SenderSetup, tasks: &TaskTracker) -> Self {
        let setup = Arc::new(setup);
        let (mailbox, receiver) = mpsc::channel(setup.limits.depth_max);
        tasks.spawn(Arc::clone(&setup).post(receiver));
        Self { mailbox, setup }
    }

    /// Sends a command on its way; the call is answered at once if it was answered before.
    fn post(&self, command: Command) -> Result<Leaving, Trouble> {
        let now = self.setup.clock.now();
        let until = now.plus_ms(self.setup.limits.deadline_ms);
        let until = command.deadline.map_or(until, |deadline| deadline.min(until));
        let mut command = Command { deadline: Some(until), ..command };
        if matches!(command.action, Action::Expire(_)) {
            // A sweep has the name of its hold: each has a journey of its own.
            command.fresh = u64::try_from(now.0).unwrap_or(0);
        }
        let receipt = Receipt { id: command.id, fresh: command.fresh, until };
        let call = self.setup.callers.expect(&command, now);
        let (sender, handed) = oneshot::channel();
        self.mailbox.try_send(Posted { command, handed: sender }).map_err(
            |refused| match refused {
                mpsc::error::TrySendError::Full(_) => busy("too many commands wait"),
                mpsc::error::TrySendError::Closed(_) => busy("the house is closing"),
            },
        )?;
        Ok(Leaving { call, receipt, handed })
    }
}

#[async_trait]
impl Delivery for Sender {
    /// Waits so long as is set; then the command is accepted, and its answer is asked for later.
    async fn submit(&self, command: Command) -> Result<Reply, Trouble> {
        let mut leaving = self.post(command)?;
        if let Some(reply) = leaving.kept().await? {
            return Ok(reply);
        }
        tokio::select! {
            biased;
            Some(reply) = leaving.call.reply() => Ok(reply),
            () = self.setup.clock.sleep_ms(self.setup.limits.wait_ms) => {
                Ok(Reply::Accepted(leaving.receipt))
            }
        }
    }

    async fn hand_over(&self, command: Command) -> Result<Reply, Trouble> {
        let mut leaving = self.post(command)?;
        let replied = leaving.kept().await?;
        Ok(replied.unwrap_or(Reply::Accepted(leaving.receipt)))
    }

    async fn check(&self) -> Result<(), Trouble> {
        self.setup.carrier.check().await
    }

    async fn ended(&self) {
        self.mailbox.closed().await;
    }

    fn waiting(&self) -> usize {
        self.setup.callers.count()
    }
}

fn busy(detail: &str) -> Trouble {
    Trouble::new(TroubleKind::Busy, "submit", detail)
}

impl SenderSetup {
    async fn post(self: Arc<Self>, mut receiver: mpsc::Receiver<Posted>) {
        let mut posted = Vec::with_capacity(self.limits.batch_max);
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(()) = under_way.next() => {}
                count = receiver.recv_many(&mut posted, self.limits.batch_max),
                    if under_way.len() < self.limits.batches_max =>
                {
                    if count == 0 {
                        break;
                    }
                    under_way.push(self.send(std::mem::take(&mut posted)));
                }
            }
        }
        under_way.collect::<()>().await;
    }

    /// Hands a batch over, and says to each what became of it.
    async fn send(&self, posted: Vec<Posted>) {
        let (commands, handed): (Vec<_>, Vec<_>) =
            posted.into_iter().map(|one| (one.command, one.handed)).unzip();
        let results = match self.hand_over(&commands).await {
            Ok(results) => results,
            Err(trouble) => commands.iter().map(|_| Err(trouble.clone())).collect(),
        };
        for (result, handed) in results.into_iter().zip(handed) {
            // Whoever asked may have gone: the command travels all the same.
            let _ = handed.send(result);
        }
    }

    /// Hands over what was not answered before; one result for each.
    async fn hand_over(&self, commands: &[Command]) -> Result<Vec<Result<(), Trouble>>, Trouble> {
        let known = self.known(commands).await?;
        let lanes = self.lanes(commands).await?;
        let mut places = Vec::with_capacity(commands.len());
        let mut jobs = Vec::with_capacity(commands.len());
        let abilities = self.carrier.abilities();
        let mut results: Vec<Result<(), Trouble>> = Vec::with_capacity(commands.len());
        for ((place, command), lane) in commands.iter().enumerate().zip(lanes) {
            results.push(Ok(()));
            if known.contains(&command.id) {
                continue;
            }
            match self.body(command, abilities.body_max) {
                Ok(body) => {
                    places.push(place);
                    let urgency = urgency(command);
                    jobs.push(Outgoing { body, lane, urgency, delay_ms: 0 });
                }
                Err(trouble) => results[place] = Err(trouble),
            }
        }
        metrics::counter!("admitone_jobs_sent_total").increment(jobs.len() as u64);
        if !jobs.is_empty() {
            for (place, result) in places.into_iter().zip(self.carrier.publish(jobs).await) {
                results[place] = result;
            }
        }
        Ok(results)
    }

    /// Which of the commands were answered before; those who wait for them are told.
    async fn known(
        &self,
        commands: &[Command],
    ) -> Result<Vec<admitone_domain::CommandId>, Trouble> {
        let kept = commands.iter().filter(|c| !matches!(c.action, Action::Expire(_)));
        let names: Vec<_> = kept.map(|command| command.id).collect();
        if names.is_empty() {
            return Ok(names);
        }
        let found = self.reads.answers(&names).await?;
        for answer in &found {
            self.callers.answered(answer, true);
        }
        Ok(found.into_iter().map(|answer| answer.id).collect())
    }

    async fn lanes(&self, commands: &[Command]) -> Result<Vec<Lane>, Trouble> {
        match self.carrier.abilities().lanes {
            Some(count) => Lanes { reads: Arc::clone(&self.reads), count }.of(commands).await,
            None => Ok(vec![Lane(0); commands.len()]),
        }
    }

    fn body(&self, command: &Command, body_max: usize) -> Result<Vec<u8>, Trouble> {
        let job = Job { command: command.clone(), sent_at: self.clock.now() };
        let broken = |detail: String| Trouble::new(TroubleKind::Inconsistent, "send", detail);
        let body = job.encode().map_err(|error| broken(error.to_string()))?;
        if body.len() > body_max {
            let size = body.len();
            return Err(broken(format!("{size} bytes, and the carrier takes {body_max}")));
        }
        Ok(body)
    }
}

/// What was begun is finished before more is begun.
pub(super) fn urgency(command: &Command) -> Urgency {
    match &command.action {
        Action::Expire(_) => Urgency::Low,
        action if action.moves_money() => Urgency::High,
        _ => Urgency::Usual,
    }
}
