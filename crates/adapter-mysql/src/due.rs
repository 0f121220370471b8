//! The time, and which holds are over.

use crate::script::Step;
use crate::tables::read;
use admitone_app::Trouble;
use admitone_domain::Moment;
use admitone_domain::id::{ReservationId, ShowId};

/// The server's time in microseconds, unless a hand gives it: when the statement began, which is
/// behind every wait for a lock of the statements before it.
pub(crate) fn now_sql(hand: Option<i64>) -> String {
    let server = || "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)".to_owned();
    hand.map_or_else(server, |now| now.to_string())
}

/// Asks for the time.
pub(crate) fn now(hand: Option<i64>) -> Step {
    Step::read(format!("SELECT {}", now_sql(hand)))
}

/// Asks for the holds of shows that are over.
pub(crate) fn of_shows(hand: Option<i64>, shows: &[ShowId]) -> Step {
    let shows: Vec<String> = shows.iter().map(|show| show.0.cast_signed().to_string()).collect();
    Step::read(format!(
        "SELECT held_until, id FROM reservation WHERE is_held = 1 AND held_until <= {} \
         AND `show` IN ({}) ORDER BY held_until, id",
        now_sql(hand),
        shows.join(", ")
    ))
}

/// Asks for the holds that are over, the longest first.
pub(crate) fn of_all(hand: Option<i64>, limit: usize) -> Step {
    Step::read(format!(
        "SELECT held_until, id FROM reservation WHERE is_held = 1 AND held_until <= {} \
         ORDER BY held_until, id LIMIT {limit}",
        now_sql(hand)
    ))
}

/// The holds that were found and that are over at a moment.
pub(crate) fn over(found: &[mysql_async::Row], now: Moment) -> Result<Vec<ReservationId>, Trouble> {
    let mut over = Vec::with_capacity(found.len());
    for row in found {
        // The statement looked at its own clock, a moment before or after the batch's time.
        if read::get::<i64>(row, 0)? <= now.0 {
            over.push(ReservationId(read::unsigned(row, 1)?));
        }
    }
    Ok(over)
}
