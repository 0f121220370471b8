//! A ticket: for whom it is, where it is, and the code that lets somebody in once.

use super::reservation::{reservation_id, things};
use crate::facts::ShowFacts;
use crate::frame::{Frame, page};
use crate::oops::Oops;
use crate::site::Site;
use crate::visitor::Visitor;
use admitone_domain::Money;
use admitone_domain::id::TicketId;
use admitone_domain::reservation::ItemState;
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use qrcode::{Color, EcLevel, QrCode};
use std::fmt::Write;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "ticket.html")]
struct Page {
    frame: Frame,
    facts: Arc<ShowFacts>,
    tickets: Vec<Ticket>,
    reservation: String,
}

struct Ticket {
    id: TicketId,
    name: String,
    price: Money,
    code: String,
    picture: Picture,
}

/// A code as a picture: how many modules it is wide, and a path of all that are dark.
struct Picture {
    width: usize,
    path: String,
}

/// `GET /reservations/{id}/tickets`: all tickets of a reservation, one below the other.
pub(crate) async fn tickets(
    State(site): State<Site>,
    Path(id): Path<String>,
    visitor: Visitor,
) -> Result<Response<Body>, Oops> {
    let buyer = visitor.buyer()?;
    let reservation = site.reservation(reservation_id(&id)?, buyer).await?;
    let facts = site.facts().of(&site, reservation.show).await?;
    let frame = Frame::new(&site, &visitor);
    let mut tickets = Vec::new();
    for item in things(&site, &frame, &reservation).await? {
        if item.state == ItemState::Sold {
            let code = site.keys.tickets().code(item.ticket);
            let picture = picture(&code).ok_or_else(Oops::inside)?;
            let (id, name, price) = (item.ticket, item.name, item.price);
            tickets.push(Ticket { id, name, price, code, picture });
        }
    }
    if tickets.is_empty() {
        return Err(Oops::not_found().onward(format!("/reservations/{id}")));
    }
    page(&Page { frame, facts, tickets, reservation: id })
}

/// A code as a QR code.
fn picture(code: &str) -> Option<Picture> {
    let code = QrCode::with_error_correction_level(code, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, colour) in code.into_colors().into_iter().enumerate() {
        if colour == Color::Dark {
            // Writing into a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + 4, at / width + 4);
        }
    }
    Some(Picture { width: width + 8, path })
}
