//! Dashboards against the figures: what a dashboard plots exists. One that asks for a figure that was
//! renamed shows nothing, and nobody is told.

use super::Tree;

/// Where the figures are described; made from the program.
const FIGURES: &str = "docs/metrics.md";
/// What a program adds to the name of a histogram.
const PARTS: [&str; 3] = ["_bucket", "_sum", "_count"];
/// What the laboratory writes in line protocol is no figure of the house.
const OF_A_RUN: &str = "admitone_lab";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let described = tree.get(FIGURES).unwrap_or_default();
    let is_known = |name: &str| described.contains(&format!("`{name}`"));
    let mut violations = Vec::new();
    for (path, text) in tree.ending(".json").filter(|(path, _)| path.starts_with("deploy/grafana/"))
    {
        for name in names(text).filter(|name| !name.starts_with(OF_A_RUN)) {
            let part = PARTS.iter().find_map(|part| name.strip_suffix(part));
            if !is_known(name) && !part.is_some_and(is_known) {
                violations.push(format!("{path} plots {name}, which is no figure of {FIGURES}"));
            }
        }
    }
    violations
}

/// The names of figures in a dashboard.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("admitone_") || word.starts_with("wr_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dashboard_that_plots_what_is_not_there_is_found() {
        let figures = "| `admitone_lock_wait_seconds` | histogram |";
        let dashboard = r#"{"expr":"rate(admitone_lock_wait_seconds_sum[1m]) + wr_gone",
            "query":"SELECT mean(done) FROM admitone_lab"}"#;
        let tree = Tree::of(&[(FIGURES, figures), ("deploy/grafana/live.json", dashboard)]);
        let found = check(&tree);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("wr_gone"), "{found:?}");
    }
}
