//! `admitone queue`: the queues of commands that travel, for operators.

use super::block_on;
use crate::arguments::{Queue, QueueTask};
use crate::beside::Beside;
use crate::carriers::Carriers;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::shelf::{Guards, Shelf};
use crate::strategy;
use admitone_app::clock::SystemClock;
use admitone_app::delivery::Job;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::{JobState, Lying, Queues};
use admitone_app::strategy::Operation;
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
        let done = follow(&*queues, &arguments.task).await;
        shelf.close().await?;
        done.map(|()| Exit::Done)
    })
}

async fn follow(queues: &dyn Queues, task: &QueueTask) -> Result<(), Failed> {
    match task {
        QueueTask::List { json } => list(queues, *json).await,
        QueueTask::Jobs { queue, state, limit } => {
            for job in queues.jobs(queue, JobState::from(*state), *limit).await? {
                println!("{}", line(&job));
            }
            Ok(())
        }
        QueueTask::Retry { queue, job } => found(job, queues.retry(queue, job).await?),
        QueueTask::Drop { queue, job } => found(job, queues.discard(queue, job).await?),
        QueueTask::Drain { queue } => {
            println!("{} jobs were thrown away", queues.drain(queue).await?);
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
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    for one in all {
        let paused = if one.is_paused { "\tpaused" } else { "" };
        println!(
            "{}\t{}\t{} waiting\t{} running\t{} delayed\t{} dead\t{} workers{paused}",
            one.name, one.kind, one.waiting, one.running, one.delayed, one.dead, one.consumers
        );
    }
    Ok(())
}

fn line(job: &Lying) -> String {
    let what = match Job::decode(&job.body) {
        Ok(found) => {
            format!("{} by {}", Operation::of(&found.command.action).name(), found.command.actor)
        }
        Err(error) => error.to_string(),
    };
    let reason = job.reason.as_deref().unwrap_or_default();
    format!("{}\t{what}\t{} attempts\t{reason}", job.id, job.attempts)
}

fn found(job: &str, is_there: bool) -> Result<(), Failed> {
    if is_there { Ok(()) } else { Err(failed("queue")(format!("there is no such job as {job}"))) }
}
