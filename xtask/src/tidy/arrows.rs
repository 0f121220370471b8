//! Arrows point down: who may depend on whom.

use super::Tree;

/// The crates of ours that a crate may use, and drivers it must never see. Test dependencies are
/// free: an adapter may use the conformance suite.
const ALLOWED: [(&str, &[&str], &[&str]); 6] = [
    ("domain", &[], &["tokio", "async-trait", "axum", "rusqlite", "hyper", "tracing"]),
    ("app", &["admitone-domain"], &["axum", "hyper", "rusqlite", "redis"]),
    ("conformance", &["admitone-domain", "admitone-app"], &["rusqlite", "axum"]),
    ("adapter-sqlite", &["admitone-domain", "admitone-app"], &["axum", "hyper"]),
    ("api", &["admitone-domain", "admitone-app"], &["rusqlite", "redis"]),
    ("cli", &["admitone-domain", "admitone-app", "admitone-adapter-sqlite", "admitone-api"], &[]),
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, manifest) in
        tree.ending("/Cargo.toml").filter(|(path, _)| path.starts_with("crates/"))
    {
        let name = path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml");
        let Some((_, ours, never)) = ALLOWED.iter().find(|(known, _, _)| *known == name) else {
            violations
                .push(format!("{name} has no place in the table of xtask/src/tidy/arrows.rs"));
            continue;
        };
        for dependency in dependencies(manifest) {
            let is_ours = dependency.starts_with("admitone-");
            if is_ours && !ours.contains(&dependency) || never.contains(&dependency) {
                violations.push(format!("{name} must not use {dependency}"));
            }
        }
    }
    violations
}

pub(super) fn check_lints(tree: &Tree) -> Vec<String> {
    let members = tree.ending("/Cargo.toml");
    let without = members.filter(|(_, manifest)| !manifest.contains("[lints]\nworkspace = true"));
    without.map(|(path, _)| format!("{path} lacks `[lints] workspace = true`")).collect()
}

/// The names in the table of ordinary dependencies.
fn dependencies(manifest: &str) -> Vec<&str> {
    let table = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let table = table.split("\n[").next().unwrap_or_default();
    let names = table.lines().filter_map(|line| line.split(['.', ' ', '=']).next());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let good = "[lints]\nworkspace = true\n\n[dependencies]\nserde.workspace = true\n";
        let bad = format!("{good}tokio.workspace = true\nadmitone-app.workspace = true\n");
        assert!(check(&Tree::of(&[("crates/domain/Cargo.toml", good)])).is_empty());
        let found = check(&Tree::of(&[("crates/domain/Cargo.toml", &bad)]));
        assert_eq!(found, ["domain must not use tokio", "domain must not use admitone-app"]);
    }

    #[test]
    fn a_test_dependency_is_no_arrow() {
        let manifest = "\n[dependencies]\nserde = 1\n\n[dev-dependencies]\nadmitone-app = 1\n";
        assert!(check(&Tree::of(&[("crates/domain/Cargo.toml", manifest)])).is_empty());
    }

    #[test]
    fn a_crate_without_lints_is_found() {
        assert_eq!(check_lints(&Tree::of(&[("xtask/Cargo.toml", "[package]")])).len(), 1);
    }
}
