//! Requests as bytes, put together once and filled in a thousand times.

use crate::target::{As, head};
use std::io::Write;

/// The part of a POST before its key, for each account.
pub(super) fn post_heads<'a>(
    path: &str,
    host: &str,
    tokens: impl IntoIterator<Item = &'a str>,
) -> Vec<Vec<u8>> {
    let request = format!("POST {path}");
    let one = |token: &str| {
        let text = head(&request, host, As::Bearer(token));
        (text + "content-type: application/json\r\nidempotency-key: ").into_bytes()
    };
    tokens.into_iter().map(one).collect()
}

/// Ends a POST: key, length, body. A vector takes everything that is written into it.
pub(super) fn finish(out: &mut Vec<u8>, key: u64, body: &[u8]) {
    let _ = write!(out, "bench-{key}\r\ncontent-length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
}

/// A whole GET.
pub(super) fn get(path: &str, host: &str, who: As<'_>) -> Vec<u8> {
    (head(&format!("GET {path}"), host, who) + "\r\n").into_bytes()
}

/// What stands behind the underscore of an id.
pub(super) fn number_of(id: &str) -> Option<u64> {
    id.rsplit_once('_')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_says_how_long_its_body_is() {
        let mut out = post_heads("/a", "h:1", ["t"]).remove(0);
        finish(&mut out, 7, b"{}");
        let text = "POST /a HTTP/1.1\r\nhost: h:1\r\nauthorization: Bearer t\r\n\
            content-type: application/json\r\nidempotency-key: bench-7\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert_eq!(number_of("entry_12"), Some(12));
    }
}
