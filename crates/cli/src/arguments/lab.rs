//! What can be typed of the laboratory.

use admitone_app::strategy::StrategyMap;
use admitone_lab::faults::Fault;
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct Lab {
    #[command(subcommand)]
    pub(crate) task: LabTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LabTask {
    /// List the workloads with their parameters, and the strategies.
    List(List),
    /// Run a workload on a house and audit what it answered.
    ///
    /// Ends with 1 if the audit finds something wrong, with 4 if a goal was not reached, and with 3 if
    /// it was ended early (Ctrl-C): what was played until then is audited and told.
    Run(Box<Run>),
    /// Audit a kept run again and make its reports anew.
    Replay(Replay),
    /// Put kept reports side by side: ratios to the first, and whether the spreads touch.
    Compare(Compare),
    /// Make the pages of a kept report anew, without its history.
    Report(Again),
    /// Run workloads under one strategy after the other, each on a store of its own, and rank them.
    ///
    /// `--out` gets a report of every cell below `cells/`, and `matrix.html`, `.md` and `.json` over all.
    /// Ends with 1 if the control `unsafe` was run and not found out: then the others prove nothing.
    Matrix(Box<Matrix>),
    /// Make the published pages of a matrix: its figures, and which strategy to choose.
    Publish(Publish),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Run {
    /// The workload; see `admitone lab list`.
    pub(crate) workload: String,
    #[command(flatten)]
    pub(crate) how: How,
    #[command(flatten)]
    pub(crate) house: House,
    /// A house that runs already: its address; again for each further instance. It stays as it was started, so nothing may be said here of how. For `ceiling` start it with `--bench-routes`, for `token-ramp` and `confirm` with `--reference-routes`.
    #[arg(long = "url", requires = "operator_key", conflicts_with_all = ["store", "redis", "rabbitmq", "kafka", "instances", "strategy", "without_guards", "observe"])]
    pub(crate) urls: Vec<String>,
    /// An operator's key of that house.
    #[arg(long, env = "ADMITONE_OPERATOR_KEY", hide_env_values = true)]
    pub(crate) operator_key: Option<String>,
    /// How many instances of a house of our own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) instances: u8,
    /// How that house settles commands, as of `serve`.
    #[arg(long)]
    pub(crate) strategy: Option<StrategyMap>,
    /// Leave out the constraints that catch an oversell, so that it is seen what the strategy does by itself; the store must be empty.
    #[arg(long)]
    pub(crate) without_guards: bool,
    /// Have the house tell what its transactions read and wrote, and look for circles in that; of rows that are added to whatever their version is, as in conditional mode, nothing follows.
    #[arg(long)]
    pub(crate) observe: bool,
    /// What that house sells when it opens, as of `import`; for `drill`, which buys whatever there is.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["urls", "store"])]
    pub(crate) programme: Option<PathBuf>,
    /// Leave the processors to others who want them, and go no further when the standard input ends.
    #[arg(long, conflicts_with = "urls")]
    pub(crate) beside_a_sale: bool,
    /// What happens meanwhile, such as `3s:kill:instance-1`, `5s:restart:instance-1`, `4s:pause:service-1:800ms`, `4s:kill:service-2`, `5s:restart:service-2:COMMAND`, `6s:slow:service-1:20ms:3s`, `7s:cut:service-1`, `8s:fill-disk:data:2s`, `9s:jump:instance-1:-3600s` or `9s:run:COMMAND`; services are counted in this order: the store, each node of Redis, each of RabbitMQ, each broker of Kafka.
    #[arg(long = "fault", value_name = "AT:WHAT:WHOM")]
    pub(crate) faults: Vec<Fault>,
    /// Plant a defect in the house, by its name.
    #[cfg(feature = "sabotage")]
    #[arg(long, conflicts_with = "urls")]
    pub(crate) sabotage: Option<String>,
    /// Keep the history as JSON lines too, as docs/history.md describes them.
    #[arg(long, requires = "out")]
    pub(crate) lines: bool,
}

/// How a workload is run.
#[derive(Debug, Args)]
pub(crate) struct How {
    /// Override a parameter of the workload, such as `users=100`; can be given more than once.
    #[arg(long = "set", value_name = "NAME=NUMBER")]
    pub(crate) set: Vec<String>,
    /// How often it is run, each time on a fresh stage.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) runs: u32,
    /// For what is random; the same seed asks for the same.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many threads send.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) threads: u8,
    /// The quick parameters: a first look, a minute or less for each run.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Print the report as JSON, and nothing while it runs; only a matrix says on the standard error how each cell ended.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say nothing while it runs, nor how the cells of a matrix ended.
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Keep histories, reports and logs here. Those of an earlier run or matrix that are here are replaced without a question; whatever else is here stays.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

/// What a house has for those who measure it, and no house that sells.
#[derive(Debug, Args)]
pub(crate) struct Measured {
    /// Serve the no-op routes that benchmarks compare with.
    #[arg(long, hide = true)]
    pub(crate) bench_routes: bool,
    /// Write down what transactions read and wrote, for the laboratory.
    #[arg(long, hide = true)]
    pub(crate) observe: bool,
    /// Let whoever comes move the wall clock that this process sees, for the laboratory.
    #[arg(long, hide = true)]
    pub(crate) movable_clock: bool,
    /// Make each transaction of the store so much longer, for the laboratory.
    #[arg(long, hide = true, value_name = "MILLISECONDS", default_value_t = 0)]
    pub(crate) slow_ms: u64,
}

/// The services of a house of our own.
#[derive(Debug, Args)]
pub(crate) struct House {
    /// Its store, as of `serve`. Without it, the embedded one in a directory of its own. A matrix makes itself an empty place on that server for each cell.
    #[arg(long)]
    pub(crate) store: Option<String>,
    /// Redis beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) redis: Option<String>,
    /// RabbitMQ beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) rabbitmq: Option<String>,
    /// Kafka beside that store, as of `serve`.
    #[arg(long, requires = "store")]
    pub(crate) kafka: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Print the list as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the list here too, as `workloads.txt` and `workloads.json`.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Each parameter as a quick run has it, and no other way.
    #[arg(long)]
    pub(crate) quick: bool,
}

/// A run that is kept, and where reports of it go.
#[derive(Debug, Args)]
pub(crate) struct Kept {
    /// The directory of `--out`.
    pub(crate) directory: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the reports here, and not where the run is.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// A first look: audit the first of several runs alone, and write reports only where `--out` says.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Write the history of each run as JSON lines too, as docs/history.md describes them.
    #[arg(long)]
    pub(crate) lines: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Again {
    #[command(flatten)]
    pub(crate) kept: Kept,
    /// Changes nothing: nothing is audited here, and it is a moment's work in any case.
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// The directories of `--out`, or their `report.json`.
    #[arg(required = true, num_args = 2..)]
    pub(crate) reports: Vec<PathBuf>,
    /// Print the comparison as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Write the comparison here too, as `compare.md` and `compare.json`.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Changes nothing: reports are read and not their histories, a moment's work in any case.
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Matrix {
    /// The workloads; where none is named, `overbook` and `cash`, or with `--quick` `cash` alone. `--set` is for all of them that have the parameter, and `--set confirm.seconds=5` for one of them.
    pub(crate) workloads: Vec<String>,
    #[command(flatten)]
    pub(crate) how: How,
    #[command(flatten)]
    pub(crate) house: House,
    /// A strategy, or a map as of `serve`; can be given more than once. Without it, all that have a name, and the embedded store beside them. The control `unsafe` is always among them.
    #[arg(long = "strategy")]
    pub(crate) strategies: Vec<StrategyMap>,
    /// With so many instances; several with commas between them. With `--quick`, 1 where nothing is said.
    #[arg(long = "instances", value_delimiter = ',', default_values_t = [1, 2], default_value_if("quick", "true", "1"), value_parser = clap::value_parser!(u8).range(1..=64))]
    pub(crate) instances: Vec<u8>,
    /// Run also what is computed to do harm, such as a lock in the process with several instances; it gets no rank, whatever is found. Without it, only the control is run to its harm.
    #[arg(long)]
    pub(crate) even_harmful: bool,
    /// Have every house tell what its transactions read and wrote, and look for circles in that, as of `run`; it costs some throughput.
    #[arg(long)]
    pub(crate) observe: bool,
    /// Go on where an earlier run with the same `--out` ended: a cell whose report is there, of the same build, parameters and services, is not run again.
    #[arg(long, requires = "out")]
    pub(crate) resume: bool,
    /// With `--resume`, leave cells of other builds of the program as they are too, and say of each cell which build it is of. Those that are to be run anew are taken away below `cells/` before.
    #[arg(long, requires = "resume")]
    pub(crate) other_builds: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    /// The directory of `--out` of a matrix, or its `matrix.json`.
    pub(crate) matrix: PathBuf,
    /// Write `matrix.json`, `README.md` and `choose.md` here.
    #[arg(long, required_unless_present = "page")]
    pub(crate) to: Option<PathBuf>,
    /// Print one of the pages, and write nothing.
    #[arg(long, conflicts_with = "to")]
    pub(crate) page: Option<Published>,
}

/// A published page.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Published {
    /// The figures.
    Result,
    /// Which strategy to choose.
    Choose,
}
