//! `admitone config`: the example, and a check without starting anything.

use crate::arguments::{Config, ConfigTask};
use crate::config::{Configuration, EXAMPLE};
use crate::exit::{Exit, Failed};

pub(crate) fn run(arguments: &Config) -> Result<Exit, Failed> {
    match &arguments.task {
        ConfigTask::Example => print!("{EXAMPLE}"),
        ConfigTask::Check { file } => {
            Configuration::read(file)?;
            println!("{} is a good configuration", file.display());
        }
    }
    Ok(Exit::Done)
}
