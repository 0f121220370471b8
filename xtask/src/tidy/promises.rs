//! The promises of the store ports against the conformance suite: each promise is a case, each
//! case is promised. It compares names; whether a case shows what it says is for its reader.

use super::Tree;
use std::collections::BTreeSet;

const PORTS: [&str; 12] = [
    "crates/app/src/ports/store.rs",
    "crates/app/src/ports/reads.rs",
    "crates/app/src/ports/records.rs",
    "crates/app/src/ports/room_journal.rs",
    "crates/app/src/ports/room_log.rs",
    "crates/app/src/ports/lanes.rs",
    "crates/app/src/ports/lock.rs",
    "crates/app/src/ports/instances.rs",
    "crates/app/src/ports/webhooks.rs",
    "crates/app/src/ports/notes.rs",
    "crates/app/src/ports/carrier.rs",
    "crates/app/src/delivery/worker.rs",
];
const SUITE: &str = "crates/conformance/src/";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let promised: BTreeSet<&str> =
        PORTS.iter().flat_map(|path| promises(tree.get(path).unwrap_or_default())).collect();
    let in_suite = tree.ending(".rs").filter(|(path, _)| path.starts_with(SUITE));
    let shown: BTreeSet<&str> = in_suite.flat_map(|(_, source)| cases(source)).collect();
    let missing = promised.difference(&shown).map(|name| format!("{name} has no case in {SUITE}"));
    let gone = shown.difference(&promised).map(|name| format!("no port promises {name}"));
    missing.chain(gone).collect()
}

/// The names at the head of the bullets under `# Behavior`.
fn promises(source: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_behavior = false;
    for line in source.lines() {
        let Some(said) = line.trim_start().strip_prefix("///").map(str::trim) else {
            is_behavior = false;
            continue;
        };
        if said.starts_with("# ") {
            is_behavior = said == "# Behavior";
        }
        let name = said.strip_prefix("- `").and_then(|rest| rest.split('`').next());
        names.extend(name.filter(|_| is_behavior));
    }
    names
}

/// The names in the lists `cases![…]` of the suite.
fn cases(source: &str) -> Vec<&str> {
    let lists = source.split("cases![").skip(1).filter_map(|rest| rest.split(']').next());
    let entries = lists.flat_map(|list| list.split(','));
    entries.filter_map(|entry| Some(entry.split_once(':')?.0.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: &str = "/// A store.\n/// - `aside`: no promise.\n///\n/// # Behavior\n\
        /// - `kept`: there\n///   again.\n/// - `forgotten`: no case.\npub trait Store {}\n";

    #[test]
    fn a_promise_without_a_case_is_found_and_the_reverse() {
        let suite = "const ALL: &[Case] = cases![\n    kept: Always,\n    extra: AsHarm,\n];\n";
        let tree = Tree::of(&[(PORTS[0], PORT), ("crates/conformance/src/cases.rs", suite)]);
        let forgotten = format!("forgotten has no case in {SUITE}");
        assert_eq!(check(&tree), [forgotten.as_str(), "no port promises extra"]);
    }

    #[test]
    fn a_suite_that_has_gone_is_found() {
        assert_eq!(check(&Tree::of(&[(PORTS[0], PORT)])).len(), 2);
    }
}
