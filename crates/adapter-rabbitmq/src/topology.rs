//! The exchange and the queues of a carrier, declared by whoever connects: what is there already
//! stays, and settings that differ from its own are said.

use crate::options::{QueueKind, RabbitOptions};
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind, Result};

/// The priorities of a queue that has any: from none up to this.
const PRIORITY_MAX: i32 = 2;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topology {
    /// Queues of commands, and where they are put away.
    Jobs,
    /// The exchange of events; who wants any of them binds queues of his own.
    Events,
}

impl Topology {
    /// Declares all of it.
    pub(crate) async fn declare(self, channel: &Channel, options: &RabbitOptions) -> Result<()> {
        match self {
            Self::Jobs => declare_jobs(channel, options).await,
            Self::Events => declare_events(channel, options).await,
        }
    }
}

fn durable() -> ExchangeDeclareOptions {
    ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() }
}

async fn declare_jobs(channel: &Channel, options: &RabbitOptions) -> Result<()> {
    let dead = options.dead();
    let kind = ExchangeKind::Fanout;
    channel.exchange_declare(dead.as_str().into(), kind, durable(), FieldTable::default()).await?;
    let queue = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(dead.as_str().into(), queue, looked_at(options.kind)).await?;
    channel
        .queue_bind(
            dead.as_str().into(),
            dead.as_str().into(),
            "".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;
    for lane in options.all_lanes() {
        let name = options.queue(lane);
        channel.queue_declare(name.as_str().into(), queue, arguments(options)).await?;
    }
    Ok(())
}

async fn declare_events(channel: &Channel, options: &RabbitOptions) -> Result<()> {
    let (name, kind) = (options.name.as_str().into(), ExchangeKind::Topic);
    channel.exchange_declare(name, kind, durable(), FieldTable::default()).await
}

fn kept(kind: QueueKind) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString(kind.name().into()));
    arguments
}

/// What was put away is delivered to whoever looks at it, and however often that is it stays.
fn looked_at(kind: QueueKind) -> FieldTable {
    let mut arguments = kept(kind);
    if kind == QueueKind::Quorum {
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(i32::MAX));
    }
    arguments
}

fn arguments(options: &RabbitOptions) -> FieldTable {
    let mut arguments = kept(options.kind);
    arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(options.length_max.into()));
    // What is too much is refused, and what is there stays.
    arguments.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    if options.has_dead_letters {
        dead_letters(&mut arguments, options);
    }
    if options.lanes.is_some() && options.has_one_consumer {
        arguments.insert("x-single-active-consumer".into(), AMQPValue::Boolean(true));
    }
    if options.has_urgency() {
        arguments.insert("x-max-priority".into(), AMQPValue::LongInt(PRIORITY_MAX));
    }
    arguments
}

/// The broker's own way to where jobs are put away: what a consumer refuses for good goes there, and what it
/// delivered too often. A quorum queue keeps a job until it is there; a classic one knows no such care, and
/// does not count.
fn dead_letters(arguments: &mut FieldTable, options: &RabbitOptions) {
    let dead = options.dead();
    arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString(dead.into()));
    if options.kind == QueueKind::Quorum {
        let limit = i64::from(options.deliveries_max);
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(limit));
        let strategy = AMQPValue::LongString("at-least-once".into());
        arguments.insert("x-dead-letter-strategy".into(), strategy);
    }
}
