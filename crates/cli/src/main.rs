//! The binary `admitone`: the only place that knows which adapter is which.

mod arguments;
mod balancer;
mod beside;
mod brokers;
mod carriers;
mod commands;
mod config;
mod demo;
mod exit;
mod gateway;
mod logging;
mod pages;
mod rehearsals;
#[cfg(feature = "sabotage")]
mod sabotage;
mod secret;
mod shelf;
mod strategy;
mod voice;
mod wiring;

use arguments::{Arguments, Task};
use clap::Parser;
use exit::{Exit, Failed};
use std::process::ExitCode;
use voice::say;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    voice::end(run(Arguments::parse()))
}

fn run(arguments: Arguments) -> Result<Exit, Failed> {
    match arguments.task {
        Task::Serve(serve) => commands::serve::run(&serve),
        Task::Cluster(cluster) => commands::cluster::run(&cluster),
        Task::Work(work) => commands::work::run(&work),
        Task::Queue(queue) => commands::queue::run(&queue),
        Task::Import(import) => commands::import::run(&import),
        Task::Verify(verify) => commands::verify::run(&verify),
        Task::Doctor(doctor) => commands::doctor::run(&doctor),
        Task::Config(config) => commands::config::run(&config),
        Task::Migrate(migrate) => commands::migrate::run(&migrate),
        Task::User(user) => commands::user::run(&user),
        Task::FakeGateway(gateway) => commands::fake_gateway::run(&gateway),
        Task::Bench(bench) => commands::bench::run(&bench),
        Task::Lab(lab) => commands::lab::run(&lab),
        Task::Openapi => commands::openapi::run(),
        Task::Figures => {
            voice::text(&admitone_api::figures::document());
            Ok(Exit::Done)
        }
        Task::Events => {
            voice::text(&commands::events::document());
            Ok(Exit::Done)
        }
        Task::Asyncapi => {
            say!("{:#}", commands::events::asyncapi());
            Ok(Exit::Done)
        }
        Task::Strategies { observed, services } => commands::strategies::run(&observed, &services),
        Task::CommandLine => Ok(commands::command_line::run()),
    }
}
