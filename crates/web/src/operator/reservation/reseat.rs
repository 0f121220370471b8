//! Another seat for an item of somebody's reservation: those are offered that are free and of its price, the
//! nearest first.

use super::{Known, known};
use crate::buyer::reservation::{Thing, seat_name};
use crate::frame::{Frame, go_to, page};
use crate::oops::Oops;
use crate::query::Query;
use crate::site::Site;
use crate::staff::{Staff, StaffForm};
use admitone_app::board::{SeatMark, Snapshot};
use admitone_app::logbook::Target;
use admitone_domain::command::operate::{Operate, Reseat};
use admitone_domain::id::SeatId;
use admitone_domain::reservation::{Item, ItemState, ReservationState, Ware};
use admitone_domain::{Action, Money};
use askama::Template;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::Response;
use std::collections::BTreeSet;

/// So many seats are offered at once.
const OFFERED_MAX: usize = 200;

#[derive(Template)]
#[template(path = "operator/reseat.html")]
struct Page {
    frame: Frame,
    known: Known,
    /// The place of the item that gets another seat; none where no item can.
    item: Option<u32>,
    offered: Offered,
}

/// Seats that an item may get.
#[derive(Default)]
struct Offered {
    /// The sections that have some.
    sections: BTreeSet<String>,
    /// The section that was asked for; empty for all.
    section: String,
    /// Ids and names, the nearest first.
    seats: Vec<(SeatId, String)>,
    /// So many more there are.
    more: usize,
}

/// `GET /operator/reservations/{id}/reseat`: which seats there are.
pub(crate) async fn ask(
    State(site): State<Site>,
    Path(id): Path<String>,
    staff: Staff,
    query: Query,
) -> Result<Response<Body>, Oops> {
    let frame = Frame::new(&site, &staff.visitor);
    let known = known(&site, &frame, &id).await?;
    let wanted = query.parsed::<u32>("item").first().copied();
    let movable = known.movable();
    let item = wanted.filter(|place| movable.contains(place)).or(movable.first().copied());
    let offered = match item.and_then(|place| known.item(place)) {
        Some(item) => {
            let snapshot = site.office.boards.board(known.reservation.show).await?.snapshot();
            offered(&frame, &snapshot, item, query.text("section"))
        }
        None => Offered::default(),
    };
    page(&Page { frame, known, item, offered })
}

/// `POST /operator/reservations/{id}/reseat`.
pub(crate) async fn done(
    State(site): State<Site>,
    Path(id): Path<String>,
    asked: StaffForm,
) -> Result<Response<Body>, Oops> {
    let back = format!("/operator/reservations/{id}");
    let onward = |oops: Oops| oops.onward(format!("{back}/reseat"));
    let frame = Frame::new(&site, &asked.form.visitor);
    let reservation = known(&site, &frame, &id).await?.reservation.id;
    let item = asked.form.parsed("item").map_err(onward)?;
    let seat = asked.form.parsed("seat").map_err(onward)?;
    let reseat = Action::Operate(Operate::Reseat(Reseat { reservation, item, seat }));
    let about = (Target::Reservation, id.clone());
    site.submit_saying_why(&asked, about, asked.why(), reseat).await.map_err(onward)?;
    Ok(go_to(&back))
}

/// The free seats of a price that the item may get: of its own, or of that which its seat has now.
fn offered(frame: &Frame, board: &Snapshot, item: &Item, section: &str) -> Offered {
    let Ware::Seat(now) = item.what else { return Offered::default() };
    let plan = board.plan.index();
    let costs = |id: SeatId| -> Option<Money> {
        let at = board.seats.binary_search_by_key(&id, |seat| seat.id).ok()?;
        Some(board.seats[at].price)
    };
    let prices = [Some(item.price), costs(now)];
    let own = plan.find(now);
    let fitting = board.seats.iter().filter(|seat| seat.mark == SeatMark::Free);
    let fitting = fitting.filter(|seat| prices.contains(&Some(seat.price)));
    let placed = fitting.filter_map(|seat| plan.find(seat.id).map(|found| (seat.id, found)));
    let placed: Vec<_> = placed.collect();
    let sections = placed.iter().map(|(_, (block, _))| block.section.clone()).collect();
    let mut seats: Vec<_> = placed
        .into_iter()
        .filter(|(_, (block, _))| section.is_empty() || block.section == section)
        .collect();
    seats.sort_by_key(|(id, (block, number))| match own {
        Some((beside, near)) => {
            let is_other = block.section != beside.section;
            (is_other, block.row != beside.row, number.abs_diff(near), *id)
        }
        None => (true, true, 0, *id),
    });
    let more = seats.len().saturating_sub(OFFERED_MAX);
    let names = seats.into_iter().take(OFFERED_MAX);
    let seats = names.map(|(id, _)| (id, seat_name(frame, &board.plan, id))).collect();
    Offered { sections, section: section.to_owned(), seats, more }
}

impl Known {
    /// The places of the items that may get another seat.
    pub(super) fn movable(&self) -> Vec<u32> {
        let is_movable = |item: &Item| {
            let is_his = match item.state {
                ItemState::Held => self.state == ReservationState::Held,
                state => state == ItemState::Sold,
            };
            is_his && matches!(item.what, Ware::Seat(_))
        };
        let places = (0..).zip(&self.reservation.items);
        places.filter(|(_, item)| is_movable(item)).map(|(place, _)| place).collect()
    }

    fn item(&self, place: u32) -> Option<&Item> {
        self.reservation.items.get(usize::try_from(place).ok()?)
    }
}

impl Page {
    fn choices(&self) -> Vec<&Thing> {
        let movable = self.known.movable();
        self.known.items.iter().filter(|thing| movable.contains(&thing.place)).collect()
    }

    fn is_chosen(&self, place: &u32) -> bool {
        self.item == Some(*place)
    }

    fn is_here(&self, section: &str) -> bool {
        self.offered.section == section
    }
}
