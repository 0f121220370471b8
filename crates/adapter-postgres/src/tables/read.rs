//! Reads rows: steps that ask for them, and what the answers say.

use super::{ANSWER, ANSWER_COLUMNS, DUE, NUMBERS, STATEMENTS, TIME, decode, key_arrays, number};
use crate::pipeline::{Array, Step};
use crate::trouble;
use admitone_app::Trouble;
use admitone_domain::id::{BuyerId, ReservationId, RoomId, SeatId, ShowId};
use admitone_domain::pass::{Pass, PassKey};
use admitone_domain::seat::{Seat, SeatState};
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::Wallet;
use admitone_domain::{Key, Loaded, Moment, Money, Row, StoredAnswer};
use std::sync::{Arc, LazyLock};
use tokio_postgres::types::FromSql;
use uuid::Uuid;

type Found<'a> = &'a tokio_postgres::Row;

/// The steps that ask for rows. `keys` are sorted. Whoever locks makes rows first that are missing.
pub(crate) fn steps(keys: &[Key], is_locking: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    for group in keys.chunk_by(|one, next| number(*one) == number(*next)) {
        let table = number(group[0]);
        let statements = &STATEMENTS[table];
        let values = key_arrays(table, group);
        let sql = match group {
            _ if is_locking => &statements.read_locked,
            [_] => &statements.read_one,
            _ => &statements.read,
        };
        if let Some(make) = statements.make.as_ref().filter(|_| is_locking) {
            steps.push(Step::read(make, values.clone()));
        }
        steps.push(Step::read(sql, values));
    }
    steps
}

/// Where the columns of the one shape are, behind what it is and its version.
const FIRST: usize = 2;
const ID: usize = FIRST + NUMBERS;
const WORD: usize = ID + 1;
const BODY: usize = WORD + 1;

/// Something that was asked for together with other things.
pub(crate) enum Told {
    /// A row.
    Row(Loaded),
    /// A row of version 0, which was made only to be locked: there is none.
    Nothing,
    /// An answer that is kept.
    Answer(Arc<StoredAnswer>),
    /// The time.
    Time(Moment),
    /// Until when a hold was, and whose.
    Due(Moment, ReservationId),
}

/// What a line of an answer says.
pub(crate) fn told(found: Found<'_>) -> Result<Told, Trouble> {
    match get(found, 0)? {
        ANSWER => answer(found).map(Told::Answer),
        TIME => Ok(Told::Time(Moment(get(found, FIRST)?))),
        DUE => {
            Ok(Told::Due(Moment(get(found, FIRST)?), ReservationId(unsigned(found, FIRST + 1)?)))
        }
        _ => Ok(loaded(found)?.map_or(Told::Nothing, Told::Row)),
    }
}

/// What a row of a table says. A row of version 0 was made only to be locked.
pub(crate) fn loaded(found: Found<'_>) -> Result<Option<Loaded>, Trouble> {
    let (table, version): (i64, i64) = (get(found, 0)?, get(found, 1)?);
    if version == 0 {
        return Ok(None);
    }
    let row = match table {
        8 => pass(found)?,
        9 => quota(found)?,
        10 => ticket_type(found)?,
        11 => seat(found)?,
        12 => wallet(found)?,
        _ => body(found)?,
    };
    Ok(Some(Loaded { version: version.cast_unsigned(), row: Arc::new(row) }))
}

fn body<'a, T: serde::Deserialize<'a>>(found: Found<'a>) -> Result<T, Trouble> {
    decode(get::<&[u8]>(found, BODY)?)
}

/// A value of a row that was found.
pub(crate) fn get<'a, T: FromSql<'a>>(found: Found<'a>, column: usize) -> Result<T, Trouble> {
    found.try_get(column).map_err(|error| trouble::unreadable("read a row", error))
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
    let (room, place) = (RoomId(unsigned(found, FIRST)?), unsigned(found, FIRST + 2)?);
    let key = PassKey { room, epoch: count(found, FIRST + 1)?, place };
    Ok(Row::Pass(Pass { key, ended_at: Moment(get(found, FIRST + 3)?) }))
}

fn quota(found: Found<'_>) -> Result<Row, Trouble> {
    let (show, buyer) = (ShowId(unsigned(found, FIRST)?), buyer(found)?);
    Ok(Row::Quota { show, buyer, taken: count(found, FIRST + 1)? })
}

/// The body is as it was written as a whole; deltas since then stand in the columns.
fn ticket_type(found: Found<'_>) -> Result<Row, Trouble> {
    let Row::TicketType(written) = body(found)? else {
        return Err(trouble::unreadable("read a ticket type", "its body is of another kind"));
    };
    let capacity = count(found, FIRST)?;
    let (held, sold) = (count(found, FIRST + 1)?, count(found, FIRST + 2)?);
    Ok(Row::TicketType(TicketType { capacity, held, sold, ..written }))
}

fn seat(found: Found<'_>) -> Result<Row, Trouble> {
    let owner: Option<i64> = get(found, FIRST + 4)?;
    let by = ReservationId(owner.unwrap_or_default().cast_unsigned());
    let until = Moment(get::<Option<i64>>(found, FIRST + 5)?.unwrap_or_default());
    let state = match get::<i64>(found, FIRST + 3)? {
        0 => SeatState::Free,
        1 => SeatState::Held { by, until },
        2 => SeatState::Sold { by },
        _ => SeatState::Blocked,
    };
    let (id, show) = (SeatId(unsigned(found, FIRST)?), ShowId(unsigned(found, FIRST + 1)?));
    Ok(Row::Seat(Seat { id, show, price: Money(get(found, FIRST + 2)?), state }))
}

fn wallet(found: Found<'_>) -> Result<Row, Trouble> {
    let code: &str = get(found, WORD)?;
    let currency = code.parse().map_err(|error| trouble::unreadable("read a wallet", error))?;
    Ok(Row::Wallet(Wallet { buyer: buyer(found)?, currency, balance: Money(get(found, FIRST)?) }))
}

fn buyer(found: Found<'_>) -> Result<BuyerId, Trouble> {
    Ok(BuyerId(get::<Uuid>(found, ID)?.as_u128()))
}

static ANSWERS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM answer WHERE id = ANY($1)", &*ANSWER_COLUMNS));

static ANSWER_ONE: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM answer WHERE id = ($1::uuid[])[1]", &*ANSWER_COLUMNS));

/// Asks for the answers of commands.
pub(crate) fn answers(ids: impl Iterator<Item = u128>) -> Step {
    let ids: Vec<Uuid> = ids.map(Uuid::from_u128).collect();
    let sql = if ids.len() == 1 { &*ANSWER_ONE } else { &*ANSWERS };
    Step::read(sql.as_str(), vec![Array::Id(ids)])
}

/// An answer that was found.
pub(crate) fn answer(found: Found<'_>) -> Result<Arc<StoredAnswer>, Trouble> {
    body(found).map(Arc::new)
}
