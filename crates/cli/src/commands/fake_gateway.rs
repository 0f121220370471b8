//! `admitone fake-gateway`: a payment gateway that takes no money.

use super::block_on;
use crate::arguments::FakeGateway;
use crate::exit::{Exit, Failed, failed};
use crate::logging;
use crate::voice;
use admitone_app::clock::SystemClock;
use admitone_fake_gateway as fake;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) fn run(arguments: &FakeGateway) -> Result<Exit, Failed> {
    logging::start(crate::arguments::LogFormat::Text);
    if arguments.ends_with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))
            .map_err(failed("--ends-with-parent"))?;
    }
    block_on(serve(arguments))
}

async fn serve(arguments: &FakeGateway) -> Result<Exit, Failed> {
    let options = fake::Options {
        secret_key: arguments.secret_key.clone(),
        webhook: arguments.webhook.clone(),
        ledger: arguments.ledger.clone(),
    };
    let tasks = TaskTracker::new();
    let opened = fake::FakeGateway::open(options, Arc::new(SystemClock::default()), tasks);
    let gateway = opened.map_err(failed("the ledger"))?;
    let listener = TcpListener::bind(arguments.listen).await;
    let listener = listener.map_err(failed("listening"))?;
    let stop = CancellationToken::new();
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let line = format!("a gateway that takes no money at http://{}\n", listener.local_addr()?);
    voice::announce(&line);
    let served = gateway.serve(listener, stop.clone());
    tokio::select! {
        served = served => served?,
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(Exit::Done)
}
