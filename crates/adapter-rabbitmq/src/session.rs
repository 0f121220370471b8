//! One connection to the broker, with the topology declared; and what trouble with it is called.

use crate::nodes::Nodes;
use crate::options::RabbitOptions;
use crate::topology::Topology;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::Moment;
use futures_util::FutureExt;
use lapin::{Channel, Connection};
use std::ops::Deref;
use std::time::Duration;

/// After the first failure nobody asks for so long, then twice as long each time.
const PAUSE_MS: u64 = 50;
const PAUSE_MS_MAX: u64 = 2_000;

pub(crate) const CONNECT: &str = "connect to RabbitMQ";

/// A connection that ends as a whole with whoever had it, also with one who gave up in the middle of a call.
///
/// The client would end it by itself with the last of its channels and consumers. That never comes for
/// somebody who did not wait for the answer to `basic.consume`: that answer is kept by its own channel, and the
/// lane has a consumer then that nobody listens to. And a lane that is given up while what it delivered is out would
/// be another consumer's already, and what is new would come to him before what comes again.
pub(crate) struct OwnConnection(Connection);

impl Deref for OwnConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl Drop for OwnConnection {
    fn drop(&mut self) {
        // The first step says so; nobody waits for the broker's answer.
        let _ = self.0.close(200, "gone".into()).now_or_never();
    }
}

/// Opens a connection and declares the topology.
pub(crate) async fn open(
    nodes: &Nodes,
    options: &RabbitOptions,
    topology: Topology,
) -> Result<OwnConnection, Trouble> {
    // Every queue is asked for, and a broker makes those that are missing one by one.
    bounded(options.patience * 3, CONNECT, async {
        let connection = OwnConnection(nodes.connect(options).await?);
        let channel = channel(&connection).await?;
        let declared = topology.declare(&channel, options).await;
        declared.map_err(|error| trouble("declare the queues", &error))?;
        Ok(connection)
    })
    .await
}

/// Opens a channel.
pub(crate) async fn channel(connection: &Connection) -> Result<Channel, Trouble> {
    connection.create_channel().await.map_err(|error| trouble("open a channel", &error))
}

/// What the client says went wrong. Queues that are there with other settings do not become right
/// by themselves.
pub(crate) fn trouble(operation: &'static str, error: &lapin::Error) -> Trouble {
    let said = error.to_string();
    let is_other = error.is_amqp_error() && said.contains("PRECONDITION");
    let kind = if is_other { TroubleKind::Inconsistent } else { TroubleKind::Unavailable };
    Trouble::new(kind, operation, said)
}

/// Ends a call in bounded time.
pub(crate) async fn bounded<T>(
    patience: Duration,
    operation: &'static str,
    call: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let silent = |_| no_answer(operation, patience);
    tokio::time::timeout(patience, call).await.map_err(silent)?
}

/// What is told of who said nothing for so long.
pub(crate) fn no_answer(operation: &'static str, within: Duration) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, operation, format!("no answer within {within:?}"))
}

/// Keeps whoever connects from asking a broker that is away again and again.
#[derive(Debug, Default)]
pub(crate) struct BackOff {
    failures: u32,
    /// What went wrong last.
    why: String,
    not_before: Option<Moment>,
}

impl BackOff {
    /// How long to wait before asking again, in milliseconds; none where it may be asked.
    pub(crate) fn wait_ms(&self, now: Moment) -> Option<u64> {
        let left_us = self.not_before?.0.saturating_sub(now.0);
        (left_us > 0).then(|| u64::try_from(left_us).unwrap_or(0).div_ceil(1000))
    }

    /// What somebody is told who does not ask it now: why it was not there, and for how long nobody asks.
    pub(crate) fn said(&self, wait_ms: u64) -> Trouble {
        let detail = format!("{} (asked again in {wait_ms} ms)", self.why);
        Trouble::new(TroubleKind::Unavailable, CONNECT, detail)
    }

    /// Takes note of what was wrong with it, if anything was.
    pub(crate) fn note(&mut self, trouble: Option<&Trouble>, now: Moment) {
        let Some(trouble) = trouble else {
            *self = Self::default();
            return;
        };
        self.why.clone_from(&trouble.detail);
        let pause_ms = (PAUSE_MS << self.failures.min(8)).min(PAUSE_MS_MAX);
        self.failures += 1;
        self.not_before = Some(now.plus_ms(pause_ms));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_away_is_asked_ever_more_rarely_and_at_once_when_it_was_there() {
        let (mut back_off, mut now) = (BackOff::default(), Moment(0));
        let away = Trouble::new(TroubleKind::Unavailable, CONNECT, "refused");
        let mut pauses = Vec::new();
        for _ in 0..8 {
            back_off.note(Some(&away), now);
            let wait_ms = back_off.wait_ms(now).unwrap();
            let said = back_off.said(wait_ms).detail;
            assert!(said.starts_with("refused (") && said.contains("again in"), "{said}");
            pauses.push(wait_ms);
            now = now.plus_ms(wait_ms);
            assert_eq!(back_off.wait_ms(now), None);
        }
        assert_eq!(pauses, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
        back_off.note(None, now);
        assert_eq!(back_off.wait_ms(now), None);
    }
}
