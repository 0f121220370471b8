//! What can be typed, with the help that teaches it.

mod lab;
mod queue;
mod user;

use admitone_app::strategy::StrategyMap;
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

pub(crate) use lab::{
    Again, Compare, House, How, Kept, Lab, LabTask, List, Matrix, Measured, Publish, Published,
    Replay, Run,
};
pub(crate) use queue::{Queue, QueueTask};
pub(crate) use user::{User, UserTask};

/// Sells seats to a crowd: waiting room, holds, wallet, payments, tickets.
///
/// Start with `admitone serve --demo` and open the address it prints.
#[derive(Debug, Parser)]
#[command(name = "admitone", version, about, long_about)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Run the box office.
    Serve(Box<Serve>),
    /// Run several instances behind one port of this machine, for trying and for the laboratory.
    ///
    /// The store must be one that instances share. Connections go to the instances that are ready, in turn; one that dies is started again.
    Cluster(Box<Cluster>),
    /// Run workers without HTTP, for strategies in which commands travel: as many as you like.
    ///
    /// With the same store, Redis and strategy as `serve`. One that dies leaves what it had to the
    /// others.
    Work(Box<Work>),
    /// Look into the queues of commands that travel, and change what workers do.
    Queue(Queue),
    /// Bring a programme of concerts, shows and seats from a JSON file into the store.
    Import(Import),
    /// Recompute every invariant of the store two ways and say what is wrong.
    Verify(Verify),
    /// Look whether this machine and this data directory are ready for a sale.
    Doctor(Doctor),
    /// Show or check the configuration.
    Config(Config),
    /// Bring the tables of a store to this version.
    Migrate(Migrate),
    /// Make or list operators.
    User(User),
    /// Run a payment gateway that takes no money, for tests and for trying.
    ///
    /// It has the routes of Toss Payments, and `GET /ledger` says what it would have taken. How a
    /// payment goes is written in its key: `decline-REJECT_CARD_COMPANY.1`, `silent.2`; see
    /// docs/payments.md.
    FakeGateway(FakeGateway),
    /// Measure this build on this machine: load, audit and report in one command.
    ///
    /// Each scenario runs beside a no-op route of the same server, in turn; what counts is the
    /// ratio. Every answer that counts was audited. Ends with 1 if an audit finds something wrong.
    Bench(Box<Bench>),
    /// Try every way to keep bookings right: workloads, an auditor, a matrix of strategies.
    Lab(Lab),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the help of every command as one document.
    #[command(hide = true)]
    CommandLine,
    /// Print what every figure of `/metrics` means.
    #[command(hide = true)]
    Figures,
    /// Print what is told of outside, for people.
    #[command(hide = true)]
    Events,
    /// Print the same as an `AsyncAPI` document.
    #[command(hide = true)]
    Asyncapi,
    /// Print the table of strategies.
    #[command(hide = true)]
    Strategies {
        /// What the matrix test observed.
        observed: PathBuf,
        /// What it observed on real services.
        services: PathBuf,
    },
}

/// Where the store is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// A configuration file (TOML); flags and variables come before what it says.
    #[arg(long, global = true, env = "ADMITONE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The directory of the store.
    #[arg(long, global = true, env = "ADMITONE_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// The store: `sqlite:DIR`, `postgres://…` or `mysql://…`; without it the embedded one in the
    /// data directory.
    #[arg(long, global = true, env = "ADMITONE_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// How commands are settled: a strategy, and what goes another way, such as
    /// `batched pay=pessimistic`; see docs/strategies.md. The same for all who share a store.
    #[arg(long, global = true, env = "ADMITONE_STRATEGY")]
    pub(crate) strategy: Option<StrategyMap>,
    /// Redis beside a store that instances share: `redis://HOST:PORT`, several with commas between
    /// them. The first has the waiting rooms and the lock `pubsub`; `redlock` is on a majority.
    #[arg(long, global = true, env = "ADMITONE_REDIS", hide_env_values = true)]
    pub(crate) redis: Option<String>,
    /// RabbitMQ beside such a store: `amqp://USER:PASSWORD@HOST:PORT/VHOST`, of a cluster that of each
    /// node with commas between them. It carries the commands of strategies whose delivery is `rabbitmq`.
    #[arg(long, global = true, env = "ADMITONE_RABBITMQ", hide_env_values = true)]
    pub(crate) rabbitmq: Option<String>,
    /// Kafka beside such a store: `HOST:PORT`, several with commas between them. It carries the
    /// commands of strategies whose delivery is `kafka` or `kafka-batch`.
    #[arg(long, global = true, env = "ADMITONE_KAFKA")]
    pub(crate) kafka: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Leave out the constraints that catch an oversell, of new tables; for the laboratory.
    #[arg(long)]
    pub(crate) without_guards: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Fill an empty store with a believable sale, and serve the reference routes too. Without
    /// `--data-dir` the sale lives in a directory of its own under the system's temporary one.
    #[arg(long)]
    pub(crate) demo: bool,
    /// Send so many people to the demo, who wait, look, hold, pay or give up, leave, and come
    /// again; some hundreds keep a line before the door.
    #[arg(long, requires = "demo", value_name = "PEOPLE",
        value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) demo_crowd: Option<u32>,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, env = "ADMITONE_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Take payments through a gateway in the form of Toss Payments: `http://HOST:PORT`, with the
    /// secret key in `ADMITONE_GATEWAY_SECRET_KEY`. TLS is added by a proxy, see docs/payments.md.
    /// The demo starts a gateway of its own that takes no money.
    #[arg(long, env = "ADMITONE_GATEWAY")]
    pub(crate) gateway: Option<String>,
    /// Serve the routes of the reference systems. They trust the user id they are told.
    #[arg(long, env = "ADMITONE_REFERENCE_ROUTES", value_parser = BoolishValueParser::new())]
    pub(crate) reference_routes: bool,
    /// Sell although nothing would stop an oversell: from a store without its guards, with an
    /// unsafe map of strategies, or beside others with one that is safe only alone.
    #[arg(long)]
    pub(crate) allow_unsafe: bool,
    #[command(flatten)]
    pub(crate) measured: Measured,
    /// How the log looks.
    #[arg(long, env = "ADMITONE_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// End when the process ends that started this one, however it ended.
    #[arg(long, hide = true)]
    pub(crate) ends_with_parent: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Work {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How many workers of each queue; else as the configuration says, one at least.
    #[arg(long, value_parser = clap::value_parser!(usize))]
    pub(crate) workers: Option<usize>,
    /// Where `/metrics`, `/health/live` and `/health/ready` are served; else nowhere. Port 0 takes a
    /// free one.
    #[arg(long, env = "ADMITONE_METRICS", value_name = "ADDRESS")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Work although nothing would stop an oversell, as of `serve`.
    #[arg(long)]
    pub(crate) allow_unsafe: bool,
    /// How the log looks.
    #[arg(long, env = "ADMITONE_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
    /// End when the process ends that started this one, however it ended.
    #[arg(long, hide = true)]
    pub(crate) ends_with_parent: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FakeGateway {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:9090")]
    pub(crate) listen: SocketAddr,
    /// The secret key that it takes.
    #[arg(
        long,
        env = "ADMITONE_GATEWAY_SECRET_KEY",
        default_value = "test_sk_admitone",
        hide_env_values = true
    )]
    pub(crate) secret_key: String,
    /// Where it tells that the status of a payment changed, such as
    /// `http://127.0.0.1:8080/api/v1/gateway/webhooks`.
    #[arg(long)]
    pub(crate) webhook: Option<String>,
    /// The file in which it keeps what it took; without it, it forgets.
    #[arg(long)]
    pub(crate) ledger: Option<PathBuf>,
    /// End when the process ends that started this one, however it ended.
    #[arg(long, hide = true)]
    pub(crate) ends_with_parent: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Cluster {
    #[command(flatten)]
    pub(crate) place: Place,
    /// How many instances.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) instances: u8,
    /// The address to listen on; port 0 takes a free one. The instances take free ones of their
    /// own.
    #[arg(long, env = "ADMITONE_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Sell although nothing would stop an oversell, as of `serve`.
    #[arg(long)]
    pub(crate) allow_unsafe: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, with names of the Elastic Common Schema.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The file; imported twice, it is there once. A corrected one adds what is missing and changes
    /// nothing that is there.
    pub(crate) file: PathBuf,
    /// Print what was made as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print what was found as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) task: ConfigTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigTask {
    /// Print a file with every setting, its meaning and its default.
    Example,
    /// Check a file without starting anything.
    Check {
        /// The file.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// What to measure; can be given more than once. `start-million` takes minutes and runs only
    /// when it is named.
    #[arg(long = "scenario", value_enum)]
    pub(crate) scenarios: Vec<Scenario>,
    /// How often each scenario is run.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) runs: u32,
    /// How long each load counts, in seconds; a third of it, one second at most, is warm-up.
    #[arg(long, default_value_t = 3.0, value_parser = span)]
    pub(crate) seconds: f64,
    /// How many connections.
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: u16,
    /// How many threads send.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: u8,
    /// Requests a second of the open loop; else the scenario's own, or half of its ceiling.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// For what is random; the same seed asks for the same.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Measure a house on this store, as of `serve`; it should be empty. Without it, the embedded
    /// one in a directory of its own.
    #[arg(long, conflicts_with = "url")]
    pub(crate) store: Option<String>,
    /// How that house settles commands, as of `serve`.
    #[arg(long, conflicts_with = "url")]
    pub(crate) strategy: Option<StrategyMap>,
    /// Redis beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) redis: Option<String>,
    /// RabbitMQ beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) rabbitmq: Option<String>,
    /// Kafka beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) kafka: Option<String>,
    /// One short run with few connections: whether all works, not how fast.
    #[arg(long, conflicts_with_all = ["runs", "seconds", "connections"])]
    pub(crate) quick: bool,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Keep the report (JSON and table) and the server's log here; the store lies here meanwhile.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Measure a server that runs already, started with `--bench-routes`: its address.
    #[arg(long, requires = "operator_key")]
    pub(crate) url: Option<String>,
    /// An operator's key of that server.
    #[arg(long, env = "ADMITONE_OPERATOR_KEY", hide_env_values = true)]
    pub(crate) operator_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Durable holds of fresh seats.
    Holds,
    /// Charges on one hot wallet.
    Charges,
    /// Polls by users far back in the line.
    Polls,
    /// The seats of a show with 50.
    #[value(name = "seats-50")]
    Seats50,
    /// The seats of a show with 2,000.
    #[value(name = "seats-2000")]
    Seats2000,
    /// A page of concerts of a category.
    Lists,
    /// The waiting room's page of users far back in the line.
    WaitingPage,
    /// From start to ready on an empty store.
    Start,
    /// From start to ready with a million reservations.
    StartMillion,
}

fn span(text: &str) -> Result<f64, String> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.05..=3_600.0).contains(seconds));
    seconds.ok_or_else(|| "must be between 0.05 and 3600".to_owned())
}
