//! What a form posts, once it is known that a page of this visitor posted it.

use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use crate::words::typed;
use admitone_app::box_office::Request as Named;
use admitone_domain::pass::Admission;
use admitone_domain::{Actor, CommandId, Currency, Fingerprint, Money};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use std::str::FromStr;
use std::time::Duration;

/// The largest form that is read.
const FORM_MAX_BYTES: usize = 128 * 1024;
/// How long a visitor may take for one.
const FORM_WAIT: Duration = Duration::from_secs(10);
/// The field with which a form shows whose it is.
const TOKEN: &str = "form_token";

/// A form.
pub(crate) struct Form {
    pub(crate) visitor: Visitor,
    path: String,
    fields: Vec<(String, String)>,
}

impl FromRequest<Site> for Form {
    type Rejection = Oops;

    async fn from_request(request: Request, site: &Site) -> Result<Self, Oops> {
        let (parts, body) = request.into_parts();
        let visitor = parts.extensions.get::<Visitor>().cloned().ok_or_else(Oops::inside)?;
        let read = axum::body::to_bytes(body, FORM_MAX_BYTES);
        let read = tokio::time::timeout(FORM_WAIT, read).await.map_err(|_| Oops::malformed())?;
        let body = read.map_err(|_| Oops::malformed())?;
        let fields: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
        let form = Self { visitor, path: parts.uri.path().to_owned(), fields };
        let is_ours = form.visitor.is_form_token(site, form.text(TOKEN));
        if !is_ours || is_from_elsewhere(&parts.headers) {
            return Err(Oops::foreign_form().onward(form.path.clone()));
        }
        Ok(form)
    }
}

impl Form {
    /// A field, trimmed; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// All fields of a name, trimmed.
    pub(crate) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.fields.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.trim())
    }

    /// All fields.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A field that a page wrote.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<T, Oops> {
        self.text(name).parse().map_err(|_| Oops::malformed())
    }

    /// A field that may be left empty.
    pub(crate) fn optional<T: FromStr>(&self, name: &str) -> Result<Option<T>, Oops> {
        match self.text(name) {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Oops::malformed()),
        }
    }

    /// An amount as people type it; none where it is none.
    pub(crate) fn amount(&self, name: &str, currency: Currency) -> Option<Money> {
        typed(self.text(name), currency)
    }

    /// The name of what is asked: the same for the same form, however often it is posted. Filled
    /// in otherwise it is another wish.
    pub(crate) fn named(&self, actor: Actor, admission: Admission) -> Named {
        let mut name = blake3::Hasher::new_derive_key("admitone 2026 page commands");
        let who = actor.to_string();
        let fields = self.fields.iter().filter(|(field, _)| field != TOKEN);
        let said = fields.flat_map(|(field, value)| [field.as_str(), value.as_str()]);
        for part in [who.as_str(), self.path.as_str()].into_iter().chain(said) {
            // The length first: otherwise two forms could be one in another cut.
            name.update(&part.len().to_le_bytes()).update(part.as_bytes());
        }
        let name = name.finalize();
        let id = name.as_bytes().first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let (id, fingerprint) = (CommandId(id), Fingerprint(0));
        Named { id, fingerprint, actor, admission, deadline: None, waits: true }
    }
}

/// Whether a browser says that another site posted it.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").unwrap_or("same-origin");
    let origin = text(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    let host = text(header::HOST.as_str());
    !matches!(site, "same-origin" | "none") || origin.is_some_and(|(_, from)| Some(from) != host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_another_site_posts_is_known() {
        let from = |lines: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.insert(*name, value.parse().unwrap());
            }
            is_from_elsewhere(&headers)
        };
        assert!(!from(&[("host", "a.example"), ("origin", "https://a.example")]));
        assert!(!from(&[("sec-fetch-site", "same-origin")]));
        assert!(!from(&[]));
        assert!(from(&[("host", "a.example"), ("origin", "https://b.example")]));
        assert!(from(&[("sec-fetch-site", "cross-site")]));
        assert!(from(&[("sec-fetch-site", "same-site")]));
    }
}
