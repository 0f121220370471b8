//! `admitone work`: workers without a box office, as many as there is work for.

use super::block_on;
use super::serve::{allow_open_files, ended};
use crate::arguments::Work;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::shelf::{Guards, shown};
use crate::wiring::{Purpose, Wired};
use crate::{logging, strategy};
use std::io::Write;

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
    // Before anybody is told that it works: who is told may ask it to end.
    let ended = ended()?;
    let mut out = std::io::stdout().lock();
    let store = shown(&configuration.address()?);
    let line = format!("admitone works for {} on {store}\n", queues.join(", "));
    // Whoever does not listen any more stops no worker.
    drop(out.write_all(line.as_bytes()).and_then(|()| out.flush()));
    drop(out);
    ended.await;
    tracing::info!("ending what was begun, closing");
    wired.close().await?;
    Ok(Exit::Done)
}
