//! A node of RabbitMQ as a process: its words, and the daemon beside it that knows the ports of nodes.

use crate::own_server::process::{Process, is_well};
use std::path::Path;
use std::time::Duration;

/// Where the package keeps scripts that become the program itself.
const SCRIPTS: &str = "/usr/lib/rabbitmq/bin";

/// The daemon is asked so often, every twentieth of a second.
const ASKED_MAX: u32 = 1_200;

/// The daemon that knows the ports of nodes.
pub(super) fn names(port: u16) -> Process {
    let port = port.to_string();
    let words = ["epmd", "-address", "127.0.0.1", "-port", &port].map(str::to_owned);
    let daemon = Process::start(None, &words);
    let mut asked = 0;
    while !is_well(&["epmd", "-port", &port, "-names"]) {
        asked += 1;
        assert!(asked < ASKED_MAX, "epmd does not answer on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
    daemon
}

/// What a node is called that has a port for clients.
pub(super) fn name(client: u16) -> String {
    format!("admitone-{client}@localhost")
}

/// A node that keeps everything in a directory and finds its cookie in a home. Its ports are for clients, for other
/// nodes, and that of the daemon.
pub(super) fn node(data: &Path, home: &Path, [client, inner, names]: [u16; 3]) -> Vec<String> {
    let data = data.to_string_lossy();
    let mut words = environment(home, names);
    words.extend([
        format!("RABBITMQ_NODENAME={}", name(client)),
        "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1".to_owned(),
        format!("RABBITMQ_NODE_PORT={client}"),
        format!("RABBITMQ_DIST_PORT={inner}"),
        format!("RABBITMQ_MNESIA_BASE={data}/mnesia"),
        format!("RABBITMQ_LOG_BASE={data}/log"),
        format!("RABBITMQ_ENABLED_PLUGINS_FILE={data}/plugins"),
        format!("RABBITMQ_CONFIG_FILE={data}/rabbitmq"),
        format!("RABBITMQ_CONF_ENV_FILE={data}/environment"),
        "RABBITMQ_ALLOW_INPUT=1".to_owned(),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput -start_epmd false \
         -kernel inet_dist_use_interface {127,0,0,1}"
            .to_owned(),
        format!("{SCRIPTS}/rabbitmq-server"),
    ]);
    words
}

/// Asks a node something.
pub(super) fn control(home: &Path, names: u16, client: u16, ask: &[&str]) -> Vec<String> {
    let mut words = environment(home, names);
    words.extend([format!("{SCRIPTS}/rabbitmqctl"), "-q".into(), "-n".into(), name(client)]);
    words.extend(ask.iter().map(|word| (*word).to_owned()));
    words
}

fn environment(home: &Path, names: u16) -> Vec<String> {
    vec![
        "env".to_owned(),
        format!("HOME={}", home.to_string_lossy()),
        "ERL_EPMD_ADDRESS=127.0.0.1".to_owned(),
        format!("ERL_EPMD_PORT={names}"),
    ]
}
