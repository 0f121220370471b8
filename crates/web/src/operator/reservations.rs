//! Reservations of everybody: the newest, those of a buyer, or the one that is looked for by its
//! number, a ticket's code or a payment.

use crate::buyer::account::login;
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::Staff;
use admitone_app::ports::reads::Page as Part;
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, TicketId};
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::{Key, Moment, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;

/// So many on a page.
const PAGE: usize = 50;
/// Where no show says in which zone: the server writes this one, a script the operator's own.
pub(crate) const ZONE: &str = "UTC";

#[derive(Template)]
#[template(path = "operator/reservations.html")]
struct Page {
    frame: Frame,
    /// What was looked for.
    q: String,
    /// Whose they are, if they are one buyer's.
    buyer: Option<Whose>,
    reservations: Vec<Reservation>,
    next: Option<u64>,
    zone: &'static str,
    now: Moment,
}

/// A buyer.
pub(crate) struct Whose {
    pub(crate) id: BuyerId,
    /// As he calls himself; none where his account is elsewhere.
    pub(crate) name: Option<String>,
}

/// What somebody looks for.
enum Wanted {
    All,
    Of(BuyerId),
    One(ReservationId),
}

/// `GET /operator/reservations`.
pub(crate) async fn reservations(
    State(site): State<Site>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let q = query.text("q").to_owned();
    let of = match wanted(&site, &q).await? {
        Wanted::One(id) => return Ok(go_to(&format!("/operator/reservations/{id}"))),
        Wanted::Of(buyer) => Some(buyer),
        Wanted::All => None,
    };
    let part = Part { before: query.text("before").parse().ok(), limit: PAGE + 1 };
    let mut reservations = site.office.reads.reservations(of, part).await?;
    let next = reservations.get(PAGE - 1).filter(|_| reservations.len() > PAGE);
    let next = next.map(|last| last.id.0);
    reservations.truncate(PAGE);
    let buyer = match of {
        Some(buyer) => Some(whose(&site, buyer).await?),
        None => None,
    };
    let (frame, now) = (Frame::new(&site, &staff.visitor), staff.visitor.now);
    page(&Page { frame, q, buyer, reservations, next, zone: ZONE, now })
}

/// What a text means. One that is no id is the name of a buyer.
async fn wanted(site: &Site, q: &str) -> Result<Wanted, Oops> {
    if q.is_empty() {
        return Ok(Wanted::All);
    }
    let number = q.parse::<u64>().ok().map(ReservationId);
    let ticket = q.parse::<TicketId>().ok().or_else(|| site.keys.tickets().ticket_of(q));
    let id = q.parse().ok().or(number).or(ticket.map(|ticket| ticket.reservation));
    if let Some(id) = id {
        return Ok(Wanted::One(id));
    }
    if let Ok(id) = q.parse::<PaymentId>() {
        return match site.row(Key::Payment(id)).await? {
            Some(Row::Payment(payment)) => {
                Ok(payment.reservation.map_or_else(|| Wanted::Of(payment.buyer), Wanted::One))
            }
            _ => Err(Oops::not_found().onward("/operator/reservations".to_owned())),
        };
    }
    Ok(Wanted::Of(q.parse().unwrap_or_else(|_| site.keys.buyer_named(&login(q)))))
}

/// Who a buyer is.
pub(crate) async fn whose(site: &Site, id: BuyerId) -> Result<Whose, Oops> {
    let name = match site.row(Key::Buyer(id)).await? {
        Some(Row::Buyer(buyer)) => Some(buyer.name),
        _ => None,
    };
    Ok(Whose { id, name })
}

/// The key of the words for a state.
pub(crate) fn state_words(state: ReservationState) -> &'static str {
    match state {
        ReservationState::Held => "reservation.held",
        ReservationState::Confirming => "reservation.confirming",
        ReservationState::Sold => "reservation.sold",
        ReservationState::Cancelled => "reservation.cancelled",
        ReservationState::Released => "reservation.released",
        ReservationState::Expired => "reservation.expired",
    }
}

impl Page {
    fn state(&self, reservation: &Reservation) -> &str {
        self.frame.language.say(state_words(reservation.state_at(self.now)))
    }

    /// How many are held or sold.
    fn count(&self, reservation: &Reservation) -> u32 {
        let live = [ItemState::Held, ItemState::Confirming, ItemState::Sold];
        live.into_iter().map(|state| reservation.count_in(state)).sum()
    }
}
