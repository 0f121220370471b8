//! `admitone openapi`: the document, as it is served.

use crate::exit::{Exit, Failed};
use crate::voice::say;

pub(crate) fn run() -> Result<Exit, Failed> {
    say!("{}", admitone_api::openapi().to_pretty_json()?);
    Ok(Exit::Done)
}
