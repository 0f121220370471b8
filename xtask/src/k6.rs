//! `cargo xtask k6 [SECONDS]`: the scripts of `k6/` with the real k6, a few seconds each, against a
//! house of their own. What their thresholds say counts: that somebody succeeds is one of them.

use crate::command::{built, program, root};
use crate::fuzz::house::House;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program, and the version with which the scripts were run.
const MODULE: &str = "go.k6.io/k6@v1.8.1";
/// How long each script runs where nobody says otherwise.
const SECONDS: &str = "3";
/// The users of a few seconds on a machine that does other things too.
const USERS: &str = "20";

pub(crate) fn run(seconds: Option<&str>) -> Result<(), String> {
    let k6 = installed()?;
    let house = House::start(&built(&[], "debug")?)?;
    let mut failed = Vec::new();
    for script in scripts()? {
        if let Err(why) = play(&k6, &script, (&house, seconds.unwrap_or(SECONDS))) {
            println!("{why}");
            failed.push(script.display().to_string());
        }
    }
    house.stop()?;
    if failed.is_empty() { Ok(()) } else { Err(format!("k6: {}", failed.join(", "))) }
}

/// The scripts; what they have in common is none.
fn scripts() -> Result<Vec<PathBuf>, String> {
    let directory = root().join("k6");
    let entries = std::fs::read_dir(&directory).map_err(|error| format!("k6/: {error}"))?;
    let paths = entries.flatten().map(|entry| entry.path());
    let is_script = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "js") && !path.ends_with("house.js")
    };
    let mut scripts: Vec<PathBuf> = paths.filter(is_script).collect();
    scripts.sort();
    Ok(scripts)
}

fn play(k6: &Path, script: &Path, (house, seconds): (&House, &str)) -> Result<(), String> {
    println!("> k6 run {}", script.display());
    let duration = format!("{seconds}s");
    let mut command = Command::new(k6);
    command.args(["run", "--quiet", "--no-usage-report"]).arg(script);
    command.env("ADMITONE_URL", house.url("")).env("ADMITONE_OPERATOR_KEY", house.operator_key());
    let settings = [
        ("DURATION", duration.as_str()),
        ("USERS", USERS),
        ("SPIKE_USERS", USERS),
        ("ACCOUNTS", USERS),
        ("COUNT", "300"),
        ("STOCK", "200"),
        ("SEATS", "5000"),
        ("CONCERTS", "400"),
        ("HOLD", "1"),
        ("RATE", "10"),
        ("K6_NO_USAGE_REPORT", "true"),
    ];
    command.envs(settings);
    let ended = command.status().map_err(|error| format!("{}: {error}", k6.display()))?;
    if ended.success() { Ok(()) } else { Err(format!("{} failed: {ended}", script.display())) }
}

/// k6 under `target/tools`, built once from its source.
fn installed() -> Result<PathBuf, String> {
    let tools = root().join("target/tools");
    let k6 = tools.join("k6");
    if k6.is_file() {
        return Ok(k6);
    }
    println!("installing {MODULE} into {}", tools.display());
    let mut go = program(&["go", "install", MODULE]);
    let ended = go.env("GOBIN", &tools).status();
    let ended = ended.map_err(|error| format!("go, which builds k6: {error}"))?;
    if ended.success() { Ok(k6) } else { Err(format!("go install {MODULE}: {ended}")) }
}
