//! Reads rows: steps that ask for them, and what the answers say.

use super::{STATEMENTS, Value, decode, document, document_of, key_document, number};
use crate::script::Step;
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{BuyerId, ReservationId, RoomId, SeatId, ShowId};
use admitone_domain::pass::{Pass, PassKey};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Wallet;
use admitone_domain::{Key, Loaded, Moment, Money, Row, StoredAnswer};
use mysql_async::prelude::FromValue;
use std::sync::Arc;

type Found<'a> = &'a mysql_async::Row;

/// The steps that ask for rows, and of which table each of them is. `keys` are sorted.
pub(crate) fn steps(keys: &[Key], is_locking: bool) -> Vec<(Step, Option<usize>)> {
    let mut steps = Vec::new();
    for group in keys.chunk_by(|one, next| number(*one) == number(*next)) {
        let table = number(group[0]);
        let statements = &STATEMENTS[table];
        let keys = key_document(group);
        let read = if is_locking { &statements.read_locked } else { &statements.read };
        if let Some(make) = statements.make.as_ref().filter(|_| is_locking) {
            steps.push((Step::read(make.of(&keys)), None));
        }
        steps.push((Step::read(read.of(&keys)), Some(table)));
    }
    steps
}

/// The steps that make rows which a transaction can then lock, where there are none. Where there
/// are some they take no lock that keeps readers out.
pub(crate) fn make_steps(keys: &[Key]) -> Vec<Step> {
    let groups = keys.chunk_by(|one, next| number(*one) == number(*next));
    let make = |group: &[Key]| {
        let make = STATEMENTS[number(group[0])].make_quietly.as_ref()?;
        Some(Step::read(make.of(&key_document(group))))
    };
    groups.filter_map(make).collect()
}

/// What a row of a table says. A row of version 0 was made only to be locked.
pub(crate) fn loaded(table: usize, found: Found<'_>) -> Result<Option<Loaded>, Trouble> {
    let version: i64 = get(found, 0)?;
    if version == 0 {
        return Ok(None);
    }
    let row = match table {
        8 => pass(found)?,
        9 => quota(found)?,
        10 => ticket_type(found)?,
        11 => seat(found)?,
        12 => wallet(found)?,
        _ => decode(&get::<Vec<u8>>(found, 1)?)?,
    };
    Ok(Some(Loaded { version: version.cast_unsigned(), row: Arc::new(row) }))
}

/// A value of a row that was found.
pub(crate) fn get<T: FromValue>(found: Found<'_>, column: usize) -> Result<T, Trouble> {
    match found.get_opt(column) {
        Some(Ok(value)) => Ok(value),
        Some(Err(error)) => Err(trouble::unreadable("read a row", error)),
        None => Err(trouble::unreadable("read a row", format_args!("no column {column}"))),
    }
}

/// A number that is never negative.
pub(crate) fn unsigned(found: Found<'_>, column: usize) -> Result<u64, Trouble> {
    Ok(get::<i64>(found, column)?.cast_unsigned())
}

/// A count, which is smaller.
fn count<T: TryFrom<i64>>(found: Found<'_>, column: usize) -> Result<T, Trouble> {
    let number: i64 = get(found, column)?;
    let unfit = |_| trouble::unreadable("read a row", format_args!("{number} does not fit"));
    T::try_from(number).map_err(unfit)
}

fn pass(found: Found<'_>) -> Result<Row, Trouble> {
    let room = RoomId(unsigned(found, 1)?);
    let key = PassKey { room, epoch: count(found, 2)?, place: unsigned(found, 3)? };
    Ok(Row::Pass(Pass { key, ended_at: Moment(get(found, 4)?) }))
}

fn quota(found: Found<'_>) -> Result<Row, Trouble> {
    let (show, buyer) = (ShowId(unsigned(found, 1)?), buyer(found, 2)?);
    Ok(Row::Quota { show, buyer, taken: count(found, 3)? })
}

/// The body is as it was written as a whole; deltas since then stand in the columns.
fn ticket_type(found: Found<'_>) -> Result<Row, Trouble> {
    let row: Row = decode(&get::<Vec<u8>>(found, 4)?)?;
    let Row::TicketType(body) = row else {
        return Err(trouble::unreadable("read a ticket type", "its body is of another kind"));
    };
    let (capacity, held, sold) = (count(found, 1)?, count(found, 2)?, count(found, 3)?);
    Ok(Row::TicketType(TicketType { capacity, held, sold, ..body }))
}

fn seat(found: Found<'_>) -> Result<Row, Trouble> {
    let by = ReservationId(get::<Option<i64>>(found, 5)?.unwrap_or_default().cast_unsigned());
    let until = Moment(get::<Option<i64>>(found, 6)?.unwrap_or_default());
    let state = match get::<i64>(found, 4)? {
        0 => SeatState::Free,
        1 => SeatState::Held { by, until },
        2 => SeatState::Sold { by },
        _ => SeatState::Blocked,
    };
    let (id, show) = (SeatId(unsigned(found, 1)?), ShowId(unsigned(found, 2)?));
    Ok(Row::Seat(Seat { id, show, price: Money(get(found, 3)?), state }))
}

fn wallet(found: Found<'_>) -> Result<Row, Trouble> {
    let code: String = get(found, 2)?;
    let currency = code.parse().map_err(|error| trouble::unreadable("read a wallet", error))?;
    Ok(Row::Wallet(Wallet { buyer: buyer(found, 1)?, currency, balance: Money(get(found, 3)?) }))
}

pub(crate) fn buyer(found: Found<'_>, column: usize) -> Result<BuyerId, Trouble> {
    let bytes: Vec<u8> = get(found, column)?;
    let bytes = bytes.try_into().map_err(|_| trouble::unreadable("read a row", "no buyer"))?;
    Ok(BuyerId(u128::from_be_bytes(bytes)))
}

/// Asks for the answers of commands.
pub(crate) fn answers(ids: impl Iterator<Item = u128>) -> Step {
    let rows: Vec<Vec<Value>> = ids.map(|id| vec![Value::Id(id)]).collect();
    let join = "STRAIGHT_JOIN answer AS known FORCE INDEX (PRIMARY) ON known.id = UNHEX(new.c0)";
    let statement = document_of("VARCHAR(32)", "SELECT known.body FROM", join);
    Step::read(statement.of(&document(&rows)))
}

/// An answer that was found.
pub(crate) fn answer(found: Found<'_>) -> Result<Arc<StoredAnswer>, Trouble> {
    decode(&get::<Vec<u8>>(found, 0)?).map(Arc::new)
}
