//! What went wrong, as a page: what happened, that nothing was charged, what to do.
//!
//! A handler knows no language: it answers with an [`Oops`], and the door writes the page.

use crate::frame::{Frame, go_to, page_with};
use crate::operator::queues::Said;
use crate::site::Site;
use crate::staff::home;
use crate::unfit::said;
use crate::visitor::Visitor;
use crate::words;
use admitone_app::logbook::Unsure;
use admitone_app::operating::Unfit;
use admitone_app::rooms::VisitTrouble;
use admitone_app::{Trouble, TroubleKind};
use admitone_domain::id::ShowId;
use admitone_domain::party::Role;
use admitone_domain::{Currency, Refusal};
use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

/// Why a page is not there, or a wish was not done.
#[derive(Debug, Clone)]
pub(crate) struct Oops {
    status: StatusCode,
    /// What it is called: the words stand under it.
    pub(crate) code: &'static str,
    /// What stands in the words.
    values: Vec<String>,
    /// Where to go on.
    onward: Option<String>,
    retry_after_s: Option<u64>,
    /// Whether the way on is to sign in.
    wants_session: bool,
    /// Whether what to do is said in English, whatever the visitor speaks.
    is_english: bool,
}

impl std::fmt::Display for Oops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code)?;
        self.values.iter().try_for_each(|value| write!(f, " {value}"))
    }
}

impl Oops {
    fn new(status: StatusCode, code: &'static str) -> Self {
        let (values, onward, retry_after_s) = (Vec::new(), None, None);
        Self {
            status,
            code,
            values,
            onward,
            retry_after_s,
            wants_session: false,
            is_english: false,
        }
    }

    /// There is no such page, or it is somebody else's.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND")
    }

    /// A bug; the log says which.
    pub(crate) fn inside() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL")
    }

    /// Somebody has to say who he is first, and comes back.
    pub(crate) fn sign_in(back: &str) -> Self {
        let to: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let oops = Self::new(StatusCode::UNAUTHORIZED, "SIGN_IN");
        Self { wants_session: true, ..oops.onward(format!("/sign-in?to={to}")) }
    }

    /// Who has no pass goes to the line.
    pub(crate) fn to_line(show: ShowId) -> Self {
        let oops = Self::new(StatusCode::SEE_OTHER, "ADMISSION_REQUIRED");
        oops.onward(format!("/shows/{show}/line"))
    }

    /// A form from another site, or of a visit that is over.
    pub(crate) fn foreign_form() -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORM_TOO_OLD")
    }

    /// A form that no page of this house has.
    pub(crate) fn malformed() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "MALFORMED")
    }

    /// Nobody knows yet what came of it.
    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNKNOWN_OUTCOME").after(5)
    }

    /// What the house does not let buyers do.
    pub(crate) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN")
    }

    /// A page for operators, and who asks is none, as far as is known.
    pub(crate) fn staff_only(is_known: bool, back: &str) -> Self {
        let to: String = form_urlencoded::byte_serialize(back.as_bytes()).collect();
        let status = if is_known { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        Self::new(status, "STAFF_ONLY").onward(format!("/operator/sign-in?to={to}"))
    }

    /// A page for operators whose key allows more than this one's.
    pub(crate) fn not_of_this_role(role: Role) -> Self {
        Self::new(StatusCode::FORBIDDEN, "ROLE").onward(home(role).to_owned())
    }

    /// What an operator wrote cannot be taken; the text says why.
    pub(crate) fn unfit(text: String) -> Self {
        Self { values: vec![text], ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "UNFIT") }
    }

    /// Something about a queue, by the code of its words.
    pub(crate) fn of_queue(code: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, code)
    }

    /// A queue cannot do what an operator wants of it; the text says why.
    pub(crate) fn queue_cannot(said: Said) -> Self {
        let (values, is_english) = (vec![said.text], said.is_english);
        Self { values, is_english, ..Self::of_queue("QUEUE_CANNOT") }
    }

    /// Somebody changed what was looked at.
    pub(crate) fn changed_meanwhile() -> Self {
        Self::new(StatusCode::CONFLICT, "VERSION_CONFLICT")
    }

    /// Asked too often.
    pub(crate) fn rate_limited(seconds: u64) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED").after(seconds)
    }

    /// The same with a way on.
    #[must_use]
    pub(crate) fn onward(mut self, path: String) -> Self {
        self.onward = Some(path);
        self
    }

    fn after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds.max(1));
        self.values = vec![seconds.max(1).to_string()];
        self
    }

    /// Whether the way on is to sign in.
    pub(crate) fn wants_session(&self) -> bool {
        self.wants_session
    }

    /// As a page for a visitor.
    pub(crate) fn page(self, site: &Site, visitor: &Visitor) -> Response<Body> {
        if self.status == StatusCode::SEE_OTHER {
            return go_to(self.onward.as_deref().unwrap_or("/"));
        }
        let frame = Frame::new(site, visitor);
        let language = visitor.language;
        let is_unfit = self.code == "UNFIT";
        let value = |text: &String| if is_unfit { said(language, text) } else { text.clone() };
        let values: Vec<String> = self.values.iter().map(value).collect();
        let values: Vec<&dyn std::fmt::Display> =
            values.iter().map(|value| value as &dyn std::fmt::Display).collect();
        let words = |part: &str| {
            let key = format!("{part}.{}", self.code);
            language.find(&key).map(|_| language.fill(&key, &values))
        };
        let what = words("problem").unwrap_or_else(|| language.say("problem.INTERNAL").to_owned());
        let remedy = words("remedy").unwrap_or_else(|| language.say("remedy.INTERNAL").to_owned());
        let onward = self.onward.clone().unwrap_or_else(|| "/".to_owned());
        let is_unknown = self.code == "UNKNOWN_OUTCOME";
        let (code, is_english) = (self.code, self.is_english);
        let template = Problem { frame, what, remedy, onward, code, is_unknown, is_english };
        let mut response = page_with(self.status, &template).unwrap_or_else(|_| {
            let mut plain = Response::new(Body::from("Something is wrong inside."));
            *plain.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            plain
        });
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem {
    frame: Frame,
    what: String,
    remedy: String,
    onward: String,
    code: &'static str,
    /// Whether it may have been done all the same.
    is_unknown: bool,
    /// Whether the remedy is English, whatever the visitor speaks.
    is_english: bool,
}

impl Problem {
    /// Whether somebody may think that it cost something.
    fn is_a_sale(&self) -> bool {
        !self.frame.path.starts_with("/operator")
    }
}

impl IntoResponse for Oops {
    /// Without a body: the door writes it.
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}

impl Unsure for Oops {
    fn is_unsure(&self) -> bool {
        self.status.is_server_error()
    }
}

impl From<Refusal> for Oops {
    fn from(refusal: Refusal) -> Self {
        let status = match &refusal {
            Refusal::UnknownShow(_) | Refusal::UnknownReservation | Refusal::UnknownPayment => {
                StatusCode::NOT_FOUND
            }
            Refusal::AdmissionRequired | Refusal::AdmissionExpired | Refusal::OwnerNeeded => {
                StatusCode::FORBIDDEN
            }
            Refusal::HoldExpired => StatusCode::GONE,
            _ => StatusCode::CONFLICT,
        };
        let won = |amount: &admitone_domain::Money| words::money(*amount, Currency::KRW);
        let values = match &refusal {
            Refusal::SoldOut { left } | Refusal::AllHeld { left } => vec![left.to_string()],
            Refusal::LimitPerReservation { max } | Refusal::ExtensionLimit { max } => {
                vec![max.to_string()]
            }
            Refusal::LimitPerBuyer { max, taken } => vec![max.to_string(), taken.to_string()],
            Refusal::InsufficientFunds { balance, needed } => vec![won(balance), won(needed)],
            _ => Vec::new(),
        };
        Self { values, ..Self::new(status, refusal.code()) }
    }
}

impl From<Trouble> for Oops {
    fn from(trouble: Trouble) -> Self {
        // What exactly is wrong inside is for the log, not for the buyer.
        tracing::warn!(%trouble, "a page met trouble");
        match trouble.kind {
            TroubleKind::Conflict | TroubleKind::Busy => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY").after(2)
            }
            TroubleKind::Unavailable => Self::unknown(),
            TroubleKind::Fenced | TroubleKind::Inconsistent | TroubleKind::Astray(_) => {
                Self::inside()
            }
        }
    }
}

impl From<Unfit> for Oops {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Field(text) => Self::unfit(text),
            Unfit::Missing(_) => Self::not_found(),
            Unfit::Refused(refusal) => refusal.into(),
            Unfit::Trouble(trouble) => trouble.into(),
        }
    }
}

impl From<VisitTrouble> for Oops {
    fn from(trouble: VisitTrouble) -> Self {
        match trouble {
            VisitTrouble::NoRoom => Self::not_found(),
            VisitTrouble::Closed => Self::new(StatusCode::CONFLICT, "ROOM_CLOSED"),
            VisitTrouble::Gone | VisitTrouble::Forged => Self::new(StatusCode::GONE, "PLACE_GONE"),
            VisitTrouble::Trouble(trouble) => trouble.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::language::Language;

    /// The codes of refusals, as their source has them.
    fn codes() -> Vec<&'static str> {
        let source = include_str!("../../domain/src/refusal.rs");
        let words = source.split('"').skip(1).step_by(2);
        let is_code = |word: &&str| {
            word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        words.filter(is_code).collect()
    }

    #[test]
    fn every_refusal_says_what_happened_and_what_to_do_in_every_language() {
        let own = [
            "NOT_FOUND",
            "INTERNAL",
            "SIGN_IN",
            "FORM_TOO_OLD",
            "MALFORMED",
            "FORBIDDEN",
            "STAFF_ONLY",
            "UNFIT",
            "RATE_LIMITED",
            "BUSY",
            "UNKNOWN_OUTCOME",
            "ROOM_CLOSED",
            "PLACE_GONE",
            "QUEUE_CANNOT",
            "QUEUE_BUSY",
            "QUEUE_NO_START",
            "QUEUE_JOB_GONE",
        ];
        assert!(codes().len() > 30);
        for language in Language::all() {
            for code in codes().into_iter().chain(own) {
                for part in ["problem", "remedy"] {
                    let key = format!("{part}.{code}");
                    assert!(language.find(&key).is_some(), "{}: {key}", language.code());
                }
            }
        }
    }
}
