//! A connection of the pool that is not waited for without end.
//!
//! A server ends each statement in time, but one that is stopped, or is reached over something that
//! has forgotten the connection, says nothing at all, and TCP does not mind. Whoever asked is told
//! after a while. A connection that is let go in the middle of an answer is closed by the driver.

use admitone_app::{Trouble, TroubleKind};
use mysql_async::Conn;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

/// A connection.
pub(crate) struct Client {
    conn: Conn,
    silence: Duration,
}

impl Client {
    /// One that is asked for an answer in this time.
    pub(crate) fn new(conn: Conn, silence: Duration) -> Self {
        Self { conn, silence }
    }

    /// How long an answer may take.
    pub(crate) fn silence(&self) -> Duration {
        self.silence
    }

    /// Closes it.
    pub(crate) async fn disconnect(self) -> Result<(), mysql_async::Error> {
        self.conn.disconnect().await
    }
}

/// What the server answers in time; trouble where it says nothing.
pub(crate) async fn within<T>(
    silence: Duration,
    operation: &'static str,
    asked: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let silent = || Trouble::new(TroubleKind::Unavailable, operation, "the server says nothing");
    tokio::time::timeout(silence, asked).await.unwrap_or_else(|_| Err(silent()))
}

impl Deref for Client {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
