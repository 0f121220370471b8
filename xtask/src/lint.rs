//! `cargo xtask lint`: what must hold before a test is run.

use crate::command::{self, finish, program};
use crate::{generate, tidy};

pub(crate) fn run() -> Result<(), String> {
    command::run(&["cargo", "fmt", "--all", "--check"])?;
    tidy::run()?;
    command::run(&["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // The planted defects are in no other build.
    let spoilt = ["-p", "admitone-cli", "--features", "sabotage", "--all-targets"];
    command::run(&[&["cargo", "clippy"][..], &spoilt, &["--", "-D", "warnings"]].concat())?;
    let doc = ["cargo", "doc", "--workspace", "--no-deps", "--document-private-items"];
    println!("> {}", doc.join(" "));
    finish(&doc, program(&doc).env("RUSTDOCFLAGS", "-D warnings"))?;
    generate::run(true)?;
    licences()
}

/// Licences and banned crates, without the net. The tool is not part of a Rust installation.
fn licences() -> Result<(), String> {
    if program(&["cargo", "deny", "--version"]).output().is_ok_and(|said| said.status.success()) {
        return command::run(&[
            "cargo",
            "deny",
            "--offline",
            "check",
            "bans",
            "licenses",
            "sources",
        ]);
    }
    println!("NOT CHECKED: licences and bans. `cargo install cargo-deny --locked` checks them.");
    Ok(())
}
