//! What can be typed, with the help that teaches it.

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

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
    /// Bring a programme of concerts, shows and seats from a JSON file into the store.
    Import(Import),
    /// Recompute every invariant of the store two ways and say what is wrong.
    Verify(Verify),
    /// Look whether this machine and this data directory are ready for a sale.
    Doctor(Place),
    /// Show or check the configuration.
    Config(Config),
    /// Bring the databases of a data directory to this version.
    Migrate(Place),
    /// Make or list operators.
    User(User),
    /// Print the OpenAPI document.
    Openapi,
    /// Print the help of every command as one document.
    #[command(hide = true)]
    CommandLine,
    /// Print what every figure of `/metrics` means.
    #[command(hide = true)]
    Figures,
}

/// Where the store is.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// A configuration file (TOML); flags and variables come before what it says.
    #[arg(long, env = "ADMITONE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The directory of the store.
    #[arg(long, env = "ADMITONE_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Fill an empty store with a believable sale, and serve the reference routes too. Without
    /// `--data-dir` the sale lives in a directory of its own under the system's temporary one.
    #[arg(long)]
    pub(crate) demo: bool,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, env = "ADMITONE_LISTEN")]
    pub(crate) listen: Option<SocketAddr>,
    /// Serve the routes of the reference systems. They trust the user id they are told.
    #[arg(long, env = "ADMITONE_REFERENCE_ROUTES", value_parser = BoolishValueParser::new())]
    pub(crate) reference_routes: bool,
    /// Serve the no-op routes that benchmarks compare with.
    #[arg(long, hide = true)]
    pub(crate) bench_routes: bool,
    /// How the log looks.
    #[arg(long, env = "ADMITONE_LOG_FORMAT", value_enum)]
    pub(crate) log_format: Option<LogFormat>,
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
    /// The file; imported twice, it is there once.
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
pub(crate) struct User {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) task: UserTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserTask {
    /// Make an operator and print the key, once.
    Add {
        /// What people call them; stands in the audit trail.
        name: String,
    },
    /// List operators.
    List,
    /// Refuse an operator's key from now on.
    Disable {
        /// The operator's id, such as `op_1`.
        id: String,
    },
}
