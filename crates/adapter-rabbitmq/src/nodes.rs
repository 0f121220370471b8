//! The nodes of a broker: their addresses, and a connection to whichever answers first.

use crate::options::RabbitOptions;
use crate::session::trouble;
use admitone_app::{Trouble, TroubleKind};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};
use std::time::Duration;

/// A peer that is silent for two of these is given up, in seconds.
const HEARTBEAT_S: u16 = 5;

/// A node that says nothing for so long has the next one asked beside it.
const BESIDE: Duration = Duration::from_secs(1);

/// Connects to the first node that lets anybody in, in the order of the addresses: one that is gone says so at
/// once, one that was stopped says nothing, and nobody waits for it while there is another.
pub(crate) async fn connect(options: &RabbitOptions) -> Result<Connection, Trouble> {
    const OPERATION: &str = "connect to RabbitMQ";
    let mut left = uris(options)?.into_iter();
    let (mut asked, mut said) = (FuturesUnordered::new(), None);
    loop {
        if let Some(uri) = left.next() {
            asked.push(Connection::connect_uri(uri, properties(options)));
        }
        let answer = match left.len() {
            0 => asked.next().await,
            _ => match tokio::time::timeout(BESIDE, asked.next()).await {
                Ok(answer) => answer,
                Err(_) => continue,
            },
        };
        match answer {
            Some(Ok(connection)) => return Ok(connection),
            Some(Err(error)) => said = Some(trouble(OPERATION, &error)),
            None => {
                let none = || Trouble::new(TroubleKind::Unavailable, OPERATION, "no node answers");
                return Err(said.unwrap_or_else(none));
            }
        }
    }
}

/// The addresses of nodes that are written with commas between them. A comma in a password is none of those.
pub fn addresses(text: &str) -> Vec<&str> {
    let begins = |rest: &str| rest.trim_start().starts_with("amqp");
    let (mut rest, mut all) = (text, Vec::new());
    while let Some((at, _)) = rest.match_indices(',').find(|(at, _)| begins(&rest[at + 1..])) {
        all.push(rest[..at].trim());
        rest = &rest[at + 1..];
    }
    all.push(rest.trim());
    all
}

/// The addresses as they are understood. They may hold passwords, so they are not repeated.
pub(crate) fn uris(options: &RabbitOptions) -> Result<Vec<AMQPUri>, Trouble> {
    addresses(&options.address).into_iter().map(uri).collect()
}

fn uri(address: &str) -> Result<AMQPUri, Trouble> {
    let read = address.parse().ok();
    let Some(mut uri) = read.filter(|uri: &AMQPUri| !uri.authority.host.contains(',')) else {
        let advice = "write amqp://USER:PASSWORD@HOST:PORT/VHOST, of several nodes with commas \
                      between them";
        let operation = "read the address of a RabbitMQ";
        return Err(Trouble::new(TroubleKind::Inconsistent, operation, advice));
    };
    uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT_S));
    Ok(uri)
}

fn properties(options: &RabbitOptions) -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name(options.name.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::bounded;

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        let options = RabbitOptions::new("http://me:secret@here", "x", None);
        let said = uris(&options).unwrap_err();
        assert_eq!(said.kind, TroubleKind::Inconsistent);
        assert!(!said.detail.contains("secret"), "{said}");
        let good = RabbitOptions::new("amqp://me:secret@here:5672/%2f", "x", None);
        assert_eq!(uris(&good).unwrap()[0].query.heartbeat, Some(HEARTBEAT_S));
    }

    #[test]
    fn several_nodes_are_read_one_by_one_and_a_comma_in_a_password_is_none_between_them() {
        let address = "amqp://me:a,b@one:1/%2f, amqps://me:c@two:2/%2f,amqp://three";
        let read = uris(&RabbitOptions::new(address, "x", None)).unwrap();
        let hosts: Vec<_> =
            read.iter().map(|uri| (uri.authority.host.as_str(), uri.authority.port)).collect();
        assert_eq!(hosts, [("one", 1), ("two", 2), ("three", 5672)]);
        assert_eq!(read[0].authority.userinfo.password, "a,b");
        for wrong in
            ["amqp://one,", "amqp://one,amqp", ",amqp://one", "amqp://one,amqp:,amqp://two"]
        {
            uris(&RabbitOptions::new(wrong, "x", None)).unwrap_err();
        }
    }

    #[tokio::test]
    async fn where_all_nodes_are_gone_that_is_said_and_not_waited_for() {
        let gone = || {
            let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            format!("amqp://{}", bound.local_addr().unwrap())
        };
        let options = RabbitOptions::new(&[gone(), gone()].join(","), "x", None);
        let said = bounded(options.patience, "connect", connect(&options)).await.unwrap_err();
        assert_eq!(said.kind, TroubleKind::Unavailable);
        assert!(!said.detail.contains("no answer within"), "{said}");
    }
}
