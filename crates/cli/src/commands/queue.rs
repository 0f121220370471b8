//! `admitone queue`: the queues of commands that travel, for operators.

use super::block_on;
use crate::arguments::{Queue, QueueTask};
use crate::beside::Beside;
use crate::carriers::Carriers;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::shelf::{Guards, Shelf};
use crate::strategy;
use crate::voice::{self, say};
use crate::wiring::chance;
use admitone_app::Trouble;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Job;
use admitone_app::logbook::{By, LogBook};
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::{JobState, Lying, NamedQueues, QueueReport, Queues, Seen};
use admitone_app::queue_desk::{QueueAction, QueueDesk};
use admitone_app::strategy::{DeliveryKind, Operation, StrategyMap};
use admitone_domain::Actor;
use serde::Serialize;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

pub(crate) fn run(arguments: &Queue) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    block_on(async {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let shelf = Shelf::open(&configuration, &clock, Guards::AsRecorded).await?;
        let beside = Beside::open(&configuration, &shelf).await?;
        let map = strategy::of(&configuration)?;
        let at = (&shelf, &clock);
        let queues = Carriers::of(&map, &configuration, beside.as_ref(), at).await?.queues();
        let book = LogBook { notes: shelf.ways()?.notes, clock, chance };
        let desk = QueueDesk { queues: &NamedQueues(queues), book: &book };
        let done = follow(desk, &arguments.task).await;
        if done.is_ok() && matches!(arguments.task, QueueTask::List { json: false }) {
            tell_of_channels(&map);
        }
        shelf.close().await?;
        done.map(|()| Exit::Done)
    })
}

async fn follow(desk: QueueDesk<'_>, task: &QueueTask) -> Result<(), Failed> {
    let (queue, action, why) = match task {
        QueueTask::List { json } => return list(desk.queues, *json).await,
        QueueTask::Jobs { queue, state, limit, json } => {
            let found = desk.queues.jobs(queue, JobState::from(*state), *limit).await?;
            return jobs(found, *json);
        }
        QueueTask::Retry { queue, job, why } => (queue, QueueAction::Retry(job.clone()), why),
        QueueTask::Drop { queue, job, why } => (queue, QueueAction::Drop(job.clone()), why),
        QueueTask::Drain { queue, why } => (queue, QueueAction::Drain, why),
        QueueTask::Pause { queue, why } => (queue, QueueAction::Pause, why),
        QueueTask::Resume { queue, why } => (queue, QueueAction::Resume, why),
        QueueTask::Start { queue, from, why } => {
            (queue, QueueAction::Start(from.parse().map_err(failed("--from"))?), why)
        }
    };
    let by = By { who: Actor::House.to_string(), wish: None, why: why.why.clone() };
    let jobs = desk.act(by, queue, action).await.map_err(failed("queue"))?;
    if let (QueueTask::Drain { .. }, Some(jobs)) = (task, jobs) {
        say!("{jobs} jobs were thrown away");
    }
    Ok(())
}

async fn list(queues: &NamedQueues, json: bool) -> Result<(), Failed> {
    let Seen { reports, unseen } = queues.look().await;
    if json {
        voice::json(&reports)?;
    } else {
        reports.iter().for_each(tell);
    }
    if unseen.is_empty() {
        return Ok(());
    }
    let why = |(name, trouble): &(String, Trouble)| format!("{name}: {trouble}");
    Err(failed("looking at queues")(unseen.iter().map(why).collect::<Vec<_>>().join("; ")))
}

fn tell(one: &QueueReport) {
    say!("{}", report(one));
    for lacking in &one.lacks {
        say!("\t{lacking}");
    }
}

/// What a queue is, how it stands, and what became of its jobs.
fn report(one: &QueueReport) -> String {
    let said = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let paused = if one.is_paused { "\tpaused" } else { "" };
    format!(
        "{}\t{}\t{} waiting\t{} running\t{} delayed\t{} dead\t{} done\t{} retries\t{} behind\t{} in \
         the last minute\t{} ms the oldest\t{} workers{paused}",
        one.name,
        one.kind,
        one.waiting,
        one.running,
        one.delayed,
        one.dead,
        said(one.done),
        said(one.retries),
        one.lag,
        said(one.done_last_minute),
        said(one.oldest_ms),
        one.consumers
    )
}

/// They are in the memory of those who serve, and cannot be seen from here.
fn tell_of_channels(map: &StrategyMap) {
    let channels = map.strategies().into_iter().filter(|it| it.delivery == DeliveryKind::Channel);
    for strategy in channels {
        say!(
            "{strategy}\tchannel\tin the memory of each instance: its page /operator/queues shows it"
        );
    }
}

fn jobs(found: Vec<Lying>, json: bool) -> Result<(), Failed> {
    let lines: Vec<Line> = found.into_iter().map(Line::of).collect();
    if json {
        return voice::json(&lines);
    }
    for line in lines {
        say!("{line}");
    }
    Ok(())
}

/// A job as it is printed.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    state: JobState,
    attempts: u32,
    reason: Option<String>,
    worker: Option<String>,
    /// When it came or was put away, in milliseconds since 1970.
    since_ms: Option<i64>,
    operation: Option<&'static str>,
    by: Option<String>,
    /// Why nobody can read it.
    unreadable: Option<String>,
}

impl Line {
    fn of(job: Lying) -> Self {
        let read = Job::decode(&job.body);
        let command = read.as_ref().ok().map(|job| &job.command);
        Self {
            operation: command.map(|command| Operation::wish(&command.action)),
            by: command.map(|command| command.actor.to_string()),
            unreadable: read.as_ref().err().map(ToString::to_string),
            id: job.id,
            state: job.state,
            attempts: job.attempts,
            reason: job.reason,
            worker: job.consumer,
            since_ms: job.since.map(|since| since.0.div_euclid(1_000)),
        }
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}\t", self.id)?;
        match (&self.operation, &self.by, &self.unreadable) {
            (Some(operation), Some(by), _) => write!(f, "{operation} by {by}")?,
            (.., why) => write!(f, "{}", why.as_deref().unwrap_or_default())?,
        }
        write!(f, "\t{} attempts\t{}", self.attempts, self.reason.as_deref().unwrap_or_default())
    }
}
