//! Every stable code is documented, and every documented one exists.

use super::Tree;
use std::collections::BTreeSet;

const SOURCES: [&str; 2] = ["crates/domain/src/refusal.rs", "crates/api/src/problem.rs"];
const DOCUMENT: &str = "docs/http-status-codes.md";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let code: BTreeSet<&str> = SOURCES
        .iter()
        .flat_map(|path| tree.get(path).unwrap_or_default().split('"').skip(1).step_by(2))
        .filter(|word| is_code(word))
        .collect();
    let documented: BTreeSet<&str> = tree
        .get(DOCUMENT)
        .unwrap_or_default()
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| is_code(word))
        .collect();
    let missing = code.difference(&documented).map(|word| format!("{word} is not in {DOCUMENT}"));
    let gone = documented.difference(&code).map(|word| format!("{word} is only in {DOCUMENT}"));
    missing.chain(gone).collect()
}

fn is_code(word: &str) -> bool {
    word.len() > 3
        && word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_without_a_line_is_found_and_the_reverse() {
        let tree = Tree::of(&[
            (SOURCES[0], r#"A => "SEAT_TAKEN", B => "SOLD_OUT","#),
            (DOCUMENT, "| `SOLD_OUT` | 409 |\n| `GONE_LONG_AGO` | 410 |"),
        ]);
        assert_eq!(check(&tree).len(), 2);
    }
}
