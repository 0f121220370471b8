//! One reservation: held with its countdown and the ways to pay, sold with its tickets, or over.
//!
//! What a payment comes to is one of three: confirmed, declined with the seats still held, or being
//! checked. Each is how the reservation stands, so a page that is opened later says the same.

mod act;
mod gateway;

pub(crate) use act::{cancel, cancel_page, extend, pay, release};
pub(crate) use gateway::agreed;

use super::seats::seats_path;
use crate::facts::ShowFacts;
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_domain::id::{BuyerId, ReservationId, SeatId, ShowId, TicketId};
use admitone_domain::payment::Payment;
use admitone_domain::reservation::{Item, ItemState, Reservation, ReservationState, Ware};
use admitone_domain::show::SeatPlan;
use admitone_domain::{Currency, Key, Moment, Money, Row};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::sync::Arc;

/// People who read slowly or use no mouse need twenty seconds at least to ask for more.
const WARN_MS: u64 = 45_000;

#[derive(Template)]
#[template(path = "reservation.html")]
struct Page {
    frame: Frame,
    facts: Arc<ShowFacts>,
    reservation: Reservation,
    state: ReservationState,
    items: Vec<Thing>,
    total: Money,
    balance: Money,
    may_charge: bool,
    payment: Option<Payment>,
    /// The way to the gateway's page, where there is one.
    to_gateway: Option<String>,
    /// What went wrong with the last wish, in words.
    wrong: Option<(String, String)>,
    /// What came back a moment ago.
    refunded: Option<Money>,
}

/// An item with its name.
pub(crate) struct Thing {
    pub(crate) place: u32,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) state: ItemState,
    pub(crate) ticket: TicketId,
}

/// `GET /reservations/{id}`.
pub(crate) async fn reservation(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let reservation = site.reservation(reservation_id(&id)?, buyer).await?;
    let facts = site.facts().of(&site, reservation.show).await?;
    let frame = Frame::new(&site, &visitor);
    let items = things(&site, &frame, &reservation).await?;
    let state = reservation.state_at(visitor.now);
    let payment = match reservation.payment {
        Some(payment) => match site.row(Key::Payment(payment)).await? {
            Some(Row::Payment(payment)) => Some(payment),
            _ => None,
        },
        None => None,
    };
    let (balance, _) = balance(&site, buyer).await?;
    let wrong = wrong(&frame, &query, &reservation, &facts);
    let refunded = query.text("refunded").parse().ok().map(Money);
    let total = total(&reservation, state);
    let may_charge = site.freedoms.self_charge;
    let of = (&reservation, total, frame.key.as_str());
    let to_gateway = gateway::way_there(&site, &visitor, of);
    page(&Page {
        frame,
        facts,
        reservation,
        state,
        items,
        total,
        balance,
        may_charge,
        payment,
        to_gateway,
        wrong,
        refunded,
    })
}

pub(crate) fn reservation_id(text: &str) -> Result<ReservationId, Oops> {
    text.parse().map_err(|_| Oops::not_found())
}

/// What is in a wallet; one that was never charged is empty.
pub(crate) async fn balance(site: &Site, buyer: BuyerId) -> Result<(Money, Currency), Oops> {
    Ok(match site.row(Key::Wallet(buyer)).await? {
        Some(Row::Wallet(wallet)) => (wallet.balance, wallet.currency),
        _ => (Money::ZERO, site.currency),
    })
}

/// The items with their names.
pub(crate) async fn things(
    site: &Site,
    frame: &Frame,
    reservation: &Reservation,
) -> Result<Vec<Thing>, Oops> {
    let plan = plan(site, reservation.show).await?;
    let mut things = Vec::new();
    for (item, place) in reservation.items.iter().zip(0..) {
        let name = name(site, frame, &plan, item).await?;
        let ticket = TicketId { reservation: reservation.id, item: place };
        things.push(Thing { place, name, price: item.price, state: item.state, ticket });
    }
    Ok(things)
}

/// The names of the seats of a show.
pub(crate) async fn plan(site: &Site, show: ShowId) -> Result<SeatPlan, Oops> {
    Ok(match site.row(Key::Plan(show)).await? {
        Some(Row::Plan(_, plan)) => plan,
        _ => SeatPlan::default(),
    })
}

/// What people call a seat.
pub(crate) fn seat_name(frame: &Frame, plan: &SeatPlan, seat: SeatId) -> String {
    match plan.find(seat) {
        Some((block, number)) => {
            frame.place((&block.section, &block.row, number), plan.attribute(seat))
        }
        None => seat.to_string(),
    }
}

async fn name(site: &Site, frame: &Frame, plan: &SeatPlan, item: &Item) -> Result<String, Oops> {
    Ok(match item.what {
        Ware::Seat(seat) => seat_name(frame, plan, seat),
        Ware::Ticket(kind) => match site.row(Key::TicketType(kind)).await? {
            Some(Row::TicketType(known)) => known.name,
            _ => kind.to_string(),
        },
    })
}

/// What the items cost that count in this state.
fn total(reservation: &Reservation, state: ReservationState) -> Money {
    let counted = match state {
        ReservationState::Held => ItemState::Held,
        ReservationState::Confirming => ItemState::Confirming,
        _ => ItemState::Sold,
    };
    reservation.total_in(counted).unwrap_or(Money::ZERO)
}

/// Why the last wish was refused: the words of its code, with the numbers as they are now.
fn wrong(
    frame: &Frame,
    query: &Query,
    reservation: &Reservation,
    facts: &ShowFacts,
) -> Option<(String, String)> {
    let code = query.text("problem");
    if !fits(code, reservation) {
        return None;
    }
    let needed = frame.money(&total(reservation, ReservationState::Held), &facts.show.currency);
    let balance = query.text("balance").parse().map_or(Money::ZERO, Money);
    let balance = frame.money(&balance, &facts.show.currency);
    let max = facts.show.limits.extensions_max;
    let words = |part: &str| {
        let key = format!("{part}.{code}");
        frame.language.find(&key)?;
        Some(match code {
            "INSUFFICIENT_FUNDS" => frame.language.fill(&key, &[&balance, &needed]),
            _ => frame.language.fill(&key, &[&max]),
        })
    };
    Some((words("problem")?, words("remedy")?))
}

/// Whether what an address says of a payment can be so: it may be an old one, or somebody else's.
fn fits(code: &str, reservation: &Reservation) -> bool {
    let state = reservation.state();
    match code {
        "PAYMENT_DECLINED" | "PAYMENT_LEFT" => {
            matches!(state, ReservationState::Held | ReservationState::Expired)
        }
        "PAYMENT_TOO_LATE" => state != ReservationState::Sold,
        _ => true,
    }
}

impl Page {
    fn is(&self, name: &str) -> bool {
        let state = match self.state {
            ReservationState::Held => "held",
            ReservationState::Confirming => "confirming",
            ReservationState::Sold => "sold",
            ReservationState::Cancelled => "cancelled",
            ReservationState::Released => "released",
            ReservationState::Expired => "expired",
        };
        state == name
    }

    fn is_sold(&self, state: &ItemState) -> bool {
        *state == ItemState::Sold
    }

    fn extensions_left(&self) -> u32 {
        self.facts.show.limits.extensions_max.saturating_sub(self.reservation.extensions)
    }

    /// The step of a buyer that this is, unless it is over.
    fn step(&self) -> Option<&'static str> {
        match self.state {
            ReservationState::Held | ReservationState::Confirming => Some("pay"),
            ReservationState::Sold => Some("tickets"),
            ReservationState::Cancelled
            | ReservationState::Released
            | ReservationState::Expired => None,
        }
    }

    /// So long before the end whoever has not paid is asked whether he needs more time.
    fn warn_ms(&self) -> u64 {
        WARN_MS.min(self.facts.show.limits.hold_ms / 2)
    }

    /// Where the same seats are chosen again: those that somebody else has by now are named there.
    fn again(&self) -> String {
        let seats = self.reservation.items.iter().filter_map(|item| match item.what {
            Ware::Seat(seat) => Some(("seat".to_owned(), seat.to_string())),
            Ware::Ticket(_) => None,
        });
        seats_path(&self.facts.show.id.to_string(), &seats.collect::<Vec<_>>())
    }

    /// What the wallet lacks.
    fn lacks(&self) -> Money {
        Money(self.total.0.saturating_sub(self.balance.0).max(0))
    }

    fn rest(&self) -> Money {
        Money(self.balance.0.saturating_sub(self.total.0).max(0))
    }

    fn may_cancel(&self) -> bool {
        self.is("sold") && Moment(self.frame.now_ms * 1_000) < self.facts.show.opens_at
    }
}
