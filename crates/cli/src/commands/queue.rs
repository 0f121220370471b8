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
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Job;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::{JobState, Lying, NamedQueues, QueueReport, Queues};
use admitone_app::strategy::{DeliveryKind, Operation, StrategyMap};
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
        let done = follow(&NamedQueues(queues), &arguments.task).await;
        if done.is_ok() && matches!(arguments.task, QueueTask::List { json: false }) {
            tell_of_channels(&map);
        }
        shelf.close().await?;
        done.map(|()| Exit::Done)
    })
}

async fn follow(queues: &dyn Queues, task: &QueueTask) -> Result<(), Failed> {
    match task {
        QueueTask::List { json } => list(queues, *json).await,
        QueueTask::Jobs { queue, state, limit } => {
            for job in queues.jobs(queue, JobState::from(*state), *limit).await? {
                say!("{}", line(&job));
            }
            Ok(())
        }
        QueueTask::Retry { queue, job } => found(job, queues.retry(queue, job).await?),
        QueueTask::Drop { queue, job } => found(job, queues.discard(queue, job).await?),
        QueueTask::Drain { queue } => {
            say!("{} jobs were thrown away", queues.drain(queue).await?);
            Ok(())
        }
        QueueTask::Pause { queue } => Ok(queues.pause(queue, true).await?),
        QueueTask::Resume { queue } => Ok(queues.pause(queue, false).await?),
        QueueTask::Start { queue, from } => {
            let start = from.parse().map_err(failed("--from"))?;
            Ok(queues.restart(queue, start).await?)
        }
    }
}

async fn list(queues: &dyn Queues, json: bool) -> Result<(), Failed> {
    let all = queues.list().await?;
    if json {
        return voice::json(&all);
    }
    for one in all {
        say!("{}", report(&one));
        for lacking in &one.lacks {
            say!("\t{lacking}");
        }
    }
    Ok(())
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

fn line(job: &Lying) -> String {
    let what = match Job::decode(&job.body) {
        Ok(found) => {
            format!("{} by {}", Operation::wish(&found.command.action), found.command.actor)
        }
        Err(error) => error.to_string(),
    };
    let reason = job.reason.as_deref().unwrap_or_default();
    format!("{}\t{what}\t{} attempts\t{reason}", job.id, job.attempts)
}

fn found(job: &str, is_there: bool) -> Result<(), Failed> {
    if is_there { Ok(()) } else { Err(failed("queue")(format!("there is no such job as {job}"))) }
}
