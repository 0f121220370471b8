//! The bell between instances where there is no Redis: `LISTEN` and `NOTIFY` on a connection of its
//! own. It never rings inside a batch: whoever commits a notification waits for all others who do.

use crate::open::PostgresStore;
use crate::trouble;
use admitone_app::ports::bell::Bell;
use admitone_app::{Trouble, TroubleKind};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};
use tokio_util::sync::CancellationToken;

/// A connection that broke is made anew after so long.
const PAUSE: Duration = Duration::from_millis(500);

/// A bell on a server.
pub struct PostgresBell {
    config: Arc<Config>,
    channel: String,
    instance: String,
    /// While it is listened on.
    client: Mutex<Option<Arc<Client>>>,
    heard: Notify,
}

impl PostgresStore {
    /// A bell for all who give it this name, rung by `instance`. It is heard, and rings, while
    /// [`PostgresBell::listen`] runs.
    pub fn bell(&self, name: &str, instance: &str) -> PostgresBell {
        PostgresBell {
            config: self.config(),
            channel: format!("admitone_{name}"),
            instance: instance.to_owned(),
            client: Mutex::default(),
            heard: Notify::new(),
        }
    }
}

impl PostgresBell {
    /// Listens until `stop`, whatever becomes of the server.
    pub async fn listen(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Some(Err(error)) = stop.run_until_cancelled(self.hear()).await {
                tracing::debug!(%error, "nobody is heard for now");
            }
            *self.client.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
        }
    }

    async fn hear(&self) -> Result<(), tokio_postgres::Error> {
        let (client, mut connection) = self.config.connect(NoTls).await?;
        let client = Arc::new(client);
        let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
        let hearing = async {
            while let Some(message) = messages.next().await {
                if let AsyncMessage::Notification(rung) = message?
                    && rung.payload() != self.instance
                {
                    self.heard.notify_one();
                }
            }
            Ok(())
        };
        let listening = async {
            // A hint that a crash loses is no loss, so nobody waits for the disk.
            let sql = format!("SET synchronous_commit = off; LISTEN {}", self.channel);
            client.batch_execute(&sql).await?;
            // Somebody may have rung before.
            self.heard.notify_one();
            *self.client.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&client));
            Ok(())
        };
        tokio::try_join!(hearing, listening).map(|_| ())
    }
}

#[async_trait]
impl Bell for PostgresBell {
    async fn ring(&self) -> Result<(), Trouble> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let away = || Trouble::new(TroubleKind::Unavailable, "ring", "no connection at the moment");
        let client = client.ok_or_else(away)?;
        let sql = "SELECT pg_notify($1, $2)";
        let rung = client.execute(sql, &[&self.channel, &self.instance]).await;
        rung.map(|_| ()).map_err(trouble::of("ring"))
    }

    async fn heard(&self) {
        self.heard.notified().await;
    }
}
