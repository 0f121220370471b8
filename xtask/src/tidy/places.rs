//! Nothing that is tracked names a place outside the repository: a directory of the machine it was
//! written on, or the host of a package registry. The lock file, which cargo writes, may.

use super::Tree;

/// Each is put together, so that this file does not find itself.
const PLACES: [&str; 6] = [
    concat!("/wo", "rk"),
    concat!("sha", "red/"),
    concat!("crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("pypi", ".org"),
    concat!("proxy.golang", ".org"),
];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    for (path, text) in tree.ending("").filter(|(path, _)| *path != "Cargo.lock") {
        for (number, line) in (1..).zip(text.lines()) {
            let named = PLACES.iter().filter(|place| names(line, place));
            violations.extend(named.map(|place| format!("{path}:{number} names {place}")));
        }
    }
    violations
}

/// Whether a line has a place as words of its own: a longer name that contains it is another.
fn names(line: &str, place: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(place).any(|(begin, _)| {
        let before = line[..begin].chars().next_back();
        let after = line[begin + place.len()..].chars().next();
        let goes_on = !place.ends_with('/') && after.is_some_and(is_word);
        !before.is_some_and(is_word) && !goes_on
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_found() {
        for place in PLACES {
            let text = format!("first\nsee {place} there\n");
            let found = check(&Tree::of(&[("a.md", &text)]));
            assert_eq!(found, [format!("a.md:2 names {place}")]);
        }
    }

    #[test]
    fn a_longer_name_and_the_lock_file_are_let_through() {
        let longer = format!("decide{}bench.rs, un{}\n", PLACES[0], PLACES[1]);
        let tree = Tree::of(&[("a.md", longer.as_str()), ("Cargo.lock", PLACES[2])]);
        assert!(check(&tree).is_empty());
    }
}
