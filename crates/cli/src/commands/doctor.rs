//! `admitone doctor`: whether this machine and this data directory are ready for a sale.

use super::block_on;
use crate::arguments::Place;
use crate::brokers;
use crate::config::Configuration;
use crate::exit::{Exit, Failed};
use crate::shelf::shown;
use crate::wiring::Wired;
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use std::sync::Arc;

/// What was looked at, and how it is or what is wrong.
type Finding = (String, Result<String, String>);

pub(crate) fn run(arguments: &Place) -> Result<Exit, Failed> {
    let configuration = Configuration::of(arguments)?;
    let address = configuration.listen;
    let port = admitone_api::server::bind(address).map(drop).map_err(|error| error.to_string());
    let store = block_on(async {
        let wired = Wired::look(&configuration).await?;
        let operators = wired.office.reads.operators().await?.len();
        let rooms = wired.office.reads.rooms().await?.len();
        wired.close().await?;
        Ok(format!("{operators} operators, {rooms} waiting rooms"))
    });
    let mut findings = vec![
        (format!("listen on {address}"), port.map(|()| "free".to_owned())),
        (
            format!("store {}", shown(&configuration.address()?)),
            store.map_err(|failed| failed.to_string()),
        ),
        ("open files".to_owned(), open_files()),
    ];
    findings.extend(block_on(buses(&configuration))?);
    for (what, found) in &findings {
        match found {
            Ok(good) => println!("good  {what}: {good}"),
            Err(wrong) => println!("WRONG {what}: {wrong}"),
        }
    }
    let is_well = findings.iter().all(|(_, found)| found.is_ok());
    Ok(if is_well { Exit::Done } else { Exit::Unsound })
}

/// Whether brokers that are told of events can be reached.
async fn buses(configuration: &Configuration) -> Result<Vec<Finding>, Failed> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let mut findings = Vec::new();
    for bus in brokers::buses(configuration, &clock)? {
        let found = bus.check().await.map(|()| "there".to_owned());
        let found = found.map_err(|trouble| trouble.to_string());
        findings.push((format!("events to {}", bus.name()), found));
    }
    Ok(findings)
}

/// Ten thousand visitors are ten thousand sockets; `serve` takes as many as it is allowed to.
fn open_files() -> Result<String, String> {
    let allowed = rlimit::Resource::NOFILE.get_hard().map_err(|error| error.to_string())?;
    if allowed < 20_000 {
        Err(format!("{allowed} are allowed; raise the hard limit for a crowd: ulimit -Hn 65536"))
    } else {
        Ok(format!("{allowed} are allowed"))
    }
}
