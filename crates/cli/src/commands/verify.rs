//! `admitone verify`: recomputes every invariant of the store.

use crate::arguments::Verify;
use crate::config::Configuration;
use crate::exit::{Exit, Failed};
use crate::shelf::shown;
use crate::voice::{self, say};
use crate::wiring::Wired;
use indicatif::ProgressBar;

pub(crate) fn run(arguments: &Verify) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    super::block_on(async {
        let wired = Wired::look(&configuration).await?;
        let progress = ProgressBar::new_spinner();
        let report = wired.shelf.verify(|what| progress.set_message(what)).await?;
        progress.finish_and_clear();
        wired.close().await?;
        if arguments.json {
            voice::json(&report)?;
        } else {
            report.findings.iter().for_each(|finding| say!("WRONG {finding}"));
            say!("{} rows checked, {} findings", report.rows, report.findings.len());
            if !report.findings.is_empty() {
                say!(
                    "nothing was repaired: keep a copy of {} to look into, and restore the last \
                     sound one",
                    shown(&configuration.address()?)
                );
            }
        }
        Ok(if report.findings.is_empty() { Exit::Done } else { Exit::Unsound })
    })
}
