//! `admitone work`: workers without a box office, as many as there is work for.

use super::block_on;
use super::serve::{allow_open_files, ended};
use crate::arguments::Work;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::shelf::{Guards, shown};
use crate::wiring::{Purpose, Wired};
use crate::{logging, strategy, voice};
use admitone_api::figures;
use admitone_api::server::{self, Doors, ServerLimits};
use admitone_api::worker::{self, Worker};
use std::fmt::Write;
use std::net::SocketAddr;
use std::sync::Arc;

/// So many look at a worker at once.
const WATCHERS_MAX: usize = 64;

pub(crate) fn run(arguments: &Work) -> Result<Exit, Failed> {
    let mut configuration = Configuration::of(&arguments.place)?;
    configuration.log_format = arguments.log_format.unwrap_or(configuration.log_format);
    let workers = arguments.workers.unwrap_or(configuration.deliveries.workers).max(1);
    configuration.deliveries.workers = workers;
    logging::start(configuration.log_format);
    if arguments.ends_with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
            .map_err(failed("--ends-with-parent"))?;
    }
    allow_open_files();
    block_on(work(arguments, &configuration))
}

async fn work(arguments: &Work, configuration: &Configuration) -> Result<Exit, Failed> {
    strategy::must_be_safe(configuration, arguments.allow_unsafe)?;
    let guards = if arguments.allow_unsafe { Guards::LeftOut } else { Guards::AsRecorded };
    let wired = Wired::open_for(Purpose::Working, configuration, guards).await?;
    let queues = wired.queues.names();
    if queues.is_empty() {
        wired.close().await?;
        return Err(failed("there is nothing to work for")(
            "no strategy of the map lets commands travel, as `job-queue` does",
        ));
    }
    let doors = Doors { closing: wired.stop.child_token(), ..Doors::default() };
    let watched_at = match arguments.metrics {
        Some(address) => Some(watch(&wired, address, &doors)?),
        None => None,
    };
    // Before anybody is told that it works: who is told may ask it to end.
    let ended = ended()?;
    let store = shown(&configuration.address()?);
    let mut line = format!("admitone works for {} on {store}\n", queues.join(", "));
    if let Some(address) = watched_at {
        // Writing into a String cannot fail.
        let _ = writeln!(line, "its figures: http://{address}/metrics");
    }
    voice::announce(&line);
    ended.await;
    doors.leaving.cancel();
    tracing::info!("ending what was begun, closing");
    wired.close().await?;
    Ok(Exit::Done)
}

/// Serves what whoever watches a worker asks for, until it ends; where.
fn watch(wired: &Wired, address: SocketAddr, doors: &Doors) -> Result<SocketAddr, Failed> {
    let listener = server::bind(address).map_err(failed("--metrics"))?;
    let address = listener.local_addr()?;
    let metrics = figures::recorder()?;
    let (clock, closing) = (Arc::clone(&wired.office.clock), doors.closing.clone());
    let worker =
        Worker { office: wired.office.clone(), metrics: metrics.clone(), doors: doors.clone() };
    wired.tasks.spawn(figures::keep(metrics, Arc::clone(&clock), closing.clone()));
    let queues = Arc::clone(&wired.queues);
    wired.tasks.spawn(figures::watch_queues(queues, Arc::clone(&clock), closing));
    let limits = ServerLimits { connections_max: WATCHERS_MAX, ..ServerLimits::default() };
    let doors = doors.clone();
    wired.tasks.spawn(async move {
        if let Err(error) =
            server::serve(listener, worker::router(worker), clock, limits, doors).await
        {
            tracing::error!(%error, "nobody can look at this worker any more");
        }
    });
    Ok(address)
}
