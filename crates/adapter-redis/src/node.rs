//! One Redis server: a connection that comes back by itself, and calls that end in bounded time.

use admitone_app::{Trouble, TroubleKind};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, Script, ScriptInvocation};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// After so many calls without an answer, one after the other, the connection is given up: one that
/// a network has swallowed is never closed, and nobody else notices.
const SILENT_MAX: u32 = 3;

/// One Redis server.
#[derive(Clone)]
pub struct Node {
    client: Client,
    line: Arc<Mutex<Line>>,
    patience: Duration,
}

/// The connection in use.
struct Line {
    manager: ConnectionManager,
    /// The how manieth it is.
    number: u64,
    /// So many calls had no answer since the last one that had.
    silent: u32,
}

impl Node {
    /// A server by its address. It need not be there yet: a call says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(address: &str, patience: Duration) -> Result<Self, Trouble> {
        let unreadable = |error| Trouble::new(TroubleKind::Inconsistent, "open redis", error);
        let client = Client::open(address).map_err(unreadable)?;
        let manager = connect(&client, patience).map_err(unreadable)?;
        let line = Arc::new(Mutex::new(Line { manager, number: 0, silent: 0 }));
        Ok(Self { client, line, patience })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A way to the server, and which it is.
    fn way(&self) -> (ConnectionManager, u64) {
        let line = self.line();
        (line.manager.clone(), line.number)
    }

    /// Takes note of whether a call on a connection was answered.
    fn note(&self, number: u64, is_answered: bool) {
        let mut line = self.line();
        if line.number != number {
            return;
        }
        line.silent = if is_answered { 0 } else { line.silent + 1 };
        if line.silent >= SILENT_MAX
            && let Ok(manager) = connect(&self.client, self.patience)
        {
            tracing::warn!("a connection to Redis on which nothing is answered is given up");
            *line = Line { manager, number: number + 1, silent: 0 };
        }
    }

    /// How long a call may take.
    pub fn patience(&self) -> Duration {
        self.patience
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a script. What came of it is not known when this fails.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        operation: &'static str,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, Trouble> {
        let (mut manager, number) = self.way();
        self.bounded(operation, number, call.invoke_async(&mut manager)).await
    }

    /// Waits until so many copies of the server know what was written on this connection, and no
    /// longer than so many ms. Says how many do.
    pub(crate) async fn wait_for_copies(&self, copies: u32, span_ms: u64) -> Result<u32, Trouble> {
        let (mut manager, number) = self.way();
        let mut wait = redis::cmd("WAIT");
        wait.arg(copies).arg(span_ms);
        self.bounded("wait for copies", number, wait.query_async(&mut manager)).await
    }

    /// Whether there is one of these keys.
    pub(crate) async fn has_any(&self, keys: &[String]) -> Result<bool, Trouble> {
        let (mut manager, number) = self.way();
        let mut call = redis::cmd("EXISTS");
        call.arg(keys);
        let found = self.bounded("look for keys", number, call.query_async::<u64>(&mut manager));
        found.await.map(|found| found > 0)
    }

    /// Tells whoever listens to a channel.
    pub(crate) async fn publish(&self, channel: &str, message: &[u8]) -> Result<(), Trouble> {
        let (mut manager, number) = self.way();
        let mut call = redis::cmd("PUBLISH");
        call.arg(channel).arg(message);
        let told = self.bounded("publish", number, call.query_async::<u64>(&mut manager)).await;
        told.map(|_| ())
    }

    async fn bounded<T>(
        &self,
        operation: &'static str,
        number: u64,
        call: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, Trouble> {
        let away = |detail: String| Trouble::new(TroubleKind::Unavailable, operation, detail);
        let called = tokio::time::timeout(self.patience, call).await;
        let is_silent = called
            .as_ref()
            .map_or(true, |answer| answer.as_ref().is_err_and(redis::RedisError::is_timeout));
        self.note(number, !is_silent);
        match called {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == redis::ErrorKind::UnexpectedReturnType => {
                Err(Trouble::new(TroubleKind::Inconsistent, operation, error))
            }
            Ok(Err(error)) => Err(away(error.to_string())),
            Err(_) => Err(away(format!("no answer within {:?}", self.patience))),
        }
    }
}

/// A connection that comes back by itself when it was closed.
fn connect(client: &Client, patience: Duration) -> redis::RedisResult<ConnectionManager> {
    let config = ConnectionManagerConfig::new()
        .set_number_of_retries(0)
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(patience));
    ConnectionManager::new_lazy_with_config(client.clone(), config)
}

/// A script from its source.
pub(crate) fn script(source: &str) -> Script {
    Script::new(source)
}
