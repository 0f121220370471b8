//! What tests say to a Redis server of their own.

use admitone_conformance::redis_server::RedisServer;
use redis::aio::MultiplexedConnection;
use std::time::Duration;

/// However busy the machine is.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) trait Talk {
    async fn connection(&self) -> MultiplexedConnection;

    /// Makes it a copy of the one behind a port.
    async fn copy(&self, port: u16);

    /// Says something to it.
    async fn command(&self, words: &[&str]);

    /// What it says of itself.
    async fn info(&self, section: &str) -> String;

    /// Whether the head of the room says a word.
    async fn is_at(&self, word: &str) -> bool;
}

impl Talk for RedisServer {
    async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.address()).unwrap();
        let patient = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        client.get_multiplexed_async_connection_with_config(&patient).await.unwrap()
    }

    async fn copy(&self, port: u16) {
        self.command(&["REPLICAOF", "127.0.0.1", &port.to_string()]).await;
        for _ in 0..200 {
            if self.info("replication").await.contains("master_link_status:up") {
                return;
            }
            tokio::task::yield_now().await;
            std::thread::sleep(Duration::from_millis(25));
        }
        panic!("the copy did not begin");
    }

    async fn command(&self, words: &[&str]) {
        let mut connection = self.connection().await;
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(word);
        }
        command.query_async::<redis::Value>(&mut connection).await.unwrap();
    }

    async fn info(&self, section: &str) -> String {
        let mut connection = self.connection().await;
        redis::cmd("INFO").arg(section).query_async(&mut connection).await.unwrap()
    }

    async fn is_at(&self, word: &str) -> bool {
        let mut connection = self.connection().await;
        let head = redis::cmd("GET").arg("admitone:{room:1}:head").to_owned();
        let head: Option<Vec<u8>> = head.query_async(&mut connection).await.unwrap();
        head.is_some_and(|head| head.windows(word.len()).any(|part| part == word.as_bytes()))
    }
}
