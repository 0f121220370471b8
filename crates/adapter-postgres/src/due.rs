//! The time, and which holds are over.

use crate::pipeline::{Array, Step};
use crate::tables::{self, DUE, TIME};
use admitone_domain::id::ShowId;
use std::sync::LazyLock;

/// The server's time in microseconds, unless a hand gives it: when it is looked at, which is behind
/// every wait for a lock of the statements before it, and not before what is read beside it.
pub(crate) const NOW: &str =
    "coalesce($1::bigint, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)";

/// The same for an index, which needs one time for a whole statement: when that began.
const BEGUN: &str =
    "coalesce($1::bigint, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint)";

static TIME_IT_IS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {}", tables::number_columns(TIME, &[NOW])));

static OF_SHOWS: LazyLock<String> =
    LazyLock::new(|| format!("{} AND show = ANY($2) ORDER BY held_until, id", over_now()));

static OF_ALL: LazyLock<String> =
    LazyLock::new(|| format!("{} ORDER BY held_until, id LIMIT $2", over_now()));

fn over_now() -> String {
    let columns = tables::number_columns(DUE, &["held_until", "id"]);
    format!("SELECT {columns} FROM reservation WHERE is_held AND held_until <= {BEGUN}")
}

/// Asks for the time.
pub(crate) fn now(hand: Option<i64>) -> Step {
    Step::read(TIME_IT_IS.as_str(), vec![Array::Single(hand)])
}

/// Asks for the holds of shows that are over.
pub(crate) fn of_shows(hand: Option<i64>, shows: &[ShowId]) -> Step {
    let shows = shows.iter().map(|show| show.0.cast_signed()).collect();
    Step::read(OF_SHOWS.as_str(), vec![Array::Single(hand), Array::Number(shows)])
}

/// Asks for the holds that are over, the longest first.
pub(crate) fn of_all(hand: Option<i64>, limit: usize) -> Step {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Step::read(OF_ALL.as_str(), vec![Array::Single(hand), Array::Single(Some(limit))])
}
