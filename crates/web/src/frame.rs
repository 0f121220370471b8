//! What stands around every page, and how a page becomes a response.

use crate::assets;
use crate::buyer::seats::Named;
use crate::facts::Availability;
use crate::language::Language;
use crate::oops::Oops;
use crate::sheet::Marks;
use crate::site::Site;
use crate::staff::home;
use crate::visitor::Visitor;
use crate::words;
use admitone_domain::party::{Right, Role};
use admitone_domain::reservation::ItemState;
use admitone_domain::show::Attribute;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::{Currency, Moment, Money};
use askama::Template;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::Display;

/// The navigation of operators, and what each page needs.
const DESK: [(&str, &str, Right); 9] = [
    ("/operator", "desk.live", Right::Look),
    ("/operator/reservations", "desk.reservations", Right::Look),
    ("/operator/concerts", "desk.concerts", Right::Look),
    ("/operator/payments", "desk.payments", Right::Look),
    ("/operator/door", "desk.door", Right::Admit),
    ("/operator/drill", "desk.drill", Right::Look),
    ("/operator/log", "desk.log", Right::Look),
    ("/operator/webhooks", "desk.webhooks", Right::Look),
    ("/operator/staff", "desk.staff", Right::Appoint),
];

/// Pages whose address does not say to which of them they belong.
const BELONGS: [(&str, &str); 3] = [
    ("/operator/shows", "/operator/concerts"),
    ("/operator/import", "/operator/concerts"),
    ("/operator/queues", "/operator/payments"),
];

/// The steps of a buyer: name, and the key of what each is called.
const STEPS: [(&str, &str); 4] = [
    ("line", "line.title"),
    ("choose", "seats.title"),
    ("pay", "reservation.step_pay"),
    ("tickets", "ticket.title"),
];

/// So many lines the head of an answer has room for.
const HEADERS_MAX: usize = 16;

fn is_below(here: &str, path: &str) -> bool {
    here.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What stands around a page: the words, the visitor, the token of its forms.
pub(crate) struct Frame {
    pub(crate) language: Language,
    pub(crate) is_signed_in: bool,
    /// What the key of an operator allows, if there is one.
    role: Option<Role>,
    pub(crate) form_token: String,
    /// Where the visitor is, to come back to.
    pub(crate) path: String,
    /// The time of the server in milliseconds: countdowns go by it.
    pub(crate) now_ms: i64,
    /// The same as it is written on the page.
    pub(crate) now: String,
    /// Names what a form asks for: posted twice, it is done once.
    pub(crate) key: String,
}

impl Frame {
    /// Around a page for this visitor.
    pub(crate) fn new(site: &Site, visitor: &Visitor) -> Self {
        Self {
            language: visitor.language,
            is_signed_in: visitor.buyer.is_some(),
            role: visitor.role,
            form_token: visitor.form_token(site),
            path: visitor.path.clone(),
            now_ms: visitor.now.0 / 1_000,
            now: (visitor.now.0 / 1_000).to_string(),
            key: format!("{:032x}", (site.chance)()),
        }
    }

    /// Around nothing in particular.
    #[cfg(test)]
    pub(crate) fn bare(language: Language) -> Self {
        let (form_token, path, now, key) = Default::default();
        Self { language, is_signed_in: false, role: None, form_token, path, now_ms: 0, now, key }
    }

    /// Around a page at `path` that is kept for all who are shown the same: with gaps for the token
    /// of its forms and for the time.
    pub(crate) fn marked(
        self,
        path: String,
        (form_token, now): (char, char),
        marks: &Marks,
    ) -> Self {
        Self { path, form_token: marks.gap(form_token), now: marks.gap(now), ..self }
    }

    /// Words.
    pub(crate) fn say<'a>(&self, key: &'a str) -> &'a str {
        self.language.say(key)
    }

    /// Words with a value.
    pub(crate) fn say1(&self, key: &str, one: impl Display) -> String {
        self.language.fill(key, &[&one])
    }

    /// Words with two values.
    pub(crate) fn say2(&self, key: &str, one: impl Display, two: impl Display) -> String {
        self.language.fill(key, &[&one, &two])
    }

    /// Words with three values.
    pub(crate) fn say3(
        &self,
        key: &str,
        one: impl Display,
        two: impl Display,
        three: impl Display,
    ) -> String {
        self.language.fill(key, &[&one, &two, &three])
    }

    /// The steps of a buyer at one of them: what each is called, and whether it is `done`, is `now`, or
    /// comes `later`. Where no room is in front of the sale, none is spoken of.
    pub(crate) fn steps(&self, at: &str, is_gated: &bool) -> Vec<(&'static str, &'static str)> {
        let here = STEPS.iter().position(|(name, _)| *name == at).unwrap_or(0);
        let state = |place: usize| match place.cmp(&here) {
            Ordering::Less => "done",
            Ordering::Equal => "now",
            Ordering::Greater => "later",
        };
        let steps = STEPS.iter().enumerate().skip(usize::from(!*is_gated));
        steps.map(|(place, (_, words))| (*words, state(place))).collect()
    }

    /// The name of a seat, and what is said of it.
    pub(crate) fn seat(&self, seat: &Named) -> String {
        self.place((&seat.section, &seat.row, seat.number), seat.attribute)
    }

    /// The same of one by its section, its row and its number.
    pub(crate) fn place(
        &self,
        (section, row, number): (&str, &str, u32),
        said: Option<Attribute>,
    ) -> String {
        let name = self.say3("seats.name", section, row, number);
        match said {
            Some(said) => format!("{name}, {}", self.attribute(&said)),
            None => name,
        }
    }

    /// What is said of a seat.
    pub(crate) fn attribute(&self, said: &Attribute) -> &str {
        self.language.say(match said {
            Attribute::Wheelchair => "seats.wheelchair",
            Attribute::Companion => "seats.companion",
            Attribute::RestrictedView => "seats.restricted_view",
        })
    }

    /// What is left until a moment, as minutes and seconds.
    pub(crate) fn left(&self, until: &Moment) -> String {
        words::clock(until.ms_since(Moment(self.now_ms.saturating_mul(1_000))))
    }

    /// What is left until a moment, in minutes that have begun.
    pub(crate) fn minutes(&self, until: &Moment) -> u64 {
        until.ms_since(Moment(self.now_ms.saturating_mul(1_000))).div_ceil(60_000)
    }

    /// Whether tickets of a type can be had.
    pub(crate) fn type_state(&self, kind: &TicketType) -> Availability {
        Availability::of_type(kind)
    }

    /// The head of a group of reservations.
    pub(crate) fn group(&self, name: &str) -> &str {
        self.language.say(match name {
            "held" => "reservations.held",
            "coming" => "reservations.coming",
            "past" => "reservations.past",
            _ => "reservations.over",
        })
    }

    /// What an item of a reservation is called in its state.
    pub(crate) fn item_state(&self, state: &ItemState) -> &str {
        self.language.say(match state {
            ItemState::Held => "reservation.held",
            ItemState::Confirming => "reservation.confirming",
            ItemState::Sold => "reservation.sold",
            ItemState::Cancelled => "reservation.cancelled",
            ItemState::Released => "reservation.released",
            ItemState::Expired => "reservation.expired",
        })
    }

    /// An amount of money as people read it.
    pub(crate) fn money(&self, amount: &Money, currency: &Currency) -> String {
        words::money(*amount, *currency)
    }

    /// The same of an amount that was computed.
    pub(crate) fn money_of(&self, amount: Money, currency: &Currency) -> String {
        self.money(&amount, currency)
    }

    /// An amount as a field for one has it.
    pub(crate) fn plain(&self, amount: impl Borrow<Money>, currency: &Currency) -> String {
        words::plain(*amount.borrow(), *currency)
    }

    /// A day and a time in a zone.
    pub(crate) fn date(&self, moment: &Moment, zone: &str) -> String {
        words::date(self.language, *moment, zone)
    }

    /// Milliseconds since 1970, for scripts.
    pub(crate) fn ms(&self, moment: &Moment) -> i64 {
        moment.0 / 1_000
    }

    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }

    /// Whether something can be had, in words.
    pub(crate) fn state(&self, state: Availability) -> &str {
        let key = match state {
            Availability::Free => "state.free",
            Availability::Low => "state.low",
            Availability::AllHeld => "state.all_held",
            Availability::SoldOut => "state.sold_out",
            Availability::Nothing => "state.nothing",
        };
        self.language.say(key)
    }

    /// The pages of operators: where, and the key of what they are called.
    pub(crate) fn desk(&self) -> Vec<(&'static str, &'static str)> {
        let open = DESK.iter().filter(|(_, _, right)| self.may(*right));
        open.map(|(path, words, _)| (*path, *words)).collect()
    }

    /// Where an operator begins; nothing for anybody else.
    pub(crate) fn home(&self) -> Option<&'static str> {
        self.role.map(home)
    }

    /// Whether whoever looks at a page of operators changes nothing on it.
    pub(crate) fn only_looks(&self) -> bool {
        self.may(Right::Look) && !self.may(Right::Change)
    }

    fn may(&self, right: Right) -> bool {
        self.role.is_some_and(|role| role.may(right))
    }

    /// What a role is called.
    pub(crate) fn role(&self, role: &Role) -> &str {
        self.language.say(match role {
            Role::Owner => "staff.owner",
            Role::Operator => "staff.operator",
            Role::Door => "staff.door",
            Role::ReadOnly => "staff.read_only",
        })
    }

    /// Whether this is a page of the navigation, or one that belongs to it.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let here = self.path.split('?').next().unwrap_or_default();
        let belongs = BELONGS.iter().any(|(part, to)| *to == path && is_below(here, part));
        belongs || here == path || path != "/operator" && is_below(here, path)
    }

    /// The other languages: code and own name.
    pub(crate) fn other_languages(&self) -> Vec<(&'static str, &'static str)> {
        let others = Language::all().filter(|one| *one != self.language);
        others.map(|one| (one.code(), one.own_name())).collect()
    }
}

/// A page as a response.
pub(crate) fn page(template: &impl Template) -> Result<Response<Body>, Oops> {
    page_with(StatusCode::OK, template)
}

/// A page with a status.
pub(crate) fn page_with(
    status: StatusCode,
    template: &impl Template,
) -> Result<Response<Body>, Oops> {
    let mut response = html(rendered(template)?);
    *response.status_mut() = status;
    Ok(response)
}

/// What a page says.
pub(crate) fn rendered(template: &impl Template) -> Result<String, Oops> {
    template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Oops::inside()
    })
}

/// A page that is written.
pub(crate) fn html(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    // As many as a page leaves with.
    headers.reserve(HEADERS_MAX);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// Sends a visitor on, with a page that he asks for anew: reloading it posts nothing.
pub(crate) fn go_to(path: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.headers_mut().insert(header::LOCATION, location);
    response
}

/// Where to go back to, as long as it is a path of this house.
pub(crate) fn own_path(path: &str) -> &str {
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_own { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_house() {
        assert_eq!(own_path("/wallet?after=3"), "/wallet?after=3");
        for other in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb"] {
            assert_eq!(own_path(other), "/", "{other}");
        }
    }
}
