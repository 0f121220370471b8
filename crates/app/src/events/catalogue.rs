//! Every type of event that leaves the house, with what is told of it.

/// A type of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventKind {
    /// Its type: the kind of thing to which it happened, and what happened.
    pub name: &'static str,
    /// When it is told.
    pub about: &'static str,
    /// Its data.
    pub fields: &'static [Field],
}

/// Something that is told of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its form.
    pub form: Form,
    /// What it means.
    pub about: &'static str,
}

/// The form of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// An id that begins so.
    Id(&'static str),
    /// The same, or null.
    MaybeId(&'static str),
    /// An instant, RFC 3339.
    Moment,
    /// A whole number.
    Number,
    /// A list of whole numbers.
    Numbers,
    /// Text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
}

const UNTIL: Field = field("until", Form::Moment, "Until when the items are held.");
const BY: Field = field("by", Form::Text, "Who did it: an operator, a buyer, or `house`.");
const PASS: Field = field("pass", Form::Text, "The pass: room, epoch and place.");
const CHANGED: &[Field] = &[BY];
const DEEDS: &[&str] = &[
    "released",
    "cancelled",
    "refunded",
    "charged",
    "reacquired",
    "admitted",
    "rehearsed",
    "reseated",
    "withdrew",
];
const ACTED: &[Field] = &[BY, field("deed", Form::Word(DEEDS), "What was done.")];

/// All of them.
pub const KINDS: &[EventKind] = &[
    kind(
        "reservation.held",
        "Items are held for a buyer.",
        &[
            field("show", Form::Id("show"), "The show."),
            field("buyer", Form::Id("buyer"), "The buyer."),
            UNTIL,
        ],
    ),
    kind("reservation.extended", "A hold lasts longer.", &[UNTIL]),
    kind("reservation.released", "A hold was given back.", &[]),
    kind("reservation.expired", "A hold ended unpaid.", &[]),
    kind(
        "reservation.sold",
        "A reservation was paid: its items are tickets.",
        &[field("payment", Form::Id("pay"), "By which payment.")],
    ),
    kind(
        "reservation.requested",
        "A gateway is asked for its money; its items are kept whatever the time of the hold.",
        &[field("payment", Form::Id("pay"), "By which payment.")],
    ),
    kind(
        "reservation.declined",
        "The gateway took nothing: its items are held for what is left of the hold, or free.",
        &[field("payment", Form::Id("pay"), "By which payment.")],
    ),
    kind(
        "reservation.cancelled",
        "Tickets were given back.",
        &[field("items", Form::Numbers, "Which, by their places in the reservation, from 0.")],
    ),
    kind(
        "reservation.admitted",
        "A ticket was used at the door.",
        &[field("item", Form::Number, "Which, by its place in the reservation, from 0.")],
    ),
    kind(
        "reservation.reseated",
        "An item has another seat; the one it had is free.",
        &[
            field("item", Form::Number, "Which, by its place in the reservation, from 0."),
            field("from", Form::Id("seat"), "The seat it had."),
            field("to", Form::Id("seat"), "The seat it has."),
        ],
    ),
    kind(
        "reservation.acted",
        "Staff did to it what else the buyer does; beside what happened.",
        ACTED,
    ),
    kind(
        "payment.refunded",
        "Money of a payment went back.",
        &[field("reservation", Form::MaybeId("res"), "Of which reservation, if it was for one.")],
    ),
    kind("payment.unknown", "The gateway did not say what became of it, and is asked again.", &[]),
    kind(
        "payment.owed",
        "Money of a payment is to go back through its gateway.",
        &[field("reservation", Form::MaybeId("res"), "Of which reservation, if it was for one.")],
    ),
    kind("payment.acted", "Staff did to it what else the buyer does; beside what happened.", ACTED),
    kind(
        "wallet.moved",
        "A wallet was charged, used or refunded, or an operator took money out of it.",
        &[field("entry", Form::Id("entry"), "By which entry.")],
    ),
    kind("wallet.changed", "The account of a wallet was closed.", CHANGED),
    kind("wallet.acted", "Staff did to it what else the buyer does; beside what happened.", ACTED),
    kind(
        "pass.ended",
        "A pass of the waiting room is used up, or a ticket: a pass of room 0.",
        &[PASS],
    ),
    kind("pass.prolonged", "A hold keeps its pass good.", &[PASS, UNTIL]),
    kind("concert.changed", "A concert was made or changed.", CHANGED),
    kind("show.changed", "A show was made or changed.", CHANGED),
    kind("plan.changed", "Seats were added to a show, or some of them changed.", CHANGED),
    kind("ticket_type.changed", "A ticket type was made or changed.", CHANGED),
    kind("room.changed", "A waiting room was made or changed.", CHANGED),
    kind("operator.changed", "An operator was made or changed.", CHANGED),
    kind("buyer.changed", "An account was opened or closed.", CHANGED),
];

/// Whether an event can have this type, or with `.*` at its end one that begins so.
pub fn is_known(wanted: &str) -> bool {
    let aggregate = |name: &'static str| name.split('.').next().unwrap_or(name);
    match wanted.strip_suffix(".*") {
        Some(all) => KINDS.iter().any(|kind| aggregate(kind.name) == all),
        None => KINDS.iter().any(|kind| kind.name == wanted),
    }
}

const fn kind(name: &'static str, about: &'static str, fields: &'static [Field]) -> EventKind {
    EventKind { name, about, fields }
}

const fn field(name: &'static str, form: Form, about: &'static str) -> Field {
    Field { name, form, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_name_or_by_its_beginning() {
        for known in ["reservation.sold", "ticket_type.*", "buyer.changed"] {
            assert!(is_known(known), "{known}");
        }
        for unknown in ["", "*", ".*", "reservation", "reservation.", "reservation.sung", "res.*"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }
}
