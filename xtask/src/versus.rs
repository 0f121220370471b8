//! `cargo xtask versus`: the house on PostgreSQL beside `pgbench`, which does the bare equivalent on
//! the same server in the same minute.
//!
//! What `pgbench` does is in `versus/*.sql`: the rows that a command must write, in one transaction
//! of prepared statements, and nothing else. It tells how fast the server is without a house: no
//! HTTP, no idempotency key, no rules, no audit. The house's answers count only if the audit of
//! `admitone bench` lets them stand.

mod brokers;
mod pgbench;

use crate::command::{built, root};
use crate::services::{ForTests, Service};
use pgbench::{Pgbench, Script};
use std::path::Path;
use std::process::Command;

/// How often everything is measured.
const RUNS: u32 = 3;
/// How long each load counts.
const SECONDS: u32 = 3;

/// A way to settle, beside a script of `pgbench`.
struct Pair {
    scenario: &'static str,
    strategy: &'static str,
    script: Script,
    /// What the house must reach of what `pgbench` does.
    goal: f64,
}

const PAIRS: [Pair; 4] = [
    Pair { scenario: "charges", strategy: "batched", script: Script::HotRow, goal: 8.0 },
    Pair { scenario: "holds", strategy: "batched", script: Script::DistinctSeats, goal: 1.0 },
    Pair { scenario: "holds", strategy: "conditional", script: Script::DistinctSeats, goal: 0.5 },
    Pair { scenario: "holds", strategy: "optimistic", script: Script::DistinctSeats, goal: 0.5 },
];

/// One measurement of a pair: per second, the house and `pgbench`.
struct Run {
    house: f64,
    bare: f64,
}

/// Measures the scenarios that are named, or all of them.
pub(crate) fn run(scenarios: &[String]) -> Result<(), String> {
    if scenarios.iter().any(|wanted| wanted == "brokers") {
        return brokers::run();
    }
    let is_wanted = |pair: &&Pair| {
        scenarios.is_empty() || scenarios.iter().any(|wanted| wanted == pair.scenario)
    };
    let pairs: Vec<&Pair> = PAIRS.iter().filter(is_wanted).collect();
    if pairs.is_empty() {
        return Err(format!(
            "{}: `holds`, `charges` and `brokers` are measured",
            scenarios.join(" ")
        ));
    }
    let services = ForTests::of(&[Service::Postgres])?;
    let url = services.address(Service::Postgres)?;
    let program = built(&["--release"], "release")?;
    let pgbench = Pgbench::find(url)?;
    let mut runs: Vec<Vec<Run>> = pairs.iter().map(|_| Vec::new()).collect();
    for number in 0..RUNS {
        println!("run {} of {RUNS}", number + 1);
        let mut best: Vec<(Script, f64)> = Vec::new();
        for (at, pair) in pairs.iter().enumerate() {
            let known = best.iter().find(|(script, _)| *script == pair.script);
            let bare = if let Some((_, rate)) = known {
                *rate
            } else {
                let rate = pgbench.best(pair.script, SECONDS)?;
                best.push((pair.script, rate));
                rate
            };
            let store = pgbench.fresh_database(&format!("house_{number}_{at}"))?;
            let house = house(&program, pair, &store)?;
            println!("  {} {}: {house:.0} a second", pair.scenario, pair.strategy);
            runs[at].push(Run { house, bare });
        }
    }
    print(&pairs, &runs);
    Ok(())
}

/// How many answers a second the audit lets stand.
fn house(program: &Path, pair: &Pair, store: &str) -> Result<f64, String> {
    let mut bench = Command::new(program);
    bench.args(["bench", "--json", "--runs", "1", "--seconds", &SECONDS.to_string()]);
    bench.args(["--scenario", pair.scenario, "--strategy", pair.strategy, "--store", store]);
    bench.current_dir(root());
    let done = bench.output().map_err(|error| format!("admitone bench: {error}"))?;
    if !done.status.success() {
        return Err(format!("admitone bench: {}", String::from_utf8_lossy(&done.stderr)));
    }
    let report: serde_json::Value =
        serde_json::from_slice(&done.stdout).map_err(|error| format!("admitone bench: {error}"))?;
    let rate = &report["scenarios"][0]["ceiling"]["measured"]["median"];
    rate.as_f64().ok_or_else(|| "admitone bench measured nothing".to_owned())
}

fn print(pairs: &[&Pair], runs: &[Vec<Run>]) {
    println!("{RUNS} runs of {SECONDS} s; median (smallest to greatest)");
    println!("| house | answers a second | `pgbench` at its best, a second | ratio | goal |");
    println!("| --- | --- | --- | --- | --- |");
    for (pair, runs) in pairs.iter().zip(runs) {
        let ratio = spread(runs, |run| run.house / run.bare, 2);
        let (house, bare) = (spread(runs, |run| run.house, 0), spread(runs, |run| run.bare, 0));
        let Pair { scenario, strategy, goal, .. } = *pair;
        println!("| `{scenario}`, `{strategy}` | {house} | {bare} | {ratio} | {goal} |");
    }
}

fn spread(runs: &[Run], of: impl Fn(&Run) -> f64, digits: usize) -> String {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    let (low, middle, high) = (at(0), at(values.len() / 2), at(values.len().saturating_sub(1)));
    format!("{middle:.digits$} ({low:.digits$} to {high:.digits$})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_both_ends() {
        let runs = [3.0, 1.0, 2.0].map(|house| Run { house, bare: 2.0 });
        assert_eq!(spread(&runs, |run| run.house, 1), "2.0 (1.0 to 3.0)");
        assert_eq!(spread(&runs, |run| run.house / run.bare, 2), "1.00 (0.50 to 1.50)");
    }
}
