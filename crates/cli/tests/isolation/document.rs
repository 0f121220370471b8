//! What was observed, as sections of `docs/isolation.md`.

use crate::Observed;
use crate::interleavings::ALL;
use crate::servers::Server;
use crate::stage::Outcome;
use std::sync::Mutex;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/isolation.md");
/// Set where the document is to be written, not checked.
const WRITE: &str = "ADMITONE_OBSERVE";

/// One section is written at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Holds a section against the document. Its first line may name another version of the server.
pub(crate) fn check(heading: &str, section: &str) {
    println!("{section}");
    let _writing = WRITING.lock().unwrap();
    let text = std::fs::read_to_string(PATH).unwrap();
    let start = text.find(&format!("## {heading}")).unwrap_or(text.len());
    let end = text[start..].find("\n## ").map_or(text.len(), |end| start + end + 1);
    let known = &text[start..end];
    if std::env::var_os(WRITE).is_some() {
        let last = if end == text.len() { "" } else { "\n" };
        let written = format!("{}{section}{last}{}", &text[..start], &text[end..]);
        std::fs::write(PATH, written).unwrap();
        return;
    }
    let said: Vec<&str> = known.trim_end().lines().skip(1).collect();
    let observed: Vec<&str> = section.trim_end().lines().skip(1).collect();
    assert_eq!(said, observed, "docs/isolation.md; written with {WRITE}=1");
}

/// The interleavings with their steps.
pub(crate) fn tried() -> String {
    let mut text = "## What is tried\n\nThe table `pairs` holds (1, 10) and (2, 20).\n".to_owned();
    for one in &ALL {
        let steps = one.steps.iter().map(|(who, sql)| format!("    {who}: {sql}\n"));
        let steps: String = steps.collect();
        for part in ["\n**", one.name, "**. ", one.harm, "\n\n", &steps] {
            text += part;
        }
    }
    text
}

/// A row for each interleaving, a column for each level.
pub(crate) fn table(server: Server, observed: &Observed) -> String {
    let levels: Vec<&str> = server.levels().iter().map(|level| level.name).collect();
    let mut text = format!("## {} {}\n\n", server.name(), server.version());
    text += &row("", &levels);
    text += &row("---", &vec!["---"; levels.len()]);
    for (one, outcomes) in observed {
        let words: Vec<&str> = outcomes.iter().map(|outcome| word(*outcome)).collect();
        text += &row(one.name, &words);
    }
    text
}

fn row(first: &str, cells: &[&str]) -> String {
    format!("| {first} | {} |\n", cells.join(" | "))
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Happens => "**happens**",
        Outcome::Refused => "no, refused",
        Outcome::Waited => "no, waits",
        Outcome::Kept => "no",
    }
}
