//! `admitone doctor`: whether this machine and this data directory are ready for a sale.

use super::block_on;
use crate::arguments::Doctor;
use crate::brokers;
use crate::config::Configuration;
use crate::exit::{Exit, Failed, failed};
use crate::shelf::{empty_directory, shown};
use crate::voice::{self, say};
use crate::wiring::Wired;
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use rustix::fs::Access;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// So long a service may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was looked at, and how it is or what is wrong.
type Finding = (String, Result<String, String>);

pub(crate) fn run(arguments: &Doctor) -> Result<Exit, Failed> {
    let configuration = Configuration::of(&arguments.place)?;
    let address = configuration.listen;
    let port = admitone_api::server::bind(address).map(drop).map_err(|error| error.to_string());
    let store = match empty_directory(&configuration)? {
        Some(directory) => may_be_made(&directory),
        None => block_on(store(&configuration)),
    };
    let mut findings = vec![
        (format!("listen on {address}"), port.map(|()| "free".to_owned())),
        (
            format!("store {}", shown(&configuration.address()?)),
            store.map_err(|failed| failed.to_string()),
        ),
        ("open files".to_owned(), open_files()),
    ];
    findings.extend(block_on(async { Ok(services(&configuration).await) })?);
    findings.extend(block_on(buses(&configuration))?);
    if arguments.json {
        voice::json(&as_json(&findings))?;
    } else {
        for (what, found) in &findings {
            match found {
                Ok(good) => say!("good  {what}: {good}"),
                Err(wrong) => say!("WRONG {what}: {wrong}"),
            }
        }
    }
    let is_well = findings.iter().all(|(_, found)| found.is_ok());
    Ok(if is_well { Exit::Done } else { Exit::Unsound })
}

fn as_json(findings: &[Finding]) -> serde_json::Value {
    let shown = |(what, found): &Finding| {
        let (Ok(detail) | Err(detail)) = found;
        serde_json::json!({ "what": what, "good": found.is_ok(), "detail": detail })
    };
    findings.iter().map(shown).collect()
}

/// What is in the store.
async fn store(configuration: &Configuration) -> Result<String, Failed> {
    let wired = Wired::look(configuration).await?;
    let operators = wired.office.reads.operators().await?.len();
    let rooms = wired.office.reads.rooms().await?.len();
    wired.close().await?;
    Ok(format!("{operators} operators, {rooms} waiting rooms"))
}

/// Whether a store can be made where there is none; it is not made by looking.
fn may_be_made(directory: &Path) -> Result<String, Failed> {
    let whole = std::path::absolute(directory)?;
    let there = whole.ancestors().find(|one| one.exists()).unwrap_or(Path::new("/"));
    rustix::fs::access(there, Access::WRITE_OK)
        .map_err(failed(&format!("writing to {}", there.display())))?;
    Ok("nothing is there yet: `serve` and `import` make it".to_owned())
}

/// Whether the services beside the store accept connections.
async fn services(configuration: &Configuration) -> Vec<Finding> {
    let redis = configuration.redis.addresses().into_iter().map(|one| ("Redis", place(one, 6379)));
    let rabbitmq = Some(configuration.rabbitmq.server.as_str()).filter(|one| !one.is_empty());
    let nodes = rabbitmq.into_iter().flat_map(admitone_adapter_rabbitmq::addresses);
    let rabbitmq = nodes.map(|one| ("RabbitMQ", place(one, 5672)));
    let kafka = configuration.kafka.servers.split(',').filter(|one| !one.trim().is_empty());
    let kafka = kafka.map(|one| ("Kafka", place(one, 9092)));
    let mut findings = Vec::new();
    for (name, place) in redis.chain(rabbitmq).chain(kafka) {
        let found = match timeout(PATIENCE, TcpStream::connect(&place)).await {
            Ok(Ok(_)) => Ok("accepts connections".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("nothing was heard within {} s", PATIENCE.as_secs())),
        };
        findings.push((format!("{name} at {place}"), found));
    }
    findings
}

/// Host and port of an address, without what it says of users, passwords and databases.
fn place(address: &str, usual_port: u16) -> String {
    let behind_scheme = address.trim().split_once("://").map_or(address.trim(), |(_, rest)| rest);
    let authority = behind_scheme.split(['/', '?']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let has_port = place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { place.to_owned() } else { format!("{place}:{usual_port}") }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_the_place_is_shown_and_no_password() {
        for (address, shown) in [
            ("redis://cache", "cache:6379"),
            ("redis://:secret@cache:7000/2", "cache:7000"),
            ("amqp://guest:se@cret@host:1/%2f", "host:1"),
            (" kafka-1:9093 ", "kafka-1:9093"),
            ("redis://[::1]:7", "[::1]:7"),
        ] {
            assert_eq!(place(address, 6379), shown, "{address}");
        }
    }
}
