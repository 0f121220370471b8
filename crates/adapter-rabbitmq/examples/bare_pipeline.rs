//! A queue of RabbitMQ by itself: publish with confirms, consume, acknowledge, and nothing else. What a
//! house that lets its commands travel by this broker is measured beside (`cargo xtask versus brokers`).
//!
//! `bare_pipeline AMQP_ADDRESS SECONDS PREFETCH` prints how many messages a second came through. As
//! many are under way as a house has callers then: whoever is acknowledged sends the next.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures the time that passes, and says so"
)]

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use std::time::{Duration, Instant};

type Failed = Box<dyn std::error::Error>;

/// So many messages are under way.
const UNDER_WAY: usize = 256;
/// As long as a charge is as a job.
const BODY: [u8; 200] = [7; 200];
/// To be kept on disk.
const PERSISTENT: u8 = 2;
/// The first moments do not count.
const WARM_UP: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [address, seconds, prefetch] = &words[..] else {
        return Err("bare_pipeline AMQP_ADDRESS SECONDS PREFETCH".into());
    };
    let span = Duration::from_secs(seconds.parse()?);
    let queue = format!("bare-{}", std::process::id());
    let connect = || Connection::connect(address, ConnectionProperties::default());
    let (outward, inward) = (connect().await?, connect().await?);
    let (sender, consumer) = (outward.create_channel().await?, inward.create_channel().await?);
    declare(&consumer, &queue).await?;
    sender.confirm_select(ConfirmSelectOptions::default()).await?;
    consumer.basic_qos(prefetch.parse()?, BasicQosOptions::default()).await?;
    let (through, is_through) = tokio::sync::mpsc::channel(UNDER_WAY);
    let taking = tokio::spawn(take(consumer.clone(), queue.clone(), through));
    let rate = send(&sender, &queue, (is_through, span)).await;
    taking.abort();
    let end = inward.create_channel().await?;
    end.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await?;
    println!("{:.0}", rate?);
    Ok(())
}

/// A queue as a house declares its own.
async fn declare(channel: &Channel, queue: &str) -> Result<(), Failed> {
    let mut kind = FieldTable::default();
    kind.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, kind).await?;
    Ok(())
}

/// Sends as many as came through, all that wait at once; how many a second that were.
async fn send(
    channel: &Channel,
    queue: &str,
    (mut is_through, span): (tokio::sync::mpsc::Receiver<usize>, Duration),
) -> Result<f64, Failed> {
    publish(channel, queue, UNDER_WAY).await?;
    let begun = Instant::now() + WARM_UP;
    let mut counted = 0_u32;
    while begun.elapsed() < span {
        let mut many = is_through.recv().await.ok_or("the consumer ended")?;
        while let Ok(more) = is_through.try_recv() {
            many += more;
        }
        if begun <= Instant::now() {
            counted += u32::try_from(many)?;
        }
        publish(channel, queue, many).await?;
    }
    Ok(f64::from(counted) / begun.elapsed().as_secs_f64())
}

/// Hands so many over and waits for their confirms.
async fn publish(channel: &Channel, queue: &str, many: usize) -> Result<(), Failed> {
    let mut confirms = Vec::with_capacity(many);
    for _ in 0..many {
        let properties = BasicProperties::default().with_delivery_mode(PERSISTENT);
        let how = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        confirms
            .push(channel.basic_publish("".into(), queue.into(), how, &BODY, properties).await?);
    }
    try_join_all(confirms).await?;
    Ok(())
}

/// Takes what comes and acknowledges all of it that is there with one word.
async fn take(
    channel: Channel,
    queue: String,
    through: tokio::sync::mpsc::Sender<usize>,
) -> Result<(), lapin::Error> {
    let options = BasicConsumeOptions::default();
    let consumer =
        channel.basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default());
    let mut batches = consumer.await?.ready_chunks(UNDER_WAY);
    while let Some(batch) = batches.next().await {
        let many = batch.len();
        if let Some(last) = batch.into_iter().last() {
            let ack = BasicAckOptions { multiple: true };
            channel.basic_ack(last?.delivery_tag, ack).await?;
        }
        if through.send(many).await.is_err() {
            break;
        }
    }
    Ok(())
}
