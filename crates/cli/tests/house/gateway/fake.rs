//! The gateway that takes no money, as a process of its own, at a place that is kept for it.

use super::PATIENCE;
use crate::buyer::text;
use crate::process::{Connection, House};
use admitone_conformance::kept_ports::KeptPorts;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where a gateway may be, and be again when it was killed.
pub(crate) struct Place(KeptPorts<1>);

impl Place {
    pub(crate) fn keep() -> Self {
        Self(KeptPorts::keep())
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.0.numbers()[0])
    }
}

/// A running gateway. Dropped, it is killed.
pub(crate) struct Gateway {
    child: Child,
    address: String,
    ledger: PathBuf,
}

impl Gateway {
    /// At this place, with its ledger in the directory, telling the house.
    pub(crate) fn start(directory: &Path, place: &Place, house: Option<&House>) -> Self {
        let ledger = directory.join("ledger.jsonl");
        let address = place.address();
        let mut command = Command::new(env!("CARGO_BIN_EXE_admitone"));
        command
            .args(["fake-gateway", "--listen", &address, "--ledger"])
            .arg(&ledger)
            .stdout(Stdio::piped());
        if let Some(house) = house {
            let webhook = format!("http://{}/api/v1/gateway/webhooks", house.address);
            command.args(["--webhook", &webhook]);
        }
        let mut child = command.spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines().next();
        assert!(said.is_some_and(|line| line.is_ok()), "the gateway ended before it listened");
        Self { child, address, ledger }
    }

    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it is asked to confirm a payment: what was agreed to stands in its ledger before it takes
    /// its time.
    pub(super) fn await_question(&self, key: &str) {
        let (begun, agreed) = (Instant::now(), format!(r#"{{"Agreed":{{"paymentKey":"{key}","#));
        while !std::fs::read_to_string(&self.ledger).unwrap().contains(&agreed) {
            assert!(begun.elapsed() < PATIENCE, "it was never asked for {key}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it has of each payment, by the beginning of its key.
    pub(crate) fn balance(&self, key: &str) -> i64 {
        let mut connection = Connection::try_to(&self.address).unwrap();
        let ledger = connection.get("/ledger", &[]).json();
        let payments = ledger["payments"].as_array().unwrap().clone();
        let of_key = payments.iter().filter(|one| text(one, "paymentKey").starts_with(key));
        let left = |payment: &Value| {
            let cancels = payment["cancels"].as_array().unwrap().iter();
            let back: i64 = cancels.map(|one| one["cancelAmount"].as_i64().unwrap()).sum();
            payment["amount"].as_i64().unwrap() - back
        };
        of_key.map(left).sum()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
