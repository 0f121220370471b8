//! `admitone migrate`: opening a data directory brings its databases to this version.

use super::block_on;
use crate::arguments::Place;
use crate::config::Configuration;
use crate::exit::{Exit, Failed};
use crate::wiring::Wired;

pub(crate) fn run(arguments: &Place) -> Result<Exit, Failed> {
    let configuration = Configuration::of(arguments)?;
    block_on(async {
        Wired::open(&configuration).await?.close().await?;
        println!(
            "{} is at version {}",
            configuration.data_dir.display(),
            env!("CARGO_PKG_VERSION")
        );
        Ok(Exit::Done)
    })
}
