//! Schemathesis in an environment of its own under `target/tools`, installed once.

use super::is_root;
use crate::command::{program, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The versions with which the committed document was checked. Another one finds other things.
const PACKAGES: [&str; 2] = ["schemathesis==4.32.5", "hypothesis==6.170.15"];

/// Where the tool is, or why there is none.
pub(super) enum Tool {
    At(PathBuf),
    Missing(String),
}

/// Finds the tool; installs it when it is not there.
pub(super) fn find() -> Result<Tool, String> {
    let home = root().join("target/tools").join(PACKAGES.join("-").replace("==", "-"));
    let tool = home.join("bin/schemathesis");
    // Written last: half an installation is none.
    let complete = home.join("complete");
    if complete.exists() {
        return Ok(Tool::At(tool));
    }
    println!("installing {} into {}", PACKAGES.join(" and "), home.display());
    if let Err(why) = install(&home) {
        return Ok(Tool::Missing(why));
    }
    std::fs::write(&complete, "").map_err(|error| format!("{}: {error}", complete.display()))?;
    Ok(Tool::At(tool))
}

fn install(home: &Path) -> Result<(), String> {
    if environment(home).is_err() && is_root() {
        // Debian keeps this part of Python in a package of its own.
        quiet(program(&["apt-get", "install", "--yes", "python3-venv"]))?;
    }
    environment(home)?;
    let mut pip = Command::new(home.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES);
    quiet(pip)
}

fn environment(home: &Path) -> Result<(), String> {
    let mut python = program(&["python3", "-m", "venv", "--clear"]);
    python.arg(home);
    quiet(python)
}

/// Runs a program and shows what it says only when it fails.
fn quiet(mut program: Command) -> Result<(), String> {
    let name = program.get_program().to_string_lossy().into_owned();
    let ended = program.stdin(Stdio::null()).output();
    let ended = ended.map_err(|error| format!("{name}: {error}"))?;
    if ended.status.success() {
        return Ok(());
    }
    let said = [ended.stdout, ended.stderr].concat();
    Err(format!("{name}: {}", String::from_utf8_lossy(&said).trim()))
}
