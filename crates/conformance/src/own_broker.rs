//! Brokers of a test's own, which it may kill, stop, and start again where they were; and the names
//! of those that all tests share.

mod by_hand;
mod cluster;
mod rabbit;
mod rabbits;

pub use by_hand::{kinds, publish, take};
pub use cluster::OwnCluster;
pub use rabbits::{OwnRabbits, Standing};

use crate::kept_ports::KeptPorts;
use crate::own_server::process::{Process, run};
use crate::service;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// A broker is waited for so many times a tenth of a second.
const TENTHS_MAX: usize = 900;

/// The version that `cargo xtask services` brings: `xtask/src/services/kafka.rs`.
const KAFKA: &str = "kafka-4.1.1";

/// A kind of broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broker {
    /// RabbitMQ.
    Rabbitmq,
    /// Apache Kafka.
    Kafka,
}

impl Broker {
    /// The variable that names the one that all tests share.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Rabbitmq => "ADMITONE_TEST_RABBITMQ",
            Self::Kafka => "ADMITONE_TEST_KAFKA",
        }
    }

    /// Why it is not there, if it is not.
    pub fn absent(self) -> Option<String> {
        service::absent(self.variable())
    }

    /// The address of the one that all tests share; none where there is none and none is required.
    pub fn shared(self) -> Option<String> {
        service::named(self.variable())
    }

    fn address(self, port: u16) -> String {
        match self {
            Self::Rabbitmq => format!("amqp://guest:guest@127.0.0.1:{port}/%2f"),
            Self::Kafka => format!("127.0.0.1:{port}"),
        }
    }

    /// What is asked of it first, and what it answers once it serves.
    fn greeting(self) -> (&'static [u8], &'static [u8]) {
        match self {
            // The name of the protocol; a frame of the kind that begins a talk.
            Self::Rabbitmq => (b"AMQP\x00\x00\x09\x01", b"\x01"),
            // Which requests it knows: length, request, version, a number, nobody's name.
            Self::Kafka => (b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\xff\xff", b"\0\0"),
        }
    }
}

/// A broker of a test's own. It goes with the test.
pub struct OwnBroker {
    kind: Broker,
    directory: TempDir,
    /// For clients, and two by which the parts of the broker talk to each other.
    ports: KeptPorts<3>,
    process: Process,
    /// The daemon that knows the ports of nodes, where the broker needs one.
    #[expect(dead_code, reason = "it ends when this is dropped")]
    names: Option<Process>,
}

impl OwnBroker {
    /// Starts one; none where tests have no broker of this kind.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn start(kind: Broker) -> Option<Self> {
        kind.shared()?;
        let directory = tempfile::Builder::new().prefix("admitone-").tempdir_in("/var/tmp");
        let directory = directory.unwrap_or_else(|error| panic!("{error}"));
        let ports = KeptPorts::keep();
        let names = prepare(kind, &directory, ports.numbers());
        let process = Process::start(None, &words(kind, &directory, ports.numbers()));
        let broker = Self { kind, directory, ports, process, names };
        broker.await_start();
        Some(broker)
    }

    /// The address for clients.
    pub fn address(&self) -> String {
        self.kind.address(self.port())
    }

    /// Its port for clients.
    pub fn port(&self) -> u16 {
        self.ports.numbers()[0]
    }

    /// Kills it and whatever works for it, as when the machine loses its power.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it where it was.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn restart(&mut self) {
        self.process =
            Process::start(None, &words(self.kind, &self.directory, self.ports.numbers()));
        self.await_start();
    }

    /// It is there and says nothing.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// It goes on where it was stopped.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// A port is open before anybody is served: only an answer says that it is there.
    fn await_start(&self) {
        let (ask, answer) = self.kind.greeting();
        for _ in 0..TENTHS_MAX {
            if is_answered(self.port(), ask, answer) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{:?} did not start, see {}", self.kind, self.directory.path().display());
    }
}

fn is_answered(port: u16, ask: &[u8], answer: &[u8]) -> bool {
    let asked = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(ask)?;
        let mut said = [0; 10];
        let count = if answer.len() == 1 { 1 } else { said.len() };
        stream.read_exact(&mut said[..count])?;
        Ok(said[..count].ends_with(answer))
    });
    asked.unwrap_or(false)
}

/// What must be there before the first start.
fn prepare(kind: Broker, directory: &TempDir, [client, inner, names]: [u16; 3]) -> Option<Process> {
    let data = directory.path().join("data");
    let made = std::fs::create_dir_all(&data);
    made.unwrap_or_else(|error| panic!("{}: {error}", data.display()));
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    };
    match kind {
        Broker::Rabbitmq => {
            write("data/plugins", "[].\n");
            Some(rabbit::names(names))
        }
        Broker::Kafka => {
            write("settings", &settings(&data.to_string_lossy(), client, inner));
            let settings = directory.path().join("settings").to_string_lossy().into_owned();
            let format = ["kafka.tools.StorageTool", "format", "-t", "YWRtaXRvbmUtdGVzdC0wMQ"];
            let words = java(&[&format[..], &["-c", &settings]].concat());
            run(None, &words.iter().map(String::as_str).collect::<Vec<_>>());
            None
        }
    }
}

fn words(kind: Broker, directory: &TempDir, ports: [u16; 3]) -> Vec<String> {
    match kind {
        Broker::Kafka => {
            java(&["kafka.Kafka", &directory.path().join("settings").to_string_lossy()])
        }
        Broker::Rabbitmq => {
            let data = directory.path().join("data");
            rabbit::node(&data, &data, ports)
        }
    }
}

/// The settings of a Kafka that is alone: broker, controller, and the only copy.
fn settings(data: &str, client: u16, inner: u16) -> String {
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{inner}
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{inner}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.cleaner.dedupe.buffer.size=8388608
log.dirs={data}
"
    )
}

/// A program of Kafka.
fn java(words: &[&str]) -> Vec<String> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let library = cache.or_else(home).unwrap_or_default().join("admitone").join(KAFKA);
    assert!(
        library.is_dir(),
        "no {}: `cargo xtask services up kafka` brings it",
        library.display()
    );
    let path = format!("{}/*", library.display());
    let java = ["java", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", &path];
    java.iter().chain(words).map(|word| (*word).to_owned()).collect()
}
