//! Lists: from the tables, once these have what the caller was told.

mod records;

use crate::memory::Known;
use crate::open::SqliteStore;
use crate::tables::{buyer, decode};
use crate::trouble;
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
use admitone_domain::{CommandId, Key, Loaded, Moment, Money, Row, StoredAnswer};
use async_trait::async_trait;
use rusqlite::{Connection, Params};
use std::sync::Arc;

impl SqliteStore {
    async fn list<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<Vec<T>, Trouble>,
    ) -> Result<Vec<T>, Trouble> {
        self.fold_what_was_answered().await?;
        self.shared.read(query)
    }

    async fn fold_what_was_answered(&self) -> Result<(), Trouble> {
        if self.shared.memory().lag() > 0 {
            self.folder.fold().await?;
        }
        Ok(())
    }

    async fn bodies<T>(
        &self,
        sql: &str,
        params: impl Params,
        pick: impl Fn(Row) -> Option<T>,
    ) -> Result<Vec<T>, Trouble> {
        self.list(|tables| {
            let found = versions(tables, sql, params)?;
            Ok(found.into_iter().filter_map(|loaded| pick(loaded.into_row())).collect())
        })
        .await
    }
}

fn versions(tables: &Connection, sql: &str, params: impl Params) -> Result<Vec<Loaded>, Trouble> {
    let failed = trouble::of("list");
    let mut query = tables.prepare_cached(sql).map_err(&failed)?;
    let mut rows = query.query(params).map_err(&failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(&failed)? {
        let body = row.get_ref(1).and_then(|value| Ok(value.as_blob()?)).map_err(&failed)?;
        found.push(Loaded { version: row.get(0).map_err(&failed)?, row: Arc::new(decode(body)?) });
    }
    Ok(found)
}

/// A number that SQLite can hold: its integers are signed.
fn bound(number: Option<u64>) -> i64 {
    number.map_or(i64::MAX, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

fn count(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

#[async_trait]
impl Reads for SqliteStore {
    async fn rows(&self, keys: &[Key]) -> Result<Vec<Option<Loaded>>, Trouble> {
        let known: Vec<Option<Known>> = {
            let mut memory = self.shared.memory();
            keys.iter().map(|key| memory.find(*key)).collect()
        };
        let unknown = |(key, known): (&Key, &Option<Known>)| known.is_none().then_some(*key);
        let misses: Vec<Key> = keys.iter().zip(&known).filter_map(unknown).collect();
        let mut found = self.shared.rows_in_tables(&misses)?.into_iter();
        let mut take = |known: Option<Known>| match known {
            Some(known) => known.row(),
            None => found.next().flatten(),
        };
        Ok(known.into_iter().map(&mut take).collect())
    }

    async fn answer(&self, id: CommandId) -> Result<Option<Arc<StoredAnswer>>, Trouble> {
        self.shared.answer(id)
    }

    async fn concerts(&self, filter: &ConcertFilter) -> Result<Vec<Concert>, Trouble> {
        let pick = |row| if let Row::Concert(concert) = row { Some(concert) } else { None };
        let (after_at, after_id) = filter.after.unwrap_or((Moment::MIN, ConcertId(0)));
        let from = filter.from.map_or(i64::MIN, |from| from.0).max(after_at.0);
        let to = filter.to.map_or(i64::MAX, |to| to.0);
        // `to` is open; a concert without a date has the greatest moment of all and is listed
        // only when nobody asks for an end.
        let to_is_open = filter.to.is_none();
        let words = match_words(&filter.words);
        let by_category = match (&filter.category, filter.day) {
            (None, _) => "",
            (Some(_), None) => "category = ?7 AND",
            // A day has far fewer concerts than a category: its index is the one to begin with.
            (Some(_), Some(_)) => "+category = ?7 AND",
        };
        let by_title = if words.is_some() {
            "id IN (SELECT rowid FROM concert_title WHERE concert_title MATCH ?8) AND"
        } else {
            ""
        };
        let by_day = if filter.day.is_some() {
            "id IN (SELECT concert FROM show WHERE opens_at >= ?9 AND opens_at < ?10) AND"
        } else {
            ""
        };
        let sql = format!(
            "SELECT version, body FROM concert WHERE {by_category} {by_title} {by_day} \
             first_at >= ?1 AND (first_at < ?2 OR ?3) AND (first_at, id) > (?4, ?5) \
             AND ?7 IS ?7 AND ?8 IS ?8 AND ?9 IS ?9 AND ?10 IS ?10 \
             ORDER BY first_at, id LIMIT ?6"
        );
        let limit = count(filter.limit);
        let category = filter.category.clone();
        let after_id = bound(Some(after_id.0));
        let (day, next_day) = filter.day.map(|(day, next)| (day.0, next.0)).unzip();
        let (at, id) = (after_at.0, after_id);
        let values = (from, to, to_is_open, at, id, limit, category, words, day, next_day);
        self.bodies(&sql, values, pick).await
    }

    async fn shows(&self, concert: Option<ConcertId>) -> Result<Vec<Show>, Trouble> {
        let pick = |row| if let Row::Show(show) = row { Some(show) } else { None };
        match concert {
            Some(id) => {
                let sql = "SELECT version, body FROM show WHERE concert = ?1 ORDER BY opens_at, id";
                self.bodies(sql, [id.0], pick).await
            }
            None => {
                self.bodies("SELECT version, body FROM show ORDER BY opens_at, id", [], pick).await
            }
        }
    }

    async fn ticket_types(&self, show: ShowId) -> Result<Vec<TicketType>, Trouble> {
        let sql = "SELECT version, body FROM ticket_type WHERE show = ?1 ORDER BY id";
        let pick = |row| if let Row::TicketType(known) = row { Some(known) } else { None };
        self.bodies(sql, [show.0], pick).await
    }

    async fn reservations(
        &self,
        of: Option<BuyerId>,
        page: Page,
    ) -> Result<Vec<Reservation>, Trouble> {
        let pick = |row| if let Row::Reservation(held) = row { Some(held) } else { None };
        let (before, limit) = (bound(page.before), count(page.limit));
        let Some(of) = of else {
            let sql = "SELECT version, body FROM reservation \
                       WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
            return self.bodies(sql, (before, limit), pick).await;
        };
        let sql = "SELECT version, body FROM reservation \
                   WHERE buyer = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        self.bodies(sql, (buyer(of), before, limit), pick).await
    }

    async fn payments(&self, of: BuyerId, page: Page) -> Result<Vec<Payment>, Trouble> {
        let sql = "SELECT version, body FROM payment \
                   WHERE buyer = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        let values = (buyer(of), bound(page.before), count(page.limit));
        self.bodies(sql, values, pick).await
    }

    async fn open_payments(
        &self,
        asking: Asking,
        after: Option<Turn>,
        limit: usize,
    ) -> Result<Vec<Payment>, Trouble> {
        let sql = match asking {
            Asking::Anybody => {
                "SELECT version, body FROM payment WHERE ask_at IS NOT NULL \
                 AND (ask_at, id) > (?1, ?2) ORDER BY ask_at, id LIMIT ?3"
            }
            Asking::Wallets => {
                "SELECT version, body FROM payment WHERE ask_at IS NOT NULL AND asks = 2 \
                 AND (ask_at, id) > (?1, ?2) ORDER BY ask_at, id LIMIT ?3"
            }
        };
        let (at, id) = after.unwrap_or((Moment::MIN, PaymentId(0)));
        let pick = |row| if let Row::Payment(payment) = row { Some(payment) } else { None };
        self.bodies(sql, (at.0, bound(Some(id.0)), count(limit)), pick).await
    }

    async fn entries(&self, of: BuyerId, page: Page) -> Result<Vec<Entry>, Trouble> {
        let sql = "SELECT id, kind, amount, at, payment FROM entry \
                   WHERE buyer = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
        self.list(|tables| {
            let failed = trouble::of("list entries");
            let mut query = tables.prepare_cached(sql).map_err(&failed)?;
            let values = (buyer(of), bound(page.before), count(page.limit));
            let found = query.query_map(values, |row| {
                Ok(Entry {
                    id: EntryId(row.get(0)?),
                    buyer: of,
                    kind: match row.get::<_, u8>(1)? {
                        0 => EntryKind::Charge,
                        1 => EntryKind::Use,
                        3 => EntryKind::Withdrawal,
                        _ => EntryKind::Refund,
                    },
                    amount: Money(row.get(2)?),
                    at: Moment(row.get(3)?),
                    payment: row.get::<_, Option<u64>>(4)?.map(PaymentId),
                })
            });
            found.map_err(&failed)?.collect::<Result<_, _>>().map_err(&failed)
        })
        .await
    }

    async fn operators(&self) -> Result<Vec<Operator>, Trouble> {
        let pick = |row| if let Row::Operator(operator) = row { Some(operator) } else { None };
        self.bodies("SELECT version, body FROM operator ORDER BY id", [], pick).await
    }

    async fn rooms(&self) -> Result<Vec<Loaded>, Trouble> {
        self.list(|tables| versions(tables, "SELECT version, body FROM room ORDER BY id", [])).await
    }

    async fn due(&self, limit: usize) -> Result<Vec<ReservationId>, Trouble> {
        Ok(self.shared.memory().due.of_all(self.shared.clock.now(), limit))
    }
}

/// Words as a full-text query: each begins a word of the title. Quotes inside are doubled, so
/// that nothing a visitor types is read as a query.
fn match_words(words: &[String]) -> Option<String> {
    // A zero would end the query early.
    let quoted =
        words.iter().map(|word| format!("\"{}\" *", word.replace('\0', " ").replace('"', "\"\"")));
    let all: Vec<String> = quoted.collect();
    (!all.is_empty()).then(|| all.join(" AND "))
}
