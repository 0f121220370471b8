//! The second way: a walk over the rows as the domain knows them, which all stores share.

use crate::reads;
use crate::tables::{self, STATEMENTS, read};
use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::{Report, Walk};
use admitone_domain::id::{BuyerId, PaymentId, ReservationId, SeatId, ShowId, TicketTypeId};
use admitone_domain::wallet::Entry;
use admitone_domain::{Key, Row};
use deadpool_postgres::ClientWrapper;
use futures_util::{TryStreamExt, pin_mut};
use uuid::Uuid;

/// The tables in the order in which the walk needs them, by any key of each.
const TABLES: [Key; 5] = [
    Key::Payment(PaymentId(0)),
    Key::Reservation(ReservationId(0)),
    Key::Seat(SeatId(0)),
    Key::TicketType(TicketTypeId(0)),
    Key::Quota(ShowId(0), BuyerId(0)),
];

pub(super) async fn run(client: &ClientWrapper, report: &mut Report) -> Result<(), Trouble> {
    let mut walk = Walk::default();
    for key in TABLES {
        let sql = &STATEMENTS[tables::number(key)].all;
        each(client, sql, |row| walk.visit(row, report)).await?;
    }
    entries(client, |entry| walk.visit_entry(&entry, report)).await?;
    walk.finish(report);
    Ok(())
}

/// The movements of all wallets as they come.
async fn entries(
    client: &ClientWrapper,
    mut visit: impl FnMut(Entry) + Send,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let sql = "SELECT id, kind, amount, at, payment, buyer FROM entry";
    let stream = client.query_raw(sql, std::iter::empty::<i64>()).await.map_err(&failed)?;
    pin_mut!(stream);
    while let Some(found) = stream.try_next().await.map_err(&failed)? {
        let buyer = BuyerId(read::get::<Uuid>(&found, 5)?.as_u128());
        visit(reads::entry(buyer, &found)?);
    }
    Ok(())
}

/// Visits the rows of a table as they come, without keeping them.
async fn each(
    client: &ClientWrapper,
    sql: &str,
    mut visit: impl FnMut(Row) + Send,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let stream = client.query_raw(sql, std::iter::empty::<i64>()).await.map_err(&failed)?;
    pin_mut!(stream);
    while let Some(found) = stream.try_next().await.map_err(&failed)? {
        if let Some(loaded) = read::loaded(&found)? {
            visit(loaded.into_row());
        }
    }
    Ok(())
}
