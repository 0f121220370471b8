//! How long a lane is nobody's when one more consumer comes: what was given up waits until whoever gets it has
//! heard of that.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::disallowed_methods,
    reason = "whoever consumes is another task, by the world's clock"
)]

use admitone_adapter_kafka::{KafkaCarrier, KafkaOptions};
use admitone_app::clock::SystemClock;
use admitone_app::ports::carrier::{Carrier, Heard, Lane, Outgoing, Tag, Urgency};
use admitone_conformance::own_broker::Broker;
use admitone_conformance::redis_server::own_prefix;
use admitone_conformance::stood_still::Span;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::watch;

const LANES: u16 = 8;
/// Whoever came later has this many of them when they are divided.
const HALF: usize = 4;

/// Longer than this no job waits, but for a slow heart.
const HARM: Duration = Duration::from_millis(1_400);
const TRIES: usize = 6;

/// When which job was taken.
type Taken = Arc<Mutex<BTreeMap<usize, Span>>>;

/// Consumes until it is stopped; how many lanes it has is told.
async fn consume(
    carrier: Arc<KafkaCarrier>,
    taken: Taken,
    mut stop: watch::Receiver<bool>,
    has: watch::Sender<usize>,
) {
    let mut consumer = carrier.consumer().await.unwrap();
    while !*stop.borrow_and_update() {
        match consumer.next(100).await.unwrap() {
            Heard::Assigned(lanes) => has.send_modify(|count| *count += lanes.len()),
            Heard::Revoked(lanes) => has.send_modify(|count| *count -= lanes.len()),
            Heard::Jobs(jobs) => {
                for job in &jobs {
                    let number = String::from_utf8_lossy(&job.body).parse().unwrap();
                    taken.lock().unwrap().entry(number).or_insert_with(Span::begin);
                }
                let tags: Vec<Tag> = jobs.iter().map(|job| job.tag).collect();
                consumer.acknowledge(&tags).await.unwrap();
            }
        }
    }
    consumer.leave().await;
}

/// The longest that a job waited while a second consumer came and got half of the lanes, without what this machine
/// did not let them run while it waited.
async fn longest_wait(address: &str, session_ms: u32) -> Duration {
    let options = KafkaOptions::new(address, &own_prefix(), LANES);
    let options = KafkaOptions { session_ms, patience: Duration::from_mins(1), ..options };
    let carrier = Arc::new(KafkaCarrier::new(options, Arc::new(SystemClock::default())));
    let (taken, (stop, stopped)) = (Taken::default(), watch::channel(false));
    let start = || {
        let (has, lanes) = watch::channel(0);
        let (carrier, taken, stop) = (Arc::clone(&carrier), Arc::clone(&taken), stopped.clone());
        (tokio::spawn(consume(carrier, taken, stop, has)), lanes)
    };
    let (first, mut lanes) = start();
    lanes.wait_for(|count| *count == usize::from(LANES)).await.unwrap();
    let (second, lanes) = start();
    let (mut sent, mut since) = (Vec::new(), None);
    // A second more, for whatever was late.
    while since.is_none_or(|since: Instant| since.elapsed() < Duration::from_secs(1)) {
        let jobs = (0..LANES).map(|lane| Outgoing {
            body: (sent.len() + usize::from(lane)).to_string().into_bytes(),
            lane: Lane(lane),
            urgency: Urgency::Usual,
            delay_ms: 0,
        });
        let now = Span::begin();
        let results = carrier.publish(jobs.collect()).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        sent.extend(vec![now; usize::from(LANES)]);
        tokio::time::sleep(Duration::from_millis(20)).await;
        if *lanes.borrow() == HALF {
            since.get_or_insert_with(Instant::now);
        }
    }
    while taken.lock().unwrap().len() < sent.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = stop.send(true);
    first.await.unwrap();
    second.await.unwrap();
    let taken = taken.lock().unwrap();
    sent.iter().zip(taken.values()).map(|(sent, taken)| sent.until(taken)).max().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_more_consumes_a_lane_is_nobodys_for_a_heartbeat() {
    let Some(address) = Broker::Kafka.shared() else { return };
    let waited = longest_wait(&address, 6_000).await;
    assert!(waited < HARM, "{waited:?}");
    // It beats every six seconds here, and by chance the next beat may be near.
    let mut longest = Duration::ZERO;
    for _ in 0..TRIES {
        longest = longest.max(longest_wait(&address, 180_000).await);
        if longest > HARM {
            return;
        }
    }
    panic!("{longest:?} with a slow heart, and it must do harm");
}
