//! A visitor: the language, the cookies, who he is. Made once for a request, at the door.

use crate::language::Language;
use crate::limits::{Caller, network};
use crate::oops::Oops;
use crate::session::Who;
use crate::site::Site;
use admitone_domain::Moment;
use admitone_domain::id::{BuyerId, OperatorId, RoomId};
use admitone_domain::party::Role;
use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use std::net::IpAddr;
use std::sync::Arc;

/// The cookie of a visit: a number by which forms are known.
pub(crate) const VISIT: &str = "visit";
/// The cookie of a session.
pub(crate) const SESSION: &str = "session";
/// The cookie of an operator's session, beside that of a buyer.
pub(crate) const STAFF: &str = "staff";
/// The cookie of a language that was chosen.
pub(crate) const LANGUAGE: &str = "language";

/// A visitor.
#[derive(Clone)]
pub(crate) struct Visitor(Arc<Seen>);

/// What was seen of him.
pub(crate) struct Seen {
    pub(crate) language: Language,
    /// Path and query of what he asks for.
    pub(crate) path: String,
    /// His visit, and whether it begins now.
    pub(crate) visit: String,
    pub(crate) is_new: bool,
    /// The session's cookie, good or not.
    session: String,
    pub(crate) buyer: Option<BuyerId>,
    pub(crate) operator: Option<OperatorId>,
    /// What the operator's key allows.
    pub(crate) role: Option<Role>,
    pub(crate) caller: IpAddr,
    /// Whether he came over TLS, as a proxy says: his cookies come back no other way.
    pub(crate) is_secure: bool,
    /// What he calls this house.
    host: String,
    /// When he came.
    pub(crate) now: Moment,
    /// All cookies, as they came.
    cookies: String,
}

impl std::ops::Deref for Visitor {
    type Target = Seen;

    fn deref(&self) -> &Seen {
        &self.0
    }
}

impl Visitor {
    /// Whoever sent a request.
    pub(crate) fn of(site: &Site, request: &Request) -> Self {
        let headers = request.headers();
        let cookies = cookies(headers);
        let cookie = |name: &str| value_in(&cookies, name);
        let now = site.office.clock.now();
        let buyer = match cookie(SESSION).and_then(|cookie| site.keys.who(cookie, now)) {
            Some(Who::Buyer(buyer)) => Some(buyer).filter(|one| !site.parties.is_disabled(*one)),
            Some(Who::Operator(_)) | None => None,
        };
        let operator = match cookie(STAFF).and_then(|cookie| site.keys.who(cookie, now)) {
            // It ends at once when the key is refused from now on.
            Some(Who::Operator(operator)) => Some(operator),
            Some(Who::Buyer(_)) | None => None,
        };
        let role = operator.and_then(|operator| site.parties.role(operator));
        let operator = operator.filter(|_| role.is_some());
        let known = cookie(VISIT).filter(|visit| is_number(visit)).map(str::to_owned);
        let session = [cookie(SESSION), cookie(STAFF)].map(Option::unwrap_or_default).concat();
        let text = |name: header::HeaderName| headers.get(name)?.to_str().ok();
        let language = cookie(LANGUAGE).and_then(Language::of_code);
        let language = language
            .or_else(|| Language::accepted(text(header::ACCEPT_LANGUAGE)?))
            .unwrap_or_default();
        let caller = request.extensions().get::<Caller>().copied().unwrap_or_default();
        let scheme = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        Self(Arc::new(Seen {
            language,
            path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            is_new: known.is_none(),
            visit: known.unwrap_or_else(|| format!("{:032x}", (site.chance)())),
            session,
            buyer,
            operator,
            role,
            caller: network(caller.0),
            is_secure: scheme == Some("https"),
            host: text(header::HOST).unwrap_or_default().to_owned(),
            now,
            cookies,
        }))
    }

    /// The buyer, or the way to sign in and back here.
    pub(crate) fn buyer(&self) -> Result<BuyerId, Oops> {
        self.buyer.ok_or_else(|| Oops::sign_in(&self.path))
    }

    /// The beginning of the addresses of this house, as he writes them.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        value_in(&self.cookies, name)
    }

    /// The token of a place in a room.
    pub(crate) fn place(&self, room: RoomId) -> Option<&str> {
        self.cookie(&place_cookie(room))
    }

    /// The cookies of places, of all rooms.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.cookies).filter(|(name, _)| name.starts_with("place_"))
    }

    /// What a form carries that this visitor may post.
    pub(crate) fn form_token(&self, site: &Site) -> String {
        site.keys.form_token(&self.visit, &self.session)
    }

    /// Whether a form came from a page of this visitor.
    pub(crate) fn is_form_token(&self, site: &Site, given: &str) -> bool {
        site.keys.is_form_token(given, &self.visit, &self.session)
    }

    /// A cookie that no script reads and no other site sends with a form; for a number of seconds,
    /// or until the browser is closed.
    pub(crate) fn set_cookie(&self, name: &str, value: &str, seconds: Option<u64>) -> HeaderValue {
        let life = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{life}{secure}");
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }
}

/// The cookie of a place in a room.
pub(crate) fn place_cookie(room: RoomId) -> String {
    format!("place_{}", room.0)
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Oops;

    async fn from_request_parts(parts: &mut Parts, _site: &Site) -> Result<Self, Oops> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Oops::inside)
    }
}

/// All cookies of a request, in one line.
fn cookies(headers: &HeaderMap) -> String {
    let mut all = String::new();
    for line in headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok()) {
        all.push_str(line);
        all.push(';');
    }
    all
}

fn pairs(cookies: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = cookies.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

fn value_in<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    pairs(cookies).find(|(known, _)| *known == name).map(|(_, value)| value)
}

fn is_number(visit: &str) -> bool {
    visit.len() == 32 && visit.bytes().all(|byte| byte.is_ascii_hexdigit())
}
