//! The conditional mode: deltas under the guard of each change, checked by the statement that
//! writes. It asks nothing of what was loaded but what the guard says.

use super::Write;
use super::write::seat_state;
use crate::pipeline::{Array, Step};
use admitone_domain::{Change, Delta, Guard, Key, Row};
use std::sync::LazyLock;
use uuid::Uuid;

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

static STOCK: LazyLock<Write> = LazyLock::new(|| {
    let sql = "UPDATE ticket_type AS row SET version = row.version + 1, \
               held = row.held + new.held, sold = row.sold + new.sold \
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) \
               AS new (id, held, sold, highest) WHERE row.id = new.id AND row.version > 0 \
               AND row.held + row.sold + new.highest <= row.capacity \
               AND row.held + new.held >= 0 AND row.sold + new.sold >= 0";
    Write::of(sql)
});

static QUOTA: LazyLock<Write> = LazyLock::new(|| {
    let sql = "UPDATE quota AS row SET version = row.version + 1, \
               taken = row.taken + new.taken \
               FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[]) \
               AS new (show, buyer, taken, highest, most) \
               WHERE row.show = new.show AND row.buyer = new.buyer AND row.version > 0 \
               AND (new.most IS NULL OR new.highest <= 0 OR row.taken + new.highest <= new.most) \
               AND row.taken + new.taken >= 0";
    Write::of(sql)
});

static WALLET: LazyLock<Write> = LazyLock::new(|| {
    let sql = "UPDATE wallet AS row SET version = row.version + 1, \
               balance = row.balance + new.moved \
               FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS new (buyer, seen, moved) \
               WHERE row.buyer = new.buyer AND row.version > 0 AND row.balance = new.seen";
    Write::of(sql)
});

/// The price and the show are part of the row that is written: if an operator changed them since
/// it was loaded, it is not the row that the command decided on.
static SEAT: LazyLock<Write> = LazyLock::new(|| {
    let sql = "UPDATE seat AS row SET version = row.version + 1, \
               state = new.state, owner = new.owner, held_until = new.held_until \
               FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], \
               $6::bigint[], $7::bigint[], $8::bigint[]) \
               AS new (id, show, price, state, owner, held_until, takeable_at, belongs_to) \
               WHERE row.id = new.id AND row.version > 0 \
               AND row.show = new.show AND row.price = new.price \
               AND CASE WHEN new.belongs_to IS NOT NULL \
               THEN row.state IN (1, 2) AND row.owner = new.belongs_to \
               ELSE row.state = 0 OR (row.state = 1 AND row.held_until <= new.takeable_at) END";
    Write::of(sql)
});

/// The step that writes guarded changes of one table.
pub(super) fn step(table: usize, changes: &[&Change]) -> Step {
    match table {
        9 => quotas(changes),
        10 => stocks(changes),
        11 => seats(changes),
        _ => wallets(changes),
    }
}

fn stocks(changes: &[&Change]) -> Step {
    let (mut ids, mut all_held, mut all_sold, mut highest) = (vec![], vec![], vec![], vec![]);
    for change in changes {
        if let (
            Row::TicketType(row),
            Guard::HasRoom { highest: most },
            Delta::Stock { held, sold },
        ) = (&*change.row, change.guard, change.delta)
        {
            ids.push(row.id.0.cast_signed());
            all_held.push(held);
            all_sold.push(sold);
            highest.push(most);
        }
    }
    Step::write(
        STOCK.of_rows(changes.len()),
        [ids, all_held, all_sold, highest].map(Array::Number).into(),
        changes.len(),
    )
}

fn quotas(changes: &[&Change]) -> Step {
    let (mut shows, mut buyers) = (vec![], vec![]);
    let (mut taken, mut all_highest, mut most) = (vec![], vec![], vec![]);
    for change in changes {
        if let (Key::Quota(show, buyer), Guard::Within { highest, max }, Delta::Quota(sum)) =
            (change.key(), change.guard, change.delta)
        {
            shows.push(show.0.cast_signed());
            buyers.push(Uuid::from_u128(buyer.0));
            taken.push(sum);
            all_highest.push(highest);
            most.push(max.map(i64::from));
        }
    }
    let values = vec![
        Array::Number(shows),
        Array::Id(buyers),
        Array::Number(taken),
        Array::Number(all_highest),
        Array::Maybe(most),
    ];
    Step::write(QUOTA.of_rows(changes.len()), values, changes.len())
}

fn wallets(changes: &[&Change]) -> Step {
    let (mut buyers, mut all_seen, mut moved) = (vec![], vec![], vec![]);
    for change in changes {
        if let (Row::Wallet(wallet), Guard::Balance(seen), Delta::Balance(sum)) =
            (&*change.row, change.guard, change.delta)
        {
            buyers.push(Uuid::from_u128(wallet.buyer.0));
            all_seen.push(seen.0);
            moved.push(sum);
        }
    }
    let values = vec![Array::Id(buyers), Array::Number(all_seen), Array::Number(moved)];
    Step::write(WALLET.of_rows(changes.len()), values, changes.len())
}

fn seats(changes: &[&Change]) -> Step {
    let (mut ids, mut shows, mut prices, mut states) = (vec![], vec![], vec![], vec![]);
    let (mut owners, mut ends, mut takeable_at, mut belongs_to) = (vec![], vec![], vec![], vec![]);
    for change in changes {
        let Row::Seat(seat) = &*change.row else { continue };
        let (state, owner, until) = seat_state(seat.state);
        ids.push(seat.id.0.cast_signed());
        shows.push(seat.show.0.cast_signed());
        prices.push(seat.price.0);
        states.push(state);
        owners.push(owner);
        ends.push(until);
        takeable_at.push(match change.guard {
            Guard::Takeable(now) => Some(now.0),
            _ => None,
        });
        belongs_to.push(match change.guard {
            Guard::BelongsTo(reservation) => Some(reservation.0.cast_signed()),
            _ => None,
        });
    }
    let mut values: Vec<Array> = [ids, shows, prices, states].map(Array::Number).into();
    values.extend([owners, ends, takeable_at, belongs_to].map(Array::Maybe));
    Step::write(SEAT.of_rows(changes.len()), values, changes.len())
}
