//! Hands jobs over, and says so only when the broker has confirmed that it keeps them.
//!
//! A window of jobs goes out on a channel that nobody else uses meanwhile: a message that came back
//! is told to whoever waits on its channel, and must not be taken for another's.

use crate::nodes::Nodes;
use crate::options::RabbitOptions;
use crate::session::{self, BackOff, OwnConnection, bounded, trouble};
use crate::topology::Topology;
use admitone_app::ports::clock::Clock;
use admitone_app::{Trouble, TroubleKind};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, PublisherConfirm};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

const OPERATION: &str = "publish to RabbitMQ";

/// So many jobs are handed over before their confirmations are waited for.
const WINDOW: usize = 256;

/// To be kept on disk.
const PERSISTENT: u8 = 2;

/// A message with its way.
pub(crate) struct Message<'a> {
    /// Where to; the one that has no name brings it to the queue of its key.
    pub(crate) exchange: String,
    pub(crate) key: String,
    /// Whether it is trouble that no queue takes it.
    pub(crate) is_mandatory: bool,
    pub(crate) body: &'a [u8],
    pub(crate) priority: Option<u8>,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) headers: Vec<(&'static str, AMQPValue)>,
}

/// Hands jobs over.
pub(crate) struct Publisher {
    options: Arc<RabbitOptions>,
    /// The consumers of this process ask them too.
    pub(crate) nodes: Nodes,
    topology: Topology,
    clock: Arc<dyn Clock>,
    /// The connection in use, made by whoever needs it first.
    line: Mutex<Arc<OnceCell<Arc<Line>>>>,
    back_off: Mutex<BackOff>,
}

struct Line {
    connection: OwnConnection,
    idle: Mutex<Vec<Channel>>,
}

fn guard<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Publisher {
    pub(crate) fn new(
        options: Arc<RabbitOptions>,
        topology: Topology,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Trouble> {
        let nodes = Nodes::of(&options.address, Arc::clone(&clock))?;
        let (line, back_off) = (Mutex::default(), Mutex::default());
        Ok(Self { options, nodes, topology, clock, line, back_off })
    }

    /// Hands messages over in their order; a result for each.
    pub(crate) async fn publish(&self, messages: &[Message<'_>]) -> Vec<Result<(), Trouble>> {
        let mut results = Vec::with_capacity(messages.len());
        for window in messages.chunks(WINDOW) {
            results.extend(self.publish_window(window).await);
        }
        results
    }

    async fn publish_window(&self, messages: &[Message<'_>]) -> Vec<Result<(), Trouble>> {
        let sent = bounded(self.options.patience, OPERATION, async {
            let (line, channel) = self.channel().await?;
            let results = self.send(&channel, messages).await;
            // A channel that asked a quorum queue for the first time while nobody led it has all of its jobs refused for
            // ever: that it was refused may mean that. A new one asks whoever leads by then.
            if channel.status().connected() && !results.iter().any(is_busy) {
                guard(&line.idle).push(channel);
            }
            Ok(results)
        });
        match sent.await {
            Ok(results) => {
                if results.iter().any(is_away) {
                    // Somebody may have removed a queue or the exchange: whoever connects next declares it again.
                    self.give_up();
                }
                results
            }
            Err(trouble) => {
                if trouble.kind == TroubleKind::Unavailable {
                    self.give_up();
                }
                messages.iter().map(|_| Err(trouble.clone())).collect()
            }
        }
    }

    /// A channel without confirms, for whoever looks.
    pub(crate) async fn fresh_channel(&self) -> Result<Channel, Trouble> {
        session::channel(&self.open_line().await?.connection).await
    }

    /// Whether there is a connection, or one can be made.
    pub(crate) async fn check(&self) -> Result<(), Trouble> {
        self.open_line().await.map(|_| ())
    }

    /// The connection is not used any more.
    fn give_up(&self) {
        *guard(&self.line) = Arc::default();
    }

    /// A connection that is open as far as is known.
    async fn open_line(&self) -> Result<Arc<Line>, Trouble> {
        let cell = {
            let mut line = guard(&self.line);
            if line.get().is_some_and(|line| !line.connection.status().connected()) {
                *line = Arc::default();
            }
            Arc::clone(&line)
        };
        cell.get_or_try_init(|| self.connect()).await.cloned()
    }

    async fn connect(&self) -> Result<Arc<Line>, Trouble> {
        {
            let back_off = guard(&self.back_off);
            if let Some(wait_ms) = back_off.wait_ms(self.clock.now()) {
                return Err(back_off.said(wait_ms));
            }
        }
        let opened = session::open(&self.nodes, &self.options, self.topology).await;
        guard(&self.back_off).note(opened.as_ref().err(), self.clock.now());
        Ok(Arc::new(Line { connection: opened?, idle: Mutex::default() }))
    }

    /// A channel that nobody else uses.
    async fn channel(&self) -> Result<(Arc<Line>, Channel), Trouble> {
        let line = self.open_line().await?;
        let idle = guard(&line.idle).pop();
        if let Some(channel) = idle.filter(|channel| channel.status().connected()) {
            return Ok((line, channel));
        }
        let channel = session::channel(&line.connection).await?;
        if self.options.has_confirms {
            let confirms = channel.confirm_select(ConfirmSelectOptions::default()).await;
            confirms.map_err(|error| trouble("ask for confirms", &error))?;
        }
        Ok((line, channel))
    }

    async fn send(&self, channel: &Channel, messages: &[Message<'_>]) -> Vec<Result<(), Trouble>> {
        let mut sent = Vec::with_capacity(messages.len());
        for (number, message) in messages.iter().enumerate() {
            sent.push(self.send_one(channel, number, message).await);
        }
        let (mut results, mut returned) = (Vec::with_capacity(sent.len()), HashSet::new());
        for confirm in sent {
            results.push(match confirm {
                Ok(confirm) => confirmed(confirm, &mut returned).await,
                Err(trouble) => Err(trouble),
            });
        }
        for number in returned {
            if let Some(result) = results.get_mut(number) {
                *result = Err(unroutable(&messages[number].key));
            }
        }
        results
    }

    async fn send_one(
        &self,
        channel: &Channel,
        number: usize,
        message: &Message<'_>,
    ) -> Result<PublisherConfirm, Trouble> {
        if message.body.len() > self.options.body_max {
            let detail = format!("{} bytes are too many", message.body.len());
            return Err(Trouble::new(TroubleKind::Inconsistent, OPERATION, detail));
        }
        let mut properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(number.to_string().into());
        if let Some(priority) = message.priority {
            properties = properties.with_priority(priority);
        }
        if let Some(content_type) = message.content_type {
            properties = properties.with_content_type(content_type.into());
        }
        if !message.headers.is_empty() {
            let mut headers = FieldTable::default();
            for (name, value) in &message.headers {
                headers.insert((*name).into(), value.clone());
            }
            properties = properties.with_headers(headers);
        }
        let mandatory = message.is_mandatory;
        let how = BasicPublishOptions { mandatory, ..BasicPublishOptions::default() };
        let (exchange, key) = (message.exchange.as_str().into(), message.key.as_str().into());
        let sent = channel.basic_publish(exchange, key, how, message.body, properties).await;
        sent.map_err(|error| trouble(OPERATION, &error))
    }
}

/// What the broker says about a message; which messages came back.
async fn confirmed(
    confirm: PublisherConfirm,
    returned: &mut HashSet<usize>,
) -> Result<(), Trouble> {
    let confirmation = confirm.await.map_err(|error| trouble(OPERATION, &error))?;
    let result = match &confirmation {
        Confirmation::Ack(_) | Confirmation::NotRequested => Ok(()),
        Confirmation::Nack(_) => {
            let detail = "the queue is full, or not there yet";
            Err(Trouble::new(TroubleKind::Busy, OPERATION, detail))
        }
    };
    // It may be the one of another message of this window.
    let message = confirmation.take_message();
    let name = message.and_then(|message| message.delivery.properties.message_id().clone());
    returned.extend(name.and_then(|name| name.as_str().parse::<usize>().ok()));
    result
}

fn is_busy(result: &Result<(), Trouble>) -> bool {
    result.as_ref().is_err_and(|trouble| trouble.kind == TroubleKind::Busy)
}

fn unroutable(queue: &str) -> Trouble {
    let detail = format!("unroutable: there is no queue {queue}");
    Trouble::new(TroubleKind::Unavailable, OPERATION, detail)
}

fn is_away(result: &Result<(), Trouble>) -> bool {
    result.as_ref().is_err_and(|trouble| trouble.kind == TroubleKind::Unavailable)
}
