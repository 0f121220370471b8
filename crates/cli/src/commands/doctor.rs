//! `admitone doctor`: whether this machine and this data directory are ready for a sale.

use super::block_on;
use crate::arguments::Place;
use crate::config::Configuration;
use crate::exit::{Exit, Failed};
use crate::wiring::Wired;

pub(crate) fn run(arguments: &Place) -> Result<Exit, Failed> {
    let configuration = Configuration::of(arguments)?;
    let address = configuration.listen;
    let port = admitone_api::server::bind(address).map(drop).map_err(|error| error.to_string());
    let store = block_on(async {
        let wired = Wired::open(&configuration).await?;
        let operators = wired.office.reads.operators().await?.len();
        let rooms = wired.rooms.desks().len();
        wired.close().await?;
        Ok(format!("{operators} operators, {rooms} waiting rooms"))
    });
    let findings = [
        (format!("listen on {address}"), port.map(|()| "free".to_owned())),
        (
            format!("data directory {}", configuration.data_dir.display()),
            store.map_err(|failed| failed.to_string()),
        ),
        ("open files".to_owned(), open_files()),
    ];
    for (what, found) in &findings {
        match found {
            Ok(good) => println!("good  {what}: {good}"),
            Err(wrong) => println!("WRONG {what}: {wrong}"),
        }
    }
    let is_well = findings.iter().all(|(_, found)| found.is_ok());
    Ok(if is_well { Exit::Done } else { Exit::Unsound })
}

/// Ten thousand visitors are ten thousand sockets.
fn open_files() -> Result<String, String> {
    let limits = std::fs::read_to_string("/proc/self/limits").map_err(|error| error.to_string())?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().nth(3)).unwrap_or("unknown");
    match soft.parse::<u64>() {
        Ok(limit) if limit < 20_000 => {
            Err(format!("{limit} are allowed; raise it for a crowd: ulimit -n 65536"))
        }
        _ => Ok(format!("{soft} are allowed")),
    }
}
