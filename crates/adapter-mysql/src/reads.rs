//! Single rows as they are now, and lists: from the tables, which have what was answered.

use crate::due;
use crate::open::MysqlStore;
use crate::script::{self, Step, literal};
use crate::tables::{self, read, write};
use admitone_app::Trouble;
use admitone_app::ports::reads::{Asking, ConcertFilter, Page, Reads, Turn};
use admitone_domain::concert::Concert;
use admitone_domain::id::{BuyerId, ConcertId, EntryId, PaymentId, ReservationId, ShowId};
use admitone_domain::party::Operator;
use admitone_domain::payment::Payment;
use admitone_domain::reservation::Reservation;
use admitone_domain::show::Show;
use admitone_domain::ticket_type::TicketType;
use admitone_domain::wallet::{Entry, EntryKind};
use admitone_domain::{CommandId, Key, KeyMap, Loaded, Moment, Money, Row, StoredAnswer};
use async_trait::async_trait;
use std::sync::Arc;

type Found = Vec<mysql_async::Row>;

impl MysqlStore {
    pub(crate) async fn ask(&self, sql: impl Into<String>) -> Result<Found, Trouble> {
        let mut client = self.client("read").await?;
        let found = script::run(&mut client, "read", &[Step::read(sql)]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// Rows whose statement answers `version, body`.
    pub(crate) async fn bodies<T>(
        &self,
        sql: impl Into<String>,
        pick: impl Fn(Row) -> Option<T>,
    ) -> Result<Vec<T>, Trouble> {
        let found = versions(&self.ask(sql).await?)?;
        Ok(found.into_iter().filter_map(|loaded| pick(loaded.into_row())).collect())
    }
}

fn versions(found: &Found) -> Result<Vec<Loaded>, Trouble> {
    let one = |row: &mysql_async::Row| {
        let row_body = tables::decode(&read::get::<Vec<u8>>(row, 1)?)?;
        Ok(Loaded { version: read::unsigned(row, 0)?, row: Arc::new(row_body) })
    };
    found.iter().map(one).collect()
}

fn before(page: Page) -> i64 {
    page.before.map_or(i64::MAX, |id| i64::try_from(id).unwrap_or(i64::MAX))
}

fn id(buyer: BuyerId) -> String {
    literal(&buyer.0.to_be_bytes())
}

#[async_trait]
impl Reads for MysqlStore {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let (steps, tables): (Vec<Step>, Vec<Option<usize>>) =
            read::steps(&sorted, false).into_iter().unzip();
        let mut client = self.client("read rows").await?;
        let found = script::run(&mut client, "read rows", &steps).await?;
        let mut known = KeyMap::default();
        for (table, found) in tables.into_iter().flatten().zip(&found) {
            for row in found {
                if let Some(loaded) = read::loaded(table, row)? {
                    known.insert(loaded.row.key(), loaded);
                }
            }
        }
        Ok(keys.iter().map(|key| known.get(key).cloned()).collect())
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        let found = self.ask(read::answers(std::iter::once(id.0)).sql).await?;
        found.first().map(read::answer).transpose()
    }

    async fn answers(&self, ids: &[CommandId]) -> Result<Vec<Arc<StoredAnswer>>, Trouble> {
        let found = self.ask(read::answers(ids.iter().map(|id| id.0)).sql).await?;
        found.iter().map(read::answer).collect()
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        let pick = |row| if let Row::Concert(concert) = row { Some(concert) } else { None };
        self.bodies(concerts(filter), pick).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        let pick = |row| if let Row::Show(show) = row { Some(show) } else { None };
        let of = concert.map_or(String::new(), |id| format!("WHERE concert = {}", id.0));
        self.bodies(format!("SELECT version, body FROM `show` {of} ORDER BY opens_at, id"), pick)
            .await
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        let sql = format!(
            "SELECT version, capacity, held, sold, body FROM ticket_type \
             WHERE `show` = {} ORDER BY id",
            show.0
        );
        let found = self.ask(sql).await?;
        let table = tables::number(Key::TicketType(admitone_domain::id::TicketTypeId(0)));
        let mut types = Vec::with_capacity(found.len());
        for row in &found {
            let loaded = read::loaded(table, row)?;
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
        let of = of.map_or(String::new(), |of| format!("buyer = {} AND", id(of)));
        let sql = format!(
            "SELECT version, body FROM reservation WHERE {of} id < {} ORDER BY id DESC LIMIT {}",
            before(page),
            page.limit
        );
        self.bodies(sql, pick).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        let sql = format!(
            "SELECT version, body FROM payment WHERE buyer = {} AND id < {} \
             ORDER BY id DESC LIMIT {}",
            id(of),
            before(page),
            page.limit
        );
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        self.bodies(sql, pick).await
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        let whom = match asking {
            Asking::Anybody => "",
            Asking::Wallets => " AND asks = 2",
        };
        let (Moment(at), PaymentId(id)) = after.unwrap_or((Moment::MIN, PaymentId(0)));
        // It enters an index by the time alone: a comparison of pairs it does not understand.
        let sql = format!(
            "SELECT version, body FROM payment WHERE ask_at IS NOT NULL{whom} \
             AND ask_at >= {at} AND (ask_at > {at} OR id > {id}) ORDER BY ask_at, id LIMIT {limit}"
        );
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        self.bodies(sql, pick).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        let sql = format!(
            "SELECT id, kind, amount, `at`, payment FROM entry WHERE buyer = {} AND id < {} \
             ORDER BY id DESC LIMIT {}",
            id(of),
            before(page),
            page.limit
        );
        self.ask(sql).await?.iter().map(|row| entry(of, row)).collect()
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        let pick = |row| if let Row::Operator(operator) = row { Some(operator) } else { None };
        self.bodies("SELECT version, body FROM operator ORDER BY id", pick).await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        versions(&self.ask("SELECT version, body FROM room ORDER BY id").await?)
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        let found = self.ask(due::of_all(self.hand(), limit).sql).await?;
        due::over(&found, Moment::MAX)
    }
}

/// A movement of a buyer's wallet: its id, kind, amount, moment and payment.
pub(crate) fn entry(buyer: BuyerId, row: &mysql_async::Row) -> Result<Entry, Trouble> {
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

/// The concerts of a filter. `to` is open: a concert without a date has the greatest moment of all
/// and is listed only when nobody asks for an end.
fn concerts(filter: &ConcertFilter) -> String {
    let (after_at, after_id) = filter.after.unwrap_or((Moment::MIN, ConcertId(0)));
    let from = filter.from.map_or(i64::MIN, |from| from.0).max(after_at.0);
    let (at, id, limit) = (after_at.0, after_id.0, filter.limit);
    let mut wanted = vec![
        format!("first_at >= {from}"),
        format!("(first_at > {at} OR (first_at = {at} AND id > {id}))"),
    ];
    wanted.extend(filter.to.map(|to| format!("first_at < {}", to.0)));
    wanted.extend(filter.day.map(|(day, next)| {
        let (day, next) = (day.0, next.0);
        format!("id IN (SELECT concert FROM `show` WHERE opens_at >= {day} AND opens_at < {next})")
    }));
    let category = filter.category.as_deref().map(write::category);
    wanted.extend(category.map(|category| format!("category = {}", literal(&category))));
    // The first word finds the concerts, each further one must be found among its words.
    for (number, word) in filter.words.iter().enumerate() {
        let (begin, end) = range(word);
        let words = format!("word >= {} AND word <= {}", literal(&begin), literal(&end));
        wanted.push(if number == 0 {
            format!("id IN (SELECT concert FROM concert_word WHERE {words})")
        } else {
            format!(
                "EXISTS (SELECT 1 FROM concert_word \
                 WHERE concert_word.concert = concert.id AND {words})"
            )
        });
    }
    format!(
        "SELECT version, body FROM concert WHERE {} ORDER BY first_at, id LIMIT {limit}",
        wanted.join(" AND ")
    )
}

/// The words that begin like this one: from it to the last that does. The table sorts by bytes.
fn range(word: &str) -> (Vec<u8>, Vec<u8>) {
    let begin = write::word(word).into_bytes();
    let end = [&begin[..], &[0xff]].concat();
    (begin, end)
}
