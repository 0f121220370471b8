//! One Redis server: a connection that comes back by itself, and calls that end in bounded time.

use admitone_app::{Trouble, TroubleKind};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, FromRedisValue, Script, ScriptInvocation};
use std::time::Duration;

/// One Redis server.
#[derive(Clone)]
pub struct Node {
    client: Client,
    manager: ConnectionManager,
    patience: Duration,
}

impl Node {
    /// A server by its address. It need not be there yet: a call says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(address: &str, patience: Duration) -> Result<Self, Trouble> {
        let unreadable = |error| Trouble::new(TroubleKind::Inconsistent, "open redis", error);
        let client = Client::open(address).map_err(unreadable)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(patience))
            .set_response_timeout(Some(patience));
        let manager = ConnectionManager::new_lazy_with_config(client.clone(), config);
        Ok(Self { client, manager: manager.map_err(unreadable)?, patience })
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
        let mut manager = self.manager.clone();
        self.bounded(operation, call.invoke_async(&mut manager)).await
    }

    /// Waits until so many copies of the server know what was written on this connection, and no
    /// longer than so many ms. Says how many do.
    pub(crate) async fn wait_for_copies(&self, copies: u32, span_ms: u64) -> Result<u32, Trouble> {
        let mut manager = self.manager.clone();
        let mut wait = redis::cmd("WAIT");
        wait.arg(copies).arg(span_ms);
        self.bounded("wait for copies", wait.query_async(&mut manager)).await
    }

    /// Tells whoever listens to a channel.
    pub(crate) async fn publish(&self, channel: &str, message: &str) -> Result<(), Trouble> {
        let mut manager = self.manager.clone();
        let mut call = redis::cmd("PUBLISH");
        call.arg(channel).arg(message);
        let told = self.bounded("publish", call.query_async::<u64>(&mut manager)).await;
        told.map(|_| ())
    }

    async fn bounded<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = redis::RedisResult<T>>,
    ) -> Result<T, Trouble> {
        let away = |detail: String| Trouble::new(TroubleKind::Unavailable, operation, detail);
        match tokio::time::timeout(self.patience, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) if error.kind() == redis::ErrorKind::UnexpectedReturnType => {
                Err(Trouble::new(TroubleKind::Inconsistent, operation, error))
            }
            Ok(Err(error)) => Err(away(error.to_string())),
            Err(_) => Err(away(format!("no answer within {:?}", self.patience))),
        }
    }
}

/// A script from its source.
pub(crate) fn script(source: &str) -> Script {
    Script::new(source)
}
