//! `cargo xtask test`: every test, and one line at the end that counts them.

use crate::command::{self, program};
use crate::fuzz;
use crate::k6;
use crate::services::ForTests;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

pub(crate) fn run(is_long: bool) -> Result<(), String> {
    // Stopped at the end, whatever the tests come to.
    let services = ForTests::start();
    let mut cargo = program(&["cargo", "test", "--workspace", "--no-fail-fast"]);
    cargo.envs(services.variables().iter().map(|(name, value)| (name, value)));
    if is_long {
        cargo.env("ADMITONE_LONG", "1");
    }
    let mut child =
        cargo.stdout(Stdio::piped()).spawn().map_err(|error| format!("cargo test: {error}"))?;
    let mut counted = Counted::default();
    let mut failures = Failures::default();
    if let Some(said) = child.stdout.take() {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            println!("{line}");
            counted.add(&line);
            failures.add(&line);
        }
    }
    let status = child.wait().map_err(|error| format!("cargo test: {error}"))?;
    let spoilt = planted_defects();
    // After the tests, so that theirs are the first words about what is broken; what it finds
    // counts even when they failed.
    let asked = fuzz::run();
    let played = k6::run(None);
    failures.print();
    println!("{} passed, {} failed", counted.passed, counted.failed);
    asked?;
    played?;
    spoilt?;
    if !status.success() || counted.failed > 0 {
        return Err("tests failed".to_owned());
    }
    if counted.passed == 0 {
        return Err("no test was run".to_owned());
    }
    Ok(())
}

/// The defects that are planted in a build of its own: the auditor must find each of them.
fn planted_defects() -> Result<(), String> {
    let test = ["--features", "sabotage", "--test", "sabotage"];
    command::run(&[&["cargo", "test", "-p", "admitone-cli"][..], &test].concat())
}

/// The closing lines of all test programs, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    passed: u32,
    failed: u32,
}

impl Counted {
    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        for part in counts.split([';', '.']) {
            let words: Vec<&str> = part.split_whitespace().collect();
            let [.., count, what] = words[..] else { continue };
            let count = count.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                _ => {}
            }
        }
    }
}

/// What the tests that failed said. It is said again at the very end: of a long output the end is
/// what people read, and what is kept.
#[derive(Debug, Default, PartialEq, Eq)]
struct Failures {
    said: Vec<String>,
    is_within: bool,
}

impl Failures {
    fn add(&mut self, line: &str) {
        if line == "failures:" {
            self.is_within = true;
        } else if line.starts_with("test result: ") {
            self.is_within = false;
        } else if self.is_within && !line.is_empty() {
            self.said.push(line.to_owned());
        }
    }

    fn print(&self) {
        self.said.iter().for_each(|line| println!("{line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_add_up_and_others_do_not_count() {
        let mut counted = Counted::default();
        counted.add("test result: ok. 17 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out");
        counted.add("test result: FAILED. 2 passed; 1 failed; 0 ignored; finished in 0.1s");
        counted.add("test 99 passed; 99 failed ... ok");
        assert_eq!(counted, Counted { passed: 19, failed: 1 });
    }
    #[test]
    fn what_failed_is_said_again_and_what_passed_is_not() {
        let mut failures = Failures::default();
        let printed = "test good ... ok\ntest bad ... FAILED\n\nfailures:\n\n---- bad stdout ----\n\
                       no seat\n\n\nfailures:\n    bad\n\ntest result: FAILED. 1 passed; 1 failed;\n\
                       test other ... ok";
        printed.lines().for_each(|line| failures.add(line));
        assert_eq!(failures.said, ["---- bad stdout ----", "no seat", "    bad"]);
        assert!(!failures.is_within);
    }
}
