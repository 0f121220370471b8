//! Writes what a batch comes to: one statement for each kind of row, in the order of locking.

use super::guarded;
use super::{STATEMENTS, Value, document, document_of, encode, key_values, number};
use crate::script::{Step, literal};
use admitone_app::Trouble;
use admitone_app::events::lane;
use admitone_app::ports::reads::Asking;
use admitone_app::ports::store::Mode;
use admitone_domain::reservation::ReservationState;
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{Change, Event, Row, StoredAnswer, Verdict};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The steps that save a verdict.
pub(crate) fn steps(mode: Mode, verdict: &Verdict) -> Result<Vec<Step>, Trouble> {
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
        steps.push(guarded::step(table, &guarded));
    }
    if mode == Mode::Plain {
        let rows = rows(&whole)?;
        // Two for a row that was there, one for a new one: nothing to be learnt from.
        steps.push(Step::read(statements.write.of(&document(&rows))));
        return Ok(());
    }
    let (fresh, seen): (Vec<&Change>, Vec<&Change>) =
        whole.into_iter().partition(|change| change.seen == 0);
    if !fresh.is_empty() {
        let (count, fresh) = (fresh.len(), document(&rows(&fresh)?));
        match &statements.make {
            // There may be a row that another batch made only to lock it.
            Some(make) => {
                steps.push(Step::read(make.of(&fresh)));
                steps.push(Step::write(statements.update.of(&fresh), count));
            }
            None => steps.push(Step::write(statements.insert.of(&fresh), count)),
        }
    }
    if !seen.is_empty() {
        let rows = document(&rows(&seen)?);
        steps.push(Step::write(statements.update.of(&rows), seen.len()));
    }
    Ok(())
}

fn rows(changes: &[&Change]) -> Result<Vec<Vec<Value>>, Trouble> {
    changes.iter().map(|change| values(change)).collect()
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
            Value::Bytes(category(&concert.category)),
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
            Value::Id(held.buyer.0),
            Value::Number(i64::from(held.state() == ReservationState::Held)),
            Value::Number(held.held_until.0),
            body()?,
        ]),
        Row::Payment(payment) => values.extend([
            Value::Id(payment.buyer.0),
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
            Value::Bytes(wallet.currency.code().as_bytes().to_vec()),
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

/// A category as it is compared.
pub(crate) fn category(text: &str) -> Vec<u8> {
    text.chars().take(LETTERS_MAX).collect::<String>().into_bytes()
}

/// A word as it is searched.
pub(crate) fn word(text: &str) -> String {
    text.to_lowercase().chars().take(LETTERS_MAX).collect()
}

/// The words of a title, once each.
fn words(title: &str) -> BTreeSet<String> {
    title.split_whitespace().map(word).collect()
}

/// The words of the concerts among the changes.
fn save_words(changes: &[&Change], steps: &mut Vec<Step>) {
    let (mut concerts, mut all) = (Vec::new(), Vec::new());
    for change in changes {
        let Row::Concert(concert) = &*change.row else { continue };
        let id = concert.id.0.cast_signed();
        concerts.push(id.to_string());
        let words = words(&concert.title).into_iter();
        all.extend(words.map(|word| vec![Value::Number(id), Value::Bytes(word.into_bytes())]));
    }
    if concerts.is_empty() {
        return;
    }
    let concerts = concerts.join(", ");
    steps.push(Step::read(format!("DELETE FROM concert_word WHERE concert IN ({concerts})")));
    let insert = "INSERT INTO concert_word (concert, word) SELECT new.c0, UNHEX(new.c1) FROM";
    steps.push(Step::read(document_of("BIGINT LONGTEXT", insert, "").of(&document(&all))));
}

/// A command that was answered meanwhile is a conflict: its row is there.
fn answers(answers: &[Arc<StoredAnswer>]) -> Result<Step, Trouble> {
    let mut sorted: Vec<&StoredAnswer> = answers.iter().map(Arc::as_ref).collect();
    sorted.sort_unstable_by_key(|answer| answer.id);
    let insert = "INSERT INTO answer (id, `at`, money, body) \
                  SELECT UNHEX(new.c0), new.c1, new.c2, UNHEX(new.c3) FROM";
    let row = |answer: &&StoredAnswer| {
        Ok(vec![
            Value::Id(answer.id.0),
            Value::Number(answer.at.0),
            Value::Number(i64::from(answer.money)),
            Value::Bytes(encode(*answer)?),
        ])
    };
    let rows = sorted.iter().map(row).collect::<Result<Vec<_>, Trouble>>()?;
    let statement = document_of("VARCHAR(32) BIGINT BIGINT LONGTEXT", insert, "");
    Ok(Step::write(statement.of(&document(&rows)), answers.len()))
}

fn entries(entries: &[Entry]) -> Step {
    let row = |entry: &Entry| {
        vec![
            Value::Number(entry.id.0.cast_signed()),
            Value::Id(entry.buyer.0),
            Value::Number(match entry.kind {
                EntryKind::Charge => 0,
                EntryKind::Use => 1,
                EntryKind::Refund => 2,
                EntryKind::Withdrawal => 3,
            }),
            Value::Number(entry.amount.0),
            Value::Number(entry.at.0),
            Value::Maybe(entry.payment.map(|id| id.0.cast_signed())),
        ]
    };
    let insert = "INSERT INTO entry (id, buyer, kind, amount, `at`, payment) \
                  SELECT new.c0, UNHEX(new.c1), new.c2, new.c3, new.c4, new.c5 FROM";
    let rows: Vec<Vec<Value>> = entries.iter().map(row).collect();
    let kinds = "BIGINT VARCHAR(32) BIGINT BIGINT BIGINT BIGINT";
    Step::write(document_of(kinds, insert, "").of(&document(&rows)), entries.len())
}

fn events(events: &[Event]) -> Result<Step, Trouble> {
    // Values, not a document: only if it knows how many there are, the server draws as many
    // numbers, in their order, and leaves no gaps for readers to wonder at.
    let row = |event: &Event| {
        let lane = lane(event.aggregate);
        Ok(format!("({lane}, {})", literal(&encode(event)?)))
    };
    let rows = events.iter().map(row).collect::<Result<Vec<_>, Trouble>>()?;
    let sql = format!("INSERT INTO event (lane, body) VALUES {}", rows.join(", "));
    Ok(Step::write(sql, events.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_searched_by_small_words_once_each() {
        let found: Vec<String> = words("Winter  LIGHTS, winter").into_iter().collect();
        assert_eq!(found, ["lights,", "winter"]);
        assert_eq!(word(&"Ä".repeat(300)).len(), 2 * 255);
    }
}
