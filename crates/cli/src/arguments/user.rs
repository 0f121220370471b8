//! `admitone user` as it is typed.

use super::Place;
use admitone_domain::party::Role;
use clap::{Args, Subcommand};

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
        /// What people call them, in 1 to 100 letters; stands in the audit trail.
        #[arg(value_parser = name)]
        name: String,
        /// What the key allows: owner (everything), operator (everything but keys), door (to let
        /// people in), read-only.
        #[arg(long, default_value = "owner")]
        role: Role,
    },
    /// List operators.
    List {
        /// Print them as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Refuse an operator's key from now on.
    Disable {
        /// The operator's id, such as `op_1`.
        id: String,
    },
}

fn name(text: &str) -> Result<String, &'static str> {
    admitone_app::operating::operator_name(text).map(str::to_owned)
}
