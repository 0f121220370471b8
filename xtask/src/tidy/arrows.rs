//! Arrows point down: who may depend on whom.

use super::Tree;

/// The crates of ours that a crate may use, and drivers it must never see. Test dependencies are
/// free: an adapter may use the conformance suite.
const ALLOWED: [(&str, &[&str], &[&str]); 16] = [
    ("domain", &[], &[]),
    ("app", &["admitone-domain"], &["axum", "hyper", "rusqlite", "redis"]),
    ("conformance", &["admitone-domain", "admitone-app"], &["rusqlite", "axum"]),
    ("adapter-http", &["admitone-app"], &["axum", "rusqlite"]),
    ("adapter-sqlite", &["admitone-domain", "admitone-app"], &["axum", "hyper"]),
    ("adapter-mysql", &["admitone-domain", "admitone-app"], &["axum", "hyper", "rusqlite"]),
    ("adapter-postgres", &["admitone-domain", "admitone-app"], &["axum", "hyper", "rusqlite"]),
    ("adapter-kafka", &["admitone-domain", "admitone-app"], &["axum", "hyper", "redis", "lapin"]),
    (
        "adapter-rabbitmq",
        &["admitone-domain", "admitone-app"],
        &["axum", "hyper", "redis", "rdkafka"],
    ),
    ("adapter-redis", &["admitone-domain", "admitone-app"], &["axum", "hyper", "rusqlite"]),
    ("adapter-toss", &["admitone-domain", "admitone-app"], &["axum", "rusqlite"]),
    ("fake-gateway", &["admitone-app"], &["rusqlite", "redis"]),
    ("api", &["admitone-domain", "admitone-app"], &["rusqlite", "redis"]),
    (
        "cli",
        &[
            "admitone-domain",
            "admitone-app",
            "admitone-adapter-http",
            "admitone-adapter-kafka",
            "admitone-adapter-mysql",
            "admitone-adapter-postgres",
            "admitone-adapter-rabbitmq",
            "admitone-adapter-redis",
            "admitone-adapter-sqlite",
            "admitone-adapter-toss",
            "admitone-api",
            "admitone-fake-gateway",
            "admitone-lab",
            "admitone-web",
        ],
        &[],
    ),
    ("lab", &["admitone-domain"], &[]),
    ("web", &["admitone-domain", "admitone-app"], &["rusqlite", "redis", "hyper"]),
];

/// All that the rules may use: a list of what is allowed, since no list of the rest is complete.
const DOMAIN_USES: [&str; 3] = ["serde", "thiserror", "jiff"];

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
            let is_pure = name != "domain" || DOMAIN_USES.contains(&dependency);
            if is_ours && !ours.contains(&dependency) || never.contains(&dependency) || !is_pure {
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

/// The laboratory judges the product, so of its rules it knows the names of things alone.
pub(super) fn check_laboratory(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, source) in tree.ending(".rs").filter(|(path, _)| path.starts_with("crates/lab/")) {
        let used =
            source.match_indices("admitone_domain::").map(|(at, name)| &source[at + name.len()..]);
        if used.into_iter().any(|rest| !rest.starts_with("id::")) {
            violations.push(format!("{path} uses more of the rules than ids"));
        }
    }
    violations
}

/// The names in the tables of ordinary dependencies, also of those for one target.
fn dependencies(manifest: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_table = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            let header = header.find(".dependencies").map_or(header, |dot| &header[dot + 1..]);
            is_table = header == "dependencies";
            names.extend(header.strip_prefix("dependencies."));
        } else if is_table && !line.starts_with('#') {
            names.extend(line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()));
        }
    }
    names
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
    fn an_arrow_in_another_table_is_found() {
        let manifest = "[dependencies.rand]\nversion = '1'\n\n\
            [target.'cfg(unix)'.dependencies]\n# none\nlibc = '1'\n";
        let found = check(&Tree::of(&[("crates/domain/Cargo.toml", manifest)]));
        assert_eq!(found, ["domain must not use rand", "domain must not use libc"]);
    }

    #[test]
    fn a_test_dependency_is_no_arrow() {
        let manifest = "\n[dependencies]\nserde = 1\n\n[dev-dependencies]\nadmitone-app = 1\n";
        assert!(check(&Tree::of(&[("crates/domain/Cargo.toml", manifest)])).is_empty());
    }

    #[test]
    fn a_judge_who_is_a_party_is_found() {
        let good = "//! A.\nuse admitone_domain::id::SeatId;\n";
        let bad = format!("{good}use admitone_domain::decide::decide;\n");
        assert!(check_laboratory(&Tree::of(&[("crates/lab/src/a.rs", good)])).is_empty());
        assert_eq!(check_laboratory(&Tree::of(&[("crates/lab/src/a.rs", &bad)])).len(), 1);
    }

    #[test]
    fn a_crate_without_lints_is_found() {
        assert_eq!(check_lints(&Tree::of(&[("xtask/Cargo.toml", "[package]")])).len(), 1);
    }
}
