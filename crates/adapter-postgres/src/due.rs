//! The time, and which holds are over.

use crate::pipeline::{Array, Step};
use crate::tables::read;
use admitone_app::Trouble;
use admitone_domain::Moment;
use admitone_domain::id::{ReservationId, ShowId};

/// The server's time in microseconds, unless a hand gives it: when the statement began, which is
/// behind every wait for a lock of the statements before it.
pub(crate) const NOW: &str =
    "SELECT coalesce($1::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)";

const OF_SHOWS: &str = "SELECT held_until, id FROM reservation WHERE is_held AND held_until <= \
     coalesce($1::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) \
     AND show = ANY($2) ORDER BY held_until, id";

const OF_ALL: &str = "SELECT held_until, id FROM reservation WHERE is_held AND held_until <= \
     coalesce($1::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint) \
     ORDER BY held_until, id LIMIT $2";

/// Asks for the holds of shows that are over.
pub(crate) fn of_shows(hand: Option<i64>, shows: &[ShowId]) -> Step {
    let shows = shows.iter().map(|show| show.0.cast_signed()).collect();
    Step::read(OF_SHOWS, vec![Array::Single(hand), Array::Number(shows)])
}

/// Asks for the holds that are over, the longest first.
pub(crate) fn of_all(hand: Option<i64>, limit: usize) -> Step {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Step::read(OF_ALL, vec![Array::Single(hand), Array::Single(Some(limit))])
}

/// The holds that were found and that are over at a moment.
pub(crate) fn over(
    found: &[tokio_postgres::Row],
    now: Moment,
) -> Result<Vec<ReservationId>, Trouble> {
    let mut over = Vec::with_capacity(found.len());
    for row in found {
        // The statement looked at its own clock, a moment before or after the batch's time.
        if read::get::<i64>(row, 0)? <= now.0 {
            over.push(ReservationId(read::unsigned(row, 1)?));
        }
    }
    Ok(over)
}
