//! `cargo xtask generate`: documents that are made from the code, and committed.

use crate::command::{output, root};

/// Which file, and the arguments of the binary that print it.
const GENERATED: [(&str, &[&str]); 7] = [
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
];

pub(crate) fn run(check: bool) -> Result<(), String> {
    let mut stale = Vec::new();
    for (file, arguments) in GENERATED {
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
