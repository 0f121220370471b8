//! The name of the request in hand: in its log lines, in its answer, and in the problem it ends with.
//!
//! Whoever stands before the house may give one (`X-Request-Id`); else the house does.

use axum::http::{HeaderName, HeaderValue};
use std::hash::{BuildHasher, RandomState};

/// Where it stands in requests and answers.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// So many bytes somebody else's may have.
const GIVEN_MAX_BYTES: usize = 128;

tokio::task_local! {
    static CURRENT: HeaderValue;
}

/// The name that a request was given, or else its number.
pub(crate) fn of(given: Option<&HeaderValue>, number: u64) -> HeaderValue {
    let given = given.filter(|one| one.len() <= GIVEN_MAX_BYTES);
    given.cloned().unwrap_or_else(|| HeaderValue::from(number))
}

/// Does something under this name.
pub(crate) async fn within<T>(name: HeaderValue, work: impl Future<Output = T>) -> T {
    CURRENT.scope(name, work).await
}

/// The name of the request that is being answered; nothing where nobody asked, or where it cannot be
/// printed.
pub fn current() -> Option<String> {
    CURRENT.try_with(|name| name.to_str().ok().map(str::to_owned)).ok().flatten()
}

/// What the numbers of a process begin with: another one for each, so that the log of a house that was
/// started twice has no name twice.
pub(crate) fn first_number() -> u64 {
    (RandomState::new().hash_one(()) << 32) | 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_known_within_and_nowhere_else() {
        assert_eq!(current(), None);
        let name = HeaderValue::from_static("a-name");
        assert_eq!(within(name, async { current() }).await.as_deref(), Some("a-name"));
        assert_eq!(current(), None);
    }

    #[test]
    fn a_name_that_is_too_long_is_not_taken() {
        let long = HeaderValue::from_str(&"x".repeat(129)).unwrap();
        assert_eq!(of(Some(&long), 7), "7");
        assert_eq!(of(Some(&HeaderValue::from_static("theirs")), 7), "theirs");
        assert_eq!(of(None, 7), "7");
    }
}
