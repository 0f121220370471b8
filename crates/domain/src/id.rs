//! One type for each kind of identifier, so that two of them never change places unseen.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! number_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// What stands before the number where people see the id.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = MalformedId;

            fn from_str(text: &str) -> Result<Self, MalformedId> {
                number_behind(text, concat!($prefix, "_")).map(Self)
            }
        }
    )*};
}

number_ids! {
    /// A concert.
    ConcertId = "concert";
    /// One date of a concert.
    ShowId = "show";
    /// A seat, unique over all shows.
    SeatId = "seat";
    /// A ticket type, unique over all shows.
    TicketTypeId = "type";
    /// A waiting room.
    RoomId = "room";
    /// A reservation.
    ReservationId = "res";
    /// A payment.
    PaymentId = "pay";
    /// An entry of a wallet.
    EntryId = "entry";
    /// An operator.
    OperatorId = "op";
}

/// A buyer: 16 bytes, derived from the name space and the name inside it, or drawn at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BuyerId(pub u128);

impl BuyerId {
    /// What stands before the digits where people see the id.
    pub const PREFIX: &'static str = "buyer";
}

impl fmt::Display for BuyerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buyer_{:032x}", self.0)
    }
}

impl FromStr for BuyerId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let digits = text.strip_prefix("buyer_").ok_or(MalformedId)?;
        if digits.len() != 32 || digits.bytes().any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(MalformedId);
        }
        u128::from_str_radix(digits, 16).map(Self).map_err(|_| MalformedId)
    }
}

/// A ticket: the item of a reservation that was sold. Nothing is stored for it, it is derived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TicketId {
    /// The reservation that was paid.
    pub reservation: ReservationId,
    /// The item's place in the reservation, from 0.
    pub item: u32,
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ticket_{}_{}", self.reservation.0, self.item)
    }
}

impl FromStr for TicketId {
    type Err = MalformedId;

    fn from_str(text: &str) -> Result<Self, MalformedId> {
        let rest = text.strip_prefix("ticket_").ok_or(MalformedId)?;
        let (reservation, item) = rest.split_once('_').ok_or(MalformedId)?;
        let item = u32::try_from(number(item)?).map_err(|_| MalformedId)?;
        Ok(Self { reservation: ReservationId(number(reservation)?), item })
    }
}

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind")]
pub struct MalformedId;

fn number_behind(text: &str, prefix: &str) -> Result<u64, MalformedId> {
    number(text.strip_prefix(prefix).ok_or(MalformedId)?)
}

/// The largest number of an id: every store keeps ids in signed integers of 64 bits.
pub const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();

/// Exactly one text for each number: no sign, no leading zero.
fn number(digits: &str) -> Result<u64, MalformedId> {
    let canonical = digits == "0" || !digits.starts_with(['0', '+']);
    let number = digits.parse().ok().filter(|number| canonical && *number <= NUMBER_MAX);
    number.ok_or(MalformedId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_exactly_one_text() {
        assert_eq!("seat_7".parse(), Ok(SeatId(7)));
        assert_eq!(SeatId(7).to_string(), "seat_7");
        assert_eq!("seat_9223372036854775807".parse(), Ok(SeatId(NUMBER_MAX)));
        for wrong in [
            "7",
            "seat_",
            "seat_07",
            "seat_+7",
            "seat_-7",
            "show_7",
            "seat_7 ",
            "seat_9223372036854775808",
            "seat_99999999999999999999",
        ] {
            assert_eq!(wrong.parse::<SeatId>(), Err(MalformedId), "{wrong}");
        }
    }

    #[test]
    fn a_buyer_id_is_thirty_two_small_hexadecimal_digits() {
        let id = BuyerId(0xab);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().to_uppercase().parse::<BuyerId>(), Err(MalformedId));
        assert_eq!("buyer_+0000000000000000000000000000ab".parse::<BuyerId>(), Err(MalformedId));
    }

    #[test]
    fn a_ticket_id_names_reservation_and_item() {
        let id = TicketId { reservation: ReservationId(12), item: 3 };
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!("ticket_12".parse::<TicketId>(), Err(MalformedId));
    }
}
