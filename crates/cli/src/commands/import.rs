//! `admitone import`: a programme from a file.

use super::block_on;
use crate::arguments::Import as Arguments;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::voice::{self, say};
use crate::wiring::Wired;
use admitone_app::import::{Count, Document, Import, Imported};
use admitone_domain::Actor;
use indicatif::ProgressBar;

pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    let place = format!("the programme {}", arguments.file.display());
    let text = std::fs::read(&arguments.file).map_err(failed(&place))?;
    let document: Document = serde_json::from_slice(&text).map_err(failed(&place))?;
    let shows: usize = document.concerts.iter().map(|concert| concert.shows.len()).sum();
    let progress = ProgressBar::new(u64::try_from(shows)?);
    block_on(async {
        let wired = Wired::open(&configuration).await?;
        let import = Import::new(&wired.office, Actor::House, &text);
        let imported = import.run(&document, |_| progress.inc(1)).await.map_err(failed(&place));
        progress.finish_and_clear();
        wired.close().await?;
        let imported = imported?;
        if arguments.json {
            voice::json(&imported)?;
        } else {
            tell(&imported, shows);
        }
        Ok(Exit::Done)
    })
}

fn tell(imported: &Imported, shows: usize) {
    say!("{} concerts with {shows} shows are there", imported.concerts.len());
    say!("added: {}", imported.added);
    if imported.found != Count::default() {
        say!("there before: {}", imported.found);
    }
    for difference in &imported.differences {
        say!("note: {difference}");
    }
}
