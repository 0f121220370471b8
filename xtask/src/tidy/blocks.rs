//! Every code block of the README says above it whether a machine runs it, or why none does. It
//! does not run them.

use super::Tree;

const DOCUMENT: &str = "README.md";
const MARKS: [&str; 2] = ["<!-- ci: ", "<!-- not run: "];

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let mut violations = Vec::new();
    let mut is_inside = false;
    let mut above = "";
    for (number, line) in (1..).zip(tree.get(DOCUMENT).unwrap_or_default().lines()) {
        if line.trim_start().starts_with("```") {
            if !is_inside && !is_mark(above) {
                violations.push(format!("{DOCUMENT}:{number} has a block without a mark above"));
            }
            is_inside = !is_inside;
        }
        above = line.trim();
    }
    violations
}

fn is_mark(line: &str) -> bool {
    line.ends_with(" -->") && MARKS.iter().any(|mark| line.starts_with(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_without_a_mark_is_found() {
        let text = "<!-- ci: test -->\n```sh\na\n```\nand\n```sh\nb\n```\n";
        let found = check(&Tree::of(&[(DOCUMENT, text)]));
        assert_eq!(found, ["README.md:6 has a block without a mark above"]);
    }

    #[test]
    fn another_comment_is_no_mark() {
        assert_eq!(check(&Tree::of(&[(DOCUMENT, "<!-- later -->\n```\na\n```\n")])).len(), 1);
    }
}
