//! What a buyer holds and owns: the list of it.

use crate::facts::ShowFacts;
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_app::ports::reads::Page as Part;
use admitone_domain::reservation::{ItemState, Reservation, ReservationState};
use admitone_domain::{Moment, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::Response;
use std::sync::Arc;

/// So many on a page.
const PAGE: usize = 20;

#[derive(Template)]
#[template(path = "reservations.html")]
struct Page {
    frame: Frame,
    /// By what they are worth looking at: what is to be paid, what is to come, what was.
    groups: Vec<(&'static str, Vec<Line>)>,
    next: Option<u64>,
}

/// A reservation in the list.
struct Line {
    reservation: Reservation,
    facts: Arc<ShowFacts>,
    state: &'static str,
    count: u32,
    total: Money,
}

/// `GET /reservations`.
pub(crate) async fn reservations(
    State(site): State<Site>,
    visitor: Visitor,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let before = query.text("before").parse().ok();
    let part = Part { before, limit: PAGE + 1 };
    let found = site.office.reads.reservations(Some(buyer), part).await?;
    let next = found.get(PAGE - 1).filter(|_| found.len() > PAGE).map(|last| last.id.0);
    let mut groups: Vec<(&'static str, Vec<Line>)> =
        ["held", "coming", "past", "over"].map(|name| (name, Vec::new())).into();
    for reservation in found.into_iter().take(PAGE) {
        let facts = site.facts().of(&site, reservation.show).await?;
        let place = group(&reservation, &facts, visitor.now);
        groups[place].1.push(line(reservation, facts, visitor.now));
    }
    groups.retain(|(_, lines)| !lines.is_empty());
    page(&Page { frame: Frame::new(&site, &visitor), groups, next })
}

fn group(reservation: &Reservation, facts: &ShowFacts, now: Moment) -> usize {
    match reservation.state_at(now) {
        ReservationState::Held | ReservationState::Confirming => 0,
        ReservationState::Sold if now < facts.show.closes_at => 1,
        ReservationState::Sold => 2,
        ReservationState::Cancelled | ReservationState::Released | ReservationState::Expired => 3,
    }
}

fn line(reservation: Reservation, facts: Arc<ShowFacts>, now: Moment) -> Line {
    let state = reservation.state_at(now);
    let (key, counted) = match state {
        ReservationState::Held => ("reservation.held", ItemState::Held),
        ReservationState::Confirming => ("reservation.confirming", ItemState::Confirming),
        ReservationState::Sold => ("reservation.sold", ItemState::Sold),
        ReservationState::Cancelled => ("reservation.cancelled", ItemState::Cancelled),
        ReservationState::Released => ("reservation.released", ItemState::Released),
        // One whose time is over may not be swept yet: its items are still called held.
        ReservationState::Expired if reservation.count_in(ItemState::Held) > 0 => {
            ("reservation.expired", ItemState::Held)
        }
        ReservationState::Expired => ("reservation.expired", ItemState::Expired),
    };
    let count = reservation.count_in(counted);
    let total = reservation.total_in(counted).unwrap_or(Money::ZERO);
    Line { reservation, facts, state: key, count, total }
}
