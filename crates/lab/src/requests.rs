//! Requests as bytes, put together once and filled in a thousand times.

use crate::target::{As, head};
use std::io::Write;

/// The part of a POST before its key, for each account.
pub(crate) fn post_heads<'a>(
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
pub(crate) fn finish(out: &mut Vec<u8>, key: u64, body: &[u8]) {
    let _ = write!(out, "bench-{key}\r\ncontent-length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
}

/// A whole POST of somebody, under a key if it is a command.
pub(crate) fn post(out: &mut Vec<u8>, [path, host]: [&str; 2], who: As<'_>, ask: (&str, &str)) {
    let (key, body) = ask;
    out.extend_from_slice(head(&format!("POST {path}"), host, who).as_bytes());
    if !key.is_empty() {
        let _ = write!(out, "idempotency-key: {key}\r\n");
    }
    if !body.is_empty() {
        out.extend_from_slice(b"content-type: application/json\r\n");
    }
    let _ = write!(out, "content-length: {}\r\n\r\n{body}", body.len());
}

/// A whole GET.
pub(crate) fn get(path: &str, host: &str, who: As<'_>) -> Vec<u8> {
    (head(&format!("GET {path}"), host, who) + "\r\n").into_bytes()
}

/// A whole DELETE.
pub(crate) fn delete(path: &str, host: &str, who: As<'_>) -> Vec<u8> {
    (head(&format!("DELETE {path}"), host, who) + "\r\n").into_bytes()
}

/// What stands behind the underscore of an id.
pub(crate) fn number_of(id: &str) -> Option<u64> {
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
