//! `admitone openapi`: the document, as it is served.

use crate::exit::{Exit, Failed};

pub(crate) fn run() -> Result<Exit, Failed> {
    println!("{}", admitone_api::openapi().to_pretty_json()?);
    Ok(Exit::Done)
}
