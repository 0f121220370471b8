//! The catalogue of events against its documents: each type is described in both, and nothing else is.

use super::Tree;
use std::collections::BTreeSet;

const SOURCE: &str = "crates/app/src/events/catalogue.rs";
/// Each document, and what stands before and behind the name of a type in it.
const DOCUMENTS: [(&str, &str, &str); 2] =
    [("docs/events.md", "\n### `", "`\n"), ("docs/asyncapi.json", "\"name\": \"", "\",")];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let source = tree.get(SOURCE).unwrap_or_default();
    let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
    let kinds = source.split("kind(").skip(1).filter_map(|rest| {
        let name = rest.trim_start().strip_prefix('"')?.split('"').next()?;
        is_kind(name).then_some(name)
    });
    let kinds: BTreeSet<&str> = kinds.collect();
    let mut violations = Vec::new();
    for (document, before, behind) in DOCUMENTS {
        let text = tree.get(document).unwrap_or_default();
        let names = text.split(before).skip(1).filter_map(|rest| rest.split(behind).next());
        let described: BTreeSet<&str> = names.filter(|name| is_kind(name)).collect();
        let missing = kinds.difference(&described);
        violations.extend(missing.map(|name| format!("{name} is not in {document}")));
        let gone = described.difference(&kinds);
        violations.extend(gone.map(|name| format!("{name} is only in {document}")));
    }
    violations
}

fn is_kind(name: &str) -> bool {
    name.contains('.') && name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_not_described_is_found_and_the_reverse() {
        let source = "kind(\n    \"show.changed\",\n), kind(\"room.changed\", \"A.\", CHANGED),\n\
            const fn kind(name: &'static str)";
        let tree = Tree::of(&[
            (SOURCE, source),
            ("docs/events.md", "\n### `show.changed`\n\n### `show.sung`\n"),
            (
                "docs/asyncapi.json",
                "{\"name\": \"MIT 2.0\"}, \"name\": \"show.changed\", \"name\": \"room.changed\", }",
            ),
        ]);
        let found =
            ["room.changed is not in docs/events.md", "show.sung is only in docs/events.md"];
        assert_eq!(check(&tree), found);
    }
}
