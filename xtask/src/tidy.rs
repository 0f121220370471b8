//! The rules of the house that no compiler knows, each a file with a violation that it must find.

mod arrows;
mod blocks;
mod catalogue;
mod codes;
mod documents;
mod figures;
mod places;
mod promises;
mod sources;
mod twins;

use crate::command::{output, root};
use std::collections::BTreeMap;

/// The tracked text files, by their path from the root.
pub(crate) struct Tree(BTreeMap<String, String>);

type Rule = (&'static str, fn(&Tree) -> Vec<String>);

const RULES: [Rule; 14] = [
    ("arrows point down", arrows::check),
    ("the judge is no party", arrows::check_laboratory),
    ("every crate keeps the lints", arrows::check_lints),
    ("sources are small and say what they are", sources::check),
    ("nothing is unfinished or excused", sources::check_excuses),
    ("the map names the crates", documents::check_map),
    ("links lead somewhere", documents::check_links),
    ("dashboards plot what exists", figures::check),
    ("every code is documented", codes::check),
    ("every type of event is described", catalogue::check),
    ("every promise is a case", promises::check),
    ("every block of the README is marked", blocks::check),
    ("no place outside is named", places::check),
    ("the README and its twin keep step", twins::check),
];

pub(crate) fn run() -> Result<(), String> {
    let tree = Tree::tracked()?;
    let mut violations = 0;
    for (rule, check) in RULES {
        for violation in check(&tree) {
            println!("{rule}: {violation}");
            violations += 1;
        }
    }
    if violations > 0 {
        return Err(format!("{violations} violations of the rules of the house"));
    }
    println!("tidy: {} files, {} rules", tree.0.len(), RULES.len());
    Ok(())
}

impl Tree {
    fn tracked() -> Result<Self, String> {
        let listed = output(&["git", "ls-files", "--cached", "--others", "--exclude-standard"])?;
        let read = |path: &str| {
            let text = std::fs::read_to_string(root().join(path)).ok()?;
            Some((path.to_owned(), text))
        };
        Ok(Self(listed.lines().filter_map(read).collect()))
    }

    /// Files whose path ends so.
    fn ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let ends = move |(path, _): &(&'a str, &'a str)| path.ends_with(end);
        self.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).filter(ends)
    }

    fn get(&self, path: &str) -> Option<&str> {
        self.0.get(path).map(String::as_str)
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let owned = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
        Self(files.iter().map(owned).collect())
    }
}
