//! Whoever waits for a lock, and the connection over which he is woken. A release takes the first
//! waiter out of the key's line, tells the instance he waits in, and keeps the key for him a moment: one is woken and
//! nobody else, and whoever comes meanwhile is not before him. A message that is lost costs one poll.

use super::LockSetup;
use super::claim::channels;
use crate::chance;
use crate::node::Node;
use futures_util::StreamExt;
use redis::Client;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

/// So long a key is kept for whoever was woken for it, in ms: he comes sooner. Where he does not, whoever tries then has
/// it, and those who sleep try with their next poll.
pub(super) const KEPT_MS: u64 = 20;

/// A connection that broke is made anew after so long.
const PAUSE: Duration = Duration::from_millis(100);

type Waiting = Mutex<HashMap<String, Arc<Notify>>>;

/// The waiters of this instance.
pub(super) struct Wakers {
    instance: String,
    next: AtomicU64,
    waiting: Arc<Waiting>,
}

/// Somebody who waits.
pub(super) struct Waiter {
    id: String,
    woken: Arc<Notify>,
    waiting: Arc<Waiting>,
}

impl Wakers {
    /// Subscribes before anybody waits, or goes on trying to if the server is away.
    pub(super) async fn open(node: &Node, setup: &LockSetup) -> Self {
        let instance = chance::name();
        let waiting = Arc::new(Waiting::default());
        let (ready, is_ready) = oneshot::channel();
        let listen = Listen {
            client: node.client().clone(),
            channel: format!("{}{instance}", channels(&setup.options.prefix)),
            patience: node.patience(),
            waiting: Arc::clone(&waiting),
            stop: setup.stop.clone(),
        };
        setup.tracker.spawn(listen.run(ready));
        // Unanswered when the server is away: then nothing can be waited for either.
        let _ = tokio::time::timeout(node.patience(), is_ready).await;
        Self { instance, next: AtomicU64::new(0), waiting }
    }

    pub(super) fn enlist(&self) -> Waiter {
        let id = format!("{}/{}", self.instance, self.next.fetch_add(1, Ordering::Relaxed));
        let woken = Arc::new(Notify::new());
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(id.clone(), Arc::clone(&woken));
        drop(waiting);
        Waiter { id, woken, waiting: Arc::clone(&self.waiting) }
    }
}

impl Waiter {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Waits until woken, at most so long. A call between the try and this is not missed.
    pub(super) async fn woken_within(&self, pause: Duration) {
        let _ = tokio::time::timeout(pause, self.woken.notified()).await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Hears who is woken.
struct Listen {
    client: Client,
    channel: String,
    patience: Duration,
    waiting: Arc<Waiting>,
    stop: CancellationToken,
}

impl Listen {
    async fn run(self, ready: oneshot::Sender<()>) {
        let mut ready = Some(ready);
        while !self.stop.is_cancelled() {
            if let Err(error) = self.listen(&mut ready).await {
                tracing::debug!(%error, "nobody can be woken for now");
            }
            let _ = tokio::time::timeout(PAUSE, self.stop.cancelled()).await;
        }
    }

    async fn listen(&self, ready: &mut Option<oneshot::Sender<()>>) -> redis::RedisResult<()> {
        let connect = tokio::time::timeout(self.patience, self.client.get_async_pubsub());
        let Ok(connected) = connect.await else { return Ok(()) };
        let mut messages = connected?;
        messages.subscribe(&self.channel).await?;
        if let Some(ready) = ready.take() {
            let _ = ready.send(());
        }
        let mut messages = messages.into_on_message();
        loop {
            let message = tokio::select! {
                () = self.stop.cancelled() => return Ok(()),
                message = messages.next() => message,
            };
            let Some(message) = message else { return Ok(()) };
            let id: String = message.get_payload()?;
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // One who has just given up is not there: the next one polls.
            if let Some(woken) = waiting.get(&id) {
                woken.notify_one();
            }
        }
    }
}
