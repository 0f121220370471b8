//! A node that lets everybody in and answers nobody, before one that serves; and what is said where none lets anybody in.

use super::{carrier, job, numbers};
use admitone_adapter_rabbitmq::{RabbitCarrier, RabbitOptions};
use admitone_app::clock::HandClock;
use admitone_app::ports::carrier::Carrier;
use admitone_conformance::own_broker::{Broker, kinds, take};
use admitone_conformance::redis_server::own_prefix;
use admitone_domain::Moment;
use std::net::TcpListener;
use std::sync::Arc;

const MINUTE_MS: u64 = 60_000;

fn bound() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("amqp://{}", listener.local_addr().unwrap());
    (listener, address)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_says_nothing_keeps_nobody_from_the_next() {
    let Some(address) = Broker::Rabbitmq.shared() else { return };
    let (_listener, silent) = bound();
    let address = format!("{silent},{address}");
    let carrier = carrier(RabbitOptions::new(&address, &own_prefix(), Some(1)));
    assert_eq!(kinds(&carrier.publish(vec![job(1)]).await), [None]);
    let mut consumer = carrier.consumer().await.unwrap();
    assert_eq!(numbers(&take(&mut *consumer, 1).await), [1]);
    consumer.leave().await;
}

/// How often a silent node is asked by so many who connect, where so much time goes by between them.
async fn asked(real: &str, times: usize, between_ms: u64) -> usize {
    let (listener, silent) = bound();
    listener.set_nonblocking(true).unwrap();
    let clock = Arc::new(HandClock::at(Moment(0)));
    let options = RabbitOptions::new(&format!("{silent},{real}"), &own_prefix(), Some(1));
    let carrier = RabbitCarrier::new(options, Arc::clone(&clock) as _).unwrap();
    for _ in 0..times {
        carrier.consumer().await.unwrap().leave().await;
        clock.advance_ms(between_ms);
    }
    std::iter::from_fn(|| listener.accept().ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_node_is_asked_once_a_minute_and_each_time_where_it_is_forgotten() {
    let Some(real) = Broker::Rabbitmq.shared() else { return };
    // Where the broker is slow once, the silent one is asked beside it although it comes last.
    let often = asked(&real, 20, MINUTE_MS / 10).await;
    assert!((2..=4).contains(&often), "{often} of 20");
    assert_eq!(asked(&real, 4, MINUTE_MS).await, 4, "it is forgotten each time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_not_hidden_by_a_node_that_is_gone() {
    let Some(real) = Broker::Rabbitmq.shared() else { return };
    let wrong = real.replacen("guest:guest@", "guest:wrong@", 1);
    assert_ne!(wrong, real);
    let (_, gone) = bound();
    let carrier = carrier(RabbitOptions::new(&format!("{wrong},{gone}"), "x", None));
    let said = carrier.check().await.unwrap_err().detail;
    let [first, second] = said.split("; ").collect::<Vec<_>>().try_into().unwrap();
    assert!(first.contains("ACCESS_REFUSED") && second.contains("refused"), "{said}");
    assert!(!said.contains("wrong"), "{said}");
}
