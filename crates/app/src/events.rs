//! Events on their way out of the house: what they look like outside, and the relay that carries
//! them there at least once, in order per aggregate, from any instance.
//!
//! An event is saved with the change it tells of. From there on nothing can lose it: a relay reads
//! it in its lane, hands it to where the road leads, and only then writes down that it did. To add a
//! destination that takes events as they are: an [`crate::ports::event_bus::EventBus`]; one that
//! needs something else of each event: a [`Carrier`].

mod bus;
pub mod catalogue;
mod envelope;
mod happening;
mod intake;
mod lookout;
mod progress;
mod relay;
mod since;
mod subject;

pub use bus::{BusCarrier, CONTENT_TYPE, InProcess, too_large};
pub use envelope::{Envelope, Malformed};
pub use intake::Intake;
pub use lookout::{Lookout, Sight};
pub use relay::{Carrier, Fate, Parcel, Relay, RelaySetup};
pub(crate) use since::behind;
pub use since::from_now_on;

use admitone_domain::Key;

/// How many lanes there are: as many instances can share a road.
pub const LANES: u8 = 64;

/// The lane of an aggregate: the same in every process and for ever.
pub fn lane(aggregate: Key) -> u8 {
    // A key always has a form; were there none, all such keys would share a lane, which is safe.
    let bytes = postcard::to_stdvec(&aggregate).unwrap_or_default();
    u8::try_from(fnv(&bytes) % u64::from(LANES)).unwrap_or(0)
}

/// FNV-1a.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use admitone_domain::id::{ReservationId, SeatId};
    use std::collections::BTreeSet;

    #[test]
    fn lanes_are_fixed_for_ever_and_all_are_used() {
        assert_eq!([fnv(b"") % 64, fnv(b"a") % 64], [37, 12]);
        assert_ne!(lane(Key::Seat(SeatId(1))), lane(Key::Seat(SeatId(2))));
        let used: BTreeSet<u8> =
            (0..4_000).map(|id| lane(Key::Reservation(ReservationId(id)))).collect();
        assert!(used.into_iter().eq(0..LANES));
    }
}
