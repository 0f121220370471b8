//! Three brokers of Kafka that are one cluster: each has a copy of everything, and what two of them have
//! is there. A test may kill, stop and start each.

use super::{Broker, TENTHS_MAX, is_answered, java};
use crate::kept_ports::KeptPorts;
use crate::own_server::process::{Process, run};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How many they are.
const NODES: usize = 3;

/// A cluster of a test's own. It goes with the test.
pub struct OwnCluster {
    directory: TempDir,
    clients: KeptPorts<NODES>,
    _inner: KeptPorts<NODES>,
    nodes: Vec<Process>,
}

impl OwnCluster {
    /// Starts one; none where tests have no Kafka.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn start() -> Option<Self> {
        Broker::Kafka.shared()?;
        let directory = tempfile::Builder::new().prefix("admitone-").tempdir_in("/var/tmp");
        let directory = directory.unwrap_or_else(|error| panic!("{error}"));
        let (clients, inner) = (KeptPorts::keep(), KeptPorts::keep());
        let ports = (clients.numbers(), inner.numbers());
        for node in 0..NODES {
            let written = std::fs::create_dir_all(data(&directory, node)).and_then(|()| {
                std::fs::write(settings(&directory, node), text(&directory, node, ports))
            });
            written.unwrap_or_else(|error| panic!("{}: {error}", directory.path().display()));
        }
        format(&directory);
        let nodes = (0..NODES).map(|node| started(&directory, node)).collect();
        let cluster = Self { directory, clients, _inner: inner, nodes };
        (0..NODES).for_each(|node| cluster.await_start(node));
        Some(cluster)
    }

    /// The addresses for clients, of all.
    pub fn address(&self) -> String {
        self.clients.numbers().map(|port| Broker::Kafka.address(port)).join(",")
    }

    /// The nodes by the numbers by which the cluster knows them.
    pub fn ids(&self) -> impl Iterator<Item = i32> + use<> {
        1..=3
    }

    /// Kills one, as when its machine loses its power.
    ///
    /// # Panics
    /// Panics if there is none of this number, as all below do.
    pub fn kill(&mut self, id: i32) {
        self.nodes[index(id)].kill();
    }

    /// Starts one where it was.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn restart(&mut self, id: i32) {
        self.nodes[index(id)] = started(&self.directory, index(id));
        self.await_start(index(id));
    }

    /// One is there and says nothing.
    pub fn pause(&self, id: i32) {
        self.nodes[index(id)].pause();
    }

    /// One goes on where it was stopped.
    pub fn resume(&self, id: i32) {
        self.nodes[index(id)].resume();
    }

    fn await_start(&self, node: usize) {
        let (ask, answer) = Broker::Kafka.greeting();
        for _ in 0..TENTHS_MAX {
            if is_answered(self.clients.numbers()[node], ask, answer) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("node {node} did not start, see {}", self.directory.path().display());
    }
}

fn index(id: i32) -> usize {
    usize::try_from(id - 1).unwrap_or_else(|error| panic!("{id}: {error}"))
}

fn data(directory: &TempDir, node: usize) -> PathBuf {
    directory.path().join(format!("data{node}"))
}

fn settings(directory: &TempDir, node: usize) -> PathBuf {
    directory.path().join(format!("settings{node}"))
}

fn started(directory: &TempDir, node: usize) -> Process {
    let words = java(&["kafka.Kafka", &settings(directory, node).to_string_lossy()]);
    Process::start(None, &words)
}

/// Makes the directories of all. A program of Kafka makes the first; that of another differs from it in the
/// number of the node and in the name of the directory.
fn format(directory: &TempDir) {
    let first = settings(directory, 0).to_string_lossy().into_owned();
    let words = ["kafka.tools.StorageTool", "format", "-t", "YWRtaXRvbmUtdGVzdC0wMQ", "-c", &first];
    run(None, &java(&words).iter().map(String::as_str).collect::<Vec<_>>());
    for node in 1..NODES {
        let copied = copy(&data(directory, 0), &data(directory, node), node);
        copied.unwrap_or_else(|error| panic!("{}: {error}", directory.path().display()));
    }
}

fn copy(from: &Path, to: &Path, node: usize) -> std::io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let name = entry?.file_name();
        if name == "meta.properties" {
            let text = std::fs::read_to_string(from.join(&name))?;
            let other = text.replace("node.id=1", &format!("node.id={}", node + 1));
            // The name of a directory is a number of 128 bits in 22 letters.
            let lines = other.lines().map(|line| match line.strip_prefix("directory.id=") {
                Some(_) => format!("directory.id=YWRtaXRvbmUtdGVzdC0w{}g\n", node + 1),
                None => format!("{line}\n"),
            });
            std::fs::write(to.join(name), lines.collect::<String>())?;
        } else if from.join(&name).is_file() {
            std::fs::copy(from.join(&name), to.join(name))?;
        }
    }
    Ok(())
}

/// The settings of a node: three copies, of which two must have what is confirmed; a node that is
/// silent for some seconds leads nothing any more.
fn text(
    directory: &TempDir,
    node: usize,
    (clients, inner): ([u16; NODES], [u16; NODES]),
) -> String {
    let mut voters = String::new();
    for (number, port) in inner.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(voters, "{comma}{}@127.0.0.1:{port}", number + 1);
    }
    let (id, client, inner) = (node + 1, clients[node], inner[node]);
    let data = data(directory, node);
    format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{inner}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
default.replication.factor={NODES}
min.insync.replicas=2
offsets.topic.replication.factor={NODES}
offsets.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
log.dirs={}
",
        data.display()
    )
}
