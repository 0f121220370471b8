//! Sources: small, with a first line that says what they are for, without excuses.

use super::Tree;

const LINES_MAX: usize = 400;

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, source) in tree.ending(".rs") {
        let lines = without_tests(source).lines().count();
        if lines > LINES_MAX {
            violations.push(format!("{path} has {lines} lines, more than {LINES_MAX}"));
        }
        if !source.starts_with("//! ") {
            violations.push(format!("{path} does not say on its first line what it is for"));
        }
        if path.ends_with("/mod.rs") {
            violations.push(format!("{path}: name the file after the module"));
        }
    }
    violations
}

pub(super) fn check_excuses(tree: &Tree) -> Vec<String> {
    // Put together here, so that this file does not find itself.
    let excuses = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("FIX", "ME"),
        concat!("#[", "ignore"),
    ];
    let mut violations = Vec::new();
    for (path, source) in tree.ending(".rs") {
        for excuse in excuses.iter().filter(|excuse| source.contains(**excuse)) {
            violations.push(format!("{path} contains {excuse}"));
        }
        if source.lines().any(is_allowance) {
            violations.push(format!("{path} allows where it should expect, with a reason"));
        }
    }
    violations
}

/// Whether an attribute lifts a lint for good, alone or under a condition.
fn is_allowance(line: &str) -> bool {
    let line = line.trim_start();
    let is_attribute = line.starts_with("#[") || line.starts_with("#![");
    is_attribute && line.contains("allow(") || line.starts_with("allow(")
}

/// The tests come last in a file and do not count.
fn without_tests(source: &str) -> &str {
    source.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let long = format!("//! Long.\n{}", "\n".repeat(LINES_MAX));
        assert_eq!(check(&Tree::of(&[("a.rs", &long)])).len(), 1);
        let tested = format!("//! Tested.\n\n#[cfg(test)]\nmod tests {{\n{long}}}\n");
        assert!(check(&Tree::of(&[("a.rs", &tested)])).is_empty());
    }

    #[test]
    fn a_file_that_says_nothing_is_found() {
        assert_eq!(check(&Tree::of(&[("a.rs", "fn main() {}\n")])).len(), 1);
        assert_eq!(check(&Tree::of(&[("a/mod.rs", "//! A.\n")])).len(), 1);
    }

    #[test]
    fn an_excuse_is_found() {
        let source = concat!("//! A.\nfn a() { to", "do!() }\n");
        assert_eq!(check_excuses(&Tree::of(&[("a.rs", source)])).len(), 1);
    }

    #[test]
    fn an_allowance_is_found_also_under_a_condition() {
        for attribute in ["#![allow(dead_code)]", "#[cfg_attr(test, allow(dead_code))]"] {
            let source = format!("//! A.\n{attribute}\n");
            assert_eq!(check_excuses(&Tree::of(&[("a.rs", &source)])).len(), 1);
        }
        let expected = "//! A.\n#[expect(dead_code, reason = \"shown\")]\n";
        assert!(check_excuses(&Tree::of(&[("a.rs", expected)])).is_empty());
    }
}
