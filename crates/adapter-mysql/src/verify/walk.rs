//! The second way: a walk over the rows as the domain knows them, which all stores share.

use crate::reads;
use crate::tables::{self, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::{Report, Walk};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::wallet::Entry;
use admitone_domain::{Key, Row};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

const PAYMENTS: &str = "SELECT version, body FROM payment";
const RESERVATIONS: &str = "SELECT version, body FROM reservation";
const SEATS: &str = "SELECT version, id, `show`, price, state, owner, held_until FROM seat";
const STOCKS: &str = "SELECT version, capacity, held, sold, body FROM ticket_type";
const QUOTAS: &str = "SELECT version, `show`, buyer, taken FROM quota";
const ENTRIES: &str = "SELECT id, kind, amount, `at`, payment, buyer FROM entry";

/// The tables in the order in which the walk needs them, with any key of each.
const TABLES: [(&str, Key); 5] = [
    (PAYMENTS, Key::Payment(PaymentId(0))),
    (RESERVATIONS, Key::Reservation(ReservationId(0))),
    (SEATS, Key::Seat(SeatId(0))),
    (STOCKS, Key::TicketType(TicketTypeId(0))),
    (QUOTAS, Key::Quota(ShowId(0), BuyerId(0))),
];

pub(super) async fn run(client: &mut Conn, report: &mut Report) -> Result<(), Trouble> {
    let mut walk = Walk::default();
    for (sql, key) in TABLES {
        each(client, sql, key, |row| walk.visit(row, report)).await?;
    }
    entries(client, |entry| walk.visit_entry(&entry, report)).await?;
    walk.finish(report);
    Ok(())
}

/// The movements of all wallets as they come.
async fn entries(client: &mut Conn, mut visit: impl FnMut(Entry) + Send) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut answers = client.query_iter(ENTRIES).await.map_err(&failed)?;
    while let Some(found) = answers.next().await.map_err(&failed)? {
        visit(reads::entry(read::buyer(&found, 5)?, &found)?);
    }
    Ok(())
}

/// Visits the rows of a table as they come, without keeping them. `of` is any key of that table.
async fn each(
    client: &mut Conn,
    sql: &str,
    of: Key,
    mut visit: impl FnMut(Row) + Send,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut answers = client.query_iter(sql).await.map_err(&failed)?;
    while let Some(found) = answers.next().await.map_err(&failed)? {
        if let Some(loaded) = read::loaded(tables::number(of), &found)? {
            visit(loaded.into_row());
        }
    }
    Ok(())
}
