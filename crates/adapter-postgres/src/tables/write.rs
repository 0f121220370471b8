//! Writes what a batch comes to: one statement for each kind of row, in the order of locking.

use super::guarded;
use super::{STATEMENTS, TABLES, Value, Write, columns, encode, key_arrays, key_values, number};
use crate::merged;
use crate::pipeline::{Array, Step};
use admitone_app::Trouble;
use admitone_app::events::lane;
use admitone_app::ports::reads::Asking;
use admitone_app::ports::store::Mode;
use admitone_domain::reservation::ReservationState;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{Change, Event, Key, Row, StoredAnswer, Verdict};
use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

static ANSWERS: LazyLock<Write> = LazyLock::new(|| {
    let sql = "INSERT INTO answer (id, at, money, body) SELECT * FROM \
               unnest($1::uuid[], $2::bigint[], $3::boolean[], $4::bytea[]) AS new \
               ON CONFLICT DO NOTHING";
    Write::of(sql)
});

static ENTRIES: LazyLock<Write> = LazyLock::new(|| {
    let sql = "INSERT INTO entry (id, buyer, kind, amount, at, payment) SELECT * FROM \
               unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], \
               $6::bigint[]) AS new";
    Write::of(sql)
});

/// Numbered in the order of the batch: a single array is unnested in its order.
static EVENTS: LazyLock<Write> = LazyLock::new(|| {
    let sql = "INSERT INTO event (lane, body) SELECT * FROM \
               unnest($1::bigint[], $2::bytea[]) AS new";
    Write::of(sql)
});

/// The statement that saves a verdict: all of it, or a conflict. None where there is nothing to save.
pub(crate) fn step(
    mode: Mode,
    verdict: &Verdict,
    is_by_itself: bool,
) -> Result<Option<Step>, Trouble> {
    let steps = steps(mode, verdict)?;
    Ok(if steps.is_empty() { None } else { Some(merged::write(steps, is_by_itself)) })
}

fn steps(mode: Mode, verdict: &Verdict) -> Result<Vec<Step>, Trouble> {
    let mut changes: Vec<&Change> = verdict.changes.iter().collect();
    changes.sort_unstable_by_key(|change| change.key());
    let mut steps = Vec::new();
    for group in changes.chunk_by(|one, next| number(one.key()) == number(next.key())) {
        save_rows(mode, group, &mut steps)?;
    }
    save_words(&changes, &mut steps);
    if !verdict.answers.is_empty() {
        steps.push(answers(&verdict.answers)?);
    }
    if !verdict.entries.is_empty() {
        steps.push(entries(&verdict.entries));
    }
    if !verdict.events.is_empty() {
        steps.push(events(&verdict.events)?);
    }
    Ok(steps)
}

/// The steps for the rows of one table.
fn save_rows(mode: Mode, group: &[&Change], steps: &mut Vec<Step>) -> Result<(), Trouble> {
    let table = number(group[0].key());
    let statements = &STATEMENTS[table];
    let (guarded, whole): (Vec<&Change>, Vec<&Change>) =
        group.iter().partition(|change| mode == Mode::Conditional && guarded::is_guarded(change));
    if !guarded.is_empty() {
        if group.len() > 1 {
            // An update from arrays takes its rows in any order: they are locked in theirs first.
            let keys: Vec<Key> = group.iter().map(|change| change.key()).collect();
            steps.push(Step::read(&statements.lock, key_arrays(table, &keys)));
        }
        steps.push(guarded::step(table, &guarded));
    }
    if !whole.is_empty() {
        let blind = mode == Mode::Plain;
        let write = if blind { &statements.write } else { &statements.write_checked };
        let rows = whole.iter().map(|change| values(change)).collect::<Result<Vec<_>, _>>()?;
        let described = &TABLES[table];
        let version = [("version", super::Kind::Number)];
        let kinds = described.keys.iter().chain(&version).chain(described.values);
        let arrays = columns(kinds.map(|(_, kind)| *kind), rows);
        steps.push(Step::write(write.of_rows(whole.len()), arrays, whole.len()));
    }
    Ok(())
}

/// The values of a row: its keys, its version, the rest.
fn values(change: &Change) -> Result<Vec<Value>, Trouble> {
    let mut values = key_values(change.key());
    values.push(Value::Number((change.seen + 1).cast_signed()));
    let row = &*change.row;
    let number = |id: u64| Value::Number(id.cast_signed());
    let body = || encode(row).map(Value::Bytes);
    match row {
        Row::Concert(concert) => values.extend([
            Value::Number(concert.first_at.0),
            Value::Text(text(&concert.category)),
            body()?,
        ]),
        Row::Show(show) => {
            values.extend([number(show.concert.0), Value::Number(show.opens_at.0), body()?]);
        }
        Row::Plan(..) | Row::Room { .. } | Row::Operator(_) | Row::Buyer(_) => {
            values.push(body()?);
        }
        Row::Reservation(held) => values.extend([
            number(held.show.0),
            Value::Id(Uuid::from_u128(held.buyer.0)),
            Value::Flag(held.state() == ReservationState::Held),
            Value::Number(held.held_until.0),
            body()?,
        ]),
        Row::Payment(payment) => values.extend([
            Value::Id(Uuid::from_u128(payment.buyer.0)),
            Value::Maybe(payment.pays().map(|id| id.0.cast_signed())),
            Value::Number(payment.amount.0),
            Value::Number(payment.refunded.0),
            Value::Maybe(payment.ask_at().map(|at| at.0)),
            Value::Number(Asking::of(payment)),
            body()?,
        ]),
        Row::Pass(pass) => values.push(Value::Number(pass.ended_at.0)),
        Row::Quota { taken, .. } => values.push(Value::Number(i64::from(*taken))),
        Row::TicketType(stock) => values.extend([
            number(stock.show.0),
            Value::Number(i64::from(stock.capacity)),
            Value::Number(i64::from(stock.held)),
            Value::Number(i64::from(stock.sold)),
            body()?,
        ]),
        Row::Seat(seat) => values.extend(seat_values(seat)),
        Row::Wallet(wallet) => values.extend([
            Value::Text(wallet.currency.code().to_owned()),
            Value::Number(wallet.balance.0),
        ]),
    }
    Ok(values)
}

fn seat_values(seat: &Seat) -> [Value; 5] {
    let (state, owner, until) = seat_state(seat.state);
    [
        Value::Number(seat.show.0.cast_signed()),
        Value::Number(seat.price.0),
        Value::Number(state),
        Value::Maybe(owner),
        Value::Maybe(until),
    ]
}

/// The state of a seat as its three columns.
pub(super) fn seat_state(state: SeatState) -> (i64, Option<i64>, Option<i64>) {
    match state {
        SeatState::Free => (0, None, None),
        SeatState::Held { by, until } => (1, Some(by.0.cast_signed()), Some(until.0)),
        SeatState::Sold { by } => (2, Some(by.0.cast_signed()), None),
        SeatState::Blocked => (3, None, None),
    }
}

/// So many letters of a category or a word are compared: an index takes no more.
const LETTERS_MAX: usize = 255;

/// A category or a word as it is compared, without the letter that PostgreSQL does not take.
pub(crate) fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}").chars().take(LETTERS_MAX).collect()
}

/// The words of a title as they are searched, once each.
fn words(title: &str) -> BTreeSet<String> {
    title.to_lowercase().split_whitespace().map(text).collect()
}

/// The words of the concerts among the changes.
fn save_words(changes: &[&Change], steps: &mut Vec<Step>) {
    let (mut concerts, mut ids, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for change in changes {
        let Row::Concert(concert) = &*change.row else { continue };
        let id = concert.id.0.cast_signed();
        concerts.push(id);
        for word in words(&concert.title) {
            ids.push(id);
            all.push(word);
        }
    }
    if concerts.is_empty() {
        return;
    }
    let (these, words) = (Array::Number(ids), Array::Text(all));
    let sql = "DELETE FROM concert_word WHERE concert = ANY($1) AND (concert, word) NOT IN \
               (SELECT * FROM unnest($2::bigint[], $3::text[]))";
    steps.push(Step::read(sql, vec![Array::Number(concerts), these.clone(), words.clone()]));
    let sql = "INSERT INTO concert_word (concert, word) \
               SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING";
    steps.push(Step::read(sql, vec![these, words]));
}

/// A command that was answered meanwhile is a conflict: its row is there, and fewer are written.
fn answers(answers: &[Arc<StoredAnswer>]) -> Result<Step, Trouble> {
    let mut sorted: Vec<&StoredAnswer> = answers.iter().map(Arc::as_ref).collect();
    sorted.sort_unstable_by_key(|answer| answer.id);
    let ids = sorted.iter().map(|answer| Uuid::from_u128(answer.id.0));
    let bodies = sorted.iter().copied().map(encode).collect::<Result<_, _>>()?;
    let values = vec![
        Array::Id(ids.collect()),
        Array::Number(sorted.iter().map(|answer| answer.at.0).collect()),
        Array::Flag(sorted.iter().map(|answer| answer.money).collect()),
        Array::Bytes(bodies),
    ];
    Ok(Step::write(ANSWERS.of_rows(answers.len()), values, answers.len()))
}

fn entries(entries: &[Entry]) -> Step {
    let kind = |entry: &Entry| match entry.kind {
        EntryKind::Charge => 0,
        EntryKind::Use => 1,
        EntryKind::Refund => 2,
        EntryKind::Withdrawal => 3,
    };
    let payment = |entry: &Entry| entry.payment.map(|id| id.0.cast_signed());
    let values = vec![
        Array::Number(entries.iter().map(|entry| entry.id.0.cast_signed()).collect()),
        Array::Id(entries.iter().map(|entry| Uuid::from_u128(entry.buyer.0)).collect()),
        Array::Number(entries.iter().map(kind).collect()),
        Array::Number(entries.iter().map(|entry| entry.amount.0).collect()),
        Array::Number(entries.iter().map(|entry| entry.at.0).collect()),
        Array::Maybe(entries.iter().map(payment).collect()),
    ];
    Step::write(ENTRIES.of_rows(entries.len()), values, entries.len())
}

fn events(events: &[Event]) -> Result<Step, Trouble> {
    // Behind all that is written: whoever reads them relies on a number being drawn in a
    // transaction that has an id already.
    let values = vec![
        Array::Number(events.iter().map(|event| i64::from(lane(event.aggregate))).collect()),
        Array::Bytes(events.iter().map(encode).collect::<Result<_, _>>()?),
    ];
    Ok(Step::read(EVENTS.of_rows(events.len()), values).last())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_searched_by_small_words_once_each() {
        let found: Vec<String> = words("Winter  LIGHTS, winter\0s").into_iter().collect();
        assert_eq!(found, ["lights,", "winter", "winter\u{fffd}s"]);
        assert_eq!(text(&"Ä".repeat(300)).len(), 2 * 255);
    }
}
