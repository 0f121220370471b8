//! What stands behind the question mark: fields by name, some of them several times.

use crate::site::Site;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::str::FromStr;

/// The fields of an address.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// A field, trimmed; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All fields of a name, trimmed.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.trim())
    }

    /// All fields of a name that can be read.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Vec<T> {
        self.all(name).filter_map(|text| text.parse().ok()).collect()
    }

    /// Whether a field is there, empty or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }
}

impl FromRequestParts<Site> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _site: &Site) -> Result<Self, Infallible> {
        let text = parts.uri.query().unwrap_or_default();
        Ok(Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect()))
    }
}
