//! Documents against the tree: the map names every crate, links lead somewhere.

use super::Tree;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

pub(super) fn check_map(tree: &Tree) -> Vec<String> {
    let map = tree.get("ARCHITECTURE.md").unwrap_or_default();
    let crates: BTreeSet<&str> = tree
        .ending("/Cargo.toml")
        .filter_map(|(path, _)| path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
        .collect();
    let named: BTreeSet<&str> = map
        .split('`')
        .filter_map(|word| word.strip_prefix("crates/")?.strip_suffix('/'))
        .filter(|word| !word.contains('/'))
        .collect();
    let missing = crates.difference(&named).map(|name| format!("crates/{name} is not on the map"));
    let gone = named.difference(&crates).map(|name| format!("crates/{name} is only on the map"));
    missing.chain(gone).collect()
}

pub(super) fn check_links(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in tree.ending(".md") {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with('/') {
                continue;
            }
            let meant = resolved(Path::new(path), file);
            let is_there = tree.get(&meant).is_some()
                || tree.ending("").any(|(known, _)| known.starts_with(&format!("{meant}/")));
            if !is_there {
                violations.push(format!("{path} links to {target}, which is not there"));
            }
        }
    }
    violations
}

fn resolved(from: &Path, link: &str) -> String {
    let mut meant = from.parent().map(PathBuf::from).unwrap_or_default();
    for part in Path::new(link).components() {
        match part {
            Component::ParentDir => drop(meant.pop()),
            Component::Normal(name) => meant.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    meant.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_that_is_not_on_the_map_is_found_and_the_reverse() {
        let tree = Tree::of(&[
            ("ARCHITECTURE.md", "`crates/old/` was here"),
            ("crates/new/Cargo.toml", ""),
        ]);
        assert_eq!(check_map(&tree).len(), 2);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let tree = Tree::of(&[
            (
                "docs/a.md",
                "[b](b.md) [up](../README.md#there) [out](https://example.org) [x](x.md)",
            ),
            ("docs/b.md", ""),
            ("README.md", "[docs](docs)"),
        ]);
        assert_eq!(check_links(&tree), ["docs/a.md links to x.md, which is not there"]);
    }
}
