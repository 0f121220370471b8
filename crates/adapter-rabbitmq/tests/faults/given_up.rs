//! A beginning that is given up: with the client alone a consumer stays that nobody listens to. The adapter ends
//! the connection instead, and `who_gives_up_while_it_begins_holds_nothing` looks at that.

use super::{PATIENCE, now};
use admitone_app::clock::SystemClock;
use admitone_app::ports::clock::Clock;
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use futures_util::FutureExt;
use lapin::options::{BasicConsumeOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection, ConnectionProperties};

async fn connect(address: &str) -> (Connection, Channel) {
    let connection = Connection::connect(address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (connection, channel)
}

async fn declare(channel: &Channel, queue: &str, is_looked_at: bool) -> u32 {
    let options = QueueDeclareOptions {
        passive: is_looked_at,
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let found = channel.queue_declare(queue.into(), options, FieldTable::default()).await;
    found.unwrap().consumer_count()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_end_of_the_connection_a_consumer_stays_that_nobody_listens_to() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let (name, clock) = (own_prefix(), SystemClock::default());
    let (_kept, looking) = connect(&address).await;
    declare(&looking, &name, false).await;
    let (connection, channel) = connect(&address).await;
    let how = BasicConsumeOptions::default();
    let begins = channel.basic_consume(name.as_str().into(), "".into(), how, FieldTable::default());
    // It is on its way to the broker when it is given up.
    assert!(begins.now_or_never().is_none());
    let until = now() + PATIENCE;
    while declare(&looking, &name, true).await == 0 {
        assert!(now() < until, "the broker never heard of it");
        clock.sleep_ms(10).await;
    }
    drop((channel, connection));
    clock.sleep_ms(3_000).await;
    assert_eq!(declare(&looking, &name, true).await, 1, "the client ends it by itself");
}
