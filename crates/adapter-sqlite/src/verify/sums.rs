//! The first way: each invariant as a query that finds what breaks it.

use super::Report;
use crate::trouble;
use admitone_app::Trouble;
use rusqlite::Connection;

/// What each query looks for. It answers a line of text for each row that breaks the rule.
pub(super) const ALL: [(&str, &str); 9] = [
    (
        "more held and sold than there is",
        "SELECT 'type_' || id || ': ' || held || ' held, ' || sold || ' sold of ' || capacity \
         FROM ticket_type WHERE held < 0 OR sold < 0 OR held + sold > capacity",
    ),
    ("a negative balance", "SELECT hex(buyer) || ': ' || balance FROM wallet WHERE balance < 0"),
    (
        "a balance that is not the sum of its entries",
        "SELECT hex(wallet.buyer) || ': ' || balance || ' instead of ' || ifnull(total, 0) \
         FROM wallet LEFT JOIN (SELECT buyer, sum(CASE kind WHEN 1 THEN -amount ELSE amount END) \
         AS total FROM entry GROUP BY buyer) AS sums ON sums.buyer = wallet.buyer \
         WHERE balance <> ifnull(total, 0)",
    ),
    (
        "entries without a wallet",
        "SELECT 'entry_' || entry.id FROM entry LEFT JOIN wallet ON wallet.buyer = entry.buyer \
         WHERE wallet.buyer IS NULL",
    ),
    ("an entry that moves nothing", "SELECT 'entry_' || id FROM entry WHERE amount <= 0"),
    (
        "more refunded than paid",
        "SELECT 'pay_' || id FROM payment WHERE refunded < 0 OR refunded > amount",
    ),
    (
        "a refund that its payment does not count",
        "SELECT 'pay_' || payment.id || ': ' || refunded || ' instead of ' || ifnull(total, 0) \
         FROM payment LEFT JOIN (SELECT payment AS id, sum(amount) AS total FROM entry \
         WHERE kind = 2 GROUP BY payment) AS sums ON sums.id = payment.id \
         WHERE refunded <> ifnull(total, 0)",
    ),
    (
        "a seat of a reservation that does not exist",
        "SELECT 'seat_' || seat.id FROM seat LEFT JOIN reservation ON reservation.id = owner \
         WHERE owner IS NOT NULL AND reservation.id IS NULL",
    ),
    ("a command answered twice", "SELECT hex(id) FROM answer GROUP BY id HAVING count(*) > 1"),
];

/// Runs one query and takes note of what it finds.
pub(super) fn run(
    tables: &Connection,
    what: &str,
    sql: &str,
    report: &mut Report,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    let mut query = tables.prepare(sql).map_err(&failed)?;
    let found = query.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
    for line in found {
        report.findings.push(format!("{what}: {}", line.map_err(&failed)?));
    }
    Ok(())
}
