//! Events on an exchange of a real broker: whoever bound a queue finds what he wants, in its order.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use admitone_adapter_rabbitmq::{RabbitEvents, RabbitOptions};
use admitone_app::TroubleKind;
use admitone_app::clock::SystemClock;
use admitone_app::events::{CONTENT_TYPE, Envelope};
use admitone_app::ports::event_bus::EventBus;
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use admitone_domain::id::{ReservationId, ShowId};
use admitone_domain::{Event, Happening, Key, Moment};
use lapin::options::{
    BasicAckOptions, BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use std::sync::Arc;

fn event(number: u64, aggregate: Key, version: u64, what: Happening) -> Envelope {
    let event = Event { aggregate, version, at: Moment(1_700_000_000_000_001), what };
    Envelope { source: "/admitone/test".into(), number, event }
}

/// Events of two reservations and a show.
fn some() -> Vec<Envelope> {
    let (one, other) = (Key::Reservation(ReservationId(1)), Key::Reservation(ReservationId(2)));
    vec![
        event(1, one, 1, Happening::Released),
        event(2, Key::Show(ShowId(1)), 1, Happening::Changed { by: "op_1".into() }),
        event(3, other, 1, Happening::Expired),
        event(4, one, 2, Happening::Released),
    ]
}

fn bus(address: &str, exchange: &str) -> RabbitEvents {
    let options = RabbitOptions::new(address, exchange, None);
    RabbitEvents::new(options, Arc::new(SystemClock::default())).unwrap()
}

/// A queue that is bound so.
async fn bound(channel: &Channel, exchange: &str, key: &str) -> String {
    queue(channel, (exchange, key), FieldTable::default()).await
}

/// A queue with limits, that is bound so.
async fn queue(channel: &Channel, (exchange, key): (&str, &str), limits: FieldTable) -> String {
    let queue = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare("".into(), queue, limits).await.unwrap();
    let name = queue.name().as_str().to_owned();
    let (from, how) = (exchange.into(), QueueBindOptions::default());
    let bind =
        channel.queue_bind(name.as_str().into(), from, key.into(), how, FieldTable::default());
    bind.await.unwrap();
    name
}

/// Everything that lies in a queue.
async fn lying(channel: &Channel, queue: &str) -> Vec<Envelope> {
    let mut found = Vec::new();
    while let Some(message) =
        channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap()
    {
        let kind = message.delivery.properties.content_type().clone();
        assert_eq!(kind.unwrap().as_str(), CONTENT_TYPE);
        found.push(Envelope::from_bytes(&message.delivery.data).unwrap());
        message.delivery.acker.ack(BasicAckOptions::default()).await.unwrap();
    }
    found
}

#[tokio::test]
async fn who_bound_a_queue_finds_what_he_wants_in_its_order() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let exchange = own_prefix();
    let bus = bus(&address, &exchange);
    // It makes the exchange; before anybody has bound a queue, what is published is nobody's.
    bus.check().await.unwrap();
    bus.publish(0, &some()).await.unwrap();
    let how = ConnectionProperties::default();
    let connection = Connection::connect(&address, how).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let all = bound(&channel, &exchange, "#").await;
    let reservations = bound(&channel, &exchange, "reservation.*").await;
    bus.publish(0, &some()).await.unwrap();
    assert_eq!(lying(&channel, &all).await, some(), "as it was, in its order");
    let mut wanted = some();
    wanted.retain(|event| event.kind().starts_with("reservation."));
    assert_eq!(lying(&channel, &reservations).await, wanted);
}

/// A queue that takes one message and no more, and is bound so.
async fn narrow(channel: &Channel, exchange: &str, key: &str) {
    let mut limits = FieldTable::default();
    limits.insert("x-max-length".into(), AMQPValue::LongInt(1));
    limits.insert("x-overflow".into(), AMQPValue::LongString("reject-publish".into()));
    queue(channel, (exchange, key), limits).await;
}

#[tokio::test]
async fn what_follows_an_event_that_is_refused_does_not_overtake_it() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let exchange = own_prefix();
    let bus = bus(&address, &exchange);
    bus.check().await.unwrap();
    let connection = Connection::connect(&address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    narrow(&channel, &exchange, "reservation.released").await;
    let expired = bound(&channel, &exchange, "reservation.expired").await;
    let [one, other] = [1, 2].map(|number| Key::Reservation(ReservationId(number)));
    bus.publish(0, &[event(1, other, 1, Happening::Released)]).await.unwrap();
    let is_refused = event(2, one, 1, Happening::Released);
    let of_another = event(3, other, 2, Happening::Expired);
    let of_the_same = event(4, one, 2, Happening::Expired);
    let refused = bus.publish(0, &[is_refused.clone(), of_another.clone()]).await;
    assert_eq!(refused.unwrap_err().kind, TroubleKind::Busy);
    assert_eq!(lying(&channel, &expired).await, [of_another], "sent together, it is taken");
    let refused = bus.publish(0, &[is_refused, of_the_same]).await;
    assert_eq!(refused.unwrap_err().kind, TroubleKind::Busy);
    assert_eq!(lying(&channel, &expired).await, [], "it waits for the one before");
}

#[tokio::test]
async fn an_event_that_is_too_large_stops_nobody() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let exchange = own_prefix();
    let options = RabbitOptions { body_max: 400, ..RabbitOptions::new(&address, &exchange, None) };
    let bus = RabbitEvents::new(options, Arc::new(SystemClock::default())).unwrap();
    bus.check().await.unwrap();
    let connection = Connection::connect(&address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let all = bound(&channel, &exchange, "#").await;
    let mut events = some();
    events[1].event.what = Happening::Changed { by: "x".repeat(400) };
    bus.publish(0, &events).await.unwrap();
    events.remove(1);
    assert_eq!(lying(&channel, &all).await, events);
}

#[tokio::test]
async fn an_exchange_of_another_kind_is_trouble_and_no_event_is_passed_over() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let exchange = own_prefix();
    let connection = Connection::connect(&address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let (how, kind) = (ExchangeDeclareOptions::default(), ExchangeKind::Direct);
    let name = exchange.as_str().into();
    channel.exchange_declare(name, kind, how, FieldTable::default()).await.unwrap();
    let bus = bus(&address, &exchange);
    assert!(bus.publish(0, &some()).await.is_err());
    let how = ExchangeDeleteOptions::default();
    channel.exchange_delete(exchange.as_str().into(), how).await.unwrap();
}

#[tokio::test]
async fn an_exchange_that_was_removed_is_made_again() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let exchange = own_prefix();
    let bus = bus(&address, &exchange);
    bus.publish(0, &some()).await.unwrap();
    let connection = Connection::connect(&address, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    let how = ExchangeDeleteOptions::default();
    channel.exchange_delete(exchange.as_str().into(), how).await.unwrap();
    assert!(bus.publish(0, &some()).await.is_err(), "it says so once");
    bus.publish(0, &some()).await.unwrap();
}

#[tokio::test]
async fn a_broker_that_is_away_is_trouble() {
    let bus = bus("amqp://guest:guest@127.0.0.1:1/%2f", "nobody");
    let trouble = bus.publish(0, &some()).await.unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Unavailable);
    assert!(bus.check().await.is_err());
}
