//! The first way: each invariant as a query that finds what breaks it.

use crate::trouble;
use admitone_app::Trouble;
use admitone_app::verify::Report;
use deadpool_postgres::ClientWrapper;

/// What each query looks for. It answers a line of text for each row that breaks the rule.
pub(super) const ALL: [(&str, &str); 9] = [
    (
        "more held and sold than there is",
        "SELECT format('type_%s: %s held, %s sold of %s', id, held, sold, capacity) \
         FROM ticket_type WHERE held < 0 OR sold < 0 OR held + sold > capacity",
    ),
    ("a negative balance", "SELECT format('%s: %s', buyer, balance) FROM wallet WHERE balance < 0"),
    (
        "a balance that is not the sum of its entries",
        "SELECT format('%s: %s instead of %s', buyer, balance, coalesce(total, 0)) \
         FROM wallet LEFT JOIN (SELECT buyer, \
         sum(CASE WHEN kind IN (1, 3) THEN -amount ELSE amount END) AS total FROM entry GROUP BY buyer) \
         AS sums USING (buyer) WHERE balance <> coalesce(total, 0)",
    ),
    (
        "entries without a wallet",
        "SELECT format('entry_%s', entry.id) FROM entry \
         LEFT JOIN wallet ON wallet.buyer = entry.buyer AND wallet.version > 0 \
         WHERE wallet.buyer IS NULL",
    ),
    ("an entry that moves nothing", "SELECT format('entry_%s', id) FROM entry WHERE amount <= 0"),
    (
        "more refunded than paid",
        "SELECT format('pay_%s', id) FROM payment WHERE refunded < 0 OR refunded > amount",
    ),
    (
        "a refund that its payment does not count",
        "SELECT format('pay_%s: %s instead of %s', payment.id, refunded, coalesce(total, 0)) \
         FROM payment LEFT JOIN (SELECT payment AS id, sum(amount) AS total FROM entry \
         WHERE kind = 2 GROUP BY payment) AS sums ON sums.id = payment.id \
         WHERE refunded > coalesce(total, 0) \
         OR refunded < total AND ask_at IS NULL",
    ),
    (
        "a pinned seat of a buyer who pays nothing",
        "SELECT format('seat_%s of res_%s', seat.id, owner) FROM seat \
         JOIN reservation ON reservation.id = owner \
         WHERE state = 1 AND seat.held_until = 9223372036854775807 AND NOT EXISTS (SELECT 1 \
         FROM payment WHERE payment.buyer = reservation.buyer AND ask_at IS NOT NULL)",
    ),
    (
        "a seat of a reservation that does not exist",
        "SELECT format('seat_%s', seat.id) FROM seat \
         LEFT JOIN reservation ON reservation.id = owner \
         WHERE owner IS NOT NULL AND reservation.id IS NULL",
    ),
];

/// Runs one query and takes note of what it finds.
pub(super) async fn run(
    client: &ClientWrapper,
    what: &str,
    sql: &str,
    report: &mut Report,
) -> Result<(), Trouble> {
    let failed = trouble::of("verify");
    for row in client.query(sql, &[]).await.map_err(&failed)? {
        let line: String = row.try_get(0).map_err(&failed)?;
        report.findings.push(format!("{what}: {line}"));
    }
    Ok(())
}
