//! The figures: what each is called, what it means, in which unit; and those that are counted
//! only when somebody looks.
//!
//! The tables below make the help lines of the scrape and `docs/metrics.md`; a test compares them
//! with what is really exported.

mod of_rooms;
mod roads;
mod rooms;
mod table;

pub use table::{Figure, Kind};

use crate::house::House;
use admitone_app::ports::clock::Clock;
use admitone_app::ports::queues::{NamedQueues, QueueReport};
use admitone_app::ports::tap::Tap;
use admitone_domain::Verdict;
pub use metrics_exporter_prometheus::PrometheusHandle;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// From a tenth of a millisecond to ten seconds.
const EXCHANGE_SECONDS: [f64; 11] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 10.0];
/// From at once to half a day.
const WAIT_SECONDS: [f64; 12] =
    [1.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 43_200.0];
/// Powers of four.
const COUNTS: [f64; 8] = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];
/// How often what was recorded is taken together. Until then every value is kept by itself.
const UPKEEP_MS: u64 = 5_000;

/// Every figure there is.
pub fn all() -> impl Iterator<Item = &'static Figure> {
    table::FIGURES.iter().chain(&of_rooms::OF_ROOMS).chain(&roads::OF_ROADS)
}

/// Starts to keep figures, with their meanings and the borders of their histograms.
pub fn recorder() -> Result<PrometheusHandle, BuildError> {
    let mut builder = PrometheusBuilder::new();
    for figure in all().filter(|figure| figure.kind == Kind::Histogram) {
        let borders: &[f64] = match (figure.name, figure.unit) {
            ("wr_wait_seconds", _) => &WAIT_SECONDS,
            (_, "seconds") => &EXCHANGE_SECONDS,
            _ => &COUNTS,
        };
        let name = Matcher::Full(figure.name.to_owned());
        builder = builder.set_buckets_for_metric(name, borders)?;
    }
    let handle = builder.install_recorder()?;
    for figure in all() {
        match figure.kind {
            Kind::Counter => metrics::describe_counter!(figure.name, figure.meaning),
            Kind::Gauge => metrics::describe_gauge!(figure.name, figure.meaning),
            Kind::Histogram => metrics::describe_histogram!(figure.name, figure.meaning),
        }
        if figure.kind == Kind::Counter && figure.labels.is_empty() {
            // There from the beginning: what is missing cannot be told from what is zero.
            metrics::counter!(figure.name).increment(0);
        }
    }
    Ok(handle)
}

/// Takes recorded values together until the house closes, whether anybody looks or not.
pub async fn keep(handle: PrometheusHandle, clock: Arc<dyn Clock>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_ms(UPKEEP_MS) => handle.run_upkeep(),
        }
    }
}

/// Says how queues stand until the house closes.
pub async fn watch_queues(
    queues: Arc<NamedQueues>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
) {
    while !queues.names().is_empty() {
        let seen = queues.look().await;
        seen.reports.iter().for_each(publish_queue);
        for (queue, trouble) in seen.unseen {
            tracing::debug!(queue, %trouble, "a queue is not seen");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep_ms(UPKEEP_MS) => {}
        }
    }
}

fn publish_queue(queue: &QueueReport) {
    let small = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let states = [
        ("waiting", queue.waiting),
        ("running", queue.running),
        ("delayed", queue.delayed),
        ("dead", queue.dead),
    ];
    for (state, count) in states {
        metrics::gauge!("admitone_queue_jobs", "queue" => queue.name.clone(), "state" => state)
            .set(small(count));
    }
    let oldest = f64::from(small(queue.oldest_ms.unwrap_or(0))) / 1_000.0;
    metrics::gauge!("admitone_queue_oldest_seconds", "queue" => queue.name.clone()).set(oldest);
}

/// Counts what is committed.
pub struct Commits;

impl Tap for Commits {
    fn committed(&self, verdict: &Arc<Verdict>) {
        metrics::counter!("admitone_commits_total").increment(1);
        let commands = u64::try_from(verdict.answers.len()).unwrap_or(u64::MAX);
        metrics::counter!("admitone_commands_total").increment(commands);
    }
}

/// What is counted elsewhere becomes a figure when somebody looks.
pub(crate) fn publish(house: &House) {
    let waiting = u32::try_from(house.office.delivery.waiting()).unwrap_or(u32::MAX);
    metrics::gauge!("admitone_queue_commands").set(waiting);
    rooms::publish(house);
}

/// The table as a document.
pub fn document() -> String {
    let mut text =
        "# The figures\n\nMade from the program by `cargo xtask generate`. `GET /metrics` \
                    serves them in the text format of\nPrometheus. A figure with labels appears \
                    with its first value.\n\n\
                    | name | kind | unit | labels | meaning |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    for figure in all() {
        let kind = match figure.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        let cells = [figure.name, "` | ", kind, " | ", figure.unit, " | ", figure.labels, " | "];
        text += "| `";
        text += &cells.concat();
        text += figure.meaning;
        text += " |\n";
    }
    text
}
