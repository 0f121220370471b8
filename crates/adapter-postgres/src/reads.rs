//! Single rows as they are now, and lists: from the tables, which have what was answered.

use crate::open::PostgresStore;
use crate::pipeline::{self, Array, Step};
use crate::tables::read::{self, Told};
use crate::tables::{self, STATEMENTS, write};
use crate::{due, merged};
use admitone_app::Trouble;
use admitone_app::ports::reads::{Asking, ConcertFilter, Page, Reads, Turn};
use admitone_domain::concert::Concert;
use admitone_domain::id::{
    BuyerId, ConcertId, EntryId, PaymentId, ReservationId, ShowId, TicketTypeId,
};
use admitone_domain::party::Operator;
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{CommandId, Key, KeyMap, Loaded, Moment, Money, Row, StoredAnswer};
use async_trait::async_trait;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;

type Found = Vec<tokio_postgres::Row>;

impl PostgresStore {
    async fn ask(&self, sql: &'static str, values: Vec<Array>) -> Result<Found, Trouble> {
        self.ask_for(Step::read(sql, values)).await
    }

    pub(crate) async fn ask_for(&self, step: Step) -> Result<Found, Trouble> {
        let client = self.client("read").await?;
        let found = pipeline::run(&client, "read", None, &[step]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// Rows whose statement answers `version, body`.
    pub(crate) async fn bodies<T>(
        &self,
        sql: &'static str,
        values: Vec<Array>,
        pick: impl Fn(Row) -> Option<T>,
    ) -> Result<Vec<T>, Trouble> {
        let found = versions(&self.ask(sql, values).await?)?;
        Ok(found.into_iter().filter_map(|loaded| pick(loaded.into_row())).collect())
    }
}

fn versions(found: &Found) -> Result<Vec<Loaded>, Trouble> {
    let one = |row: &tokio_postgres::Row| {
        let row_body = tables::decode(read::get::<&[u8]>(row, 1)?)?;
        Ok(Loaded { version: read::unsigned(row, 0)?, row: Arc::new(row_body) })
    };
    found.iter().map(one).collect()
}

fn single(number: u64) -> Array {
    Array::Single(Some(number.cast_signed()))
}

fn before(page: Page) -> Array {
    let before = page.before.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX));
    Array::Single(Some(before))
}

fn limit(limit: usize) -> Array {
    Array::Single(Some(i64::try_from(limit).unwrap_or(i64::MAX)))
}

fn ids(buyer: BuyerId) -> Array {
    Array::Id(vec![Uuid::from_u128(buyer.0)])
}

#[async_trait]
impl Reads for PostgresStore {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut known = KeyMap::default();
        if !sorted.is_empty() {
            for row in &self.ask_for(merged::read(read::steps(&sorted, false))).await? {
                if let Some(loaded) = read::loaded(row)? {
                    known.insert(loaded.row.key(), loaded);
                }
            }
        }
        Ok(keys.iter().map(|key| known.get(key).cloned()).collect())
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        let found = self.ask_for(read::answers(std::iter::once(id.0))).await?;
        found.first().map(read::answer).transpose()
    }

    async fn answers(&self, ids: &[CommandId]) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let found = self.ask_for(read::answers(ids.iter().map(|id| id.0))).await?;
        found.iter().map(read::answer).collect()
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        // The index is entered behind a pair of date and id, and a day begins behind no id.
        let from = filter.from.map(|from| (from, ConcertId(0)));
        let (after_at, after_id) = filter.after.max(from).unwrap_or((Moment::MIN, ConcertId(0)));
        let mut values = vec![
            Array::Single(filter.to.map(|to| to.0)),
            Array::Single(Some(after_at.0)),
            single(after_id.0),
            limit(filter.limit),
        ];
        if !filter.words.is_empty() {
            let (begins, ends) = filter.words.iter().map(|word| range(word)).unzip();
            values.extend([Array::Text(begins), Array::Text(ends)]);
        }
        if let Some(category) = &filter.category {
            values.push(Array::Word(write::text(category)));
        }
        if let Some((day, next)) = filter.day {
            values.extend([day.0, next.0].map(|at| Array::Single(Some(at))));
        }
        let has_words = !filter.words.is_empty();
        let sql = match (has_words, filter.category.is_some(), filter.day.is_some()) {
            (false, false, false) => CONCERTS,
            (false, true, false) => CONCERTS_OF_CATEGORY,
            (true, false, false) => CONCERTS_BY_WORDS,
            (true, true, false) => CONCERTS_OF_CATEGORY_BY_WORDS,
            (false, false, true) => CONCERTS_OF_DAY,
            (false, true, true) => CONCERTS_OF_CATEGORY_AND_DAY,
            (true, false, true) => CONCERTS_OF_DAY_BY_WORDS,
            (true, true, true) => CONCERTS_OF_CATEGORY_AND_DAY_BY_WORDS,
        };
        let pick = |row| if let Row::Concert(concert) = row { Some(concert) } else { None };
        self.bodies(sql, values, pick).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        let pick = |row| if let Row::Show(show) = row { Some(show) } else { None };
        let Some(id) = concert else {
            let sql = "SELECT version, body FROM show ORDER BY opens_at, id";
            return self.bodies(sql, Vec::new(), pick).await;
        };
        let sql = "SELECT version, body FROM show WHERE concert = $1 ORDER BY opens_at, id";
        self.bodies(sql, vec![single(id.0)], pick).await
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        let found = self.ask(&TICKET_TYPES, vec![single(show.0)]).await?;
        let mut types = Vec::with_capacity(found.len());
        for row in &found {
            let loaded = read::loaded(row)?;
            if let Some(Row::TicketType(known)) = loaded.map(Loaded::into_row) {
                types.push(known);
            }
        }
        Ok(types)
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        let pick = |row| if let Row::Reservation(held) = row { Some(held) } else { None };
        let Some(of) = of else {
            let sql = "SELECT version, body FROM reservation \
                       WHERE id < $1 ORDER BY id DESC LIMIT $2";
            return self.bodies(sql, vec![before(page), limit(page.limit)], pick).await;
        };
        let sql = "SELECT version, body FROM reservation \
                   WHERE buyer = ($1::uuid[])[1] AND id < $2 ORDER BY id DESC LIMIT $3";
        self.bodies(sql, vec![ids(of), before(page), limit(page.limit)], pick).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        let sql = "SELECT version, body FROM payment \
                   WHERE buyer = ($1::uuid[])[1] AND id < $2 ORDER BY id DESC LIMIT $3";
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        self.bodies(sql, vec![ids(of), before(page), limit(page.limit)], pick).await
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        most: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        let sql = match asking {
            Asking::Anybody => {
                "SELECT version, body FROM payment WHERE ask_at IS NOT NULL \
                 AND (ask_at, id) > ($1, $2) ORDER BY ask_at, id LIMIT $3"
            }
            Asking::Wallets => {
                "SELECT version, body FROM payment WHERE ask_at IS NOT NULL AND asks = 2 \
                 AND (ask_at, id) > ($1, $2) ORDER BY ask_at, id LIMIT $3"
            }
        };
        let (at, id) = after.unwrap_or((Moment::MIN, PaymentId(0)));
        let values = vec![Array::Single(Some(at.0)), single(id.0), limit(most)];
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        self.bodies(sql, values, pick).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        let sql = "SELECT id, kind, amount, at, payment FROM entry \
                   WHERE buyer = ($1::uuid[])[1] AND id < $2 ORDER BY id DESC LIMIT $3";
        let found = self.ask(sql, vec![ids(of), before(page), limit(page.limit)]).await?;
        found.iter().map(|row| entry(of, row)).collect()
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        let pick = |row| if let Row::Operator(operator) = row { Some(operator) } else { None };
        self.bodies("SELECT version, body FROM operator ORDER BY id", Vec::new(), pick).await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        versions(&self.ask("SELECT version, body FROM room ORDER BY id", Vec::new()).await?)
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        let found = self.ask_for(due::of_all(self.hand(), limit)).await?;
        let due = found.iter().map(|row| match read::told(row)? {
            Told::Due(_, reservation) => Ok(Some(reservation)),
            _ => Ok(None),
        });
        due.filter_map(Result::transpose).collect()
    }
}

static TICKET_TYPES: LazyLock<String> = LazyLock::new(|| {
    let table = tables::number(Key::TicketType(TicketTypeId(0)));
    format!("{} WHERE show = $1 ORDER BY id", STATEMENTS[table].all)
});

/// A movement of a buyer's wallet: its id, kind, amount, moment and payment.
pub(crate) fn entry(buyer: BuyerId, row: &tokio_postgres::Row) -> Result<Entry, Trouble> {
    Ok(Entry {
        id: EntryId(read::unsigned(row, 0)?),
        buyer,
        kind: match read::get::<i64>(row, 1)? {
            0 => EntryKind::Charge,
            1 => EntryKind::Use,
            3 => EntryKind::Withdrawal,
            _ => EntryKind::Refund,
        },
        amount: Money(read::get(row, 2)?),
        at: Moment(read::get(row, 3)?),
        payment: read::get::<Option<i64>>(row, 4)?.map(|id| PaymentId(id.cast_unsigned())),
    })
}

/// The words that begin like this one: from it to the last that does. The table sorts by bytes.
fn range(word: &str) -> (String, String) {
    let begin = write::text(&word.to_lowercase());
    let end = format!("{begin}{}", char::MAX);
    (begin, end)
}

/// `to` is open: a concert without a date has the greatest moment of all and is listed only when
/// nobody asks for an end.
macro_rules! concerts {
    ($($condition:tt)*) => {
        concat!(
            "SELECT version, body FROM concert WHERE ",
            $($condition)*
            , "(first_at, id) > ($2, $3) AND ($1::bigint IS NULL OR first_at < $1) \
             ORDER BY first_at, id LIMIT $4"
        )
    };
}

/// The first word's concerts, of which every further word must be found.
macro_rules! by_words {
    () => {
        "id IN (SELECT concert FROM concert_word \
         WHERE word >= ($5::text[])[1] AND word <= ($6::text[])[1]) \
         AND NOT EXISTS (SELECT FROM unnest($5, $6) AS wanted (begins, ends) \
         WHERE NOT EXISTS (SELECT FROM concert_word \
         WHERE concert = concert.id AND word >= begins AND word <= ends)) AND "
    };
}

/// The concerts of which some show begins between two moments.
macro_rules! of_day {
    ($from:literal, $to:literal) => {
        concat!(
            "id IN (SELECT concert FROM show WHERE opens_at >= ",
            $from,
            " AND opens_at < ",
            $to,
            ") AND "
        )
    };
}

const CONCERTS: &str = concerts!("");
const CONCERTS_OF_CATEGORY: &str = concerts!("category = $5 AND ");
const CONCERTS_BY_WORDS: &str = concerts!(by_words!());
const CONCERTS_OF_CATEGORY_BY_WORDS: &str = concerts!("category = $7 AND ", by_words!());
const CONCERTS_OF_DAY: &str = concerts!(of_day!("$5", "$6"));
const CONCERTS_OF_CATEGORY_AND_DAY: &str = concerts!("category = $5 AND ", of_day!("$6", "$7"));
const CONCERTS_OF_DAY_BY_WORDS: &str = concerts!(by_words!(), of_day!("$7", "$8"));
const CONCERTS_OF_CATEGORY_AND_DAY_BY_WORDS: &str =
    concerts!("category = $7 AND ", by_words!(), of_day!("$8", "$9"));
