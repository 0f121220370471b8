//! The name of a row, and a map by that name.

use crate::CommandId;
use crate::id::{
    BuyerId, ConcertId, OperatorId, PaymentId, ReservationId, RoomId, SeatId, ShowId, TicketTypeId,
};
use crate::pass::PassKey;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// The name of a row. The order of the variants is the order in which rows are locked, for
/// everybody the same, so that two batches never wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// A concert.
    Concert(ConcertId),
    /// A show.
    Show(ShowId),
    /// The seat plan of a show.
    Plan(ShowId),
    /// A waiting room's settings.
    Room(RoomId),
    /// An operator.
    Operator(OperatorId),
    /// A buyer's account.
    Buyer(BuyerId),
    /// A reservation.
    Reservation(ReservationId),
    /// A payment.
    Payment(PaymentId),
    /// A waiting-room pass.
    Pass(PassKey),
    /// What a buyer holds and owns of a show.
    Quota(ShowId, BuyerId),
    /// A ticket type.
    TicketType(TicketTypeId),
    /// A seat.
    Seat(SeatId),
    /// A wallet.
    Wallet(BuyerId),
}

/// A map by row name.
pub type KeyMap<V> = HashMap<Key, V, BuildHasherDefault<KeyHasher>>;

/// A map by command name.
pub type CommandMap<V> = HashMap<CommandId, V, BuildHasherDefault<KeyHasher>>;

/// A few multiplications instead of a keyed hash: the ids are ours (numbers we gave, hashes we
/// made), so nobody outside can aim at one bucket.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyHasher(u64);

impl KeyHasher {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        // The map takes its bucket from the low bits and its tag from the high ones.
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mix(u64::from(*byte));
        }
    }

    fn write_u16(&mut self, word: u16) {
        self.mix(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_u128(&mut self, word: u128) {
        let [low, high] = [word & u128::from(u64::MAX), word >> 64];
        self.mix(u64::try_from(low).unwrap_or(0));
        self.mix(u64::try_from(high).unwrap_or(0));
    }

    fn write_isize(&mut self, word: isize) {
        self.mix(word.unsigned_abs() as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    #[test]
    fn neighbouring_keys_spread_over_the_buckets() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        let buckets: HashSet<u64> =
            (0..4096).map(|n| hasher.hash_one(Key::Seat(SeatId(n))) % 4096).collect();
        assert!(buckets.len() > 2_000, "{} of 4096 buckets used", buckets.len());
    }

    #[test]
    fn the_same_number_of_another_kind_is_another_key() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        assert_ne!(
            hasher.hash_one(Key::Seat(SeatId(1))),
            hasher.hash_one(Key::TicketType(TicketTypeId(1)))
        );
    }
}
