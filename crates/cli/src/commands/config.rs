//! `admitone config`: the example, and a check without starting anything.

use crate::arguments::{Config, ConfigTask};
use crate::config::{Configuration, EXAMPLE};
use crate::exit::{Exit, Failed};
use crate::voice::{self, say};
use crate::{strategy, wiring};

pub(crate) fn run(arguments: &Config) -> Result<Exit, Failed> {
    match &arguments.task {
        ConfigTask::Example => voice::text(EXAMPLE),
        ConfigTask::Check { file } => {
            let configuration = Configuration::read(file)?;
            configuration.check_bounds()?;
            configuration.address()?;
            wiring::issuer(&configuration)?;
            strategy::must_be_safe(&configuration, false)?;
            say!("{} is a good configuration", file.display());
        }
    }
    Ok(Exit::Done)
}
