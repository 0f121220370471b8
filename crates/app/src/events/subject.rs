//! What an event is about, as it is named outside.

use admitone_domain::Key;
use admitone_domain::id::{BuyerId, RoomId, ShowId};
use admitone_domain::pass::PassKey;
use std::fmt::Display;
use std::str::FromStr;

/// The kind of an aggregate, and its id.
pub(super) fn subject(key: Key) -> (&'static str, String) {
    let text = |id: &dyn Display| id.to_string();
    match key {
        Key::Concert(id) => ("concert", text(&id)),
        Key::Show(id) => ("show", text(&id)),
        Key::Plan(id) => ("plan", text(&id)),
        Key::Room(id) => ("room", text(&id)),
        Key::Operator(id) => ("operator", text(&id)),
        Key::Buyer(id) => ("buyer", text(&id)),
        Key::Reservation(id) => ("reservation", text(&id)),
        Key::Payment(id) => ("payment", text(&id)),
        Key::Pass(pass) => ("pass", pass_text(pass)),
        Key::Quota(show, buyer) => ("quota", format!("{show}.{buyer}")),
        Key::TicketType(id) => ("ticket_type", text(&id)),
        Key::Seat(id) => ("seat", text(&id)),
        Key::Wallet(id) => ("wallet", text(&id)),
    }
}

/// The aggregate of a kind with an id, if it is one.
pub(super) fn key(kind: &str, id: &str) -> Option<Key> {
    Some(match kind {
        "concert" => Key::Concert(parsed(id)?),
        "show" => Key::Show(parsed(id)?),
        "plan" => Key::Plan(parsed(id)?),
        "room" => Key::Room(parsed(id)?),
        "operator" => Key::Operator(parsed(id)?),
        "buyer" => Key::Buyer(parsed(id)?),
        "reservation" => Key::Reservation(parsed(id)?),
        "payment" => Key::Payment(parsed(id)?),
        "pass" => Key::Pass(pass(id)?),
        "quota" => quota(id)?,
        "ticket_type" => Key::TicketType(parsed(id)?),
        "seat" => Key::Seat(parsed(id)?),
        "wallet" => Key::Wallet(parsed(id)?),
        _ => return None,
    })
}

/// A pass: its room, the room's epoch and its place.
pub(super) fn pass_text(pass: PassKey) -> String {
    format!("{}.{}.{}", pass.room, pass.epoch, pass.place)
}

pub(super) fn pass(text: &str) -> Option<PassKey> {
    let mut parts = text.split('.');
    let room: RoomId = parsed(parts.next()?)?;
    let (epoch, place) = (parsed(parts.next()?)?, parsed(parts.next()?)?);
    parts.next().is_none().then_some(PassKey { room, epoch, place })
}

fn quota(id: &str) -> Option<Key> {
    let (show, buyer) = id.split_once('.')?;
    let (show, buyer): (ShowId, BuyerId) = (parsed(show)?, parsed(buyer)?);
    Some(Key::Quota(show, buyer))
}

pub(super) fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}
