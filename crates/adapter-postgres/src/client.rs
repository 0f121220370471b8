//! A connection of the pool that is not waited for without end.
//!
//! A server ends each statement in time, but one that is stopped, or is reached over something that
//! has forgotten the connection, says nothing at all, and TCP does not mind. Whoever asked is told
//! after a while, and the connection, which may be dead, is not used again.

use crate::trouble;
use admitone_app::{Trouble, TroubleKind};
use deadpool_postgres::Object;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_postgres::Error;

/// A connection.
pub(crate) struct Client {
    /// There until it is dropped.
    object: Option<Object>,
    silence: Duration,
    is_silent: AtomicBool,
}

impl Client {
    /// One that is asked for an answer in this time.
    pub(crate) fn new(object: Object, silence: Duration) -> Self {
        Self { object: Some(object), silence, is_silent: AtomicBool::new(false) }
    }

    /// What the server answers; trouble where it says nothing.
    pub(crate) async fn within<T>(
        &self,
        operation: &'static str,
        asked: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<T, Trouble> {
        match tokio::time::timeout(self.silence, asked).await {
            Ok(answered) => answered,
            Err(_) => Err(self.give_up(operation)),
        }
    }

    /// It was waited for in vain.
    pub(crate) fn give_up(&self, operation: &'static str) -> Trouble {
        self.is_silent.store(true, Ordering::Relaxed);
        Trouble::new(TroubleKind::Unavailable, operation, "the server says nothing")
    }

    /// The same, where all that can go wrong is the statement.
    pub(crate) async fn ask<T>(
        &self,
        operation: &'static str,
        asked: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Trouble> {
        self.within(operation, async { asked.await.map_err(trouble::of(operation)) }).await
    }

    /// Whether it was waited for in vain.
    pub(crate) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }
}

impl Deref for Client {
    type Target = Object;

    fn deref(&self) -> &Object {
        // It is taken out by `drop` alone.
        self.object.as_ref().unwrap_or_else(|| unreachable!("the connection is gone"))
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Object {
        self.object.as_mut().unwrap_or_else(|| unreachable!("the connection is gone"))
    }
}

impl Drop for Client {
    /// One that is silent does not go back to the pool.
    fn drop(&mut self) {
        if let Some(object) = self.object.take().filter(|_| self.is_silent()) {
            tracing::warn!("a connection on which the server says nothing is given up");
            drop(Object::take(object));
        }
    }
}
