//! The conditional mode: deltas under the guard of each change, checked by the statement that
//! writes. It asks nothing of what was loaded but what the guard says.

use super::write::seat_state;
use super::{Value, document, document_of, key_values};
use crate::script::Step;
use admitone_domain::{Change, Delta, Guard, Row};

/// Whether a change is written under its guard; others are written whole, under their version.
/// A row that was not there is always such another.
pub(super) fn is_guarded(change: &Change) -> bool {
    let has_guard = matches!(
        (&*change.row, change.guard, change.delta),
        (Row::TicketType(_), Guard::HasRoom { .. }, Delta::Stock { .. })
            | (Row::Quota { .. }, Guard::Within { .. }, Delta::Quota(_))
            | (Row::Wallet(_), Guard::Balance(_), Delta::Balance(_))
            | (Row::Seat(_), Guard::Takeable(_) | Guard::BelongsTo(_), _)
    );
    has_guard && change.seen > 0
}

const STOCK: &str = "STRAIGHT_JOIN ticket_type AS known FORCE INDEX (PRIMARY) \
     ON known.id = new.c0 \
     SET known.version = known.version + 1, known.held = known.held + new.c1, \
     known.sold = known.sold + new.c2 \
     WHERE known.version > 0 AND known.held + known.sold + new.c3 <= known.capacity \
     AND known.held + new.c1 >= 0 AND known.sold + new.c2 >= 0";

const QUOTA: &str = "STRAIGHT_JOIN quota AS known FORCE INDEX (PRIMARY) \
     ON known.`show` = new.c0 AND known.buyer = UNHEX(new.c1) \
     SET known.version = known.version + 1, known.taken = known.taken + new.c2 \
     WHERE known.version > 0 \
     AND (new.c4 IS NULL OR new.c3 <= 0 OR known.taken + new.c3 <= new.c4) \
     AND known.taken + new.c2 >= 0";

const WALLET: &str = "STRAIGHT_JOIN wallet AS known FORCE INDEX (PRIMARY) \
     ON known.buyer = UNHEX(new.c0) \
     SET known.version = known.version + 1, known.balance = known.balance + new.c2 \
     WHERE known.version > 0 AND known.balance = new.c1";

/// The price and the show are part of the row that is written: if an operator changed them since
/// it was loaded, it is not the row that the command decided on.
const SEAT: &str = "STRAIGHT_JOIN seat AS known FORCE INDEX (PRIMARY) ON known.id = new.c0 \
     SET known.version = known.version + 1, known.state = new.c3, known.owner = new.c4, \
     known.held_until = new.c5 \
     WHERE known.version > 0 AND known.`show` = new.c1 AND known.price = new.c2 \
     AND CASE WHEN new.c7 IS NOT NULL THEN known.state IN (1, 2) AND known.owner = new.c7 \
     ELSE known.state = 0 OR (known.state = 1 AND known.held_until <= new.c6) END";

/// The step that writes guarded changes of one table.
pub(super) fn step(table: usize, changes: &[&Change]) -> Step {
    let (kinds, update) = match table {
        9 => ("BIGINT VARCHAR(32) BIGINT BIGINT BIGINT", QUOTA),
        10 => ("BIGINT BIGINT BIGINT BIGINT", STOCK),
        11 => ("BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT BIGINT", SEAT),
        _ => ("VARCHAR(32) BIGINT BIGINT", WALLET),
    };
    let rows: Vec<Vec<Value>> = changes.iter().map(|change| values(change)).collect();
    let statement = document_of(kinds, "UPDATE", update);
    Step::write(statement.of(&document(&rows)), changes.len())
}

/// The key of a row, what moves, and what must hold.
fn values(change: &Change) -> Vec<Value> {
    let mut values = key_values(change.key());
    match (&*change.row, change.guard, change.delta) {
        (Row::Seat(seat), guard, _) => {
            let (state, owner, until) = seat_state(seat.state);
            let (takeable_at, belongs_to) = match guard {
                Guard::Takeable(now) => (Some(now.0), None),
                Guard::BelongsTo(reservation) => (None, Some(reservation.0.cast_signed())),
                _ => (None, None),
            };
            let (show, price) = (seat.show.0.cast_signed(), seat.price.0);
            values.extend([show, price, state].map(Value::Number));
            values.extend([owner, until, takeable_at, belongs_to].map(Value::Maybe));
        }
        (_, Guard::HasRoom { highest }, Delta::Stock { held, sold }) => {
            values.extend([held, sold, highest].map(Value::Number));
        }
        (_, Guard::Within { highest, max }, Delta::Quota(sum)) => {
            values.extend([sum, highest].map(Value::Number));
            values.push(Value::Maybe(max.map(i64::from)));
        }
        (_, Guard::Balance(seen), Delta::Balance(sum)) => {
            values.extend([seen.0, sum].map(Value::Number));
        }
        _ => {}
    }
    values
}
