//! The page to which the `type` of every problem leads: the table of codes, each with its anchor.
//! It is made from the document that a check compares with the code.

use axum::response::Html;
use std::fmt::Write;
use std::sync::LazyLock;

/// Where the page is; a code follows as its anchor.
pub(crate) const PATH: &str = "/docs/problems";
const DOCUMENT: &str = include_str!("../../../docs/http-status-codes.md");

static PAGE: LazyLock<String> = LazyLock::new(render);

/// `GET /docs/problems`.
pub(crate) async fn page() -> Html<&'static str> {
    Html(PAGE.as_str())
}

fn render() -> String {
    let mut rows = String::new();
    for [code, status, meaning, advice] in codes() {
        // Writing into a String cannot fail.
        let _ = write!(
            rows,
            "<tr id=\"{code}\"><td><code>{code}</code><td>{status}<td>{}<td>{}",
            marked_up(meaning),
            marked_up(advice),
        );
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Problems</title>\
         <style>body{{font:1rem/1.6 system-ui,sans-serif;max-width:64rem;margin:3rem auto;\
         padding:0 1rem;color-scheme:light dark}}td,th{{text-align:left;vertical-align:top;\
         padding:.3rem .6rem}}tr:target{{outline:2px solid}}</style>\
         <h1>Problems</h1><p>A program goes by the code, which never changes.</p>\
         <table><tr><th>Code<th>Status<th>What it means<th>What to do{rows}</table></html>"
    )
}

/// Code, status, what it means, what to do.
fn codes() -> impl Iterator<Item = [&'static str; 4]> {
    DOCUMENT.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| `")?.strip_suffix(" |")?.split(" | ").collect();
        let [code, status, meaning, advice] = cells.try_into().ok()?;
        Some([code.strip_suffix('`')?, status, meaning, advice])
    })
}

/// Text in which names stand between backticks.
fn marked_up(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(nth, part)| match nth % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}

/// Text that cannot become markup.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            plain => safe.push(plain),
        }
    }
    safe
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_document_is_on_the_page() {
        let rows = DOCUMENT.lines().filter(|line| line.starts_with("| `")).count();
        assert!(rows > 40);
        assert_eq!(codes().count(), rows);
        assert_eq!(PAGE.matches("<tr id=").count(), rows);
    }

    #[test]
    fn names_are_set_apart_and_nothing_becomes_markup() {
        assert_eq!(marked_up("`a<b` & c"), "<code>a&lt;b</code> &amp; c");
    }

    /// Whether a problem's `type` leads to an anchor.
    pub(crate) fn leads_somewhere(problem_type: &str) -> bool {
        let anchor = problem_type.strip_prefix(PATH).and_then(|rest| rest.strip_prefix('#'));
        anchor.is_some_and(|code| PAGE.contains(&format!("<tr id=\"{code}\">")))
    }

    #[test]
    fn a_code_that_the_document_does_not_have_leads_nowhere() {
        assert!(leads_somewhere("/docs/problems#SEAT_TAKEN"));
        assert!(!leads_somewhere("/docs/problems#SEAT"));
        assert!(!leads_somewhere("/docs/problems"));
    }
}
