//! Automation of the workspace: `cargo xtask test | fuzz | k6 | lint | tidy | generate | services | versus`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it talks to people")]

mod command;
mod fuzz;
mod generate;
mod k6;
mod lint;
mod served;
mod services;
mod test;
mod tidy;
mod versus;

use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND

  test [--long]       every test of the workspace, planted defects, fuzz and k6; a line at the end counts the tests
                      --long: also all 244 cells of the matrix on PostgreSQL and MariaDB and a million
                      commands to the waiting rooms, hours; the matrix goes on where it was interrupted
  fuzz                only schemathesis against the running server
  k6 [SECONDS]        every script of k6/ with the real k6, a few seconds each
  lint                formatting, clippy, the rules of the house, documentation, licences
  tidy                only the rules of the house
  generate [--check]  write the generated documents, or fail when the committed ones differ
  services up|down|status [postgres] [mariadb] [redis] [rabbitmq] [kafka] [nginx] [chromium] [axe]
                      real services on free ports of this machine; `up` prints variables to eval
  versus [holds] [charges] [brokers]
                      the house on PostgreSQL beside pgbench, or, with brokers, by every way that
                      commands travel: minutes, on a machine that is idle";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let done = match arguments.first().map(String::as_str) {
        Some("test") => test::run(has("--long")),
        Some("fuzz") => fuzz::run(),
        Some("k6") => k6::run(arguments.get(1).map(String::as_str)),
        Some("lint") => lint::run(),
        Some("tidy") => tidy::run(),
        Some("services") => services::run(arguments.get(1..).unwrap_or_default()),
        Some("versus") => versus::run(arguments.get(1..).unwrap_or_default()),
        Some("generate") => generate::run(has("--check")),
        _ => {
            println!("{HELP}");
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}
