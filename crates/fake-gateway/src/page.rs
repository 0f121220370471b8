//! The page at which a buyer agrees to pay, as the real one has: here it says what shall happen. It
//! sends the buyer back to the house with the key of a payment, or without.

use axum::body::Body;
use axum::extract::Query;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;

/// What the house says to the buyer's browser.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wish {
    order_id: String,
    amount: i64,
    /// Where to go on when the buyer agrees, and when not.
    success_url: String,
    fail_url: String,
}

/// What can be chosen: what it is called, and the manner of the payment's key.
const CHOICES: [(&str, &str); 3] = [
    ("Pay", "plain"),
    ("Be declined", "decline-REJECT_CARD_COMPANY"),
    ("Pay, and have nobody hear of it for a while", "silent.delay-3000"),
];

/// `GET /pay`.
pub(crate) async fn pay(Query(wish): Query<Wish>) -> Response<Body> {
    let Wish { order_id, amount, success_url, fail_url } = &wish;
    let links = CHOICES.map(|(words, manner)| {
        let fields = [
            ("paymentKey", format!("{manner}.{order_id}")),
            ("orderId", order_id.clone()),
            ("amount", amount.to_string()),
        ];
        link(words, &with(success_url, &fields))
    });
    let cancelled = [("code", "PAY_PROCESS_CANCELED".to_owned())];
    let back = link("Go back without paying", &with(fail_url, &cancelled));
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>A bank that takes no \
         money</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         </head><body><h1>A bank that takes no money</h1><p>Order {}, {amount}</p><ul>{}{back}\
         </ul></body></html>",
        escaped(order_id),
        links.concat(),
    );
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::OK;
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

/// An address with fields behind those that it has.
fn with(url: &str, fields: &[(&str, String)]) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    format!("{url}{mark}{}", pairs.join("&"))
}

fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let letter = |byte: u8| {
        if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(letter).collect()
}

/// A way on. Nothing but the web: a script in an address would be run by a click.
fn link(words: &str, url: &str) -> String {
    let is_web = url.starts_with("http://") || url.starts_with("https://");
    let url = if is_web { escaped(url) } else { String::new() };
    format!("<li><a href=\"{url}\">{}</a></li>", escaped(words))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_address_becomes_markup_or_a_script() {
        let url = with("http://a.example/back?x=1", &[("orderId", "res_1-\"<b>".to_owned())]);
        assert_eq!(url, "http://a.example/back?x=1&orderId=res_1-%22%3Cb%3E");
        assert!(link("Pay", &url).contains("href=\"http://a.example/back?x=1&amp;orderId="));
        assert!(link("Pay", "javascript:alert(1)").contains("href=\"\""));
        assert_eq!(escaped("<a href=\"&\">"), "&lt;a href=&quot;&amp;&quot;&gt;");
    }
}
