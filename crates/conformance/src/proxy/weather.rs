//! The weather of a bad network: what becomes of a connection in each of its turns, as a function
//! of a seed, so that a day can be had again.

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// What was said arrives so many milliseconds late.
    Delay(u64),
    /// It is closed.
    Cut,
    /// The client is told that nothing more comes, and the server is not.
    DeafClient,
    /// The server is told that nothing more comes, and the client waits.
    DeafServer,
    /// It is reset.
    Reset,
}

/// Of so many turns each fault has its share.
const OF: u64 = 2_000;

/// The fault of a turn, if it has one.
pub(super) fn of(seed: u64, connection: u64, turn: u64) -> Option<Fault> {
    let chance = mixed(mixed(mixed(seed) ^ connection) ^ turn);
    let span_ms = 1 + (chance >> 32) % 40;
    match chance % OF {
        0..40 => Some(Fault::Delay(span_ms)),
        40..44 => Some(Fault::Cut),
        44..46 => Some(Fault::DeafClient),
        46..48 => Some(Fault::DeafServer),
        48..52 => Some(Fault::Reset),
        _ => None,
    }
}

/// The finish of `SplitMix64`: numbers beside each other become numbers that look like chance.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_day_with_all_of_it_and_another_seed_is_another_day() {
        let day = |seed| -> Vec<Option<Fault>> {
            (0..10).flat_map(|line| (0..1_000).map(move |turn| of(seed, line, turn))).collect()
        };
        let first = day(1);
        assert_eq!(first, day(1));
        assert_ne!(first, day(2));
        for fault in [Fault::Cut, Fault::DeafClient, Fault::DeafServer, Fault::Reset] {
            assert!(first.contains(&Some(fault)), "{fault:?}");
        }
        assert!(first.iter().any(|fault| matches!(fault, Some(Fault::Delay(_)))));
        assert!(first.iter().filter(|fault| fault.is_none()).count() > 9_500);
    }
}
