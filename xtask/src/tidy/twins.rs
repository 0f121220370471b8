//! The README and its Korean twin: the same headings in number and depth, the same blocks word for
//! word, tables of the same length, the same links. Whether they say the same is for their readers.

use super::Tree;

const DOCUMENT: &str = "README.md";
const TWIN: &str = "README.ko.md";

pub(super) fn check(tree: &Tree) -> Vec<String> {
    let read = |path| tree.get(path).unwrap_or_default();
    let (document, twin) = (Shape::of(read(DOCUMENT)), Shape::of(read(TWIN)));
    let parts = [
        ("headings", document.headings == twin.headings),
        ("blocks", document.blocks == twin.blocks),
        ("rows of tables", document.rows == twin.rows),
        ("items of lists", document.items == twin.items),
        ("links", document.links == twin.links),
    ];
    let differ = parts.into_iter().filter(|(_, is_same)| !is_same);
    differ.map(|(what, _)| format!("{TWIN} has other {what} than {DOCUMENT}")).collect()
}

/// What both must have alike.
#[derive(Default, PartialEq, Eq)]
struct Shape {
    /// How deep each is, in their order.
    headings: Vec<usize>,
    /// Word for word, with the mark above.
    blocks: String,
    rows: usize,
    items: usize,
    /// Without those to each other, sorted: another language has another order of words.
    links: Vec<String>,
}

impl Shape {
    fn of(text: &str) -> Self {
        let mut shape = Self::default();
        let mut is_inside = false;
        for line in text.lines() {
            let is_fence = line.starts_with("```");
            if is_inside || is_fence {
                shape.blocks.push_str(line);
                shape.blocks.push('\n');
                is_inside ^= is_fence;
                continue;
            }
            let depth = line.bytes().take_while(|byte| *byte == b'#').count();
            if depth > 0 {
                shape.headings.push(depth);
            }
            shape.rows += usize::from(line.starts_with('|'));
            let is_item = line.starts_with("- ") || line.split_once(". ").is_some_and(is_number);
            shape.items += usize::from(is_item);
            let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            let other = links.filter(|link| ![DOCUMENT, TWIN].contains(link));
            shape.links.extend(other.map(str::to_owned));
        }
        shape.links.sort();
        shape
    }
}

fn is_number((before, _): (&str, &str)) -> bool {
    !before.is_empty() && before.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A\n[ko](README.ko.md)\n- one\n1. two\n| a |\n```sh\nrun\n```\n## B\n[c](c.md)\n";

    fn found(twin: &str) -> usize {
        check(&Tree::of(&[(DOCUMENT, TEXT), (TWIN, twin)])).len()
    }

    #[test]
    fn a_twin_in_step_is_let_through() {
        let twin = TEXT.replace("README.ko.md", "README.md").replace("one", "하나");
        assert_eq!(found(&twin), 0);
    }

    #[test]
    fn each_way_of_falling_behind_is_found() {
        for (from, to) in
            [("## B", "# B"), ("run", "walk"), ("| a |\n", ""), ("- one\n", ""), ("c.md", "d.md")]
        {
            assert_eq!(found(&TEXT.replace(from, to)), 1, "{from}");
        }
        assert!(found("") > 3, "there is none");
    }
}
