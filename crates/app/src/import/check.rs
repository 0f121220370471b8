//! What can be seen of a document before anything is made of it: a slip in its last line must not
//! leave all the rest behind, to be made once more by the document without it.

use super::ImportTrouble;
use super::document::{
    ALL_SEATS_MAX, ConcertPlan, Document, SEATS_MAX, SeatsPlan, ShowPlan, TicketTypePlan,
};
use crate::waiting_room::settings::RoomSettings;
use admitone_domain::id::{ConcertId, RoomId, SeatId, ShowId};
use admitone_domain::show::{Limits, SeatBlock, Show};
use admitone_domain::{Currency, Key, Moment, Refusal};
use std::collections::{HashMap, HashSet};

/// The longest that a hold may last.
const HOLD_SECONDS_MAX: u64 = 86_400;

/// Says the first thing that is wrong with a document, as far as that can be said without the store.
pub(super) fn document(document: &Document, now: Moment) -> Result<(), ImportTrouble> {
    check_size(document)?;
    let mut rooms = HashMap::new();
    for (index, room) in document.rooms.iter().enumerate() {
        let place = format!("rooms[{index}]");
        not_blank(&place, &room.name)?;
        check_settings(&room.settings, now)
            .map_err(|what| ImportTrouble::Document { place: place.clone(), what })?;
        if rooms.insert(room.name.clone(), RoomId(0)).is_some() {
            return Err(wrong(&place, "name", &"another room of the document has this name"));
        }
    }
    let mut names = HashSet::new();
    for (index, concert) in document.concerts.iter().enumerate() {
        let place = format!("concerts[{index}]");
        check_concert(concert, &rooms, &place)?;
        if !names.insert(&concert.name) {
            return Err(wrong(&place, "name", &TWIN_CONCERT));
        }
    }
    Ok(())
}

// Nothing tells two of one name apart when the document comes again without the first of them: what is
// said of the second would be taken for the first.
const TWIN_CONCERT: &str = "another concert of the document has this name: put the shows of both under one, \
    or tell the names apart, by the city for instance";
const TWIN_SHOW: &str = "another show of the concert begins at this moment: move one of them by a second, \
    or put it under a concert of its own";
const TWIN_TICKET_TYPE: &str =
    "another ticket type of the show has this name: tell the names apart";

/// All shows, with their places.
pub(super) fn shows(document: &Document) -> impl Iterator<Item = (String, &ShowPlan)> {
    document.concerts.iter().enumerate().flat_map(|(concert, plan)| {
        let named = move |(show, plan)| (format!("concerts[{concert}].shows[{show}]"), plan);
        plan.shows.iter().enumerate().map(named)
    })
}

/// Refuses more seats than one document may have.
fn check_size(document: &Document) -> Result<(), ImportTrouble> {
    let seats = shows(document).flat_map(|(_, show)| &show.seats);
    let count = |plan: &SeatsPlan| u64::from(plan.numbers[1].saturating_sub(plan.numbers[0])) + 1;
    if seats.map(count).sum::<u64>() > ALL_SEATS_MAX {
        return Err(wrong("document", "seats", &"at most 1,000,000 in one document"));
    }
    Ok(())
}

fn check_concert(
    plan: &ConcertPlan,
    rooms: &HashMap<String, RoomId>,
    place: &str,
) -> Result<(), ImportTrouble> {
    not_blank(place, &plan.name)?;
    currency(plan, place)?;
    let mut moments = HashSet::new();
    for (index, show) in plan.shows.iter().enumerate() {
        let place = format!("{place}.shows[{index}]");
        if !moments.insert(check_show(show, rooms, &place)?) {
            return Err(wrong(&place, "opens_at", &TWIN_SHOW));
        }
    }
    Ok(())
}

/// The currency of a concert.
pub(super) fn currency(plan: &ConcertPlan, place: &str) -> Result<Currency, ImportTrouble> {
    plan.currency.parse().map_err(|error| wrong(place, "currency", &error))
}

/// Checks a show; the moment at which it begins, which is its name.
fn check_show(
    plan: &ShowPlan,
    rooms: &HashMap<String, RoomId>,
    place: &str,
) -> Result<Moment, ImportTrouble> {
    let show = show_row((ShowId(0), ConcertId(0)), rooms, plan, place)?;
    if show.opens_at >= show.closes_at || show.booking_opens_at >= show.booking_closes_at {
        return Err(refused(place, Refusal::InvalidWindow));
    }
    kept_until(plan, place)?;
    let mut blocks: Vec<SeatBlock> = Vec::new();
    for (index, seats) in plan.seats.iter().enumerate() {
        let place = format!("{place}.seats[{index}]");
        let block = block(seats, &place)?;
        check_price(seats.price, &place)?;
        if blocks.iter().any(|known| known.overlaps(&block)) {
            return Err(refused(&place, Refusal::SeatExists));
        }
        blocks.push(block);
    }
    let mut names = HashSet::new();
    for (index, kind) in plan.ticket_types.iter().enumerate() {
        let place = format!("{place}.ticket_types[{index}]");
        check_ticket_type(kind, &place)?;
        if !names.insert(&kind.name) {
            return Err(wrong(&place, "name", &TWIN_TICKET_TYPE));
        }
    }
    Ok(show.opens_at)
}

fn check_ticket_type(plan: &TicketTypePlan, place: &str) -> Result<(), ImportTrouble> {
    not_blank(place, &plan.name)?;
    check_price(plan.price, place)
}

fn check_price(price: i64, place: &str) -> Result<(), ImportTrouble> {
    if price < 0 { Err(wrong(place, "price", &"must not be negative")) } else { Ok(()) }
}

/// A show as it shall be, in a room of the document or one that exists.
pub(super) fn show_row(
    (id, concert): (ShowId, ConcertId),
    rooms: &HashMap<String, RoomId>,
    plan: &ShowPlan,
    place: &str,
) -> Result<Show, ImportTrouble> {
    let room = plan.room.as_ref().map(|name| {
        let known = rooms.get(name).copied().or_else(|| name.parse().ok());
        known.ok_or_else(|| no_room(place))
    });
    let at = |field: &str, text: &str| {
        let parsed: Result<jiff::Timestamp, _> = text.parse();
        parsed.map(Moment::from).map_err(|error| wrong(place, field, &error))
    };
    jiff::tz::TimeZone::get(&plan.time_zone).map_err(|e| wrong(place, "time_zone", &e))?;
    Ok(Show {
        id,
        concert,
        room: room.transpose()?,
        opens_at: at("opens_at", &plan.opens_at)?,
        closes_at: at("closes_at", &plan.closes_at)?,
        booking_opens_at: at("booking_opens_at", &plan.booking_opens_at)?,
        booking_closes_at: at("booking_closes_at", &plan.booking_closes_at)?,
        time_zone: plan.time_zone.clone(),
        currency: Currency::KRW,
        limits: limits(plan, place)?,
    })
}

/// Until when seats that are for some are kept, if that is said.
pub(super) fn kept_until(plan: &ShowPlan, place: &str) -> Result<Option<Moment>, ImportTrouble> {
    let Some(text) = &plan.kept_until else { return Ok(None) };
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(|at| Some(at.into())).map_err(|error| wrong(place, "kept_until", &error))
}

fn limits(plan: &ShowPlan, place: &str) -> Result<Limits, ImportTrouble> {
    if plan.hold_seconds.is_some_and(|seconds| !(1..=HOLD_SECONDS_MAX).contains(&seconds)) {
        return Err(wrong(place, "hold_seconds", &"must be between 1 and 86400"));
    }
    if plan.per_reservation_max == Some(0) {
        return Err(wrong(place, "per_reservation_max", &"must be at least 1"));
    }
    let usual = Limits::default();
    Ok(Limits {
        per_reservation_max: plan.per_reservation_max.unwrap_or(usual.per_reservation_max),
        per_buyer_max: plan.per_buyer_max,
        hold_ms: plan.hold_seconds.map_or(usual.hold_ms, |seconds| seconds * 1_000),
        extensions_max: plan.extensions_max.unwrap_or(usual.extensions_max),
    })
}

/// A block whose seats have no ids yet.
pub(super) fn block(plan: &SeatsPlan, place: &str) -> Result<SeatBlock, ImportTrouble> {
    let [first, last] = plan.numbers;
    let count = last.checked_sub(first).and_then(|distance| distance.checked_add(1));
    let count = count.filter(|count| *count <= SEATS_MAX);
    Ok(SeatBlock {
        section: plan.section.clone(),
        row: plan.row.clone(),
        first_number: first,
        count: count.ok_or_else(|| wrong(place, "numbers", &"not a range of seats"))?,
        first_seat: SeatId(0),
    })
}

/// Checks the settings of a room and brings them into the form in which they are kept.
pub fn check_settings(settings: &serde_json::Value, now: Moment) -> Result<String, String> {
    let mut whole = serde_json::to_value(RoomSettings::default()).map_err(|e| e.to_string())?;
    let (Some(known), Some(given)) = (whole.as_object_mut(), settings.as_object()) else {
        return Err("settings must be an object".to_owned());
    };
    for (name, value) in given {
        let slot = known.get_mut(name).ok_or_else(|| format!("there is no setting `{name}`"))?;
        slot.clone_from(value);
    }
    let parsed: RoomSettings = serde_path_to_error::deserialize(whole)
        .map_err(|wrong| format!("`{}`: {}", wrong.path(), wrong.inner()))?;
    parsed.validate().map_err(|problem| problem.to_string())?;
    parsed.check_bypass(now).map_err(|problem| problem.to_string())?;
    serde_json::to_string(&parsed).map_err(|error| error.to_string())
}

fn not_blank(place: &str, name: &str) -> Result<(), ImportTrouble> {
    if name.trim().is_empty() { Err(wrong(place, "name", &"must not be empty")) } else { Ok(()) }
}

/// A show stands behind a room that nobody knows.
pub(super) fn no_room(place: &str) -> ImportTrouble {
    wrong(place, "room", &"no room of this name in the document, and none of this id")
}

/// A name stands for something else.
pub(super) fn other_kind(place: &str, found: Key) -> ImportTrouble {
    wrong(place, "name", &format_args!("stands for {found:?}"))
}

fn refused(place: &str, refusal: Refusal) -> ImportTrouble {
    ImportTrouble::Refused { place: place.to_owned(), refusal }
}

/// Something in the document is wrong.
pub(super) fn wrong(place: &str, field: &str, what: &dyn std::fmt::Display) -> ImportTrouble {
    ImportTrouble::Document { place: format!("{place}.{field}"), what: what.to_string() }
}
