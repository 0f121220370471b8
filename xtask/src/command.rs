//! Runs other programs in the root of the workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A program to be run in the root.
pub(crate) fn program(words: &[&str]) -> Command {
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).current_dir(root());
    command
}

/// Runs a program; what it prints is shown.
pub(crate) fn run(words: &[&str]) -> Result<(), String> {
    println!("> {}", words.join(" "));
    finish(words, &mut program(words))
}

/// Runs a program that is prepared.
pub(crate) fn finish(words: &[&str], command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{}: {error}", words.join(" ")))?;
    if status.success() { Ok(()) } else { Err(format!("{} failed", words.join(" "))) }
}

/// What a program prints.
pub(crate) fn output(words: &[&str]) -> Result<String, String> {
    let said = |error: &dyn std::fmt::Display| format!("{}: {error}", words.join(" "));
    let output = program(words).output().map_err(|error| said(&error))?;
    if !output.status.success() {
        return Err(said(&String::from_utf8_lossy(&output.stderr)));
    }
    String::from_utf8(output.stdout).map_err(|error| said(&error))
}

/// Builds the program; where it is.
pub(crate) fn built(flags: &[&str], profile: &str) -> Result<PathBuf, String> {
    let build = ["cargo", "build", "--quiet", "--package", "admitone-cli"];
    output(&[&build[..], flags].concat())?;
    let metadata = output(&["cargo", "metadata", "--format-version", "1", "--no-deps"])?;
    let metadata: serde_json::Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let target = metadata["target_directory"].as_str().map(PathBuf::from);
    Ok(target.unwrap_or_else(|| root().join("target")).join(profile).join("admitone"))
}
