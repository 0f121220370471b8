//! `cargo xtask versus brokers`: what it costs when commands travel by a broker.
//!
//! Charges of one wallet, the hottest row there is, by every way to travel; each answer is durable,
//! and counts only if the audit of `admitone bench` lets it stand. Beside RabbitMQ stands a queue by
//! itself, beside Kafka's batches the same road with one message for each transaction under the lock of
//! its row, with nothing added to a transaction and with 20 ms.

use super::pgbench::Pgbench;
use crate::command::{built, output};
use crate::served::Served;
use crate::services::{ForTests, Service};
use std::path::Path;
use std::process::{Command, Stdio};

/// How long each load counts, in seconds.
const SECONDS: &str = "4";

/// So many ask at once where each transaction is slow, as in R2: more would wait for longer than a
/// house lets anybody wait.
const USERS_OF_R2: &str = "100";

/// A way to travel.
struct Way {
    name: &'static str,
    strategy: &'static str,
    /// Settings of the house.
    settings: &'static [(&'static str, &'static str)],
    /// What is added to each transaction, in milliseconds.
    added_ms: u32,
}

const ONE_EACH: &[(&str, &str)] = &[("ADMITONE_JOBS_BATCH_MAX", "1")];
const WAYS: [Way; 9] = [
    Way::new("no broker", "batched", &[], 0),
    Way::new("jobs, batch 1", "job-queue", ONE_EACH, 0),
    Way::new("jobs, batch 100", "job-queue", &[], 0),
    Way::new("rabbitmq, prefetch 1", "rabbitmq/none/optimistic", ONE_EACH, 0),
    Way::new(
        "rabbitmq, prefetch 100",
        "rabbitmq/none/optimistic",
        &[("ADMITONE_RABBITMQ_PREFETCH", "100")],
        0,
    ),
    Way::new(ROW_LOCK, "kafka/none/pessimistic", ONE_EACH, 0),
    Way::new(BATCHES, "kafka-batch", &[], 0),
    Way::new(ROW_LOCK, "kafka/none/pessimistic", ONE_EACH, 20),
    Way::new(BATCHES, "kafka-batch", &[], 20),
];
const ROW_LOCK: &str = "kafka, one message a transaction, row lock";
const BATCHES: &str = "kafka-batch";

/// What a way came to.
struct Seen {
    /// Answers a second as fast as they are answered.
    rate: f64,
    /// The p99 at half of that, in milliseconds.
    p99_ms: f64,
}

impl Way {
    const fn new(
        name: &'static str,
        strategy: &'static str,
        settings: &'static [(&'static str, &'static str)],
        added_ms: u32,
    ) -> Self {
        Self { name, strategy, settings, added_ms }
    }
}

/// Measures all of them.
pub(super) fn run() -> Result<(), String> {
    let wanted = [Service::Postgres, Service::Redis, Service::Rabbitmq, Service::Kafka];
    let services = ForTests::of(&wanted)?;
    let program = built(&["--release"], "release")?;
    let pgbench = Pgbench::find(services.address(Service::Postgres)?)?;
    println!("| way | added | answers a second | p99 at half of that, ms |");
    println!("| --- | --- | --- | --- |");
    let mut all = Vec::with_capacity(WAYS.len());
    for (number, way) in WAYS.iter().enumerate() {
        let store = pgbench.fresh_database(&format!("ways_{number}"))?;
        let seen = measure(&program, way, (&services, &store))?;
        let Way { name, added_ms, .. } = way;
        println!("| {name} | {added_ms} ms | {:.0} | {:.0} |", seen.rate, seen.p99_ms);
        all.push(seen);
    }
    let bare = bare(services.address(Service::Rabbitmq)?, "100")?;
    println!("a queue of RabbitMQ by itself, prefetch 100: {bare:.0} messages a second");
    let rate = |at: usize| all.get(at).map_or(f64::NAN, |seen: &Seen| seen.rate);
    println!("rabbitmq with prefetch 100 against that: {:.2} (goal 0.6)", rate(4) / bare);
    println!("{BATCHES} against one message each: {:.1} (goal 4)", rate(6) / rate(5));
    println!("the same with 20 ms added: {:.1} (goal 20)", rate(8) / rate(7));
    Ok(())
}

fn measure(
    program: &Path,
    way: &Way,
    (services, store): (&ForTests, &str),
) -> Result<Seen, String> {
    let flags = [
        ("--store", store),
        ("--redis", services.address(Service::Redis)?),
        ("--rabbitmq", services.address(Service::Rabbitmq)?),
        ("--kafka", services.address(Service::Kafka)?),
        ("--strategy", way.strategy),
    ];
    let mut serve = Command::new(program);
    serve.args(["serve", "--bench-routes", "--listen", "127.0.0.1:0"]);
    serve.args(flags.iter().flat_map(|(flag, value)| [flag, value]));
    serve.args(["--slow-ms", &way.added_ms.to_string()]);
    let house = Served::start(serve.envs(way.settings.iter().copied()).stderr(Stdio::null()));
    let house = house.map_err(|why| format!("{}: {why}", way.name))?;
    let ceiling = bench(program, (way, &house), None)?;
    let rate = number(&ceiling["ceiling"])?;
    let half = format!("{:.0}", (rate / 2.0).max(1.0));
    let open = bench(program, (way, &house), Some(&half))?;
    Ok(Seen { rate, p99_ms: number(&open["open"]["p99_ms"])? })
}

/// One run of `admitone bench` on a house.
fn bench(
    program: &Path,
    (way, house): (&Way, &Served),
    rate: Option<&str>,
) -> Result<serde_json::Value, String> {
    let program = program.to_string_lossy();
    let url = format!("http://{}", house.address);
    let mut words = vec![&*program, "bench", "--json", "--runs", "1", "--scenario", "charges"];
    words.extend(["--seconds", SECONDS, "--url", &url, "--operator-key", &house.operator_key]);
    if way.added_ms > 0 {
        words.extend(["--connections", USERS_OF_R2]);
    }
    // In the first run only the closed loop is wanted.
    words.extend(["--rate", rate.unwrap_or("5")]);
    let printed = output(&words)?;
    let report: serde_json::Value =
        serde_json::from_str(&printed).map_err(|error| format!("admitone bench: {error}"))?;
    Ok(report["scenarios"][0].clone())
}

/// The median of a figure.
fn number(figure: &serde_json::Value) -> Result<f64, String> {
    let found = figure["measured"]["median"].as_f64();
    found.ok_or_else(|| "admitone bench measured nothing".to_owned())
}

/// How many messages a second come through a queue by itself.
fn bare(address: &str, prefetch: &str) -> Result<f64, String> {
    let cargo = ["cargo", "run", "--quiet", "--release", "-p", "admitone-adapter-rabbitmq"];
    let example = ["--example", "bare_pipeline", "--", address, SECONDS, prefetch];
    let printed = output(&[&cargo[..], &example].concat())?;
    printed.trim().parse().map_err(|_| format!("bare_pipeline: {printed}"))
}
