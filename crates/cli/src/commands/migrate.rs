//! `admitone migrate`: opening a store brings its tables to this version.

use super::block_on;
use crate::arguments::Migrate;
use crate::config::Configuration;
use crate::exit::{Exit, Failed};
use crate::shelf::{Guards, shown};
use crate::voice::say;
use crate::wiring::{Purpose, Wired};

pub(crate) fn run(arguments: &Migrate) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    block_on(async {
        let guards = if arguments.without_guards { Guards::LeftOut } else { Guards::Added };
        let wired = Wired::open_for(Purpose::Looking, &configuration, guards).await?;
        let without = if wired.shelf.is_guarded() { "" } else { ", without its guards" };
        wired.close().await?;
        let place = shown(&configuration.address()?);
        say!("{place} is at version {}{without}", env!("CARGO_PKG_VERSION"));
        Ok(Exit::Done)
    })
}
