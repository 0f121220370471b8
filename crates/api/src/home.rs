//! The plain page at `/`: the concerts, and where to look next.

use crate::house::House;
use crate::problem::Problem;
use crate::view::instant;
use admitone_app::ports::reads::ConcertFilter;
use axum::extract::State;
use axum::response::Html;
use std::fmt::Write;

/// `GET /`.
pub(crate) async fn page(State(house): State<House>) -> Result<Html<String>, Problem> {
    let filter = ConcertFilter { limit: 50, ..ConcertFilter::default() };
    let concerts = house.office.reads.concerts(&filter).await?;
    let mut rows = String::new();
    for concert in &concerts {
        let begins = if concert.first_at <= concert.last_at {
            instant(concert.first_at)
        } else {
            "no date yet".to_owned()
        };
        // Writing into a String cannot fail.
        let _ = write!(
            rows,
            "<li><a href=\"/api/v1/concerts/{id}/shows\">{title}</a> \
             <small>{category}, {venue}, {begins}</small></li>",
            id = concert.id,
            title = escaped(&concert.title),
            category = escaped(&concert.category),
            venue = escaped(&concert.venue),
        );
    }
    if concerts.is_empty() {
        rows.push_str("<li>Nothing is on sale yet. Operators add concerts, or import a file.</li>");
    }
    Ok(Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>admitone</title>\
         <style>body{{font:1rem/1.6 system-ui,sans-serif;max-width:44rem;margin:3rem auto;\
         padding:0 1rem;color-scheme:light dark}}small{{opacity:.7;display:block}}</style>\
         <h1>On sale</h1><ul>{rows}</ul>\
         <p><a href=\"/api-docs\">The API</a> · <a href=\"/docs/problems\">Problems</a> · \
         <a href=\"/metrics\">Figures</a></p></html>"
    )))
}

/// Text that cannot become markup.
pub(crate) fn escaped(text: &str) -> String {
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
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_become_markup() {
        assert_eq!(
            escaped("<b>\"R&B\" 'live'</b>"),
            "&lt;b&gt;&quot;R&amp;B&quot; &#39;live&#39;&lt;/b&gt;"
        );
    }
}
