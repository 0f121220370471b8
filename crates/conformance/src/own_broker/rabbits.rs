//! Three nodes of RabbitMQ that are one cluster: what a quorum queue has, each of them has, and two are enough; what
//! a classic queue has, one of them has. A test may kill and start each.

use super::{Broker, TENTHS_MAX, is_answered, rabbit};
use crate::kept_ports::KeptPorts;
use crate::own_server::process::{Process, said};
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// How many they are.
const NODES: usize = 3;

/// A cluster of a test's own. It goes with the test.
pub struct OwnRabbits {
    nodes: Vec<Process>,
    clients: KeptPorts<NODES>,
    inner: KeptPorts<NODES>,
    names: KeptPorts<1>,
    #[expect(dead_code, reason = "it ends when this is dropped")]
    daemon: Process,
    directory: TempDir,
}

/// How a quorum queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The node that leads it.
    pub leader: usize,
    /// How many nodes have it and are there.
    pub online: usize,
}

impl OwnRabbits {
    /// Starts one; none where tests have no RabbitMQ.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn start() -> Option<Self> {
        Broker::Rabbitmq.shared()?;
        let directory = tempfile::Builder::new().prefix("admitone-").tempdir_in("/var/tmp");
        let directory = directory.unwrap_or_else(|error| panic!("{error}"));
        let (clients, inner, names) = (KeptPorts::keep(), KeptPorts::keep(), KeptPorts::keep());
        let daemon = rabbit::names(names.numbers()[0]);
        let mut cluster = Self { nodes: Vec::new(), clients, inner, names, daemon, directory };
        let written = cluster.write();
        written.unwrap_or_else(|error| panic!("{}: {error}", cluster.directory.path().display()));
        // The others join the first, so it has to be there.
        cluster.nodes.push(cluster.started(0));
        cluster.await_start(0);
        cluster.nodes.extend([cluster.started(1), cluster.started(2)]);
        (1..NODES).for_each(|node| cluster.await_start(node));
        Some(cluster)
    }

    /// The port of the daemon that knows the ports of nodes.
    fn names(&self) -> u16 {
        self.names.numbers()[0]
    }

    /// The addresses for clients, of all.
    pub fn address(&self) -> String {
        self.address_from(0)
    }

    /// The same, with that of a node first: queues that are declared there have their home there, or
    /// their first leader.
    pub fn address_from(&self, node: usize) -> String {
        let clients = self.clients.numbers();
        let (before, after) = clients.split_at(node);
        let ports = after.iter().chain(before);
        ports.map(|port| Broker::Rabbitmq.address(*port)).collect::<Vec<_>>().join(",")
    }

    /// Kills one, as when its machine loses its power.
    ///
    /// # Panics
    /// Panics if there is none of this number, as all below do.
    pub fn kill(&mut self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts one where it was.
    ///
    /// # Panics
    /// Panics if it does not start.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node] = self.started(node);
        self.await_start(node);
    }

    /// How a quorum queue stands, as a node that is there tells; none where it does not know or nobody leads it.
    pub fn standing(&self, asked: usize, queue: &str) -> Option<Standing> {
        let ask = ["list_queues", "name", "leader", "online", "--no-table-headers"];
        let words = rabbit::control(
            self.directory.path(),
            self.names(),
            self.clients.numbers()[asked],
            &ask,
        );
        let list = said(&words)?;
        let line = list.lines().find_map(|line| line.strip_prefix(queue)?.strip_prefix('\t'))?;
        let (leader, online) = line.split_once('\t')?;
        let is_leader = |port: &u16| leader.trim() == rabbit::name(*port);
        let leader = self.clients.numbers().iter().position(is_leader)?;
        Some(Standing { leader, online: online.matches('@').count() })
    }

    fn started(&self, node: usize) -> Process {
        let ports = [self.clients.numbers()[node], self.inner.numbers()[node], self.names()];
        Process::start(None, &rabbit::node(&self.data(node), self.directory.path(), ports))
    }

    fn data(&self, node: usize) -> PathBuf {
        self.directory.path().join(format!("data{node}"))
    }

    /// The cookie that all have, and the settings of each.
    fn write(&self) -> std::io::Result<()> {
        let cookie = self.directory.path().join(".erlang.cookie");
        std::fs::write(&cookie, format!("ADMITONE{}", self.names()))?;
        std::fs::set_permissions(&cookie, PermissionsExt::from_mode(0o400))?;
        let mut settings = "cluster_formation.peer_discovery_backend = classic_config\n".to_owned();
        for (number, client) in self.clients.numbers().iter().enumerate() {
            let (number, name) = (number + 1, rabbit::name(*client));
            // Writing into a String cannot fail.
            let _ = writeln!(settings, "cluster_formation.classic_config.nodes.{number} = {name}");
        }
        for node in 0..NODES {
            let data = self.data(node);
            std::fs::create_dir_all(&data)?;
            std::fs::write(data.join("plugins"), "[].\n")?;
            std::fs::write(data.join("rabbitmq.conf"), &settings)?;
        }
        Ok(())
    }

    fn await_start(&self, node: usize) {
        let (ask, answer) = Broker::Rabbitmq.greeting();
        for _ in 0..TENTHS_MAX {
            if is_answered(self.clients.numbers()[node], ask, answer) {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("node {node} did not start, see {}", self.directory.path().display());
    }
}
