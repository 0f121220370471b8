//! The commands, a file each.

pub(crate) mod bench;
pub(crate) mod cluster;
pub(crate) mod command_line;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod fake_gateway;
pub(crate) mod import;
pub(crate) mod lab;
pub(crate) mod migrate;
pub(crate) mod openapi;
pub(crate) mod queue;
pub(crate) mod serve;
pub(crate) mod strategies;
pub(crate) mod user;
pub(crate) mod verify;
pub(crate) mod work;

use crate::exit::Failed;
use std::future::Future;

/// Runs a command that waits.
fn block_on<T>(command: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}
