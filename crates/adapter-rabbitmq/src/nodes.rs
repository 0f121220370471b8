//! The nodes of a broker: their addresses, and a connection to whichever answers first.

use crate::attempt;
use crate::options::RabbitOptions;
use crate::session::{CONNECT, no_answer, trouble};
use admitone_app::ports::clock::Clock;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Moment;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A peer that is silent for two of these is given up, in seconds.
const HEARTBEAT_S: u16 = 5;

/// A node that says nothing for so long has the next one asked beside it.
const BESIDE: Duration = Duration::from_secs(1);

/// A node that said nothing is asked last for so long; then it may have come back, and has its turn again.
const LAST_MS: u64 = 60_000;

/// The nodes of a broker, and which of them were silent lately.
pub(crate) struct Nodes {
    uris: Vec<AMQPUri>,
    clock: Arc<dyn Clock>,
    /// For each node until when it is asked last.
    last_until: Mutex<Vec<Option<Moment>>>,
}

impl Nodes {
    /// Those of an address. It may hold passwords, so it is not repeated.
    pub(crate) fn of(address: &str, clock: Arc<dyn Clock>) -> Result<Self, Trouble> {
        let uris: Vec<_> = addresses(address).into_iter().map(uri).collect::<Result<_, _>>()?;
        let last_until = Mutex::new(vec![None; uris.len()]);
        Ok(Self { uris, clock, last_until })
    }

    /// Connects to the first node that lets anybody in, in the order of the addresses: one that is gone says so at
    /// once, one that was stopped says nothing, and nobody waits for it while there is another. For a minute it is
    /// then asked behind the others.
    pub(crate) async fn connect(&self, options: &RabbitOptions) -> Result<Connection, Trouble> {
        let mut left = self.order().into_iter();
        let (mut asked, mut silent) = (FuturesUnordered::new(), BTreeSet::new());
        let mut said = Vec::new();
        loop {
            if let Some(node) = left.next() {
                silent.insert(node);
                asked.push(self.ask(node, options));
            }
            let answer = match patience(left.len(), &said, options) {
                None => asked.next().await,
                Some(patience) => match tokio::time::timeout(patience, asked.next()).await {
                    Ok(answer) => answer,
                    Err(_) if left.len() == 0 => {
                        return Err(self.all(said, &silent, options.patience));
                    }
                    Err(_) => {
                        self.note(silent.iter().copied(), true);
                        continue;
                    }
                },
            };
            let Some((node, answer)) = answer else {
                return Err(self.all(said, &silent, options.patience));
            };
            silent.remove(&node);
            self.note([node], false);
            match answer {
                Ok(connection) => return Ok(connection),
                Err(error) => said.push((node, trouble(CONNECT, &error))),
            }
        }
    }

    async fn ask(
        &self,
        node: usize,
        options: &RabbitOptions,
    ) -> (usize, lapin::Result<Connection>) {
        (node, attempt::connect(self.uris[node].clone(), properties(options)).await)
    }

    /// Those that were silent lately come last.
    fn order(&self) -> Vec<usize> {
        let (now, last_until) = (self.clock.now(), self.last_until());
        let is_last = |node: &usize| last_until[*node].is_some_and(|until| now < until);
        let (last, first): (Vec<_>, Vec<_>) = (0..self.uris.len()).partition(is_last);
        [first, last].concat()
    }

    fn note(&self, nodes: impl IntoIterator<Item = usize>, is_silent: bool) {
        let until = is_silent.then(|| self.clock.now().plus_ms(LAST_MS));
        let mut last_until = self.last_until();
        for node in nodes {
            last_until[node] = until;
        }
    }

    fn last_until(&self) -> MutexGuard<'_, Vec<Option<Moment>>> {
        self.last_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each of them said, in the order of the addresses: a wrong password at one is not hidden by another
    /// that is gone. Of a single one there is no need to say which.
    fn all(
        &self,
        mut said: Vec<(usize, Trouble)>,
        silent: &BTreeSet<usize>,
        within: Duration,
    ) -> Trouble {
        let none = |node: &usize| (*node, no_answer(CONNECT, within));
        said.extend(silent.iter().map(none));
        said.sort_by_key(|(node, _)| *node);
        if let [(_, trouble)] = said.as_slice() {
            return trouble.clone();
        }
        let line = |(node, trouble): &(usize, Trouble)| {
            let authority = &self.uris[*node].authority;
            format!("{}:{}: {}", authority.host, authority.port, trouble.detail)
        };
        let detail = said.iter().map(line).collect::<Vec<_>>().join("; ");
        Trouble::new(TroubleKind::Unavailable, CONNECT, detail)
    }
}

/// How long the next answer is waited for: none where it is for whoever asked to give up, after several times his
/// patience. Where some have said why not and only those that say nothing are left, they have all of it once more,
/// as each would alone; then what the others said is told before he gives up.
fn patience(left: usize, said: &[(usize, Trouble)], options: &RabbitOptions) -> Option<Duration> {
    match left {
        0 if said.is_empty() => None,
        0 => Some(options.patience),
        _ => Some(BESIDE),
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

fn uri(address: &str) -> Result<AMQPUri, Trouble> {
    let refused =
        |advice| Trouble::new(TroubleKind::Inconsistent, "read the address of a RabbitMQ", advice);
    let read = address.parse().ok();
    let Some(mut uri) = read.filter(|uri: &AMQPUri| !uri.authority.host.contains(',')) else {
        return Err(refused(
            "write amqp://USER:PASSWORD@HOST:PORT/VHOST, of several nodes with commas between them",
        ));
    };
    // The client would speak to it without, and say the password to everybody.
    if uri.scheme != AMQPScheme::AMQP {
        return Err(refused("admitone has no TLS for it: write amqp://, through a tunnel"));
    }
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
    use admitone_app::clock::HandClock;
    use std::net::TcpListener;

    fn nodes(address: &str) -> Result<Nodes, Trouble> {
        Nodes::of(address, Arc::new(HandClock::at(Moment(0))))
    }

    #[test]
    fn an_address_that_is_none_is_refused_without_its_password() {
        for (wrong, advice) in [
            ("http://me:secret@here", "amqp://USER"),
            ("amqps://me:secret@here", "no TLS"),
            ("amqp://me:secret@here,amqps://me:secret@there", "no TLS"),
        ] {
            let said = nodes(wrong).err().unwrap();
            assert_eq!(said.kind, TroubleKind::Inconsistent);
            assert!(said.detail.contains(advice) && !said.detail.contains("secret"), "{said}");
        }
        let good = nodes("amqp://me:secret@here:5672/%2f").unwrap();
        assert_eq!(good.uris[0].query.heartbeat, Some(HEARTBEAT_S));
    }

    #[test]
    fn several_nodes_are_read_one_by_one_and_a_comma_in_a_password_is_none_between_them() {
        let read = nodes("amqp://me:a,b@one:1/%2f, amqp://me:c@two:2/%2f,amqp://three").unwrap();
        let hosts: Vec<_> =
            read.uris.iter().map(|uri| (uri.authority.host.as_str(), uri.authority.port)).collect();
        assert_eq!(hosts, [("one", 1), ("two", 2), ("three", 5672)]);
        assert_eq!(read.uris[0].authority.userinfo.password, "a,b");
        for wrong in
            ["amqp://one,", "amqp://one,amqp", ",amqp://one", "amqp://one,amqp:,amqp://two"]
        {
            assert!(nodes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_silent_node_is_asked_last_for_a_minute_and_then_in_its_turn() {
        let clock = Arc::new(HandClock::at(Moment(0)));
        let nodes =
            Nodes::of("amqp://one,amqp://two,amqp://three", Arc::clone(&clock) as _).unwrap();
        nodes.note([0], true);
        assert_eq!(nodes.order(), [1, 2, 0]);
        clock.advance_ms(LAST_MS / 2);
        nodes.note([1], true);
        assert_eq!(nodes.order(), [2, 0, 1]);
        clock.advance_ms(LAST_MS / 2);
        assert_eq!(nodes.order(), [0, 2, 1], "the first may be back");
        nodes.note([1], false);
        assert_eq!(nodes.order(), [0, 1, 2], "it has answered");
    }

    fn bound() -> (TcpListener, String) {
        let bound = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = bound.local_addr().unwrap().to_string();
        (bound, address)
    }

    #[tokio::test]
    async fn where_all_nodes_are_gone_that_is_said_of_each_and_not_waited_for() {
        let ((_, one), (_, two)) = (bound(), bound());
        let address = format!("amqp://{one},amqp://{two}");
        let (options, nodes) = (RabbitOptions::new("", "x", None), nodes(&address).unwrap());
        let connect = bounded(options.patience, "connect", nodes.connect(&options));
        let said = connect.await.unwrap_err();
        assert_eq!(said.kind, TroubleKind::Unavailable);
        assert!(!said.detail.contains("no answer within"), "{said}");
        let [first, second] = said.detail.split("; ").collect::<Vec<_>>().try_into().unwrap();
        assert!(first.starts_with(&one) && second.starts_with(&two), "{said}");
        assert_eq!(said.detail.to_lowercase().matches("refused").count(), 2, "{said}");
    }

    #[tokio::test]
    async fn a_silent_node_does_not_hide_what_another_said_and_of_one_alone_no_more_is_said() {
        let ((_, gone), (_silent, silent)) = (bound(), bound());
        let patience = Duration::from_millis(400);
        let options = RabbitOptions { patience, ..RabbitOptions::new("", "x", None) };
        let said = async |address: &str, outer: Duration| {
            let nodes = nodes(address).unwrap();
            bounded(outer, "connect", nodes.connect(&options)).await.unwrap_err().detail
        };
        // So long that whoever asked does not give up first on a busy machine.
        let long = Duration::from_secs(30);
        let both = said(&format!("amqp://{gone},amqp://{silent}"), long).await;
        assert!(both.contains("refused"), "{both}");
        assert!(both.ends_with(&format!("{silent}: no answer within 400ms")), "{both}");
        let alone = said(&format!("amqp://{gone}"), long).await;
        assert!(alone.contains("refused") && !alone.contains(&gone), "{alone}");
        assert_eq!(said(&format!("amqp://{silent}"), patience).await, "no answer within 400ms");
    }

    #[test]
    fn a_node_that_is_slow_has_as_long_beside_one_that_is_gone_as_alone() {
        let options = RabbitOptions::new("", "x", None);
        let gone = [(0, no_answer(CONNECT, BESIDE))];
        assert_eq!(patience(0, &gone, &options), Some(options.patience));
        assert_eq!(patience(1, &gone, &options), Some(BESIDE), "there is another to ask");
        assert_eq!(patience(0, &[], &options), None);
    }
}
