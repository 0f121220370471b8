//! The first way: each invariant as a query that finds what breaks it.

use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::Report;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

/// What each query looks for. It answers a line of text for each row that breaks the rule.
pub(super) const ALL: [(&str, &str); 9] = [
    (
        "more held and sold than there is",
        "SELECT CONCAT('type_', id, ': ', held, ' held, ', sold, ' sold of ', capacity) \
         FROM ticket_type WHERE held < 0 OR sold < 0 OR held + sold > capacity",
    ),
    (
        "a negative balance",
        "SELECT CONCAT(HEX(buyer), ': ', balance) FROM wallet WHERE balance < 0",
    ),
    (
        "a balance that is not the sum of its entries",
        "SELECT CONCAT(HEX(wallet.buyer), ': ', balance, ' instead of ', IFNULL(total, 0)) \
         FROM wallet LEFT JOIN (SELECT buyer, \
         SUM(CASE WHEN kind IN (1, 3) THEN -amount ELSE amount END) AS total FROM entry GROUP BY buyer) \
         AS sums ON sums.buyer = wallet.buyer WHERE balance <> IFNULL(total, 0)",
    ),
    (
        "entries without a wallet",
        "SELECT CONCAT('entry_', entry.id) FROM entry \
         LEFT JOIN wallet ON wallet.buyer = entry.buyer AND wallet.version > 0 \
         WHERE wallet.buyer IS NULL",
    ),
    ("an entry that moves nothing", "SELECT CONCAT('entry_', id) FROM entry WHERE amount <= 0"),
    (
        "more refunded than paid",
        "SELECT CONCAT('pay_', id) FROM payment WHERE refunded < 0 OR refunded > amount",
    ),
    (
        "a refund that its payment does not count",
        "SELECT CONCAT('pay_', payment.id, ': ', refunded, ' instead of ', IFNULL(total, 0)) \
         FROM payment LEFT JOIN (SELECT payment AS id, SUM(amount) AS total FROM entry \
         WHERE kind = 2 GROUP BY payment) AS sums ON sums.id = payment.id \
         WHERE refunded > IFNULL(total, 0) \
         OR refunded < total AND ask_at IS NULL",
    ),
    (
        "a pinned seat of a buyer who pays nothing",
        "SELECT CONCAT('seat_', seat.id, ' of res_', owner) FROM seat \
         JOIN reservation ON reservation.id = owner \
         WHERE state = 1 AND seat.held_until = 9223372036854775807 AND NOT EXISTS (SELECT 1 \
         FROM payment WHERE payment.buyer = reservation.buyer AND ask_at IS NOT NULL)",
    ),
    (
        "a seat of a reservation that does not exist",
        "SELECT CONCAT('seat_', seat.id) FROM seat \
         LEFT JOIN reservation ON reservation.id = owner \
         WHERE owner IS NOT NULL AND reservation.id IS NULL",
    ),
];

/// Runs one query and takes note of what it finds.
pub(super) async fn run(
    client: &mut Conn,
    what: &str,
    sql: &str,
    report: &mut Report,
) -> Result<(), Trouble> {
    let found: Vec<Vec<u8>> = client.query(sql).await.map_err(trouble::of("verify"))?;
    for line in found {
        report.findings.push(format!("{what}: {}", String::from_utf8_lossy(&line)));
    }
    Ok(())
}
