//! One Redis server: a connection that comes back by itself, and calls that end in bounded time.

use admitone_app::{Trouble, TroubleKind};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{Client, FromRedisValue, IntoConnectionInfo, RedisResult, Script, ScriptInvocation};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// After so many calls without an answer, one after the other, the connection is given up: one that
/// a network has swallowed is never closed, and nobody else notices.
const SILENT_MAX: u32 = 3;

/// A connection on which nothing is said for so long is asked whether it is alive. One that only
/// listens is never written to: where a network has swallowed it, nothing else would tell.
const QUIET: Duration = Duration::from_secs(10);
/// And again after so long, so often.
const ASKED_AGAIN: (Duration, u32) = (Duration::from_secs(3), 3);

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

/// Who connects, with connections that find out by themselves that nobody is there any more.
fn client_of(address: &str) -> RedisResult<Client> {
    let (interval, times) = ASKED_AGAIN;
    let asks = TcpKeepalive::new().with_time(QUIET).with_interval(interval).with_retries(times);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(asks);
    Client::open(address.into_connection_info()?.set_tcp_settings(settings))
}

impl Node {
    /// A server by its address. It need not be there yet: a call says so.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(address: &str, patience: Duration) -> Result<Self, Trouble> {
        let unreadable = |error| Trouble::new(TroubleKind::Inconsistent, "open redis", error);
        let client = client_of(address).map_err(unreadable)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Which timer of the connection to a port runs, as the kernel tells: `02` is that which asks
    /// whether anybody is there. Nothing where there is no such connection.
    fn timer_of(port: u16) -> Option<String> {
        let table = std::fs::read_to_string("/proc/self/net/tcp").ok()?;
        let remote = format!("0100007F:{port:04X}");
        let line = table.lines().find(|line| line.split_whitespace().nth(2) == Some(&remote))?;
        let timer = line.split_whitespace().nth(5)?;
        timer.split(':').next().map(str::to_owned)
    }

    #[tokio::test]
    async fn a_connection_that_only_listens_is_asked_whether_it_is_alive() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let node = Node::new(&format!("redis://127.0.0.1:{port}"), QUIET).unwrap();
        let looking = std::thread::spawn(move || {
            let looks = (0..100).map(|_| {
                std::thread::sleep(Duration::from_millis(10));
                timer_of(port)
            });
            looks.take_while(|timer| timer.as_deref() != Some("02")).count()
        });
        // Nobody answers here: it waits until there was time to look.
        let connect = node.client().get_async_pubsub();
        drop(tokio::time::timeout(Duration::from_millis(1_200), connect).await);
        assert!(looking.join().unwrap() < 100, "nobody would notice that it is dead");
    }
}
