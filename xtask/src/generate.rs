//! `cargo xtask generate`: documents that are made from the code, and committed.

use crate::command::{output, root};

/// Which file, and the arguments of the binary that print it.
const GENERATED: [(&str, &[&str]); 9] = [
    ("docs/openapi.json", &["openapi"]),
    ("docs/config.example.toml", &["config", "example"]),
    ("docs/command-line.md", &["command-line"]),
    ("docs/metrics.md", &["figures"]),
    ("docs/events.md", &["events"]),
    ("docs/asyncapi.json", &["asyncapi"]),
    (
        "docs/strategies.md",
        &["strategies", "docs/strategies.observed.json", "docs/strategies.services.json"],
    ),
    ("docs/results/README.md", &["lab", "publish", MEASURED, "--page", "result"]),
    ("docs/results/choose.md", &["lab", "publish", MEASURED, "--page", "choose"]),
];

/// What the last published matrix came to. Where nobody measured, there are no pages of it.
const MEASURED: &str = "docs/results/matrix.json";

pub(crate) fn run(check: bool) -> Result<(), String> {
    let mut stale = Vec::new();
    let is_measured = root().join(MEASURED).exists();
    for (file, arguments) in GENERATED {
        if arguments.contains(&MEASURED) && !is_measured {
            continue;
        }
        let cargo = ["cargo", "run", "--quiet", "--package", "admitone-cli", "--"];
        let made = output(&[&cargo, arguments].concat())?;
        let path = root().join(file);
        if std::fs::read_to_string(&path).is_ok_and(|committed| committed == made) {
            continue;
        }
        if check {
            stale.push(file);
        } else {
            std::fs::write(&path, made).map_err(|error| format!("{file}: {error}"))?;
            println!("wrote {file}");
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!("{} differ from the code: run `cargo xtask generate`", stale.join(", ")))
}
