//! Names of the commands that payments come to, and of the orders that buyers may name.

use admitone_domain::command::Part;
use admitone_domain::command::gateway::Gateway;
use admitone_domain::id::{BuyerId, ReservationId};
use admitone_domain::pass::Admission;
use admitone_domain::{Action, Actor, Command, CommandId, Fingerprint, Money};

/// The longest name that a gateway gives a payment.
const KEY_MAX: usize = 200;

/// The name of the command that begins the payment of an order. It stays the same whoever repeats
/// it under whatever key: one order is paid by one payment, which its buyer alone begins.
pub fn begin(buyer: BuyerId, order: &str) -> CommandId {
    let mut name = blake3::Hasher::new();
    name.update(b"begin a payment").update(&buyer.0.to_be_bytes()).update(order.as_bytes());
    id(&name)
}

/// The reservation that an order pays. An order is named after it, so that no payment for one
/// reservation can be shown for another: `res_7-1`, with letters, digits, `-` and `_` behind the
/// first `-`, at most 64 characters in all.
pub fn reservation(order: &str) -> Option<ReservationId> {
    let (reservation, rest) = order.split_once('-')?;
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = (6..=64).contains(&order.len()) && !rest.is_empty() && rest.bytes().all(is_fit);
    reservation.parse().ok().filter(|_| fits)
}

/// What tells a wish from another one under the same order: however it came here, it is the same.
pub fn fingerprint(key: &str, order: &str, amount: Money) -> Fingerprint {
    let print = blake3::hash(format!("{key} {order} {amount}").as_bytes());
    Fingerprint(print.as_bytes().first_chunk().map_or(0, |b| u64::from_le_bytes(*b)))
}

/// Whether a gateway may call a payment so: no blanks, nothing that no header or path takes.
pub fn is_key(key: &str) -> bool {
    (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name of a step: of what it says, and of who says it where only one may.
pub(super) fn step(step: &Gateway, by: Option<u64>) -> CommandId {
    let mut name = blake3::Hasher::new();
    name.update(b"a step of a payment");
    // A step that cannot be written down cannot be stored either.
    name.update(&postcard::to_stdvec(step).unwrap_or_default());
    name.update(&by.unwrap_or_default().to_be_bytes());
    id(&name)
}

/// The name of what a wallet is asked: of what it says and of the number of the question, so that each
/// is done once.
pub(super) fn part(part: &Part, number: u32) -> CommandId {
    let mut name = blake3::Hasher::new();
    name.update(b"a part of a payment");
    // What cannot be written down cannot be stored either.
    name.update(&postcard::to_stdvec(part).unwrap_or_default());
    name.update(&number.to_be_bytes());
    id(&name)
}

fn id(name: &blake3::Hasher) -> CommandId {
    CommandId(name.finalize().as_bytes().first_chunk().map_or(0, |b| u128::from_le_bytes(*b)))
}

/// A command of the house, on a journey with a number that nothing else has.
pub(super) fn house(id: CommandId, fresh: u64, action: Action) -> Command {
    Command {
        id,
        fingerprint: Fingerprint(0),
        fresh,
        actor: Actor::House,
        admission: Admission::Staff,
        deadline: None,
        action,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_names_its_reservation() {
        assert_eq!(reservation("res_7-1"), Some(ReservationId(7)));
        assert_eq!(reservation("res_12-second-try_2"), Some(ReservationId(12)));
        let too_long = format!("res_7-{}", "x".repeat(60));
        for wrong in ["res_7", "res_7-", "res_07-1", "pay_7-1", "7-1", "res_7-ü", "res_7-a b"] {
            assert_eq!(reservation(wrong), None, "{wrong}");
        }
        assert_eq!(reservation(&too_long), None);
    }

    #[test]
    fn an_order_has_one_name_for_its_buyer_and_another_for_somebody_else() {
        assert_eq!(begin(BuyerId(1), "res_7-1"), begin(BuyerId(1), "res_7-1"));
        assert_ne!(begin(BuyerId(1), "res_7-1"), begin(BuyerId(2), "res_7-1"));
        assert_ne!(begin(BuyerId(1), "res_7-1"), begin(BuyerId(1), "res_7-2"));
    }
}
