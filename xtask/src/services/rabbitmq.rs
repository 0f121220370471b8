//! RabbitMQ: a node with a name, a cookie and a directory of its own, and an epmd of its own beside
//! it, so that as many nodes run side by side as are wanted and none is left behind.

use super::place::Place;
use super::process::{self, Wish, free_port};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// The script of the package that becomes the server itself. The one on the path hands over to the
/// node of the distribution.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";

pub(super) fn start(place: &Place) -> Result<String, String> {
    let data = place.data(None)?.to_string_lossy().into_owned();
    // No plugins: the client protocol alone.
    std::fs::write(format!("{data}/plugins"), "[].\n").map_err(|why| format!("{data}: {why}"))?;
    let names = name_server(place)?;
    let words = |port: u16| {
        // The port that nodes talk on to each other; one that is taken ends the node, and the next
        // try has another.
        let distribution = free_port().unwrap_or_default();
        node(&data, names, port, distribution)
    };
    let wish = Wish { name: "rabbitmq", user: None, end: "TERM", words: &words, answers: &answers };
    Ok(format!("amqp://guest:guest@127.0.0.1:{}/%2f", process::start(place, &wish)?))
}

/// The daemon that knows the ports of nodes, in the foreground: one that a node starts by itself
/// outlives it.
fn name_server(place: &Place) -> Result<u16, String> {
    let words = |port: u16| {
        let port = port.to_string();
        ["epmd", "-address", "127.0.0.1", "-port", &port].map(str::to_owned).to_vec()
    };
    let answers = |port: u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
    let wish = Wish { name: "epmd", user: None, end: "TERM", words: &words, answers: &answers };
    process::start(place, &wish)
}

fn node(data: &str, names: u16, port: u16, distribution: u16) -> Vec<String> {
    let settings = [
        "env".to_owned(),
        // The cookie is made there.
        format!("HOME={data}"),
        "ERL_EPMD_ADDRESS=127.0.0.1".to_owned(),
        format!("ERL_EPMD_PORT={names}"),
        format!("RABBITMQ_NODENAME=admitone-{port}@localhost"),
        "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1".to_owned(),
        format!("RABBITMQ_NODE_PORT={port}"),
        format!("RABBITMQ_DIST_PORT={distribution}"),
        format!("RABBITMQ_MNESIA_BASE={data}/mnesia"),
        format!("RABBITMQ_LOG_BASE={data}/log"),
        "RABBITMQ_LOGS=-".to_owned(),
        format!("RABBITMQ_ENABLED_PLUGINS_FILE={data}/plugins"),
        // What this machine says about its own node is not meant for this one.
        format!("RABBITMQ_CONFIG_FILE={data}/rabbitmq"),
        format!("RABBITMQ_CONF_ENV_FILE={data}/environment"),
        // The script becomes the server, so that its number is the server's.
        "RABBITMQ_ALLOW_INPUT=1".to_owned(),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-noinput -start_epmd false \
         -kernel inet_dist_use_interface {127,0,0,1}"
            .to_owned(),
        SERVER.to_owned(),
    ];
    settings.to_vec()
}

/// Whether it greets whoever says the name of the protocol.
fn answers(port: u16) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        let mut frame = [0];
        stream.read_exact(&mut frame)?;
        Ok::<_, std::io::Error>(frame)
    };
    ask().is_ok_and(|frame| frame == [1])
}
